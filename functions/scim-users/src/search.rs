//! `POST /scim/v2/Users/.search` (RFC 7644 §3.4.3).

use lychgate_core::{
    call::{Answer, Call, Failure},
    ports::Directory,
    users,
};
use lychgate_edge::scim::Incoming;

pub(crate) async fn run<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Answer, Failure> {
    let query = incoming.search_query(call)?;
    users::list(call, store, &query).await
}
