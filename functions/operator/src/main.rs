//! Composition: configuration, store, routes.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
