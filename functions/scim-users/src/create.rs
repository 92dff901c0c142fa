//! `POST /scim/v2/Users` (RFC 7644 §3.3).

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
) -> Result<Answer, Failure> {
    users::create(call, store, incoming.body()?, &incoming.projection(call)).await
}
