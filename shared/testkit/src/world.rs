//! A world for tests: time moves only when it is told to (or when somebody waits), randomness comes from a
//! seed and is the same in every run.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use lychgate_core::{
    ctx::{Ctx, World},
    event::Actor,
    time::Timestamp,
};

/// When every [`FakeWorld`] begins: 2026-11-22T09:00:00Z.
pub const BEGINNING: Timestamp = Timestamp::from_unix_millis(1_795_338_000_000);
/// How long a request of a [`FakeWorld`] may take, in milliseconds.
pub const REQUEST_MILLIS: u64 = 20_000;
/// What `meta.location` begins with in tests.
pub const BASE_URL: &str = "https://scim.lychgate.example";

/// A small deterministic generator (`SplitMix64`): a seed in, the same numbers out, on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not zero.
    pub const fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// True this many times in a thousand.
    pub const fn per_mille(&mut self, chance: u32) -> bool {
        self.bits() % 1000 < chance as u64
    }

    /// One of these.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// A scripted clock and a seeded source of entropy.
///
/// Waiting takes no time: the clock jumps by what was asked for, and other tasks get their turn.
#[derive(Debug)]
pub struct FakeWorld {
    millis: AtomicU64,
    random: Mutex<Random>,
}

impl FakeWorld {
    /// A world at [`BEGINNING`] with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self {
            millis: AtomicU64::new(BEGINNING.unix_millis()),
            random: Mutex::new(Random::new(seed)),
        }
    }

    /// Winds the clock forward.
    pub fn advance_millis(&self, millis: u64) {
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }

    /// Winds the clock forward.
    pub fn advance_secs(&self, secs: u64) {
        self.advance_millis(secs * 1000);
    }

    /// The circumstances of a request that begins now: nobody is known yet, [`REQUEST_MILLIS`] are left.
    #[must_use]
    pub fn ctx(&self) -> Ctx<'_> {
        Ctx {
            world: self,
            request_id: "req-test",
            deadline: self.now().plus_millis(REQUEST_MILLIS),
            base_url: BASE_URL,
            actor: Actor::Unknown,
        }
    }
}

impl World for FakeWorld {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.millis.load(Ordering::SeqCst))
    }

    fn fill(&self, bytes: &mut [u8]) {
        let mut random =
            self.random.lock().expect("no test panics while it holds the random source");
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&random.bits().to_le_bytes()[..chunk.len()]);
        }
    }

    fn pause(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.advance_millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 2));
        Box::pin(YieldOnce(false))
    }
}

/// Lets the other tasks of the runtime run once.
struct YieldOnce(bool);

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_still_until_it_is_told_to_move() {
        let world = FakeWorld::new(1);
        assert_eq!(world.now(), BEGINNING);
        world.advance_secs(2);
        assert_eq!(world.now(), BEGINNING.plus_secs(2));
        drop(world.pause(Duration::from_millis(30)));
        assert_eq!(world.now().millis_since(BEGINNING), 2_030);
    }

    #[test]
    fn a_seed_gives_the_same_entropy_again_and_another_seed_another() {
        let draw = |seed| {
            let mut bytes = [0_u8; 21];
            FakeWorld::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_eq!(BEGINNING.rfc3339(), "2026-11-22T09:00:00.000Z");
    }
}
