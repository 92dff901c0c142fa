//! The product: organizations, their directories, users and groups, and what may be done with them.
//!
//! It has no clock, no random source, no HTTP and no database: the time, the randomness and the store come in
//! as arguments. Modules in suggested reading order.

pub mod access_token;
pub mod bulk;
pub mod call;
pub mod client_credentials;
pub mod credential;
pub mod ctx;
pub mod cursor;
pub mod event;
pub mod gate;
pub mod groups;
pub mod ids;
pub mod index;
pub mod journal;
pub mod operator;
pub mod operator_key;
pub mod organization;
pub mod ports;
pub mod precondition;
pub mod record;
pub mod render;
pub mod search;
pub mod secret;
pub mod sweep;
pub mod time;
pub mod users;
