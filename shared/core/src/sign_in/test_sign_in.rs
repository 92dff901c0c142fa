//! A test sign-in (S12): the same way as a real one, but it signs nobody in. What holds makes the draft tested; either way
//! the owner sees what came.

use lychgate_saml::{
    certificate::Certificate,
    response::{Assertion, EncryptedPart, NameId, SignedParts},
};
use serde_json::{Map, Value, json};

use super::{
    enter,
    finish::{Course, Held, Stop},
    member::{self, Named},
    place,
    reason::{self, Reason, bounded},
    refusal::{Refusal, Who},
};
use crate::{
    connection::{Connection, Settings},
    ctx::Ctx,
    event::{Actor, Event, EventKind},
    ids::ConnectionId,
    organization::Organization,
    ports::{CommitError, SignInError, SignInWrite, SignIns},
    record::User,
};

/// The most attributes that a result shows.
pub const ATTRIBUTES_SHOWN_MAX: usize = 40;
/// The most values of one attribute that a result shows.
pub const VALUES_SHOWN_MAX: usize = 10;
/// A clock that is further off than this is worth a word, in seconds.
const OFFSET_WORTH_A_WORD_SECS: u64 = 60;
/// A certificate that ends sooner than this is worth a word, in days.
const DAYS_WORTH_A_WORD: i64 = 30;
/// How often a result that lost a race is written again.
const WRITE_ATTEMPTS_MAX: u32 = 4;

/// What a test found.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// The response was accepted.
    Passed(Box<Passed>),
    /// It was not.
    Failed(Reason),
}

/// A response that was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed {
    /// The NameID and its format.
    pub name_id: Option<NameId>,
    /// The attributes, in their order; cut to [`ATTRIBUTES_SHOWN_MAX`].
    pub attributes: Vec<Shown>,
    /// Who it is.
    pub member: Maps,
    /// What was signed, and with what.
    pub signed: SignedParts,
    /// How it was encrypted, when it was.
    pub encrypted: Option<EncryptedPart>,
    /// By how many seconds the IdP's clock is ahead of ours; negative: behind.
    pub clock_ahead_secs: i64,
    /// How many days the signing certificate has left.
    pub certificate_days_left: Option<i64>,
    /// What to look at.
    pub warnings: Vec<String>,
}

/// An attribute as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// Its values, cut.
    pub values: Vec<String>,
    /// What it is read as: `e-mail address` and the like.
    pub means: Option<&'static str>,
}

/// Whom the response maps to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Maps {
    /// A member.
    Member {
        /// Its userName.
        user_name: String,
    },
    /// A member who could not sign in.
    Suspended {
        /// Its userName.
        user_name: String,
    },
    /// Nobody yet: signing in would create this member.
    WouldBeCreated {
        /// The userName that it would get.
        user_name: String,
    },
    /// Nobody, and nobody would be created.
    Unknown {
        /// The name that was looked for.
        name: String,
    },
}

impl Maps {
    /// `member`, `suspended`, `would_be_created`, `unknown`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Member { .. } => "member",
            Self::Suspended { .. } => "suspended",
            Self::WouldBeCreated { .. } => "would_be_created",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Member { user_name }
            | Self::Suspended { user_name }
            | Self::WouldBeCreated { user_name } => user_name,
            Self::Unknown { name } => name,
        }
    }
}

impl Report {
    /// Of a response that was rejected.
    #[must_use]
    pub const fn failed(reason: Reason) -> Self {
        Self::Failed(reason)
    }

    /// What the attempt keeps of it.
    #[must_use]
    pub fn facts(&self) -> Map<String, Value> {
        let Self::Passed(passed) = self else {
            return Map::new();
        };
        let attributes: Vec<Value> = passed
            .attributes
            .iter()
            .map(|one| json!({"name": one.name, "values": one.values, "means": one.means}))
            .collect();
        let name_id = passed.name_id.as_ref();
        let signed = &passed.signed;
        let encrypted = passed.encrypted.as_ref().map(|part| {
            json!({"data": part.data_algorithm, "key": part.key_algorithm, "certificate": part.fingerprint})
        });
        let facts = json!({
            "name_id": name_id.map(|name_id| bounded(&name_id.value)),
            "name_id_format": name_id.and_then(|name_id| name_id.format.as_deref()).map(bounded),
            "attributes": attributes,
            "maps_to": {"kind": passed.member.kind(), "name": bounded(passed.member.name())},
            "signed": {
                "response": signed.response,
                "assertion": signed.assertion,
                "algorithm": signed.algorithm,
                "certificate": signed.fingerprint,
                "days_left": passed.certificate_days_left,
            },
            "encrypted": encrypted,
            "clock_ahead_secs": passed.clock_ahead_secs,
            "warnings": passed.warnings,
        });
        match facts {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

/// A response that holds: it is used up, the draft is tested, and the result is made.
pub(super) async fn pass<S: SignIns>(
    ctx: &Ctx<'_>,
    store: &S,
    held: Held<'_>,
    course: &mut Course,
) -> Result<Report, Stop> {
    let named = member::named(&held.assertion, held.usable.policy())?;
    course.subject = named.names.first().cloned();
    let organization = &held.setup.organization;
    let found = member::find(ctx, store, &organization.id, &named.names).await?;
    let maps = maps(&held, &named, found);
    write(ctx, store, &held).await?;
    Ok(Report::Passed(Box::new(passed(ctx, &held, &named, maps))))
}

fn maps(held: &Held<'_>, named: &Named, found: Option<User>) -> Maps {
    let name = named.names.first().cloned().unwrap_or_default();
    match (found, member::new_user_name(named)) {
        (Some(user), _) => {
            let user_name = user.user_name().to_owned();
            match user.is_suspended() {
                true => Maps::Suspended { user_name },
                false => Maps::Member { user_name },
            }
        }
        (None, Some(user_name)) if held.usable.policy().just_in_time => {
            Maps::WouldBeCreated { user_name: user_name.to_owned() }
        }
        (None, _) => Maps::Unknown { name },
    }
}

/// Uses the flow and the assertion up, and marks the draft, in one transaction.
async fn write<S: SignIns>(ctx: &Ctx<'_>, store: &S, held: &Held<'_>) -> Result<(), Stop> {
    let organization = &held.setup.organization;
    let seen = held.seen();
    let mut before = held.usable.connection.clone();
    for attempt in 0..WRITE_ATTEMPTS_MAX {
        let after = marked(ctx, &before);
        let event = event(&before, held);
        let write = SignInWrite {
            flow: held.flow.as_ref().map(|flow| &flow.id),
            assertion: Some(&seen),
            member: None,
            name_id: None,
            session: None,
            grant: None,
            connection: after.as_ref().map(|after| (&before, after, &event)),
        };
        match store.sign_in(ctx, &organization.id, write).await {
            Ok(()) => return Ok(()),
            Err(SignInError::Replayed) => {
                return Err(reason::replayed(&held.assertion.id).into());
            }
            Err(SignInError::FlowGone) => return Err(enter::flow_gone(held).into()),
            Err(SignInError::Commit(CommitError::Stale)) => {
                ctx.back_off(attempt, 5, 100).await;
                before = read_again(ctx, store, organization, &before).await?;
            }
            Err(SignInError::Commit(CommitError::Store(error))) => return Err(error.into()),
            Err(SignInError::Commit(error)) => {
                return Err(Refusal::internal(format!("a test was not written: {error:?}")).into());
            }
        }
    }
    let refusal =
        Refusal::new(Who::Us { passing: true }, "The connection is being changed at this moment.");
    Err(refusal.into())
}

/// The connection with its draft tested. `None` when what is live was tested: it is never edited.
fn marked(ctx: &Ctx<'_>, before: &Connection) -> Option<Connection> {
    let draft = before.draft.as_ref()?;
    Some(Connection {
        draft: Some(Settings { tested: Some(ctx.now()), ..draft.clone() }),
        test_window_ends: None,
        version: before.version + 1,
        ..before.clone()
    })
}

/// The connection as it is now, when its draft decides as the one that was tested.
async fn read_again<S: SignIns>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &Organization,
    tested: &Connection,
) -> Result<Connection, Stop> {
    let setup = store.sign_in_setup(ctx, &organization.id).await?;
    let now = setup.and_then(|setup| {
        setup.connections.into_iter().find(|connection| connection.id == tested.id)
    });
    let decides = |connection: &Connection| {
        let settings = connection.draft.as_ref()?;
        Some((settings.idp.clone(), settings.entity_id, settings.policy.clone()))
    };
    match now {
        Some(now) if decides(&now) == decides(tested) => Ok(now),
        _ => Err(reason::draft_changed().into()),
    }
}

fn event(connection: &Connection, held: &Held<'_>) -> Event {
    let mut data = Map::new();
    data.insert("signed_with".to_owned(), held.assertion.signed.fingerprint.as_str().into());
    data.insert("encrypted".to_owned(), held.assertion.encrypted.is_some().into());
    Event {
        kind: EventKind::ConnectionTested,
        actor: Actor::Unknown,
        subject_kind: "connection",
        subject_id: ConnectionId::to_string(&connection.id),
        subject_name: connection.name.clone(),
        data,
    }
}

fn passed(ctx: &Ctx<'_>, held: &Held<'_>, named: &Named, member: Maps) -> Passed {
    let assertion = &held.assertion;
    let now = place::instant(ctx.now());
    let certificates = held.usable.certificates();
    let certificate =
        certificates.iter().find(|one| one.fingerprint == assertion.signed.fingerprint);
    let days_left = certificate.map(|certificate: &Certificate| certificate.days_left(now));
    let clock_ahead_secs = assertion.clock_ahead_secs(now);
    Passed {
        name_id: assertion.name_id.clone(),
        attributes: attributes(assertion, named),
        warnings: warnings(held, named, &member, clock_ahead_secs, days_left),
        member,
        signed: assertion.signed.clone(),
        encrypted: assertion.encrypted.clone(),
        clock_ahead_secs,
        certificate_days_left: days_left,
    }
}

fn attributes(assertion: &Assertion, named: &Named) -> Vec<Shown> {
    let profile = &named.profile;
    let read = [
        (profile.email.as_deref(), "e-mail address"),
        (profile.first_name.as_deref(), "first name"),
        (profile.last_name.as_deref(), "last name"),
        (profile.display_name.as_deref(), "name to show"),
    ];
    let means = |value: Option<&String>| {
        let value = value?.trim();
        read.iter().find(|(known, _)| *known == Some(value)).map(|(_, means)| *means)
    };
    let shown = |attribute: &lychgate_saml::response::Attribute| Shown {
        name: bounded(&attribute.name),
        values: attribute.values.iter().take(VALUES_SHOWN_MAX).map(|text| bounded(text)).collect(),
        means: means(attribute.values.first()),
    };
    assertion.attributes.iter().take(ATTRIBUTES_SHOWN_MAX).map(shown).collect()
}

fn warnings(
    held: &Held<'_>,
    named: &Named,
    member: &Maps,
    clock_ahead_secs: i64,
    days_left: Option<i64>,
) -> Vec<String> {
    let assertion = &held.assertion;
    let mut warnings = Vec::new();
    let mut warn = |holds: bool, text: String| {
        if holds {
            warnings.push(text);
        }
    };
    warn(
        assertion.signed.algorithm.ends_with("sha1"),
        "Signed with SHA-1, which is taken for a limited time only: set RSA-SHA256 at the IdP."
            .to_owned(),
    );
    warn(
        assertion.encrypted.as_ref().is_some_and(|part| part.key_algorithm.contains("1_5")),
        "The key is encrypted with RSA 1.5, which is taken for a limited time only: set RSA-OAEP at the IdP.".to_owned(),
    );
    warn(
        assertion.encrypted.is_none() && !held.setup.key_pairs.is_empty(),
        "Not encrypted, though there is a certificate to encrypt to: upload it at the IdP."
            .to_owned(),
    );
    let newest = held.setup.key_pairs.first().map(|pair| pair.fingerprint.as_str());
    warn(
        assertion.encrypted.as_ref().is_some_and(|part| newest != Some(part.fingerprint.as_str())),
        "Encrypted to an older certificate: upload the newest one at the IdP before the old one is retired.".to_owned(),
    );
    warn(
        named.profile.email.is_none(),
        "No e-mail address came: the member is known by the NameID, and nobody new can be created."
            .to_owned(),
    );
    warn(
        clock_ahead_secs.unsigned_abs() > OFFSET_WORTH_A_WORD_SECS,
        format!("The IdP's clock differs from ours by {clock_ahead_secs} seconds."),
    );
    if let Some(days) = days_left.filter(|days| *days < DAYS_WORTH_A_WORD) {
        warn(true, format!("The IdP's signing certificate ends in {days} days."));
    }
    match member {
        Maps::Suspended { .. } => {
            warn(true, "The member is suspended and could not sign in.".to_owned());
        }
        Maps::Unknown { .. } => {
            warn(true, "Nobody has this userName, and signing in would create nobody.".to_owned());
        }
        Maps::Member { .. } | Maps::WouldBeCreated { .. } => {}
    }
    warnings
}
