//! The fuzz body for what only `edge` reads: API Gateway's event, and the request in it.

use lychgate_core::time::Timestamp;
use lychgate_edge::{
    event::Event,
    request::{Arrival, BODY_BYTES_MAX, QUERY_PAIRS_MAX, Request},
};

/// An event: read or not, never a panic, and nothing beyond its limits.
///
/// # Panics
/// When a limit does not hold: that is what it is for.
pub fn event(bytes: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Event>(bytes) else { return };
    let arrival = Arrival {
        request_id: "req-fuzz",
        deadline: Timestamp::from_unix_millis(1_800_000_000_000),
        base_url: None,
    };
    let request = Request::from_event(event, &arrival);
    assert!(request.body.len() <= BODY_BYTES_MAX);
    assert!(request.query.len() <= QUERY_PAIRS_MAX);
    assert!(!request.request_id.is_empty() && request.request_id.is_ascii());
    assert!(request.segments.iter().all(|segment| !segment.is_empty()));
    let _ = (request.media_type(), request.query("filter"), request.header("authorization"));
}
