//! Addresses that browsers or we are sent to: `https`, or `http` on the developer's own machine.

use super::Refusal;

/// The longest address, in bytes.
pub const URI_BYTES_MAX: usize = 2_048;

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A browser is sent there with an answer; compared byte for byte, so it is kept as it was typed.
    Redirect,
    /// We post to it, and go to public hosts on the port of https alone (decision 23).
    Posted,
    /// Anything else.
    Address,
}

/// An absolute `https` address, or `http` on a loopback host, without user, fragment or placeholder (RFC 6749 §3.1.2, RFC
/// 8252 §7.3).
pub(crate) fn check(field: &str, text: &str, purpose: Purpose) -> Result<String, Refusal> {
    match flaw(text, purpose) {
        None => Ok(text.to_owned()),
        Some(flaw) => {
            // What a stranger sent comes back shortened: enough to see the typo.
            let shown: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
            let example = "such as `https://app.example.com/callback`";
            Err(Refusal::invalid(
                field,
                format!(
                    "`{shown}` in `{field}` {flaw}: give an absolute https address, {example}."
                ),
            ))
        }
    }
}

fn flaw(text: &str, purpose: Purpose) -> Option<&'static str> {
    if text.len() > URI_BYTES_MAX {
        return Some("is longer than 2,048 bytes");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)) {
        return Some("has a character that no address has");
    }
    let (is_https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Some("does not begin with https://"),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some("names a user");
    }
    let Some(host) = host(authority) else { return Some("has no host that can be read") };
    if !is_https && !matches!(host, "127.0.0.1" | "[::1]" | "localhost") {
        return Some("is not https (plain http is for 127.0.0.1, [::1] and localhost)");
    }
    if is_https && purpose == Purpose::Posted && host.len() != authority.len() {
        return Some("names a port, and nothing is posted to another port than that of https");
    }
    if text.contains('#') {
        return Some("has a fragment");
    }
    if purpose == Purpose::Redirect && text.contains('*') {
        return Some("has a placeholder, and addresses are compared as they are");
    }
    None
}

/// The host of `host` or `host:port`.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, port)) => {
            let is_ip = inside.parse::<std::net::Ipv6Addr>().is_ok();
            (authority.get(..inside.len() + 2).filter(|_| is_ip)?, port)
        }
        None => match authority.split_once(':') {
            Some((host, _)) => (host, authority.get(host.len()..)?),
            None => (authority, ""),
        },
    };
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|it| it > 0));
    let is_name = host.starts_with('[')
        || (!host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.'));
    (is_port && is_name).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_https_and_loopback_http_pass() {
        for good in [
            "https://app.example.com/callback",
            "https://app.example.com:8443/a?b=c&d=%20",
            "https://[2001:db8::1]/x",
            "http://127.0.0.1:3000/cb",
            "http://[::1]:3000/cb",
            "http://localhost/cb",
        ] {
            assert_eq!(flaw(good, Purpose::Redirect), None, "{good}");
        }
        for bad in [
            "",
            "app.example.com/callback",
            "//app.example.com",
            "https://",
            "https:///x",
            "http://app.example.com/cb",
            "http://127.0.0.1.example.com/cb",
            "http://localhost@evil.example/cb",
            "https://user@app.example.com/",
            "https://app.example.com/#x",
            "https://app.example.com/a b",
            "https://app.example.com\\@evil.example/",
            "https://app.example.com/\n",
            "https://*.example.com/",
            "https://app.example.com/*",
            "https://app.example.com:/",
            "https://app.example.com:99999/",
            "https://[::1/",
            "https://[localhost]/",
            "HTTPS://app.example.com/",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            assert!(flaw(bad, Purpose::Redirect).is_some(), "{bad}");
        }
        for port in ["https://app.example.com:8443/out", "https://app.example.com:443/out"] {
            assert!(
                flaw(port, Purpose::Posted).is_some() && flaw(port, Purpose::Address).is_none()
            );
        }
        assert_eq!(flaw("https://app.example.com/out", Purpose::Posted), None);
        assert_eq!(flaw("http://127.0.0.1:8080/out", Purpose::Posted), None);
        let long = format!("https://a.example/{}", "x".repeat(URI_BYTES_MAX));
        assert!(flaw(&long, Purpose::Address).is_some());
    }
}
