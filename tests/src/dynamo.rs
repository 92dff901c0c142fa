//! An empty table on an embedded DynamoDB of its own.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};
use dynoxide::Database;
use lychgate_store::Store;
use tokio::net::TcpListener;

/// The table's name.
pub const TABLE: &str = "lychgate";

/// A store on an empty table. The database lives as long as the runtime that this was called in.
///
/// # Panics
/// When the emulator does not start.
pub async fn store() -> Store {
    let database = Database::memory().expect("a database in memory");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()));
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(url)
        .http_client(lychgate_aws::plain())
        .retry_config(lychgate_store::retries())
        .build();
    let store = Store::new(Client::from_conf(config), TABLE);
    store.create_table().await.expect("the table is made");
    store
}
