//! PATCH (RFC 7644 §3.5.2): a message ([`message`]), checked against the schema into a [`Plan`]
//! ([`plan()`]), carried out on a resource ([`Plan::apply`]) and on a group's members ([`members`]).
//!
//! Strict as the RFC is, behind a layer that knows what identity providers send instead (`tolerance` and
//! [`crate::value`]). Knows no store and no version: who applies a plan brings the resource.

mod apply;
pub mod members;
pub mod message;
pub mod plan;
mod plan_members;
mod tolerance;

pub use members::{MembersChange, NetChange, named_ids, net};
pub use message::{Op, Operation, PATCH_OPERATIONS_MAX, PatchOp};
pub use plan::{Plan, plan};
