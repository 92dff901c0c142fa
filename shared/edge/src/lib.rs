//! The one crate that names Lambda and HTTP: requests in, replies out. It has no use case in it.
//!
//! A function hands [`run::main`] a [`handler::Handler`]; the local server and the tests hand the very same
//! handler the same events. Modules in the order in which a request meets them.

pub mod run;
pub mod config;
pub mod world;
pub mod logging;
pub mod handler;
pub mod invoke;
pub mod event;
pub mod request;
pub mod routes;
pub mod auth;
pub mod scim;
pub mod json;
pub mod problem;
pub mod cookie;
pub mod page;
pub mod form;
pub mod pages;
pub mod settings;
pub mod reply;
pub mod saml;
