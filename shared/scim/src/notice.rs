//! What was repaired or dropped on the way in. Nothing is answered 200 and ignored without a trace: every
//! tolerance leaves a [`Notice`] that ends in the request log.

use std::borrow::Cow;

/// One repair of a request, or one value that was left out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which rule acted.
    pub kind: NoticeKind,
    /// The attribute, path or URN that it acted on (shortened to [`NOTICE_SUBJECT_CHARS_MAX`]). Never a value.
    pub subject: Cow<'static, str>,
}

/// The longest subject that is kept, in characters.
pub const NOTICE_SUBJECT_CHARS_MAX: usize = 120;
/// The most notices that are kept of one request; later ones are only counted.
pub const NOTICES_MAX: usize = 32;

/// The tolerances, each with the client that needs it. The request log shows the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoticeKind {
    /// An attribute that no schema of this resource type declares was dropped (every IdP with custom mappings).
    UnknownAttribute,
    /// A schema URN that is not served here was ignored (Entra's ADSCIM group URN, OneLogin's `urn:scim:…:1.0`).
    UnknownSchema,
    /// A read-only attribute in a body was ignored, as RFC 7644 §3.5.1 says (Okta's PUT echoes `id`, `meta`, `groups`).
    ReadOnly,
    /// A create-only attribute came with another value in a PUT; the first one was kept (P8).
    CreateOnly,
    /// A boolean came as text (Entra's `"False"`, OneLogin's `"true"`).
    BooleanText,
    /// One object came where the schema has a list (OneLogin's `emails`).
    SingleForMany,
    /// A list of one came where the schema has one value (Entra's `manager`).
    ManyForSingle,
    /// Text came where the schema has a complex value; taken as its `value` (Entra's `manager`).
    TextForComplex,
    /// The password was accepted and not stored (Okta always sends a random one).
    Password,
    /// `members` or `groups` of a user: membership changes through `/Groups` (Okta AIW).
    Membership,
    /// These member ids do not exist; the others were applied (P10).
    UnknownMember,
    /// A value filter matched no element, so the element that it describes was created (Entra).
    CreatedElement,
    /// Several elements were primary; the last one was kept so (RFC 7643 §2.4).
    Primary,
    /// A number came as text, or the reverse.
    NumberText,
    /// The `schemas` list was missing or did not name the message.
    Schemas,
}

/// The notices of one request, bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notices {
    kept: Vec<Notice>,
    dropped: usize,
}

impl Notices {
    /// Adds one, or counts it when [`NOTICES_MAX`] are kept already. The same notice twice is kept once.
    pub fn push(&mut self, kind: NoticeKind, subject: impl Into<Cow<'static, str>>) {
        let mut subject = subject.into();
        if subject.chars().nth(NOTICE_SUBJECT_CHARS_MAX).is_some() {
            subject = subject.chars().take(NOTICE_SUBJECT_CHARS_MAX).collect::<String>().into();
        }
        let notice = Notice { kind, subject };
        if self.kept.contains(&notice) {
            return;
        }
        if self.kept.len() < NOTICES_MAX {
            self.kept.push(notice);
        } else {
            self.dropped += 1;
        }
    }

    /// Those that were kept, in the order in which they arose.
    #[must_use]
    pub fn kept(&self) -> &[Notice] {
        &self.kept
    }

    /// How many more there were.
    #[must_use]
    pub const fn dropped(&self) -> usize {
        self.dropped
    }

    /// Whether nothing was repaired or dropped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}
