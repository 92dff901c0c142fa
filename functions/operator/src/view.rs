//! The nouns as JSON. No secret is in any of them but where it has just been made.

mod settings;
mod sign_in;

pub(crate) use settings::{made_setup_link, owner_link, setup_link};
pub(crate) use sign_in::{
    application, attempt, certificate, certificate_with_pem, connection, created_application,
    session, sign_in,
};

use lychgate_core::{
    credential::client_id_text,
    event::StoredEvent,
    ids::OrganizationId,
    journal::{RequestEntry, UnknownMembersEntry},
    operator::{
        Page,
        clients::CreatedSecret,
        directory::{group_patch_answer_text, unknown_members_text},
        events::History,
        licence::state_text,
        members::{CleanedUp, Listed, email, suspended_since},
        tokens,
    },
    operator_key::OperatorKey,
    organization::{ClientSecret, Licence, LicenceState, OauthClient, Organization, ScimToken},
    record::Suspension,
    time::Timestamp,
};
use serde_json::{Value, json};

/// The path of the SCIM endpoint below the origin.
const SCIM_PATH: &str = "/scim/v2";
/// The path of the token endpoint below the origin.
const TOKEN_PATH: &str = "/oauth/token";

pub(crate) fn time(instant: Option<Timestamp>) -> Value {
    instant.map_or(Value::Null, |instant| instant.rfc3339().into())
}

pub(crate) fn page<T>(page: &Page<T>, item: impl Fn(&T) -> Value) -> Value {
    json!({
        "items": page.items.iter().map(item).collect::<Vec<_>>(),
        "next_cursor": page.next_cursor,
    })
}

/// A list that has only one page.
pub(crate) fn items(items: impl Iterator<Item = Value>) -> Value {
    json!({ "items": items.collect::<Vec<_>>() })
}

pub(crate) fn organization(organization: &Organization, now: Timestamp) -> Value {
    let ids = |ids: &[lychgate_core::ids::UserId]| {
        ids.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    json!({
        "id": organization.id.to_string(),
        "domain": organization.domain.as_str(),
        "name": organization.name,
        "licence": licence(&organization.licence, now),
        "directory_enabled": organization.directory.enabled,
        "owners": ids(&organization.owners),
        "owners_suspended": ids(&organization.owners_suspended),
        "created": organization.created.rfc3339(),
    })
}

pub(crate) fn licence(licence: &Licence, now: Timestamp) -> Value {
    json!({
        "state": state_text(licence.state_at(now)),
        "in_force": licence.state_at(now) == LicenceState::Active,
        "seats": licence.seats,
        "ends": time(licence.ends),
    })
}

pub(crate) fn directory(organization: &Organization, base_url: &str) -> Value {
    let directory = &organization.directory;
    json!({
        "enabled": directory.enabled,
        "scim_base_url": format!("{base_url}{SCIM_PATH}"),
        "token_url": format!("{base_url}{TOKEN_PATH}"),
        "group_patch_answer": group_patch_answer_text(directory.group_patch_answer),
        "unknown_members": unknown_members_text(directory.unknown_members),
        "suspended_retention_days": directory.suspended_retention_days,
        "access_token_secs": directory.access_token_secs,
    })
}

pub(crate) fn request(entry: &RequestEntry) -> Value {
    json!({
        "at": entry.at.rfc3339(),
        "request_id": entry.request_id,
        "method": entry.method,
        "path": entry.path,
        "actor": entry.actor,
        "client": entry.client,
        "status": entry.status,
        "scim_type": entry.scim_type,
        "detail": entry.detail,
        "notices": entry.notices,
        "duration_ms": entry.millis,
    })
}

pub(crate) fn unknown_members(entry: &UnknownMembersEntry) -> Value {
    json!({ "at": entry.at.rfc3339(), "group": entry.group, "members": entry.members })
}

pub(crate) fn token(token: &ScimToken, prefix: &str, last_used: Option<Timestamp>) -> Value {
    json!({
        "id": token.id.to_string(),
        "name": token.name,
        "prefix": prefix,
        "created": token.created.rfc3339(),
        "expires": time(token.expires),
        "member": token.member.map(|member| member.to_string()),
        "last_used": time(last_used),
    })
}

pub(crate) fn created_token(created: &tokens::Created, base_url: &str) -> Value {
    let prefix = tokens::prefix(&created.organization, &created.token.id);
    let mut view = token(&created.token, &prefix, None);
    put(&mut view, "token", created.text.as_str());
    put(&mut view, "scim_base_url", format!("{base_url}{SCIM_PATH}"));
    view
}

pub(crate) fn client(organization: &OrganizationId, client: &OauthClient) -> Value {
    json!({
        "id": client.id.to_string(),
        "client_id": client_id_text(organization, &client.id),
        "name": client.name,
        "created": client.created.rfc3339(),
        "secrets": client.secrets.iter().map(secret).collect::<Vec<_>>(),
    })
}

fn secret(secret: &ClientSecret) -> Value {
    json!({
        "id": secret.id.to_string(),
        "created": secret.created.rfc3339(),
        "expires": time(secret.expires),
    })
}

pub(crate) fn created_secret(created: &CreatedSecret, base_url: &str) -> Value {
    let client = &created.client;
    json!({
        "id": client.id.to_string(),
        "name": client.name,
        "created": client.created.rfc3339(),
        "client_id": created.client_id,
        "client_secret": created.text,
        "secret": secret(&created.secret),
        "secrets": client.secrets.iter().map(secret).collect::<Vec<_>>(),
        "token_url": format!("{base_url}{TOKEN_PATH}"),
        "scim_base_url": format!("{base_url}{SCIM_PATH}"),
    })
}

pub(crate) fn history(history: &History) -> Value {
    json!({
        "items": history.events.iter().map(event).collect::<Vec<_>>(),
        "next_cursor": history.next_cursor,
        "has_more": history.has_more,
    })
}

fn event(event: &StoredEvent) -> Value {
    json!({
        "id": event.id.to_string(),
        "at": event.at.rfc3339(),
        "type": event.kind,
        "actor": event.actor,
        "actor_name": event.actor_name,
        "subject": {
            "kind": event.subject_kind,
            "id": event.subject_id,
            "name": event.subject_name,
        },
        "data": event.data,
    })
}

pub(crate) fn member(member: &Listed) -> Value {
    let user = &member.user;
    let suspension = |suspension: &Option<Suspension>| {
        suspension.as_ref().map_or(
            Value::Null,
            |suspension| json!({ "since": suspension.since.rfc3339(), "by": suspension.by }),
        )
    };
    json!({
        "id": user.id.to_string(),
        "user_name": user.user_name(),
        "display_name": user.resource.text("displayName"),
        "email": email(user),
        "external_id": user.resource.text("externalId"),
        "origin": user.origin.text(),
        "owner": member.owner,
        "suspended": user.is_suspended(),
        "suspended_since": time(suspended_since(user)),
        "suspended_by_directory": suspension(&user.suspended),
        "suspended_by_hand": suspension(&user.suspended_by_hand),
        "created": user.created.rfc3339(),
        "modified": user.modified.rfc3339(),
        "password_allowed": user.password_allowed,
        "last_sign_in": time(user.last_sign_in),
    })
}

pub(crate) fn cleaned_up(cleaned: &CleanedUp) -> Value {
    let kept = cleaned.kept.iter();
    json!({
        "deleted": cleaned.deleted,
        "kept": kept.map(|(id, reason)| json!({ "id": id, "reason": reason })).collect::<Vec<_>>(),
        "next_cursor": cleaned.next_cursor,
    })
}

pub(crate) fn operator_key(key: &OperatorKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "created": key.created.rfc3339(),
        "expires": time(key.expires),
    })
}

/// Puts one more member into an object.
pub(crate) fn put(view: &mut Value, name: &str, value: impl Into<Value>) {
    if let Value::Object(members) = view {
        members.insert(name.to_owned(), value.into());
    }
}
