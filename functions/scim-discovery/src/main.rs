//! The `scim-discovery` function.

use std::process::ExitCode;

fn main() -> ExitCode {
    lychgate_edge::run::main(async |_, stack| Ok(scim_discovery::handler(stack)))
}
