//! `docs/openapi.yaml` and the README against the code: the same routes, the same limits. Whether the document is
//! valid and what a server answers is judged by `tests/judges/openapi.py`.
//!
//! Both are read by lines, which needs no YAML reader: a path stands at two spaces, a method at four, and a number that
//! is followed by `# NAME` (in the README, a table's row `NAME | number`) is the value of that constant.

use std::{collections::BTreeSet, fs, path::Path};

use lychgate_core::{
    application, attempt, client_credentials, connection, cursor, event, groups, index, journal,
    list, matching,
    oidc::{authorize, jws},
    operator::{
        self, checks, connection_policy, directory, events, keys, licence, members, metadata, uris,
    },
    organization, password, passwords, render, session,
    settings::link,
};
use lychgate_edge::{
    request::{self, Method},
    routes::ROUTES,
    scim,
};
use lychgate_saml::binding;
use lychgate_scim::{
    filter, json, message, notice, patch, path, project, resource, schema::declared, value,
};

/// Every limit that a document may name. A new one that is named gets a line here.
// tidy: long because it is a table.
fn limits() -> Vec<(&'static str, u64)> {
    let usizes = [
        ("APPLICATIONS_MAX", application::APPLICATIONS_MAX),
        ("ATTRIBUTE_NAME_CHARS_MAX", connection_policy::ATTRIBUTE_NAME_CHARS_MAX),
        ("ATTR_PATH_BYTES_MAX", path::ATTR_PATH_BYTES_MAX),
        ("BODY_BYTES_MAX", request::BODY_BYTES_MAX),
        ("BULK_ID_BYTES_MAX", message::bulk::BULK_ID_BYTES_MAX),
        ("BULK_OPERATIONS_MAX", message::bulk::BULK_OPERATIONS_MAX),
        ("CHALLENGE_CHARS", authorize::CHALLENGE_CHARS),
        ("CLEAN_UP_MAX", members::CLEAN_UP_MAX),
        ("binding::MESSAGE_BYTES_MAX", binding::MESSAGE_BYTES_MAX),
        ("binding::RELAY_STATE_BYTES_MAX", binding::RELAY_STATE_BYTES_MAX),
        ("CLIENTS_MAX", organization::CLIENTS_MAX),
        ("CONNECTIONS_MAX", organization::CONNECTIONS_MAX),
        ("CLIENT_SECRETS_MAX", organization::CLIENT_SECRETS_MAX),
        ("cursor::CURSOR_BYTES_MAX", cursor::CURSOR_BYTES_MAX),
        ("search::CURSOR_BYTES_MAX", message::search::CURSOR_BYTES_MAX),
        ("DECLARED_ATTRIBUTES_MAX", declared::DECLARED_ATTRIBUTES_MAX),
        ("DOMAIN_CHARS_MAX", organization::DOMAIN_CHARS_MAX),
        ("DOMAIN_CHARS_MIN", organization::DOMAIN_CHARS_MIN),
        ("EMAIL_DOMAINS_MAX", organization::EMAIL_DOMAINS_MAX),
        ("EMAIL_DOMAIN_CHARS_MAX", checks::EMAIL_DOMAIN_CHARS_MAX),
        ("EMAILS_MAX", index::EMAILS_MAX),
        ("EVENT_MEMBERS_MAX", event::EVENT_MEMBERS_MAX),
        ("FILTER_BYTES_MAX", filter::FILTER_BYTES_MAX),
        ("FILTER_DEPTH_MAX", filter::FILTER_DEPTH_MAX),
        ("FILTER_TERMS_MAX", filter::FILTER_TERMS_MAX),
        ("FORM_BYTES_MAX", client_credentials::FORM_BYTES_MAX),
        ("jws::TOKEN_BYTES_MAX", jws::TOKEN_BYTES_MAX),
        ("JSON_DEPTH_MAX", json::JSON_DEPTH_MAX),
        ("LOGGED_CLIENT_CHARS_MAX", scim::LOGGED_CLIENT_CHARS_MAX),
        ("LOGGED_PATH_CHARS_MAX", scim::LOGGED_PATH_CHARS_MAX),
        ("LOOKUP_TEXT_BYTES_MAX", resource::LOOKUP_TEXT_BYTES_MAX),
        ("KEY_PAIRS_MAX", organization::KEY_PAIRS_MAX),
        ("LINK_USES_MAX", link::LINK_USES_MAX),
        ("MEMBERS_ANSWERED_MAX", render::MEMBERS_ANSWERED_MAX),
        ("MEMBERS_CHANGED_MAX", groups::MEMBERS_CHANGED_MAX),
        ("MEMBERS_PER_REQUEST_MAX", resource::MEMBERS_PER_REQUEST_MAX),
        ("MEMBERS_READ_MAX", groups::MEMBERS_READ_MAX),
        ("METADATA_URL_BYTES_MAX", metadata::METADATA_URL_BYTES_MAX),
        ("NAME_CHARS_MAX", checks::NAME_CHARS_MAX),
        ("NONCE_BYTES_MAX", authorize::NONCE_BYTES_MAX),
        ("NOTICES_MAX", notice::NOTICES_MAX),
        ("OPERATOR_KEYS_MAX", keys::OPERATOR_KEYS_MAX),
        ("OUTCOMES_SHOWN_MAX", directory::OUTCOMES_SHOWN_MAX),
        ("OWNERS_MAX", organization::OWNERS_MAX),
        ("PAGE_COUNT_DEFAULT", list::PAGE_COUNT_DEFAULT),
        ("PAGE_COUNT_MAX", list::PAGE_COUNT_MAX),
        ("PASSWORD_BYTES_MAX", password::PASSWORD_BYTES_MAX),
        ("PASSWORD_CHARS_MIN", password::PASSWORD_CHARS_MIN),
        ("passwords::EMAIL_BYTES_MAX", passwords::EMAIL_BYTES_MAX),
        ("PATCH_OPERATIONS_MAX", patch::PATCH_OPERATIONS_MAX),
        ("path::PATH_BYTES_MAX", path::PATH_BYTES_MAX),
        ("PROJECTION_NAMES_MAX", project::PROJECTION_NAMES_MAX),
        ("QUERY_BYTES_MAX", request::QUERY_BYTES_MAX),
        ("REDIRECT_URIS_MAX", application::REDIRECT_URIS_MAX),
        ("RESOURCE_BYTES_MAX", resource::RESOURCE_BYTES_MAX),
        ("SCOPE_BYTES_MAX", client_credentials::SCOPE_BYTES_MAX),
        ("SESSIONS_PER_MEMBER_MAX", session::SESSIONS_PER_MEMBER_MAX),
        ("REDIRECT_URI_BYTES_MAX", authorize::REDIRECT_URI_BYTES_MAX),
        ("STATE_BYTES_MAX", authorize::STATE_BYTES_MAX),
        ("STRING_BYTES_MAX", value::STRING_BYTES_MAX),
        ("TOKENS_MAX", organization::TOKENS_MAX),
        ("UNKNOWN_MEMBERS_KEPT_MAX", journal::UNKNOWN_MEMBERS_KEPT_MAX),
        ("URI_BYTES_MAX", uris::URI_BYTES_MAX),
        ("USER_NAME_BYTES_MAX", resource::USER_NAME_BYTES_MAX),
        ("VALUES_PER_ATTRIBUTE_MAX", value::VALUES_PER_ATTRIBUTE_MAX),
    ];
    let mut limits: Vec<(&str, u64)> =
        usizes.into_iter().map(|(name, value)| (name, value as u64)).collect();
    limits.extend([
        ("ACCESS_TOKEN_SECS_MAX", u64::from(organization::ACCESS_TOKEN_SECS_MAX)),
        ("ACCESS_TOKEN_SECS_MIN", u64::from(organization::ACCESS_TOKEN_SECS_MIN)),
        ("ATTEMPT_DAYS", attempt::ATTEMPT_DAYS),
        ("CLOCK_SKEW_SECS_MAX", u64::from(connection::CLOCK_SKEW_SECS_MAX)),
        ("CODE_SECS", session::CODE_SECS),
        ("EVENT_SETTLE_SECS", events::EVENT_SETTLE_SECS),
        ("FAILURES_FREE", u64::from(password::FAILURES_FREE)),
        ("FLOW_SECS", session::FLOW_SECS),
        ("GUESSES_PER_ADDRESS_MAX", passwords::GUESSES_PER_ADDRESS_MAX),
        ("GUESSES_PER_PAIR_MAX", passwords::GUESSES_PER_PAIR_MAX),
        ("ID_TOKEN_SECS", session::ID_TOKEN_SECS),
        ("LINKS_PER_ADDRESS_MAX", passwords::LINKS_PER_ADDRESS_MAX),
        ("LINKS_PER_HOUR_MAX", passwords::LINKS_PER_HOUR_MAX),
        ("MEMBERS_SCANNED_MAX", u64::from(members::MEMBERS_SCANNED_MAX)),
        ("OWNER_LINK_SECS_MAX", link::OWNER_LINK_SECS_MAX),
        ("PAGE_SIZE_DEFAULT", u64::from(operator::PAGE_SIZE_DEFAULT)),
        ("PAGE_SIZE_MAX", u64::from(operator::PAGE_SIZE_MAX)),
        ("PASSWORD_LINK_SECS", passwords::PASSWORD_LINK_SECS),
        ("PASSWORD_SESSION_SECS", passwords::PASSWORD_SESSION_SECS),
        ("REQUEST_LOG_DAYS", journal::REQUEST_LOG_DAYS),
        ("RETENTION_DAYS_MAX", u64::from(directory::RETENTION_DAYS_MAX)),
        ("SCAN_MAX", matching::SCAN_MAX),
        ("SEATS_MAX", licence::SEATS_MAX),
        ("SESSION_SECS_MAX", u64::from(connection::SESSION_SECS_MAX)),
        ("SESSION_SECS_MIN", u64::from(connection::SESSION_SECS_MIN)),
        ("SETUP_LINK_SECS_MAX", link::SETUP_LINK_SECS_MAX),
        ("TEST_WINDOW_SECS", connection::TEST_WINDOW_SECS),
        ("USERINFO_TOKEN_SECS", session::USERINFO_TOKEN_SECS),
        ("WAIT_SECS_MAX", password::WAIT_SECS_MAX),
        ("WALK_MAX", list::WALK_MAX),
        ("WEAK_DAYS_MAX", connection::WEAK_DAYS_MAX),
    ]);
    limits
}

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = read("docs/openapi.yaml");
    let mut path = "";
    let mut described = BTreeSet::new();
    let sections = document.lines().skip_while(|line| *line != "paths:");
    for line in sections.take_while(|line| *line != "components:") {
        if let Some(found) = line.strip_prefix("  /") {
            path = found.trim_end_matches(':');
        } else if let Some(word) = line.strip_prefix("    ").and_then(|it| it.strip_suffix(':'))
            && Method::parse(&word.to_ascii_uppercase()) != Method::Other
        {
            described.insert(format!("{} /{path}", word.to_ascii_uppercase()));
        }
    }
    // The owner's pages are for browsers: their forms are bound to the page that they stand on, and change with it.
    let is_api =
        |path: &str| !path.starts_with("/settings") && !path.starts_with("/assets/settings");
    let routes = ROUTES.iter().filter(|route| is_api(route.path));
    let table: BTreeSet<String> =
        routes.map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, table);
}

#[test]
fn the_limits_are_those_of_the_code() {
    let mut wrong = Vec::new();
    let (document, readme) = (read("docs/openapi.yaml"), read("README.md"));
    let in_document = document.lines().filter_map(number_before_a_name);
    let in_readme = readme.lines().filter_map(row_of_a_limit);
    let (in_document, in_readme): (Vec<_>, Vec<_>) = (in_document.collect(), in_readme.collect());
    // Whoever changes the form of the lines shall not end up with a test of nothing.
    assert!(in_document.len() > 30, "only {} limits in the document", in_document.len());
    assert!(in_readme.len() > 20, "only {} limits in the README", in_readme.len());
    let limits = limits();
    for (name, number) in in_document.into_iter().chain(in_readme) {
        match limits.iter().find(|(known, _)| *known == name) {
            None => wrong.push(format!("{name} is not in this test's list")),
            Some((_, value)) if *value != number => {
                wrong.push(format!("{name} is {value}, and not {number}"));
            }
            Some(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `maximum: 200 # PAGE_SIZE_MAX`: the last number before the name.
fn number_before_a_name(line: &str) -> Option<(&str, u64)> {
    let (before, name) = line.rsplit_once(" # ")?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c))
        && name.ends_with(|c: char| c.is_ascii_uppercase());
    let digits = |c: char| !c.is_ascii_digit();
    let number = before.rsplit(digits).find(|part| !part.is_empty())?;
    Some((name, number.parse().ok()?)).filter(|_| is_name)
}

/// `| what it limits | 10,000 | `NAME` |`
fn row_of_a_limit(line: &str) -> Option<(&str, u64)> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim).skip(1);
    let number = cells.next()?.replace(',', "");
    let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
    Some((name, number.split(' ').next()?.parse().ok()?))
}

#[test]
fn lines_are_read_as_they_are_meant() {
    assert_eq!(number_before_a_name("  maximum: 200 # A_MAX"), Some(("A_MAX", 200)));
    assert_eq!(number_before_a_name("  { a: 1, b: 23 } # m::B_MAX"), Some(("m::B_MAX", 23)));
    assert_eq!(number_before_a_name("  # --- 1 SCIM: users ---"), None);
    assert_eq!(row_of_a_limit("| members | 10,000 | `X_MAX` |"), Some(("X_MAX", 10_000)));
    assert_eq!(row_of_a_limit("| a | b | c |"), None);
}
