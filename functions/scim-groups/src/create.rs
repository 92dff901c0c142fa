//! `POST /scim/v2/Groups` (RFC 7644 §3.3).

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
) -> Result<Answer, Failure> {
    groups::create(call, store, incoming.body()?, &incoming.projection(call)).await
}
