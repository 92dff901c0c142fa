//! `GET /scim/v2/Groups/{id}` (RFC 7644 §3.4.1).

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
    id: &str,
) -> Result<Answer, Failure> {
    groups::read(call, store, id, &incoming.projection(call), &incoming.preconditions()).await
}
