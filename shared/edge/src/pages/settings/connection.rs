//! One connection's set-up (W2, S12): steps in the identity provider's words, its metadata, tests, what it accepts.

use askama::Template;

use super::{
    FormProblem, Frame,
    attempt::AttemptView,
    moment::Moment,
    sso::{Badge, CertificateRow, Choice},
};

/// What stands in a step beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Nothing.
    Words,
    /// The choice of our entity ID.
    EntityId,
    /// Where the IdP's metadata goes.
    Metadata,
    /// Our certificate for encryption.
    Encryption,
    /// The test.
    Test,
    /// The switch.
    Activate,
}

/// A value to carry to the IdP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The IdP's own name of the field.
    pub label: &'static str,
    /// The value.
    pub text: String,
    /// What to know of it.
    pub hint: &'static str,
}

/// One step of a guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is done in it.
    pub title: String,
    /// The way there in the IdP's pages: each thing to click.
    pub way: &'static [&'static str],
    /// What to do, sentence by sentence.
    pub text: Vec<String>,
    /// What to copy.
    pub values: Vec<Carried>,
    /// What to choose: the IdP's field, and its setting.
    pub choices: &'static [(&'static str, &'static str)],
    /// What to know.
    pub notes: &'static [&'static str],
    /// What else stands in it.
    pub part: Part,
}

impl Step {
    /// Whether this stands in it.
    #[must_use]
    pub fn is(&self, part: &str) -> bool {
        let name = match self.part {
            Part::Words => "words",
            Part::EntityId => "entity_id",
            Part::Metadata => "metadata",
            Part::Encryption => "encryption",
            Part::Test => "test",
            Part::Activate => "activate",
        };
        name == part
    }
}

/// A certificate of the IdP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningCertificate {
    /// Its subject.
    pub subject: String,
    /// SHA-256, in groups.
    pub fingerprint: String,
    /// When it ends, for people.
    pub ends: String,
    /// How many days are left.
    pub left: Badge,
}

/// What was read from the IdP's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataView {
    /// `draft` or `live`, for its heading.
    pub title: &'static str,
    /// Its entity ID.
    pub entity_id: String,
    /// Its endpoints: what they are for, and the address.
    pub endpoints: Vec<(&'static str, String)>,
    /// Its signing certificates.
    pub certificates: Vec<SigningCertificate>,
    /// Where it came from: an address, or nothing when it was a document.
    pub url: Option<String>,
    /// When it was saved or fetched.
    pub fetched: Option<Moment>,
    /// When it is fetched again.
    pub next: Option<Moment>,
}

/// What was typed into the forms for metadata.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetadataForm {
    /// The address.
    pub url: String,
    /// The document.
    pub xml: String,
}

/// The test, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestPanel {
    /// Where it is asked for again while somebody looks.
    pub live: String,
    /// Until when a click on the tile is a test.
    pub window: Option<Moment>,
    /// When the current settings passed.
    pub passed: Option<Moment>,
    /// The latest result.
    pub latest: Option<AttemptView>,
    /// Those before it.
    pub earlier: Vec<super::attempt::AttemptRow>,
}

/// The form "More settings": what was typed, or what is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyForm {
    /// Shown open.
    pub open: bool,
    /// The connection's name.
    pub name: String,
    /// Sign-ins that begin at the IdP.
    pub idp_initiated: bool,
    /// Creating members.
    pub just_in_time: bool,
    /// Only encrypted assertions.
    pub require_encryption: bool,
    /// Signed requests.
    pub sign_requests: bool,
    /// Requests by POST.
    pub request_by_post: bool,
    /// SHA-1 until: `2026-12-31`, or empty.
    pub sha1_until: String,
    /// RSA 1.5 until.
    pub rsa_1_5_until: String,
    /// Seconds.
    pub clock_skew_secs: String,
    /// Minutes.
    pub session_minutes: String,
    /// Names of attributes.
    pub email: String,
    /// Names of attributes.
    pub first_name: String,
    /// Names of attributes.
    pub last_name: String,
    /// Names of attributes.
    pub display_name: String,
    /// One a line.
    pub email_domains: String,
}

/// `/settings/{organization}/sso/{connection}`.
#[derive(Template)]
#[template(path = "settings/connection.html")]
pub struct ConnectionPage {
    /// What stands around it.
    pub frame: Frame,
    /// What was wrong with the form that came.
    pub problem: Option<FormProblem>,
    /// What the metadata that was just saved made us think of.
    pub notes: Vec<String>,
    /// This page's path.
    pub path: String,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub badges: Vec<Badge>,
    /// Whether people sign in through it.
    pub live: bool,
    /// Whether something is being edited beside what is live; what is different there.
    pub differences: Option<Vec<&'static str>>,
    /// Whether this visitor may do more than save metadata and certificates.
    pub may_set_up: bool,
    /// The word of the IdP in addresses.
    pub idp: &'static str,
    /// What it is called.
    pub idp_name: &'static str,
    /// The guides to choose from.
    pub idps: Vec<Choice>,
    /// The set-up.
    pub steps: Vec<Step>,
    /// Whether the entity ID is the shared one.
    pub shared_entity_id: bool,
    /// The organization's own entity ID.
    pub entity_id_own: String,
    /// The entity ID that all organizations share.
    pub entity_id_shared: String,
    /// The forms for metadata.
    pub form: MetadataForm,
    /// What was read: of the draft, of what is live.
    pub read: Vec<MetadataView>,
    /// What to look at, and what stops nothing.
    pub warnings: Vec<String>,
    /// The newest of our certificates.
    pub certificate: Option<CertificateRow>,
    /// The test.
    pub test: TestPanel,
    /// Why there can be no test yet.
    pub test_blocked: Option<String>,
    /// Why it cannot be activated yet.
    pub activate_blocked: Option<String>,
    /// What is done with it when it is.
    pub replaces: bool,
    /// Whether members could still sign in without it.
    pub others_can_sign_in: bool,
    /// What it accepts.
    pub policy: PolicyForm,
    /// The most days that an exception for a weak algorithm lasts.
    pub weak_days_max: u64,
}

impl ConnectionPage {
    /// Whether the form's problem is about this field.
    #[must_use]
    pub fn is_wrong(&self, field: &str) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.is_about(field))
    }
}

/// The part of [`ConnectionPage`] that is asked for again.
#[derive(Template)]
#[template(path = "settings/connection_test.html")]
pub struct TestPart {
    /// The test.
    pub test: TestPanel,
    /// What the IdP is called.
    pub idp_name: &'static str,
}

/// A test was opened.
#[derive(Template)]
#[template(path = "settings/connection_test_begun.html")]
pub struct TestBegunPage {
    /// What stands around it.
    pub frame: Frame,
    /// The connection's page.
    pub path: String,
    /// What people call it.
    pub name: String,
    /// What the IdP is called.
    pub idp_name: &'static str,
    /// Where the test begins: opens once.
    pub url: String,
    /// Whether a click on the tile signs people in at all.
    pub idp_initiated: bool,
    /// The test.
    pub test: TestPanel,
}

/// `/settings/{organization}/sso/{connection}/guide/{idp}`.
#[derive(Template)]
#[template(path = "settings/guide.html")]
pub struct GuidePage {
    /// What stands around it.
    pub frame: Frame,
    /// The connection's page, with this guide.
    pub path: String,
    /// What people call it.
    pub name: String,
    /// What the IdP is called.
    pub idp_name: &'static str,
    /// The other guides.
    pub idps: Vec<Choice>,
    /// The set-up.
    pub steps: Vec<Step>,
    /// When it does not work: the code, and what to change.
    pub codes: Vec<(&'static str, &'static str)>,
}
