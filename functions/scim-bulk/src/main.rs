//! The `scim-bulk` function.

use std::process::ExitCode;

fn main() -> ExitCode {
    lychgate_edge::run::main(async |config, stack| {
        let store = lychgate_store::connect(lychgate_store::Config::lambda(config.table()?)).await?;
        Ok(scim_bulk::handler(stack, store))
    })
}
