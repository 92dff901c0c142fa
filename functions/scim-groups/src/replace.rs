//! `PUT /scim/v2/Groups/{id}` (RFC 7644 §3.5.1).

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
    groups::replace(
        call,
        store,
        id,
        incoming.body()?,
        &incoming.projection(call),
        &incoming.preconditions(),
    )
    .await
}
