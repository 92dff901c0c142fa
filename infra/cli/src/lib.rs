//! The operator's command-line client: what the API under `/v1` does, as words. Modules in the order in which
//! a command meets them.

pub mod args;
pub mod settings;
pub mod failure;
pub mod api;
mod commands;
mod text;

use api::Api;
use args::{Cli, Command, OperatorKeyCommand};
use failure::Failure;
use settings::{Environment, Settings};

/// Carries out one command; gives what is to be printed.
///
/// # Errors
/// Why it was not carried out, in a sentence.
pub fn run(cli: &Cli, environment: &Environment) -> Result<String, Failure> {
    if let Command::OperatorKey { command: OperatorKeyCommand::New } = &cli.command {
        // Needs no server: it is how the first key comes about.
        return commands::operator_key::new(cli.json);
    }
    let api = Api::new(Settings::resolve(&cli.connection, environment)?)?;
    let json = cli.json;
    match &cli.command {
        Command::Org { command } => commands::org::run(&api, command, json),
        Command::Licence { command } => commands::licence::run(&api, command, json),
        Command::Directory { command } => commands::directory::run(&api, command, json),
        Command::Token { command } => commands::token::run(&api, command, json),
        Command::Client { command } => commands::client::run(&api, command, json),
        Command::SetupLink { command } => commands::setup_link::run(&api, command, json),
        Command::Connection { command } => commands::connection::run(&api, command, json),
        Command::Certificate { command } => commands::certificate::run(&api, command, json),
        Command::SignIn { command } => commands::sign_in::run(&api, command, json),
        Command::Attempts(attempts) => commands::sign_in::attempts(&api, attempts, json),
        Command::Sessions { command } => commands::sign_in::sessions(&api, command, json),
        Command::Application { command } => commands::application::run(&api, command, json),
        Command::Member { command } => commands::member::run(&api, command, json),
        Command::Events(events) => commands::events::run(&api, events, json),
        Command::OperatorKey { command } => commands::operator_key::run(&api, command, json),
    }
}
