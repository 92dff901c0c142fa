//! A connection: one organization's link to one SAML IdP (S1–S7, S12), and the organization's encryption key pairs
//! (S5).
//!
//! What is live is never edited: a change is a draft beside it, which is tested and then takes its place.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConnectionId, KeyPairId},
    time::Timestamp,
};

/// A connection. At least one of `draft` and `live` is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// What people call it.
    pub name: String,
    /// What sign-in uses; `None` until it was activated.
    pub live: Option<Settings>,
    /// What is being edited; `None` when nothing is.
    pub draft: Option<Settings>,
    /// Until when an unsolicited response that fits the draft is a test (the tile was to be clicked).
    pub test_window_ends: Option<Timestamp>,
    /// Until when the ends of its certificates have been looked at: an end that comes near is told once.
    #[serde(default)]
    pub ends_checked: Option<Timestamp>,
    /// When it was made.
    pub created: Timestamp,
    /// Counts its changes; every write carries the one that it expects.
    pub version: u64,
}

/// Where a connection stands (S12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// Not tested since it was edited, and not live.
    Draft,
    /// Tested, and not live.
    Tested,
    /// Live. It may have a draft beside it.
    Active,
}

impl Connection {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> ConnectionState {
        match (&self.live, &self.draft) {
            (Some(_), _) => ConnectionState::Active,
            (None, Some(draft)) if draft.tested.is_some() => ConnectionState::Tested,
            (None, _) => ConnectionState::Draft,
        }
    }
}

/// What a connection is set to: everything that decides whether a response is accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Where the IdP's metadata comes from.
    pub source: MetadataSource,
    /// What its metadata said; `None` until some was saved.
    pub idp: Option<Idp>,
    /// Which of our entity IDs the IdP knows us by (S1).
    pub entity_id: EntityIdChoice,
    /// What is accepted, and how we ask.
    pub policy: ConnectionPolicy,
    /// When a test of exactly these settings passed.
    pub tested: Option<Timestamp>,
}

/// Where metadata comes from (S4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetadataSource {
    /// Nothing was saved yet.
    Missing,
    /// Fetched from here, and again on a schedule.
    Url {
        /// `https`, checked.
        url: String,
        /// When it was last fetched and good.
        fetched: Timestamp,
        /// When it was last tried.
        tried: Timestamp,
        /// Why the last try failed: a code and a sentence.
        error: Option<String>,
    },
    /// Uploaded or pasted: nobody can refresh it but people.
    Document {
        /// When.
        saved: Timestamp,
    },
}

/// Which of our entity IDs (S1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityIdChoice {
    /// `https://host/saml/metadata`: the same for every organization.
    Shared,
    /// `https://host/saml/metadata/{domain}`: an Entra tenant can hold only one app for an entity ID.
    Organization,
}

/// What an IdP's metadata said, as far as we use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idp {
    /// Its entity ID, byte for byte.
    pub entity_id: String,
    /// Where an `AuthnRequest` goes by Redirect.
    pub sso_redirect: Option<String>,
    /// Where an `AuthnRequest` goes by POST.
    pub sso_post: Option<String>,
    /// Where a `LogoutRequest` goes by Redirect, and where the answer to one goes.
    pub slo_redirect: Option<SloEndpoint>,
    /// The same by POST.
    pub slo_post: Option<SloEndpoint>,
    /// All signing certificates, DER in base64: rollover overlaps.
    pub certificates: Vec<String>,
    /// It wants `AuthnRequest`s signed.
    pub wants_signed_requests: bool,
    /// Until when its metadata says that it holds.
    pub valid_until: Option<Timestamp>,
}

/// A single-logout endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SloEndpoint {
    /// Where requests go.
    pub location: String,
    /// Where answers go, when that is another address.
    pub response_location: Option<String>,
}

/// What is accepted, and how we ask (S3, S5, S6, S7, S8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionPolicy {
    /// Whether unsolicited responses (a tile in the IdP) sign people in.
    pub idp_initiated: bool,
    /// Whether somebody whom nobody provisioned becomes a member by signing in.
    pub just_in_time: bool,
    /// Whether an assertion must be encrypted.
    pub require_encryption: bool,
    /// Whether `AuthnRequest`s are signed.
    pub sign_requests: bool,
    /// Ask by POST rather than by Redirect.
    pub request_by_post: bool,
    /// Take SHA-1 until then (at most [`WEAK_DAYS_MAX`] days ahead).
    pub sha1_until: Option<Timestamp>,
    /// Take RSA 1.5 key transport until then.
    pub rsa_1_5_until: Option<Timestamp>,
    /// How far the IdP's clock may be from ours, in seconds.
    pub clock_skew_secs: u32,
    /// How long a session lasts at most, in seconds.
    pub session_secs: u32,
    /// Names of the attributes that the IdP sends, where they are not the known ones (S7).
    pub attributes: AttributeNames,
    /// E-mail domains whose addresses this connection may name; empty: any.
    pub email_domains: Vec<String>,
    /// DER in base64 of the certificate that our request signatures are checked with; there once `sign_requests` is.
    pub request_certificate: Option<String>,
}

/// The clock skew that is taken when nobody says otherwise, in seconds.
pub const CLOCK_SKEW_SECS_DEFAULT: u32 = 180;
/// The largest clock skew that can be set, in seconds.
pub const CLOCK_SKEW_SECS_MAX: u32 = 600;
/// How long a session lasts when nobody says otherwise, in seconds: a working day.
pub const SESSION_SECS_DEFAULT: u32 = 12 * 3_600;
/// The shortest session that can be set, in seconds.
pub const SESSION_SECS_MIN: u32 = 300;
/// The longest session that can be set, in seconds: 30 days.
pub const SESSION_SECS_MAX: u32 = 30 * 86_400;
/// How far ahead the end of an exception for a weak algorithm may lie, in days.
pub const WEAK_DAYS_MAX: u64 = 180;
/// How long a test window stays open, in seconds.
pub const TEST_WINDOW_SECS: u64 = 900;

impl Default for ConnectionPolicy {
    fn default() -> Self {
        Self {
            idp_initiated: true,
            just_in_time: true,
            require_encryption: false,
            sign_requests: false,
            request_by_post: false,
            sha1_until: None,
            rsa_1_5_until: None,
            clock_skew_secs: CLOCK_SKEW_SECS_DEFAULT,
            session_secs: SESSION_SECS_DEFAULT,
            attributes: AttributeNames::default(),
            email_domains: Vec::new(),
            request_certificate: None,
        }
    }
}

/// Names of attributes that replace the known ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AttributeNames {
    /// The e-mail address.
    pub email: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// The whole name.
    pub display_name: Option<String>,
}

/// An encryption key pair of an organization (S5): IdPs encrypt to the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// Its id.
    pub id: KeyPairId,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// SHA-256 of it, lower-case hexadecimal.
    pub fingerprint: String,
    /// The private key (PKCS #8), sealed for this organization.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
    /// Until when the certificate holds.
    pub expires: Timestamp,
    /// Counts its changes.
    pub version: u64,
}

/// How long a certificate of ours holds, in days. IdPs do not check it; people get a date to plan by.
pub const CERTIFICATE_DAYS: u64 = 3 * 365;

/// An organization with all that a sign-in needs of it: read in one call.
#[derive(Debug, Clone, PartialEq)]
pub struct SignInSetup {
    /// The organization.
    pub organization: crate::organization::Organization,
    /// Its connections, drafts included, in the order of their ids.
    pub connections: Vec<Connection>,
    /// Its encryption key pairs, newest first.
    pub key_pairs: Vec<KeyPair>,
}

/// The name of whom a SAML session is about, kept to end it at the IdP (S13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamlSubject {
    /// Which connection.
    pub connection: ConnectionId,
    /// The NameID's text.
    pub name_id: String,
    /// Its format.
    pub format: Option<String>,
    /// Its `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// Its `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
    /// The IdP's name for its session.
    pub session_index: Option<String>,
}
