//! Who may open these pages, and what a stranger's text can do in them.

use lychgate_core::organization::LicenceState;
use serde_json::json;

use crate::scene::{Browser, Scene, text, text_of};

const PAGES: [&str; 10] = [
    "/members",
    "/members.csv",
    "/members?export=parts",
    "/suspended",
    "/suspended.csv",
    "/groups",
    "/groups/01993b1e-6f00-7d2a-9c55-3f0b6f1c2d11",
    "/history",
    "/history.csv",
    "/history?export=parts",
];

#[tokio::test]
async fn only_owners_come_in() {
    let scene = Scene::new().await;
    let bob = scene.add("bob@acme.test", &json!({})).await;
    let (mut guest, mut member) = (scene.guest().await, scene.signed_in(&bob).await);
    let mut owner = scene.signed_in(&scene.ada).await;
    let member_page = format!("/members/{}", bob.id);
    for rest in PAGES.into_iter().chain([member_page.as_str()]) {
        let reply = scene.get(&mut Browser::default(), rest).await;
        assert_eq!(reply.status, 303, "{rest}");
        assert!(reply.header("location").unwrap().starts_with("/sign_in?organization=acme"));
        for (browser, words) in [(&mut guest, "link"), (&mut member, "Only owners")] {
            let reply = scene.get(browser, rest).await;
            assert_eq!(reply.status, 403, "{rest}");
            let page = text(&reply);
            assert!(page.contains(words) && !page.contains("ada@acme.test"), "{rest}: {page}");
        }
        let status = scene.get(&mut owner, rest).await.status;
        assert!(
            status == 200 || (status == 404 && rest.starts_with("/groups/")),
            "{rest}: {status}"
        );
    }
}

#[tokio::test]
async fn a_licence_that_ended_closes_the_pages() {
    let scene = Scene::with(|acme| acme.licence.state = LicenceState::Expired).await;
    let mut owner = scene.owner().await;
    for rest in PAGES {
        let reply = scene.get(&mut owner, rest).await;
        assert!(reply.status == 403 && text(&reply).contains("has expired"), "{rest}");
    }
}

#[tokio::test]
async fn an_owner_of_one_organization_sees_nothing_of_another() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    for rest in ["/members", "/history", "/groups", "/suspended.csv"] {
        let target = format!("/settings/{}{rest}", scene.other.id);
        let request =
            lychgate_edge::request::Request::new(lychgate_edge::request::Method::Get, &target);
        assert_eq!(scene.send(&mut owner, request).await.status, 303, "{rest}");
    }
}

#[tokio::test]
async fn a_form_without_this_browsers_token_changes_nothing() {
    let scene = Scene::with(|acme| acme.sign_in.password = true).await;
    let bob = scene.add_suspended("bob@acme.test", 3).await;
    let mut owner = scene.owner().await;
    scene.page(&mut owner, "/members").await;
    let before = (scene.organization().await, scene.event_kinds().await);
    let path = format!("/members/{}", bob.id);
    let member = format!("member={}&confirmed=yes", bob.id);
    for (to, fields) in [
        (format!("{path}/suspend"), ""),
        (format!("{path}/restore"), ""),
        (format!("{path}/password"), "allow=yes"),
        (format!("{path}/sessions"), ""),
        ("/suspended/clean-up".to_owned(), member.as_str()),
        ("/suspended/retention".to_owned(), "keep=days&days=1&confirmed=yes"),
    ] {
        for token in ["", "form=0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjk&"] {
            let reply = scene.post_raw(&mut owner, &to, &format!("{token}{fields}")).await;
            assert_eq!(reply.status, 400, "{to}: {}", text_of(&reply));
        }
    }
    assert_eq!(scene.user(bob.id).await, Some(bob));
    assert_eq!((scene.organization().await, scene.event_kinds().await), before);
}

const PROBES: [&str; 4] =
    ["\"><script>alert(1)</script>", "{{7*7}}", "javascript:alert(1)", "\u{202e}live\u{2066}"];

#[tokio::test]
async fn what_strangers_wrote_is_text() {
    let mut scene = Scene::new().await;
    let mut owner = scene.owner().await;
    for probe in PROBES {
        let user = scene
            .add(
                &format!("{probe}@acme.test"),
                &json!({
                    "displayName": probe, "externalId": probe, "title": probe,
                    "name": {"formatted": probe}, "emails": [{"value": probe, "type": probe}],
                }),
            )
            .await;
        let group = scene.gather(&format!("g {probe}"), std::slice::from_ref(&user)).await;
        let actor = lychgate_core::event::Actor::SetupLink(
            "lnk-0000000000000000".parse().unwrap(),
            probe.to_owned(),
        );
        let kind = lychgate_core::event::EventKind::ConnectionUpdated;
        let data = json!({"name": {"before": probe, "after": probe}, "metadata_url": probe, "idp_entity_id": probe});
        scene.happened(kind, actor, ("connection", probe, probe), data).await;
        let quoted = percent(probe);
        for rest in [
            format!("/members?q={quoted}"),
            format!("/members?q={quoted}&after=00000000-0000-0000-0000-000000000000&show={quoted}"),
            format!("/members/{}?done={quoted}", user.id),
            format!("/groups?q={quoted}&after={quoted}"),
            format!("/groups/{}", group.id),
            format!("/history?q={quoted}&about={quoted}&by={quoted}"),
            "/suspended".to_owned(),
            "/members".to_owned(),
            "/history".to_owned(),
        ] {
            let page = scene.page(&mut owner, &rest).await;
            assert!(!page.contains("<script>") && !page.contains("\"><script>"), "{rest}");
            assert!(!page.contains("href=\"javascript") && !page.contains(">49<"), "{rest}");
            // What was typed stands in its field as it was typed; nothing else turns the text around.
            let beside = page.replace(&format!("value=\"{}\"", PROBES[3]), "");
            assert!(!beside.contains('\u{202e}') && !beside.contains('\u{2066}'), "{rest}");
        }
        let list = scene.page(&mut owner, "/members").await;
        assert!(list.contains("alert(1)") || !probe.contains("alert"), "it is shown as text");
    }
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |out, byte| out + &format!("%{byte:02X}"))
}
