//! The demo organization's owner: Ada Lovelace, whom the sample identity provider knows, and a link that lets her into the
//! settings.

use lychgate_core::{
    ctx::Ctx,
    event::{Actor, Event, EventKind},
    ids::{OrganizationId, UserId},
    index,
    operator::members,
    ports::{Organizations, SettingsLinks, Users, Wanted},
    record::{Index, IndexKey, Memberships, Origin, User},
    settings::{link::OWNER_LINK_SECS_MAX, links},
};
use lychgate_scim::{Notices, Resource, schema::Catalogue};
use serde_json::{Map, Value, json};

use super::{DOMAIN, failed};
use crate::Error;

/// Her userName: what the sample identity provider says of her.
pub const USER_NAME: &str = "ada@acme.test";

/// Sees to it that the organization has an owner, and makes a link for them that opens once. Empty when nobody can be made
/// one: Ada was suspended, and there is no other.
///
/// # Errors
/// A sentence when the store refuses.
pub(super) async fn link<S: Organizations + Users + SettingsLinks>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
) -> Result<String, Error> {
    let found = store.organization(ctx, organization).await.map_err(failed)?;
    let found = found.ok_or_else(|| Error::new("The data file has lost its organization."))?;
    let owner = match found.owners.first() {
        Some(owner) => *owner,
        None => {
            let ada = member(ctx, store, organization).await?;
            if ada.is_suspended() {
                return Ok(String::new());
            }
            let made = members::add_owner(ctx, store, DOMAIN, &ada.id.to_string()).await;
            made.map_err(|refusal| refused(&refusal.detail))?;
            ada.id
        }
    };
    let secs = Some(OWNER_LINK_SECS_MAX);
    let made = links::make_owner_link(ctx, store, DOMAIN, &owner.to_string(), secs).await;
    Ok(made.map_err(|refusal| refused(&refusal.detail))?.url)
}

/// Ada, as she is, or made by hand.
async fn member<S: Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
) -> Result<User, Error> {
    let claims = vec![IndexKey { index: Index::UserName, value: USER_NAME.to_owned() }];
    let found = store.fetch(ctx, organization, Wanted { claims, ..Wanted::default() });
    if let Some((_, id)) = found.await.map_err(failed)?.claims.first() {
        let wanted = Wanted { users: vec![UserId::from(*id)], ..Wanted::default() };
        let user = store.fetch(ctx, organization, wanted).await.map_err(failed)?.users.pop();
        return user.ok_or_else(|| refused("her name is taken, and she is not there."));
    }
    let body = json!({
        "schemas": [lychgate_scim::schema::USER_SCHEMA],
        "userName": USER_NAME,
        "displayName": "Ada Lovelace",
        "name": {"givenName": "Ada", "familyName": "Lovelace", "formatted": "Ada Lovelace"},
        "emails": [{"value": USER_NAME, "type": "work", "primary": true}],
        "active": true,
    });
    let catalogue = Catalogue::standard();
    let incoming = Resource::for_create(&catalogue.user, body, &mut Notices::default());
    let resource = incoming.map_err(|error| refused(&error.detail))?.resource;
    let user = User {
        id: UserId::new(ctx.now(), ctx.world),
        resource,
        version: 1,
        created: ctx.now(),
        modified: ctx.now(),
        origin: Origin::Manual,
        suspended: None,
        suspended_by_hand: None,
        password_allowed: false,
        last_sign_in: None,
        memberships: Memberships::new(),
    };
    let mut data = Map::new();
    data.insert("origin".to_owned(), Value::from(Origin::Manual.text()));
    let event = Event {
        kind: EventKind::MemberCreated,
        actor: Actor::System,
        subject_kind: "user",
        subject_id: user.id.to_string(),
        subject_name: USER_NAME.to_owned(),
        data,
    };
    let keys = index::user_keys(&user.resource);
    let created = store.create_user(ctx, organization, &user, &keys, None, &event).await;
    created.map_err(|error| refused(&format!("{error:?}.")))?;
    Ok(user)
}

fn refused(why: &str) -> Error {
    Error::new(format!("The demo's owner cannot be made: {why}"))
}
