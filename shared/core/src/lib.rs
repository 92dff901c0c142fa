//! The product: organizations, their directories, users and groups, and what may be done with them.
//!
//! It has no clock, no random source, no HTTP and no database: the time, the randomness and the store come in
//! as arguments. Modules in suggested reading order.

// What the world is.
pub mod ids;
pub mod time;
pub mod ctx;
pub mod secret;
pub mod credential;

// The nouns, and what the use cases need of a store.
pub mod organization;
pub mod owners;
pub mod access_token;
pub mod operator_key;
pub mod record;
pub mod index;
pub mod event;
pub mod journal;
pub mod application;
pub mod connection;
pub mod idp;
pub mod session;
pub mod attempt;
pub mod password;
pub mod ports;

// A SCIM request: who may come in, and what becomes of it.
pub mod call;
pub mod precondition;
pub mod gate;
pub mod users;
pub mod groups;
pub mod members;
pub mod list;
pub mod matching;
pub mod cursor;
pub mod search;
pub mod bulk;
pub mod render;

// Signing in: who is signed in, and how they came to be.
pub mod sessions;
pub mod passwords;
pub mod sign_in;

// The OpenID provider that applications sign people in with.
pub mod oidc;

// The owner's pages: who may open them.
pub mod settings;

// The operator's side, the token endpoint, and what a schedule calls.
pub mod operator;
pub mod client_credentials;
pub mod sweep;
pub mod refresh;
