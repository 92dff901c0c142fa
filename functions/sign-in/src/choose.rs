//! The ways into one organization (S9). Where there is only one and it is an identity provider, nobody is asked.

use lychgate_core::{
    connection::SignInSetup,
    ctx::Ctx,
    ids::ConnectionId,
    oidc::authorize::{self, AuthorizeParams, Name},
    organization::{Domain, LicenceState, Organization},
};
use lychgate_edge::{
    form::FormToken,
    json::Incoming,
    page::{Trouble, Who, render_with_form_to},
    pages::sign_in::{SignIn, Way},
    reply::Reply,
    saml,
};

use crate::{
    Store, find,
    form::{domain_of, request_trouble},
};

pub(crate) async fn run<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let params = AuthorizeParams::from_pairs(&incoming.request.query);
    // `domain` is what the IdP's field "Sign on URL" has (S3); `organization` is what applications say.
    let named = params.get(Name::Organization).or_else(|| incoming.query("domain"));
    let Some(named) = named.map(str::to_owned) else {
        return find::run(ctx, store, incoming, params, false).await;
    };
    let Some(domain) = domain_of(ctx, store, &named).await? else {
        return find::run(ctx, store, incoming, params, true).await;
    };
    let params = params.with(Name::Organization, Some(domain.as_str().to_owned()));
    if params.is_request()
        && let Err(error) = authorize::read(ctx, store, &params).await
    {
        return request_trouble(ctx, error);
    }
    let Some(setup) = find_setup(ctx, store, &domain).await? else {
        return find::run(ctx, store, incoming, params, true).await;
    };
    let shown = Shown {
        params: &params,
        email: params.get(Name::LoginHint).unwrap_or_default(),
        error: None,
    };
    page(ctx, incoming, &setup, 200, &shown)
}

/// The organization with its connections.
pub(crate) async fn find_setup<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    domain: &Domain,
) -> Result<Option<SignInSetup>, Trouble> {
    let Some(id) = store.by_domain(ctx, domain).await? else { return Ok(None) };
    Ok(store.sign_in_setup(ctx, &id).await?)
}

/// What the page shows beside the ways.
pub(crate) struct Shown<'a> {
    /// The application's request.
    pub(crate) params: &'a AuthorizeParams,
    /// The address that was typed.
    pub(crate) email: &'a str,
    /// What was wrong.
    pub(crate) error: Option<&'a str>,
}

/// The page with the ways in.
pub(crate) fn page(
    ctx: &Ctx<'_>,
    incoming: &Incoming<'_>,
    setup: &SignInSetup,
    status: u16,
    shown: &Shown<'_>,
) -> Result<Reply, Trouble> {
    let organization = &setup.organization;
    let licensed = organization.licence.state_at(ctx.now()) == LicenceState::Active;
    let ways = if licensed { ways(setup, shown.params) } else { Vec::new() };
    let password = organization.sign_in.password;
    match (ways.as_slice(), password) {
        ([only], false) => return Ok(Reply::see_other(&only.href)),
        ([], false) => return Err(no_way(organization, licensed)),
        _ => {}
    }
    let lapsed = !licensed && !organization.sign_in.active_connections.is_empty();
    let token = FormToken::of(ctx, incoming);
    let forgot = format!("/password/forgot?organization={}", organization.domain.as_str());
    let page = SignIn {
        organization: &organization.name,
        ways: &ways,
        notice: lapsed.then_some(
            "Signing in through your company is not possible at the moment: its licence has ended. A password \
             still works.",
        ),
        password,
        email: shown.email,
        error: shown.error,
        forgot: &forgot,
        hidden: &token.fields(&shown.params.pairs()),
    };
    let sources = form_sources(ctx.base_url, shown.params);
    Ok(token.onto(render_with_form_to(status, &page, &sources)))
}

/// Where the answer to a form may lead beside our own pages. Browsers hold `form-action` against the whole chain of
/// redirects: the application's address, where it sends people on to, and the identity provider's, which nobody knows here.
/// So it is any `https` address, for forms whose own addresses are ours, and the application on the developer's machine.
/// There, where this server itself has no `https`, the identity provider may have none either.
pub(crate) fn form_sources<'a>(base_url: &str, params: &'a AuthorizeParams) -> Vec<&'a str> {
    let uri = params.get(Name::RedirectUri).unwrap_or_default();
    let mut sources = vec!["https:"];
    if base_url.starts_with("http://") {
        sources.push("http:");
    } else if uri.starts_with("http://[") {
        // A policy cannot name an IPv6 address (CSP3 §2.3.1).
        sources.push("http:");
    } else if uri.starts_with("http://") {
        sources.extend(saml::origin(uri));
    }
    sources
}

fn no_way(organization: &Organization, licensed: bool) -> Trouble {
    if licensed {
        Trouble::new(
            Who::Developer,
            format!("Nobody has set up how to sign in to {}.", organization.name),
        )
    } else {
        Trouble::new(Who::Administrator, "The company's licence for single sign-on has ended.")
            .because("licence_inactive")
    }
}

fn ways(setup: &SignInSetup, params: &AuthorizeParams) -> Vec<Way> {
    let active = setup.organization.sign_in.active_connections.as_slice();
    let live =
        |id: &ConnectionId| setup.connections.iter().find(|c| c.id == *id && c.live.is_some());
    let connections: Vec<_> = active.iter().filter_map(live).collect();
    let domain = setup.organization.domain.as_str();
    let query = params.query();
    let several = connections.len() > 1;
    let way = |connection: &&lychgate_core::connection::Connection| Way {
        label: if several {
            format!("Continue with {}", connection.name)
        } else {
            "Continue with your company account".to_owned()
        },
        href: format!("/saml/init/{domain}?connection={}&{query}", connection.id),
    };
    connections.iter().map(way).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_schemes_and_hosts_and_nothing_that_ends_a_directive() {
        for (uri, expected) in [
            ("", &["https:"][..]),
            ("https://app.example:8443/back?x=1", &["https:"]),
            ("http://127.0.0.1:3000/back", &["https:", "http://127.0.0.1:3000"]),
            ("http://[::1]:3000/back", &["https:", "http:"]),
            ("http://a.example;script-src *", &["https:"]),
            ("http://a.example x/", &["https:"]),
            ("javascript:alert(1)", &["https:"]),
        ] {
            let params = AuthorizeParams::default().with(Name::RedirectUri, Some(uri.to_owned()));
            assert_eq!(form_sources("https://sso.example", &params), expected, "{uri}");
            assert_eq!(form_sources("http://127.0.0.1:8080", &params), ["https:", "http:"]);
        }
    }
}
