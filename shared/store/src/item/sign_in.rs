//! What a sign-in leaves behind for a while: the started one, the assertion, the session, the code, links, passwords.
//! Whatever ends has its end twice: in milliseconds for the reader (`e`), and as DynamoDB's time-to-live.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use lychgate_core::{
    ids::{
        ApplicationId, ConnectionId, FlowId, GrantId, LinkId, OrganizationId, SessionId, UserId,
    },
    password::PasswordRecord,
    ports::StoreError,
    record::IndexKey,
    secret::SecretHash,
    session::{AssertionSeen, Grant, GrantState, Link, LoginFlow, Session},
    time::Timestamp,
};

use super::{
    CREATED, ENDS, ID, Item, PK, Reader, SK, TTL, VERSION, hash, instant, item, list, n, s, ttl,
    written,
};
use crate::keys;

const CONNECTION: &str = "co";
const HASH: &str = "h";
const PURPOSE: &str = "pu";
const METHOD: &str = "me";
const AUTHENTICATED: &str = "au";
const APPLICATIONS: &str = "ap";
const CODE_ENDS: &str = "ce";
const REQUEST: &str = "rq";
const USER: &str = "us";
const SESSION: &str = "ss";
const STATE: &str = "st";
const TOKEN: &str = "tk";
const TOKEN_ENDS: &str = "te";
const PHC: &str = "ph";
const SET: &str = "at";
const FAILURES: &str = "n";
const NOT_BEFORE: &str = "nb";
const DEVICES: &str = "dv";

const REDEEMED: &str = "redeemed";
const REVOKED: &str = "revoked";

/// The last part of a partition key: the id of what has a partition to itself.
fn last_part(text: &str) -> Option<&str> {
    text.rsplit('#').next()
}

/// The item of a started sign-in.
pub(crate) fn write_flow(organization: &OrganizationId, flow: &LoginFlow) -> Item {
    item(
        &keys::flow(organization, &flow.id),
        [
            (CONNECTION, Some(s(flow.connection.bare()))),
            (HASH, Some(hash(&flow.browser))),
            (PURPOSE, Some(written(&flow.purpose))),
            (CREATED, Some(instant(flow.created))),
            (ENDS, Some(instant(flow.expires))),
            (TTL, Some(ttl(flow.expires))),
        ],
    )
}

/// A started sign-in, read back; `None` when its end has come.
pub(crate) fn read_flow(item: &Item, now: Timestamp) -> Result<Option<LoginFlow>, StoreError> {
    let reader = Reader::new("flow", item);
    if reader.is_over(now)? {
        return Ok(None);
    }
    Ok(Some(LoginFlow {
        id: reader.parsed(PK, |text| FlowId::from_bare(last_part(text)?).ok())?,
        connection: reader.parsed(CONNECTION, |text| ConnectionId::from_bare(text).ok())?,
        browser: reader.hash(HASH)?,
        purpose: reader.written(PURPOSE)?,
        created: reader.instant(CREATED)?,
        expires: reader.instant(ENDS)?,
    }))
}

/// The item of an assertion that was accepted; `by` names the write that accepted it.
pub(crate) fn write_seen(organization: &OrganizationId, seen: &AssertionSeen, by: &str) -> Item {
    item(
        &keys::assertion_seen(organization, &seen.digest),
        [(ID, Some(s(by))), (ENDS, Some(instant(seen.until))), (TTL, Some(ttl(seen.until)))],
    )
}

/// Which write accepted an assertion; `None` when that was so long ago that it counts no more.
pub(crate) fn read_seen(item: &Item, now: Timestamp) -> Result<Option<&str>, StoreError> {
    let reader = Reader::new("assertion", item);
    if reader.is_over(now)? { Ok(None) } else { reader.text(ID).map(Some) }
}

/// The row of a NameID: as long as the session that it came with.
pub(crate) fn write_name_id(
    organization: &OrganizationId,
    key: &IndexKey,
    session: &Session,
) -> Item {
    item(
        &keys::look_up(organization, key, session.user.uuid()),
        [(ENDS, Some(instant(session.expires))), (TTL, Some(ttl(session.expires)))],
    )
}

/// The item of a session.
pub(crate) fn write_session(organization: &OrganizationId, session: &Session) -> Item {
    let applications = session.applications.iter().map(|id| s(id.bare())).collect();
    item(
        &keys::session(organization, session.user, &session.id),
        [
            (HASH, Some(hash(&session.browser))),
            (METHOD, Some(written(&session.method))),
            (AUTHENTICATED, Some(instant(session.authenticated))),
            (CREATED, Some(instant(session.began))),
            (APPLICATIONS, list(applications)),
            (VERSION, Some(n(session.version))),
            (ENDS, Some(instant(session.expires))),
            (TTL, Some(ttl(session.expires))),
        ],
    )
}

/// A session, read back; `None` when its end has come.
pub(crate) fn read_session(item: &Item, now: Timestamp) -> Result<Option<Session>, StoreError> {
    let reader = Reader::new("session", item);
    if reader.is_over(now)? {
        return Ok(None);
    }
    let authenticated = reader.instant(AUTHENTICATED)?;
    Ok(Some(Session {
        id: reader.parsed(SK, |text| SessionId::from_bare(text).ok())?,
        user: reader.parsed(PK, |text| last_part(text)?.parse::<UserId>().ok())?,
        browser: reader.hash(HASH)?,
        method: reader.written(METHOD)?,
        authenticated,
        // An item of an earlier version has none.
        began: reader.instant_opt(CREATED)?.unwrap_or(authenticated),
        expires: reader.instant(ENDS)?,
        applications: reader.texts(APPLICATIONS, |text| ApplicationId::from_bare(text).ok())?,
        version: reader.number(VERSION)?,
    }))
}

/// The item of a code, and of the access token that it became.
pub(crate) fn write_grant(organization: &OrganizationId, grant: &Grant) -> Item {
    let (state, token, token_ends) = match &grant.state {
        GrantState::Open => (None, None, None),
        GrantState::Redeemed { token, expires } => {
            (Some(REDEEMED), Some(hash(token)), Some(instant(*expires)))
        }
        GrantState::Revoked => (Some(REVOKED), None, None),
    };
    item(
        &keys::grant(organization, &grant.id),
        [
            (HASH, Some(hash(&grant.code))),
            (CODE_ENDS, Some(instant(grant.code_expires))),
            (REQUEST, Some(written(&grant.request))),
            (USER, Some(s(grant.user.to_string()))),
            (SESSION, Some(s(grant.session.bare()))),
            (AUTHENTICATED, Some(instant(grant.authenticated))),
            (METHOD, Some(s(&grant.method))),
            (STATE, state.map(s)),
            (TOKEN, token),
            (TOKEN_ENDS, token_ends),
            (VERSION, Some(n(grant.version))),
            (ENDS, Some(instant(grant.ends()))),
            (TTL, Some(ttl(grant.ends()))),
        ],
    )
}

/// A grant, read back; `None` when its end has come.
pub(crate) fn read_grant(item: &Item, now: Timestamp) -> Result<Option<Grant>, StoreError> {
    let reader = Reader::new("grant", item);
    if reader.is_over(now)? {
        return Ok(None);
    }
    Ok(Some(Grant {
        id: reader.parsed(PK, |text| GrantId::from_bare(last_part(text)?).ok())?,
        code: reader.hash(HASH)?,
        code_expires: reader.instant(CODE_ENDS)?,
        request: reader.written(REQUEST)?,
        user: reader.parsed(USER, |text| text.parse().ok())?,
        session: reader.parsed(SESSION, |text| SessionId::from_bare(text).ok())?,
        authenticated: reader.instant(AUTHENTICATED)?,
        method: reader.text(METHOD)?.to_owned(),
        state: match reader.text_opt(STATE)? {
            None => GrantState::Open,
            Some(REDEEMED) => GrantState::Redeemed {
                token: reader.hash(TOKEN)?,
                expires: reader.instant(TOKEN_ENDS)?,
            },
            Some(REVOKED) => GrantState::Revoked,
            Some(_) => return Err(reader.corrupt(STATE)),
        },
        version: reader.number(VERSION)?,
    }))
}

/// The item of a link.
pub(crate) fn write_link(organization: &OrganizationId, link: &Link) -> Item {
    item(
        &keys::link(organization, &link.id),
        [
            (HASH, Some(hash(&link.hash))),
            (PURPOSE, Some(written(&link.purpose))),
            (ENDS, Some(instant(link.expires))),
            (TTL, Some(ttl(link.expires))),
        ],
    )
}

/// A link, read back; `None` when its end has come.
pub(crate) fn read_link(item: &Item, now: Timestamp) -> Result<Option<Link>, StoreError> {
    let reader = Reader::new("link", item);
    if reader.is_over(now)? {
        return Ok(None);
    }
    Ok(Some(Link {
        id: reader.parsed(PK, |text| LinkId::from_bare(last_part(text)?).ok())?,
        hash: reader.hash(HASH)?,
        purpose: reader.written(PURPOSE)?,
        expires: reader.instant(ENDS)?,
    }))
}

/// The item of a password's record.
pub(crate) fn write_password(
    organization: &OrganizationId,
    user: UserId,
    record: &PasswordRecord,
) -> Item {
    item(
        &keys::password(organization, user),
        [
            (PHC, Some(s(&record.phc))),
            (SET, Some(instant(record.set))),
            (FAILURES, Some(n(record.failures))),
            (NOT_BEFORE, record.not_before.map(instant)),
            (DEVICES, devices(&record.devices)),
            (VERSION, Some(n(record.version))),
        ],
    )
}

/// Hashes as a list of texts; an empty one is left out.
fn devices(devices: &[SecretHash]) -> Option<AttributeValue> {
    let texts = devices.iter().map(|hash| s(URL_SAFE_NO_PAD.encode(hash.bytes()))).collect();
    (!devices.is_empty()).then_some(AttributeValue::L(texts))
}

fn read_device(text: &str) -> Option<SecretHash> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    bytes.try_into().ok().map(SecretHash::from_bytes)
}

/// A password's record, read back.
pub(crate) fn read_password(item: &Item) -> Result<PasswordRecord, StoreError> {
    let reader = Reader::new("password", item);
    Ok(PasswordRecord {
        phc: reader.text(PHC)?.to_owned(),
        set: reader.instant(SET)?,
        failures: reader.number(FAILURES)?,
        not_before: reader.instant_opt(NOT_BEFORE)?,
        devices: reader.texts(DEVICES, read_device)?,
        version: reader.number(VERSION)?,
    })
}
