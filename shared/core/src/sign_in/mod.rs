//! Signing in through an IdP (S1–S8, S10–S13): a request goes out, a response comes back, a session begins.
//!
//! The organization comes from the path alone (S2); what a message says of itself only chooses among the organization's
//! own connections. `RelayState` is neither sent nor read. Modules in the order in which a sign-in meets them.

pub mod refusal;
pub mod place;
pub mod outgoing;
pub mod start;
pub mod reason;
pub mod member;
pub mod opened_keys;
pub mod finish;
pub mod enter;
pub mod test_sign_in;
pub mod sp_metadata;
pub mod logout;
