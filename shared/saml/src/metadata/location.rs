//! Where browsers may be sent: `Location` of an endpoint (SAML Metadata §2.2.2), as strict as can be.

use std::net::{IpAddr, Ipv6Addr};

/// The longest location, in bytes.
pub(super) const LOCATION_BYTES_MAX: usize = 2_048;

/// Whether browsers may be sent there: https, a host, printable ASCII, no user, no fragment. Plain http only to a
/// loopback host, and only when told.
pub(super) fn is_usable(location: &str, allow_loopback_http: bool) -> bool {
    let printable = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}#".contains(&byte);
    if location.len() > LOCATION_BYTES_MAX || !location.bytes().all(printable) {
        return false;
    }
    if let Some(rest) = without_scheme(location, "https://") {
        host(rest).is_some()
    } else if let Some(rest) = without_scheme(location, "http://") {
        allow_loopback_http && host(rest).is_some_and(is_loopback)
    } else {
        false
    }
}

fn without_scheme<'a>(location: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = location.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// The host of what follows the scheme. `None` when there is none, or a user stands before it.
fn host(rest: &str) -> Option<&str> {
    let authority = rest.split(['/', '?']).next()?;
    if authority.contains('@') {
        return None;
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (address, after) = bracketed.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            match after {
                "" => (address, None),
                _ => (address, Some(after.strip_prefix(':')?)),
            }
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let port_fits =
        port.is_none_or(|port| digits(port) && port.parse::<u16>().is_ok_and(|port| port > 0));
    (!host.is_empty() && !host.contains(['[', ']']) && port_fits).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_sent_over_https_to_a_plain_host() {
        for good in [
            "https://idp.example/sso",
            "https://idp.example",
            "HTTPS://idp.example:8443/sso?idpid=C0&x=%20",
            "https://[2001:db8::1]/sso",
            "https://[2001:db8::1]:443/sso",
        ] {
            assert!(is_usable(good, false), "{good}");
        }
        for bad in [
            "",
            "/sso",
            "//idp.example/sso",
            "https://",
            "https:///sso",
            "https://:443/sso",
            "https://good.example@127.0.0.1/",
            "https://idp.example:0/",
            "https://idp.example:99999/",
            "https://idp.example:+1/",
            "https://idp.example:/",
            "https://[::1/",
            "https://idp]/",
            "https://[idp.example]/",
            "https://[::1]x/",
            "https://idp.example/#fragment",
            "https://idp.example/\\evil",
            "https://idp.example/ sso",
            "https://idp.example/\r\nX: y",
            "https://idp.example/\"onload",
            "https://ïdp.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://idp.example/",
            "http://idp.example/sso",
            "http://localhost/sso",
        ] {
            assert!(!is_usable(bad, false), "{bad}");
        }
        assert!(!is_usable(&format!("https://idp.example/{}", "a".repeat(2_048)), false));
    }

    #[test]
    fn plain_http_reaches_loopback_hosts_only_and_only_when_told() {
        for good in [
            "http://localhost:8080/sso",
            "http://127.0.0.1/sso",
            "http://127.8.8.8:1/sso",
            "http://[::1]:8080/sso",
        ] {
            assert!(is_usable(good, true), "{good}");
        }
        for bad in [
            "http://idp.example/sso",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://2130706433/",
            "http://localhost@evil.example/",
        ] {
            assert!(!is_usable(bad, true), "{bad}");
        }
    }
}
