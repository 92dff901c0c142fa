//! Where the server is and which key opens it: options first, then the environment.

use std::{fs, net::IpAddr, path::Path};

use serde::Deserialize;

use crate::{args::Connection, failure::Failure};

/// Where the environment names the server.
pub const URL: &str = "LYCHGATE_URL";
/// Where the environment has the operator key.
pub const OPERATOR_KEY: &str = "LYCHGATE_OPERATOR_KEY";

/// What the environment says.
#[derive(Clone, Default)]
pub struct Environment {
    /// [`URL`].
    pub url: Option<String>,
    /// [`OPERATOR_KEY`].
    pub operator_key: Option<String>,
}

impl Environment {
    /// That of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this program's own configuration, read once")]
    pub fn of_process() -> Self {
        let read = |name| std::env::var(name).ok().filter(|text: &String| !text.trim().is_empty());
        Self { url: read(URL), operator_key: read(OPERATOR_KEY) }
    }
}

/// A server and a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// `https://host`, without a slash at its end.
    pub base_url: String,
    /// Whether the server is this very machine.
    pub is_loopback: bool,
    /// The operator key.
    pub key: String,
}

/// What the local server writes for scripts, as far as it is needed here.
#[derive(Deserialize)]
struct Demo {
    base_url: String,
    operator_key: String,
}

impl Settings {
    /// From the options and the environment.
    ///
    /// # Errors
    /// Something is missing or cannot be read.
    pub fn resolve(options: &Connection, environment: &Environment) -> Result<Self, Failure> {
        if let Some(path) = &options.demo {
            let text = read(path)?;
            let demo: Demo = serde_json::from_str(&text).map_err(|error| {
                Failure::new(format!(
                    "{} is not the `demo.json` of a local server: {error}.",
                    path.display()
                ))
            })?;
            return Self::of(&demo.base_url, &demo.operator_key);
        }
        let url = options.url.as_ref().or(environment.url.as_ref()).ok_or_else(|| {
            Failure::new(format!("Which server? Give --url, set {URL}, or give --demo."))
        })?;
        let key = match (&options.key_file, &environment.operator_key) {
            (Some(path), _) => read(path)?,
            (None, Some(key)) => key.clone(),
            (None, None) => {
                return Err(Failure::new(format!(
                    "Which operator key? Give --key-file, set {OPERATOR_KEY}, or give --demo."
                )));
            }
        };
        Self::of(url, &key)
    }

    fn of(url: &str, key: &str) -> Result<Self, Failure> {
        let key = key.trim();
        if !key.starts_with("lyo_") || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            // The text itself is not shown: it may be another secret.
            return Err(Failure::new("The operator key is none: it begins with `lyo_`."));
        }
        let base_url = url.trim().trim_end_matches('/');
        let is_loopback = check(base_url)?;
        Ok(Self { base_url: base_url.to_owned(), is_loopback, key: key.to_owned() })
    }
}

/// The key goes over the wire: https, but for a server on this very machine. Gives whether it is that.
fn check(base_url: &str) -> Result<bool, Failure> {
    let none = || {
        Failure::new(format!(
            "`{base_url}` is no server's address: give one such as https://sso.example.com."
        ))
    };
    let (scheme, rest) = base_url.split_once("://").ok_or_else(none)?;
    if rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ']) {
        return Err(none());
    }
    let is_loopback = is_loopback(rest);
    match scheme {
        "https" => Ok(is_loopback),
        "http" if is_loopback => Ok(true),
        "http" => Err(Failure::new(
            "The operator key would cross the network in the clear: give an https address (http is for \
             this very machine only).",
        )),
        _ => Err(none()),
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}.", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "lyo_abcdefgh_x";

    fn of(url: &str) -> Result<Settings, Failure> {
        Settings::of(url, KEY)
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for fine in [
            "http://127.0.0.1:8080",
            "http://localhost:8080/",
            "http://[::1]:8080",
            "https://sso.example.com",
        ] {
            assert!(of(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "http://sso.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "http://10.0.0.1",
            "ftp://localhost",
            "sso.example.com",
            "https://",
            "https://sso.example.com/v1",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_text_that_is_no_key_is_not_repeated() {
        let failure = Settings::of("https://a.example", "lyg_secret").err().unwrap();
        assert!(!failure.to_string().contains("secret"));
        assert!(Settings::of("https://a.example", "lyo_a\nb").is_err());
    }

    #[test]
    fn options_come_before_the_environment() {
        let environment = Environment {
            url: Some("https://environment.example".to_owned()),
            operator_key: Some(format!(" {KEY}\n")),
        };
        let options = Connection { url: None, key_file: None, demo: None };
        let settings = Settings::resolve(&options, &environment).ok().unwrap();
        assert_eq!(settings.base_url, "https://environment.example");
        assert_eq!(settings.key, KEY);
        let options = Connection { url: Some("https://option.example/".to_owned()), ..options };
        let settings = Settings::resolve(&options, &environment).ok().unwrap();
        assert_eq!(settings.base_url, "https://option.example");
        let nothing = Settings::resolve(&options, &Environment::default()).err().unwrap();
        assert!(nothing.to_string().contains("--key-file"));
    }
}
