//! Links into the settings, and the history as people read it.

use lychgate_core::{
    ctx::World,
    event::{Actor, Event, EventKind},
    ids::LinkId,
    ports::{CommitError, Fetched, SignInWrite, Wanted},
    settings::link::{OWNER_LINK_KEPT_SECS, SETUP_LINK_KEPT_SECS, SettingsLink},
    time::Timestamp,
};

use crate::{
    build::{event, opened, owner_link, session, setup_link},
    world::FakeWorld,
};

use super::{
    Store,
    here::{Here, together},
};

impl<S: Store> Here<'_, S> {
    async fn put_settings_link(
        &self,
        before: Option<&SettingsLink>,
        after: &SettingsLink,
        kind: Option<EventKind>,
    ) -> Result<(), CommitError> {
        let event = kind.map(|kind| event(kind, &after.id.to_string(), &after.name));
        let (ctx, event) = (self.ctx(), event.as_ref());
        self.store.put_settings_link(&ctx, self.id(), before, after, event).await
    }

    async fn settings_link(&self, id: &LinkId) -> Option<SettingsLink> {
        let wanted = Wanted { settings_link: Some(id.clone()), ..Wanted::default() };
        self.fetch(wanted).await.settings_link
    }

    async fn settings_links(&self) -> Vec<SettingsLink> {
        self.store.settings_links(&self.ctx(), self.id()).await.expect("the store answers")
    }
}

/// W4: every change of a link moves its version, and another organization knows nothing of it.
pub async fn links_into_the_settings_are_written_at_their_version<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let link = setup_link(world, "Grace, IT");
    let created = Some(EventKind::SetupLinkCreated);
    assert_eq!(here.put_settings_link(Some(&link), &link, created).await, Err(CommitError::Stale));
    assert_eq!(here.put_settings_link(None, &link, created).await, Ok(()));
    assert_eq!(here.settings_link(&link.id).await, Some(link.clone()));
    assert_eq!(here.put_settings_link(None, &link, created).await, Err(CommitError::Stale));

    let open = opened(&link, world);
    let kind = Some(EventKind::SetupLinkOpened);
    assert_eq!(here.put_settings_link(Some(&link), &open, kind).await, Ok(()));
    let revoked = SettingsLink { revoked: Some(world.now()), version: 3, ..open.clone() };
    for kind in [None, Some(EventKind::SetupLinkRevoked)] {
        let late = here.put_settings_link(Some(&link), &revoked, kind).await;
        assert_eq!(late, Err(CommitError::Stale), "it has moved");
    }
    assert_eq!(here.settings_link(&link.id).await, Some(open.clone()));
    assert_eq!(here.put_settings_link(Some(&open), &revoked, None).await, Ok(()));
    assert_eq!(here.settings_link(&link.id).await, Some(revoked.clone()));
    assert_eq!(here.settings_links().await, [revoked]);
    let kinds = ["organization.created", "setup_link.created", "setup_link.opened"];
    assert_eq!(here.event_kinds().await, kinds, "an event with its write, and only with it");

    assert_eq!(other.settings_link(&link.id).await, None);
    assert_eq!(other.settings_links().await, []);
    assert_eq!(other.put_settings_link(Some(&link), &open, None).await, Err(CommitError::Stale));
}

/// The owner sees what was done with a link that has ended; then it goes.
pub async fn links_into_the_settings_are_kept_for_a_while_after_their_end<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let ada = here.create("ada@example.com").await;
    let (setup, owner) = (setup_link(world, "Grace, IT"), owner_link(world, ada.id));
    for (link, kind) in
        [(&setup, EventKind::SetupLinkCreated), (&owner, EventKind::OwnerLinkCreated)]
    {
        assert_eq!(here.put_settings_link(None, link, Some(kind)).await, Ok(()));
    }
    let mut both = vec![setup.clone(), owner.clone()];
    both.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(here.settings_links().await, both, "in the order of their ids");
    let until = |end: Timestamp| {
        let now = world.now().unix_millis();
        world.advance_millis(end.unix_millis().saturating_sub(now));
    };
    until(owner.expires.plus_secs(OWNER_LINK_KEPT_SECS - 1));
    assert_eq!(here.settings_link(&owner.id).await, Some(owner.clone()), "ended, and still known");
    until(owner.expires.plus_secs(OWNER_LINK_KEPT_SECS));
    assert_eq!(here.settings_link(&owner.id).await, None);
    assert_eq!(here.settings_links().await, std::slice::from_ref(&setup));
    until(setup.expires.plus_secs(SETUP_LINK_KEPT_SECS - 1));
    assert_eq!(here.settings_link(&setup.id).await, Some(setup.clone()), "ended, and still known");
    until(setup.expires.plus_secs(SETUP_LINK_KEPT_SECS));
    assert_eq!(here.settings_link(&setup.id).await, None);
    assert_eq!(here.settings_links().await, []);
}

/// O3, O4: the organization, the session, the link and the member in one fetch; another organization has none of them.
pub async fn who_opens_the_settings_is_read_in_one_call<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let ada = here.create("ada@example.com").await;
    let connection = lychgate_core::ids::ConnectionId::new(world);
    let (session, link) = (session(world, ada.id, &connection), owner_link(world, ada.id));
    let write = SignInWrite {
        flow: None,
        assertion: None,
        member: None,
        name_id: None,
        session: Some(&session),
        grant: None,
        connection: None,
    };
    assert_eq!(store.sign_in(&here.ctx(), here.id(), write).await, Ok(()));
    assert_eq!(
        here.put_settings_link(None, &link, Some(EventKind::OwnerLinkCreated)).await,
        Ok(())
    );
    let wanted = Wanted {
        organization: true,
        session: Some((ada.id, session.id.clone())),
        settings_link: Some(link.id.clone()),
        users: vec![ada.id],
        ..Wanted::default()
    };
    let found = here.fetch(wanted.clone()).await;
    let all = Fetched {
        organization: Some(here.organization.clone()),
        session: Some(session.clone()),
        settings_link: Some(link),
        users: vec![ada.clone()],
        ..Fetched::default()
    };
    assert_eq!(found, all);
    let stranger = other.fetch(wanted.clone()).await;
    let organization = Some(other.organization.clone());
    assert_eq!(stranger, Fetched { organization, ..Fetched::default() });
    let somebody_else = Wanted {
        session: Some((here.create("king@example.com").await.id, session.id.clone())),
        ..Wanted::default()
    };
    assert_eq!(
        here.fetch(somebody_else).await,
        Fetched::default(),
        "a session has its member's key"
    );
    world.advance_millis(session.expires.unix_millis() - world.now().unix_millis());
    assert_eq!(here.fetch(wanted).await.session, None, "it has ended");
}

/// W4: a link opens in one browser, however many try at once.
pub async fn of_twenty_browsers_one_opens_a_link<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let link = setup_link(world, "Grace, IT");
    let created = Some(EventKind::SetupLinkCreated);
    assert_eq!(here.put_settings_link(None, &link, created).await, Ok(()));
    let tries: Vec<SettingsLink> = (0..20).map(|_| opened(&link, world)).collect();
    let kind = Some(EventKind::SetupLinkOpened);
    let done = together(tries.iter().map(|after| here.put_settings_link(Some(&link), after, kind)));
    let done = done.await;
    let won: Vec<usize> = (0..20).filter(|who| done[*who].is_ok()).collect();
    assert_eq!(won.len(), 1, "{done:?}");
    let lost = done.iter().filter(|done| **done == Err(CommitError::Stale)).count();
    assert_eq!(lost, 19, "{done:?}");
    assert_eq!(here.settings_link(&link.id).await.as_ref(), tries.get(won[0]));
    assert_eq!(here.event_kinds().await.len(), 3, "one event for the one who came in");
}

/// E2: newest first, page by page, with the names of those who did it.
pub async fn the_history_is_read_backwards_with_the_names_of_its_actors<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let ada = here.create("ada@example.com").await;
    let other = Here::named(store, world, "other").await;
    for number in 0..7 {
        here.create(&format!("u{number}@example.com")).await;
    }
    let link = setup_link(world, "Grace, IT");
    for (after, actor) in [
        (link.clone(), Actor::Owner(ada.id, "ada@example.com".to_owned())),
        (opened(&link, world), Actor::SetupLink(link.id.clone(), link.name.clone())),
    ] {
        let kind = EventKind::SetupLinkOpened;
        let event = Event { actor, ..event(kind, &link.id.to_string(), &link.name) };
        let before = (after.version > 1).then_some(&link);
        let done =
            store.put_settings_link(&here.ctx(), here.id(), before, &after, Some(&event)).await;
        assert_eq!(done, Ok(()));
    }
    let forward = store.events_after(&here.ctx(), here.id(), None, 100).await.expect("answers");
    assert_eq!(forward.len(), 11);
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store.events_before(&here.ctx(), here.id(), before, 4).await.expect("answers");
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        seen.extend(page);
    }
    seen.reverse();
    assert_eq!(seen, forward, "the same, the other way round");
    let names: Vec<Option<&str>> =
        forward.iter().rev().take(3).map(|event| event.actor_name.as_deref()).collect();
    assert_eq!(names, [Some("Grace, IT"), Some("ada@example.com"), None]);
    let newest = forward.last().map(|event| event.id);
    let elsewhere = store.events_before(&other.ctx(), other.id(), newest, 10).await;
    let elsewhere: Vec<String> =
        elsewhere.expect("answers").into_iter().map(|event| event.kind).collect();
    assert_eq!(elsewhere, ["organization.created"], "theirs alone");
}
