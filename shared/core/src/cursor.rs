//! Cursors (RFC 9865): opaque to the client, bound to the organization, the list and the question.
//!
//! A cursor holds where to go on and a digest of what it belongs to. It is no secret and carries no right:
//! whoever forges one reads the same directory that the token lets them read, from another place.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lychgate_scim::{Error, ErrorKind};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids::OrganizationId;

/// Where a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// After this resource, in the order of ids.
    After(Uuid),
    /// At this offset of a list that was sorted or looked up (0-based).
    Offset(u64),
}

/// What a cursor belongs to: the digest of the organization, the list and the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding([u8; 8]);

/// The longest cursor that is looked at, in bytes.
pub const CURSOR_BYTES_MAX: usize = 64;

impl Binding {
    /// Of the parts of the question, each with its length, so that no two questions share a digest.
    #[must_use]
    pub fn of(organization: &OrganizationId, question: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once(organization.bare()).chain(question.iter().copied()) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut short = [0_u8; 8];
        short.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(short)
    }
}

/// The text of a cursor.
#[must_use]
pub fn encode(binding: Binding, place: Place) -> String {
    let mut bytes = binding.0.to_vec();
    match place {
        Place::After(uuid) => bytes.extend_from_slice(uuid.as_bytes()),
        Place::Offset(offset) => bytes.extend_from_slice(&offset.to_be_bytes()),
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a cursor.
///
/// # Errors
/// `invalidCursor` when it is none of ours, or belongs to another list or question.
pub fn decode(binding: Binding, text: &str) -> Result<Place, Error> {
    let invalid = || {
        Error::new(
            ErrorKind::InvalidCursor,
            "The `cursor` was not made for this list with this filter and this order. Begin again with an empty `cursor`.",
        )
    };
    if text.len() > CURSOR_BYTES_MAX {
        return Err(invalid());
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
    let (head, place) = bytes.split_at_checked(8).ok_or_else(invalid)?;
    if head != binding.0 {
        return Err(invalid());
    }
    match place.len() {
        16 => Ok(Place::After(Uuid::from_slice(place).map_err(|_| invalid())?)),
        8 => {
            let place = <[u8; 8]>::try_from(place).map_err(|_| invalid())?;
            Ok(Place::Offset(u64::from_be_bytes(place)))
        }
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(filter: &str) -> Binding {
        Binding::of(&OrganizationId::from_bare("0123456789abcdef").unwrap(), &["Users", filter])
    }

    #[test]
    fn a_cursor_reads_back_where_it_was_made_and_nowhere_else() {
        for place in [Place::Offset(7), Place::After(Uuid::from_u128(42))] {
            let text = encode(binding("active eq true"), place);
            assert_eq!(decode(binding("active eq true"), &text), Ok(place));
            let elsewhere = decode(binding("active eq false"), &text).unwrap_err();
            assert_eq!(elsewhere.kind, ErrorKind::InvalidCursor);
        }
    }
}
