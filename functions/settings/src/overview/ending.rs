//! What ends: tokens, client secrets, certificates. Pure.

use lychgate_core::{
    connection::{Connection, KeyPair, MetadataSource, SignInSetup},
    credential::client_secret_text,
    idp,
    operator::tokens,
    organization::{Directory, Organization},
    time::Timestamp,
};
use lychgate_edge::pages::settings::{overview::Ending, when::Ends};

/// What ends soon or has ended of the directory's credentials. `href`: the page where it is changed.
pub(crate) fn of_directory(now: Timestamp, organization: &Organization, href: &str) -> Vec<Ending> {
    let directory = &organization.directory;
    let tokens = directory.tokens.iter().map(|token| {
        let what = format!("Token “{}” ({}…)", token.name, tokens::prefix(&organization.id, &token.id));
        (what, token.expires, "From then on whoever uses it is refused (401). Generate a new one, enter it in your identity provider, then revoke this one.")
    });
    let secrets = directory.clients.iter().flat_map(|client| {
        client.secrets.iter().map(move |secret| {
            let what = format!("Secret {}… of client “{}”", client_secret_text(&secret.id, ""), client.name);
            (what, secret.expires, "From then on it gets no access tokens. Add a secret, enter it in Entra, then retire this one.")
        })
    });
    tokens
        .chain(secrets)
        .filter_map(|(what, expires, advice)| near(now, what, expires?, advice, href.to_owned()))
        .collect()
}

/// The licence, when its end is near. `href`: the first page, for nothing here renews it.
pub(crate) fn of_licence(
    now: Timestamp,
    organization: &Organization,
    href: &str,
) -> Option<Ending> {
    let advice = "From then on signing in through your identity provider and provisioning are refused; nothing is deleted. Whoever manages your contract can renew it.";
    let what = "The licence for SSO & SCIM".to_owned();
    near(now, what, organization.licence.ends?, advice, href.to_owned())
}

/// What ends soon or has ended of the certificates. `sso`: the page of single sign-on.
pub(crate) fn of_sign_in(now: Timestamp, setup: &SignInSetup, sso: &str) -> Vec<Ending> {
    let of_idps = setup.connections.iter().filter_map(|connection| {
        let ends = idp_ends(connection)?;
        let what = format!("Your identity provider’s certificate, connection “{}”", connection.name);
        let live = connection.live.as_ref()?;
        let advice = match live.source {
            MetadataSource::Url { .. } => {
                "Its metadata is fetched every six hours, so a new certificate needs nobody. If there is none by then, make one in your identity provider."
            }
            MetadataSource::Missing | MetadataSource::Document { .. } => {
                "Sign-in stops when your identity provider signs with a new one that is not known here: save its metadata again."
            }
        };
        near(now, what, ends, advice, format!("{sso}/{}", connection.id))
    });
    let ours = newest(&setup.key_pairs).and_then(|key_pair| {
        let advice = "Generate a new one, give it to your identity provider, then retire this one.";
        near(
            now,
            "Your encryption certificate".to_owned(),
            key_pair.expires,
            advice,
            sso.to_owned(),
        )
    });
    of_idps.chain(ours).collect()
}

/// When the last of the certificates ends that a live connection believes, or its metadata before them.
pub(crate) fn idp_ends(connection: &Connection) -> Option<Timestamp> {
    let idp = connection.live.as_ref()?.idp.as_ref()?;
    let certificates = idp::certificates(idp).into_iter();
    let last = certificates.map(|certificate| idp::timestamp(certificate.not_after)).max();
    last.into_iter().chain(idp.valid_until).min()
}

/// The encryption certificate that ends last.
pub(crate) fn newest(key_pairs: &[KeyPair]) -> Option<&KeyPair> {
    key_pairs.iter().max_by_key(|key_pair| key_pair.expires)
}

fn near(
    now: Timestamp,
    what: String,
    at: Timestamp,
    advice: &'static str,
    href: String,
) -> Option<Ending> {
    let ends = Ends::at(now, at);
    ends.is_near().then_some(Ending { what, ends, advice, href })
}

/// How many tokens, and how many clients with a secret, hold at `now`.
pub(crate) fn holding(now: Timestamp, directory: &Directory) -> (usize, usize) {
    let holds = |expires: Option<Timestamp>| expires.is_none_or(|expires| expires > now);
    let tokens = directory.tokens.iter().filter(|token| holds(token.expires)).count();
    let has_secret = |secrets: &[lychgate_core::organization::ClientSecret]| {
        secrets.iter().any(|secret| holds(secret.expires))
    };
    (tokens, directory.clients.iter().filter(|client| has_secret(&client.secrets)).count())
}
