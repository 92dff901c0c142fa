//! What an application is told about a member, by scope (OpenID Connect Core §5.1, §5.4).
//!
//! An application knows a member by `sub`, which is never given twice, and an organization by `organization.id`. An
//! e-mail address is what an organization's administrator wrote: it is `email_verified` only where the operator has
//! given the address's domain to that organization, so that nobody becomes somebody else at an application which
//! joins accounts by e-mail.

use serde_json::{Map, Value, json};

use crate::{organization::Organization, record::User, session::CodeRequest};

/// The longest text of a claim in an ID token, in bytes: a longer one is left out there, and stands in userinfo.
pub const ID_TOKEN_CLAIM_BYTES_MAX: usize = 256;

/// `sub`, `organization`, and what the scopes ask for.
pub(super) fn of_member(
    organization: &Organization,
    user: &User,
    request: &CodeRequest,
) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), user.id.to_string().into());
    let whose = json!({
        "id": organization.id.to_string(),
        "domain": organization.domain.as_str(),
        "name": organization.name,
    });
    claims.insert("organization".to_owned(), whose);
    let asked = |scope: &str| request.scope.iter().any(|asked| asked == scope);
    if asked("email")
        && let Some(address) = email(user)
    {
        let is_verified = is_own_domain(organization, address);
        claims.insert("email".to_owned(), address.into());
        claims.insert("email_verified".to_owned(), is_verified.into());
    }
    if asked("profile") {
        profile(user, &mut claims);
    }
    claims
}

fn profile(user: &User, claims: &mut Map<String, Value>) {
    let attributes = user.resource.attributes();
    let name = |part: &str| attributes.get("name")?.get(part)?.as_str();
    let joined = match (name("givenName"), name("familyName")) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        (given, family) => given.or(family).map(str::to_owned),
    };
    let whole = user.resource.text("displayName").or_else(|| name("formatted"));
    for (claim, value) in [
        ("name", whole.map(str::to_owned).or(joined)),
        ("given_name", name("givenName").map(str::to_owned)),
        ("family_name", name("familyName").map(str::to_owned)),
        ("preferred_username", Some(user.user_name().to_owned())),
        ("locale", user.resource.text("locale").map(str::to_owned)),
    ] {
        if let Some(value) = value {
            claims.insert(claim.to_owned(), value.into());
        }
    }
    claims.insert("updated_at".to_owned(), user.modified.unix_secs().into());
}

/// The primary address, else the first one, else a `userName` that is one.
fn email(user: &User) -> Option<&str> {
    let emails = user.resource.attributes().get("emails").and_then(Value::as_array);
    let emails = emails.map(Vec::as_slice).unwrap_or_default();
    let is_primary = |email: &&Value| email.get("primary").and_then(Value::as_bool) == Some(true);
    let chosen = emails.iter().find(is_primary).or_else(|| emails.first());
    chosen
        .and_then(|email| email.get("value")?.as_str())
        .or_else(|| Some(user.user_name()).filter(|name| name.contains('@')))
}

fn is_own_domain(organization: &Organization, address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(_, domain)| {
        let domain = domain.to_lowercase();
        organization.sign_in.email_domains.contains(&domain)
    })
}

/// As they stand in an ID token: texts of a size that fits into headers and addresses.
pub(super) fn shortened(mut claims: Map<String, Value>) -> Map<String, Value> {
    let fits = |value: &Value| value.as_str().is_none_or(|t| t.len() <= ID_TOKEN_CLAIM_BYTES_MAX);
    if !claims.get("email").is_none_or(fits) {
        claims.remove("email_verified");
    }
    claims.retain(|_, value| fits(value));
    claims
}
