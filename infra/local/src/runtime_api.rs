//! A Lambda Runtime API of our own, so that the real `bootstrap` binaries can be run: an address that a binary polls
//! for its next event and posts its answers to.
//!
//! One process a function and one event at a time, as one instance of Lambda has it; further events wait.

use std::{
    collections::{BTreeMap, VecDeque},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use lychgate_edge::{
    config::{self, Config},
    event::{Event, EventReply},
    request::Arrival,
};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Notify, oneshot},
};

use crate::Error;

const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const INVOCATION: &str = "/2018-06-01/runtime/invocation/";
/// The deadline header's name.
const DEADLINE: &str = "lambda-runtime-deadline-ms";

/// What a function answered to one event: its JSON, or why it failed.
pub type Outcome = Result<Vec<u8>, String>;

struct Waiting {
    id: String,
    deadline_millis: u64,
    event: Vec<u8>,
    outcome: oneshot::Sender<Outcome>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    under_way: BTreeMap<String, oneshot::Sender<Outcome>>,
    invocations: u64,
    init_error: Option<String>,
}

/// The Runtime API of one function.
pub struct RuntimeApi {
    /// `127.0.0.1:port`: what `AWS_LAMBDA_RUNTIME_API` is to hold.
    pub address: String,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Notify,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl RuntimeApi {
    /// Listens on a free port.
    ///
    /// # Errors
    /// A sentence when there is none.
    pub async fn start() -> Result<Self, Error> {
        let no_port = |error| Error::new(format!("The Runtime API finds no port: {error}."));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let address = listener.local_addr().map_err(no_port)?.to_string();
        let shared = Arc::new(Shared::default());
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, server })
    }

    /// Hands an event to the function and waits for its answer.
    ///
    /// # Errors
    /// What the function reported, or that it is gone.
    pub async fn invoke(&self, event: Vec<u8>, deadline_millis: u64) -> Outcome {
        let (outcome, answered) = oneshot::channel();
        {
            let mut state = self.shared.state();
            if let Some(reason) = &state.init_error {
                return Err(reason.clone());
            }
            state.invocations += 1;
            let id = format!("00000000-0000-4000-8000-{:012x}", state.invocations);
            state.waiting.push_back(Waiting { id, deadline_millis, event, outcome });
        }
        self.shared.arrived.notify_one();
        answered.await.unwrap_or_else(|_| Err("the function ended without an answer".to_owned()))
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        loop {
            let arrived = self.arrived.notified();
            let waiting = {
                let mut state = self.state();
                let waiting = state.waiting.pop_front();
                waiting.map(|waiting| {
                    state.under_way.insert(waiting.id.clone(), waiting.outcome);
                    (waiting.id, waiting.deadline_millis, waiting.event)
                })
            };
            if let Some((id, deadline, event)) = waiting {
                let response = Response::builder()
                    .header("content-type", "application/json")
                    .header("lambda-runtime-aws-request-id", &id)
                    .header(DEADLINE, deadline)
                    .header("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000")
                    .header(
                        "lambda-runtime-invoked-function-arn",
                        "arn:aws:lambda:local:000000000000:function:local",
                    )
                    .body(Full::new(Bytes::from(event)));
                return response.unwrap_or_default();
            }
            arrived.await;
        }
    }

    fn settle(&self, id: &str, outcome: Outcome) -> StatusCode {
        match self.state().under_way.remove(id) {
            Some(sender) => {
                // Who asked may have given up.
                let _ = sender.send(outcome);
                StatusCode::ACCEPTED
            }
            None => StatusCode::BAD_REQUEST,
        }
    }

    fn fail_start(&self, reason: String) {
        let mut state = self.state();
        for waiting in std::mem::take(&mut state.waiting) {
            let _ = waiting.outcome.send(Err(reason.clone()));
        }
        state.under_way.clear();
        state.init_error = Some(reason);
    }

    async fn handle(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let path = request.uri().path().to_owned();
        if request.method() == Method::GET && path == NEXT {
            return Ok(self.next().await);
        }
        let body = request.into_body().collect().await?.to_bytes();
        let status = match path.strip_prefix(INVOCATION).and_then(|rest| rest.split_once('/')) {
            Some((id, "response")) => self.settle(id, Ok(body.to_vec())),
            Some((id, "error")) => {
                self.settle(id, Err(String::from_utf8_lossy(&body).into_owned()))
            }
            Some(_) => StatusCode::NOT_FOUND,
            None if path.ends_with("/init/error") => {
                self.fail_start(String::from_utf8_lossy(&body).into_owned());
                StatusCode::ACCEPTED
            }
            None => StatusCode::NOT_FOUND,
        };
        let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
        *response.status_mut() = status;
        Ok(response)
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let shared = Arc::clone(&shared);
                async move { shared.handle(request).await }
            });
            // The function went away: its process is looked after elsewhere.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// A running `bootstrap` binary with its Runtime API.
pub struct Process {
    function: &'static str,
    api: RuntimeApi,
    child: tokio::sync::Mutex<Child>,
}

/// How often to look whether a binary is still there, in milliseconds.
const LOOK_MILLIS: u64 = 200;

impl Process {
    /// Starts the binary of `function` with nothing in its environment but what Lambda would put there.
    ///
    /// # Errors
    /// A sentence when it is not there or cannot be run.
    pub async fn start(
        folder: &Path,
        function: &'static str,
        config: &Config,
    ) -> Result<Self, Error> {
        let binary = binary(folder, function)?;
        let api = RuntimeApi::start().await?;
        let mut command = Command::new(&binary);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::inherit()).kill_on_drop(true);
        command.envs([
            ("AWS_LAMBDA_RUNTIME_API", api.address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", function),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_REGION", "local"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ]);
        let told = [
            (config::TABLE, &config.table),
            (config::BASE_URL, &config.base_url),
            (config::ATTRIBUTES, &config.attributes),
            (config::ENDPOINT_URL, &config.endpoint_url),
            (config::SEAL_KEY, &config.seal_key),
            (config::OIDC_KEYS, &config.oidc_keys),
            (config::SAML_KEY, &config.saml_key),
            (config::MAIL, &config.mail),
            (config::KMS_URL, &config.kms_url),
            (config::SESV2_URL, &config.sesv2_url),
        ];
        for (name, value) in told {
            command.env(name, value.as_deref().unwrap_or_default());
        }
        command.env(config::LOG, config.log.name());
        let child = command
            .spawn()
            .map_err(|error| Error::new(format!("{} cannot be run: {error}.", binary.display())))?;
        Ok(Self { function, api, child: tokio::sync::Mutex::new(child) })
    }

    /// Hands an event to it.
    ///
    /// # Errors
    /// What it reported, or that it has ended.
    pub async fn invoke(&self, event: &Event, arrival: &Arrival<'_>) -> Result<EventReply, String> {
        let event = serde_json::to_vec(event).map_err(|error| error.to_string())?;
        let answering = self.api.invoke(event, arrival.deadline.unix_millis());
        let answer = tokio::select! {
            outcome = answering => outcome?,
            reason = self.gone() => return Err(reason),
        };
        serde_json::from_slice(&answer).map_err(|error| error.to_string())
    }

    async fn gone(&self) -> String {
        loop {
            if let Ok(Some(status)) = self.child.lock().await.try_wait() {
                return format!("{} ended: {status}", self.function);
            }
            tokio::time::sleep(Duration::from_millis(LOOK_MILLIS)).await;
        }
    }

    /// The process's id, while it runs: for tests that end it in the middle of something.
    pub async fn pid(&self) -> Option<u32> {
        self.child.lock().await.id()
    }

    /// Ends it.
    pub async fn stop(&self) {
        // It may have ended already.
        let _ = self.child.lock().await.kill().await;
    }
}

fn binary(folder: &Path, function: &str) -> Result<PathBuf, Error> {
    let candidates = [folder.join(function).join("bootstrap"), folder.join(function)];
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        Error::new(format!(
            "There is no binary of {function} in {}. Build it first: make build.",
            folder.display()
        ))
    })
}
