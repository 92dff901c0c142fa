//! Logout messages of the corpus: whose sessions would end.

use lychgate_saml::{
    Rejection,
    binding::{self, Parameter},
    logout::{self, LogoutExpectations, PeekedLogout},
};
use serde_json::{Value, json};

use crate::{
    corpus::Kind,
    judge::{Connection, Filed},
};

fn peeked(case: &Filed) -> Result<(PeekedLogout, Parameter), Rejection> {
    let parameter = match case.kind {
        Kind::LogoutRequest => Parameter::Request,
        Kind::LogoutResponse => Parameter::Response,
        Kind::Query | Kind::Xml | Kind::Form => {
            let query = std::str::from_utf8(&case.content).expect("a query is text");
            let message = binding::decode_redirect(query)?;
            let parameter = message.parameter;
            return Ok((logout::peek_redirect(message)?, parameter));
        }
    };
    Ok((logout::peek_post(&case.content, parameter)?, parameter))
}

fn judged(connection: &Connection, case: &Filed) -> Result<Value, Rejection> {
    let (peeked, parameter) = peeked(case)?;
    let expect = LogoutExpectations {
        slo_url: &connection.slo,
        idp_entity_id: &connection.idp,
        now: connection.now,
        skew_secs: connection.skew_secs,
        certificates: &connection.signing,
        algorithms: connection.algorithms,
    };
    match parameter {
        Parameter::Request => {
            let request = logout::validate_request(&peeked, &expect)?;
            Ok(json!({"logout": {"id": request.id, "name_id": request.name_id.value,
                "session_indexes": request.session_indexes, "not_on_or_after": request.not_on_or_after.text()}}))
        }
        Parameter::Response => {
            let ours = connection.in_response_to.as_deref().unwrap_or_default();
            let response = logout::validate_response(&peeked, ours, &expect)?;
            Ok(
                json!({"logged_out": {"in_response_to": response.in_response_to, "complete": response.complete}}),
            )
        }
    }
}

/// What came of it, in the form of its expectation.
pub(crate) fn outcome(connection: &Connection, case: &Filed) -> Value {
    judged(connection, case).unwrap_or_else(|rejection| json!({"rejection": rejection.code()}))
}
