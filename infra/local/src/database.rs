//! The embedded DynamoDB: a file of the data folder, or memory, behind its own port.
//!
//! The file is one of `SQLite` in WAL mode with `synchronous=FULL`: a write is on the disk before it is answered, so a
//! `kill -9` loses nothing that was answered.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    time::Duration,
};

use dynoxide::Database as Dynoxide;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::Error;

/// The data file's name in its folder.
pub const FILE_NAME: &str = "dynamodb.sqlite";
/// Locked while a server uses the folder.
const LOCK_NAME: &str = "lock";
/// How often expired items are removed, in seconds. DynamoDB takes up to days; readers check the clock anyway.
const SWEEP_SECS: u64 = 60;

/// The running database.
pub struct Database {
    /// Where it listens.
    pub url: String,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    sweeper: JoinHandle<()>,
    lock: Option<File>,
}

/// Makes the data folder, readable by its owner only, unless it is there.
///
/// # Errors
/// A sentence when it cannot be made.
pub fn make_folder(folder: &Path) -> Result<(), Error> {
    let shown = folder.display();
    if folder.exists() && !folder.is_dir() {
        return Err(Error::new(format!("{shown} is a file. Name a folder: make run DATA=folder.")));
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| Error::new(format!("The folder {shown} cannot be made: {error}.")))
}

impl Database {
    /// Opens the data file of this folder (which exists), or a database in memory.
    ///
    /// # Errors
    /// A sentence when the folder is in use or not writable, or the file is none of ours.
    pub async fn open(folder: Option<&Path>) -> Result<Self, Error> {
        let lock = folder.map(lock).transpose()?;
        let database = match folder {
            Some(folder) => open_file(&folder.join(FILE_NAME))?,
            None => Dynoxide::memory()
                .map_err(|error| Error::new(format!("The database cannot be made: {error}.")))?,
        };
        let no_port = |error| {
            Error::new(format!("The embedded DynamoDB finds no port on this machine: {error}."))
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let url = format!("http://{}", listener.local_addr().map_err(no_port)?);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = dynoxide::server::serve_with_shutdown(listener, database.clone(), async {
            // Dropped or sent: both mean stop.
            let _ = stopped.await;
        });
        let server = tokio::spawn(async {
            if let Err(reason) = serving.await {
                tracing::error!(reason, "the embedded database ended");
            }
        });
        Ok(Self { url, stop, server, sweeper: tokio::spawn(sweep(database)), lock })
    }

    /// Closes it once what is under way has ended.
    pub async fn stop(self) {
        self.sweeper.abort();
        let _ = self.sweeper.await;
        let _ = self.stop.send(());
        let _ = self.server.await;
        drop(self.lock);
    }
}

fn lock(folder: &Path) -> Result<File, Error> {
    let shown = folder.display();
    let options = File::options().create(true).truncate(false).write(true).to_owned();
    let file = options.open(folder.join(LOCK_NAME)).map_err(|error| {
        Error::new(format!("The folder {shown} cannot be written to: {error}."))
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::new(format!(
            "Another Lychgate uses the folder {shown}. Stop it, or choose another one: make run DATA=folder."
        ))),
        Err(TryLockError::Error(error)) => {
            Err(Error::new(format!("The folder {shown} cannot be locked: {error}.")))
        }
    }
}

fn open_file(path: &Path) -> Result<Dynoxide, Error> {
    let shown = path.display();
    let text = path.to_str().ok_or_else(|| {
        Error::new(format!("The path {shown} is not UTF-8; choose another folder."))
    })?;
    // `SQLite` gives its other files the mode of this one; nobody else is to read people's data.
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| {
        Error::new(format!("The data file {shown} cannot be written: {error}."))
    })?;
    Dynoxide::new(text).map_err(|error| {
        Error::new(format!(
            "The data file {shown} cannot be read: {error}. Move it away, and the next start makes a new one."
        ))
    })
}

async fn sweep(database: Dynoxide) {
    let mut timer = tokio::time::interval(Duration::from_secs(SWEEP_SECS));
    timer.tick().await;
    loop {
        timer.tick().await;
        let database = database.clone();
        // It takes the database's lock, which blocks.
        let swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
        if let Ok(Err(error)) = swept {
            tracing::warn!(reason = %error, "expired items were not removed");
        }
    }
}
