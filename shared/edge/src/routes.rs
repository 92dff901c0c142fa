//! Every route of the stack, in one table. The functions, the local server, the SAM template and the API's
//! description are all held against it by tests.

use crate::request::Method::{self, Delete, Get, Patch, Post, Put};

/// One route.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path as the template writes it: `{name}` stands for one segment.
    pub path: &'static str,
    /// The function that serves it.
    pub function: &'static str,
}

const fn route(method: Method, path: &'static str, function: &'static str) -> Route {
    Route { method, path, function }
}

/// The function that gets what no route takes, and says so in the form that the path asks for.
pub const DEFAULT_FUNCTION: &str = "scim-discovery";

/// Where the SCIM endpoint begins.
pub const SCIM_ROOT: &str = "/scim/v2";

/// All routes.
pub const ROUTES: &[Route] = &[
    route(Get, "/scim/v2/Users", "scim-users"),
    route(Post, "/scim/v2/Users", "scim-users"),
    route(Post, "/scim/v2/Users/.search", "scim-users"),
    route(Get, "/scim/v2/Users/{id}", "scim-users"),
    route(Put, "/scim/v2/Users/{id}", "scim-users"),
    route(Patch, "/scim/v2/Users/{id}", "scim-users"),
    route(Delete, "/scim/v2/Users/{id}", "scim-users"),
    route(Get, "/scim/v2/Me", "scim-users"),
    route(Post, "/scim/v2/Me", "scim-users"),
    route(Put, "/scim/v2/Me", "scim-users"),
    route(Patch, "/scim/v2/Me", "scim-users"),
    route(Delete, "/scim/v2/Me", "scim-users"),
    route(Get, "/scim/v2/Groups", "scim-groups"),
    route(Post, "/scim/v2/Groups", "scim-groups"),
    route(Post, "/scim/v2/Groups/.search", "scim-groups"),
    route(Get, "/scim/v2/Groups/{id}", "scim-groups"),
    route(Put, "/scim/v2/Groups/{id}", "scim-groups"),
    route(Patch, "/scim/v2/Groups/{id}", "scim-groups"),
    route(Delete, "/scim/v2/Groups/{id}", "scim-groups"),
    route(Post, "/scim/v2/Bulk", "scim-bulk"),
    route(Post, "/scim/v2/.search", "scim-bulk"),
    route(Get, "/scim/v2", "scim-bulk"),
    route(Get, "/scim/v2/ServiceProviderConfig", "scim-discovery"),
    route(Get, "/scim/v2/ResourceTypes", "scim-discovery"),
    route(Get, "/scim/v2/ResourceTypes/{id}", "scim-discovery"),
    route(Get, "/scim/v2/Schemas", "scim-discovery"),
    route(Get, "/scim/v2/Schemas/{id}", "scim-discovery"),
    route(Post, "/oauth/token", "oauth-token"),
    route(Get, "/saml/init/{domain}", "saml-init"),
    route(Post, "/saml/consume/{domain}", "saml-acs"),
    route(Get, "/saml/metadata", "saml-metadata"),
    route(Get, "/saml/metadata/{domain}", "saml-metadata"),
    route(Get, "/saml/logout/{domain}", "saml-logout"),
    route(Post, "/saml/logout/{domain}", "saml-logout"),
    route(Get, "/sign_in", "sign-in"),
    route(Post, "/sign_in", "sign-in"),
    route(Get, "/sign_out", "sign-in"),
    route(Post, "/sign_out", "sign-in"),
    route(Get, "/password/forgot", "sign-in"),
    route(Post, "/password/forgot", "sign-in"),
    route(Get, "/password/new", "sign-in"),
    route(Post, "/password/new", "sign-in"),
    route(Get, "/assets/style.css", "sign-in"),
    route(Get, "/settings", "settings"),
    route(Get, "/settings/enter", "settings"),
    route(Post, "/settings/enter", "settings"),
    route(Get, "/assets/settings.css", "settings"),
    route(Get, "/assets/settings.js", "settings"),
    route(Get, "/settings/{organization}", "settings"),
    route(Get, "/settings/{organization}/live", "settings"),
    route(Post, "/settings/{organization}/leave", "settings"),
    route(Get, "/settings/{organization}/sso", "settings"),
    route(Post, "/settings/{organization}/sso", "settings"),
    route(Post, "/settings/{organization}/sign-in-policy", "settings"),
    route(Get, "/settings/{organization}/sso/{connection}", "settings"),
    route(Get, "/settings/{organization}/sso/{connection}/guide/{idp}", "settings"),
    route(Post, "/settings/{organization}/sso/{connection}/metadata", "settings"),
    route(Post, "/settings/{organization}/sso/{connection}/policy", "settings"),
    route(Post, "/settings/{organization}/sso/{connection}/test", "settings"),
    route(Post, "/settings/{organization}/sso/{connection}/activate", "settings"),
    route(Post, "/settings/{organization}/sso/{connection}/deactivate", "settings"),
    route(Post, "/settings/{organization}/sso/{connection}/discard", "settings"),
    route(Post, "/settings/{organization}/sso/{connection}/delete", "settings"),
    route(Post, "/settings/{organization}/certificates", "settings"),
    route(Get, "/settings/{organization}/certificates/{certificate}/{file}", "settings"),
    route(Post, "/settings/{organization}/certificates/{certificate}/retire", "settings"),
    route(Get, "/settings/{organization}/attempts", "settings"),
    route(Get, "/settings/{organization}/attempts/{attempt}", "settings"),
    route(Get, "/settings/{organization}/scim", "settings"),
    route(Post, "/settings/{organization}/scim", "settings"),
    route(Get, "/settings/{organization}/scim/guide/{idp}", "settings"),
    route(Get, "/settings/{organization}/scim/requests", "settings"),
    route(Post, "/settings/{organization}/scim/tokens", "settings"),
    route(Post, "/settings/{organization}/scim/tokens/{token}/revoke", "settings"),
    route(Post, "/settings/{organization}/scim/clients", "settings"),
    route(Post, "/settings/{organization}/scim/clients/{client}/revoke", "settings"),
    route(Post, "/settings/{organization}/scim/clients/{client}/secrets", "settings"),
    route(
        Post,
        "/settings/{organization}/scim/clients/{client}/secrets/{secret}/retire",
        "settings",
    ),
    route(Get, "/settings/{organization}/links", "settings"),
    route(Post, "/settings/{organization}/links", "settings"),
    route(Post, "/settings/{organization}/links/{link}/revoke", "settings"),
    route(Get, "/settings/{organization}/members", "settings-members"),
    route(Get, "/settings/{organization}/members.csv", "settings-members"),
    route(Get, "/settings/{organization}/members/{member}", "settings-members"),
    route(Post, "/settings/{organization}/members/{member}/suspend", "settings-members"),
    route(Post, "/settings/{organization}/members/{member}/restore", "settings-members"),
    route(Post, "/settings/{organization}/members/{member}/password", "settings-members"),
    route(Post, "/settings/{organization}/members/{member}/sessions", "settings-members"),
    route(Get, "/settings/{organization}/suspended", "settings-members"),
    route(Get, "/settings/{organization}/suspended.csv", "settings-members"),
    route(Post, "/settings/{organization}/suspended/clean-up", "settings-members"),
    route(Post, "/settings/{organization}/suspended/retention", "settings-members"),
    route(Get, "/settings/{organization}/groups", "settings-members"),
    route(Get, "/settings/{organization}/groups/{group}", "settings-members"),
    route(Get, "/settings/{organization}/history", "settings-members"),
    route(Get, "/settings/{organization}/history.csv", "settings-members"),
    route(Get, "/.well-known/openid-configuration", "oidc"),
    route(Get, "/oidc/jwks", "oidc"),
    route(Get, "/oidc/authorize", "oidc"),
    route(Post, "/oidc/authorize", "oidc"),
    route(Post, "/oidc/token", "oidc"),
    route(Get, "/oidc/userinfo", "oidc"),
    route(Post, "/oidc/userinfo", "oidc"),
    route(Get, "/oidc/end_session", "oidc"),
    route(Post, "/oidc/end_session", "oidc"),
    route(Get, "/v1/organizations", "operator"),
    route(Post, "/v1/organizations", "operator"),
    route(Get, "/v1/organizations/{organization}", "operator"),
    route(Patch, "/v1/organizations/{organization}", "operator"),
    route(Put, "/v1/organizations/{organization}/licence", "operator"),
    route(Get, "/v1/organizations/{organization}/directory", "operator"),
    route(Patch, "/v1/organizations/{organization}/directory", "operator"),
    route(Get, "/v1/organizations/{organization}/directory/state", "operator"),
    route(Get, "/v1/organizations/{organization}/directory/requests", "operator"),
    route(Get, "/v1/organizations/{organization}/tokens", "operator"),
    route(Post, "/v1/organizations/{organization}/tokens", "operator"),
    route(Delete, "/v1/organizations/{organization}/tokens/{token}", "operator"),
    route(Get, "/v1/organizations/{organization}/clients", "operator"),
    route(Post, "/v1/organizations/{organization}/clients", "operator"),
    route(Delete, "/v1/organizations/{organization}/clients/{client}", "operator"),
    route(Post, "/v1/organizations/{organization}/clients/{client}/secrets", "operator"),
    route(Delete, "/v1/organizations/{organization}/clients/{client}/secrets/{secret}", "operator"),
    route(Get, "/v1/organizations/{organization}/sign-in", "connections"),
    route(Patch, "/v1/organizations/{organization}/sign-in", "connections"),
    route(Get, "/v1/organizations/{organization}/connections", "connections"),
    route(Post, "/v1/organizations/{organization}/connections", "connections"),
    route(Get, "/v1/organizations/{organization}/connections/{connection}", "connections"),
    route(Patch, "/v1/organizations/{organization}/connections/{connection}", "connections"),
    route(Delete, "/v1/organizations/{organization}/connections/{connection}", "connections"),
    route(Put, "/v1/organizations/{organization}/connections/{connection}/metadata", "connections"),
    route(Delete, "/v1/organizations/{organization}/connections/{connection}/draft", "connections"),
    route(Post, "/v1/organizations/{organization}/connections/{connection}/test", "connections"),
    route(
        Post,
        "/v1/organizations/{organization}/connections/{connection}/activate",
        "connections",
    ),
    route(
        Post,
        "/v1/organizations/{organization}/connections/{connection}/deactivate",
        "connections",
    ),
    route(Get, "/v1/organizations/{organization}/certificates", "connections"),
    route(Post, "/v1/organizations/{organization}/certificates", "connections"),
    route(Get, "/v1/organizations/{organization}/certificates/{certificate}", "connections"),
    route(Delete, "/v1/organizations/{organization}/certificates/{certificate}", "connections"),
    route(Get, "/v1/organizations/{organization}/attempts", "connections"),
    route(Get, "/v1/organizations/{organization}/attempts/{attempt}", "connections"),
    route(Get, "/v1/organizations/{organization}/members/{member}/sessions", "operator"),
    route(Delete, "/v1/organizations/{organization}/members/{member}/sessions", "operator"),
    route(Put, "/v1/organizations/{organization}/members/{member}/password", "operator"),
    route(Delete, "/v1/organizations/{organization}/members/{member}/password", "operator"),
    route(Post, "/v1/organizations/{organization}/members/{member}/password/link", "operator"),
    route(Get, "/v1/organizations/{organization}/setup-links", "operator"),
    route(Post, "/v1/organizations/{organization}/setup-links", "operator"),
    route(Delete, "/v1/organizations/{organization}/setup-links/{link}", "operator"),
    route(Get, "/v1/applications", "connections"),
    route(Post, "/v1/applications", "connections"),
    route(Get, "/v1/applications/{application}", "connections"),
    route(Patch, "/v1/applications/{application}", "connections"),
    route(Delete, "/v1/applications/{application}", "connections"),
    route(Post, "/v1/applications/{application}/secrets", "connections"),
    route(Delete, "/v1/applications/{application}/secrets/{secret}", "connections"),
    route(Get, "/v1/organizations/{organization}/events", "operator"),
    route(Get, "/v1/organizations/{organization}/members", "operator"),
    route(Post, "/v1/organizations/{organization}/members/clean-up", "operator"),
    route(Delete, "/v1/organizations/{organization}/members/{member}", "operator"),
    route(Post, "/v1/organizations/{organization}/members/{member}/suspend", "operator"),
    route(Post, "/v1/organizations/{organization}/members/{member}/restore", "operator"),
    route(Put, "/v1/organizations/{organization}/members/{member}/owner", "operator"),
    route(Delete, "/v1/organizations/{organization}/members/{member}/owner", "operator"),
    route(Post, "/v1/organizations/{organization}/members/{member}/owner/link", "operator"),
    route(Get, "/v1/operator-keys", "operator"),
    route(Post, "/v1/operator-keys", "operator"),
    route(Delete, "/v1/operator-keys/{key}", "operator"),
];

/// What a path and a method lead to.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// This route, with the values of its `{…}` segments.
    Route(&'static Route, Parameters),
    /// The path is known with these other methods.
    OtherMethods(Vec<Method>),
    /// Nothing.
    Nothing,
}

/// The values of a route's `{…}` segments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// The value of `{name}`; empty when the route has no such segment.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str())
    }
}

/// Looks a request's path up. `segments` are decoded and have no empty one among them. A literal segment wins over a
/// parameter (`.search` is no id), whatever the order of the table.
#[must_use]
pub fn find(method: Method, segments: &[String]) -> Found {
    let mut best: Option<(usize, &'static Route, Parameters)> = None;
    let mut others: Vec<(usize, Method)> = Vec::new();
    for route in ROUTES {
        let Some(parameters) = matches(route.path, segments) else {
            continue;
        };
        let loose = parameters.0.len();
        if route.method != method {
            others.push((loose, route.method));
        } else if best.as_ref().is_none_or(|(least, ..)| loose < *least) {
            best = Some((loose, route, parameters));
        }
    }
    // `GET /Users/.search` is not the user `.search`: the literal path decides which methods there are.
    let closest_other = others.iter().map(|(loose, _)| *loose).min();
    match (best, closest_other) {
        (Some((loose, route, parameters)), closest)
            if closest.is_none_or(|other| loose <= other) =>
        {
            Found::Route(route, parameters)
        }
        (_, Some(closest)) => {
            let methods = others.iter().filter(|(loose, _)| *loose == closest);
            Found::OtherMethods(methods.map(|(_, method)| *method).collect())
        }
        _ => Found::Nothing,
    }
}

fn matches(path: &'static str, segments: &[String]) -> Option<Parameters> {
    let mut parameters = Parameters::default();
    let mut given = segments.iter();
    for expected in path.split('/').skip(1) {
        let segment = given.next()?;
        match expected.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => parameters.0.push((name, segment.clone())),
            None if expected == segment => {}
            None => return None,
        }
    }
    given.next().is_none().then_some(parameters)
}

/// The function that API Gateway would hand this request to.
#[must_use]
pub fn function_for(method: Method, segments: &[String]) -> &'static str {
    match find(method, segments) {
        Found::Route(route, _) => route.function,
        Found::OtherMethods(_) | Found::Nothing => DEFAULT_FUNCTION,
    }
}

/// Whether errors of this path are SCIM errors.
#[must_use]
pub fn is_scim(segments: &[String]) -> bool {
    segments.first().is_some_and(|first| first == "scim")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Vec<String> {
        path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect()
    }

    fn found(method: Method, path: &str) -> Found {
        find(method, &segments(path))
    }

    #[test]
    fn every_route_finds_itself() {
        for route in ROUTES {
            let path = route.path.replace(['{', '}'], "x");
            assert!(
                matches!(found(route.method, &path), Found::Route(that, _) if that == route),
                "{path}"
            );
        }
    }

    #[test]
    fn parameters_are_named() {
        let Found::Route(_, parameters) =
            found(Delete, "/v1/organizations/org-1/clients/cli-2/secrets/sec-3")
        else {
            panic!("no route");
        };
        assert_eq!(parameters.get("organization"), "org-1");
        assert_eq!(parameters.get("secret"), "sec-3");
        assert_eq!(parameters.get("other"), "");
    }

    #[test]
    fn a_literal_segment_wins_over_a_parameter() {
        assert_eq!(found(Get, "/scim/v2/Users/.search"), Found::OtherMethods(vec![Post]));
        assert!(matches!(found(Post, "/v1/organizations/o/members/clean-up"), Found::Route(..)));
    }

    #[test]
    fn a_known_path_with_another_method_says_which_there_are() {
        assert_eq!(found(Put, "/scim/v2/Users"), Found::OtherMethods(vec![Get, Post]));
        assert_eq!(found(Get, "/nothing"), Found::Nothing);
        assert_eq!(found(Get, "/scim/v2/Users/1/2"), Found::Nothing);
    }

    #[test]
    fn a_route_stands_in_the_table_once() {
        for (n, route) in ROUTES.iter().enumerate() {
            assert!(
                !ROUTES[n + 1..].iter().any(|r| r.method == route.method && r.path == route.path)
            );
        }
    }
}
