//! How services of AWS are reached: credentials, TLS and the HTTP/1.1 under the SDK's clients.
//!
//! The SDK's own client speaks HTTP/2, goes through proxies and reads the system's roots. A function talks to two or three
//! hosts of Amazon's, which all speak HTTP/1.1, and weighs half a megabyte less without the rest.

mod access;
mod client;
mod tls;

pub use access::{Access, access, region};
pub use client::{CONNECTIONS_KEPT_MAX, IDLE_MILLIS_MAX, RESPONSE_BYTES_MAX, plain};
pub use tls::Tls;
