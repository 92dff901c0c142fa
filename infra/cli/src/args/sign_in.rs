//! The words of signing in: connections, certificates, applications, the policy, attempts, sessions.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Listing, Of, OneMember};

/// Which connection.
#[derive(Debug, Args)]
pub struct OneConnection {
    /// The organization's domain or id
    #[arg(value_name = "ORGANIZATION")]
    pub organization: String,
    /// The connection's id (`conn-…`)
    #[arg(value_name = "CONNECTION")]
    pub connection: String,
}

/// What with connections.
#[derive(Debug, Subcommand)]
pub enum ConnectionCommand {
    /// Create one, with the identity provider's metadata when it is at hand; shows what goes into the identity provider
    Create {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// What it is called
        #[arg(long, default_value = "Single sign-on")]
        name: String,
        /// Which of our entity IDs the identity provider knows
        #[arg(long, value_name = "CHOICE")]
        entity_id: Option<EntityId>,
        /// The address of the identity provider's metadata
        #[arg(long, value_name = "URL", conflicts_with = "metadata_file")]
        metadata_url: Option<String>,
        /// A file with the identity provider's metadata
        #[arg(long, value_name = "FILE")]
        metadata_file: Option<PathBuf>,
    },
    /// List them
    List(Of),
    /// Show one: its state, what goes into the identity provider, what was read of it
    Show(OneConnection),
    /// Change settings, in a draft
    Set(Box<ConnectionSettings>),
    /// Save the identity provider's metadata, in a draft
    Metadata {
        /// Which one
        #[command(flatten)]
        one: OneConnection,
        /// From this address, now and again on a schedule
        #[arg(long, conflicts_with = "file", required_unless_present = "file")]
        url: Option<String>,
        /// From this file
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Begin a test sign-in: prints an address to open once in a browser
    Test(OneConnection),
    /// Make the tested draft what people sign in with
    Activate(OneConnection),
    /// Take it out of sign-in
    Deactivate(OneConnection),
    /// Discard the draft; what is live stays
    Discard(OneConnection),
    /// Delete one that is not active
    Delete(OneConnection),
}

/// Settings of a connection.
#[derive(Debug, Args)]
pub struct ConnectionSettings {
    /// Which one
    #[command(flatten)]
    pub one: OneConnection,
    /// Another name
    #[arg(long)]
    pub name: Option<String>,
    /// Which of our entity IDs the identity provider knows
    #[arg(long, value_name = "CHOICE")]
    pub entity_id: Option<EntityId>,
    /// Whether the tile in the identity provider signs people in
    #[arg(long, value_name = "BOOL")]
    pub idp_initiated: Option<bool>,
    /// Whether somebody whom nobody provisioned becomes a member by signing in
    #[arg(long, value_name = "BOOL")]
    pub just_in_time: Option<bool>,
    /// Whether an assertion must be encrypted
    #[arg(long, value_name = "BOOL")]
    pub require_encryption: Option<bool>,
    /// Whether our requests are signed
    #[arg(long, value_name = "BOOL")]
    pub sign_requests: Option<bool>,
    /// Whether requests go by POST rather than by Redirect
    #[arg(long, value_name = "BOOL")]
    pub request_by_post: Option<bool>,
    /// Accept SHA-1 signatures until then, or `never`
    #[arg(long, value_name = "TIME")]
    pub sha1_until: Option<String>,
    /// Accept RSA 1.5 key transport until then, or `never`
    #[arg(long = "rsa-1-5-until", value_name = "TIME")]
    pub rsa_1_5_until: Option<String>,
    /// How far the identity provider's clock may be off: up to 600
    #[arg(long, value_name = "SECONDS")]
    pub clock_skew_secs: Option<u32>,
    /// How long a session lasts at most
    #[arg(long, value_name = "SECONDS")]
    pub session_secs: Option<u32>,
    /// The attribute that carries the e-mail address, or `known` for the known names
    #[arg(long, value_name = "NAME")]
    pub email_attribute: Option<String>,
    /// The attribute that carries the given name, or `known`
    #[arg(long, value_name = "NAME")]
    pub first_name_attribute: Option<String>,
    /// The attribute that carries the family name, or `known`
    #[arg(long, value_name = "NAME")]
    pub last_name_attribute: Option<String>,
    /// The attribute that carries the whole name, or `known`
    #[arg(long, value_name = "NAME")]
    pub display_name_attribute: Option<String>,
    /// An e-mail domain that the connection may name; may be given several times, or `any`
    #[arg(long = "email-domain", value_name = "DOMAIN")]
    pub email_domains: Vec<String>,
}

/// Which of our entity IDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum EntityId {
    /// The same for every organization
    Shared,
    /// One of the organization's own
    Organization,
}

/// What with encryption certificates.
#[derive(Debug, Subcommand)]
pub enum CertificateCommand {
    /// Generate one; those that are there go on
    Generate(Of),
    /// List them
    List(Of),
    /// Download one, to be uploaded at the identity provider
    Download {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// Its id (`key-…`)
        certificate: String,
        /// PEM (Okta), or DER in a .cer file (Entra)
        #[arg(long, default_value = "pem")]
        format: CertificateFormat,
        /// Into this file, which must not exist
        #[arg(long, value_name = "FILE", required_if_eq("format", "cer"))]
        output: Option<PathBuf>,
    },
    /// Retire one: what is encrypted to it is refused from then on
    Retire {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// Its id (`key-…`)
        certificate: String,
    },
}

/// How a certificate is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CertificateFormat {
    /// PEM
    Pem,
    /// DER
    Cer,
}

/// Addresses of an application.
#[derive(Debug, Args)]
pub struct Addresses {
    /// An address that codes may be sent to; may be given several times
    #[arg(long = "redirect-uri", value_name = "URL")]
    pub redirect_uris: Vec<String>,
    /// An address that a browser may be sent to after signing out; may be given several times
    #[arg(long = "post-logout-redirect-uri", value_name = "URL")]
    pub post_logout_redirect_uris: Vec<String>,
    /// Where a sign-in that began at the identity provider goes on
    #[arg(long, value_name = "URL")]
    pub initiate_login_uri: Option<String>,
    /// Where logout tokens are posted
    #[arg(long, value_name = "URL")]
    pub back_channel_logout_uri: Option<String>,
}

/// What with applications.
#[derive(Debug, Subcommand)]
pub enum ApplicationCommand {
    /// Create one, with its first secret, which is shown once
    Create {
        /// What people see on the sign-in page
        #[arg(long)]
        name: String,
        /// Its addresses
        #[command(flatten)]
        addresses: Addresses,
        /// It can keep no secret (it runs in browsers or on phones)
        #[arg(long, conflicts_with = "secret_expires")]
        public: bool,
        /// When the secret ends: `2027-01-31`, or a time as RFC 3339 writes it
        #[arg(long, value_name = "TIME")]
        secret_expires: Option<String>,
    },
    /// List them
    List,
    /// Show one
    Show {
        /// Its id (`app-…`)
        application: String,
    },
    /// Change the name or the addresses; what is given replaces what was there
    Set {
        /// Its id (`app-…`)
        application: String,
        /// Another name
        #[arg(long)]
        name: Option<String>,
        /// Its addresses
        #[command(flatten)]
        addresses: Addresses,
    },
    /// Delete one: it gets no more codes
    Delete {
        /// Its id (`app-…`)
        application: String,
    },
    /// Secrets of an application
    Secret {
        /// What with them.
        #[command(subcommand)]
        command: ApplicationSecretCommand,
    },
}

/// What with secrets of an application.
#[derive(Debug, Subcommand)]
pub enum ApplicationSecretCommand {
    /// Add one beside the others; it is shown once
    Add {
        /// The application's id (`app-…`)
        application: String,
        /// When it ends: `2027-01-31`, or a time as RFC 3339 writes it
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// Retire one; the last one stays
    Retire {
        /// The application's id (`app-…`)
        application: String,
        /// Its id (`sec-…`)
        secret: String,
    },
}

/// What with the sign-in policy.
#[derive(Debug, Subcommand)]
pub enum SignInCommand {
    /// Show it
    Show(Of),
    /// Change it
    Set {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// Whether members who may have a password can sign in with it
        #[arg(long, value_name = "BOOL")]
        password: Option<bool>,
        /// An e-mail domain that leads here; may be given several times, or `none`
        #[arg(long = "email-domain", value_name = "DOMAIN")]
        email_domains: Vec<String>,
    },
}

/// Which sign-ins.
#[derive(Debug, Args)]
pub struct Attempts {
    /// Which organization, how many
    #[command(flatten)]
    pub listing: Listing,
    /// All of one: the reference on the person's page
    #[arg(long, value_name = "ID", conflicts_with = "limit")]
    pub show: Option<String>,
}

/// What with sessions of a member.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// List them
    List(OneMember),
    /// End all of them
    End(OneMember),
}

/// What with a member's password.
#[derive(Debug, Subcommand)]
pub enum MemberPasswordCommand {
    /// Let the member have one
    Allow(OneMember),
    /// Let the member have none
    Forbid(OneMember),
    /// Make a link that sets one: to hand over, or to send
    Link {
        /// Whose
        #[command(flatten)]
        one: OneMember,
        /// Send it by e-mail as well
        #[arg(long)]
        send: bool,
    },
}
