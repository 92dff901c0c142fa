//! The process that was started: it keeps the emulator, and starts the one that is measured.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use dynoxide::Database;
use tokio::net::TcpListener;

use crate::Failed;

/// The argument that makes a process the measured one.
pub(crate) const MEASURE: &str = "--measure";

/// Runs the bench; `true` when every bound was held.
pub(crate) fn run(quick: bool, only: &str) -> Result<bool, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let url = format!("http://{}", listener.local_addr()?);
    let database = Database::memory().map_err(|error| error.to_string())?;
    runtime.spawn(dynoxide::server::serve_on(listener, database));

    let mut command = Command::new(std::env::current_exe()?);
    if quick {
        command.arg("--quick");
    }
    command.args([MEASURE, &url, only]).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    // The log is written as it is on Lambda, because that is a part of what a request costs; nobody reads it.
    if let Some(log) = child.stderr.take() {
        for line in BufReader::new(log).lines() {
            let line = line?;
            if !line.starts_with('{') || line.contains("\"level\":\"error\"") {
                eprintln!("{line}");
            }
        }
    }
    Ok(child.wait()?.success())
}
