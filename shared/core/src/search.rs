//! `POST /.search` and a query at the root: users and groups in one list (RFC 7644 §3.4.3).

use lychgate_scim::message::search::ListQuery;

use crate::{
    call::{Answer, Call, Failure},
    list,
    ports::{Directory, List},
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
    list::run(call, store, &[List::Users, List::Groups], query).await
}
