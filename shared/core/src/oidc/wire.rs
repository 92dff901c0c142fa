//! The small encodings that OAuth and JOSE are made of: form encoding, base64url, and what a code looks like.
//!
//! ```text
//! lygc_<organization>_<grant id>_<secret>    an authorization code
//! lygt_<organization>_<grant id>_<secret>    the access token for userinfo
//! ```

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{
    credential::SECRET_CHARS,
    ids::{GrantId, OrganizationId},
    secret::SecretHash,
};

/// Appends `name=value` to an address's query, form-encoded (RFC 6749 Appendix B).
pub(crate) fn push_query(address: &mut String, name: &str, value: &str) {
    address.push(if address.contains('?') { '&' } else { '?' });
    push_encoded(address, name);
    address.push('=');
    push_encoded(address, value);
}

/// Everything but letters, digits and `-._~` as `%XX`: right in a query and in a form.
fn push_encoded(out: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit =
        |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('0', |digit| char::from(*digit));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// Pairs as a query, form-encoded; without a `?`.
#[must_use]
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        push_encoded(&mut out, name);
        out.push('=');
        push_encoded(&mut out, value);
    }
    out
}

/// base64url without padding (RFC 7515 §2).
pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of base64url without padding.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

/// The longest code or access token, in bytes.
const GRANT_TEXT_BYTES_MAX: usize = 128;

/// A code or an access token: parsed, not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub struct GrantText {
    /// The organization that it names.
    pub organization: OrganizationId,
    /// The grant that it names.
    pub id: GrantId,
    secret: String,
}

impl std::fmt::Debug for GrantText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GrantText({}, {}, …)", self.organization, self.id)
    }
}

impl GrantText {
    /// An authorization code.
    #[must_use]
    pub fn parse_code(text: &str) -> Option<Self> {
        Self::parse("lygc", text)
    }

    /// An access token for userinfo.
    #[must_use]
    pub fn parse_token(text: &str) -> Option<Self> {
        Self::parse("lygt", text)
    }

    fn parse(kind: &str, text: &str) -> Option<Self> {
        if text.len() > GRANT_TEXT_BYTES_MAX {
            return None;
        }
        let mut parts = text.split('_');
        let (prefix, organization, id, secret) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || prefix != kind || secret.len() != SECRET_CHARS {
            return None;
        }
        Some(Self {
            organization: OrganizationId::from_bare(organization).ok()?,
            id: GrantId::from_bare(id).ok()?,
            secret: secret.to_owned(),
        })
    }

    /// Whether its secret is the one that was hashed; takes the same time whatever the answer.
    #[must_use]
    pub fn proves(&self, hash: &SecretHash) -> bool {
        hash.matches(self.secret.as_bytes())
    }
}

/// The text of a code.
#[must_use]
pub fn code_text(organization: &OrganizationId, id: &GrantId, secret: &str) -> String {
    format!("lygc_{}_{}_{secret}", organization.bare(), id.bare())
}

/// The text of an access token for userinfo.
#[must_use]
pub fn token_text(organization: &OrganizationId, id: &GrantId, secret: &str) -> String {
    format!("lygt_{}_{}_{secret}", organization.bare(), id.bare())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_carries_every_character() {
        let mut address = "https://app.example/back?a=b".to_owned();
        push_query(&mut address, "state", "a&b=c é\"\r\n#?/+");
        assert_eq!(
            address,
            "https://app.example/back?a=b&state=a%26b%3Dc%20%C3%A9%22%0D%0A%23%3F%2F%2B"
        );
        assert_eq!(query([("a b", "c"), ("d", "")]), "a%20b=c&d=");
    }

    #[test]
    fn a_code_is_no_access_token() {
        let organization = OrganizationId::from_bare("0123456789abcdef").unwrap();
        let id = GrantId::from_bare("fedcba9876543210").unwrap();
        let secret = "k".repeat(SECRET_CHARS);
        let code = code_text(&organization, &id, &secret);
        let read = GrantText::parse_code(&code).unwrap();
        assert_eq!((&read.organization, &read.id), (&organization, &id));
        assert!(read.proves(&SecretHash::of(secret.as_bytes())));
        assert!(!read.proves(&SecretHash::of(b"other")));
        assert!(GrantText::parse_token(&code).is_none());
        assert!(GrantText::parse_token(&token_text(&organization, &id, &secret)).is_some());
        for wrong in [
            "",
            "lygc",
            "lygc___",
            code.trim_start_matches('l'),
            &format!("{code}_x"),
            &format!("{code}x"),
        ] {
            assert!(GrantText::parse_code(wrong).is_none(), "{wrong}");
        }
    }
}
