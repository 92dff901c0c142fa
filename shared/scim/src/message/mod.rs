//! The wire shapes of RFC 7644 and RFC 9865: lists, searches, bulk, errors. One file each.
pub mod search;
