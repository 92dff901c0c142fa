//! The Redirect binding (SAML Bindings §3.4) in both directions.

use std::io::{Read as _, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

use crate::{Digest, Error, SigningKey};

/// The longest message that is inflated, in bytes.
pub const MESSAGE_BYTES_MAX: u64 = 64 * 1024;

/// Deflates a message and writes it in base64: a parameter's value before it is percent-encoded.
///
/// # Errors
/// When the compressor fails.
pub fn deflated(xml: &str) -> Result<String, Error> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(xml.as_bytes()).and_then(|()| encoder.finish());
    Ok(STANDARD.encode(written.map_err(|error| Error::new(error.to_string()))?))
}

/// The reverse of [`deflated`].
///
/// # Errors
/// When it is not that, or longer than [`MESSAGE_BYTES_MAX`].
pub fn inflated(value: &str) -> Result<String, Error> {
    let bytes = STANDARD.decode(value).map_err(|_| Error::new("the message is not base64"))?;
    let mut xml = String::new();
    DeflateDecoder::new(bytes.as_slice())
        .take(MESSAGE_BYTES_MAX + 1)
        .read_to_string(&mut xml)
        .map_err(|_| Error::new("the message is not deflated UTF-8"))?;
    if xml.len() as u64 > MESSAGE_BYTES_MAX {
        return Err(Error::new(format!("the message is longer than {MESSAGE_BYTES_MAX} bytes")));
    }
    Ok(xml)
}

/// A query that carries a message: `parameter` is `SAMLRequest` or `SAMLResponse`. Signed when there is a key.
///
/// # Errors
/// When the key cannot be used with the digest.
pub fn query(
    parameter: &str,
    xml: &str,
    relay_state: Option<&str>,
    key: Option<(&SigningKey, Digest)>,
) -> Result<String, Error> {
    let mut query = format!("{parameter}={}", percent_encoded(&deflated(xml)?));
    if let Some(relay_state) = relay_state {
        query += &format!("&RelayState={}", percent_encoded(relay_state));
    }
    if let Some((key, digest)) = key {
        query += &format!("&SigAlg={}", percent_encoded(key.algorithm(digest)?));
        let signature = STANDARD.encode(key.sign(digest, query.as_bytes())?);
        query += &format!("&Signature={}", percent_encoded(&signature));
    }
    Ok(query)
}

/// Everything but RFC 3986's unreserved characters as `%XX`.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded += &format!("%{byte:02X}");
        }
    }
    encoded
}

/// The value of the first parameter of this name in a raw query, decoded; `+` is a space.
#[must_use]
pub fn parameter(raw_query: &str, name: &str) -> Option<String> {
    let raw = raw_query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))?;
    let (mut bytes, mut rest) = (Vec::new(), raw.as_bytes());
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = std::str::from_utf8(behind.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = behind.get(2..)?;
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}
