//! What a use case may know of the world: the time, randomness, how long it may take and who asks. Nothing
//! in this crate reads a clock or a random source by itself.

use std::{future::Future, pin::Pin, time::Duration};

use crate::{event::Actor, time::Timestamp};

/// The world as it is passed in. `edge` has the real one, `testkit` a scripted one.
pub trait World: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Fills `bytes` from a cryptographically secure source.
    fn fill(&self, bytes: &mut [u8]);
    /// Waits (between attempts that lost a race).
    fn pause(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The circumstances of one request.
#[derive(Clone)]
pub struct Ctx<'a> {
    /// Time, randomness, waiting.
    pub world: &'a dyn World,
    /// Names the request in logs and answers.
    pub request_id: &'a str,
    /// When an answer must have been given: retries stop before it.
    pub deadline: Timestamp,
    /// `https://host` without a slash at its end: what `meta.location` begins with.
    pub base_url: &'a str,
    /// Who asks, once it is known; [`Actor::Unknown`] before.
    pub actor: Actor,
}

impl Ctx<'_> {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Whether at least `millis` are left before the deadline.
    #[must_use]
    pub fn has_millis(&self, millis: u64) -> bool {
        self.now().plus_millis(millis) <= self.deadline
    }

    /// Waits a random time that doubles with each attempt (from `base_millis`, at most `max_millis`), so that
    /// writers that collided do not collide again.
    pub async fn back_off(&self, attempt: u32, base_millis: u64, max_millis: u64) {
        let ceiling = base_millis.saturating_mul(1 << attempt.min(16)).min(max_millis).max(1);
        let mut bytes = [0_u8; 8];
        self.world.fill(&mut bytes);
        let millis = 1 + u64::from_le_bytes(bytes) % ceiling;
        self.world.pause(Duration::from_millis(millis)).await;
    }
}
