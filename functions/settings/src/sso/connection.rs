//! The page of one connection, its live part, and its guides.

use lychgate_core::{
    attempt::{Attempt, AttemptOutcome},
    connection::{Connection, Settings, SignInSetup, WEAK_DAYS_MAX},
    operator::connection_policy,
    settings::access::Area,
    sign_in::place::Addresses,
};
use lychgate_edge::{
    page::{Trouble, Who},
    pages::settings::{
        FormProblem,
        connection::{ConnectionPage, GuidePage, MetadataForm, PolicyForm, TestPanel, TestPart},
        moment::Moment,
        sso::Choice,
    },
    reply::Reply,
    settings::Turned,
};

use super::{Desk, advice, done, guide, idp_kind::IdpKind, policy, view};
use crate::Store;

/// Among how many of the latest sign-ins tests are looked for.
const ATTEMPTS_READ: u32 = 100;
/// How many tests are shown below the latest.
const EARLIER_SHOWN: usize = 4;

/// What a form leaves on the page.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) problem: Option<FormProblem>,
    pub(super) notes: Vec<String>,
    pub(super) kind: Option<IdpKind>,
    pub(super) form: Option<MetadataForm>,
    pub(super) policy: Option<PolicyForm>,
}

impl Shown {
    /// A mistake, with nothing typed that is worth keeping.
    pub(super) fn wrong(problem: FormProblem, kind: Option<IdpKind>) -> Self {
        Self { problem: Some(problem), kind, ..Self::default() }
    }
}

pub(super) async fn show<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let kind = desk.incoming.query("idp").and_then(IdpKind::parse);
    if desk.incoming.query("part") == Some("test") {
        return live(desk, kind).await;
    }
    page(desk, 200, Shown { kind, ..Shown::default() }).await
}

/// The part of the page that is asked for again.
async fn live<S: Store>(desk: Desk<'_, '_, S>, kind: Option<IdpKind>) -> Result<Reply, Turned> {
    let setup = desk.setup().await?;
    let connection = desk.find(&setup)?;
    let kind = kind.unwrap_or_else(|| IdpKind::guess(connection));
    let part =
        TestPart { test: panel(&desk, &setup, connection, kind).await?, idp_name: kind.name() };
    Ok(desk.room.render(200, &part))
}

/// The test as it stands. Whoever may not test reads nothing for it.
pub(super) async fn panel<S: Store>(
    desk: &Desk<'_, '_, S>,
    setup: &SignInSetup,
    connection: &Connection,
    kind: IdpKind,
) -> Result<TestPanel, Turned> {
    let (now, home) = (desk.ctx.now(), desk.room.path(""));
    let attempts = match desk.room.visitor.may(Area::Sso) {
        true => {
            let id = &setup.organization.id;
            desk.store.attempts_before(desk.ctx, id, None, ATTEMPTS_READ).await?
        }
        false => Vec::new(),
    };
    let is_test = |attempt: &&Attempt| {
        let tested = [AttemptOutcome::TestPassed, AttemptOutcome::TestFailed];
        attempt.connection.as_ref() == Some(&connection.id) && tested.contains(&attempt.outcome)
    };
    let mut tests = attempts.iter().filter(is_test);
    let window = connection.test_window_ends.filter(|ends| *ends > now);
    let passed = view::edited(connection).and_then(|settings| settings.tested);
    Ok(TestPanel {
        live: format!("{home}/sso/{}?part=test&idp={}", connection.id, kind.slug()),
        window: window.map(|ends| Moment::new(ends, now)),
        passed: passed.map(|at| Moment::new(at, now)),
        latest: tests.next().map(|one| view::attempt(setup, one, kind, &home, now)),
        earlier: tests
            .take(EARLIER_SHOWN)
            .map(|one| view::attempt_row(setup, one, &home, now))
            .collect(),
    })
}

pub(super) async fn page<S: Store>(
    desk: Desk<'_, '_, S>,
    status: u16,
    shown: Shown,
) -> Result<Reply, Turned> {
    let Desk { ctx, incoming, room, .. } = &desk;
    let setup = desk.setup().await?;
    let connection = desk.find(&setup)?;
    let edited = settings(connection)?;
    let kind = shown.kind.unwrap_or_else(|| IdpKind::guess(connection));
    let test = panel(&desk, &setup, connection, kind).await?;
    let (organization, now, home) = (&setup.organization, ctx.now(), room.path(""));
    let path = format!("{home}/sso/{}", connection.id);
    let addresses = Addresses::new(ctx.base_url, &organization.domain);
    let values = guide::Values::new(ctx.base_url, organization, edited);
    let differences = match (&connection.live, &connection.draft) {
        (Some(live), Some(draft)) => Some(view::differences(live, draft)),
        _ => None,
    };
    let warnings = connection_policy::warnings(edited, now);
    let page = ConnectionPage {
        frame: room.frame(Area::Sso, done(incoming)),
        problem: shown.problem,
        notes: shown.notes,
        name: connection.name.clone(),
        badges: view::badges(connection),
        live: connection.live.is_some(),
        may_set_up: room.visitor.may(Area::Sso),
        idp: kind.slug(),
        idp_name: kind.name(),
        idps: choices(kind, |slug| format!("{path}?idp={slug}")),
        steps: guide::steps(kind, &values, edited),
        shared_entity_id: edited.entity_id == lychgate_core::connection::EntityIdChoice::Shared,
        entity_id_own: addresses.entity_id_own,
        entity_id_shared: addresses.entity_id_shared,
        form: shown.form.unwrap_or_else(|| saved(edited)),
        read: read(connection, differences.is_some(), now),
        warnings: warnings.iter().map(|sentence| view::in_words(sentence)).collect(),
        certificate: view::certificate_rows(&setup, &home, None, now).into_iter().next(),
        test,
        test_blocked: incomplete(&setup, edited),
        activate_blocked: not_yet(&setup, connection),
        replaces: differences.is_some(),
        others_can_sign_in: others_can_sign_in(&setup, connection),
        policy: shown.policy.unwrap_or_else(|| policy::form(&connection.name, &edited.policy, now)),
        weak_days_max: WEAK_DAYS_MAX,
        differences,
        path,
    };
    Ok(desk.room.render(status, &page))
}

pub(super) async fn guide<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let nothing = || {
        let trouble = Trouble::new(Who::Developer, "There is no such guide.");
        Turned::from(trouble.again(desk.room.path(&desk.rest())))
    };
    let kind = IdpKind::parse(desk.incoming.parameter("idp")).ok_or_else(nothing)?;
    let setup = desk.setup().await?;
    let connection = desk.find(&setup)?;
    let edited = settings(connection)?;
    let values = guide::Values::new(desk.ctx.base_url, &setup.organization, edited);
    let path = desk.room.path(&format!("/sso/{}", connection.id));
    let page = GuidePage {
        frame: desk.room.frame(Area::Sso, None),
        name: connection.name.clone(),
        idp_name: kind.name(),
        idps: choices(kind, |slug| format!("{path}/guide/{slug}")),
        steps: guide::steps(kind, &values, edited),
        codes: advice::to_change(kind),
        path: format!("{path}?idp={}", kind.slug()),
    };
    Ok(desk.room.render(200, &page))
}

fn settings(connection: &Connection) -> Result<&Settings, Turned> {
    view::edited(connection).ok_or_else(|| {
        let trouble = Trouble::new(Who::Us { passing: false }, "Something went wrong on our side.");
        trouble.because(format!("{} has neither a draft nor live settings", connection.id)).into()
    })
}

fn choices(chosen: IdpKind, path: impl Fn(&str) -> String) -> Vec<Choice> {
    let choice = |kind: IdpKind| Choice {
        value: path(kind.slug()),
        label: kind.label(),
        chosen: kind == chosen,
    };
    IdpKind::ALL.map(choice).to_vec()
}

/// What the form for the metadata's address holds before anybody types.
fn saved(settings: &Settings) -> MetadataForm {
    let url = match &settings.source {
        lychgate_core::connection::MetadataSource::Url { url, .. } => url.clone(),
        _ => String::new(),
    };
    MetadataForm { url, xml: String::new() }
}

fn read(
    connection: &Connection,
    both: bool,
    now: lychgate_core::time::Timestamp,
) -> Vec<lychgate_edge::pages::settings::connection::MetadataView> {
    let (draft, live) = match both {
        true => ("What the draft’s metadata says", "What the live metadata says"),
        false => ("What it says", "What it says"),
    };
    let of = |settings: &Option<Settings>, title| {
        settings.as_ref().and_then(|settings| view::metadata(title, settings, now))
    };
    of(&connection.draft, draft).into_iter().chain(of(&connection.live, live)).collect()
}

/// Why there can be no test yet: what [`lychgate_core::operator::connection_states::test`] would refuse.
fn incomplete(setup: &SignInSetup, edited: &Settings) -> Option<String> {
    let Some(idp) = &edited.idp else {
        return Some("First bring the identity provider’s metadata here.".to_owned());
    };
    if edited.policy.request_by_post && idp.sso_post.is_none() {
        return Some(
            "Its metadata offers no sign-in by POST: untick “Ask by POST” under More settings."
                .to_owned(),
        );
    }
    (edited.policy.require_encryption && setup.key_pairs.is_empty()).then(|| {
        "It refuses what is not encrypted, and there is no certificate to encrypt to: generate one, and upload it there."
            .to_owned()
    })
}

/// Why it cannot be activated yet: what [`lychgate_core::operator::connection_states::activate`] would refuse.
fn not_yet(setup: &SignInSetup, connection: &Connection) -> Option<String> {
    let Some(draft) = &connection.draft else {
        return Some("It is active, and nothing was changed since.".to_owned());
    };
    if let Some(why) = incomplete(setup, draft) {
        return Some(why);
    }
    if draft.tested.is_none() {
        return Some("A test of exactly these settings has to pass first.".to_owned());
    }
    let entity_id = |settings: &Option<Settings>| {
        settings
            .as_ref()
            .and_then(|settings| settings.idp.as_ref())
            .map(|idp| idp.entity_id.clone())
    };
    let is_twin = |other: &&Connection| {
        other.id != connection.id && entity_id(&other.live) == entity_id(&connection.draft)
    };
    setup.connections.iter().find(is_twin).map(|twin| {
        format!(
            "The active connection “{}” is of the same identity provider: deactivate it first.",
            twin.name
        )
    })
}

fn others_can_sign_in(setup: &SignInSetup, connection: &Connection) -> bool {
    let live = |other: &Connection| other.id != connection.id && other.live.is_some();
    setup.organization.sign_in.password || setup.connections.iter().any(live)
}
