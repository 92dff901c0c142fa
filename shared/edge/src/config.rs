//! Configuration: the environment, read once and in one place.

use std::fmt;

use lychgate_core::secret::SecretHash;

use crate::logging::Level;

/// The table's name. Every function but discovery needs it.
pub const TABLE: &str = "LYCHGATE_TABLE";
/// `https://host` that stands in front of the API, without a slash at its end; absent: the host that was asked for.
pub const BASE_URL: &str = "LYCHGATE_BASE_URL";
/// Attributes that the operator declares for users, as JSON.
pub const ATTRIBUTES: &str = "LYCHGATE_ATTRIBUTES";
/// SHA-256 of the whole first operator key (`lyo_…`), in 64 hexadecimal digits.
pub const OPERATOR_KEY_HASH: &str = "LYCHGATE_OPERATOR_KEY_HASH";
/// Another DynamoDB than AWS's own, under the name that the SDKs of AWS use: for the local server.
pub const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL_DYNAMODB";
/// What seals encryption keys: the ARN of a KMS key, or `file:<path>` of a local key file.
pub const SEAL_KEY: &str = "LYCHGATE_SEAL_KEY";
/// What signs ID tokens: ARNs of KMS keys (`ECC_NIST_P256`), separated by commas, the current one first; or
/// `file:<path>`.
pub const OIDC_KEYS: &str = "LYCHGATE_OIDC_KEYS";
/// What signs SAML requests: the ARN of a KMS key (`RSA_2048`), or `file:<path>`.
pub const SAML_KEY: &str = "LYCHGATE_SAML_KEY";
/// How e-mail leaves: `ses:<from address>`, or `folder:<path>` for `.eml` files.
pub const MAIL: &str = "LYCHGATE_MAIL";
/// Another KMS than AWS's own.
pub const KMS_URL: &str = "AWS_ENDPOINT_URL_KMS";
/// Another SES than AWS's own.
pub const SESV2_URL: &str = "AWS_ENDPOINT_URL_SESV2";
/// How much is logged: `off`, `error`, `warn`, `info`, `debug` or `trace`.
pub const LOG: &str = "LYCHGATE_LOG";

/// A variable that is missing or wrong: which, and what to write.
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

/// What a function is told at its start.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// [`TABLE`].
    pub table: Option<String>,
    /// [`BASE_URL`].
    pub base_url: Option<String>,
    /// [`ATTRIBUTES`].
    pub attributes: Option<String>,
    /// [`OPERATOR_KEY_HASH`].
    pub operator_key_hash: Option<SecretHash>,
    /// [`ENDPOINT_URL`].
    pub endpoint_url: Option<String>,
    /// [`SEAL_KEY`].
    pub seal_key: Option<String>,
    /// [`OIDC_KEYS`].
    pub oidc_keys: Option<String>,
    /// [`SAML_KEY`].
    pub saml_key: Option<String>,
    /// [`MAIL`].
    pub mail: Option<String>,
    /// [`KMS_URL`].
    pub kms_url: Option<String>,
    /// [`SESV2_URL`].
    pub sesv2_url: Option<String>,
    /// Whether somebody offers the Runtime API: Lambda, `cargo lambda`, or the local server.
    pub in_lambda: bool,
    /// [`LOG`].
    pub log: Level,
}

impl Config {
    /// From the process's environment. An empty variable is an absent one: a SAM parameter that was left
    /// empty arrives so.
    ///
    /// # Errors
    /// [`ConfigError`] names the first variable that is wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        Self::from(|name| std::env::var(name).ok())
    }

    /// From any source of variables.
    ///
    /// # Errors
    /// [`ConfigError`] names the first variable that is wrong.
    pub fn from(read: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let read = |name: &str| {
            read(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        Ok(Self {
            table: read(TABLE),
            base_url: read(BASE_URL).map(|text| base_url(&text)).transpose()?,
            attributes: read(ATTRIBUTES),
            operator_key_hash: read(OPERATOR_KEY_HASH)
                .map(|text| {
                    SecretHash::from_hex(&text).ok_or(ConfigError {
                        variable: OPERATOR_KEY_HASH,
                        what: "must be 64 hexadecimal digits".to_owned(),
                    })
                })
                .transpose()?,
            endpoint_url: read(ENDPOINT_URL),
            seal_key: read(SEAL_KEY),
            oidc_keys: read(OIDC_KEYS),
            saml_key: read(SAML_KEY),
            mail: read(MAIL),
            kms_url: read(KMS_URL),
            sesv2_url: read(SESV2_URL),
            in_lambda: read("AWS_LAMBDA_RUNTIME_API").is_some(),
            log: read(LOG)
                .map(|text| {
                    Level::parse(&text).ok_or_else(|| ConfigError {
                        variable: LOG,
                        what: format!(
                            "`{text}` is no level; write off, error, warn, info, debug or trace"
                        ),
                    })
                })
                .transpose()?
                .unwrap_or_default(),
        })
    }

    /// The table's name.
    ///
    /// # Errors
    /// [`ConfigError`] when it is not set.
    pub fn table(&self) -> Result<&str, ConfigError> {
        self.table.as_deref().ok_or(ConfigError {
            variable: TABLE,
            what: "must be set to the name of the DynamoDB table".to_owned(),
        })
    }
}

fn base_url(text: &str) -> Result<String, ConfigError> {
    let text = text.trim_end_matches('/');
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', ' ']) => {
            Ok(text.to_owned())
        }
        _ => Err(ConfigError {
            variable: BASE_URL,
            what: format!("`{text}` must be an origin such as https://sso.example.com"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &'static str, value: &'static str) -> Result<Config, ConfigError> {
        Config::from(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn an_empty_variable_is_an_absent_one() {
        assert_eq!(one(BASE_URL, " ").unwrap().base_url, None);
        assert!(one(TABLE, "").unwrap().table().is_err());
    }

    #[test]
    fn a_base_url_is_an_origin() {
        assert_eq!(
            one(BASE_URL, "https://a.example/").unwrap().base_url.as_deref(),
            Some("https://a.example")
        );
        for wrong in ["a.example", "https://", "ftp://a", "https://a/scim/v2"] {
            assert!(one(BASE_URL, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_wrong_level_or_hash_says_what_to_write() {
        assert!(one(LOG, "loud").unwrap_err().to_string().contains("loud"));
        assert!(one(OPERATOR_KEY_HASH, "12").is_err());
    }
}
