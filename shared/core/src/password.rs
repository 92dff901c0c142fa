//! A member's password (S9): how it is hashed, what is asked of it, and the record that is kept.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier},
};

use crate::{ctx::World, secret::SecretHash, time::Timestamp};

/// The fewest characters of a password. Length is what counts (NIST SP 800-63B §3.1.1.2); nothing asks for digits or
/// signs.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The longest password, in bytes: every byte of it counts, and hashing stays cheap enough.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Memory of one hash, in KiB (argon2id as OWASP's cheat sheet has it: 19 MiB, two passes, one lane).
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// How many browsers are remembered that signed in with the password.
pub const DEVICES_MAX: usize = 5;
/// From how many wrong guesses on the next one has to wait.
pub const FAILURES_FREE: u32 = 5;
/// The longest wait between two guesses, in seconds. Not longer: whoever guesses at somebody's password keeps that
/// one person out of password sign-in for so long, and only in browsers that they have not used before.
pub const WAIT_SECS_MAX: u64 = 900;

/// A password's record. It is there once a password was made.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordRecord {
    /// The hash in PHC form: algorithm, parameters, salt and digest.
    pub phc: String,
    /// When it was set.
    pub set: Timestamp,
    /// Wrong guesses since the last right one.
    pub failures: u32,
    /// No guess is looked at before this (it grows with `failures`); a browser of `devices` is not kept out.
    pub not_before: Option<Timestamp>,
    /// Browsers that signed in with it, newest last: hashes of what their cookies hold.
    pub devices: Vec<SecretHash>,
    /// Counts its changes.
    pub version: u64,
}

impl std::fmt::Debug for PasswordRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PasswordRecord(set {}, failures {})", self.set.rfc3339(), self.failures)
    }
}

impl PasswordRecord {
    /// After a wrong guess: one more, and from [`FAILURES_FREE`] on a wait that doubles.
    #[must_use]
    pub fn after_failure(&self, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        let over = failures.saturating_sub(FAILURES_FREE);
        let wait = (over > 0).then(|| (1_u64 << over.min(20)).min(WAIT_SECS_MAX));
        Self {
            failures,
            not_before: wait.map(|secs| now.plus_secs(secs)),
            version: self.version + 1,
            ..self.clone()
        }
    }

    /// After a right one, in a browser that is remembered from now on as `device`. What the same browser was remembered by
    /// before (`known`) goes: it counts once.
    #[must_use]
    pub fn after_success(&self, known: Option<&str>, device: SecretHash) -> Self {
        let mut devices = self.devices.clone();
        devices.retain(|hash| !known.is_some_and(|secret| hash.matches(secret.as_bytes())));
        devices.push(device);
        let surplus = devices.len().saturating_sub(DEVICES_MAX);
        devices.drain(..surplus);
        Self { failures: 0, not_before: None, devices, version: self.version + 1, ..self.clone() }
    }

    /// Whether a guess from this browser has to wait at `now`.
    #[must_use]
    pub fn must_wait(&self, now: Timestamp, device: Option<&str>) -> bool {
        !self.knows(device) && self.not_before.is_some_and(|until| now < until)
    }

    /// Whether somebody signed in with this password in this browser before.
    #[must_use]
    pub fn knows(&self, device: Option<&str>) -> bool {
        device.is_some_and(|secret| self.devices.iter().any(|hash| hash.matches(secret.as_bytes())))
    }
}

/// What is wrong with a new password: a sentence for the person.
///
/// # Errors
/// Too short, too long, or made of what anybody would try first.
pub fn acceptable(password: &str, user_name: &str, organization: &str) -> Result<(), String> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(format!("The password is longer than {PASSWORD_BYTES_MAX} bytes: shorten it."));
    }
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(format!(
            "The password is shorter than {PASSWORD_CHARS_MIN} characters: a sentence of a few words is a good one."
        ));
    }
    let folded = password.to_lowercase();
    let mut distinct: Vec<char> = folded.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 5 {
        return Err("The password repeats a few characters: choose another.".to_owned());
    }
    let local = user_name.split('@').next().unwrap_or_default().to_lowercase();
    let organization = organization.to_lowercase();
    let known = [local.as_str(), organization.as_str()].into_iter().chain(COMMON);
    let mut words = known.filter(|word| word.chars().count() >= 3);
    if words.any(|word| folded.replace(word, "").chars().count() < BESIDE_CHARS_MIN) {
        return Err(
            "The password is one that anybody would try first: choose another, such as a sentence of a few words."
                .to_owned(),
        );
    }
    Ok(())
}

/// How many characters there must be beside a word that everybody tries, or that everybody knows of the member.
const BESIDE_CHARS_MIN: usize = 6;

/// What long common passwords are made of.
const COMMON: [&str; 14] = [
    "password",
    "passwort",
    "qwertyuiop",
    "1234567890",
    "0123456789",
    "123456789",
    "12345678",
    "letmein",
    "iloveyou",
    "administrator",
    "welcome",
    "abcdefghijkl",
    "qwerty123456",
    "changeme",
];

fn hasher() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A password's hash in PHC form, with a salt of the world's; `None` when the library refuses, which it has no reason to.
#[must_use]
pub fn hash(world: &dyn World, password: &str) -> Option<String> {
    let mut salt = [0_u8; 16];
    world.fill(&mut salt);
    let hash = hasher()?.hash_password_with_salt(password.as_bytes(), &salt).ok()?;
    Some(hash.to_string())
}

/// Whether it is the password of this hash. Without a hash the same work is done for nothing, so that time does not
/// tell whether somebody has a password.
#[must_use]
pub fn verify(phc: Option<&str>, password: &str) -> bool {
    let Some(hasher) = hasher() else { return false };
    // A password that is too long was never accepted; hashing it would only be work for us.
    let password = if password.len() > PASSWORD_BYTES_MAX { "" } else { password };
    match phc {
        Some(phc) => hasher.verify_password(password.as_bytes(), phc).is_ok(),
        None => {
            let mut digest = [0_u8; 32];
            let _ = hasher.hash_password_into(password.as_bytes(), &[0; 16], &mut digest);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_would_try_first_is_refused_and_a_sentence_is_not() {
        for wrong in [
            "short",
            "aaaaaaaaaaaaaaa",
            "password1234",
            "Password2024!",
            "ada.lovelace1",
            "acmeacmeacme1",
            "1234567890ab",
            &"x1y2z3".repeat(60),
        ] {
            assert!(acceptable(wrong, "ada.lovelace@acme.test", "acme").is_err(), "{wrong}");
        }
        for right in ["correct horse battery", "Ünïcode-sätze gehen", "k3v!9zQp0x$w"] {
            assert_eq!(acceptable(right, "ada@acme.test", "acme"), Ok(()), "{right}");
        }
    }

    fn record() -> PasswordRecord {
        PasswordRecord {
            phc: String::new(),
            set: Timestamp::default(),
            failures: 0,
            not_before: None,
            devices: Vec::new(),
            version: 1,
        }
    }

    #[test]
    fn the_wait_doubles_has_an_end_and_spares_a_known_browser() {
        let now = Timestamp::from_unix_millis(1_000_000);
        let mut guessed = record().after_success(None, SecretHash::of(b"mine"));
        for _ in 0..FAILURES_FREE {
            guessed = guessed.after_failure(now);
            assert!(!guessed.must_wait(now, None));
        }
        guessed = guessed.after_failure(now);
        assert!(guessed.must_wait(now, None) && guessed.must_wait(now, Some("another")));
        assert!(!guessed.must_wait(now, Some("mine")));
        assert!(!guessed.must_wait(now.plus_secs(2), None));
        for _ in 0..100 {
            guessed = guessed.after_failure(now);
        }
        assert_eq!(guessed.not_before, Some(now.plus_secs(WAIT_SECS_MAX)));
    }

    #[test]
    fn few_browsers_are_remembered_and_the_oldest_goes_first() {
        let mut used = record();
        for number in 0..10_u8 {
            used = used.after_success(None, SecretHash::of(&[number]));
        }
        assert_eq!(used.devices.len(), DEVICES_MAX);
        assert!(used.devices.last().unwrap().matches(&[9]));
    }

    #[test]
    fn a_browser_that_comes_every_day_pushes_no_other_out() {
        let mut used = record().after_success(None, SecretHash::of(b"at home"));
        let mut cookie: Option<String> = None;
        for day in 0..20 {
            let next = format!("day {day}");
            used = used.after_success(cookie.as_deref(), SecretHash::of(next.as_bytes()));
            cookie = Some(next);
        }
        assert_eq!(used.devices.len(), 2);
        assert!(used.knows(Some("at home")) && used.knows(cookie.as_deref()));
        assert!(!used.knows(Some("day 0")) && !used.knows(None));
    }
}
