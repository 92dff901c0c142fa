//! Connections, sessions, codes, passwords, attempts, applications, e-mail domains.

use std::collections::BTreeSet;

use lychgate_core::{
    application::Application,
    attempt::{ATTEMPT_DAYS, Attempt, AttemptOutcome},
    connection::Connection,
    ctx::World,
    event::EventKind,
    ids::{ApplicationId, AttemptId, UserId},
    organization::{Domain, Organization, SignIn},
    password::PasswordRecord,
    ports::{Beside, CommitError, SignInWrite},
    record::User,
    session::{
        CODE_SECS, Grant, GrantState, SESSIONS_PER_MEMBER_MAX, Session, SessionMethod,
        USERINFO_TOKEN_SECS,
    },
};
use serde_json::json;

use crate::{
    build::{
        SESSION_SECS, activated, application, attempt, changed, connection, event, grant, key_pair,
        link, password, session, user,
    },
    world::FakeWorld,
};

use super::{Store, here::Here};

impl<S: Store> Here<'_, S> {
    async fn put_connection(
        &self,
        before: Option<&Connection>,
        after: &Connection,
        beside: Option<Beside<'_>>,
    ) -> Result<(), CommitError> {
        let event = event(EventKind::ConnectionUpdated, after.id.bare(), &after.name);
        self.store.put_connection(&self.ctx(), self.id(), before, after, beside, Some(&event)).await
    }

    async fn connections(&self) -> Vec<Connection> {
        let setup = self.store.sign_in_setup(&self.ctx(), self.id()).await;
        setup.expect("the store answers").expect("it is there").connections
    }

    /// A session and nothing else, as a password opens one.
    async fn open(&self, session: &Session) {
        let write = SignInWrite {
            flow: None,
            assertion: None,
            member: None,
            name_id: None,
            session: Some(session),
            grant: None,
            connection: None,
        };
        assert_eq!(self.store.sign_in(&self.ctx(), self.id(), write).await, Ok(()));
    }

    async fn session_ids(&self, user: UserId) -> BTreeSet<String> {
        let found = self.store.sessions_of(&self.ctx(), self.id(), user).await;
        let found = found.expect("the store answers");
        assert!(found.iter().all(|session| session.user == user), "hers alone");
        found.iter().map(|session| session.id.to_string()).collect()
    }
}

/// S12: by version, with the organization when that changes too, in its own organization.
pub async fn connections_are_written_at_their_version<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let first = connection(world, "Okta");
    assert_eq!(here.put_connection(None, &first, None).await, Ok(()));
    assert_eq!(here.put_connection(None, &first, None).await, Err(CommitError::Stale), "it is");
    let live = activated(&first);
    let active = Organization {
        version: 2,
        sign_in: SignIn { active_connections: vec![first.id.clone()], ..SignIn::default() },
        ..here.organization.clone()
    };
    let stale = Organization { version: 7, ..here.organization.clone() };
    let beside = |before| Some(Beside { before, after: &active });
    let overtaken = here.put_connection(Some(&first), &live, beside(&stale)).await;
    assert_eq!(overtaken, Err(CommitError::Stale), "the organization moved");
    assert_eq!(here.connections().await, vec![first.clone()]);
    let done = here.put_connection(Some(&first), &live, beside(&here.organization)).await;
    assert_eq!(done, Ok(()));
    let setup = store.sign_in_setup(&here.ctx(), here.id()).await.expect("answers").expect("is");
    assert_eq!((setup.organization, setup.connections), (active.clone(), vec![live.clone()]));
    assert_eq!(other.connections().await, []);
    let foreign = other.put_connection(Some(&live), &live, None).await;
    assert_eq!(foreign, Err(CommitError::Stale), "another organization's");
    let late = here.put_connection(Some(&first), &live, None).await;
    assert_eq!(late, Err(CommitError::Stale));
    let draft = Connection { draft: live.live.clone(), version: 3, ..live.clone() };
    let silent = async || {
        store.put_connection(&here.ctx(), here.id(), Some(&live), &draft, None, None).await
    };
    assert_eq!(silent().await, Ok(()), "without an event");
    assert_eq!(silent().await, Err(CommitError::Stale));
    assert_eq!(here.connections().await, vec![draft.clone()]);

    let gone = event(EventKind::ConnectionDeleted, "x", "x");
    let idle = Organization { version: 3, sign_in: SignIn::default(), ..active.clone() };
    let delete = async |of: &Here<'_, S>, before: &Connection, beside| {
        store.delete_connection(&of.ctx(), of.id(), before, beside, &gone).await
    };
    assert_eq!(delete(&here, &live, None).await, Err(CommitError::Stale));
    assert_eq!(delete(&other, &draft, None).await, Err(CommitError::Stale));
    let beside = Some(Beside { before: &active, after: &idle });
    assert_eq!(delete(&here, &draft, beside).await, Ok(()));
    let setup = store.sign_in_setup(&here.ctx(), here.id()).await.expect("answers").expect("is");
    assert_eq!((setup.organization, setup.connections), (idle, vec![]));
    let kinds = here.event_kinds().await;
    let wanted = ["organization.created", "connection.updated", "connection.updated"];
    assert_eq!(kinds, [&wanted[..], &["connection.deleted"]].concat());
}

/// S5: newest first; the connections come in the order of their ids.
pub async fn a_setup_brings_everything_in_order<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let (mut connections, mut pairs) = (Vec::new(), Vec::new());
    let made = event(EventKind::CertificateGenerated, "x", "x");
    for number in 0..4 {
        world.advance_secs(1);
        let next = connection(world, &format!("IdP {number}"));
        assert_eq!(here.put_connection(None, &next, None).await, Ok(()));
        connections.push(next);
        let pair = key_pair(world);
        let kept = store.create_key_pair(&here.ctx(), here.id(), &pair, &made).await;
        assert_eq!(kept, Ok(()));
        pairs.insert(0, pair);
    }
    connections.sort_by(|a, b| a.id.cmp(&b.id));
    let setup = store.sign_in_setup(&here.ctx(), here.id()).await.expect("answers").expect("is");
    assert_eq!((&setup.connections, &setup.key_pairs), (&connections, &pairs));
    let twice = store.create_key_pair(&here.ctx(), here.id(), &pairs[0], &made).await;
    assert_eq!(twice, Err(CommitError::Stale));
    let retired = event(EventKind::CertificateRetired, "x", "x");
    let foreign = store.delete_key_pair(&other.ctx(), other.id(), &pairs[0].id, &retired).await;
    assert_eq!(foreign, Err(CommitError::Stale), "another organization's");
    let done = store.delete_key_pair(&here.ctx(), here.id(), &pairs[0].id, &retired).await;
    assert_eq!(done, Ok(()));
    let again = store.delete_key_pair(&here.ctx(), here.id(), &pairs[0].id, &retired).await;
    assert_eq!(again, Err(CommitError::Stale));
    let setup = store.sign_in_setup(&here.ctx(), here.id()).await.expect("answers").expect("is");
    assert_eq!(setup.key_pairs, pairs[1..]);
    let kinds = here.event_kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "certificate.retired").count(), 1);
}

/// S13: hers alone, until they end; ended by hand they are gone at once.
pub async fn sessions_end_and_are_written_at_their_version<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let (ada, bob) = (user(world, "ada"), user(world, "bob"));
    let idp = connection(world, "Okta").id;
    let (one, two) = (session(world, ada.id, &idp), session(world, ada.id, &idp));
    let brief = Session {
        expires: world.now().plus_secs(60),
        method: SessionMethod::Password,
        authenticated: world.now().minus_secs(3_600),
        ..session(world, ada.id, &idp)
    };
    let his = session(world, bob.id, &idp);
    for session in [&one, &two, &brief, &his] {
        here.open(session).await;
    }
    let read = async |of: &Session| {
        store.session(&here.ctx(), here.id(), of.user, &of.id).await.expect("answers")
    };
    assert_eq!(read(&brief).await, Some(brief.clone()));
    assert_eq!(store.session(&here.ctx(), here.id(), bob.id, &one.id).await, Ok(None), "not his");
    assert_eq!(store.session(&other.ctx(), other.id(), ada.id, &one.id).await, Ok(None));
    assert_eq!(store.sessions_of(&other.ctx(), other.id(), ada.id).await, Ok(vec![]));
    assert_eq!(here.session_ids(ada.id).await.len(), 3);
    world.advance_secs(60);
    assert_eq!(read(&brief).await, None, "it has ended");
    let update = async |before: &Session, after: &Session| {
        store.update_session(&here.ctx(), here.id(), before, after).await
    };
    assert_eq!(update(&brief, &brief).await, Err(CommitError::Stale), "it has ended");
    let known =
        Session { applications: vec![ApplicationId::new(world)], version: 2, ..one.clone() };
    assert_eq!(update(&one, &known).await, Ok(()));
    assert_eq!(update(&one, &known).await, Err(CommitError::Stale));
    assert_eq!(read(&one).await, Some(known.clone()));
    let foreign = store.update_session(&other.ctx(), other.id(), &known, &known).await;
    assert_eq!(foreign, Err(CommitError::Stale));

    let first = std::slice::from_ref(&one);
    assert_eq!(store.end_sessions(&other.ctx(), other.id(), first, None).await, Ok(()));
    assert_eq!(read(&one).await, Some(known.clone()), "another organization ends its own");
    assert_eq!(store.end_sessions(&here.ctx(), here.id(), first, None).await, Ok(()));
    assert_eq!((read(&one).await, read(&two).await), (None, Some(two.clone())));
    let ended = event(EventKind::MemberSessionsEnded, "x", "x");
    let both = [one.clone(), two.clone(), two.clone()];
    let done = store.end_sessions(&here.ctx(), here.id(), &both, Some(&ended)).await;
    assert_eq!(done, Ok(()), "one that is gone is no error");
    assert_eq!(store.end_sessions(&here.ctx(), here.id(), &[], None).await, Ok(()));
    assert_eq!(here.session_ids(ada.id).await.len(), 0);
    assert_eq!(here.session_ids(bob.id).await.len(), 1);
    assert_eq!(here.event_kinds().await, ["organization.created", "member.sessions_ended"]);
}

/// A hundred are looked at together; any number is ended at once, in more transactions than one.
pub async fn a_crowd_of_sessions_ends<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let (ada, bob) = (user(world, "ada"), user(world, "bob"));
    let idp = connection(world, "Okta").id;
    let ended = event(EventKind::MemberSessionsEnded, "x", "x");
    let mut crowd = Vec::new();
    for _ in 0..=SESSIONS_PER_MEMBER_MAX {
        crowd.push(session(world, ada.id, &idp));
        here.open(&crowd[crowd.len() - 1]).await;
    }
    assert_eq!(here.session_ids(ada.id).await.len(), SESSIONS_PER_MEMBER_MAX);
    let done = store.end_sessions(&here.ctx(), here.id(), &crowd, Some(&ended)).await;
    assert_eq!(done, Ok(()), "more than fit in one transaction");
    assert_eq!(here.session_ids(ada.id).await.len(), 0);
    assert_eq!(here.event_kinds().await, ["organization.created", "member.sessions_ended"]);
    here.open(&session(world, bob.id, &idp)).await;
    assert_eq!(here.session_ids(bob.id).await.len(), 1);
    world.advance_secs(SESSION_SECS);
    assert_eq!(here.session_ids(bob.id).await.len(), 0, "ended");
}

/// RFC 6749 §4.1.2: a code is redeemed by one; its record lasts as long as the token.
pub async fn a_code_is_redeemed_by_one<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let ada = user(world, "ada");
    let open = grant(world, &session(world, ada.id, &connection(world, "Okta").id));
    assert_eq!(store.put_grant(&here.ctx(), here.id(), &open).await, Ok(()));
    let read = async || store.grant(&here.ctx(), here.id(), &open.id).await.expect("answers");
    assert_eq!(read().await, Some(open.clone()));
    assert_eq!(store.grant(&other.ctx(), other.id(), &open.id).await, Ok(None));
    let redeemed = Grant {
        state: GrantState::Redeemed {
            token: open.code,
            expires: world.now().plus_secs(USERINFO_TOKEN_SECS),
        },
        version: 2,
        ..open.clone()
    };
    let update = async |of: &Here<'_, S>, before: &Grant, after: &Grant| {
        store.update_grant(&of.ctx(), of.id(), before, after).await
    };
    assert_eq!(update(&other, &open, &redeemed).await, Err(CommitError::Stale));
    assert_eq!(update(&here, &open, &redeemed).await, Ok(()));
    assert_eq!(update(&here, &open, &redeemed).await, Err(CommitError::Stale), "the second one");
    world.advance_secs(CODE_SECS);
    assert_eq!(read().await, Some(redeemed.clone()), "the code has ended, the token has not");
    let revoked = Grant { state: GrantState::Revoked, version: 3, ..redeemed.clone() };
    assert_eq!(update(&here, &redeemed, &revoked).await, Ok(()));
    assert_eq!(read().await, Some(revoked.clone()));
    world.advance_secs(USERINFO_TOKEN_SECS);
    assert_eq!(read().await, None);
    let unused = Grant { code_expires: world.now().plus_secs(CODE_SECS), ..open.clone() };
    let unused = Grant { id: lychgate_core::ids::GrantId::new(world), ..unused };
    assert_eq!(store.put_grant(&here.ctx(), here.id(), &unused).await, Ok(()));
    world.advance_secs(CODE_SECS);
    assert_eq!(store.grant(&here.ctx(), here.id(), &unused.id).await, Ok(None), "it has ended");
}

/// S9: by version, with the link that led there; gone with the permission, and with the member.
pub async fn passwords_go_with_their_member<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let ada = User { password_allowed: true, ..user(world, "ada") };
    assert_eq!(here.try_create(&ada, None).await, Ok(()));
    let first = password(world);
    let read = async || store.password(&here.ctx(), here.id(), ada.id).await.expect("answers");
    let put = async |before: Option<&PasswordRecord>, after: &PasswordRecord, link| {
        let event = event(EventKind::MemberPasswordSet, "x", "x");
        store.put_password(&here.ctx(), here.id(), ada.id, before, after, link, Some(&event)).await
    };
    assert_eq!(read().await, None);
    let unknown = link(world, ada.id);
    let refused = put(None, &first, Some(&unknown.id)).await;
    assert_eq!((refused, read().await), (Err(CommitError::Stale), None), "no such link");
    assert_eq!(store.put_link(&here.ctx(), here.id(), &unknown, None).await, Ok(()));
    assert_eq!(put(None, &first, Some(&unknown.id)).await, Ok(()));
    assert_eq!(read().await, Some(first.clone()));
    assert_eq!(store.link(&here.ctx(), here.id(), &unknown.id).await, Ok(None), "used up");
    assert_eq!(put(None, &first, None).await, Err(CommitError::Stale), "there is one");
    let wrong = PasswordRecord {
        failures: 3,
        not_before: Some(world.now().plus_secs(4)),
        version: 2,
        ..first.clone()
    };
    let silent = async |before: &PasswordRecord| {
        let (ctx, before) = (here.ctx(), Some(before));
        store.put_password(&ctx, here.id(), ada.id, before, &wrong, None, None).await
    };
    assert_eq!(silent(&first).await, Ok(()));
    assert_eq!(silent(&first).await, Err(CommitError::Stale));
    assert_eq!(read().await, Some(wrong.clone()));
    assert_eq!(store.password(&other.ctx(), other.id(), ada.id).await, Ok(None));

    let forbidden = User { password_allowed: false, ..changed(&ada, world, &json!({})) };
    assert_eq!(here.update(&ada, &forbidden).await, Ok(()));
    assert_eq!(here.user(ada.id).await, Some(forbidden.clone()), "the permission is kept");
    assert_eq!(read().await, None, "it went with the permission");
    let allowed = User { password_allowed: true, ..changed(&forbidden, world, &json!({})) };
    assert_eq!(here.update(&forbidden, &allowed).await, Ok(()));
    assert_eq!(here.user(ada.id).await, Some(allowed.clone()));
    assert_eq!(put(None, &first, None).await, Ok(()));
    let renamed = changed(&allowed, world, &json!({"displayName": "Ada"}));
    assert_eq!(here.update(&allowed, &renamed).await, Ok(()));
    assert_eq!(read().await, Some(first.clone()), "another change leaves it");
    assert_eq!(here.delete(&renamed).await, Ok(()));
    assert_eq!(read().await, None, "it went with its member");
}

/// A link is used once, until it ends; counters begin anew with each window.
pub async fn links_and_counters_end<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let (one, two) = (link(world, user(world, "a").id), link(world, user(world, "b").id));
    for link in [&one, &two] {
        assert_eq!(store.put_link(&here.ctx(), here.id(), link, None).await, Ok(()));
    }
    let (made, by_hand) =
        (link(world, user(world, "c").id), event(EventKind::MemberPasswordLinkCreated, "x", "x"));
    assert_eq!(store.put_link(&here.ctx(), here.id(), &made, Some(&by_hand)).await, Ok(()));
    assert_eq!(store.link(&here.ctx(), here.id(), &made.id).await, Ok(Some(made)));
    let events = store.events_after(&here.ctx(), here.id(), None, 100).await.expect("answers");
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "member.password_link_created").count(), 1);
    assert_eq!(store.link(&here.ctx(), here.id(), &one.id).await, Ok(Some(one.clone())));
    assert_eq!(store.link(&other.ctx(), other.id(), &one.id).await, Ok(None));
    assert_eq!(store.delete_link(&other.ctx(), other.id(), &one.id).await, Ok(false));
    assert_eq!(store.delete_link(&here.ctx(), here.id(), &one.id).await, Ok(true));
    assert_eq!(store.delete_link(&here.ctx(), here.id(), &one.id).await, Ok(false));
    assert_eq!(store.link(&here.ctx(), here.id(), &one.id).await, Ok(None));
    world.advance_secs(3_600);
    assert_eq!(store.link(&here.ctx(), here.id(), &two.id).await, Ok(None), "it has ended");
    let (bob, record) = (user(world, "b").id, password(world));
    let late =
        store.put_password(&here.ctx(), here.id(), bob, None, &record, Some(&two.id), None).await;
    assert_eq!(late, Err(CommitError::Stale), "it has ended");
    assert_eq!(store.delete_link(&here.ctx(), here.id(), &two.id).await, Ok(false));

    let into = world.now().unix_secs() % 60;
    world.advance_secs(60 - into);
    let count = async |of: &Here<'_, S>, subject, secs| {
        store.count(&of.ctx(), of.id(), subject, secs).await.expect("the store answers")
    };
    for wanted in 1..4 {
        assert_eq!(count(&here, "ada#1", 60).await, wanted);
    }
    assert_eq!(count(&here, "bob", 60).await, 1);
    assert_eq!(count(&here, "ada#1", 30).await, 1, "another window is another counter");
    assert_eq!(count(&other, "ada#1", 60).await, 1);
    world.advance_secs(60);
    assert_eq!(count(&here, "ada#1", 60).await, 1, "anew");
    assert_eq!(count(&here, "ada#1", 0).await, 1, "no window is shorter than a second");
}

/// S11: in pages, newest first, for thirty days.
pub async fn attempts_are_listed_newest_first<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let mut wanted: Vec<Attempt> = Vec::new();
    let outcomes = [
        AttemptOutcome::SignedIn,
        AttemptOutcome::Rejected,
        AttemptOutcome::TestPassed,
        AttemptOutcome::TestFailed,
    ];
    for (number, outcome) in outcomes.into_iter().cycle().take(5).enumerate() {
        world.advance_secs(10);
        let mut next = Attempt { outcome, ..attempt(world, &format!("ada{number}")) };
        if number == 0 {
            next = Attempt {
                method: "password",
                connection: None,
                user: None,
                subject: None,
                code: None,
                detail: None,
                want: None,
                got: None,
                ..next
            };
        } else {
            next.facts.insert("clock".to_owned(), json!(number));
        }
        store.record_attempt(&here.ctx(), here.id(), &next).await;
        wanted.insert(0, next);
    }
    let (mut seen, mut before): (Vec<Attempt>, Option<AttemptId>) = (Vec::new(), None);
    loop {
        let page = store.attempts_before(&here.ctx(), here.id(), before, 2).await;
        let page = page.expect("the store answers");
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        before = Some(last.id);
        seen.extend(page);
    }
    assert_eq!(seen, wanted);
    let newest = &wanted[0];
    assert_eq!(store.attempt(&here.ctx(), here.id(), newest.id).await, Ok(Some(newest.clone())));
    assert_eq!(store.attempt(&other.ctx(), other.id(), newest.id).await, Ok(None));
    assert_eq!(store.attempts_before(&other.ctx(), other.id(), None, 9).await, Ok(vec![]));
    // So that all but the newest have ended.
    world.advance_secs(ATTEMPT_DAYS * 86_400 - 5);
    let left = store.attempts_before(&here.ctx(), here.id(), None, 9).await;
    assert_eq!(left, Ok(vec![newest.clone()]));
    assert_eq!(store.attempt(&here.ctx(), here.id(), wanted[1].id).await, Ok(None));
}

/// Stack-wide, by version.
pub async fn applications_are_written_at_their_version<S: Store>(store: &S, world: &FakeWorld) {
    let mut wanted: Vec<Application> =
        (0..3).map(|number| application(world, &format!("App {number}"))).collect();
    for application in &wanted {
        assert_eq!(store.put_application(&world.ctx(), None, application).await, Ok(()));
    }
    wanted.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(store.applications(&world.ctx()).await, Ok(wanted.clone()));
    let one = wanted[0].clone();
    assert_eq!(store.application(&world.ctx(), &one.id).await, Ok(Some(one.clone())));
    let twice = store.put_application(&world.ctx(), None, &one).await;
    assert_eq!(twice, Err(CommitError::Stale));
    let bare = Application {
        secrets: vec![],
        post_logout_redirect_uris: vec![],
        initiate_login_uri: None,
        back_channel_logout_uri: Some("https://app.example.com/out".to_owned()),
        version: 2,
        ..one.clone()
    };
    assert_eq!(store.put_application(&world.ctx(), Some(&one), &bare).await, Ok(()));
    let late = store.put_application(&world.ctx(), Some(&one), &bare).await;
    assert_eq!(late, Err(CommitError::Stale));
    assert_eq!(store.application(&world.ctx(), &one.id).await, Ok(Some(bare)));
    assert_eq!(store.delete_application(&world.ctx(), &one.id).await, Ok(true));
    assert_eq!(store.delete_application(&world.ctx(), &one.id).await, Ok(false));
    assert_eq!(store.application(&world.ctx(), &one.id).await, Ok(None));
    assert_eq!(store.applications(&world.ctx()).await, Ok(wanted[1..].to_vec()));
}

/// An e-mail domain leads to one organization; it moves with the organization's own change.
pub async fn an_email_domain_leads_to_one_organization<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let updated = event(EventKind::SignInPolicyUpdated, "x", "x");
    let with = |before: &Organization, domains: &[&str]| Organization {
        sign_in: SignIn {
            email_domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            ..SignIn::default()
        },
        version: before.version + 1,
        ..before.clone()
    };
    let update = async |before: &Organization, after: &Organization| {
        store.update_organization(&here.ctx(), before, after, &updated).await
    };
    let by = async |domain: &str| {
        store.by_email_domain(&world.ctx(), domain).await.expect("the store answers")
    };
    let second = with(&here.organization, &["example.com", "example.org"]);
    assert_eq!(update(&here.organization, &second).await, Ok(true));
    assert_eq!(by("example.com").await.as_ref(), Some(here.id()));
    assert_eq!((by("example.net").await, by("").await), (None, None));
    assert_eq!(by(&"x".repeat(3_000)).await, None);
    let greedy = with(&other.organization, &["example.net", "example.org"]);
    let taken = Err(CommitError::EmailDomainTaken("example.org".to_owned()));
    assert_eq!(update(&other.organization, &greedy).await, taken);
    assert_eq!(by("example.net").await, None, "nothing of it");
    let domain = Domain::parse("acme").expect("a slug");
    let both = Organization { domain, ..greedy.clone() };
    assert_eq!(update(&other.organization, &both).await, Ok(false), "the domain goes first");
    let found = store.organization(&here.ctx(), other.id()).await;
    assert_eq!(found, Ok(Some(other.organization.clone())));
    let third = with(&second, &["example.com"]);
    assert_eq!(update(&here.organization, &third).await, Err(CommitError::Stale));
    assert_eq!(update(&second, &third).await, Ok(true));
    assert_eq!(by("example.org").await, None);
    assert_eq!(update(&other.organization, &greedy).await, Ok(true), "it is free now");
    assert_eq!(by("example.org").await.as_ref(), Some(other.id()));
    assert_eq!(by("example.com").await.as_ref(), Some(here.id()));
}
