//! Users: one function per verb.

use lychgate_scim::{message::search::ListQuery, project::Projection};
use serde_json::Value;

use crate::{
    call::{Answer, Call, Failure},
    ports::Users,
    precondition::Preconditions,
};

/// `POST /Users`.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn create<S: Users>(
    call: &mut Call<'_>,
    store: &S,
    body: Value,
    projection: &Projection,
) -> Result<Answer, Failure> {
    let _ = (call, store, body, projection);
    Err(Failure::internal("not built".to_owned()))
}

/// `GET /Users/{id}`.
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

/// `GET /Users` and `POST /Users/.search`.
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

/// `PUT /Users/{id}`.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn replace<S: Users>(
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

/// `PATCH /Users/{id}`.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn patch<S: Users>(
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

/// `DELETE /Users/{id}`.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn delete<S: Users>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let _ = (call, store, id, preconditions);
    Err(Failure::internal("not built".to_owned()))
}

/// The id that `/Me` stands for (RFC 7644 §3.11): the member to whom the token is bound.
///
/// # Errors
/// A [`Failure`] for the provisioning client: 501 when the token is bound to nobody.
pub async fn me<S: crate::ports::Directory>(
    call: &mut Call<'_>,
    store: &S,
) -> Result<String, Failure> {
    let _ = (call, store);
    Err(Failure::internal("not built".to_owned()))
}
