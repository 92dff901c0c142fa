//! `GET /scim/v2/Groups` (RFC 7644 §3.4.2).

use lychgate_core::{
    call::{Answer, Call, Failure},
    groups,
    ports::Directory,
};
use lychgate_edge::scim::Incoming;

pub(crate) async fn run<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Answer, Failure> {
    groups::list(call, store, &incoming.list_query()?).await
}
