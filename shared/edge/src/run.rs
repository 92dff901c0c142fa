//! A function's `main`: configuration, logging, the poll loop.

use std::{error::Error, process::ExitCode, sync::Arc};

use lambda_http::lambda_runtime::{LambdaEvent, Runtime, service_fn};
use lychgate_core::time::Timestamp;
use serde_json::Value;

use crate::{
    config::Config,
    event::Event,
    handler::{Handler, Stack},
    invoke, logging,
    request::Arrival,
    world::SystemWorld,
};

/// Why a function could not start: one sentence.
pub type StartError = Box<dyn Error + Send + Sync>;

/// Runs a function that answers HTTP requests: `build` makes its handler once, at the cold start.
pub fn main<H: Handler, F: Future<Output = Result<H, StartError>>>(
    build: impl FnOnce(Config, Stack) -> F,
) -> ExitCode {
    start(async |config| {
        let base_url = config.base_url.clone();
        let stack = Stack::new(&config, Arc::new(SystemWorld))?;
        let handler = build(config, stack).await?;
        let (handler, base_url) = (&handler, base_url.as_deref());
        let service = service_fn(|event: LambdaEvent<Event>| async move {
            let (event, context) = event.into_parts();
            let arrival = Arrival {
                request_id: &context.request_id,
                deadline: Timestamp::from_unix_millis(context.deadline),
                base_url,
            };
            Ok::<_, StartError>(invoke::respond(handler, event, &arrival).await)
        });
        Runtime::new(service).run().await
    })
}

/// Runs a function that a schedule calls: `job` is called once for each event, with the time by which it must end.
pub fn scheduled<J, F, B>(build: B) -> ExitCode
where
    J: AsyncFn(String, Timestamp) -> Result<Value, StartError>,
    F: Future<Output = Result<J, StartError>>,
    B: FnOnce(Config, Stack) -> F,
{
    start(async |config| {
        let stack = Stack::new(&config, Arc::new(SystemWorld))?;
        let job = build(config, stack).await?;
        let job = &job;
        let service = service_fn(|event: LambdaEvent<Value>| async move {
            let deadline = Timestamp::from_unix_millis(event.context.deadline);
            job(event.context.request_id, deadline).await
        });
        Runtime::new(service).run().await
    })
}

/// Runs a function that a stream calls: `job` is called once for each batch, with the event as it came, the request's id,
/// and the time by which it must end. What it gives is the answer (`batchItemFailures`).
pub fn streamed<J, F, B>(build: B) -> ExitCode
where
    J: AsyncFn(Value, String, Timestamp) -> Result<Value, StartError>,
    F: Future<Output = Result<J, StartError>>,
    B: FnOnce(Config, Stack) -> F,
{
    start(async |config| {
        let stack = Stack::new(&config, Arc::new(SystemWorld))?;
        let job = build(config, stack).await?;
        let job = &job;
        let service = service_fn(|event: LambdaEvent<Value>| async move {
            let (event, context) = event.into_parts();
            let deadline = Timestamp::from_unix_millis(context.deadline);
            job(event, context.request_id, deadline).await
        });
        Runtime::new(service).run().await
    })
}

/// One thread is enough: an instance serves one request at a time, and threads cost start-up time.
fn start(run: impl AsyncFnOnce(Config) -> Result<(), StartError>) -> ExitCode {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => {
            logging::start(logging::Level::default(), logging::Sink::Stdout);
            tracing::error!(reason = %error, "the function cannot start");
            return ExitCode::FAILURE;
        }
    };
    logging::start(config.log, logging::Sink::Stdout);
    if !config.in_lambda {
        tracing::error!("this program is started by Lambda, `cargo lambda` or the local server");
        return ExitCode::FAILURE;
    }
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(StartError::from)
        .and_then(|runtime| runtime.block_on(run(config)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(reason = %error, "the function ended");
            ExitCode::FAILURE
        }
    }
}
