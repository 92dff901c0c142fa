//! `Authorization` → a credential that is yet to be checked.

use lychgate_core::{call::Failure, credential::Credential};
use lychgate_scim::{Error, ErrorKind};

use crate::request::Request;

/// What a 401 says: the same for a missing, a malformed and a wrong token, so that it teaches nothing to who guesses.
pub const UNAUTHORIZED: &str =
    "The SCIM token is missing or not valid. Generate a token and paste it into your identity provider.";

/// The refusal of a request without a usable credential.
#[must_use]
pub fn unauthorized() -> Failure {
    Error::new(ErrorKind::Unauthorized, UNAUTHORIZED).into()
}

/// What the request presents (P3): syntax only. A second `Authorization` field makes a credential that holds nowhere.
///
/// # Errors
/// The 401 of [`unauthorized`].
pub fn credential(request: &Request) -> Result<Credential, Failure> {
    request
        .header("authorization")
        .and_then(Credential::from_authorization)
        .ok_or_else(unauthorized)
}
