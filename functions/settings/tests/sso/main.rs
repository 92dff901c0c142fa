//! Single sign-on in the settings, as a browser sees it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod certificates;
mod doors;
mod metadata;
mod scene;
mod settings;
mod sign_ins;
mod walk;
