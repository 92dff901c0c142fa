//! Links into the settings. Their end (`e`) is when they stop to hold; DynamoDB's time-to-live is later, for they are
//! shown a while after it.

use lychgate_core::{
    ids::{LinkId, OrganizationId},
    ports::StoreError,
    settings::link::SettingsLink,
    time::Timestamp,
};

use super::{
    CREATED, ENDS, Item, Reader, SK, TTL, VERSION, hash, instant, item, n, s, ttl, written,
};
use crate::keys;

const NAME: &str = "nm";
const HASH: &str = "h";
const ADMITS: &str = "ad";
const CREATED_BY: &str = "by";
const REVOKED: &str = "rv";
const OPENED: &str = "op";
const BROWSER: &str = "bh";
const USES: &str = "ul";

/// The item of a link into the settings.
pub(crate) fn write_link(organization: &OrganizationId, link: &SettingsLink) -> Item {
    let (opened, browser) = link.opened.as_ref().map(|(at, hash)| (*at, hash)).unzip();
    item(
        &keys::settings_link(organization, &link.id),
        [
            (NAME, Some(s(&link.name))),
            (HASH, Some(hash(&link.hash))),
            (ADMITS, Some(written(&link.admits))),
            (CREATED, Some(instant(link.created))),
            (CREATED_BY, Some(s(&link.created_by))),
            (ENDS, Some(instant(link.expires))),
            (REVOKED, link.revoked.map(instant)),
            (OPENED, opened.map(instant)),
            (BROWSER, browser.map(hash)),
            (USES, (!link.uses.is_empty()).then(|| written(&link.uses))),
            (VERSION, Some(n(link.version))),
            (TTL, Some(ttl(link.kept_until()))),
        ],
    )
}

/// A link into the settings, read back, whether it holds or not; `None` when it is kept no longer.
pub(crate) fn read_link(item: &Item, now: Timestamp) -> Result<Option<SettingsLink>, StoreError> {
    let reader = Reader::new("settings link", item);
    let opened = match reader.instant_opt(OPENED)? {
        None => None,
        Some(at) => Some((at, reader.hash(BROWSER)?)),
    };
    let link = SettingsLink {
        id: reader.parsed(SK, |text| LinkId::from_bare(text).ok())?,
        name: reader.text(NAME)?.to_owned(),
        hash: reader.hash(HASH)?,
        admits: reader.written(ADMITS)?,
        created: reader.instant(CREATED)?,
        created_by: reader.text(CREATED_BY)?.to_owned(),
        expires: reader.instant(ENDS)?,
        revoked: reader.instant_opt(REVOKED)?,
        opened,
        uses: reader.written_opt(USES)?.unwrap_or_default(),
        version: reader.number(VERSION)?,
    };
    Ok(Some(link).filter(|link| link.kept_until() > now))
}
