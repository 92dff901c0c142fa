//! `POST /scim/v2/Bulk` (RFC 7644 §3.7).

use lychgate_core::{
    bulk,
    call::{Answer, Call, Failure},
    ports::{Groups, Users},
};
use lychgate_edge::scim::Incoming;

pub(crate) async fn run<S: Groups + Users>(
    call: &mut Call<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Answer, Failure> {
    bulk::run(call, store, incoming.body()?).await
}
