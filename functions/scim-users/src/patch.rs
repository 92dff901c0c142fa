//! `PATCH /scim/v2/Users/{id}` (RFC 7644 §3.5.2).

use lychgate_core::{
    call::{Answer, Call, Failure},
    ports::Users,
    users,
};
use lychgate_edge::scim::Incoming;

pub(crate) async fn run<S: Users>(
    call: &mut Call<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    users::patch(
        call,
        store,
        id,
        incoming.body()?,
        &incoming.projection(call),
        &incoming.preconditions(),
    )
    .await
}
