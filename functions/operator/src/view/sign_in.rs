//! The nouns of signing in as JSON.

use lychgate_core::{
    application::Application,
    attempt::Attempt,
    connection::{
        AttributeNames, Connection, ConnectionPolicy, EntityIdChoice, Idp, KeyPair, MetadataSource,
        Settings, SloEndpoint,
    },
    ctx::Ctx,
    idp,
    operator::{
        applications::CreatedSecret,
        certificates::pem,
        connection_policy::warnings,
        connections::{entity_id_text, state_text},
    },
    organization::Organization,
    session::{Session, SessionMethod},
    time::Timestamp,
};
use serde_json::{Value, json};

use super::{put, secret, time};

/// A day, in milliseconds.
const DAY_MILLIS: u64 = 86_400_000;

pub(crate) fn connection(
    organization: &Organization,
    connection: &Connection,
    ctx: &Ctx<'_>,
) -> Value {
    let now = ctx.now();
    let choice = connection.draft.as_ref().or(connection.live.as_ref()).map(|it| it.entity_id);
    json!({
        "id": connection.id.to_string(),
        "name": connection.name,
        "state": state_text(connection.state()),
        "service_provider": service_provider(organization, choice, ctx.base_url),
        "draft": connection.draft.as_ref().map(|it| settings(it, now)),
        "live": connection.live.as_ref().map(|it| settings(it, now)),
        "test_window_ends": time(connection.test_window_ends.filter(|ends| *ends > now)),
        "created": connection.created.rfc3339(),
    })
}

/// What goes into the IdP.
fn service_provider(
    organization: &Organization,
    choice: Option<EntityIdChoice>,
    base_url: &str,
) -> Value {
    let domain = organization.domain.as_str();
    let own = choice.unwrap_or(EntityIdChoice::Organization);
    let entity_id = match own {
        EntityIdChoice::Shared => format!("{base_url}/saml/metadata"),
        EntityIdChoice::Organization => format!("{base_url}/saml/metadata/{domain}"),
    };
    json!({
        "acs_url": format!("{base_url}/saml/consume/{domain}"),
        "entity_id": entity_id,
        "metadata_url": format!("{base_url}/saml/metadata/{domain}"),
        "sign_on_url": format!("{base_url}/sign_in?domain={domain}"),
        "logout_url": format!("{base_url}/saml/logout/{domain}"),
    })
}

fn settings(settings: &Settings, now: Timestamp) -> Value {
    let mut view = policy(&settings.policy);
    put(&mut view, "entity_id", entity_id_text(settings.entity_id));
    put(&mut view, "metadata", source(&settings.source));
    put(&mut view, "idp", settings.idp.as_ref().map_or(Value::Null, |it| idp_view(it, now)));
    put(&mut view, "tested", time(settings.tested));
    put(&mut view, "warnings", warnings(settings, now));
    view
}

fn policy(policy: &ConnectionPolicy) -> Value {
    let AttributeNames { email, first_name, last_name, display_name } = &policy.attributes;
    json!({
        "idp_initiated": policy.idp_initiated,
        "just_in_time": policy.just_in_time,
        "require_encryption": policy.require_encryption,
        "sign_requests": policy.sign_requests,
        "request_by_post": policy.request_by_post,
        "sha1_until": time(policy.sha1_until),
        "rsa_1_5_until": time(policy.rsa_1_5_until),
        "clock_skew_secs": policy.clock_skew_secs,
        "session_secs": policy.session_secs,
        "attributes": {
            "email": email,
            "first_name": first_name,
            "last_name": last_name,
            "display_name": display_name,
        },
        "email_domains": policy.email_domains,
    })
}

fn source(source: &MetadataSource) -> Value {
    match source {
        MetadataSource::Missing => Value::Null,
        MetadataSource::Url { url, fetched, tried, error } => json!({
            "url": url,
            "fetched": fetched.rfc3339(),
            "tried": tried.rfc3339(),
            "error": error,
        }),
        MetadataSource::Document { saved } => json!({ "url": null, "saved": saved.rfc3339() }),
    }
}

fn idp_view(this: &Idp, now: Timestamp) -> Value {
    let slo = |endpoint: &Option<SloEndpoint>| endpoint.as_ref().map(|it| it.location.clone());
    let certificates = idp::certificates(this).into_iter().map(|certificate| {
        json!({
            "fingerprint": certificate.fingerprint,
            "subject": certificate.subject,
            "not_before": certificate.not_before.text(),
            "not_after": certificate.not_after.text(),
            "days_left": certificate.days_left(idp::instant(now)),
        })
    });
    json!({
        "entity_id": this.entity_id,
        "sso_redirect": this.sso_redirect,
        "sso_post": this.sso_post,
        "slo_redirect": slo(&this.slo_redirect),
        "slo_post": slo(&this.slo_post),
        "wants_signed_requests": this.wants_signed_requests,
        "valid_until": time(this.valid_until),
        "certificates": certificates.collect::<Vec<_>>(),
    })
}

pub(crate) fn certificate(key_pair: &KeyPair, now: Timestamp) -> Value {
    json!({
        "id": key_pair.id.to_string(),
        "fingerprint": key_pair.fingerprint,
        "created": key_pair.created.rfc3339(),
        "expires": key_pair.expires.rfc3339(),
        "days_left": key_pair.expires.millis_since(now) / DAY_MILLIS,
    })
}

pub(crate) fn certificate_with_pem(key_pair: &KeyPair, now: Timestamp) -> Value {
    let mut view = certificate(key_pair, now);
    put(&mut view, "pem", pem(key_pair));
    view
}

pub(crate) fn sign_in(organization: &Organization, base_url: &str) -> Value {
    let policy = &organization.sign_in;
    let active: Vec<_> = policy.active_connections.iter().map(ToString::to_string).collect();
    json!({
        "password": policy.password,
        "email_domains": policy.email_domains,
        "active_connections": active,
        "sign_on_url": format!("{base_url}/sign_in?domain={}", organization.domain.as_str()),
    })
}

pub(crate) fn attempt(attempt: &Attempt) -> Value {
    json!({
        "id": attempt.id.to_string(),
        "at": attempt.at.rfc3339(),
        "request_id": attempt.request_id,
        "outcome": attempt.outcome.text(),
        "method": attempt.method,
        "connection": attempt.connection.as_ref().map(ToString::to_string),
        "member": attempt.user.map(|user| user.to_string()),
        "subject": attempt.subject,
        "code": attempt.code,
        "detail": attempt.detail,
        "want": attempt.want,
        "got": attempt.got,
        "facts": attempt.facts,
    })
}

pub(crate) fn session(session: &Session) -> Value {
    let (method, connection) = match &session.method {
        SessionMethod::Saml(subject) => ("saml", Some(subject.connection.to_string())),
        SessionMethod::Password => ("password", None),
    };
    let applications: Vec<_> = session.applications.iter().map(ToString::to_string).collect();
    json!({
        "id": session.id.to_string(),
        "method": method,
        "connection": connection,
        "authenticated": session.authenticated.rfc3339(),
        "expires": session.expires.rfc3339(),
        "applications": applications,
    })
}

pub(crate) fn application(application: &Application, base_url: &str) -> Value {
    json!({
        "id": application.id.to_string(),
        "client_id": application.id.to_string(),
        "name": application.name,
        "public": application.secrets.is_empty(),
        "redirect_uris": application.redirect_uris,
        "post_logout_redirect_uris": application.post_logout_redirect_uris,
        "initiate_login_uri": application.initiate_login_uri,
        "back_channel_logout_uri": application.back_channel_logout_uri,
        "secrets": application.secrets.iter().map(secret).collect::<Vec<_>>(),
        "issuer": base_url,
        "discovery_url": format!("{base_url}/.well-known/openid-configuration"),
        "created": application.created.rfc3339(),
    })
}

pub(crate) fn created_application(created: &CreatedSecret, base_url: &str) -> Value {
    let mut view = application(&created.application, base_url);
    let text = created.secret.as_ref().map(|(_, text)| text.as_str());
    put(&mut view, "client_secret", text);
    put(&mut view, "secret", created.secret.as_ref().map(|(kept, _)| secret(kept)));
    view
}
