//! Why a browser is shown a page that says no: who can mend it, and in which words.

use crate::{ids::AttemptId, ports::StoreError, ports::outside::OutsideError};

/// Who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The person: start again.
    Person,
    /// Their administrator.
    Administrator,
    /// Whoever set this address up.
    Developer,
    /// Ourselves.
    Us {
        /// Whether coming again may help.
        passing: bool,
    },
}

/// What a person is told. No want, no got, no XML, no name of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Who can mend it.
    pub who: Who,
    /// One sentence: what happened.
    pub sentence: String,
    /// Whether it was refused for its size, before it was looked at.
    pub too_large: bool,
    /// The attempt that was recorded.
    pub reference: Option<AttemptId>,
    /// Where "start again" leads: a path of ours.
    pub again: Option<String>,
    /// For the log only.
    pub private: Option<String>,
}

impl Refusal {
    /// With this sentence.
    #[must_use]
    pub fn new(who: Who, sentence: impl Into<String>) -> Self {
        Self {
            who,
            sentence: sentence.into(),
            too_large: false,
            reference: None,
            again: None,
            private: None,
        }
    }

    /// With where to start again.
    #[must_use]
    pub fn again(mut self, path: impl Into<String>) -> Self {
        self.again = Some(path.into());
        self
    }

    /// With the cause for the log.
    #[must_use]
    pub fn because(mut self, private: impl Into<String>) -> Self {
        self.private = Some(private.into());
        self
    }

    /// Nothing is set up at this address. The same sentence whether there is no organization or no connection.
    #[must_use]
    pub fn not_set_up() -> Self {
        Self::new(Who::Developer, "There is no single sign-on at this address.")
    }

    /// A defect of ours.
    #[must_use]
    pub fn internal(private: impl Into<String>) -> Self {
        Self::new(Who::Us { passing: false }, "Something went wrong on our side.").because(private)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let passing = Who::Us { passing: true };
        match error {
            StoreError::Throttled { .. } => {
                Self::new(passing, "Too many people are signing in at the moment.")
                    .because("the store throttled the request")
            }
            StoreError::Unavailable(private) => {
                Self::new(passing, "We cannot reach our own records at the moment.")
                    .because(private)
            }
            StoreError::Corrupt(private) => Self::internal(private),
        }
    }
}

impl From<OutsideError> for Refusal {
    fn from(error: OutsideError) -> Self {
        Self::new(Who::Us { passing: true }, "We cannot reach our own keys at the moment.")
            .because(error.private)
    }
}
