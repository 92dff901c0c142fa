//! What the RFCs say of lists, projections, versions, searches, bulk requests, `/Me`, discovery and errors
//! (RFC 7643, RFC 7644, RFC 9865), on the functions in this process.

use std::collections::BTreeSet;

use conformance::{
    endpoint::Endpoint,
    session::{BULK, GROUP, SEARCH, Session, USER, encoded, ids_of, patch_of, values},
};
use lychgate_core::{
    ids::UserId,
    organization::{LicenceState, Organization},
};
use lychgate_scim::ErrorKind;
use serde_json::{Value, json};

fn endpoint() -> Endpoint {
    Endpoint::in_memory(0x7644)
}

async fn change(session: &mut Session<'_>, change: impl FnOnce(&mut Organization)) {
    let before = session.acme.organization.clone();
    let mut after = before.clone();
    after.version += 1;
    change(&mut after);
    session.endpoint.backstage.change(&before, &after).await;
    session.acme.organization = after;
}

// --- §3.4.2.4, RFC 9865: pages ---

#[tokio::test]
async fn index_pages_joined_are_the_list() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "pages").await;
    let mut crowd = session.crowd("u", 25).await;
    crowd.sort();
    for count in [1, 7, 24, 25, 26] {
        let mut seen = Vec::new();
        while seen.len() < 25 {
            let path = format!("/Users?startIndex={}&count={count}", seen.len() + 1);
            let page = session.found(&path).await;
            assert_eq!(page["totalResults"], 25);
            assert_eq!(page["startIndex"], json!(seen.len() + 1));
            let ids = ids_of(&page);
            assert_eq!(ids.len(), count.min(25 - seen.len()), "{path}");
            seen.extend(ids);
        }
        assert_eq!(seen, crowd);
    }
}

#[tokio::test]
async fn odd_numbers_of_a_page_mean_what_the_rfc_says() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "pages").await;
    let mut crowd = session.crowd("u", 3).await;
    crowd.sort();
    for (query, wanted) in [
        ("startIndex=0&count=2", &crowd[..2]),
        ("startIndex=-5&count=2", &crowd[..2]),
        ("startIndex=3", &crowd[2..]),
        ("startIndex=4", &[]),
        ("count=0", &[]),
        ("count=-1", &[]),
    ] {
        let page = session.found(&format!("/Users?{query}")).await;
        assert_eq!(ids_of(&page), wanted, "{query}");
        assert_eq!(page["totalResults"], 3, "{query}");
    }
}

#[tokio::test]
async fn cursor_pages_show_everyone_who_stayed_once_while_others_come_and_go() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "cursors").await;
    let crowd = session.crowd("u", 30).await;
    let gone: BTreeSet<String> =
        [3, 4, 11, 17, 29].into_iter().map(|at: usize| crowd[at].clone()).collect();
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = session.found(&format!("/Users?count=7&cursor={}", encoded(&cursor))).await;
        seen.extend(ids_of(&page));
        pages += 1;
        // One leaves behind us and one ahead of us, one comes: between any two pages.
        for id in gone.iter().skip(pages * 2 - 2).take(2) {
            session.delete(&format!("/Users/{id}")).await;
        }
        session.user(&format!("late{pages}@example.com")).await;
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = next.to_owned();
        assert!(pages < 20, "the cursor comes to an end");
    }
    let distinct: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "nobody twice");
    for id in crowd.iter().filter(|id| !gone.contains(*id)) {
        assert!(seen.contains(id), "{id} stayed and was not shown");
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list_its_question_and_its_organization() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "cursors").await;
    session.crowd("u", 5).await;
    session.group("Engineering", &[]).await;
    let page = session.found("/Users?count=2&cursor=").await;
    let cursor = encoded(page["nextCursor"].as_str().expect("there is more"));
    assert_eq!(ids_of(&session.found(&format!("/Users?count=2&cursor={cursor}")).await).len(), 2);
    let other = Session::new(&endpoint, "other").await;
    other.crowd("u", 5).await;
    let foreign = other.get(&format!("/Users?count=2&cursor={cursor}")).await;
    let groups = session.get(&format!("/Groups?count=2&cursor={cursor}")).await;
    let filtered =
        session.get(&format!("/Users?count=2&cursor={cursor}&filter=active%20eq%20true")).await;
    for answer in [foreign, groups, filtered] {
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["scimType"], "invalidCursor");
    }
}

// --- §3.4.2.2, §3.4.2.3, §3.9: filters, sorting, projections ---

#[tokio::test]
async fn every_operator_finds_what_it_says() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "filters").await;
    let person = |title: &str, mail: &str, kind: &str, active: bool| {
        json!({"title": title, "active": active, "displayName": format!("The {title}"),
            "name": {"familyName": format!("F-{title}")},
            "emails": [{"value": mail, "type": kind, "primary": true}, {"value": format!("x{mail}"), "type": "other"}]})
    };
    let a = session
        .user_with("ada@example.com", person("Countess", "ada@one.example", "work", true))
        .await;
    let b =
        session.user_with("bo@example.com", person("Baker", "bo@two.example", "home", false)).await;
    let c = session.user("cy@example.org").await;
    let all: Vec<(&str, Vec<&String>)> = vec![
        ("userName eq \"ADA@example.com\"", vec![&a]),
        ("userName ne \"ada@example.com\"", vec![&b, &c]),
        ("userName co \"EXAMPLE.COM\"", vec![&a, &b]),
        ("userName sw \"b\"", vec![&b]),
        ("userName ew \".org\"", vec![&c]),
        ("title pr", vec![&a, &b]),
        ("not (title pr)", vec![&c]),
        ("userName gt \"bo@example.com\"", vec![&c]),
        ("userName ge \"bo@example.com\"", vec![&b, &c]),
        ("userName lt \"bo@example.com\"", vec![&a]),
        ("userName le \"bo@example.com\"", vec![&a, &b]),
        ("active eq false", vec![&b]),
        ("active eq true and title pr", vec![&a]),
        ("title eq \"baker\" or userName ew \".org\"", vec![&b, &c]),
        ("title pr and (active eq false or userName sw \"zz\")", vec![&b]),
        ("title eq \"Countess\" or title eq \"Baker\" and active eq true", vec![&a]),
        ("emails.type eq \"work\"", vec![&a]),
        ("emails[type eq \"home\" and value co \"two\"]", vec![&b]),
        ("emails[type eq \"other\"].value eq \"xbo@two.example\"", vec![&b]),
        ("emails co \"one.example\"", vec![&a]),
        ("name.familyName eq \"F-Baker\"", vec![&b]),
        ("urn:ietf:params:scim:schemas:core:2.0:User:title eq \"Baker\"", vec![&b]),
        ("meta.resourceType eq \"User\"", vec![&a, &b, &c]),
        ("meta.created gt \"2001-01-01T00:00:00Z\"", vec![&a, &b, &c]),
        ("meta.created lt \"2001-01-01T00:00:00Z\"", vec![]),
    ];
    for (filter, wanted) in all {
        let found = ids_of(&session.found(&format!("/Users?filter={}", encoded(filter))).await);
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{filter}");
        let body = json!({"schemas": [SEARCH], "filter": filter});
        let searched = session.post("/Users/.search", &body).await;
        assert_eq!(
            (searched.status, ids_of(&searched.json())),
            (200, found),
            "{filter} as a search"
        );
    }
    let by_id = format!("/Users?filter={}", encoded(&format!("id eq \"{b}\"")));
    assert_eq!(ids_of(&session.found(&by_id).await), [b]);
}

#[tokio::test]
async fn lists_are_sorted_with_those_without_a_value_at_the_end() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "sorting").await;
    let c = session.user_with("c@example.com", json!({"displayName": "beta"})).await;
    let a = session.user_with("a@example.com", json!({"displayName": "Gamma"})).await;
    let none = session.user("n@example.com").await;
    let b = session.user_with("b@example.com", json!({"displayName": "Alpha"})).await;
    let sorted = async |query: &str| ids_of(&session.found(&format!("/Users?{query}")).await);
    assert_eq!(sorted("sortBy=displayName").await, [&b, &c, &a, &none].map(String::clone));
    let descending = sorted("sortBy=displayName&sortOrder=descending").await;
    assert_eq!(descending, [&none, &a, &c, &b].map(String::clone));
    assert_eq!(sorted("sortBy=userName&startIndex=2&count=2").await, [&b, &c].map(String::clone));
    let page = session.found("/Users?sortBy=userName&count=3&cursor=").await;
    let next = encoded(page["nextCursor"].as_str().expect("there is one more"));
    let rest = sorted(&format!("sortBy=userName&count=3&cursor={next}")).await;
    assert_eq!([ids_of(&page), rest].concat(), [&a, &b, &c, &none].map(String::clone));
}

#[tokio::test]
async fn projections_show_what_was_asked_and_what_is_always_there() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "projections").await;
    let names = |value: &Value| -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    let set =
        |names: &[&str]| -> BTreeSet<String> { names.iter().map(|&name| name.into()).collect() };
    let body = json!({"schemas": [USER], "userName": "ada@example.com", "displayName": "Ada",
        "title": "Countess", "name": {"givenName": "Ada", "familyName": "Byron"},
        "emails": [{"value": "a@example.com", "type": "work"}]});
    let created = session.post("/Users?attributes=title", &body).await;
    assert_eq!(created.status, 201);
    assert_eq!(names(&created.json()), set(&["schemas", "id", "title"]));
    let id = created.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/Users/{id}");
    let found = session.found(&format!("{path}?attributes=name.givenName,EMAILS")).await;
    assert_eq!(names(&found), set(&["schemas", "id", "name", "emails"]));
    assert_eq!(found["name"], json!({"givenName": "Ada"}));
    let found =
        session.found(&format!("{path}?excludedAttributes=name.givenName,emails,id,schemas")).await;
    assert_eq!(found["name"], json!({"familyName": "Byron"}));
    assert!(found.get("emails").is_none(), "left out");
    assert_eq!((&found["id"], &found["schemas"]), (&json!(id), &json!([USER])), "always there");
    let patched = json!([{"op": "replace", "path": "title", "value": "Queen"}]);
    let patched = session.patch(&format!("{path}?attributes=userName"), &patched).await;
    assert_eq!(names(&patched.json()), set(&["schemas", "id", "userName"]));
    let list = session.found("/Users?attributes=title").await;
    assert_eq!(names(&list["Resources"][0]), set(&["schemas", "id", "title"]));
    let unknown = session.found(&format!("{path}?attributes=shoeSize")).await;
    assert_eq!(names(&unknown), set(&["schemas", "id"]));
}

// --- §3.14: versions ---

#[tokio::test]
async fn versions_guard_reads_and_writes() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "versions").await;
    for path in [
        format!("/Users/{}", session.user("ada@example.com").await),
        format!("/Groups/{}", session.group("Engineering", &[]).await),
    ] {
        let is_group = path.starts_with("/Groups");
        let first = session.get(&path).await;
        let tag = first.header("etag").expect("a tag").to_owned();
        assert_eq!(first.json()["meta"]["version"], json!(tag));
        let unchanged = session.send("GET", &path, &[("If-None-Match", &tag)], None).await;
        assert_eq!(unchanged.status, 304);
        let rename = json!([{"op": "replace", "path": "displayName", "value": "Second"}]);
        let rename = patch_of(&rename);
        let done = session.send("PATCH", &path, &[("If-Match", &tag)], Some(&rename)).await;
        assert_eq!(done.status, if is_group { 204 } else { 200 });
        let again = session.get(&path).await;
        let second = again.header("etag").expect("a tag").to_owned();
        assert_ne!(tag, second);
        let whole = again.json();
        for (method, body) in [("PATCH", Some(&rename)), ("PUT", Some(&whole)), ("DELETE", None)] {
            let refused = session.send(method, &path, &[("If-Match", &tag)], body).await;
            assert_eq!(refused.status, 412, "{method} {path}");
        }
        assert_eq!(session.found(&path).await, whole, "nothing was done");
        // The same once more changes nothing: no new version, no new time.
        let same = session.send("PATCH", &path, &[], Some(&rename)).await;
        assert!(same.status < 300);
        assert_eq!(session.found(&path).await["meta"], whole["meta"]);
        let newer = session.send("GET", &path, &[("If-None-Match", &tag)], None).await;
        assert_eq!(newer.status, 200);
        let any = session.send("PUT", &path, &[("If-Match", "*")], Some(&whole)).await;
        assert_eq!(any.status, 200);
        let list = format!("\"0\", {second}, W/\"77\"");
        let gone = session.send("DELETE", &path, &[("If-Match", &list)], None).await;
        assert_eq!(gone.status, 204, "{path}");
        assert_eq!(session.delete(&path).await.status, 404);
    }
}

// --- §3.4.3, §3.7, §3.11, §4: search, bulk, me, discovery ---

#[tokio::test]
async fn a_search_at_the_root_spans_users_and_groups() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "search").await;
    let ada =
        session.user_with("ada@example.com", json!({"displayName": "Engineering lead"})).await;
    let eng = session.group("Engineering", std::slice::from_ref(&ada)).await;
    session.group("Operations", &[]).await;
    let filter = "displayName sw \"Engineering\"";
    let body = json!({"schemas": [SEARCH], "filter": filter, "attributes": ["displayName"]});
    let found = session.post("/.search", &body).await.json();
    assert_eq!(ids_of(&found), [ada.clone(), eng.clone()]);
    assert_eq!(found["totalResults"], 2);
    let types =
        session.found(&format!("?filter={}", encoded("meta.resourceType eq \"Group\""))).await;
    assert_eq!(types["totalResults"], 2);
    let only =
        session.post("/.search", &json!({"schemas": [SEARCH], "filter": "userName pr"})).await;
    assert_eq!(ids_of(&only.json()), [ada]);
}

#[tokio::test]
async fn bulk_resolves_what_is_created_later_and_in_circles() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "bulk").await;
    let group = |name: &str, member: &str, kind: &str| {
        json!({"schemas": [GROUP], "displayName": name,
            "members": [{"type": kind, "value": format!("bulkId:{member}")}]})
    };
    let operations = json!([
        {"method": "POST", "path": "/Groups", "bulkId": "team", "data": group("Team", "ada", "User")},
        {"method": "POST", "path": "/Users", "bulkId": "ada", "data": {"schemas": [USER], "userName": "ada@example.com"}},
        {"method": "POST", "path": "/Groups", "bulkId": "a", "data": group("A", "b", "Group")},
        {"method": "POST", "path": "/Groups", "bulkId": "b", "data": group("B", "a", "Group")},
        {"method": "PATCH", "path": "/Users/bulkId:ada", "data":
            patch_of(&json!([{"op": "replace", "path": "title", "value": "Countess"}]))},
    ]);
    let answer = session.post("/Bulk", &json!({"schemas": [BULK], "Operations": operations})).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert_eq!(answer["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    let results = answer["Operations"].as_array().expect("operations");
    let statuses: Vec<&str> = results.iter().filter_map(|one| one["status"].as_str()).collect();
    assert_eq!(statuses, ["201", "201", "201", "201", "200"], "{answer}");
    let mut ids = Vec::new();
    for (at, bulk_id) in ["team", "ada", "a", "b"].iter().enumerate() {
        assert_eq!(results[at]["bulkId"], json!(bulk_id));
        let location = results[at]["location"].as_str().expect("a location");
        ids.push(location.rsplit('/').next().expect("an id").to_owned());
    }
    assert!(!answer.to_string().contains("bulkId:"), "resolved: {answer}");
    assert_eq!(session.members(&ids[0]).await, [ids[1].clone()]);
    assert_eq!(session.members(&ids[2]).await, [ids[3].clone()]);
    assert_eq!(session.members(&ids[3]).await, [ids[2].clone()]);
    assert_eq!(session.found(&format!("/Users/{}", ids[1])).await["title"], "Countess");
}

#[tokio::test]
async fn bulk_stops_after_as_many_errors_as_the_client_bears() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "bulk").await;
    session.user("taken@example.com").await;
    let create = |name: &str, id: usize| {
        json!({"method": "POST", "path": "/Users", "bulkId": id.to_string(),
            "data": {"schemas": [USER], "userName": name}})
    };
    let operations: Vec<Value> =
        ["taken@example.com", "a@example.com", "taken@example.com", "b@example.com"]
            .iter()
            .enumerate()
            .map(|(id, name)| create(name, id))
            .collect();
    let body = json!({"schemas": [BULK], "failOnErrors": 2, "Operations": operations});
    let answer = session.post("/Bulk", &body).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    let results = answer["Operations"].as_array().expect("operations");
    assert_eq!(results.len(), 3, "the fourth was not tried: {answer}");
    assert_eq!(results[0]["status"], "409");
    assert_eq!(results[0]["response"]["scimType"], "uniqueness");
    assert_eq!(results[1]["status"], "201");
    assert_eq!(session.found("/Users").await["totalResults"], 2);
}

#[tokio::test]
async fn me_is_the_member_whom_the_token_is_bound_to() {
    let endpoint = endpoint();
    let mut session = Session::new(&endpoint, "me").await;
    let ada = session.user("ada@example.com").await;
    assert_eq!(session.get("/Me").await.status, 501, "bound to nobody");
    let member: UserId = ada.parse().expect("an id");
    change(&mut session, |organization| organization.directory.tokens[0].member = Some(member))
        .await;
    let me = session.get("/Me").await;
    assert_eq!(me.status, 200);
    assert_eq!(me.json()["id"], json!(ada));
    assert!(
        me.json()["meta"]["location"].as_str().is_some_and(|location| location.ends_with(&ada))
    );
    let patched =
        session.patch("/Me", &json!([{"op": "replace", "path": "title", "value": "C"}])).await;
    assert_eq!((patched.status, &patched.json()["title"]), (200, &json!("C")));
    assert_eq!(session.found(&format!("/Users/{ada}")).await["title"], "C");
}

#[tokio::test]
async fn discovery_tells_what_is_there() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "discovery").await;
    let config = session.found("/ServiceProviderConfig").await;
    for feature in ["patch", "bulk", "filter", "sort", "etag"] {
        assert_eq!(config[feature]["supported"], true, "{feature}");
    }
    assert_eq!(config["changePassword"]["supported"], false);
    assert_eq!(
        (&config["pagination"]["cursor"], &config["pagination"]["index"]),
        (&json!(true), &json!(true))
    );
    for list in ["/Schemas", "/ResourceTypes"] {
        let found = session.found(list).await;
        let resources = found["Resources"].as_array().expect("a list");
        assert_eq!(found["totalResults"], json!(resources.len()));
        for resource in resources {
            let id = resource["id"].as_str().expect("an id");
            assert_eq!(session.found(&format!("{list}/{id}")).await, *resource);
        }
        assert_eq!(session.get(&format!("{list}?filter=id%20pr")).await.status, 403, "RFC 7644 §4");
    }
}

#[tokio::test]
async fn every_attribute_that_a_schema_names_comes_back_as_it_says() {
    let endpoint = endpoint();
    let session = Session::new(&endpoint, "schemas").await;
    let full = json!({"userName": "ada@example.com", "externalId": "E", "displayName": "Ada",
        "name": {"formatted": "A B", "givenName": "A", "familyName": "B", "middleName": "M",
            "honorificPrefix": "Dr", "honorificSuffix": "II"},
        "nickName": "N", "profileUrl": "https://example.com/ada", "title": "T", "userType": "Employee",
        "preferredLanguage": "en-GB", "locale": "en-GB", "timezone": "Europe/London", "active": true,
        "emails": [{"value": "a@example.com", "type": "work", "display": "A", "primary": true}],
        "phoneNumbers": [{"value": "+44 1", "type": "work"}], "ims": [{"value": "ada", "type": "xmpp"}],
        "photos": [{"value": "https://example.com/p.png", "type": "photo"}],
        "addresses": [{"type": "work", "streetAddress": "1 Row", "locality": "London", "region": "L",
            "postalCode": "N1", "country": "GB", "formatted": "1 Row, London"}],
        "entitlements": [{"value": "e"}], "roles": [{"value": "r", "display": "R"}],
        "x509Certificates": [{"value": "MIIB"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": "7",
            "costCenter": "C", "organization": "O", "division": "D", "department": "P",
            "manager": {"value": "m"}}});
    let id = session.user_with("ada@example.com", full.clone()).await;
    let found = session.found(&format!("/Users/{id}")).await;
    for (name, value) in full.as_object().expect("an object") {
        conformance::matching::check(value, found.get(name), name, &mut Default::default())
            .unwrap_or_else(|what| panic!("{what}"));
    }
    let put = session.put(&format!("/Users/{id}"), &found).await;
    assert_eq!(put.json(), found, "a PUT of what was read changes nothing, not even the version");
}

// --- §3.12 and the product's gates ---

#[test]
fn every_kind_of_error_has_the_status_and_the_word_of_the_rfcs() {
    let table = [
        ("invalidFilter", 400),
        ("tooMany", 400),
        ("uniqueness", 409),
        ("mutability", 400),
        ("invalidSyntax", 400),
        ("invalidPath", 400),
        ("noTarget", 400),
        ("invalidValue", 400),
        ("invalidVers", 400),
        ("sensitive", 403),
        ("invalidCursor", 400),
        ("expiredCursor", 400),
        ("invalidCount", 400),
    ];
    let mut words = BTreeSet::new();
    for kind in ErrorKind::ALL {
        match kind.scim_type() {
            Some(word) => {
                let wanted = table.iter().find(|(known, _)| *known == word);
                assert_eq!(wanted.map(|(_, status)| *status), Some(kind.status()), "{word}");
                assert!(words.insert(word), "{word} twice");
            }
            None => assert!((400..=503).contains(&kind.status()), "{kind:?}"),
        }
        let error = lychgate_scim::Error::new(kind, "A sentence that helps.");
        let body = lychgate_scim::message::error::render(&error);
        assert_eq!(body["status"], json!(kind.status().to_string()));
        assert_eq!(body.get("scimType").and_then(Value::as_str), kind.scim_type());
    }
    assert_eq!(words.len(), table.len(), "no word of the RFCs is missing");
}

#[tokio::test]
async fn a_lapsed_licence_a_switch_and_an_expired_token_say_so_and_keep_everything() {
    let endpoint = endpoint();
    let mut session = Session::new(&endpoint, "gates").await;
    session.user("ada@example.com").await;
    change(&mut session, |organization| organization.licence.state = LicenceState::Expired).await;
    let refused = session.get("/Users").await;
    assert_eq!(refused.status, 403);
    assert!(refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("licence")));
    change(&mut session, |organization| organization.licence.state = LicenceState::Active).await;
    change(&mut session, |organization| organization.directory.enabled = false).await;
    let refused = session.get("/Users").await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("switched off"))
    );
    let later = endpoint.world.ctx().now().plus_secs(60);
    change(&mut session, |organization| {
        organization.directory.enabled = true;
        organization.directory.tokens[0].expires = Some(later);
    })
    .await;
    assert_eq!(session.found("/Users").await["totalResults"], 1);
    endpoint.world.advance_secs(61);
    assert_eq!(session.get("/Users").await.status, 401);
    change(&mut session, |organization| organization.directory.tokens.clear()).await;
    assert_eq!(session.get("/Users").await.status, 401, "revocation holds at once");
}

#[tokio::test]
async fn the_licences_seats_are_never_exceeded() {
    let endpoint = endpoint();
    let mut session = Session::new(&endpoint, "seats").await;
    change(&mut session, |organization| organization.licence.seats = Some(2)).await;
    let ada = session.user("ada@example.com").await;
    session.user_with("bo@example.com", json!({"active": false})).await;
    let third = json!({"schemas": [USER], "userName": "cy@example.com"});
    let refused = session.post("/Users", &third).await;
    assert_eq!(refused.status, 403);
    assert!(refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("seats")));
    assert_eq!(session.delete(&format!("/Users/{ada}")).await.status, 204);
    assert_eq!(session.post("/Users", &third).await.status, 201);
}

#[tokio::test]
async fn the_last_owner_is_not_suspended_and_not_deleted() {
    let endpoint = endpoint();
    let mut session = Session::new(&endpoint, "owners").await;
    let ada = session.user("ada@example.com").await;
    let bo = session.user("bo@example.com").await;
    let ids: Vec<UserId> = [&ada, &bo].iter().map(|id| id.parse().expect("an id")).collect();
    change(&mut session, |organization| organization.owners = ids).await;
    let suspend = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(session.patch(&format!("/Users/{bo}"), &suspend).await.status, 200);
    let refused = session.patch(&format!("/Users/{ada}"), &suspend).await;
    assert!((400..500).contains(&refused.status), "{}", refused.status);
    assert!(refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("owner")));
    let refused = session.delete(&format!("/Users/{ada}")).await;
    assert!((400..500).contains(&refused.status), "{}", refused.status);
    assert_eq!(session.found(&format!("/Users/{ada}")).await["active"], true);
    let restore = json!([{"op": "replace", "path": "active", "value": true}]);
    assert_eq!(session.patch(&format!("/Users/{bo}"), &restore).await.status, 200);
    assert_eq!(session.patch(&format!("/Users/{ada}"), &suspend).await.status, 200);
}

#[tokio::test]
async fn a_directory_may_be_strict_about_unknown_members_and_generous_with_answers() {
    let endpoint = endpoint();
    let mut session = Session::new(&endpoint, "strict").await;
    let ada = session.user("ada@example.com").await;
    let eng = session.group("Engineering", &[]).await;
    change(&mut session, |organization| {
        organization.directory.unknown_members =
            lychgate_core::organization::UnknownMembers::Refuse;
        organization.directory.group_patch_answer =
            lychgate_core::organization::GroupPatchAnswer::Resource;
    })
    .await;
    let path = format!("/Groups/{eng}");
    let mixed = values(&[ada.clone(), "nobody".to_owned()]);
    let refused =
        session.patch(&path, &json!([{"op": "add", "path": "members", "value": mixed}])).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["detail"].as_str().is_some_and(|detail| detail.contains("nobody")));
    assert_eq!(session.members(&eng).await, Vec::<String>::new());
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
    let added = session.patch(&path, &add).await;
    assert_eq!((added.status, &added.json()["members"][0]["value"]), (200, &json!(ada)));
}
