//! The store on one DynamoDB table: the only crate that names DynamoDB.
//!
//! It knows keys, items, conditions and transactions; it has no rule of SCIM or SAML, no clock and no random
//! source of its own. `docs/data-model.md` says what every item is for. Modules in suggested reading order.

pub mod keys;

mod error;
mod item;
mod read;
mod transact;
mod write;

mod access_tokens;
mod applications;
mod attempts;
mod connections;
mod depart;
mod directory;
mod grants;
mod groups;
mod index;
mod journal;
mod large;
mod leftovers;
mod operator_keys;
mod organizations;
mod passwords;
mod pending;
mod sessions;
mod settings;
mod sign_ins;
mod users;

pub mod stream;

mod connect;
#[cfg(feature = "local")]
mod table;

use std::sync::Arc;

use aws_sdk_dynamodb::Client;

pub use connect::{
    ATTEMPT_TIMEOUT_MILLIS, ATTEMPTS_MAX, CONNECT_TIMEOUT_MILLIS, Config, OPERATION_TIMEOUT_MILLIS,
    connect, retries, timeouts,
};
pub use large::{BATCH_MEMBERS_MAX, LANES};
pub use pending::{ABORTED_MAX, LEASE_MILLIS_MAX};

/// The store: a client and the table's name. It implements every port of `lychgate_core::ports`.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: Arc<str>,
}

impl Store {
    /// A store on this table. Functions call [`connect`].
    #[must_use]
    pub fn new(client: Client, table: impl Into<Arc<str>>) -> Self {
        Self { client, table: table.into() }
    }
}
