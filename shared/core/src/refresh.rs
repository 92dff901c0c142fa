//! The refresh of IdPs' metadata (S4): what came from an address is fetched again, so that a certificate's rollover needs
//! nobody; and certificates that near their end are told.
//!
//! It is bounded by its deadline. What it did not reach is reached by a later run: each begins at a random place in the
//! order of organizations and goes round, so that none is always last.

use lychgate_saml::metadata::{RefreshDecision, Rules};
use serde_json::{Map, Value, json};

use crate::{
    connection::{Connection, MetadataSource, Settings, SignInSetup},
    ctx::Ctx,
    event::{Event, EventKind},
    idp,
    ids::{ConnectionId, OrganizationId},
    operator::{ATTEMPT_MILLIS, ATTEMPTS_MAX, connections::connection_event},
    ports::{
        CommitError, Connections, Organizations, StoreError,
        outside::{FetchError, MetadataFetcher},
    },
    time::Timestamp,
};

/// After how many seconds metadata is fetched again.
pub const REFRESH_SECS: u64 = 6 * 3_600;
/// How many days before its end a certificate is told: each once.
pub const EXPIRY_DAYS: [u64; 3] = [30, 7, 1];
/// How many organizations are read at once.
const ORGANIZATIONS_PAGE: u32 = 50;
/// What must be left of the time before another connection is begun, in milliseconds: a fetch may take ten seconds.
const CONNECTION_MILLIS: u64 = 15_000;
/// The first pause between attempts is at most this long, in milliseconds; it doubles.
const BACK_OFF_MILLIS: u64 = 20;
/// No pause between attempts is longer, in milliseconds.
const BACK_OFF_MILLIS_MAX: u64 = 500;
/// A day, in seconds.
const DAY_SECS: u64 = 86_400;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// How many organizations were looked at.
    pub organizations: u64,
    /// How many documents were fetched.
    pub fetched: u64,
    /// How many of them said something new that was followed.
    pub followed: u64,
    /// How many could not be fetched, read or followed. Their connections go on with what they have.
    pub refused: u64,
    /// How many certificates were told to near their end.
    pub expiring: u64,
    /// For the log: connections that could not be written, with the reason. The others were looked at all the same.
    pub failures: Vec<(OrganizationId, String)>,
    /// Whether all organizations were looked at.
    pub is_whole: bool,
}

/// Looks at the connections of all organizations, as far as the time goes.
///
/// # Errors
/// The organizations cannot be listed.
pub async fn run<S: Organizations + Connections, O: MetadataFetcher>(
    ctx: &Ctx<'_>,
    store: &S,
    outside: &O,
    rules: &Rules,
) -> Result<Refreshed, StoreError> {
    let start = OrganizationId::new(ctx.world);
    let mut run = Run { ctx, store, outside, rules, done: Refreshed::default() };
    // From the start to the end, then from the beginning up to the start.
    for (first, last) in [(Some(start.clone()), None), (None, Some(start))] {
        if !run.range(first, last.as_ref()).await? {
            return Ok(run.done);
        }
    }
    run.done.is_whole = true;
    Ok(run.done)
}

struct Run<'a, S, O> {
    ctx: &'a Ctx<'a>,
    store: &'a S,
    outside: &'a O,
    rules: &'a Rules,
    done: Refreshed,
}

impl<S: Organizations + Connections, O: MetadataFetcher> Run<'_, S, O> {
    /// `false`: the time ran out.
    async fn range(
        &mut self,
        mut after: Option<OrganizationId>,
        last: Option<&OrganizationId>,
    ) -> Result<bool, StoreError> {
        let (ctx, store) = (self.ctx, self.store);
        loop {
            let page = store.organizations_after(ctx, after.as_ref(), ORGANIZATIONS_PAGE).await?;
            if page.is_empty() {
                return Ok(true);
            }
            for organization in page {
                if last.is_some_and(|last| organization.id > *last) {
                    return Ok(true);
                }
                if !ctx.has_millis(CONNECTION_MILLIS) {
                    return Ok(false);
                }
                self.organization(&organization.id).await;
                after = Some(organization.id);
            }
        }
    }

    async fn organization(&mut self, id: &OrganizationId) {
        self.done.organizations += 1;
        let setup = match self.store.sign_in_setup(self.ctx, id).await {
            Ok(Some(setup)) => setup,
            // Deleted meanwhile.
            Ok(None) => return,
            Err(error) => {
                self.done.failures.push((id.clone(), format!("{error:?}")));
                return;
            }
        };
        for connection in &setup.connections {
            if !self.ctx.has_millis(CONNECTION_MILLIS) {
                return;
            }
            for url in due(connection, self.ctx.now()) {
                self.fetch(id, &connection.id, &url).await;
            }
            if ends_are_due(connection, self.ctx.now()) {
                self.tell_ends(id, &connection.id).await;
            }
        }
    }

    /// Fetches one address and writes what came of it into the settings that name it.
    async fn fetch(&mut self, organization: &OrganizationId, id: &ConnectionId, url: &str) {
        let got = match self.outside.fetch(self.ctx, url).await {
            Ok(document) => idp::read(&document, self.ctx.now(), self.rules)
                .map(|read| read.idp)
                .map_err(|error| FetchError { code: error.code(), detail: format!("{error}.") }),
            Err(error) => Err(error),
        };
        self.done.fetched += 1;
        let now = self.ctx.now();
        let mut outcome = Outcome::Same;
        let written = self
            .change(organization, id, |before| {
                let (after, told) = refreshed(before, url, &got, now)?;
                outcome = told;
                let event = event_of(self.ctx, &outcome, &after, url);
                Some((after, event))
            })
            .await;
        match written {
            Err(error) => {
                self.done.failures.push((organization.clone(), format!("{id}: {error:?}")))
            }
            Ok(()) => match outcome {
                Outcome::Same => {}
                Outcome::Followed { .. } => self.done.followed += 1,
                Outcome::Refused { .. } => self.done.refused += 1,
            },
        }
    }

    /// Tells the certificates of what is live that have come nearer to their end than they were when they were looked at
    /// last.
    async fn tell_ends(&mut self, organization: &OrganizationId, id: &ConnectionId) {
        let now = self.ctx.now();
        let mut told = 0;
        let written = self
            .change(organization, id, |before| {
                let near = nearing(before, now);
                told = near.len() as u64;
                let after = Connection { ends_checked: Some(now), ..before.clone() };
                let data = expiring_data(&near);
                let event = (!near.is_empty()).then(|| {
                    connection_event(
                        self.ctx,
                        EventKind::ConnectionCertificateExpiring,
                        &after,
                        data,
                    )
                });
                Some((after, event))
            })
            .await;
        match written {
            Ok(()) => self.done.expiring += told,
            Err(error) => {
                self.done.failures.push((organization.clone(), format!("{id}: {error:?}")))
            }
        }
    }

    /// Reads the connection, decides, writes; again when somebody was faster. `None`: nothing is to be written any more.
    async fn change(
        &self,
        organization: &OrganizationId,
        id: &ConnectionId,
        mut decide: impl FnMut(&Connection) -> Option<(Connection, Option<Event>)>,
    ) -> Result<(), CommitError> {
        let mut attempt = 0;
        loop {
            let setup = self.store.sign_in_setup(self.ctx, organization).await?;
            let Some(SignInSetup { connections, .. }) = setup else { return Ok(()) };
            let Some(before) = connections.iter().find(|it| it.id == *id) else { return Ok(()) };
            let Some((mut after, event)) = decide(before) else { return Ok(()) };
            after.version = before.version + 1;
            let written = self
                .store
                .put_connection(self.ctx, organization, Some(before), &after, None, event.as_ref())
                .await;
            attempt += 1;
            match written {
                Err(CommitError::Stale)
                    if attempt < ATTEMPTS_MAX && self.ctx.has_millis(ATTEMPT_MILLIS) =>
                {
                    self.ctx.back_off(attempt, BACK_OFF_MILLIS, BACK_OFF_MILLIS_MAX).await;
                }
                written => return written,
            }
        }
    }
}

/// The addresses that are to be fetched again: each once, though the draft is a copy of what is live.
fn due(connection: &Connection, now: Timestamp) -> Vec<String> {
    let mut urls: Vec<String> = Vec::new();
    for settings in connection.live.iter().chain(&connection.draft) {
        if let MetadataSource::Url { url, tried, .. } = &settings.source
            && tried.plus_secs(REFRESH_SECS) <= now
            && !urls.contains(url)
        {
            urls.push(url.clone());
        }
    }
    urls
}

/// What came of a fetch.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    /// What was there already, or an error that was there already.
    Same,
    /// Something new, which was taken.
    Followed { added: Vec<String>, removed: Vec<String>, endpoints_changed: bool },
    /// Something that was not taken, for another reason than last time.
    Refused { error: String },
}

/// The connection after a fetch of this address; `None` when nothing of it comes from there any more.
fn refreshed(
    before: &Connection,
    url: &str,
    got: &Result<crate::connection::Idp, FetchError>,
    now: Timestamp,
) -> Option<(Connection, Outcome)> {
    let mut after = before.clone();
    let (mut found, mut outcome) = (false, Outcome::Same);
    // What is live comes first, and what happens to it is what is told.
    for (settings, is_draft) in after
        .live
        .iter_mut()
        .map(|it| (it, false))
        .chain(after.draft.iter_mut().map(|it| (it, true)))
    {
        if let Some(this) = refresh_settings(settings, url, got, now) {
            found = true;
            if is_draft && matches!(this, Outcome::Followed { .. }) {
                // Exactly these settings were not tested.
                settings.tested = None;
            }
            if outcome == Outcome::Same {
                outcome = this;
            }
        }
    }
    if matches!(&outcome, Outcome::Followed { added, .. } if !added.is_empty()) {
        // A new certificate may be near its end already.
        after.ends_checked = None;
    }
    found.then_some((after, outcome))
}

fn refresh_settings(
    settings: &mut Settings,
    url: &str,
    got: &Result<crate::connection::Idp, FetchError>,
    now: Timestamp,
) -> Option<Outcome> {
    let MetadataSource::Url { url: named, fetched, tried, error } = &mut settings.source else {
        return None;
    };
    if named != url {
        return None;
    }
    *tried = now;
    let decision = match got {
        Err(FetchError { code, detail }) => Err(format!("{code}: {detail}")),
        Ok(new) => match settings.idp.as_ref().map(|previous| idp::decide(previous, new)) {
            Some(RefreshDecision::EntityIdChanged { want, got }) => Err(format!(
                "{ENTITY_ID_CHANGED}: The metadata is of the identity provider `{got}` now, and was of `{want}`. It \
                 is not followed: save the metadata again if that is meant."
            )),
            Some(RefreshDecision::Follow { added, removed, endpoints_changed }) => {
                Ok((new, Outcome::Followed { added, removed, endpoints_changed }))
            }
            Some(RefreshDecision::Unchanged) | None => Ok((new, Outcome::Same)),
        },
    };
    match decision {
        Err(new_error) => {
            let is_known =
                error.as_deref().is_some_and(|known| code_of(known) == code_of(&new_error));
            *error = Some(new_error.clone());
            Some(if is_known { Outcome::Same } else { Outcome::Refused { error: new_error } })
        }
        Ok((new, outcome)) => {
            *fetched = now;
            *error = None;
            if outcome != Outcome::Same {
                settings.idp = Some(new.clone());
            }
            Some(outcome)
        }
    }
}

/// The code of metadata that names another IdP than before.
pub const ENTITY_ID_CHANGED: &str = "metadata_entity_id_changed";

/// The code of an error as a source keeps it: what stands before the colon.
fn code_of(error: &str) -> &str {
    error.split(':').next().unwrap_or_default()
}

fn event_of(ctx: &Ctx<'_>, outcome: &Outcome, connection: &Connection, url: &str) -> Option<Event> {
    let (kind, mut data) = match outcome {
        Outcome::Same => return None,
        Outcome::Followed { added, removed, endpoints_changed } => (
            EventKind::ConnectionMetadataRefreshed,
            object(json!({
                "certificates_added": added,
                "certificates_removed": removed,
                "endpoints_changed": endpoints_changed,
            })),
        ),
        Outcome::Refused { error } => (
            EventKind::ConnectionMetadataRefreshFailed,
            object(json!({ "error": code_of(error), "detail": error })),
        ),
    };
    data.insert("metadata_url".to_owned(), url.into());
    Some(connection_event(ctx, kind, connection, data))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// A certificate that has come near its end.
struct Nearing {
    fingerprint: String,
    not_after: Timestamp,
    /// The threshold that was passed, in days.
    days: u64,
}

/// Whether a threshold of a live certificate was passed since they were looked at last.
fn ends_are_due(connection: &Connection, now: Timestamp) -> bool {
    !nearing(connection, now).is_empty()
}

fn nearing(connection: &Connection, now: Timestamp) -> Vec<Nearing> {
    let Some(idp) = connection.live.as_ref().and_then(|live| live.idp.as_ref()) else {
        return Vec::new();
    };
    let since = connection.ends_checked.unwrap_or_default();
    let near = |certificate: lychgate_saml::certificate::Certificate| {
        let not_after = idp::timestamp(certificate.not_after);
        let passed = |days: &u64| {
            let threshold = not_after.minus_secs(days * DAY_SECS);
            since < threshold && threshold <= now
        };
        // The last threshold that was passed: one that ends tomorrow is not told to end within a month as well.
        let days = EXPIRY_DAYS.into_iter().rfind(passed)?;
        // What has ended already when it is first seen was told when the metadata was saved.
        (not_after > now).then_some(Nearing {
            fingerprint: certificate.fingerprint,
            not_after,
            days,
        })
    };
    idp::certificates(idp).into_iter().filter_map(near).collect()
}

fn expiring_data(near: &[Nearing]) -> Map<String, Value> {
    let list = near.iter().map(|it| {
        json!({
            "fingerprint": it.fingerprint,
            "not_after": it.not_after.rfc3339(),
            "within_days": it.days,
        })
    });
    object(json!({ "certificates": list.collect::<Vec<_>>() }))
}
