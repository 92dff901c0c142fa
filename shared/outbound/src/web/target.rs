//! Which addresses may be asked at all (the URL Standard of WHATWG, and much less than it allows).

use std::net::IpAddr;

use lychgate_core::ports::outside::FetchError;
use url::{Host, Url};

use super::refused;

/// The longest address, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;
/// The one port of public hosts.
pub const PORT: u16 = 443;

/// How far a client reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public hosts, by https.
    Public,
    /// Also this machine, by http: an identity provider and an application of the local server. A function is built
    /// without it.
    #[cfg(feature = "local")]
    PublicAndThisMachine,
}

impl Reach {
    const fn this_machine(self) -> bool {
        match self {
            Self::Public => false,
            #[cfg(feature = "local")]
            Self::PublicAndThisMachine => true,
        }
    }
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A host on the Internet: its addresses must be public.
    Public(String),
    /// `localhost`: its addresses must be loopback.
    Localhost,
    /// A loopback address.
    Loopback(IpAddr),
}

/// An address that may be asked, as far as its text can say: addresses behind a name are vetted when it is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
    asked: Asked,
    reach: Reach,
}

impl Target {
    /// From what somebody wrote: to be asked when it is saved, and again each time it is fetched.
    ///
    /// # Errors
    /// [`FetchError`] with [`super::URL_REFUSED`] and what to write instead.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, FetchError> {
        let rest = checked(text, reach)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.is_empty() {
            return Err(refused("The address names no host."));
        }
        if authority.contains('@') {
            return Err(refused("The address must not contain a user name or password."));
        }
        let mut url = Url::parse(text)
            .map_err(|error| refused(format!("This is not an address on the web: {error}.")))?;
        url.set_fragment(None);
        let asked = asked(&url, reach)?;
        match &asked {
            Asked::Public(_) if url.scheme() != "https" => {
                Err(refused("The address must begin with https://."))
            }
            Asked::Public(_) if url.port().is_some() => {
                Err(refused("The address must not name a port: only 443 is asked."))
            }
            _ => Ok(Self { url, asked, reach }),
        }
    }

    /// Where a redirect leads. From https it must lead to https.
    pub(crate) fn follow(&self, location: &str) -> Result<Self, FetchError> {
        if location.len() > URL_BYTES_MAX || location.contains(is_trick) {
            return Err(refused(format!(
                "{} redirects to something that is no address.",
                self.host()
            )));
        }
        let next = self.url.join(location).map_err(|error| {
            refused(format!("{} redirects to something that is no address: {error}.", self.host()))
        })?;
        let next = Self::parse(next.as_str(), self.reach).map_err(|error| {
            refused(format!("{} redirects elsewhere. {}", self.host(), error.detail))
        })?;
        if self.is_secure() && !next.is_secure() {
            return Err(refused(format!("{} redirects away from https.", self.host())));
        }
        Ok(next)
    }

    /// The host's name, for sentences.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(crate) const fn asked(&self) -> &Asked {
        &self.asked
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(PORT)
    }

    /// What the `Host` header says.
    pub(crate) fn authority(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host().to_owned(),
        }
    }

    /// What stands in the request line.
    pub(crate) fn path_and_query(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
}

/// Browsers forgive these: they drop line breaks and take `\` for `/`. What is written here means one thing.
fn is_trick(c: char) -> bool {
    c.is_control() || c.is_whitespace() || c == '\\'
}

/// What follows the scheme and the slashes.
fn checked(text: &str, reach: Reach) -> Result<&str, FetchError> {
    if text.len() > URL_BYTES_MAX {
        return Err(refused(format!("The address is longer than {URL_BYTES_MAX} bytes.")));
    }
    if text.contains(is_trick) {
        return Err(refused("The address must not contain spaces, line breaks or backslashes."));
    }
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let fits = scheme.eq_ignore_ascii_case("https")
        || (reach.this_machine() && scheme.eq_ignore_ascii_case("http"));
    if !fits {
        return Err(refused("The address must begin with https://."));
    }
    Ok(rest)
}

fn asked(url: &Url, reach: Reach) -> Result<Asked, FetchError> {
    let literal = |address: IpAddr| {
        if reach.this_machine() && address.is_loopback() {
            return Ok(Asked::Loopback(address));
        }
        Err(refused("The address must name a host, such as idp.example.com, and not a number."))
    };
    match url.host() {
        Some(Host::Ipv4(address)) => literal(address.into()),
        Some(Host::Ipv6(address)) => literal(address.into()),
        Some(Host::Domain("localhost")) if reach.this_machine() => Ok(Asked::Localhost),
        Some(Host::Domain(name)) => {
            if is_public_name(name) {
                return Ok(Asked::Public(name.to_owned()));
            }
            Err(refused("The address must name a host on the Internet, such as idp.example.com."))
        }
        None => Err(refused("The address names no host.")),
    }
}

/// A name of two labels or more, none of them empty, and not in a zone that is everybody's own (RFC 6761, RFC 6762,
/// RFC 8375).
fn is_public_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(is_label)
        // No top-level domain begins with a digit, and some resolvers take numbers for addresses.
        && last.starts_with(|c: char| c.is_ascii_alphabetic())
        && !["localhost", "local", "internal"].contains(&last)
        && !name.ends_with(".home.arpa")
}

#[cfg(test)]
mod tests {
    use lychgate_testkit::Random;

    use super::*;

    const PIECES: &[&str] = &[
        "https://",
        "http://",
        "HTTPS://",
        "https:/",
        "//",
        "/",
        "\\",
        "?",
        "#",
        "@",
        ":",
        ".",
        "%",
        "%2e",
        "%00",
        "443",
        "80",
        "127.0.0.1",
        "1",
        "0x7f",
        "0177",
        "2130706433",
        "[",
        "]",
        "::1",
        "::ffff:",
        "localhost",
        "example",
        "com",
        "example.com",
        "idp.example.com",
        "xn--",
        "ß",
        "１",
        "。",
        "\u{ad}",
        "\u{200d}",
        "\t",
        "\n",
        " ",
        "-",
        "_",
        "*",
        "&",
        "=",
        "a",
    ];

    /// Whatever is put together: what is accepted is https to a name, on the one port, with nothing in front of it.
    #[test]
    fn what_is_accepted_is_plain() {
        let mut random = Random::new(7);
        let mut accepted = 0;
        for _ in 0..200_000 {
            let mut text = String::new();
            if !random.per_mille(100) {
                text.push_str("https://");
            }
            for _ in 0..=random.below(6) {
                text.push_str(PIECES[random.below(PIECES.len())]);
            }
            let Ok(target) = Target::parse(&text, Reach::Public) else {
                continue;
            };
            accepted += 1;
            let again = Url::parse(target.url.as_str()).unwrap();
            assert_eq!(again, target.url, "{text}");
            let (host, rest) = again
                .as_str()
                .strip_prefix("https://")
                .and_then(|rest| rest.split_once('/'))
                .unwrap_or_else(|| panic!("{text}"));
            assert_eq!(host, target.host(), "{text}");
            assert_eq!(target.authority(), host, "{text}");
            assert_eq!(target.path_and_query(), format!("/{rest}"), "{text}");
            assert!(host.parse::<IpAddr>().is_err() && host.contains('.'), "{text}");
            assert!(
                !host.split('.').next_back().unwrap().starts_with(|c: char| c.is_ascii_digit())
            );
            assert_eq!(target.port(), PORT, "{text}");
            assert!(http::Uri::try_from(target.path_and_query()).is_ok(), "{text}");
        }
        assert!(accepted > 2_000, "only {accepted} were accepted");
    }
}
