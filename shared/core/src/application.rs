//! An application of the operator: a relying party of our OpenID provider (OpenID Connect Core §1.2, S10).

use crate::{ids::ApplicationId, organization::ClientSecret, time::Timestamp};

/// The most redirect addresses of an application.
pub const REDIRECT_URIS_MAX: usize = 20;
/// The most applications of a stack.
pub const APPLICATIONS_MAX: usize = 50;

/// An application. It belongs to the operator, not to an organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// Its `client_id` is this id's text.
    pub id: ApplicationId,
    /// What the operator calls it; people see it on the sign-in page.
    pub name: String,
    /// Where codes may be sent: compared byte for byte (RFC 9700 §4.1.3).
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where a sign-in that began at the IdP goes on (OpenID Connect Core §4).
    pub initiate_login_uri: Option<String>,
    /// Where logout tokens are posted (OpenID Connect Back-Channel Logout §2.2).
    pub back_channel_logout_uri: Option<String>,
    /// Secrets, hashed; none: a public client, for which PKCE alone stands.
    pub secrets: Vec<ClientSecret>,
    /// When it was made.
    pub created: Timestamp,
    /// Counts its changes.
    pub version: u64,
}
