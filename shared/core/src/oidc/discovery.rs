//! What the provider tells of itself (OpenID Connect Discovery §3, RFC 8414, and the logout specifications).

use serde_json::{Value, json};

use super::authorize::SCOPES;

/// The claims that an ID token or userinfo may hold.
pub const CLAIMS: [&str; 20] = [
    "iss",
    "sub",
    "aud",
    "azp",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "at_hash",
    "sid",
    "amr",
    "organization",
    "email",
    "email_verified",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "locale",
    "updated_at",
];

/// The provider's metadata. `base_url` is the issuer, without a slash at its end.
#[must_use]
pub fn configuration(base_url: &str) -> Value {
    json!({
        "issuer": base_url,
        "authorization_endpoint": format!("{base_url}/oidc/authorize"),
        "token_endpoint": format!("{base_url}/oidc/token"),
        "userinfo_endpoint": format!("{base_url}/oidc/userinfo"),
        "jwks_uri": format!("{base_url}/oidc/jwks"),
        "end_session_endpoint": format!("{base_url}/oidc/end_session"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claim_types_supported": ["normal"],
        "claims_supported": CLAIMS,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
    })
}
