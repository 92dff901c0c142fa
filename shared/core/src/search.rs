//! `POST /.search` and a query at the root: users and groups in one list (RFC 7644 §3.4.3).

use lychgate_scim::message::search::ListQuery;

use crate::{
    call::{Answer, Call, Failure},
    ports::Directory,
};

/// Searches users, then groups.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn everything<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    query: &ListQuery,
) -> Result<Answer, Failure> {
    let _ = (call, store, query);
    Err(Failure::internal("not built".to_owned()))
}
