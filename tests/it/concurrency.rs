//! Many at once, through the local server: nothing is lost, nothing is there twice.

use std::sync::Arc;

use conformance::{
    endpoint::Endpoint,
    session::{GROUP, Session, USER, member_ids, patch_of, values},
};
use serde_json::{Value, json};

/// Sends all of these at the same time; gives the answers in their order.
async fn at_once(
    session: &Arc<Session<'static>>,
    requests: Vec<(&'static str, String, Value)>,
) -> Vec<conformance::http::Answer> {
    let tasks: Vec<_> = requests
        .into_iter()
        .map(|(method, path, body)| {
            let session = Arc::clone(session);
            tokio::spawn(async move { session.send(method, &path, &[], Some(&body)).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("the request is answered"));
    }
    answers
}

async fn session() -> Arc<Session<'static>> {
    let endpoint: &'static Endpoint = Box::leak(Box::new(Endpoint::on_socket(16).await));
    Arc::new(Session::new(endpoint, "many").await)
}

fn statuses(answers: &[conformance::http::Answer]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

fn sorted(ids: &[String]) -> Vec<String> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_membership_changes_at_once_lose_none() {
    let session = session().await;
    let crowd = session.crowd("u", 32).await;
    let group = session.group("Engineering", &crowd[16..]).await;
    let path = format!("/Groups/{group}");
    let changes = (0..16).map(|number| {
        let change = if number % 2 == 0 {
            json!([{"op": "add", "path": "members", "value": [{"value": crowd[number]}]}])
        } else {
            json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", crowd[16 + number])}])
        };
        ("PATCH", path.clone(), patch_of(&change))
    });
    let answers = at_once(&session, changes.collect()).await;
    assert_eq!(statuses(&answers), [204; 16]);
    let wanted: Vec<String> =
        (0..32).filter(|number| number % 2 == 0).map(|number| crowd[number].clone()).collect();
    assert_eq!(session.members(&group).await, sorted(&wanted));
    for id in &wanted {
        let user = session.found(&format!("/Users/{id}")).await;
        assert_eq!(user["groups"][0]["value"], json!(group), "the user knows it too");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rename_and_membership_changes_at_once_are_all_there() {
    let session = session().await;
    let crowd = session.crowd("u", 8).await;
    let group = session.group("Engineering", &[]).await;
    let path = format!("/Groups/{group}");
    let mut changes: Vec<(&str, String, Value)> = crowd
        .iter()
        .map(|id| {
            let add = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
            ("PATCH", path.clone(), patch_of(&add))
        })
        .collect();
    let rename = json!([{"op": "replace", "value": {"displayName": "Engineering EU"}}]);
    changes.insert(4, ("PATCH", path.clone(), patch_of(&rename)));
    let answers = at_once(&session, changes).await;
    assert_eq!(statuses(&answers), [204; 9]);
    let found = session.found(&path).await;
    assert_eq!(found["displayName"], "Engineering EU");
    assert_eq!(member_ids(&found), sorted(&crowd));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_equal_creates_at_once_give_one_user_and_one_group() {
    let session = session().await;
    let user = json!({"schemas": [USER], "userName": "ada@example.com", "externalId": "E"});
    let answers = at_once(&session, vec![("POST", "/Users".to_owned(), user); 8]).await;
    assert_eq!(statuses(&answers), [201, 409, 409, 409, 409, 409, 409, 409]);
    let refused = answers.iter().filter(|answer| answer.status == 409);
    for answer in refused {
        assert_eq!(answer.json()["scimType"], "uniqueness");
    }
    let group = json!({"schemas": [GROUP], "displayName": "Engineering"});
    let answers = at_once(&session, vec![("POST", "/Groups".to_owned(), group); 8]).await;
    assert_eq!(statuses(&answers), [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(session.found("/Users").await["totalResults"], 1);
    assert_eq!(session.found("/Groups").await["totalResults"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_changes_of_one_version_with_if_match_give_one_change() {
    let session = session().await;
    let ada = session.user("ada@example.com").await;
    let path = format!("/Users/{ada}");
    let tag = session.get(&path).await.header("etag").expect("a tag").to_owned();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (session, path, tag) = (Arc::clone(&session), path.clone(), tag.clone());
            tokio::spawn(async move {
                let change =
                    json!([{"op": "replace", "path": "title", "value": format!("{number}")}]);
                let body = patch_of(&change);
                session.send("PATCH", &path, &[("If-Match", &tag)], Some(&body)).await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("the request is answered"));
    }
    assert_eq!(statuses(&answers), [200, 412, 412, 412, 412, 412, 412, 412]);
    let winner = answers.iter().find(|answer| answer.status == 200).expect("one").json();
    assert_eq!(session.found(&path).await["title"], winner["title"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_who_are_deleted_while_they_are_added_leave_no_ghost() {
    let session = session().await;
    let crowd = session.crowd("u", 10).await;
    let group = session.group("Engineering", &crowd[..2]).await;
    let mut requests: Vec<(&str, String, Value)> = Vec::new();
    for id in &crowd[2..] {
        let add = json!([{"op": "add", "path": "members", "value": [{"value": id}, {"value": crowd[0]}]}]);
        requests.push(("PATCH", format!("/Groups/{group}"), patch_of(&add)));
    }
    for id in &crowd[6..] {
        requests.push(("DELETE", format!("/Users/{id}"), Value::Null));
    }
    let answers = at_once(&session, requests).await;
    assert_eq!(statuses(&answers), [204; 12]);
    assert_eq!(session.members(&group).await, sorted(&crowd[..6]));
    assert_eq!(session.found("/Users").await["totalResults"], 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_members_in_one_patch_over_http() {
    let session = session().await;
    let crowd = session.crowd("u", 200).await;
    let group = session.group("Everybody", &crowd[..1]).await;
    let path = format!("/Groups/{group}");
    let add = json!([{"op": "add", "path": "members", "value": values(&crowd)}]);
    assert_eq!(session.patch(&path, &add).await.status, 204);
    assert_eq!(session.members(&group).await, sorted(&crowd));
    let remove = json!([{"op": "remove", "path": "members", "value": values(&crowd[1..])}]);
    assert_eq!(session.patch(&path, &remove).await.status, 204);
    assert_eq!(session.members(&group).await, sorted(&crowd[..1]));
}

/// In this process, where the clock stands still: a machine that is busy with other things is no reason for 503.
#[tokio::test]
async fn a_thousand_members_in_one_patch_and_in_one_put() {
    let endpoint = Endpoint::on(conformance::dynamo::store().await, 1_000);
    let session = Session::new(&endpoint, "many").await;
    let crowd = session.crowd("u", 1_000).await;
    let group = session.group("Everybody", &[]).await;
    let path = format!("/Groups/{group}");
    let add = json!([{"op": "add", "path": "members", "value": values(&crowd)}]);
    assert_eq!(session.patch(&path, &add).await.status, 204);
    assert_eq!(session.members(&group).await, sorted(&crowd));
    let some = json!({"schemas": [GROUP], "displayName": "Some", "members": values(&crowd[900..])});
    assert_eq!(session.put(&path, &some).await.status, 200);
    assert_eq!(session.members(&group).await, sorted(&crowd[900..]));
    assert_eq!(
        session.patch(&path, &json!([{"op": "remove", "path": "members"}])).await.status,
        204
    );
    assert_eq!(session.members(&group).await, Vec::<String>::new());
    assert_eq!(session.delete(&path).await.status, 204);
    assert_eq!(session.get(&path).await.status, 404);
    let ada = session.found(&format!("/Users/{}", crowd[0])).await;
    assert!(ada.get("groups").is_none_or(|groups| groups == &json!([])), "{ada}");
}
