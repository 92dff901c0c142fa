//! The configuration texts: `lychgate_edge::config` reads them, this module says what they may hold.

use std::fmt;
#[cfg(feature = "local")]
use std::path::PathBuf;

use lychgate_aws::Tls;

/// What seals encryption keys.
pub const SEAL_KEY: &str = "LYCHGATE_SEAL_KEY";
/// What signs ID tokens and logout tokens.
pub const OIDC_KEYS: &str = "LYCHGATE_OIDC_KEYS";
/// What signs SAML requests.
pub const SAML_KEY: &str = "LYCHGATE_SAML_KEY";
/// How e-mail leaves.
pub const MAIL: &str = "LYCHGATE_MAIL";

/// A setting that is missing or wrong: which, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The variable.
    pub variable: &'static str,
    /// What to change.
    pub what: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.what)
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    pub(crate) fn new(variable: &'static str, what: impl Into<String>) -> Self {
        Self { variable, what: what.into() }
    }
}

/// Other addresses than AWS's own, under the names that the SDKs of AWS use. With `http://` there is no encryption, so
/// a made-up credential is sent instead of a real one: for an emulator on the same machine.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// `AWS_ENDPOINT_URL_KMS`.
    pub kms: Option<String>,
    /// `AWS_ENDPOINT_URL_SESV2`.
    pub sesv2: Option<String>,
    /// What the encryption on the way to AWS's own addresses stands on.
    pub tls: Tls,
}

impl Endpoints {
    /// AWS's own addresses.
    #[must_use]
    pub const fn with(tls: Tls) -> Self {
        Self { kms: None, sesv2: None, tls }
    }
}

/// The ARN of a KMS key, and the region that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyArn {
    pub(crate) text: String,
    pub(crate) region: String,
}

impl KeyArn {
    /// `arn:<partition>:kms:<region>:<account>:key/<id>`. An alias is refused: it could change what it means while a
    /// process remembers its public key.
    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let &["arn", partition, "kms", region, account, resource] = parts.as_slice() else {
            return None;
        };
        let id = resource.strip_prefix("key/")?;
        let is_word = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let good = is_word(partition)
            && is_word(region)
            && is_word(id)
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit());
        good.then(|| Self { text: text.to_owned(), region: region.to_owned() })
    }
}

/// Where keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keys {
    /// In KMS; one region, at least one key, the current one first.
    Kms(Vec<KeyArn>),
    /// In a key file.
    #[cfg(feature = "local")]
    File(PathBuf),
}

/// Reads a setting that names keys.
pub(crate) fn keys(
    variable: &'static str,
    text: Option<&str>,
    keys_max: usize,
) -> Result<Keys, ConfigError> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let Some(text) = text else {
        return Err(ConfigError::new(variable, format!("must be set to {}", wanted(keys_max))));
    };
    if let Some(path) = text.strip_prefix("file:") {
        return file(variable, path);
    }
    let mut arns: Vec<KeyArn> = Vec::new();
    for part in text.split(',').map(str::trim) {
        let arn = KeyArn::parse(part).ok_or_else(|| {
            ConfigError::new(variable, format!("`{part}` is not {}", wanted(keys_max)))
        })?;
        if arns.contains(&arn) {
            return Err(ConfigError::new(variable, format!("names {part} twice")));
        }
        if arns.first().is_some_and(|first| first.region != arn.region) {
            return Err(ConfigError::new(variable, "names keys of several regions"));
        }
        arns.push(arn);
    }
    if arns.len() > keys_max {
        let what = format!("names {} keys; at most {keys_max}", arns.len());
        return Err(ConfigError::new(variable, what));
    }
    Ok(Keys::Kms(arns))
}

fn wanted(keys_max: usize) -> &'static str {
    let several = keys_max > 1;
    match (several, cfg!(feature = "local")) {
        (false, false) => "the ARN of a KMS key (arn:aws:kms:…:key/…)",
        (false, true) => "the ARN of a KMS key (arn:aws:kms:…:key/…) or file:<path>",
        (true, false) => "ARNs of KMS keys (arn:aws:kms:…:key/…), separated by commas",
        (true, true) => {
            "ARNs of KMS keys (arn:aws:kms:…:key/…), separated by commas, or file:<path>"
        }
    }
}

#[cfg(feature = "local")]
fn file(variable: &'static str, path: &str) -> Result<Keys, ConfigError> {
    Ok(Keys::File(local_path(variable, "file", path)?))
}

#[cfg(not(feature = "local"))]
fn file(variable: &'static str, _path: &str) -> Result<Keys, ConfigError> {
    Err(only_local(variable, "file:<path>"))
}

#[cfg(feature = "local")]
fn local_path(
    variable: &'static str,
    scheme: &'static str,
    path: &str,
) -> Result<PathBuf, ConfigError> {
    if path.is_empty() {
        return Err(ConfigError::new(variable, format!("write a path behind {scheme}:")));
    }
    Ok(PathBuf::from(path))
}

#[cfg(not(feature = "local"))]
fn only_local(variable: &'static str, form: &str) -> ConfigError {
    ConfigError::new(
        variable,
        format!("{form} is for the local server only; this build has AWS alone"),
    )
}

/// How e-mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mail {
    /// Through SES, from this address.
    Ses(String),
    /// Into a folder.
    #[cfg(feature = "local")]
    Folder(PathBuf),
}

/// Reads [`MAIL`].
pub(crate) fn mail(text: Option<&str>) -> Result<Mail, ConfigError> {
    let wanted = if cfg!(feature = "local") {
        "ses:<from address> or folder:<path>"
    } else {
        "ses:<from address>"
    };
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let Some(text) = text else {
        return Err(ConfigError::new(MAIL, format!("must be set to {wanted}")));
    };
    match text.split_once(':') {
        Some(("ses", from)) => {
            let from = from.trim();
            if crate::message::is_sender(from) {
                return Ok(Mail::Ses(from.to_owned()));
            }
            let what = format!(
                "`{from}` is no sender; write an address such as sso@example.com, or Name <sso@example.com>"
            );
            Err(ConfigError::new(MAIL, what))
        }
        #[cfg(feature = "local")]
        Some(("folder", path)) => Ok(Mail::Folder(local_path(MAIL, "folder", path)?)),
        #[cfg(not(feature = "local"))]
        Some(("folder", _)) => Err(only_local(MAIL, "folder:<path>")),
        _ => Err(ConfigError::new(MAIL, format!("`{text}` is not {wanted}"))),
    }
}
