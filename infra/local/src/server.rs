//! The HTTP/1.1 server.

use std::{sync::Arc, time::Duration};

use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::{gateway::Gateway, refusals::Explained};

/// How long a client may take for its request line and headers, in seconds.
const HEADER_SECS_MAX: u64 = 30;
/// How long to wait after a connection could not be accepted (no file descriptors left), in milliseconds.
const ACCEPT_PAUSE_MILLIS: u64 = 50;

/// Serves until `stopped` turns true; then answers what is under way and returns.
pub async fn serve(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = asked_to_stop(&mut stopped) => break,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MILLIS)).await;
            continue;
        };
        // Answers are small and whole: waiting for more to send only costs time.
        let _ = stream.set_nodelay(true);
        connections.spawn(connection(
            TokioIo::new(Explained::new(stream)),
            Arc::clone(&gateway),
            stopped.clone(),
        ));
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TokioIo<Explained<TcpStream>>,
    gateway: Arc<Gateway>,
    mut stopped: watch::Receiver<bool>,
) {
    let service = service_fn(|request: Request<Incoming>| {
        let gateway = Arc::clone(&gateway);
        async move { gateway.answer(request).await }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEADER_SECS_MAX))
        .serve_connection(stream, service);
    tokio::pin!(serving);
    // An error of `serving`: a client that went away or spoke no HTTP. There is nothing to do about it.
    tokio::select! {
        _ = serving.as_mut() => {}
        () = asked_to_stop(&mut stopped) => {
            serving.as_mut().graceful_shutdown();
            let _ = serving.as_mut().await;
        }
    }
}

async fn asked_to_stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: the same.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
