//! Switch, tokens, clients, guides, request log.

use lychgate_core::{
    credential::{Credential, CredentialKey, parse_client_id, parse_client_secret},
    journal::UNKNOWN_MEMBERS_KEPT_MAX,
    organization::{CLIENT_SECRETS_MAX, CLIENTS_MAX, GroupPatchAnswer, TOKENS_MAX, UnknownMembers},
    settings::link::Scope,
};
use lychgate_edge::pages::settings::scim::Idp;
use serde_json::json;

use crate::scene::{PROBE, Scene, assert_harmless, between, location, read, text};

#[tokio::test]
async fn scim_is_switched_on_and_off_and_says_what_that_means() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let off = read(&scene.page(&mut owner, "/scim").await);
    assert!(off.contains("every request is refused (403) with that reason"), "{off}");
    let reply = scene.post(&mut owner, "/scim", &[("switch", "on")]).await;
    assert_eq!(location(&reply), scene.path("/scim?done=scim-on"));
    assert!(scene.now().await.directory.enabled);
    let on = read(&scene.page(&mut owner, "/scim?done=scim-on").await);
    assert!(on.contains("SCIM is on.") && on.contains("nobody is suspended by it"), "{on}");
    let reply = scene.post(&mut owner, "/scim", &[("switch", "off")]).await;
    assert_eq!(location(&reply), scene.path("/scim?done=scim-off"));
    assert!(!scene.now().await.directory.enabled);
    let events = scene.events().await;
    let changed: Vec<_> = events.iter().filter(|e| e.kind == "directory.updated").collect();
    assert_eq!(changed.len(), 2);
    assert_eq!(changed[0].actor_name.as_deref(), Some("ada@acme.test"));
    let unknown = read(&scene.page(&mut owner, "/scim?done=%3Cb%3E").await);
    assert!(!unknown.contains("<b>"));
}

#[tokio::test]
async fn a_token_is_shown_once_and_only_there() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let fields = [("name", " Okta "), ("life", "never"), ("date", "")];
    let reply = scene.post(&mut owner, "/scim/tokens", &fields).await;
    let page = text(&reply);
    assert_eq!(reply.status, 200, "{page}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let token = between(&page, "data-copy=\"lyg_", "\"").to_owned();
    let credential = Credential::parse(&format!("lyg_{token}")).unwrap();
    let organization = scene.now().await;
    let kept = organization.directory.tokens.first().unwrap();
    assert_eq!((kept.name.as_str(), kept.expires), ("Okta", None));
    assert_eq!(credential.key, CredentialKey::Token(kept.id.clone()));
    assert!(credential.proves(&kept.hash));
    assert!(read(&page).contains("without “Bearer”"), "{page}");
    assert!(page.contains("SCIM connector base URL") && page.contains("Secret Token"));
    let secret = token.rsplit('_').next().unwrap();
    let list = scene.page(&mut owner, "/scim").await;
    assert!(!list.contains(secret) && list.contains("Revoke token “Okta”"), "{list}");
    assert!(list.contains(&format!("{}…", credential_prefix(&page))), "{list}");
    assert_eq!(scene.kinds().await.iter().filter(|kind| *kind == "token.created").count(), 1);
}

fn credential_prefix(page: &str) -> String {
    let token = between(page, "data-copy=\"lyg_", "\"");
    let (front, _) = token.rsplit_once('_').unwrap();
    format!("lyg_{front}_")
}

#[tokio::test]
async fn a_mistake_keeps_what_was_typed_and_makes_nothing() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let long = "x".repeat(101);
    for (fields, field, sentence) in [
        ([("name", ""), ("life", "never"), ("date", "")], "name-token", "Give it a name"),
        (
            [("name", long.as_str()), ("life", "never"), ("date", "")],
            "name-token",
            "101 characters",
        ),
        ([("name", "Okta"), ("life", "date"), ("date", "")], "date-token", "Choose the last day"),
        ([("name", PROBE), ("life", "date"), ("date", "2020-01-01")], "date-token", "has passed"),
    ] {
        let reply = scene.post(&mut owner, "/scim/tokens", &fields).await;
        let page = text(&reply);
        assert_eq!(reply.status, 400);
        let told = between(&page, "role=\"alert\" id=\"problem\">", "</p>");
        assert!(told.contains(sentence), "{told}");
        let input = between(&page, &format!("id=\"{field}\""), ">");
        assert!(input.contains("aria-invalid=\"true\" aria-describedby=\"problem\""), "{input}");
        assert_harmless(&page);
    }
    let fields = [("name", "Kept name"), ("life", "date"), ("date", "2020-01-01")];
    let page = text(&scene.post(&mut owner, "/scim/tokens", &fields).await);
    assert!(page.contains("value=\"Kept name\"") && page.contains("value=\"2020-01-01\""));
    assert!(page.contains("value=\"date\" checked"), "{page}");
    let no_life = scene.post(&mut owner, "/scim/tokens", &[("name", "Okta")]).await;
    assert_eq!(no_life.status, 400);
    assert!(scene.now().await.directory.tokens.is_empty());
    assert!(!scene.kinds().await.contains(&"token.created".to_owned()));
}

#[tokio::test]
async fn tokens_are_listed_with_their_use_and_revoked_at_once() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let year = [("name", "Okta"), ("life", "year"), ("date", "")];
    scene.post(&mut owner, "/scim/tokens", &year).await;
    let soon = [("name", "Old"), ("life", "date"), ("date", "2026-12-01")];
    scene.post(&mut owner, "/scim/tokens", &soon).await;
    let tokens = scene.now().await.directory.tokens;
    let actor = format!("token:{}", tokens[0].id);
    scene.came(180, 200, |entry| entry.actor = actor).await;
    let page = read(&scene.page(&mut owner, "/scim").await);
    assert!(page.contains("3 minutes ago"), "{page}");
    assert!(page.contains("not seen Ends ends soon 2026-12-01 23:59 UTC (in 9 days)"), "{page}");
    assert!(page.contains("(in 365 days)"), "{page}");
    assert!(page.contains("read from the latest 1 requests"), "{page}");
    assert!(page.contains("token “Okta”"), "{page}");
    let path = format!("/scim/tokens/{}/revoke", tokens[0].id);
    let done = scene.path("/scim?done=token-revoked");
    assert_eq!(location(&scene.post(&mut owner, &path, &[]).await), done);
    // Pressed twice: nothing to be alarmed about.
    let gone = scene.path("/scim?done=gone");
    assert_eq!(location(&scene.post(&mut owner, &path, &[]).await), gone);
    let left = scene.now().await.directory.tokens;
    assert_eq!(left.iter().map(|token| token.name.as_str()).collect::<Vec<_>>(), ["Old"]);
    let page = read(&scene.page(&mut owner, "/scim?done=token-revoked").await);
    assert!(page.contains("The token is revoked"), "{page}");
    assert!(page.contains("a token that was revoked") == page.contains("404"), "{page}");
}

#[tokio::test]
async fn a_full_list_says_what_to_do() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    for place in 0..TOKENS_MAX {
        let name = format!("Token {place}");
        let fields = [("name", name.as_str()), ("life", "never")];
        assert_eq!(scene.post(&mut owner, "/scim/tokens", &fields).await.status, 200);
    }
    let page = scene.page(&mut owner, "/scim").await;
    assert!(read(&page).contains("10 tokens are the most that are kept"));
    assert!(!page.contains("Generate token</button>"));
    let fields = [("name", "One more"), ("life", "never")];
    let reply = scene.post(&mut owner, "/scim/tokens", &fields).await;
    assert_eq!(reply.status, 400);
    assert!(text(&reply).contains("revoke one that is no longer used"));
}

#[tokio::test]
async fn an_oauth_client_has_secrets_that_overlap() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let fields = [("name", "Entra"), ("life", "year"), ("date", "")];
    let reply = scene.post(&mut owner, "/scim/clients", &fields).await;
    let page = text(&reply);
    assert_eq!(reply.status, 200, "{page}");
    let secret = format!("lys_{}", between(&page, "data-copy=\"lys_", "\""));
    let client_id = format!("lyc_{}", between(&page, "data-copy=\"lyc_", "\""));
    let organization = scene.now().await;
    let client = organization.directory.clients.first().unwrap();
    assert_eq!(parse_client_id(&client_id), Some((organization.id.clone(), client.id.clone())));
    let (id, bare) = parse_client_secret(&secret).unwrap();
    assert_eq!(id, client.secrets[0].id);
    assert!(client.secrets[0].hash.matches(bare.as_bytes()));
    assert!(page.contains("/oauth/token\""), "{page}");
    // One more beside it, up to the most.
    let path = format!("/scim/clients/{}/secrets", client.id);
    for _ in 1..CLIENT_SECRETS_MAX {
        let reply = scene.post(&mut owner, &path, &[("life", "never")]).await;
        assert!(text(&reply).contains("has one more secret"));
    }
    let full = scene.post(&mut owner, &path, &[("life", "never")]).await;
    assert_eq!(full.status, 400);
    assert!(text(&full).contains("3 secrets are the most"));
    let wrong = scene.post(&mut owner, &path, &[("life", "date"), ("date", "x")]).await;
    assert_eq!(wrong.status, 400);
    let list = scene.page(&mut owner, "/scim").await;
    assert!(!list.contains(bare), "a secret is shown once");
    let retire = format!("/scim/clients/{}/secrets/{id}/retire", client.id);
    let done = scene.path("/scim?done=secret-retired");
    assert_eq!(location(&scene.post(&mut owner, &retire, &[]).await), done);
    assert_eq!(scene.now().await.directory.clients[0].secrets.len(), CLIENT_SECRETS_MAX - 1);
    let revoke = format!("/scim/clients/{}/revoke", client.id);
    let done = scene.path("/scim?done=client-revoked");
    assert_eq!(location(&scene.post(&mut owner, &revoke, &[]).await), done);
    assert!(scene.now().await.directory.clients.is_empty());
    for kind in ["client.created", "client.secret_added", "client.secret_retired", "client.revoked"]
    {
        assert!(scene.kinds().await.contains(&kind.to_owned()), "{kind}");
    }
}

#[tokio::test]
async fn the_settings_are_explained_and_saved() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let page = read(&scene.page(&mut owner, "/scim").await);
    assert!(page.contains("Okta never repeats a request that was refused"), "{page}");
    let fields = [
        ("group_patch_answer", "resource"),
        ("unknown_members", "refuse"),
        ("access_token_secs", "21600"),
    ];
    let reply = scene.post(&mut owner, "/scim", &fields).await;
    assert_eq!(location(&reply), scene.path("/scim?done=scim-settings-saved"));
    let directory = scene.now().await.directory;
    assert_eq!(directory.group_patch_answer, GroupPatchAnswer::Resource);
    assert_eq!(directory.unknown_members, UnknownMembers::Refuse);
    assert_eq!((directory.access_token_secs, directory.enabled), (21_600, false));
    for wrong in [
        [("group_patch_answer", ""), ("unknown_members", "refuse"), ("access_token_secs", "3600")],
        [
            ("group_patch_answer", "resource"),
            ("unknown_members", "x"),
            ("access_token_secs", "3600"),
        ],
        [
            ("group_patch_answer", "resource"),
            ("unknown_members", "refuse"),
            ("access_token_secs", "60"),
        ],
    ] {
        let reply = scene.post(&mut owner, "/scim", &wrong).await;
        assert_eq!(reply.status, 400);
        assert!(!text(&reply).contains("access_token_secs is"));
    }
    assert_eq!(scene.now().await.directory, directory);
}

#[tokio::test]
async fn attributes_come_from_the_schemas() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let page = scene.page(&mut owner, "/scim").await;
    for name in ["userName", "externalId", "sendEmails", "emails", "employeeNumber", "members"] {
        assert!(page.contains(&format!("<dt><code>{name}</code>")), "{name}");
    }
    assert!(read(&page).contains("Apply on: Create"));
}

#[tokio::test]
async fn each_guide_has_the_values_filled_in() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    scene.post(&mut owner, "/scim/clients", &[("name", PROBE), ("life", "never")]).await;
    let base = "https://lychgate.test/scim/v2";
    for idp in Idp::ALL {
        let page = scene.page(&mut owner, &format!("/scim/guide/{}", idp.slug())).await;
        assert!(page.contains(&format!("data-copy=\"{base}\"")), "{idp:?}");
        assert!(read(&page).contains("SCIM is off"), "{idp:?}");
        assert_harmless(&page);
    }
    let okta = read(&scene.page(&mut owner, "/scim/guide/okta").await);
    for word in
        ["Test Connector Configuration", "To App", "Push Groups", "Link Group", "never deletes"]
    {
        assert!(okta.contains(word), "{word}");
    }
    let entra = scene.page(&mut owner, "/scim/guide/entra").await;
    for word in ["Provision on demand", "Quarantine", "Restart provisioning", "Secret Token"] {
        assert!(entra.contains(word), "{word}");
    }
    assert!(entra.contains("data-copy=\"lyc_") && entra.contains("/oauth/token\""));
    assert_eq!(scene.get(&mut owner, "/scim/guide/%2e%2e").await.status, 404);
}

#[tokio::test]
async fn the_request_log_shows_what_was_repaired_and_what_to_do() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    for place in 0..60 {
        scene.came(1_000 + place, 200, |_| {}).await;
    }
    scene
        .came(60, 409, |entry| {
            entry.scim_type = Some("uniqueness".to_owned());
            entry.detail = Some(format!("A user with userName {PROBE} already exists."));
            entry.path = format!("/scim/v2/Users?filter={PROBE}");
            entry.client = Some(PROBE.to_owned());
        })
        .await;
    scene
        .came(30, 204, |entry| {
            entry.client = None;
            entry.notices = vec![
                json!({"kind": "BooleanText", "subject": "active"}),
                json!({"kind": "UnknownAttribute", "subject": PROBE}),
            ];
        })
        .await;
    let first = scene.page(&mut owner, "/scim/requests").await;
    assert_harmless(&first);
    let page = read(&first);
    assert!(page.contains("409 taken") && page.contains("Two entries of the identity provider"));
    assert!(page.contains("Text taken as true or false: active"), "{page}");
    assert!(page.contains("Dropped, since no schema here has it"), "{page}");
    assert!(page.contains("as Microsoft Entra ID does"), "{page}");
    assert_eq!(first.matches("<li><p class=\"row\">").count(), 25);
    // All pages, one after the other.
    let (mut seen, mut next) = (25, first);
    while next.contains(">Older</a>") {
        let query = between(&next, "/scim/requests?before=", "\"").replace("&#38;", "&");
        next = scene.page(&mut owner, &format!("/scim/requests?before={query}")).await;
        seen += next.matches("<li><p class=\"row\">").count();
        assert!(next.contains(">Newest</a>"));
    }
    assert_eq!(seen, 62);
    let failed = scene.page(&mut owner, "/scim/requests?show=failed").await;
    assert_eq!(failed.matches("<li><p class=\"row\">").count(), 1);
    assert!(read(&failed).contains("62 requests were looked at"), "{failed}");
    let wrong = scene.page(&mut owner, "/scim/requests?before=%3Cscript%3E").await;
    assert_eq!(wrong.matches("<li><p class=\"row\">").count(), 25);
}

/// What a page may weigh when every list is full and every text is as long as it can be, in bytes. Half of it are the
/// escaped quotes and brackets of the probes.
const WORST_BYTES_MAX: usize = 70_000;

#[tokio::test]
async fn strangers_texts_are_text_and_pages_stay_small() {
    let scene = Scene::new().await;
    let mut owner = scene.owner().await;
    let name: String = PROBE.chars().cycle().filter(|c| !c.is_control()).take(100).collect();
    for _ in 0..TOKENS_MAX {
        scene.post(&mut owner, "/scim/tokens", &[("name", &name), ("life", "year")]).await;
    }
    for _ in 0..CLIENTS_MAX {
        scene.post(&mut owner, "/scim/clients", &[("name", &name), ("life", "year")]).await;
    }
    for client in scene.now().await.directory.clients {
        for _ in 1..CLIENT_SECRETS_MAX {
            let path = format!("/scim/clients/{}/secrets", client.id);
            assert_eq!(scene.post(&mut owner, &path, &[("life", "year")]).await.status, 200);
        }
    }
    for place in 0..100 {
        scene
            .came(place, 400, |entry| {
                entry.path = format!("/scim/v2/Groups/{}", PROBE.repeat(9));
                entry.client = Some(PROBE.repeat(4));
                entry.detail = Some(PROBE.repeat(9));
                let ids = 0..UNKNOWN_MEMBERS_KEPT_MAX.min(32);
                entry.notices = ids
                    .map(|id| json!({"kind": "UnknownMember", "subject": format!("{PROBE}{id}")}))
                    .collect();
            })
            .await;
    }
    for path in ["", "/live", "/scim", "/scim/requests", "/scim/guide/entra"] {
        let page = scene.page(&mut owner, path).await;
        assert_harmless(&page);
        assert!(page.len() < WORST_BYTES_MAX, "{path}: {}", page.len());
    }
    let mut guest = scene.guest(&name, &[Scope::Scim]).await;
    assert_harmless(&scene.page(&mut guest, "").await);
}
