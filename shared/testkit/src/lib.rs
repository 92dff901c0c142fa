//! For tests only, never in `[dependencies]`: an in-memory store that is the oracle of the real one, a world
//! that a test winds forward by hand, faults on demand, builders, and the bodies of the fuzz targets.
//!
//! It has no runtime, no network and no files; whoever calls it brings those. Modules in suggested reading
//! order.

pub mod build;
pub mod faulty;
pub mod fuzz;
pub mod idp_metadata;
pub mod fuzz_saml;
pub mod fuzz_authorize;
pub mod memory;
pub mod outside;
pub mod store_contract;
pub mod world;

pub use faulty::{Fault, Faulty};
pub use memory::MemoryStore;
pub use outside::FakeOutside;
pub use world::{FakeWorld, Random};
