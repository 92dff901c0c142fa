//! Links into the settings as JSON.

use lychgate_core::{
    settings::{
        link::{Admits, SettingsLink},
        links::Made,
    },
    time::Timestamp,
};
use serde_json::{Value, json};

use super::{put, time};

pub(crate) fn setup_link(link: &SettingsLink, now: Timestamp) -> Value {
    let scopes = match &link.admits {
        Admits::Guest { scopes } => scopes.as_slice(),
        Admits::Owner { .. } => &[],
    };
    let uses = link.uses.iter().rev().map(
        |used| json!({ "at": Timestamp::from_unix_millis(used.at).rfc3339(), "what": used.what }),
    );
    json!({
        "id": link.id.to_string(),
        "name": link.name,
        "scopes": scopes.iter().map(|scope| scope.text()).collect::<Vec<&str>>(),
        "state": link.state_at(now).text(),
        "created": link.created.rfc3339(),
        "created_by": link.created_by,
        "expires": link.expires.rfc3339(),
        "opened": time(link.opened.as_ref().map(|(at, _)| *at)),
        "revoked": time(link.revoked),
        "uses": uses.collect::<Vec<_>>(),
    })
}

pub(crate) fn made_setup_link(made: &Made, now: Timestamp) -> Value {
    let mut view = setup_link(&made.link, now);
    put(&mut view, "url", made.url.as_str());
    view
}

pub(crate) fn owner_link(made: &Made) -> Value {
    json!({ "url": made.url, "expires": made.link.expires.rfc3339() })
}
