//! An organization's decryption keys, opened: kept for a short time in a function's memory.
//!
//! Anybody can post a message that says it is encrypted, and many identity providers sign only what is inside. Each such
//! message would cost a call for each key; so would each of a morning's sign-ins. What is kept here makes it one call for each
//! key, each [`OPENED_KEYS_SECS`], in each process. Which keys there are is asked of the store each time: one that was retired
//! opens nothing, whatever is still here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use lychgate_saml::xmlenc::{self, DecryptionKey};
use sha2::{Digest, Sha256};

use crate::{
    connection::{KeyPair, SignInSetup},
    ctx::Ctx,
    ids::{KeyPairId, OrganizationId},
    organization::KEY_PAIRS_MAX,
    ports::outside::{Opener, OutsideError},
    time::Timestamp,
};

/// How long an opened key is kept, in seconds.
pub const OPENED_KEYS_SECS: u64 = 300;
/// How many opened keys are kept, of all organizations together: some 10 KB each. Those that would be forgotten first make
/// room.
pub const OPENED_KEYS_MAX: usize = 256;

const _: () = assert!(KEY_PAIRS_MAX <= xmlenc::KEYS_MAX, "each key that is kept is tried");

/// Opens keys, and keeps them for a while. Their memory is wiped when they go.
pub struct OpenedKeys<O> {
    opener: O,
    kept: Mutex<Vec<Kept>>,
}

/// An opened key.
struct Kept {
    name: Name,
    key: DecryptionKey,
    opened: Timestamp,
}

/// Which key: of whom, which, and sealed how. A key that was sealed anew is another one.
#[derive(Clone, PartialEq, Eq)]
struct Name {
    organization: OrganizationId,
    pair: KeyPairId,
    sealed: [u8; 32],
}

impl Name {
    fn new(organization: &OrganizationId, pair: &KeyPair) -> Self {
        let sealed = Sha256::digest(&pair.sealed).into();
        Self { organization: organization.clone(), pair: pair.id.clone(), sealed }
    }
}

/// The keys of one organization that could be opened, the current one first.
pub(super) struct Keys {
    pub(super) open: Vec<DecryptionKey>,
    /// Why the last of the others could not.
    pub(super) failed: Option<OutsideError>,
}

impl<O: Opener> OpenedKeys<O> {
    /// Opens with this; nothing is kept yet.
    pub const fn new(opener: O) -> Self {
        Self { opener, kept: Mutex::new(Vec::new()) }
    }

    /// The organization's keys, as it has them now: those that are not here are opened, all at once.
    pub(super) async fn of(&self, ctx: &Ctx<'_>, setup: &SignInSetup) -> Keys {
        let organization = &setup.organization.id;
        let keys = setup.key_pairs.iter().map(|pair| self.one(ctx, organization, pair));
        let mut found = Keys { open: Vec::new(), failed: None };
        for key in join_all(keys).await {
            match key {
                Ok(key) => found.open.push(key),
                Err(error) => found.failed = Some(error),
            }
        }
        found
    }

    async fn one(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        pair: &KeyPair,
    ) -> Result<DecryptionKey, OutsideError> {
        let name = Name::new(organization, pair);
        if let Some(key) = self.find(&name, ctx.now()) {
            return Ok(key);
        }
        let pkcs8 = self.opener.open(ctx, organization, &pair.sealed).await?;
        let key = DecryptionKey::from_pkcs8(pair.fingerprint.clone(), &pkcs8)
            .map_err(|_| OutsideError { private: format!("the key {} cannot be read", pair.id) })?;
        self.keep(Kept { name, key: key.clone(), opened: ctx.now() });
        Ok(key)
    }

    /// Forgets what was kept long enough, and finds this one among the rest.
    fn find(&self, name: &Name, now: Timestamp) -> Option<DecryptionKey> {
        let mut kept = self.lock();
        // What was opened in the future was opened before the clock was set: nobody knows when.
        kept.retain(|key| key.opened <= now && now < key.opened.plus_secs(OPENED_KEYS_SECS));
        kept.iter().find(|key| key.name == *name).map(|key| key.key.clone())
    }

    fn keep(&self, key: Kept) {
        let mut kept = self.lock();
        // Two requests at once may have opened the same one.
        kept.retain(|other| other.name != key.name);
        if kept.len() >= OPENED_KEYS_MAX
            && let Some(oldest) =
                (0..kept.len()).min_by_key(|at| kept.get(*at).map(|key| key.opened))
        {
            kept.remove(oldest);
        }
        kept.push(key);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Whoever panicked while they held it left a list behind that is as good as any.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use lychgate_saml::{Instant, certificate};
    use zeroize::Zeroizing;

    use super::*;

    struct Never;

    impl Opener for Never {
        async fn open(
            &self,
            _: &Ctx<'_>,
            _: &OrganizationId,
            _: &[u8],
        ) -> Result<Zeroizing<Vec<u8>>, OutsideError> {
            Err(OutsideError { private: "nothing is opened here".to_owned() })
        }
    }

    fn key() -> DecryptionKey {
        let (from, to) = (Instant::from_unix_millis(0), Instant::from_unix_millis(1));
        let (_, pkcs8) = certificate::generate("x", from, to, [1; 16]).unwrap();
        DecryptionKey::from_pkcs8("x".to_owned(), &pkcs8).unwrap()
    }

    const MINE: &str = "a";
    const THEIRS: &str = "b";

    fn name(organization: &str, pair: &str, sealed: u8) -> Name {
        Name {
            organization: OrganizationId::from_bare(&organization.repeat(16)).unwrap(),
            pair: KeyPairId::from_bare(&pair.repeat(8)).unwrap(),
            sealed: [sealed; 32],
        }
    }

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_unix_millis(1_000_000).plus_secs(secs)
    }

    #[test]
    fn a_key_is_found_by_its_whole_name_and_in_its_time() {
        let keys = OpenedKeys::new(Never);
        let mine = name(MINE, MINE, 1);
        keys.keep(Kept { name: mine.clone(), key: key(), opened: at(10) });
        for other in [name(THEIRS, MINE, 1), name(MINE, THEIRS, 1), name(MINE, MINE, 2)] {
            assert!(keys.find(&other, at(10)).is_none());
        }
        assert!(keys.find(&mine, at(10)).is_some());
        assert!(keys.find(&mine, at(9 + OPENED_KEYS_SECS)).is_some());
        assert!(keys.find(&mine, at(10 + OPENED_KEYS_SECS)).is_none());
        assert!(keys.lock().is_empty());
        keys.keep(Kept { name: mine.clone(), key: key(), opened: at(10) });
        assert!(keys.find(&mine, at(9)).is_none(), "the clock went back");
    }

    #[test]
    fn the_oldest_makes_room() {
        let (keys, key) = (OpenedKeys::new(Never), key());
        for n in 0..u64::try_from(OPENED_KEYS_MAX).unwrap() + 2 {
            let name =
                Name { sealed: Sha256::digest(n.to_be_bytes()).into(), ..name(MINE, MINE, 0) };
            // Twice: what is kept again takes no more room.
            for _ in 0..2 {
                keys.keep(Kept { name: name.clone(), key: key.clone(), opened: at(n) });
            }
        }
        let kept = keys.lock();
        assert_eq!(kept.len(), OPENED_KEYS_MAX);
        assert_eq!(kept.iter().map(|key| key.opened).min(), Some(at(2)));
    }
}
