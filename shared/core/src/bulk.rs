//! `POST /Bulk` (RFC 7644 §3.7).

use serde_json::Value;

use crate::{
    call::{Answer, Call, Failure},
    ports::{Groups, Users},
};

/// Carries out the operations of a bulk request in their order, each by itself.
///
/// # Errors
/// A [`Failure`] of the request as a whole; those of its operations stand in the answer.
pub async fn run<S: Users + Groups>(
    call: &mut Call<'_>,
    store: &S,
    body: Value,
) -> Result<Answer, Failure> {
    let _ = (call, store, body);
    Err(Failure::internal("not built".to_owned()))
}
