//! One invocation: event in, event out. Lambda's poll loop, the local server and the tests all come through here.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use lychgate_scim::{Error, ErrorKind};

use crate::{
    event::{Event, EventReply},
    handler::{Handler, Pending},
    reply::{INTERNAL, Reply},
    request::{Arrival, Request},
};

/// Answers an event of API Gateway.
pub async fn respond(handler: &dyn Handler, event: Event, arrival: &Arrival<'_>) -> EventReply {
    answer(handler, &Request::from_event(event, arrival)).await
}

/// Answers a request. A panic becomes one 500 in the right form; the process lives on.
pub async fn answer(handler: &dyn Handler, request: &Request) -> EventReply {
    let reply = match Caught(handler.handle(request)).await {
        Some(reply) => reply,
        None => Reply::error(Error::new(ErrorKind::Internal, INTERNAL), request),
    };
    reply.finish(request)
}

/// A future whose panic is a value.
struct Caught<'a>(Pending<'a>);

impl Future for Caught<'_> {
    type Output = Option<Reply>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Unwind safety: after a panic the future is never polled again, and what handlers share (the store's client,
        // the catalogue) is not changed by requests.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(reply)) => Poll::Ready(Some(reply)),
            Err(_) => Poll::Ready(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Method;

    struct Broken;

    impl Handler for Broken {
        fn function(&self) -> &'static str {
            "broken"
        }

        fn handle<'a>(&'a self, _: &'a Request) -> Pending<'a> {
            Box::pin(async { panic!("secret") })
        }
    }

    #[tokio::test]
    async fn a_panic_is_one_500_in_the_form_of_the_path() {
        for (path, media_type) in [
            ("/scim/v2/Users", "application/scim+json"),
            ("/v1/organizations", "application/problem+json"),
        ] {
            let wire = answer(&Broken, &Request::new(Method::Get, path)).await;
            assert_eq!(wire.status_code, 500);
            assert!(wire.headers.get("content-type").unwrap().starts_with(media_type));
            assert!(!wire.body.unwrap().contains("secret"));
        }
    }
}
