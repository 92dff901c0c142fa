//! `DELETE /scim/v2/Groups/{id}` (RFC 7644 §3.6).

use lychgate_core::{
    call::{Answer, Call, Failure},
    groups,
    ports::Groups,
};
use lychgate_edge::scim::Incoming;

pub(crate) async fn run<S: Groups>(
    call: &mut Call<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    groups::delete(call, store, id, &incoming.preconditions()).await
}
