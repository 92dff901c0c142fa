//! `GET /scim/v2/Users` (RFC 7644 §3.4.2).

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
    users::list(call, store, &incoming.list_query()?).await
}
