//! `lychgate`: the operator's command-line client.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use lychgate_cli::{args::Cli, settings::Environment};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = lychgate_cli::run(&cli, &Environment::of_process());
    // The one place that prints. A reader that has gone (`| head`) is no error worth a word.
    let written = match &outcome {
        Ok(text) => io::stdout().lock().write_all(text.as_bytes()),
        Err(failure) => writeln!(io::stderr().lock(), "lychgate: {failure}"),
    };
    match (outcome, written) {
        (Ok(_), Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
