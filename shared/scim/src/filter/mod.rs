//! Filters (RFC 7644 §3.4.2.2): text to [`Filter`], a filter bound to a resource type as a [`Predicate`],
//! and the look-ups that can find its candidates ([`keys`]).
//!
//! Knows no store: who lists resources takes [`Predicate::candidates`], reads those, and keeps what
//! [`Predicate::matches`].

pub mod ast;
pub mod parse;
pub mod predicate;
pub mod eval;
pub mod keys;

pub use ast::{Filter, Literal, Operator};
pub use eval::{GroupRef, View, eval};
pub use keys::{Candidates, KeyTerm};
pub use parse::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_TERMS_MAX};
pub use predicate::{Predicate, Unknowns};
