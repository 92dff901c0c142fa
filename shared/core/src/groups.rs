//! Groups: one function per verb.

use lychgate_scim::{message::search::ListQuery, project::Projection};
use serde_json::Value;

use crate::{
    call::{Answer, Call, Failure},
    ports::Groups,
    precondition::Preconditions,
};

/// `POST /Groups`.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn create<S: Groups>(
    call: &mut Call<'_>,
    store: &S,
    body: Value,
    projection: &Projection,
) -> Result<Answer, Failure> {
    let _ = (call, store, body, projection);
    Err(Failure::internal("not built".to_owned()))
}

/// `GET /Groups/{id}`.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn read<S: crate::ports::Directory>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    projection: &Projection,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let _ = (call, store, id, projection, preconditions);
    Err(Failure::internal("not built".to_owned()))
}

/// `GET /Groups` and `POST /Groups/.search`.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn list<S: crate::ports::Directory>(
    call: &mut Call<'_>,
    store: &S,
    query: &ListQuery,
) -> Result<Answer, Failure> {
    let _ = (call, store, query);
    Err(Failure::internal("not built".to_owned()))
}

/// `PUT /Groups/{id}`.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn replace<S: Groups>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    body: Value,
    projection: &Projection,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let _ = (call, store, id, body, projection, preconditions);
    Err(Failure::internal("not built".to_owned()))
}

/// `PATCH /Groups/{id}`.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn patch<S: Groups>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    body: Value,
    projection: &Projection,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let _ = (call, store, id, body, projection, preconditions);
    Err(Failure::internal("not built".to_owned()))
}

/// `DELETE /Groups/{id}`.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn delete<S: Groups>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let _ = (call, store, id, preconditions);
    Err(Failure::internal("not built".to_owned()))
}
