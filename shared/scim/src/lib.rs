//! SCIM 2.0 as a library (RFC 7643, RFC 7644, RFC 9865): schemas, resources, filters, PATCH and messages.
//!
//! Knows JSON and itself. It has no HTTP types, no store, no clock and no idea of an organization.
//!
//! Modules in suggested reading order.

pub mod discovery;
pub mod error;
pub mod filter;
pub mod json;
pub mod message;
pub mod notice;
pub mod patch;
pub mod path;
pub mod project;
pub mod resource;
pub mod schema;
pub mod sort;
pub mod value;

pub use error::{Error, ErrorKind};
pub use notice::{Notice, NoticeKind, Notices};
pub use resource::Resource;
