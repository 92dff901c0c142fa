//! Whom an assertion names among the organization's members, and the member that it creates (S7, S8).

use lychgate_saml::{
    Rejection,
    profile::{self, Mapping, Profile, is_email},
    response::{Assertion, NameId},
};
use lychgate_scim::{Notices, Resource, schema::Catalogue, value::normalized_key};
use serde_json::{Map, Value, json};

use super::reason::{self, Reason, bounded};
use crate::{
    connection::{AttributeNames, ConnectionPolicy, SamlSubject},
    ctx::Ctx,
    event::{Actor, Event, EventKind},
    ids::{ConnectionId, OrganizationId, UserId},
    index,
    ports::{Directory, StoreError, Wanted},
    record::{Index, IndexKey, Memberships, Origin, User},
};

/// The longest NameID or `SessionIndex` that is taken, in bytes. SAML Core §8.3.7 allows 256 characters.
pub const NAME_ID_BYTES_MAX: usize = 512;

/// What an assertion says of who somebody is, after the connection's policy about names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Under which userNames the member is looked for, in this order.
    pub names: Vec<String>,
    /// The NameID, as signed.
    pub name_id: Option<NameId>,
    /// The profile.
    pub profile: Profile,
}

/// The attribute names of a connection as the SAML crate has them.
#[must_use]
pub fn mapping(names: &AttributeNames) -> Mapping {
    Mapping {
        email: names.email.clone(),
        first_name: names.first_name.clone(),
        last_name: names.last_name.clone(),
        display_name: names.display_name.clone(),
        ..Mapping::default()
    }
}

/// Reads whom the assertion names.
///
/// The NameID comes first, then the e-mail address: the NameID is what the IdP identifies people by, an address is
/// something that some IdPs let people edit. When the owner chose an attribute, it alone names the member.
///
/// # Errors
/// Nothing names anybody, or the address is in an e-mail domain that the connection may not name.
pub fn named(assertion: &Assertion, policy: &ConnectionPolicy) -> Result<Named, Reason> {
    let mapping = mapping(&policy.attributes);
    let profile = profile::read(assertion, &mapping);
    let name_id = assertion.name_id.clone();
    let too_long = |text: &str| text.len() > NAME_ID_BYTES_MAX;
    if name_id.as_ref().is_some_and(|name_id| too_long(&name_id.value))
        || assertion.session_index.as_deref().is_some_and(too_long)
    {
        return Err(Rejection::Malformed {
            element: "NameID",
            problem: format!("NameID or SessionIndex is longer than {NAME_ID_BYTES_MAX} bytes"),
        }
        .into());
    }
    let by_name_id = name_id
        .as_ref()
        .filter(|_| mapping.email.is_none())
        .map(|name_id| name_id.value.as_str())
        .filter(|name| is_name(name));
    let mut names: Vec<String> = Vec::new();
    for name in by_name_id.into_iter().chain(profile.email.as_deref()) {
        if !names.iter().any(|known| normalized_key(known) == normalized_key(name)) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() {
        profile.email_or_rejection(assertion, &mapping)?;
    }
    check_domains(&names, &policy.email_domains)?;
    Ok(Named { names, name_id, profile })
}

/// Whether a NameID can be a userName. Letters outside ASCII whose lower case is in it (the Kelvin sign is a `k`) would
/// make one name out of two that a person can register apart.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.chars().any(char::is_control)
        && text.trim() == text
        && text.chars().all(|c| c.is_ascii() || !c.to_lowercase().any(|lower| lower.is_ascii()))
}

/// Every name that could select or make a member is an address in one of these domains, when there are any.
fn check_domains(names: &[String], domains: &[String]) -> Result<(), Reason> {
    if domains.is_empty() {
        return Ok(());
    }
    for name in names {
        let domain = name.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        let allowed = domain
            .is_some_and(|domain| domains.iter().any(|known| known.eq_ignore_ascii_case(&domain)));
        if !allowed {
            return Err(reason::domain_not_allowed(domains, name));
        }
    }
    Ok(())
}

/// The member of one of these names, the first of them that somebody has.
///
/// # Errors
/// What the store says.
pub async fn find<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    names: &[String],
) -> Result<Option<User>, StoreError> {
    let keys: Vec<IndexKey> = names
        .iter()
        .map(|name| IndexKey { index: Index::UserName, value: normalized_key(name) })
        .collect();
    let wanted = Wanted { claims: keys.clone(), ..Wanted::default() };
    let claims = store.fetch(ctx, organization, wanted).await?.claims;
    let mut holders = keys.iter().filter_map(|key| {
        claims.iter().find(|(claimed, _)| claimed == key).map(|(_, id)| UserId::from(*id))
    });
    let Some(id) = holders.next() else {
        return Ok(None);
    };
    let wanted = Wanted { users: vec![id], ..Wanted::default() };
    Ok(store.fetch(ctx, organization, wanted).await?.users.pop())
}

/// A member who is made by signing in.
#[derive(Debug, Clone, PartialEq)]
pub struct Newcomer {
    /// The member.
    pub user: User,
    /// Its index keys.
    pub keys: Vec<IndexKey>,
    /// `member.created`.
    pub event: Event,
}

/// The userName that somebody new would get: the NameID when it is an address (then provisioning finds them by it, as
/// Okta and Entra send the same one as userName), else the e-mail address.
#[must_use]
pub fn new_user_name(named: &Named) -> Option<&str> {
    named.names.iter().map(String::as_str).find(|name| is_email(name))
}

/// Makes somebody new of what the assertion says (S8).
///
/// # Errors
/// There is no e-mail address, or the schema wants more than the assertion says.
pub fn newcomer(
    ctx: &Ctx<'_>,
    catalogue: &Catalogue,
    named: &Named,
    connection: &ConnectionId,
) -> Result<Newcomer, Reason> {
    let Some(user_name) = new_user_name(named) else {
        return Err(reason::jit_disabled(named.names.first().map_or("", String::as_str)));
    };
    let refused = |error: lychgate_scim::Error| reason::jit_refused(error.detail.into_owned());
    let body = attributes(user_name, &named.profile);
    let incoming = Resource::for_create(&catalogue.user, body, &mut Notices::default());
    let resource = incoming.map_err(refused)?.resource;
    index::check_user_keys(&resource).map_err(refused)?;
    let now = ctx.now();
    let user = User {
        id: UserId::new(now, ctx.world),
        resource,
        version: 1,
        created: now,
        modified: now,
        origin: Origin::JustInTime,
        suspended: None,
        suspended_by_hand: None,
        password_allowed: false,
        last_sign_in: None,
        memberships: Memberships::new(),
    };
    let mut data = Map::new();
    data.insert("origin".to_owned(), Origin::JustInTime.text().into());
    data.insert("connection".to_owned(), connection.to_string().into());
    if let Some(display) = user.resource.text("displayName") {
        data.insert("displayName".to_owned(), display.into());
    }
    let event = Event {
        kind: EventKind::MemberCreated,
        actor: Actor::Member(user.id),
        subject_kind: "user",
        subject_id: user.id.to_string(),
        subject_name: user.user_name().to_owned(),
        data,
    };
    Ok(Newcomer { keys: index::user_keys(&user.resource), user, event })
}

/// A SCIM user as a provisioning client would have sent it.
fn attributes(user_name: &str, profile: &Profile) -> Value {
    let email = profile.email.as_deref().unwrap_or(user_name);
    let mut user = json!({
        "userName": user_name,
        "active": true,
        "emails": [{"value": email, "type": "work", "primary": true}],
    });
    let whole = match (&profile.first_name, &profile.last_name) {
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (first, last) => first.clone().or_else(|| last.clone()),
    };
    let mut name = Map::new();
    for (key, value) in [("givenName", &profile.first_name), ("familyName", &profile.last_name)] {
        if let Some(value) = value {
            name.insert(key.to_owned(), value.as_str().into());
        }
    }
    if let Some(members) = user.as_object_mut() {
        if !name.is_empty() {
            members.insert("name".to_owned(), Value::Object(name));
        }
        if let Some(display) = profile.display_name.clone().or(whole) {
            members.insert("displayName".to_owned(), display.into());
        }
    }
    user
}

/// What a session keeps of the subject, to end it at the IdP and by the IdP (S13).
pub(crate) fn subject(
    connection: &ConnectionId,
    assertion: &Assertion,
    user: &User,
) -> SamlSubject {
    let name_id = assertion.name_id.clone().unwrap_or_else(|| NameId {
        value: user.user_name().to_owned(),
        format: None,
        name_qualifier: None,
        sp_name_qualifier: None,
    });
    SamlSubject {
        connection: connection.clone(),
        name_id: name_id.value,
        format: name_id.format.map(|text| bounded(&text)),
        name_qualifier: name_id.name_qualifier.map(|text| bounded(&text)),
        sp_name_qualifier: name_id.sp_name_qualifier.map(|text| bounded(&text)),
        session_index: assertion.session_index.clone(),
    }
}

/// The look-up that a logout finds a session's member by.
pub(crate) fn name_id_key(connection: &ConnectionId, name_id: &str) -> IndexKey {
    IndexKey { index: Index::NameId, value: format!("{connection} {name_id}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_only_looks_alike_names_nobody() {
        for name in ["kate@acme.test", "Kate", "zoë", "ÅSA"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", " kate", "kate\n", "ka\u{0}te", "\u{212a}ate@acme.test", "\u{130}da"] {
            assert!(!is_name(name), "{name:?}");
        }
    }

    #[test]
    fn an_e_mail_domain_is_the_whole_of_what_follows_the_last_at() {
        let domains = ["acme.test".to_owned()];
        let check = |name: &str| check_domains(&[name.to_owned()], &domains).is_ok();
        assert!(check("zoe@acme.test") && check("zoe@ACME.test"));
        for name in ["zoe@sub.acme.test", "zoe@acme.test.evil", "zoe@evil@acme.tes", "zoe", "@acme"]
        {
            assert!(!check(name), "{name}");
        }
        assert!(check_domains(&["anybody".to_owned()], &[]).is_ok());
    }
}
