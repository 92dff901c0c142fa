//! The words of links into the settings.

use clap::{Subcommand, ValueEnum};

use super::Of;

/// What with set-up links.
#[derive(Debug, Subcommand)]
pub enum SetupLinkCommand {
    /// Make one; its address is shown once
    Create {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// Whom it is for
        #[arg(long)]
        name: String,
        /// What it is for; may be given several times
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<LinkScope>,
        /// How long it holds, in seconds
        #[arg(long, value_name = "SECONDS")]
        expires_in_secs: Option<u64>,
    },
    /// List them
    List(Of),
    /// Take one back: whoever is in by it is out
    Revoke {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// Its id (`lnk-…`)
        link: String,
    },
}

/// What a set-up link is for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LinkScope {
    /// Connections: create, metadata, test, activate; and the encryption certificates
    Sso,
    /// The SCIM endpoint: its switch, tokens, clients, state
    Scim,
    /// Renewing alone: the metadata of connections that are there, and the encryption certificates
    Certificate,
}

impl LinkScope {
    /// As the API names it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Sso => "sso",
            Self::Scim => "scim",
            Self::Certificate => "certificate",
        }
    }
}
