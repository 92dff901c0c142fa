//! `Authorization` → a credential that is yet to be checked.

use lychgate_core::{call::Failure, credential::Credential, gate};

use crate::request::Request;

/// What the request presents (P3): syntax only. Two `Authorization` fields arrive joined by a comma, which is no
/// credential.
///
/// # Errors
/// 401, with the one sentence that every credential that does not hold gets.
pub fn credential(request: &Request) -> Result<Credential, Failure> {
    request
        .header("authorization")
        .and_then(Credential::from_authorization)
        .ok_or_else(|| gate::unknown_credential().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Method;

    #[test]
    fn a_token_is_taken_as_administrators_paste_it() {
        let token = format!("lyg_{}_{}_{}", "0".repeat(16), "1".repeat(8), "2".repeat(52));
        let read = |header: &str| {
            let request = Request::new(Method::Get, "/scim/v2/Users");
            credential(&request.with_header("authorization", header))
        };
        for header in [
            format!("Bearer {token}"),
            token.clone(),
            format!("bearer  Bearer {token} "),
            format!(" BEARER {token}"),
        ] {
            assert!(read(&header).is_ok(), "{header}");
        }
        for header in ["", "Bearer", "Basic abc", "Bearer x", &format!("{token},{token}")] {
            assert_eq!(read(header).unwrap_err().error, gate::unknown_credential());
        }
    }
}
