//! What an operation costs, in CPU time of the function's own process: `make bench`.
//!
//! Two questions, each a ratio within this one run, so that the machine does not matter:
//!
//! - **Against a bare handler.** Our handler and a `lambda_http` handler that sends the very same requests through the
//!   same SDK and answers with JSON put together by hand. How much do the rules of SCIM cost?
//! - **Flat.** The same operation in a small directory and in a large one.
//!
//! The emulator runs in a process of its own (the one that was started), the handlers in a second one, on one thread,
//! whose CPU time the kernel counts. Both sides get the bytes of an event and end with the bytes of an answer: what is
//! left out on both is Lambda's poll loop. Batches of the two sides alternate; what is printed are medians over the
//! batches. A bound is exceeded when three quarters of the batches lie above it: one busy neighbour does not do that.

mod bare;
mod cpu;
mod directory;
mod event;
mod front;
mod measure;
mod saml;
mod spy;
mod table;

use std::process::ExitCode;

/// How large and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Users of the small directory.
    pub(crate) users_few: u64,
    /// Users of the large one.
    pub(crate) users_many: u64,
    /// Members of the small group.
    pub(crate) members_few: usize,
    /// Members of the large one.
    pub(crate) members_many: usize,
    /// Batches of each side.
    pub(crate) batches: u64,
    /// Operations in a batch.
    pub(crate) operations: u64,
}

const FULL: Figures = Figures {
    users_few: 1_000,
    users_many: 100_000,
    members_few: 10,
    members_many: 10_000,
    batches: 15,
    operations: 100,
};

/// For a look in between: says whether the bench itself works.
const QUICK: Figures = Figures {
    users_few: 200,
    users_many: 2_000,
    members_few: 10,
    members_many: 1_000,
    batches: 7,
    operations: 40,
};

const USAGE: &str = "bench [--quick] [--only WORD | --saml [PYTHON SCRIPT]]

  --quick      smaller directories and fewer batches
  --only WORD  only the operations whose name contains WORD (for a profiler)
  --saml       only the validation of responses; with an interpreter and the script for it, beside python3-saml";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (quick, rest) = match arguments.as_slice() {
        ["--quick", rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let figures = if quick { QUICK } else { FULL };
    let outcome = match rest {
        [] => front::run(quick, ""),
        ["--only", word] => front::run(quick, word),
        ["--saml"] => saml::run(None, figures),
        ["--saml", python, script] => saml::run(Some((python, script)), figures),
        [front::MEASURE, url, only] => measure::run(url, only, figures),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            let mut source = error.source();
            while let Some(error) = source {
                eprintln!("  because: {error}");
                source = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

/// Whatever goes wrong: the bench says it and ends.
pub(crate) type Failed = Box<dyn std::error::Error + Send + Sync>;
