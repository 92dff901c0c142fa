//! `/members` and `/members/{member}`.

use serde_json::json;

use crate::scene::{Scene, between, href, text, text_of};

#[tokio::test]
async fn the_list_is_paged() {
    let scene = Scene::new().await;
    scene.add_many(120).await;
    let mut owner = scene.owner().await;
    let mut page = scene.page(&mut owner, "/members").await;
    assert!(page.contains("121 members in all.") && page.contains("Owner"));
    assert!(page.contains("<a href=\"/settings/") && page.contains("aria-current=\"page\""));
    let mut met = 0;
    loop {
        met += page.matches("<th scope=\"row\">").count();
        let Some(next) = href(&page, "Next page") else { break };
        let rest = next.strip_prefix(&scene.path("")).unwrap().to_owned();
        page = scene.page(&mut owner, &rest).await;
        assert!(href(&page, "Back to the beginning").is_some());
    }
    assert_eq!(met, 121);
}

#[tokio::test]
async fn a_member_is_found_by_key_and_by_part_of_a_name() {
    let scene = Scene::new().await;
    let bob = scene
        .add(
            "bob@acme.test",
            &json!({"displayName": "Robert Tables", "externalId": "00uBOB", "emails": [{"value": "bobby@home.test"}]}),
        )
        .await;
    scene.add("eve@acme.test", &json!({})).await;
    let mut owner = scene.owner().await;
    for search in ["BOB%40acme.test", "bobby%40HOME.test", "00uBOB"] {
        let page = scene.page(&mut owner, &format!("/members?q={search}")).await;
        assert!(
            page.contains("Found by their user name, e-mail address or external ID."),
            "{search}"
        );
        assert!(page.contains("Robert Tables") && !page.contains("eve@acme.test"), "{search}");
        let on = href(&page, "Look for it in all names").unwrap();
        let page = scene.page(&mut owner, on.strip_prefix(&scene.path("")).unwrap()).await;
        assert!(page.contains("1 found among all 3 members."), "{search}: {page}");
    }
    for search in ["tables", "00ubo", "home"] {
        let page = scene.page(&mut owner, &format!("/members?q={search}")).await;
        assert!(
            page.contains(&bob.id.to_string()) && page.contains("1 found among all 3 members.")
        );
    }
    let page = scene.page(&mut owner, "/members?q=nobody%40acme.test").await;
    assert!(page.contains("0 found among all 3 members."));
    assert!(page.contains("value=\"nobody@acme.test\""), "what was typed stays");
}

#[tokio::test]
async fn the_list_is_filtered() {
    let scene = Scene::new().await;
    scene.add("bob@acme.test", &json!({})).await;
    scene.add_suspended("eve@acme.test", 2).await;
    let mut owner = scene.owner().await;
    for (show, names) in [
        ("active", [true, true, false]),
        ("suspended", [false, false, true]),
        ("owners", [true, false, false]),
        ("", [true, true, true]),
        ("nonsense", [true, true, true]),
    ] {
        let page = scene.page(&mut owner, &format!("/members?show={show}")).await;
        let list = page.split_once("<tbody>").unwrap().1;
        let found = ["ada@", "bob@", "eve@"].map(|name| list.contains(name));
        assert_eq!(found, names, "{show}");
    }
    let page = scene.page(&mut owner, "/members?show=suspended").await;
    assert!(page.contains("Suspended by the identity provider"));
}

#[tokio::test]
async fn the_export_is_a_file_that_no_spreadsheet_obeys() {
    let scene = Scene::new().await;
    scene.add("=cmd@acme.test", &json!({"displayName": "+1"})).await;
    scene.add_suspended("eve@acme.test", 2).await;
    let mut owner = scene.owner().await;
    let reply = scene.get(&mut owner, "/members.csv").await;
    assert_eq!(
        reply.header("content-disposition"),
        Some("attachment; filename=\"acme-members.csv\"")
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let file = text_of(&reply);
    assert_eq!(file.lines().count(), 4);
    assert!(file.contains(",'=cmd@acme.test,'+1,"), "{file}");
    let file = text_of(&scene.get(&mut owner, "/suspended.csv").await);
    assert!(file.lines().count() == 2 && file.contains("eve@acme.test,,,yes,2026-11-20"), "{file}");
    let page = scene.page(&mut owner, "/members?export=parts").await;
    assert!(page.contains("This part has 3 rows, of 3 members. This is the last part."));
}

#[tokio::test]
async fn a_large_export_comes_in_parts_that_are_the_whole() {
    let scene = Scene::new().await;
    scene.add_many(1_200).await;
    let mut owner = scene.owner().await;
    assert!(
        scene
            .page(&mut owner, "/members")
            .await
            .contains("1,201 members here, more than one file holds")
    );
    let first = scene.page(&mut owner, "/members?export=parts").await;
    assert!(first.contains("This part has 1,000 rows, of 1,000 members. There is another part."));
    let second = href(&first, "Go to the next part").unwrap();
    let second = scene.page(&mut owner, second.strip_prefix(&scene.path("")).unwrap()).await;
    assert!(second.contains("This part has 201 rows"));
    let mut file = String::new();
    for (page, rows) in [(first, "1,000 rows"), (second, "201 rows")] {
        let download = href(&page, &format!("Download this part ({rows})")).unwrap();
        let reply = scene.get(&mut owner, download.strip_prefix(&scene.path("")).unwrap()).await;
        assert_eq!(reply.header("link").is_some(), rows == "1,000 rows");
        file.push_str(&text_of(&reply));
    }
    assert_eq!(file.matches('\u{feff}').count(), 1);
    let ids: std::collections::BTreeSet<&str> =
        file.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!((file.lines().count(), ids.len()), (1_202, 1_201));
}

#[tokio::test]
async fn a_member_is_suspended_and_restored_by_hand() {
    let scene = Scene::new().await;
    let bob = scene.add("bob@acme.test", &json!({"title": "Builder"})).await;
    let group = scene.gather("Engineering", std::slice::from_ref(&bob)).await;
    let mut owner = scene.owner().await;
    let path = format!("/members/{}", bob.id);
    let page = scene.page(&mut owner, &path).await;
    assert!(page.contains("Engineering") && page.contains(&group.id.to_string()));
    assert!(page.contains("Builder") && page.contains("Identity provider (SCIM)"));
    assert!(!page.contains("Forbid signing in") && !page.contains("Allow signing in"));
    let reply = scene.post(&mut owner, &path, &format!("{path}/suspend"), "").await;
    assert!(scene.done(&mut owner, &reply).await.starts_with("The member is suspended."));
    let suspended = scene.user(bob.id).await.unwrap().suspended_by_hand.unwrap();
    assert_eq!(suspended.by, format!("owner:{}", scene.ada.id));
    let page = scene.page(&mut owner, &path).await;
    assert!(page.contains("by <bdi>owner Ada Lovelace</bdi>"), "{page}");
    let reply = scene.post(&mut owner, &path, &format!("{path}/restore"), "").await;
    assert!(scene.done(&mut owner, &reply).await.starts_with("The suspension is lifted"));
    assert!(!scene.user(bob.id).await.unwrap().is_suspended());
    let kinds = scene.event_kinds().await;
    assert_eq!(kinds[..2], ["member.restored", "member.suspended"]);
}

#[tokio::test]
async fn only_the_identity_provider_lifts_its_own_suspension() {
    let scene = Scene::new().await;
    let eve = scene.add_suspended("eve@acme.test", 2).await;
    let mut owner = scene.owner().await;
    let path = format!("/members/{}", eve.id);
    scene.post(&mut owner, &path, &format!("{path}/suspend"), "").await;
    let page = scene.page(&mut owner, &path).await;
    assert!(page.contains("Suspended by both") && page.contains("only it can lift that"));
    assert!(page.contains("by <bdi>the identity provider (token ‘test’)</bdi>"), "{page}");
    let reply = scene.post(&mut owner, &path, &format!("{path}/restore"), "").await;
    assert!(scene.done(&mut owner, &reply).await.contains("still cannot sign in"));
    assert!(scene.user(eve.id).await.unwrap().is_suspended());
}

#[tokio::test]
async fn the_last_owner_stays() {
    let scene = Scene::new().await;
    let bob = scene.add("bob@acme.test", &json!({})).await;
    let mut owner = scene.owner().await;
    let path = format!("/members/{}", scene.ada.id);
    let page = scene.page(&mut owner, &path).await;
    assert!(page.contains("This is the last owner who can get in") && !page.contains("/suspend\""));
    // Somebody sends the form all the same.
    let from = format!("/members/{}", bob.id);
    let reply = scene.post(&mut owner, &from, &format!("{path}/suspend"), "").await;
    assert_eq!(reply.status, 400);
    let page = text(&reply);
    let problem = between(&page, "role=\"alert\" id=\"problem\">", "</p>").unwrap();
    assert!(problem.contains("last owner who can get in"), "{problem}");
    assert!(!scene.user(scene.ada.id).await.unwrap().is_suspended());
}

#[tokio::test]
async fn passwords_are_switched_where_the_policy_has_them() {
    let scene = Scene::with(|acme| acme.sign_in.password = true).await;
    let bob = scene.add("bob@acme.test", &json!({})).await;
    let mut owner = scene.owner().await;
    let path = format!("/members/{}", bob.id);
    assert!(scene.page(&mut owner, &path).await.contains("Allow signing in with a password"));
    let to = format!("{path}/password");
    let reply = scene.post(&mut owner, &path, &to, "allow=yes").await;
    assert!(scene.done(&mut owner, &reply).await.contains("may have a password"));
    assert!(scene.user(bob.id).await.unwrap().password_allowed);
    let reply = scene.post(&mut owner, &path, &to, "allow=no").await;
    assert!(scene.done(&mut owner, &reply).await.contains("no longer"));
    assert!(!scene.user(bob.id).await.unwrap().password_allowed);
    let reply = scene.post(&mut owner, &path, &to, "allow=maybe").await;
    assert!(reply.status == 400 && text(&reply).contains("Choose whether a password is allowed."));
}

#[tokio::test]
async fn sessions_are_counted_and_ended() {
    let scene = Scene::new().await;
    let bob = scene.add("bob@acme.test", &json!({})).await;
    for _ in 0..3 {
        scene.signed_in(&bob).await;
    }
    let mut owner = scene.owner().await;
    let path = format!("/members/{}", bob.id);
    assert!(scene.page(&mut owner, &path).await.contains("Signed in 3 times"));
    let reply = scene.post(&mut owner, &path, &format!("{path}/sessions"), "").await;
    assert_eq!(scene.done(&mut owner, &reply).await, "All sessions of the member are ended.");
    let page = scene.page(&mut owner, &path).await;
    assert!(page.contains("not signed in anywhere") && !page.contains("/sessions\""));
    let page = scene.page(&mut owner, "/history").await;
    assert!(page.contains("Owner ada@acme.test ended 3 sessions of bob@acme.test."), "{page}");
}

#[tokio::test]
async fn whoever_is_gone_has_a_page_that_says_so() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    for rest in ["/members/01993b1e-6f00-7d2a-9c55-3f0b6f1c2d11", "/members/x", "/groups/x"] {
        let reply = scene.get(&mut owner, rest).await;
        assert!(reply.status == 404 && text(&reply).contains("There is no such"), "{rest}");
    }
}
