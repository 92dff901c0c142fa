//! The whole stack on one machine: the embedded DynamoDB, the route table of the template, and the very handlers
//! that Lambda runs. [`start`] is what `make run` and the tests call.
//!
//! Only two things differ from AWS: who calls the handlers (an HTTP server here, Lambda's poll loop there; or, in the
//! second mode, the real `bootstrap` binaries under a Runtime API of our own), and who owns the table.

pub mod database;
pub mod demo;
pub mod functions;
pub mod gateway;
mod keys;
pub mod refusals;
pub mod runtime_api;
pub mod sample;
mod schedule;
pub mod server;

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lychgate_core::ctx::{Ctx, World};
use lychgate_edge::{config::Config, handler::Stack, world::SystemWorld};
use lychgate_store::{Config as StoreConfig, Store};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{database::Database, demo::Demo, functions::Functions, keys::Keys, sample::Sample};

/// The table's name.
pub const TABLE: &str = "lychgate";
/// How long requests under way may take to end when the server stops, in seconds.
pub const STOP_SECS_MAX: u64 = 5;
/// How long the first start may take for its demo organization, in seconds.
const DEMO_SECS_MAX: u64 = 30;

/// Why the stack does not run: one sentence for the person who started it.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    /// With this sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// Where the table is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// In a file of the data folder.
    File,
    /// In memory: gone with the process.
    Memory,
}

/// What to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The folder of the data file and `demo.json`. Without one nothing is written, and the store is in memory.
    pub data: Option<PathBuf>,
    /// Where the table is kept.
    pub store: StoreKind,
    /// Runs the `bootstrap` binaries of this folder (`FOLDER/scim-users/bootstrap` as cargo-lambda leaves them, or
    /// `FOLDER/scim-users`) instead of the handlers in this process.
    pub bootstrap: Option<PathBuf>,
    /// What the functions are told: declared attributes, log level. Table and base URL are filled in here.
    pub config: Config,
}

impl Options {
    /// On a free port, in memory, leaving nothing behind: for tests.
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            port: 0,
            data: None,
            store: StoreKind::Memory,
            bootstrap: None,
            config: Config::default(),
        }
    }
}

/// The running stack.
pub struct Running {
    /// `http://127.0.0.1:8080`
    pub base_url: String,
    /// The demo organization and its secrets.
    pub demo: Demo,
    /// A store on the table, for tests that look behind the API.
    pub store: Store,
    /// Where the embedded DynamoDB listens.
    pub dynamodb_url: String,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    schedule: JoinHandle<()>,
    functions: Arc<Functions>,
    database: Database,
    keys: Keys,
}

impl Running {
    /// Ends it: no new request is taken, those under way are answered, the data file is closed.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let wait = Duration::from_secs(STOP_SECS_MAX);
        // A client that never ends its request does not keep the server: what was answered is in the file.
        let _ = tokio::time::timeout(wait, self.server).await;
        self.schedule.abort();
        self.functions.stop().await;
        let _ = tokio::time::timeout(wait, self.database.stop()).await;
        self.keys.forget();
    }
}

/// Starts everything and returns once requests are answered.
///
/// # Errors
/// One sentence: the port is taken, the data cannot be read, a setting is wrong.
pub async fn start(options: Options) -> Result<Running, Error> {
    let listener = listen(options.port).await?;
    let address = listener.local_addr().map_err(|error| Error::new(error.to_string()))?;
    let base_url = options.config.base_url.clone();
    let base_url = base_url.unwrap_or_else(|| format!("http://127.0.0.1:{}", address.port()));
    let file = match options.store {
        StoreKind::File => options.data.as_deref(),
        StoreKind::Memory => None,
    };
    if let Some(data) = &options.data {
        database::make_folder(data)?;
    }
    let database = Database::open(file).await?;
    let store = lychgate_store::connect(StoreConfig {
        table: TABLE.to_owned(),
        endpoint_url: Some(database.url.clone()),
        tls: lychgate_aws::Tls::RING,
    });
    let store = store.await.map_err(Error::new)?;
    store
        .create_table()
        .await
        .map_err(|error| Error::new(format!("The table cannot be made: {error:?}.")))?;
    let world: Arc<dyn World> = Arc::new(SystemWorld);
    let (demo, sample) =
        demo(&store, &world, options.data.as_deref(), &base_url, &database.url).await?;
    let keys = Keys::of(options.data.as_deref(), world.as_ref())?;
    let mut config = options.config;
    config.table = Some(TABLE.to_owned());
    config.base_url = Some(base_url.clone());
    config.endpoint_url = Some(database.url.clone());
    keys.configure(&mut config);
    let stack = Stack::new(&config, Arc::clone(&world));
    let stack = stack.map_err(|error| Error::new(format!("{error}.")))?;
    let functions = match &options.bootstrap {
        Some(folder) => Functions::processes(folder, &config).await?,
        None => Functions::here(&stack, &store, &config).await?,
    };
    let schedule = tokio::spawn(schedule::run(stack, store.clone(), config));
    let functions = Arc::new(functions);
    let (stop, stopped) = watch::channel(false);
    let gateway =
        Arc::new(gateway::Gateway::new(Arc::clone(&functions), sample, base_url.clone(), world));
    let server = tokio::spawn(server::serve(listener, gateway, stopped));
    Ok(Running {
        base_url,
        demo,
        store,
        dynamodb_url: database.url.clone(),
        stop,
        server,
        schedule,
        functions,
        database,
        keys,
    })
}

async fn listen(port: u16) -> Result<TcpListener, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|error| {
        Error::new(match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("Port {port} is in use. Choose another one: make run PORT=9090.")
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("Port {port} may not be used by this user. Choose one above 1023.")
            }
            _ => format!("Port {port} cannot be opened: {error}."),
        })
    })
}

async fn demo(
    store: &Store,
    world: &Arc<dyn World>,
    data: Option<&Path>,
    base_url: &str,
    dynamodb_url: &str,
) -> Result<(Demo, Sample), Error> {
    let ctx = Ctx {
        world: world.as_ref(),
        request_id: "first-start",
        deadline: world.now().plus_secs(DEMO_SECS_MAX),
        base_url,
        actor: lychgate_core::event::Actor::System,
    };
    let demo = demo::ensure(&ctx, store, data, dynamodb_url).await?;
    let sample = Sample::new(&demo, Arc::clone(world), data)?;
    let organization = demo.organization.parse();
    let organization = organization.map_err(|_| Error::new("The demo's organization is none."))?;
    demo::sample::connection(&ctx, store, &organization, &sample.metadata()?).await?;
    Ok((demo, sample))
}
