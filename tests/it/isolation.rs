//! Isolation by enumeration: every SCIM route of the route table without a token, with another organization's
//! token, and with one that was cut. A route that nobody decided about fails.

use conformance::{
    endpoint::Endpoint,
    exchange::proper,
    http::{Answer, Wire},
    session::{BULK, GROUP, SEARCH, Session, USER, patch_of},
};
use lychgate_edge::routes::{ROUTES, Route};
use serde_json::{Value, json};

/// What a route must do with a foreign organization's token when it names a resource of ours.
#[derive(Debug, PartialEq)]
enum Foreign {
    /// 404, as if it were nowhere.
    NotFound,
    /// 200 with an empty list.
    Empty,
    /// 201: the same name is free over there.
    Creates,
    /// 200, every operation 404.
    BulkNotFound,
    /// 501: the token is bound to nobody.
    NotBound,
    /// The same for everybody, with or without a token.
    Public,
}

fn decided(route: &Route) -> Foreign {
    match (route.method.name(), route.path) {
        (_, "/scim/v2/Me") => Foreign::NotBound,
        (_, path) if path.ends_with("s/{id}") && route.function != "scim-discovery" => {
            Foreign::NotFound
        }
        ("GET", "/scim/v2/Users" | "/scim/v2/Groups" | "/scim/v2") => Foreign::Empty,
        ("POST", path) if path.ends_with(".search") => Foreign::Empty,
        ("POST", "/scim/v2/Users" | "/scim/v2/Groups") => Foreign::Creates,
        ("POST", "/scim/v2/Bulk") => Foreign::BulkNotFound,
        (_, _) if route.function == "scim-discovery" => Foreign::Public,
        other => panic!("nobody has decided how {other:?} is isolated"),
    }
}

struct Ours {
    ada: String,
    eng: String,
}

fn request(route: &Route, ours: &Ours) -> Wire {
    let id = match route.path {
        "/scim/v2/Groups/{id}" => ours.eng.as_str(),
        "/scim/v2/Users/{id}" => ours.ada.as_str(),
        "/scim/v2/Schemas/{id}" => USER,
        _ => "User",
    };
    let user = json!({"schemas": [USER], "userName": "ada@example.com"});
    let group = json!({"schemas": [GROUP], "displayName": "Engineering"});
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ours.ada}]}]);
    let body = match (route.method.name(), route.path) {
        ("GET" | "DELETE", _) => None,
        (_, path) if path.ends_with(".search") => Some(json!({"schemas": [SEARCH]})),
        (_, "/scim/v2/Bulk") => Some(json!({"schemas": [BULK], "Operations": [
            {"method": "DELETE", "path": format!("/Users/{}", ours.ada)},
            {"method": "PATCH", "path": format!("/Groups/{}", ours.eng), "data": patch_of(&add)},
            {"method": "PUT", "path": format!("/Users/{}", ours.ada), "data": user},
        ]})),
        ("PATCH", path) if path.contains("Groups") => Some(patch_of(&add)),
        ("PATCH", _) => {
            Some(patch_of(&json!([{"op": "replace", "path": "active", "value": false}])))
        }
        (_, path) if path.contains("Groups") => Some(group),
        _ => Some(user),
    };
    Wire {
        method: route.method.name().to_owned(),
        target: route.path.replace("{id}", id),
        headers: vec![("Content-Type".to_owned(), "application/scim+json".to_owned())],
        body: body.map(|body| body.to_string().into_bytes()),
    }
}

fn with_token(mut wire: Wire, token: &str) -> Wire {
    wire.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
    wire
}

fn scim_routes() -> Vec<&'static Route> {
    let routes: Vec<&Route> =
        ROUTES.iter().filter(|route| route.path.starts_with("/scim/")).collect();
    assert!(routes.len() >= 25, "the table has its SCIM routes");
    routes
}

async fn state(session: &Session<'_>) -> Value {
    let events = session.endpoint.backstage.events(&session.acme.organization.id).await;
    json!([session.found("/Users").await, session.found("/Groups").await, events])
}

fn judge(route: &Route, answer: &Answer, ours: &Ours) {
    let name = format!("{} {}", route.method, route.path);
    proper(answer).unwrap_or_else(|what| panic!("{name}: {what}"));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let json = answer.json();
    match decided(route) {
        Foreign::NotFound => assert_eq!(answer.status, 404, "{name}: {text}"),
        Foreign::Empty => {
            assert_eq!((answer.status, &json["totalResults"]), (200, &json!(0)), "{name}: {text}");
        }
        Foreign::Creates => {
            assert_eq!(answer.status, 201, "{name}: {text}");
            assert!(!text.contains(&ours.ada) && !text.contains(&ours.eng), "{name}: {text}");
        }
        Foreign::BulkNotFound => {
            assert_eq!(answer.status, 200, "{name}: {text}");
            let operations = json["Operations"].as_array().expect("operations");
            assert_eq!(operations.len(), 3);
            assert!(operations.iter().all(|operation| operation["status"] == "404"), "{text}");
        }
        Foreign::NotBound => assert_eq!(answer.status, 501, "{name}: {text}"),
        Foreign::Public => assert_eq!(answer.status, 200, "{name}: {text}"),
    }
}

async fn walk(endpoint: &Endpoint) {
    let acme = Session::new(endpoint, "here").await;
    let ada = acme.user_with("ada@example.com", json!({"externalId": "E"})).await;
    let eng = acme.group("Engineering", std::slice::from_ref(&ada)).await;
    let ours = Ours { ada, eng };
    let before = state(&acme).await;
    for route in scim_routes() {
        let name = format!("{} {}", route.method, route.path);
        let public = decided(route) == Foreign::Public;
        let wire = request(route, &ours);
        let nobody = endpoint.send(&wire).await;
        assert_eq!(nobody.status, if public { 200 } else { 401 }, "{name} without a token");
        proper(&nobody).unwrap_or_else(|what| panic!("{name} without a token: {what}"));
        let cut = &acme.acme.token[..acme.acme.token.len() - 1];
        let cut = endpoint.send(&with_token(wire.clone(), cut)).await;
        assert_eq!(cut.status, nobody.status, "{name} with a cut token");
        if !public {
            assert_eq!(cut.json()["detail"], nobody.json()["detail"], "{name}: one text for both");
        }
        // A new one for each route, so that one route's creation is not the next one's find.
        let foreign =
            format!("foreign-{}", lychgate_core::ids::TokenId::new(&*endpoint.world).bare());
        let foreign = Session::new(endpoint, &foreign).await;
        let answer = endpoint.send(&with_token(wire, &foreign.acme.token)).await;
        judge(route, &answer, &ours);
        assert_eq!(state(&acme).await, before, "{name} with a foreign token changed something");
    }
}

#[tokio::test]
async fn every_route_is_closed_without_a_token_and_to_another_organization() {
    walk(&Endpoint::in_memory(0x150)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_closed_over_http_on_dynamodb() {
    walk(&Endpoint::on_socket(0x150).await).await;
}

#[tokio::test]
async fn two_organizations_with_the_same_names_never_see_each_other() {
    let endpoint = Endpoint::in_memory(2);
    let (acme, other) =
        (Session::new(&endpoint, "acme").await, Session::new(&endpoint, "other").await);
    let more = json!({"externalId": "E", "emails": [{"value": "m@example.com", "type": "work"}]});
    let ada = acme.user_with("ada@example.com", more.clone()).await;
    let twin = other.user_with("ADA@example.com", more).await;
    assert_ne!(ada, twin);
    let questions = [
        "userName eq \"ada@example.com\"",
        "externalId eq \"E\"",
        "emails eq \"m@example.com\"",
        "emails[type eq \"work\"].value eq \"m@example.com\"",
        "userName sw \"ada\"",
        "active eq true",
    ];
    for question in questions {
        let path = format!("/Users?filter={}", conformance::session::encoded(question));
        for (session, wanted) in [(&acme, &ada), (&other, &twin)] {
            let found = session.found(&path).await;
            assert_eq!(
                conformance::session::ids_of(&found),
                std::slice::from_ref(wanted),
                "{question}"
            );
        }
    }
    let group = other.group("Engineering", std::slice::from_ref(&twin)).await;
    let add = json!([{"op": "add", "path": "members", "value": [{"value": ada}]}]);
    let refused = other.patch(&format!("/Groups/{group}"), &add).await;
    assert_eq!(refused.status, 400, "a foreign user is nobody");
    assert_eq!(other.members(&group).await, [twin]);
    assert_eq!(acme.found("/Groups").await["totalResults"], 0);
}
