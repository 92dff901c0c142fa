//! The words of the command line.

mod settings;
mod sign_in;

pub use settings::{LinkScope, SetupLinkCommand};
pub use sign_in::{
    Addresses, ApplicationCommand, ApplicationSecretCommand, Attempts, CertificateCommand,
    CertificateFormat, ConnectionCommand, ConnectionSettings, EntityId, MemberPasswordCommand,
    OneConnection, SessionsCommand, SignInCommand,
};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Organizations, licences, directories, credentials, sign-in, members and history of a Lychgate server.
#[derive(Debug, Parser)]
#[command(name = "lychgate", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// Which server, which key.
    #[command(flatten)]
    pub connection: Connection,
    /// Print the server's answer as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Which server, which key.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// The server, such as `https://sso.example.com` [env: `LYCHGATE_URL`]
    #[arg(long, global = true)]
    pub url: Option<String>,
    /// A file with the operator key [or the key itself in env: `LYCHGATE_OPERATOR_KEY`]
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Take both from the `demo.json` of a local server
    #[arg(long, global = true, value_name = "FILE", conflicts_with_all = ["url", "key_file"])]
    pub demo: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Organizations
    Org {
        /// What with them.
        #[command(subcommand)]
        command: OrgCommand,
    },
    /// The licence of an organization
    Licence {
        /// What with it.
        #[command(subcommand)]
        command: LicenceCommand,
    },
    /// The SCIM endpoint of an organization
    Directory {
        /// What with it.
        #[command(subcommand)]
        command: DirectoryCommand,
    },
    /// SCIM tokens
    Token {
        /// What with them.
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// OAuth clients
    Client {
        /// What with them.
        #[command(subcommand)]
        command: ClientCommand,
    },
    /// Links with which somebody without an account sets up what they are for
    SetupLink {
        /// What with them.
        #[command(subcommand)]
        command: SetupLinkCommand,
    },
    /// Connections to identity providers (SAML)
    Connection {
        /// What with them.
        #[command(subcommand)]
        command: ConnectionCommand,
    },
    /// Certificates that identity providers encrypt to
    Certificate {
        /// What with them.
        #[command(subcommand)]
        command: CertificateCommand,
    },
    /// How an organization's members sign in
    SignIn {
        /// What with it.
        #[command(subcommand)]
        command: SignInCommand,
    },
    /// Who signed in, and why somebody could not, newest first
    Attempts(Attempts),
    /// Sessions of a member
    Sessions {
        /// What with them.
        #[command(subcommand)]
        command: SessionsCommand,
    },
    /// Your applications, which members sign in to (OpenID Connect)
    Application {
        /// What with them.
        #[command(subcommand)]
        command: ApplicationCommand,
    },
    /// Members of an organization
    Member {
        /// What with them.
        #[command(subcommand)]
        command: MemberCommand,
    },
    /// The history of an organization
    Events(Events),
    /// Keys of the operator
    OperatorKey {
        /// What with them.
        #[command(subcommand)]
        command: OperatorKeyCommand,
    },
}

/// Which organization.
#[derive(Debug, Args)]
pub struct Of {
    /// The organization's domain or id
    #[arg(value_name = "ORGANIZATION")]
    pub organization: String,
}

/// Which organization, and how much of a list.
#[derive(Debug, Args)]
pub struct Listing {
    /// The organization's domain or id
    #[arg(value_name = "ORGANIZATION")]
    pub organization: String,
    /// No more than this many
    #[arg(long)]
    pub limit: Option<usize>,
}

/// What with organizations.
#[derive(Debug, Subcommand)]
pub enum OrgCommand {
    /// Create one, without a licence and with SCIM off
    Create {
        /// Its domain: a short name such as `acme`, not a DNS name
        domain: String,
        /// Its name for people
        #[arg(long)]
        name: String,
    },
    /// List all
    List {
        /// No more than this many
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Show one
    Show(Of),
    /// Give another name, or another domain
    Rename {
        /// Which one
        #[command(flatten)]
        of: Of,
        /// The new name
        #[arg(long, required_unless_present = "domain")]
        name: Option<String>,
        /// The new domain: addresses that carry the old one end
        #[arg(long)]
        domain: Option<String>,
    },
}

/// What with the licence.
#[derive(Debug, Subcommand)]
pub enum LicenceCommand {
    /// Set it as a whole: what is left out is unlimited
    Set {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// The state
        state: LicenceState,
        /// How many members the directory may hold
        #[arg(long)]
        seats: Option<u64>,
        /// When it ends: `2027-01-31`, or a time as RFC 3339 writes it
        #[arg(long, value_name = "TIME")]
        ends: Option<String>,
    },
}

/// The states of a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "each is the state of its name")]
pub enum LicenceState {
    Active,
    Expired,
    None,
}

/// What with the directory.
#[derive(Debug, Subcommand)]
pub enum DirectoryCommand {
    /// Switch SCIM on
    On(Of),
    /// Switch SCIM off; the data is kept
    Off(Of),
    /// Show switch and settings
    Show(Of),
    /// Change settings
    Set(DirectorySettings),
    /// Last contact, last error, counts, unknown members
    State(Of),
    /// The request log, newest first
    Requests(Listing),
}

/// Settings of a directory.
#[derive(Debug, Args)]
#[group(id = "settings", multiple = true)]
pub struct DirectorySettings {
    /// Which organization
    #[command(flatten)]
    pub of: Of,
    /// What a PATCH of a group answers
    #[arg(long, value_name = "ANSWER")]
    pub group_patch_answer: Option<GroupPatchAnswer>,
    /// What happens to unknown ids in a change of a group's members
    #[arg(long, value_name = "CHOICE")]
    pub unknown_members: Option<UnknownMembers>,
    /// Delete suspended members after this many days, or `never`
    #[arg(long, value_name = "DAYS", value_parser = retention)]
    pub suspended_retention_days: Option<Retention>,
    /// How long an access token holds: 3600 to 21600
    #[arg(long, value_name = "SECONDS")]
    pub access_token_secs: Option<u32>,
}

/// What a PATCH of a group answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum GroupPatchAnswer {
    /// 204
    NoContent,
    /// 200 with the group
    Resource,
}

/// What an unknown member id does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum UnknownMembers {
    /// The known ones are applied
    ApplyKnown,
    /// Nothing is applied
    Refuse,
}

/// How long suspended members are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// For ever.
    Never,
    /// This many days.
    Days(u32),
}

fn retention(text: &str) -> Result<Retention, String> {
    if text == "never" {
        return Ok(Retention::Never);
    }
    text.parse().map(Retention::Days).map_err(|_| "a number of days, or `never`".to_owned())
}

/// What with SCIM tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make one; it is shown once
    Create {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// What it is called
        #[arg(long)]
        name: String,
        /// When it ends: `2027-01-31`, or a time as RFC 3339 writes it
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        /// The id of the member whom `/Me` answers with
        #[arg(long, value_name = "ID")]
        member: Option<String>,
    },
    /// List them
    List(Of),
    /// Revoke one: it holds no more at once
    Revoke {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// Its id (`tok-…`)
        token: String,
    },
}

/// What with OAuth clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Create one with its first secret, which is shown once
    Create {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// What it is called
        #[arg(long)]
        name: String,
        /// When the secret ends: `2027-01-31`, or a time as RFC 3339 writes it
        #[arg(long, value_name = "TIME")]
        secret_expires: Option<String>,
    },
    /// List them
    List(Of),
    /// Revoke one, with its secrets and access tokens
    Revoke {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// Its id (`cli-…`)
        client: String,
    },
    /// Secrets of a client
    Secret {
        /// What with them.
        #[command(subcommand)]
        command: SecretCommand,
    },
}

/// What with secrets of a client.
#[derive(Debug, Subcommand)]
pub enum SecretCommand {
    /// Add one beside the others; it is shown once
    Add {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// The client's id (`cli-…`)
        client: String,
        /// When it ends: `2027-01-31`, or a time as RFC 3339 writes it
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// Retire one, with the access tokens that were got with it
    Retire {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// The client's id (`cli-…`)
        client: String,
        /// Its id (`sec-…`)
        secret: String,
    },
}

/// Which member.
#[derive(Debug, Args)]
pub struct OneMember {
    /// The organization's domain or id
    #[arg(value_name = "ORGANIZATION")]
    pub organization: String,
    /// The member's id
    #[arg(value_name = "MEMBER")]
    pub member: String,
}

/// What with members.
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// List them
    List {
        /// Which organization, how many
        #[command(flatten)]
        listing: Listing,
        /// Only suspended ones (or, with `--suspended=false`, only the others)
        #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
        suspended: Option<bool>,
    },
    /// Suspend one by hand
    Suspend(OneMember),
    /// Lift the suspension by hand
    Restore(OneMember),
    /// Delete one
    Delete(OneMember),
    /// Delete many suspended members
    CleanUp {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// Those suspended before then: `2027-01-31`, or a time as RFC 3339 writes it
        #[arg(
            long,
            value_name = "TIME",
            required_unless_present = "members",
            conflicts_with = "members"
        )]
        suspended_before: Option<String>,
        /// Or these, by their ids
        #[arg(value_name = "MEMBER")]
        members: Vec<String>,
    },
    /// Whether a member may have a password
    Password {
        /// What with it.
        #[command(subcommand)]
        command: MemberPasswordCommand,
    },
    /// Owners
    Owner {
        /// What with them.
        #[command(subcommand)]
        command: OwnerCommand,
    },
    /// All members as CSV
    Export {
        /// Which organization
        #[command(flatten)]
        of: Of,
        /// Only suspended ones (or, with `--suspended=false`, only the others)
        #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
        suspended: Option<bool>,
        /// Into this file, which must not exist
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// What with owners.
#[derive(Debug, Subcommand)]
pub enum OwnerCommand {
    /// Make a member an owner
    Add(OneMember),
    /// Make an owner an ordinary member
    Remove(OneMember),
    /// Make a link that lets an owner into the settings, once; it is shown once
    Link {
        /// Which owner
        #[command(flatten)]
        one: OneMember,
        /// How long it may wait to be opened, in seconds
        #[arg(long, value_name = "SECONDS")]
        expires_in_secs: Option<u64>,
    },
}

/// How much of the history.
#[derive(Debug, Args)]
pub struct Events {
    /// Which organization
    #[command(flatten)]
    pub listing: Listing,
    /// Go on after this cursor
    #[arg(long)]
    pub cursor: Option<String>,
}

/// What with operator keys.
#[derive(Debug, Subcommand)]
pub enum OperatorKeyCommand {
    /// Make one; it is shown once
    Create {
        /// What it is called
        #[arg(long)]
        name: String,
        /// When it ends: `2027-01-31`, or a time as RFC 3339 writes it
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List them
    List,
    /// Revoke one
    Revoke {
        /// Its id (`opk-…`)
        key: String,
    },
    /// Make the first key without a server: the key, and the hash for the stack's parameter
    New,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("lychgate").chain(line.split_whitespace()))
    }

    #[test]
    fn the_words_are_consistent() {
        Cli::command().debug_assert();
    }

    /// The words of organizations, directories and members.
    const LINES: &[&str] = &[
        "org create acme --name Acme",
        "org list --limit 3",
        "org show acme",
        "org rename acme --name Acme",
        "org rename acme --domain acme2",
        "licence set acme active --seats 10 --ends 2027-01-31",
        "directory on acme",
        "directory off acme --json",
        "directory show acme",
        "directory set acme --group-patch-answer no_content --unknown-members refuse",
        "directory set acme --suspended-retention-days never --access-token-secs 3600",
        "directory state acme",
        "directory requests acme --limit 5",
        "token create acme --name okta --expires 2027-01-31 --member m",
        "token list acme",
        "token revoke acme tok-1",
        "client create acme --name entra --secret-expires 2027-01-31",
        "client list acme",
        "client revoke acme cli-1",
        "client secret add acme cli-1 --expires 2027-01-31",
        "client secret retire acme cli-1 sec-1",
        "member list acme --suspended",
        "member list acme --suspended=false",
        "member suspend acme m",
        "member restore acme m",
        "member delete acme m",
        "member clean-up acme --suspended-before 2026-01-01",
        "member clean-up acme m n",
        "member owner add acme m",
        "member owner remove acme m",
        "member owner link acme m",
        "member owner link acme m --expires-in-secs 86400",
        "setup-link create acme --name Grace --scope sso --scope scim",
        "setup-link create acme --name Grace --scope certificate --expires-in-secs 3600",
        "setup-link list acme",
        "setup-link revoke acme lnk-1",
        "member export acme --suspended --output x.csv",
        "events acme --cursor c --limit 5",
        "operator-key create --name ci",
        "operator-key list",
        "operator-key revoke opk-1",
        "operator-key new",
        "--url https://a.example --key-file f org list",
        "org list --demo data/demo.json",
    ];

    /// The words of signing in.
    const SIGN_IN_LINES: &[&str] = &[
        "connection create acme --metadata-url https://idp.example/m",
        "connection create acme --name Okta --entity-id shared --metadata-file m.xml",
        "connection list acme",
        "connection show acme conn-1",
        "connection set acme conn-1 --idp-initiated false --sha1-until 2027-01-31 --email-domain a.b",
        "connection set acme conn-1 --rsa-1-5-until never --email-attribute known",
        "connection metadata acme conn-1 --url https://idp.example/m",
        "connection metadata acme conn-1 --file m.xml",
        "connection test acme conn-1",
        "connection activate acme conn-1",
        "connection deactivate acme conn-1",
        "connection discard acme conn-1",
        "connection delete acme conn-1",
        "certificate generate acme",
        "certificate list acme",
        "certificate download acme key-1",
        "certificate download acme key-1 --format cer --output a.cer",
        "certificate retire acme key-1",
        "sign-in show acme",
        "sign-in set acme --password true --email-domain a.example --email-domain b.example",
        "attempts acme --limit 5",
        "attempts acme --show 01993b1e",
        "sessions list acme m",
        "sessions end acme m",
        "application create --name Doors --redirect-uri https://a.example/cb --public",
        "application list",
        "application show app-1",
        "application set app-1 --back-channel-logout-uri https://a.example/logout",
        "application delete app-1",
        "application secret add app-1 --expires 2027-01-31",
        "application secret retire app-1 sec-1",
        "member password allow acme m",
        "member password forbid acme m",
        "member password link acme m",
        "member password link acme m --send",
    ];

    #[test]
    // tidy: long because it is one list.
    fn every_command_is_understood() {
        for line in LINES.iter().chain(SIGN_IN_LINES) {
            if let Err(error) = parse(line) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "org create acme",
            "org rename acme",
            "licence set acme sometimes",
            "licence set acme active --seats many",
            "directory set acme --suspended-retention-days soon",
            "connection create acme --metadata-url u --metadata-file f",
            "connection metadata acme conn-1",
            "connection metadata acme conn-1 --url u --file f",
            "connection set acme conn-1 --idp-initiated maybe",
            "certificate download acme key-1 --format cer",
            "application create --name a --public --secret-expires 2027-01-31",
            "member clean-up acme",
            "setup-link create acme --name Grace",
            "setup-link create acme --scope sso",
            "setup-link create acme --name Grace --scope everything",
            "member clean-up acme m --suspended-before 2026-01-01",
            "org list --demo d --url https://a.example",
            "org list --operator-key lyo_x",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
