//! The bodies of the fuzz targets: plain functions from bytes to nothing, for every parser in `scim` and `core`
//! that meets a stranger's bytes. They assert that nothing panics, that limits hold, and what must be true of
//! whatever was accepted. Driven three ways: by libFuzzer (`tests/fuzz`), over the corpus, and seeded in the tests.

use lychgate_core::{
    credential::{self, AUTHORIZATION_BYTES_MAX, Credential},
    cursor::{self, Binding},
    ids::{GroupId, OrganizationId, UserId},
    organization::Domain,
    precondition::{TAGS_MAX, Tags},
    time::Timestamp,
};
use lychgate_scim::{
    Error, Notices, Resource,
    filter::{FILTER_BYTES_MAX, Filter, Predicate, Unknowns, View},
    json::{self, JSON_DEPTH_MAX},
    message::{bulk::BulkRequest, search::ListQuery},
    patch,
    path::{AttrPath, Path},
    project::Projection,
    schema::Catalogue,
    sort::Sort,
};
use serde_json::{Value, json};

use crate::{
    fuzz_authorize, fuzz_saml,
    world::{FakeWorld, Random},
};

/// A body: what a fuzzer calls.
pub type Body = fn(&[u8]);

/// All bodies by the name of their corpus folder.
pub const BODIES: &[(&str, Body)] = &[
    ("filter", filter),
    ("path", path),
    ("patch", patch_message),
    ("cursor", cursor_text),
    ("token", token),
    ("resource", resource),
    ("bulk", bulk),
    ("search", search),
    ("saml-xml", fuzz_saml::xml),
    ("saml-response", fuzz_saml::response),
    ("saml-metadata", fuzz_saml::metadata),
    ("saml-binding", fuzz_saml::binding),
    ("authorize", fuzz_authorize::authorize),
];

/// A refusal must say something, and not say everything back.
fn refused(error: &Error, bytes: &[u8]) {
    assert!((400..500).contains(&error.kind.status()), "a stranger's bytes are a stranger's fault");
    assert!(error.detail.len() >= 10, "the detail helps");
    let limit = 1_000 + bytes.len().min(1_000);
    assert!(
        error.detail.len() <= limit,
        "the detail does not repeat the input: {}",
        error.detail.len()
    );
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn parsed(bytes: &[u8]) -> Option<Value> {
    match json::parse(bytes) {
        Ok(value) => {
            assert!(depth(&value) <= JSON_DEPTH_MAX, "no deeper than the limit");
            Some(value)
        }
        Err(error) => {
            refused(&error, bytes);
            None
        }
    }
}

fn sample() -> Resource {
    let attributes = json!({"userName": "ada@example.com", "active": true, "title": "Countess",
        "name": {"givenName": "Ada"}, "emails": [
            {"value": "a@example.com", "type": "work", "primary": true},
            {"value": "b@example.com", "type": "home"}]});
    let Value::Object(attributes) = attributes else { return Resource::default() };
    Resource::trusted(attributes)
}

fn view(resource: &Resource) -> View<'_> {
    View {
        resource,
        id: "019a0000-0000-7000-8000-000000000001",
        created: "2026-11-22T09:00:00.000Z",
        last_modified: "2026-11-22T09:00:00.000Z",
        version: "W/\"1\"",
        location: "https://scim.lychgate.example/scim/v2/Users/1",
        members: None,
        groups: None,
    }
}

/// A filter: what it prints is the same filter, and it can be asked of a resource.
pub fn filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let filter = match Filter::parse(text) {
        Ok(filter) => filter,
        Err(error) => return refused(&error, bytes),
    };
    assert!(text.len() <= FILTER_BYTES_MAX);
    let printed = filter.to_string();
    if printed.len() <= FILTER_BYTES_MAX {
        assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{printed}");
    }
    let (catalogue, resource) = (Catalogue::standard(), sample());
    for resource_type in catalogue.types() {
        match Predicate::bind(&filter, resource_type, Unknowns::Refuse) {
            Ok(predicate) => {
                let holds = predicate.matches(&view(&resource));
                let not = Filter::parse(&format!("not ({printed})"));
                let not = not
                    .ok()
                    .and_then(|not| Predicate::bind(&not, resource_type, Unknowns::Refuse).ok());
                if let Some(not) = not {
                    assert_ne!(holds, not.matches(&view(&resource)), "not ({printed})");
                }
                let _ =
                    (predicate.candidates(), predicate.needs_groups(), predicate.needs_members());
            }
            Err(error) => refused(&error, bytes),
        }
    }
}

/// A path: what it prints is the same path; it resolves or it does not; lists sort by it or do not.
pub fn path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let catalogue = Catalogue::standard();
    match Path::parse(text) {
        Ok(path) => {
            assert_eq!(Path::parse(&path.to_string()).as_ref(), Ok(&path), "{path}");
            for resource_type in catalogue.types() {
                let _ = path.resolve(resource_type);
            }
        }
        Err(error) => refused(&error, bytes),
    }
    if let Err(error) = AttrPath::parse(text) {
        refused(&error, bytes);
    }
    for resource_type in catalogue.types() {
        if let Err(error) = Sort::parse(resource_type, text, Some(text)) {
            refused(&error, bytes);
        }
        let projection = Projection::parse(&[resource_type], Some(text), Some(text));
        let _ = projection.wants("members");
    }
}

/// A PATCH: applied or refused, it leaves a resource that passes its own checks; applied twice it does what it
/// did once, unless it adds to a list.
pub fn patch_message(bytes: &[u8]) {
    let Some(body) = parsed(bytes) else { return };
    let (catalogue, current) = (Catalogue::standard(), sample());
    for resource_type in catalogue.types() {
        let mut notices = Notices::default();
        let plan = patch::plan(resource_type, "the-id", body.clone(), &mut notices);
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                refused(&error, bytes);
                continue;
            }
        };
        let before = current.clone();
        match plan.apply(&current, &mut notices) {
            Ok(after) => {
                let no_null = |value: &Value| !value.is_null();
                assert!(after.attributes().values().all(no_null), "no null is kept");
                let _ = after.check(resource_type);
            }
            Err(error) => refused(&error, bytes),
        }
        assert_eq!(current, before, "applying is no business of the resource that was given");
    }
}

/// A cursor: it belongs to one question of one organization.
pub fn cursor_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let world = FakeWorld::new(1);
    let (ours, theirs) = (OrganizationId::new(&world), OrganizationId::new(&world));
    let binding = Binding::of(&ours, &["Users", ""]);
    match cursor::decode(binding, text) {
        Ok(place) => {
            assert_eq!(cursor::decode(binding, &cursor::encode(binding, place)), Ok(place));
            let foreign = Binding::of(&theirs, &["Users", ""]);
            assert!(cursor::decode(foreign, text).is_err(), "it belongs to one organization");
        }
        Err(error) => refused(&error, bytes),
    }
    let pairs = [("cursor", text), ("count", text), ("startIndex", text), ("sortBy", text)];
    for pair in pairs {
        if let Err(error) = ListQuery::from_parameters([pair]) {
            refused(&error, bytes);
        }
    }
}

/// Everything that stands in a header or a path: credentials, ids, tags, domains, times.
pub fn token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(credential) = Credential::from_authorization(text) {
        assert!(text.len() <= AUTHORIZATION_BYTES_MAX);
        let shown = format!("{credential:?}");
        let secret = text.trim().rsplit('_').next().unwrap_or_default();
        assert!(!shown.contains(secret), "a credential does not print its secret");
        let again = Credential::from_authorization(&format!("bearer {}", text.trim()));
        let fits = text.trim().len() + 7 <= AUTHORIZATION_BYTES_MAX;
        assert!(!fits || again == Some(credential), "one scheme more is tolerated");
    }
    let _ = (credential::parse_client_id(text), credential::parse_client_secret(text));
    let _ = credential::parse_operator_key(text);
    if let Ok(id) = text.parse::<UserId>() {
        assert_eq!(id.to_string(), text, "an id is exact");
    }
    if let Ok(id) = text.parse::<GroupId>() {
        assert_eq!(id.to_string(), text, "an id is exact");
    }
    if let Some(domain) = Domain::parse(text) {
        assert_eq!(domain.as_str(), text);
    }
    if let Some(at) = Timestamp::parse_rfc3339(text) {
        assert_eq!(Timestamp::parse_rfc3339(&at.rfc3339()), Some(at), "{text}");
    }
    if let Tags::Versions(versions) = Tags::parse(text) {
        assert!(versions.len() <= TAGS_MAX);
    }
}

/// The body of a POST or PUT: what was accepted passes the checks and is accepted again, unchanged.
pub fn resource(bytes: &[u8]) {
    let Some(body) = parsed(bytes) else { return };
    let catalogue = Catalogue::standard();
    for resource_type in catalogue.types() {
        let mut notices = Notices::default();
        let made = match Resource::for_create(resource_type, body.clone(), &mut notices) {
            Ok(incoming) => incoming.resource,
            Err(error) => {
                refused(&error, bytes);
                continue;
            }
        };
        assert_eq!(made.check(resource_type), Ok(()), "what was accepted passes the checks");
        let again = Value::Object(made.attributes().clone());
        let again = Resource::for_create(resource_type, again, &mut Notices::default());
        assert_eq!(
            again.map(|incoming| incoming.resource).as_ref(),
            Ok(&made),
            "canonical form is stable"
        );
        if let Err(error) =
            Resource::for_replace(resource_type, body.clone(), &sample(), &mut notices)
        {
            refused(&error, bytes);
        }
    }
}

/// A bulk request: its references can be listed and put in.
pub fn bulk(bytes: &[u8]) {
    let Some(body) = parsed(bytes) else { return };
    match BulkRequest::parse(body, &mut Notices::default()) {
        Ok(mut request) => {
            for operation in request.operations.iter_mut().flatten() {
                let references: Vec<String> =
                    operation.references().iter().map(|&name| name.to_owned()).collect();
                let done = operation.resolve(|name| {
                    assert!(references.iter().any(|known| known == name), "{name} was listed");
                    Some("019a0000-0000-7000-8000-000000000001")
                });
                if done.is_ok() {
                    assert_eq!(operation.references(), Vec::<&str>::new(), "all are put in");
                }
            }
        }
        Err(error) => refused(&error, bytes),
    }
}

/// The body of a `.search`.
pub fn search(bytes: &[u8]) {
    let Some(body) = parsed(bytes) else { return };
    match ListQuery::from_search(body, &mut Notices::default()) {
        Ok(query) => {
            let catalogue = Catalogue::standard();
            let _ = query.projection(&catalogue.types());
        }
        Err(error) => refused(&error, bytes),
    }
}

/// Pieces of the grammars.
const PIECES: &[&str] = &[
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    ".",
    " ",
    " and ",
    " or ",
    "not (",
    " eq ",
    " pr",
    "null",
    "true",
    "\"True\"",
    "1e999",
    "-0",
    "bulkId:",
    "urn:",
    "members",
    "emails[type eq \"work\"].value",
    "\u{0}",
    "\u{feff}",
    "é",
    "İ",
    "ß",
    "\u{1F600}",
    "$ref",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    "lyg_",
    "Bearer ",
    "W/\"1\"",
    "<",
    ">",
    "</",
    "/>",
    "&#38;",
    "&#xD800;",
    "<!---->",
    "<![CDATA[",
    "]]>",
    "<?x?>",
    "<!DOCTYPE x>",
    " xmlns=\"\"",
    " xmlns:saml=\"urn:x\"",
    " ID=\"_a-1\"",
    "<saml:Assertion/>",
    "%26",
    "&SAMLRequest=",
];

/// A mutation of `seed`: a piece of its JSON replaced, renamed, doubled or removed when it is JSON, and bytes
/// flipped, cut, doubled, and pieces of the grammars put in.
#[must_use]
pub fn mutated(seed: &[u8], random: &mut Random) -> Vec<u8> {
    if random.below(4) != 0
        && let Ok(mut value) = serde_json::from_slice::<Value>(seed)
    {
        for _ in 0..=random.below(3) {
            mutate_value(&mut value, random);
        }
        return value.to_string().into_bytes();
    }
    mutated_bytes(seed, random)
}

/// Changes one place somewhere in a JSON value: what a parser of JSON lets through to the parsers behind it.
fn mutate_value(value: &mut Value, random: &mut Random) {
    let down = random.below(4) != 0;
    match value {
        Value::Object(map) if down && !map.is_empty() => {
            let name = map.keys().nth(random.below(map.len())).cloned().unwrap_or_default();
            match random.below(8) {
                0 => drop(map.remove(&name)),
                1 => {
                    let moved = map.remove(&name).unwrap_or_default();
                    map.insert(odd_name(&name, random), moved);
                }
                2 => drop(map.insert(odd_name(&name, random), odd_value(random))),
                _ => mutate_value(&mut map[&name], random),
            }
        }
        Value::Array(list) if down && !list.is_empty() => {
            let at = random.below(list.len());
            match random.below(6) {
                0 => drop(list.remove(at)),
                1 => list.push(list[at].clone()),
                2 => list.push(odd_value(random)),
                _ => mutate_value(&mut list[at], random),
            }
        }
        Value::String(text) if random.below(2) == 0 => {
            *text = String::from_utf8_lossy(&mutated_bytes(text.as_bytes(), random)).into_owned();
        }
        other => *other = odd_value(random),
    }
}

fn odd_name(name: &str, random: &mut Random) -> String {
    match random.below(5) {
        0 => name.to_uppercase(),
        1 => format!("{name}."),
        2 => format!("urn:ietf:params:scim:schemas:core:2.0:User:{name}"),
        3 => (*random.pick(PIECES)).to_owned(),
        _ => format!("{name}[type eq \"work\"].value"),
    }
}

fn odd_value(random: &mut Random) -> Value {
    match random.below(14) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!("False"),
        3 => json!(""),
        4 => json!(-1.5e300),
        5 => json!(u64::MAX),
        6 => json!([]),
        7 => json!({}),
        8 => json!([[1], null]),
        9 => json!({"value": null}),
        10 => json!([{"value": "x", "primary": "True"}, {"value": "x", "primary": true}]),
        11 => json!("x".repeat(random.below(3_000))),
        12 => json!({"value": {"value": ["x"]}}),
        _ => json!(*random.pick(PIECES)),
    }
}

fn mutated_bytes(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(2) {
        let at = random.below(bytes.len() + 1);
        match random.below(6) {
            0 if !bytes.is_empty() => {
                let last = bytes.len() - 1;
                bytes[at.min(last)] ^= 1 << random.below(8);
            }
            1 => bytes.truncate(at),
            2 => {
                let piece = bytes[at..].to_vec();
                bytes.extend_from_slice(&piece[..piece.len().min(400)]);
            }
            3 => {
                let to = (at + random.below(12)).min(bytes.len());
                bytes.drain(at..to);
            }
            _ => {
                let piece = random.pick(PIECES).as_bytes();
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}
