//! `make run`: serves the whole stack on this machine.

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use lychgate_edge::{config::Config, logging};
use lychgate_local::{Error, Options, Running, StoreKind, start};

/// Serves the whole HTTP API on this machine, with an embedded DynamoDB.
#[derive(Parser)]
#[command(name = "lychgate-local")]
struct Arguments {
    /// The port on 127.0.0.1
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder for the data file and demo.json
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Where the table is kept
    #[arg(long, value_enum, default_value_t = Kept::File)]
    store: Kept,
    /// Run the built functions of this folder instead of the handlers in this program
    #[arg(long)]
    bootstrap: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kept {
    /// In a file of the data folder
    File,
    /// In memory, gone when the server ends
    Memory,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if error.use_stderr() => {
            return fail(&sentence(&error.to_string()));
        }
        Err(help) => {
            say(&help.to_string());
            return ExitCode::SUCCESS;
        }
    };
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return fail(&format!("{error}.")),
    };
    logging::start(config.log, logging::Sink::Stderr);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match &runtime {
        Ok(runtime) => runtime.block_on(run(Options {
            port: arguments.port,
            data: Some(arguments.data),
            store: match arguments.store {
                Kept::File => StoreKind::File,
                Kept::Memory => StoreKind::Memory,
            },
            bootstrap: arguments.bootstrap,
            config,
        })),
        Err(error) => Err(Error::new(format!("The server cannot start: {error}."))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

async fn run(options: Options) -> Result<(), Error> {
    // Before anything starts, so that a signal during the start is not lost.
    let stop = signals()?;
    let running = start(options).await?;
    say(&banner(&running));
    stop.await;
    say("Stopping.");
    running.stop().await;
    Ok(())
}

/// Ends when Ctrl-C or SIGTERM asks for it.
#[cfg(unix)]
fn signals() -> Result<impl Future<Output = ()>, Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind).map_err(|error| Error::new(format!("Signals cannot be received: {error}.")))
    };
    let (mut interrupt, mut terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends when Ctrl-C asks for it.
#[cfg(not(unix))]
fn signals() -> Result<impl Future<Output = ()>, Error> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn banner(running: &Running) -> String {
    let demo = &running.demo;
    let owner = match demo.owner_link.as_str() {
        "" => String::new(),
        url => format!("Settings → SSO & SCIM, as the owner: {url} (opens once)\n\n  "),
    };
    format!(
        "Lychgate is running. Ctrl-C stops it.\n\n  {owner}\
         Sign in         {sample}\n  \
         SCIM base URL   {scim}\n  \
         SCIM token      {token}\n\n  \
         curl -H 'Authorization: Bearer {token}' '{scim}/Users?count=5'\n",
        sample = demo.sample_application_url,
        scim = demo.scim_base_url,
        token = demo.scim_token,
    )
}

/// clap's message without its decoration and its advice.
fn sentence(message: &str) -> String {
    let lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let telling = lines
        .filter(|line| !line.starts_with("For more information") && !line.starts_with("Usage:"));
    let text = telling.collect::<Vec<_>>().join(" ");
    format!("{}.", text.strip_prefix("error: ").unwrap_or(&text))
}

/// What the person who started it is told. A reader that went away (`| head`) is no reason to end.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Why it does not run: one sentence.
fn fail(sentence: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{}", sentence.trim_end());
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_is_one_sentence() {
        let told = |arguments: &[&str]| match Arguments::try_parse_from(arguments) {
            Ok(_) => panic!("accepted"),
            Err(error) => sentence(&error.to_string()),
        };
        assert_eq!(
            told(&["x", "--port", "99999"]),
            "invalid value '99999' for '--port <PORT>': 99999 is not in 0..=65535."
        );
        assert_eq!(
            told(&["x", "--store", "disk"]),
            "invalid value 'disk' for '--store <STORE>' [possible values: file, memory]."
        );
        assert!(!told(&["x", "--prot", "1"]).contains('\n'));
    }
}
