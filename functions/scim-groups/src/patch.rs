//! `PATCH /scim/v2/Groups/{id}` (RFC 7644 §3.5.2).
//!
//! Answers 204 unless the client asks for attributes or the directory is set otherwise: a large group is a
//! large answer.

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
    groups::patch(
        call,
        store,
        id,
        incoming.body()?,
        incoming.projection_asked(call).as_ref(),
        &incoming.preconditions(),
    )
    .await
}
