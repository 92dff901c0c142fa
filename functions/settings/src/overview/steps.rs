//! What is set up and what comes next, in the order of the guides. Pure.

use lychgate_core::{
    connection::{Connection, ConnectionState, MetadataSource, SignInSetup},
    organization::Directory,
    time::Timestamp,
};
use lychgate_edge::pages::settings::{
    overview::{ConnectionLine, Progress, Sso, Step},
    when::{Ends, relative},
};

use super::ending::{holding, idp_ends, newest};

/// The most connections that are named.
const CONNECTIONS_SHOWN_MAX: usize = 5;

/// Whether a step is done, what it is, where it stands, and where to go.
fn step(done: bool, title: &'static str, note: String, button: &'static str, href: String) -> Step {
    let progress = if done { Progress::Done } else { Progress::Later };
    Step { title, note, progress, button, href }
}

/// As [`step`], for what need not be done.
fn optional(
    done: bool,
    title: &'static str,
    note: String,
    button: &'static str,
    href: String,
) -> Step {
    let progress = if done { Progress::Done } else { Progress::Optional };
    Step { title, note, progress, button, href }
}

/// Marks the first step that is to be done.
pub(crate) fn mark_next(steps: &mut [Step]) {
    if let Some(next) = steps.iter_mut().find(|step| step.progress == Progress::Later) {
        next.progress = Progress::Next;
    }
}

/// The steps of single sign-on.
pub(crate) fn of_sign_in(setup: &SignInSetup, sso: &str) -> Vec<Step> {
    let with_idp = |connection: &&Connection| {
        let settings = connection.draft.as_ref().or(connection.live.as_ref());
        settings.is_some_and(|settings| settings.idp.is_some())
    };
    let connections = &setup.connections;
    let connected = connections.iter().find(with_idp);
    let (note, button, href) = match (connected, connections.first()) {
        (Some(connection), _) => {
            let note = format!("The metadata of “{}” is saved.", connection.name);
            (note, "Open the connection", format!("{sso}/{}", connection.id))
        }
        (None, Some(connection)) => {
            let note = format!(
                "“{}” waits for the metadata of your identity provider: paste its metadata URL, or the XML.",
                connection.name
            );
            (note, "Save its metadata", format!("{sso}/{}", connection.id))
        }
        (None, None) => {
            let note = "Make a connection: it shows the values that go into your identity provider, and takes its metadata URL.";
            (note.to_owned(), "Make a connection", sso.to_owned())
        }
    };
    let mut steps =
        vec![step(connected.is_some(), "Connect your identity provider", note, button, href)];
    steps.push(activate(setup, connected, sso));
    let certificates = setup.key_pairs.len();
    let note = match certificates {
        0 => "Only if your identity provider shall encrypt what it sends. Test without it first."
            .to_owned(),
        1 => "There is one. Encrypted assertions are taken.".to_owned(),
        many => format!("There are {many}. Encrypted assertions are taken."),
    };
    let title = "Generate an encryption certificate";
    steps.push(optional(certificates > 0, title, note, "Certificates", sso.to_owned()));
    steps
}

fn activate(setup: &SignInSetup, connected: Option<&Connection>, sso: &str) -> Step {
    let title = "Test, then switch sign-in on";
    let connections = &setup.connections;
    if let Some(live) = connections.iter().find(|c| c.state() == ConnectionState::Active) {
        let note = format!("“{}” is live.", live.name);
        return step(true, title, note, "Open the connection", format!("{sso}/{}", live.id));
    }
    if let Some(tested) = connections.iter().find(|c| c.state() == ConnectionState::Tested) {
        let note = format!(
            "“{}” has passed its test. Once you switch it on, people can sign in through it; nothing else changes.",
            tested.name
        );
        return step(false, title, note, "Switch it on", format!("{sso}/{}", tested.id));
    }
    let note = "A test signs nobody in and shows what came. Nothing changes for anybody until you switch it on.";
    let href =
        connected.map_or_else(|| sso.to_owned(), |connection| format!("{sso}/{}", connection.id));
    step(false, title, note.to_owned(), "Test it", href)
}

/// The steps of somebody who may renew and nothing else.
pub(crate) fn of_renewal(now: Timestamp, setup: &SignInSetup, sso: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = setup
        .connections
        .iter()
        .filter_map(|connection| {
            let ends = idp_ends(connection)?;
            let holds = !Ends::at(now, ends).is_near();
            let note = format!(
                "Of “{}”. The certificate that is known here ends {}.",
                connection.name,
                relative(now, ends)
            );
            let href = format!("{sso}/{}", connection.id);
            let title = "Renew your identity provider’s metadata";
            Some(step(holds, title, note, "Save its metadata again", href))
        })
        .collect();
    let title = "Renew the encryption certificate";
    steps.push(match newest(&setup.key_pairs) {
        Some(key_pair) => {
            let holds = !Ends::at(now, key_pair.expires).is_near();
            let note = format!("The newest one ends {}.", relative(now, key_pair.expires));
            step(holds, title, note, "Certificates", sso.to_owned())
        }
        None => {
            let note =
                "There is none: what your identity provider sends is not encrypted.".to_owned();
            optional(false, title, note, "Certificates", sso.to_owned())
        }
    });
    steps
}

/// The steps of provisioning. `contact`: whether anybody has come with a token that holds.
pub(crate) fn of_directory(
    now: Timestamp,
    directory: &Directory,
    contact: bool,
    scim: &str,
) -> Vec<Step> {
    let (tokens, clients) = holding(now, directory);
    let on = if directory.enabled {
        "It is on."
    } else {
        "While it is off, every request is refused. Switching it on changes nobody."
    };
    let credential = match (tokens, clients) {
        (0, 0) => {
            "It is shown once: have your identity provider’s page open to paste it.".to_owned()
        }
        (1, 0) => "One token holds.".to_owned(),
        (0, 1) => "One OAuth client has a secret that holds.".to_owned(),
        (tokens, clients) => format!("Tokens that hold: {tokens}; OAuth clients: {clients}."),
    };
    let came = if contact {
        "It has been here."
    } else {
        "Enter the base URL and the token there, test the connection, assign one person. Step by step for each."
    };
    let title_token = "Generate a token";
    let title_idp = "Set up provisioning in your identity provider";
    vec![
        step(directory.enabled, "Switch SCIM on", on.to_owned(), "Switch SCIM on", scim.to_owned()),
        step(tokens + clients > 0, title_token, credential, "Generate a token", scim.to_owned()),
        step(contact, title_idp, came.to_owned(), "Show the steps", scim.to_owned()),
    ]
}

/// Single sign-on at a glance.
pub(crate) fn sso(now: Timestamp, setup: &SignInSetup, sso: &str) -> Sso {
    let lines = setup.connections.iter().take(CONNECTIONS_SHOWN_MAX);
    Sso {
        connections: lines.map(|connection| connection_line(now, connection, sso)).collect(),
        more: setup.connections.len().saturating_sub(CONNECTIONS_SHOWN_MAX),
        certificates: setup.key_pairs.iter().filter(|pair| pair.expires > now).count(),
        password: setup.organization.sign_in.password,
    }
}

fn connection_line(now: Timestamp, connection: &Connection, sso: &str) -> ConnectionLine {
    let (kind, word) = match connection.state() {
        ConnectionState::Active => ("good", "live"),
        ConnectionState::Tested => ("warn", "tested, not live"),
        ConnectionState::Draft => ("plain", "draft"),
    };
    let mut notes = Vec::new();
    if connection.live.is_some() && connection.draft.is_some() {
        notes.push("It has changes that are not live yet.".to_owned());
    }
    if let Some(ends) = idp_ends(connection) {
        notes.push(format!("The identity provider’s certificate ends {}.", relative(now, ends)));
    }
    let settings = connection.live.as_ref().or(connection.draft.as_ref());
    match settings.map(|settings| &settings.source) {
        Some(MetadataSource::Missing) => {
            notes.push("The identity provider’s metadata is not saved yet.".to_owned());
        }
        Some(MetadataSource::Url { error: Some(error), tried, .. }) => {
            notes.push(format!(
                "Its metadata could not be fetched {}: {error}",
                relative(now, *tried)
            ));
        }
        _ => {}
    }
    let href = format!("{sso}/{}", connection.id);
    ConnectionLine { name: connection.name.clone(), href, kind, word, notes }
}
