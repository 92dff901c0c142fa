//! The operator's use cases on the in-memory store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lychgate_core::{
    ctx::{Ctx, World},
    event::{Actor, StoredEvent},
    ids::{EventId, OperatorKeyId, UserId},
    operator::{
        RefusalKind, clients, directory, events,
        keys::{self, authenticate},
        licence,
        members::{self, CleanUp, Filter},
        organizations::{self, New, Update},
        tokens,
    },
    organization::{
        CLIENT_SECRETS_MAX, CLIENTS_MAX, Licence, LicenceState, OWNERS_MAX, TOKENS_MAX,
    },
    ports::{Directory, Journal, OperatorKeys, Users, Wanted},
    record::{Suspension, User},
    secret::SecretHash,
    sweep,
};
use lychgate_testkit::{FakeWorld, Fault, Faulty, MemoryStore, build};

const DOMAIN: &str = "acme";

struct Scene {
    world: FakeWorld,
    store: Faulty<MemoryStore>,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self { world: FakeWorld::new(1), store: Faulty::new(MemoryStore::new()) };
        let new = New { domain: DOMAIN, name: "Acme" };
        organizations::create(&scene.ctx(), &scene.store, &new).await.unwrap();
        scene
    }

    fn ctx(&self) -> Ctx<'_> {
        let key = OperatorKeyId::from_bare("00000000").unwrap();
        Ctx { actor: Actor::Operator(key), ..self.world.ctx() }
    }

    async fn member(&self, user_name: &str) -> String {
        let user = build::user(&self.world, user_name);
        self.keep(&user).await
    }

    async fn suspended(&self, user_name: &str) -> String {
        let mut user = build::user(&self.world, user_name);
        let by = "token:tok-00000000".to_owned();
        user.suspended = Some(Suspension { since: self.world.now(), by });
        self.keep(&user).await
    }

    async fn keep(&self, user: &User) -> String {
        let ctx = self.ctx();
        let organization = organizations::find(&ctx, &self.store, DOMAIN).await.unwrap();
        let event = build::event(
            lychgate_core::event::EventKind::MemberCreated,
            &user.id.to_string(),
            user.user_name(),
        );
        let keys = build::user_keys(user);
        self.store.create_user(&ctx, &organization.id, user, &keys, None, &event).await.unwrap();
        user.id.to_string()
    }

    async fn read(&self, member: &str) -> Option<User> {
        let ctx = self.ctx();
        let organization = organizations::find(&ctx, &self.store, DOMAIN).await.unwrap();
        let wanted = Wanted { users: vec![member.parse().unwrap()], ..Wanted::default() };
        self.store.fetch(&ctx, &organization.id, wanted).await.unwrap().users.pop()
    }

    async fn owners(&self) -> (Vec<UserId>, Vec<UserId>) {
        let organization = organizations::find(&self.ctx(), &self.store, DOMAIN).await.unwrap();
        (organization.owners, organization.owners_suspended)
    }

    async fn history(&self) -> Vec<StoredEvent> {
        let ctx = self.ctx();
        events::history(&ctx, &self.store, DOMAIN, None, Some(200)).await.unwrap().events
    }

    async fn kinds(&self) -> Vec<String> {
        self.history().await.into_iter().map(|event| event.kind).collect()
    }

    fn well(&self) {
        assert_eq!(self.store.inner().contradictions(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_organization_is_found_by_id_and_by_domain_and_its_domain_is_its_own() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let by_domain = organizations::find(&ctx, store, DOMAIN).await.unwrap();
    let by_id = organizations::find(&ctx, store, &by_domain.id.to_string()).await.unwrap();
    assert_eq!(by_domain, by_id);
    for missing in ["nobody", "org-0000000000000000", "", "No Domain", "org-"] {
        let refusal = organizations::find(&ctx, store, missing).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::NotFound, "{missing}");
    }
    let again = organizations::create(&ctx, store, &New { domain: DOMAIN, name: "x" }).await;
    let refusal = again.unwrap_err();
    assert_eq!((refusal.kind, refusal.field.as_deref()), (RefusalKind::Conflict, Some("domain")));
}

#[tokio::test]
async fn names_and_domains_say_what_to_change() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let long = "x".repeat(101);
    for (domain, name, field) in [
        ("A", "x", "domain"),
        ("acme.example", "x", "domain"),
        ("-acme", "x", "domain"),
        ("org-0123456789abcdef", "x", "domain"),
        ("other", " ", "name"),
        ("other", long.as_str(), "name"),
        ("other", "a\nb", "name"),
    ] {
        let refusal = organizations::create(&ctx, store, &New { domain, name }).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Invalid, "{domain} {name}");
        assert_eq!(refusal.field.as_deref(), Some(field), "{domain} {name}");
    }
}

#[tokio::test]
async fn renaming_frees_the_old_domain_and_keeps_to_a_taken_one() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    organizations::create(&ctx, store, &New { domain: "other", name: "Other" }).await.unwrap();
    let update = Update { domain: Some("other"), name: None };
    let refusal = organizations::update(&ctx, store, DOMAIN, &update).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
    let update = Update { domain: Some("acme2"), name: Some("Acme Two") };
    let after = organizations::update(&ctx, store, DOMAIN, &update).await.unwrap();
    assert_eq!((after.domain.as_str(), after.name.as_str()), ("acme2", "Acme Two"));
    organizations::create(&ctx, store, &New { domain: DOMAIN, name: "New" }).await.unwrap();
    // The same again changes nothing, and there is no event of nothing.
    let unchanged = organizations::update(&ctx, store, "acme2", &update).await.unwrap();
    assert_eq!(unchanged.version, after.version);
}

#[tokio::test]
async fn pages_joined_are_the_list() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    for n in 0..6 {
        let domain = format!("org{n}");
        organizations::create(&ctx, store, &New { domain: &domain, name: "x" }).await.unwrap();
    }
    let whole = organizations::list(&ctx, store, None, None).await.unwrap();
    assert_eq!((whole.items.len(), &whole.next_cursor), (7, &None));
    let (mut joined, mut cursor) = (Vec::new(), None);
    loop {
        let page = organizations::list(&ctx, store, cursor.as_deref(), Some(3)).await.unwrap();
        joined.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(joined, whole.items);
    for (cursor, limit) in [(Some("x"), None), (None, Some(0)), (None, Some(201))] {
        let refusal = organizations::list(&ctx, store, cursor, limit).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Invalid);
    }
}

#[tokio::test]
async fn a_licence_is_set_as_a_whole() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let active = |seats, ends| Licence { state: LicenceState::Active, seats, ends };
    let ends = scene.world.now().plus_secs(60);
    licence::set(&ctx, store, DOMAIN, active(Some(5), Some(ends))).await.unwrap();
    licence::set(&ctx, store, DOMAIN, active(Some(5), Some(ends))).await.unwrap();
    let changes = scene.kinds().await.iter().filter(|kind| *kind == "licence.changed").count();
    assert_eq!(changes, 1, "the same again is no change");
    for (licence, field) in [
        (active(Some(0), None), "seats"),
        (active(Some(u64::MAX), None), "seats"),
        (active(None, Some(scene.world.now())), "ends"),
    ] {
        let refusal = licence::set(&ctx, store, DOMAIN, licence).await.unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field));
    }
}

#[tokio::test]
async fn directory_settings_keep_to_their_ranges() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let update = directory::Update {
        enabled: Some(true),
        suspended_retention_days: Some(Some(30)),
        ..directory::Update::default()
    };
    let after = directory::update(&ctx, store, DOMAIN, &update).await.unwrap();
    assert!(after.directory.enabled);
    assert_eq!(after.directory.suspended_retention_days, Some(30));
    let data = scene.history().await.pop().unwrap().data;
    assert_eq!(data["enabled"], serde_json::json!({ "before": false, "after": true }));
    let none = directory::Update::default();
    for update in [
        directory::Update { suspended_retention_days: Some(Some(0)), ..none },
        directory::Update { suspended_retention_days: Some(Some(3_651)), ..none },
        directory::Update { access_token_secs: Some(3_599), ..none },
        directory::Update { access_token_secs: Some(21_601), ..none },
    ] {
        let refusal = directory::update(&ctx, store, DOMAIN, &update).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::Invalid);
    }
}

#[tokio::test]
async fn tokens_are_few_shown_once_and_revoked_at_once() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let new = tokens::New { name: "okta", expires: None, member: None };
    let first = tokens::create(&ctx, store, DOMAIN, &new).await.unwrap();
    let listed = tokens::list(&ctx, store, DOMAIN).await.unwrap();
    assert!(first.text.starts_with(&listed[0].prefix) && first.text.len() > listed[0].prefix.len());
    for _ in 1..TOKENS_MAX {
        tokens::create(&ctx, store, DOMAIN, &new).await.unwrap();
    }
    let refusal = tokens::create(&ctx, store, DOMAIN, &new).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
    let id = first.token.id.to_string();
    tokens::revoke(&ctx, store, DOMAIN, &id).await.unwrap();
    let refusal = tokens::revoke(&ctx, store, DOMAIN, &id).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NotFound);
    assert_eq!(tokens::list(&ctx, store, DOMAIN).await.unwrap().len(), TOKENS_MAX - 1);
    let history = format!("{:?}", scene.history().await);
    let secret = first.text.rsplit('_').next().unwrap();
    assert!(!history.contains(secret), "no secret stands in the history");
}

#[tokio::test]
async fn a_token_is_bound_to_a_member_who_exists_and_ends_ahead() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let member = scene.member("ada@example.com").await;
    let new = tokens::New { name: "me", expires: None, member: Some(&member) };
    assert!(tokens::create(&ctx, store, DOMAIN, &new).await.is_ok());
    let nobody = UserId::new(scene.world.now(), &scene.world).to_string();
    for (member, expires, field) in [
        (Some(nobody.as_str()), None, "member"),
        (Some("ada"), None, "member"),
        (None, Some(scene.world.now()), "expires"),
    ] {
        let new = tokens::New { name: "x", expires, member };
        let refusal = tokens::create(&ctx, store, DOMAIN, &new).await.unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field));
    }
}

#[tokio::test]
async fn clients_and_their_secrets_are_few() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let created = clients::create(&ctx, store, DOMAIN, "entra", None).await.unwrap();
    let id = created.client.id.to_string();
    for _ in 1..CLIENT_SECRETS_MAX {
        clients::add_secret(&ctx, store, DOMAIN, &id, None).await.unwrap();
    }
    let refusal = clients::add_secret(&ctx, store, DOMAIN, &id, None).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
    let secret = created.secret.id.to_string();
    clients::retire_secret(&ctx, store, DOMAIN, &id, &secret).await.unwrap();
    let refusal = clients::retire_secret(&ctx, store, DOMAIN, &id, &secret).await.unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("secret"));
    for _ in 1..CLIENTS_MAX {
        clients::create(&ctx, store, DOMAIN, "x", None).await.unwrap();
    }
    let refusal = clients::create(&ctx, store, DOMAIN, "x", None).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
    clients::revoke(&ctx, store, DOMAIN, &id).await.unwrap();
    let refusal = clients::add_secret(&ctx, store, DOMAIN, &id, None).await.unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("client"));
}

#[tokio::test]
async fn either_suspension_suspends_and_only_both_lifted_restore() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let both = scene.suspended("both@example.com").await;
    let hand = scene.member("hand@example.com").await;
    members::suspend(&ctx, store, DOMAIN, &hand).await.unwrap();
    members::suspend(&ctx, store, DOMAIN, &hand).await.unwrap();
    members::suspend(&ctx, store, DOMAIN, &both).await.unwrap();
    assert_eq!(
        scene.kinds().await[3..],
        ["member.suspended", "member.updated"],
        "nothing ends for who was suspended before, and the same again is no change"
    );
    let by_hand = scene.read(&hand).await.unwrap();
    assert_eq!(by_hand.suspended_by_hand.unwrap().by, ctx.actor.text());
    assert!(!members::restore(&ctx, store, DOMAIN, &hand).await.unwrap().user.is_suspended());
    assert!(members::restore(&ctx, store, DOMAIN, &both).await.unwrap().user.is_suspended());
    assert_eq!(scene.kinds().await[5..], ["member.restored", "member.updated"]);
    scene.well();
}

#[tokio::test]
async fn the_last_owner_stays() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let ada = scene.member("ada@example.com").await;
    let bob = scene.member("bob@example.com").await;
    assert!(members::add_owner(&ctx, store, DOMAIN, &ada).await.unwrap().owner);
    for refused in [
        members::suspend(&ctx, store, DOMAIN, &ada).await.map(drop),
        members::remove_owner(&ctx, store, DOMAIN, &ada).await.map(drop),
        members::delete(&ctx, store, DOMAIN, &ada).await,
    ] {
        assert_eq!(refused.unwrap_err().kind, RefusalKind::Conflict);
    }
    members::add_owner(&ctx, store, DOMAIN, &bob).await.unwrap();
    members::suspend(&ctx, store, DOMAIN, &ada).await.unwrap();
    let (ada_id, bob_id) = (ada.parse().unwrap(), bob.parse().unwrap());
    assert_eq!(scene.owners().await, (vec![bob_id], vec![ada_id]));
    let refusal = members::suspend(&ctx, store, DOMAIN, &bob).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict, "a suspended owner cannot get in");
    members::restore(&ctx, store, DOMAIN, &ada).await.unwrap();
    members::delete(&ctx, store, DOMAIN, &bob).await.unwrap();
    assert_eq!(scene.owners().await, (vec![ada_id], Vec::new()));
    scene.well();
}

#[tokio::test]
async fn owners_are_few_and_can_get_in() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let suspended = scene.suspended("suspended@example.com").await;
    let refusal = members::add_owner(&ctx, store, DOMAIN, &suspended).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
    for n in 0..OWNERS_MAX {
        let member = scene.member(&format!("owner{n}@example.com")).await;
        members::add_owner(&ctx, store, DOMAIN, &member).await.unwrap();
    }
    let member = scene.member("more@example.com").await;
    let refusal = members::add_owner(&ctx, store, DOMAIN, &member).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
    let absent = UserId::new(scene.world.now(), &scene.world).to_string();
    for absent in [absent.as_str(), "x", ""] {
        let refusal = members::add_owner(&ctx, store, DOMAIN, absent).await.unwrap_err();
        assert_eq!(refusal.kind, RefusalKind::NotFound);
    }
}

#[tokio::test]
async fn a_lost_race_is_run_again_and_a_lasting_one_is_given_up() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let ada = scene.member("ada@example.com").await;
    // Organization by domain (two reads), member with organization, write: the fourth call is the write.
    store.strike_call(4, Fault::Stale);
    assert!(members::suspend(&ctx, store, DOMAIN, &ada).await.unwrap().user.is_suspended());
    store
        .strike_by_chance(1, lychgate_testkit::faulty::Rates { stale: 1000, ..Default::default() });
    let refusal = members::restore(&ctx, store, DOMAIN, &ada).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Unavailable);
    assert!(refusal.retry_after_secs.is_some());
    let name = Update { name: Some("x"), domain: None };
    let refusal = organizations::update(&ctx, store, DOMAIN, &name).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Unavailable);
    store.heal();
    scene.well();
}

#[tokio::test]
async fn a_list_of_members_is_filtered_and_paged() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let mut suspended = Vec::new();
    for n in 0..9 {
        scene.world.advance_millis(1);
        scene.member(&format!("a{n}@example.com")).await;
        scene.world.advance_millis(1);
        suspended.push(scene.suspended(&format!("s{n}@example.com")).await);
    }
    let filter = Filter { suspended: Some(true) };
    let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let list = members::list(&ctx, store, DOMAIN, filter, cursor.as_deref(), Some(4));
        let page = list.await.unwrap();
        assert!(page.items.len() <= 4);
        found.extend(page.items.iter().map(|item| item.user.id.to_string()));
        pages += 1;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (suspended, 3));
    let others = Filter { suspended: Some(false) };
    let page = members::list(&ctx, store, DOMAIN, others, None, None).await.unwrap();
    assert_eq!((page.items.len(), page.next_cursor), (9, None));
    let whole = members::export(&ctx, store, DOMAIN, Filter::default(), None).await.unwrap();
    assert_eq!(whole.items.len(), 18);
}

#[tokio::test]
async fn a_clean_up_deletes_the_suspended_and_says_who_stayed() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let active = scene.member("active@example.com").await;
    let gone = scene.suspended("gone@example.com").await;
    let whom = CleanUp::Ids(vec![&active, &gone, &gone, "nobody"]);
    let cleaned = members::clean_up(&ctx, store, DOMAIN, &whom, None).await.unwrap();
    assert_eq!(cleaned.deleted, [gone.as_str()]);
    let kept: Vec<_> = cleaned.kept.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(kept, [active.as_str(), gone.as_str(), "nobody"]);
    let event = scene.history().await.pop().unwrap();
    assert_eq!(
        (event.kind.as_str(), event.subject_name.as_str()),
        ("member.deleted", "gone@example.com")
    );
    assert_eq!(event.data["reason"], "clean_up");

    for ids in [Vec::new(), vec!["x"; members::CLEAN_UP_MAX + 1]] {
        let refused = members::clean_up(&ctx, store, DOMAIN, &CleanUp::Ids(ids), None).await;
        assert_eq!(refused.unwrap_err().field.as_deref(), Some("ids"));
    }
    let ahead = CleanUp::SuspendedBefore(scene.world.now().plus_secs(1));
    let refused = members::clean_up(&ctx, store, DOMAIN, &ahead, None).await;
    assert_eq!(refused.unwrap_err().field.as_deref(), Some("suspended_before"));
    scene.well();
}

#[tokio::test]
async fn a_clean_up_by_date_goes_on_where_it_stopped() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    for n in 0..130 {
        scene.suspended(&format!("old{n}@example.com")).await;
    }
    scene.world.advance_secs(10);
    let before = CleanUp::SuspendedBefore(scene.world.now());
    let young = scene.suspended("young@example.com").await;
    let ctx = Ctx { deadline: scene.ctx().deadline, ..ctx };
    let first = members::clean_up(&ctx, store, DOMAIN, &before, None).await.unwrap();
    assert_eq!(first.deleted.len(), members::CLEAN_UP_MAX);
    let cursor = first.next_cursor.unwrap();
    let second = members::clean_up(&ctx, store, DOMAIN, &before, Some(&cursor)).await.unwrap();
    assert_eq!((second.deleted.len(), second.next_cursor), (30, None));
    assert!(scene.read(&young).await.is_some());
    scene.well();
}

#[tokio::test]
async fn the_history_never_passes_what_has_not_settled() {
    let scene = Scene::new().await;
    let ctx = scene.ctx();
    let young = events::history(&ctx, &scene.store, DOMAIN, None, None).await.unwrap();
    assert_eq!((young.events.len(), young.next_cursor), (1, None));
    scene.world.advance_secs(events::EVENT_SETTLE_SECS);
    scene.member("ada@example.com").await;
    let settled = events::history(&ctx, &scene.store, DOMAIN, None, None).await.unwrap();
    let (first, second) = (settled.events[0].id, settled.events[1].id);
    assert_eq!(settled.next_cursor, Some(first.to_string()));
    let cursor = first.to_string();
    let next = events::history(&ctx, &scene.store, DOMAIN, Some(&cursor), None).await.unwrap();
    let ids: Vec<EventId> = next.events.iter().map(|event| event.id).collect();
    assert_eq!(ids, [second], "the young one comes again: at least once");
    let wrong = events::history(&ctx, &scene.store, DOMAIN, Some("x"), None).await;
    assert_eq!(wrong.unwrap_err().field.as_deref(), Some("cursor"));
}

#[tokio::test]
async fn an_operator_key_holds_until_it_ends_or_is_revoked() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let ends = scene.world.now().plus_secs(60);
    let short = keys::create(&ctx, store, "short", Some(ends)).await.unwrap();
    let long = keys::create(&ctx, store, "long", None).await.unwrap();
    let bearer = |text: &str| format!("Bearer {text}");
    let actor = authenticate(&ctx, store, Some(&bearer(&long.text)), None).await.unwrap();
    assert_eq!(actor, Actor::Operator(long.key.id.clone()));
    scene.world.advance_secs(60);
    let mut wrong = long.text.clone();
    let last = wrong.pop();
    wrong.push(if last == Some('x') { 'y' } else { 'x' });
    let mut refusals = Vec::new();
    for header in [None, Some(""), Some("Bearer "), Some("lyo_x"), Some("Basic x")] {
        refusals.push(authenticate(&ctx, store, header, None).await.unwrap_err());
    }
    for text in [short.text.as_str(), wrong.as_str(), "lyo_zzzzzzzz_x", "lyg_x"] {
        let header = bearer(text);
        refusals.push(authenticate(&ctx, store, Some(&header), None).await.unwrap_err());
    }
    assert!(refusals.iter().all(|refusal| refusal.kind == RefusalKind::Unauthenticated));
    assert!(refusals.windows(2).all(|pair| pair[0] == pair[1]), "one answer for all");

    let (long_id, short_id) = (long.key.id.to_string(), short.key.id.to_string());
    let refusal = keys::revoke(&ctx, store, &long_id, None).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict, "the other one has ended");
    keys::revoke(&ctx, store, &short_id, None).await.unwrap();
    let refusal = keys::revoke(&ctx, store, &short_id, None).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::NotFound);

    let first = format!("lyo_abcdefgh_{}", "a".repeat(52));
    let bootstrap = SecretHash::of(first.as_bytes());
    let header = bearer(&first);
    assert!(authenticate(&ctx, store, Some(&header), Some(&bootstrap)).await.is_ok());
    assert!(authenticate(&ctx, store, Some(&header), None).await.is_err());
    keys::revoke(&ctx, store, &long_id, Some(&bootstrap)).await.unwrap();
    assert!(store.operator_keys(&ctx).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_live_state_tells_the_last_contact_and_the_last_error() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let organization = organizations::find(&ctx, store, DOMAIN).await.unwrap();
    let new = tokens::New { name: "okta", expires: None, member: None };
    let token = tokens::create(&ctx, store, DOMAIN, &new).await.unwrap().token;
    for n in 0..30_u64 {
        scene.world.advance_secs(1);
        let entry = lychgate_core::journal::RequestEntry {
            at: scene.world.now(),
            request_id: format!("r.{n}"),
            method: "GET".to_owned(),
            path: "/scim/v2/Users".to_owned(),
            actor: Actor::Token(token.id.clone()).text(),
            client: None,
            status: if n == 7 { 404 } else { 200 },
            scim_type: None,
            detail: None,
            notices: Vec::new(),
            millis: 3,
        };
        store.record(&ctx, &organization.id, &entry).await;
    }
    let state = directory::state(&ctx, store, DOMAIN).await.unwrap();
    assert_eq!(state.outcomes.len(), directory::OUTCOMES_SHOWN_MAX);
    assert_eq!(state.outcomes[0].at, scene.world.now());
    assert_eq!(state.last_error.unwrap().request_id, "r.7");
    let listed = tokens::list(&ctx, store, DOMAIN).await.unwrap();
    assert_eq!(listed[0].last_used, Some(scene.world.now()));
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = directory::requests(&ctx, store, DOMAIN, cursor.as_deref(), Some(7)).await;
        let page = page.unwrap();
        seen.extend(page.items.into_iter().map(|entry| entry.request_id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..30).rev().map(|n| format!("r.{n}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_sweep_deletes_whose_retention_has_passed_and_no_other() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    organizations::create(&ctx, store, &New { domain: "keeps", name: "Keeps" }).await.unwrap();
    let old = scene.suspended("old@example.com").await;
    let active = scene.member("active@example.com").await;
    let update = directory::Update {
        suspended_retention_days: Some(Some(30)),
        ..directory::Update::default()
    };
    directory::update(&ctx, store, DOMAIN, &update).await.unwrap();
    scene.world.advance_secs(30 * 86_400 + 1);
    let young = scene.suspended("young@example.com").await;
    let in_time = Ctx { actor: Actor::System, ..scene.ctx() };
    let swept = sweep::run(&in_time, store).await.unwrap();
    assert_eq!((swept.organizations, swept.members_deleted, swept.is_whole), (2, 1, true));
    assert_eq!(swept.failures, []);
    assert!(scene.read(&old).await.is_none());
    assert!(scene.read(&active).await.is_some() && scene.read(&young).await.is_some());
    let event = scene.history().await.pop().unwrap();
    assert_eq!(
        (event.actor.as_str(), event.data["reason"].as_str()),
        ("system", Some("retention"))
    );

    let late = Ctx { deadline: scene.world.now().plus_millis(1), ..scene.ctx() };
    let swept = sweep::run(&late, store).await.unwrap();
    assert_eq!((swept.organizations, swept.is_whole), (0, false));
    scene.well();
}
