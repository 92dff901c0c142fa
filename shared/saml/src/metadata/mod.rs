//! Metadata (SAML Metadata §2): the IdP's in, ours out.

pub mod idp;

pub mod sp;

mod duration;

mod location;

pub use idp::{Endpoint, IdpMetadata, MetadataError, MetadataWarning, RefreshDecision, Rules};
pub use sp::SpMetadata;
