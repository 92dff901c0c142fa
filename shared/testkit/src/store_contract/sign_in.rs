//! Signing in: the one transaction, flows, replay, the last sign-in.

use lychgate_core::{
    connection::Connection,
    ctx::World,
    event::EventKind,
    ids::OrganizationId,
    ports::{CommitError, NewMember, SignInError, SignInWrite, StoreError},
    record::{Index, IndexKey, User},
    session::{AssertionSeen, Grant, LoginFlow, Session},
};
use serde_json::json;

use crate::{
    build::{
        SESSION_SECS, assertion, changed, connection, event, flow, grant, key, session, user,
        user_keys,
    },
    world::FakeWorld,
};

use super::{
    Store,
    here::{Here, together},
};

/// What one sign-in is made of.
struct SignIn {
    connection: Connection,
    flow: LoginFlow,
    seen: AssertionSeen,
    session: Session,
    grant: Grant,
    name_id: IndexKey,
}

impl SignIn {
    fn new(world: &FakeWorld, user: &User) -> Self {
        let connection = connection(world, "Okta");
        let session = session(world, user.id, &connection.id);
        Self {
            flow: flow(world, &connection.id),
            seen: assertion(world),
            grant: grant(world, &session),
            name_id: key(Index::NameId, &format!("{} 00u1a2b3", connection.id.bare())),
            connection,
            session,
        }
    }

    /// Another attempt with the same assertion and the same flow.
    fn again(&self, world: &FakeWorld) -> Self {
        let session = session(world, self.session.user, &self.connection.id);
        Self {
            connection: self.connection.clone(),
            flow: self.flow.clone(),
            seen: self.seen.clone(),
            grant: grant(world, &session),
            name_id: self.name_id.clone(),
            session,
        }
    }

    const fn write(&self) -> SignInWrite<'_> {
        SignInWrite {
            flow: Some(&self.flow.id),
            assertion: Some(&self.seen),
            member: None,
            name_id: Some(&self.name_id),
            session: Some(&self.session),
            grant: Some(&self.grant),
            connection: None,
        }
    }
}

impl<S: Store> Here<'_, S> {
    async fn begin(&self, sign_in: &SignIn) {
        let kept = self.store.put_flow(&self.ctx(), self.id(), &sign_in.flow).await;
        assert_eq!(kept, Ok(()));
    }

    async fn sign_in(&self, write: SignInWrite<'_>) -> Result<(), SignInError> {
        self.store.sign_in(&self.ctx(), self.id(), write).await
    }

    /// (flow, session, grant): what is there of it.
    async fn traces(&self, of: &SignIn) -> (bool, bool, bool) {
        let flow = self.store.flow(&self.ctx(), self.id(), &of.flow.id).await;
        let session =
            self.store.session(&self.ctx(), self.id(), of.session.user, &of.session.id).await;
        let grant = self.store.grant(&self.ctx(), self.id(), &of.grant.id).await;
        let flow = flow.expect("the store answers");
        let session = session.expect("the store answers");
        let grant = grant.expect("the store answers");
        assert!(flow.as_ref().is_none_or(|flow| *flow == of.flow), "as it was kept");
        assert!(session.as_ref().is_none_or(|session| *session == of.session), "as it was kept");
        assert!(grant.as_ref().is_none_or(|grant| *grant == of.grant), "as it was kept");
        (flow.is_some(), session.is_some(), grant.is_some())
    }
}

/// S3: kept, found in its organization alone, gone at its end.
pub async fn a_started_sign_in_is_found_until_it_ends<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let ada = here.create("ada@example.com").await;
    let one = SignIn::new(world, &ada);
    here.begin(&one).await;
    assert_eq!(here.traces(&one).await, (true, false, false));
    let foreign = store.flow(&other.ctx(), other.id(), &one.flow.id).await;
    assert_eq!(foreign, Ok(None), "another organization's");
    assert_eq!(other.sign_in(one.write()).await, Err(SignInError::FlowGone));
    world.advance_secs(lychgate_core::session::FLOW_SECS);
    assert_eq!(here.traces(&one).await, (false, false, false));
    assert_eq!(here.sign_in(one.write()).await, Err(SignInError::FlowGone), "it has ended");
    assert_eq!(here.traces(&one).await, (false, false, false));
}

/// S8, S10: the member, the session, the code, the NameID, the history; the flow is used up.
pub async fn a_sign_in_writes_all_of_it<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let ada = user(world, "ada@example.com");
    let one = SignIn::new(world, &ada);
    here.begin(&one).await;
    let made = event(EventKind::ConnectionCreated, "x", "x");
    let kept = store
        .put_connection(&here.ctx(), here.id(), None, &one.connection, None, Some(&made))
        .await;
    assert_eq!(kept, Ok(()));
    let tested = Connection { version: 2, name: "Tested".to_owned(), ..one.connection.clone() };
    let passed = event(EventKind::ConnectionTested, "x", "x");
    let (keys, created) = (user_keys(&ada), event(EventKind::MemberCreated, "x", "x"));
    let write = SignInWrite {
        member: Some(NewMember { user: &ada, keys: &keys, seats: Some(1), event: &created }),
        connection: Some((&one.connection, &tested, &passed)),
        ..one.write()
    };
    assert_eq!(here.sign_in(write).await, Ok(()));
    assert_eq!(here.traces(&one).await, (false, true, true));
    assert_eq!(here.user(ada.id).await, Some(ada.clone()));
    assert_eq!(here.owner_of(Index::UserName, "ada@example.com").await, Some(ada.id.uuid()));
    assert_eq!(here.counts().await, (1, 0));
    let setup = store.sign_in_setup(&here.ctx(), here.id()).await.expect("answers").expect("is");
    assert_eq!(setup.connections, [tested]);
    let mut kinds = here.event_kinds().await;
    kinds.sort();
    let wanted =
        ["connection.created", "connection.tested", "member.created", "organization.created"];
    assert_eq!(kinds, wanted);
    let value = &one.name_id.value;
    assert!(here.holders_of(Index::NameId, value).await.contains(&ada.id.uuid()));
    assert!(here.holders_of(Index::NameId, "another").await.is_empty());
    world.advance_secs(SESSION_SECS);
    assert!(here.holders_of(Index::NameId, value).await.is_empty(), "it ends with the session");
    assert_eq!(here.traces(&one).await, (false, false, false));
}

/// Whatever is in its way, nothing of it is there, and the assertion can be used.
pub async fn a_sign_in_that_fails_writes_nothing<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    here.create("taken@example.com").await;
    let new = |name: &str| user(world, name);
    let created = event(EventKind::MemberCreated, "x", "x");
    let taken = CommitError::Taken(key(Index::UserName, "taken@example.com"));
    let cases = [
        (new("taken@example.com"), None, taken),
        (new("bob@example.com"), Some(1), CommitError::SeatsExhausted),
    ];
    for (user, seats, error) in cases {
        let one = SignIn::new(world, &user);
        here.begin(&one).await;
        let keys = user_keys(&user);
        let member = Some(NewMember { user: &user, keys: &keys, seats, event: &created });
        let refused = here.sign_in(SignInWrite { member, ..one.write() }).await;
        assert_eq!(refused, Err(SignInError::Commit(error)));
        assert_eq!(here.traces(&one).await, (true, false, false));
        assert_eq!(here.user(user.id).await, None);
        assert!(here.holders_of(Index::NameId, &one.name_id.value).await.is_empty());
    }
    assert_eq!(here.counts().await, (1, 0));
    let carol = new("carol@example.com");
    let one = SignIn::new(world, &carol);
    here.begin(&one).await;
    let (keys, passed) = (user_keys(&carol), event(EventKind::ConnectionTested, "x", "x"));
    let member = Some(NewMember { user: &carol, keys: &keys, seats: None, event: &created });
    let unknown = Some((&one.connection, &one.connection, &passed));
    let refused = here.sign_in(SignInWrite { member, connection: unknown, ..one.write() }).await;
    assert_eq!(refused, Err(SignInError::Commit(CommitError::Stale)), "no such connection");
    assert_eq!(here.traces(&one).await, (true, false, false));
    assert_eq!(here.user(carol.id).await, None);
    assert_eq!(here.event_kinds().await, ["organization.created", "member.created"]);
    assert_eq!(here.sign_in(SignInWrite { member, ..one.write() }).await, Ok(()), "it still can");
}

/// SAML Profiles §4.1.4.5: used once; the same write again is done already; later than it is remembered, anew.
pub async fn an_assertion_is_used_once<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let ada = here.create("ada@example.com").await;
    let one = SignIn::new(world, &ada);
    here.begin(&one).await;
    assert_eq!(here.sign_in(one.write()).await, Ok(()));
    let second = one.again(world);
    assert_eq!(
        here.sign_in(second.write()).await,
        Err(SignInError::Replayed),
        "before the flow, which is gone as well"
    );
    let tile = SignInWrite { flow: None, ..second.write() };
    assert_eq!(here.sign_in(tile).await, Err(SignInError::Replayed));
    assert_eq!(here.traces(&second).await, (false, false, false));
    assert_eq!(here.sign_in(one.write()).await, Ok(()), "its own, after a lost answer");
    let test = SignInWrite { session: None, grant: None, name_id: None, ..second.write() };
    assert_eq!(here.sign_in(test).await, Err(SignInError::Replayed), "a test is a use as well");
    let sessions = store.sessions_of(&here.ctx(), here.id(), ada.id).await;
    assert_eq!(sessions, Ok(vec![one.session.clone()]));
    let fresh = SignIn { seen: assertion(world), ..one.again(world) };
    assert_eq!(here.sign_in(fresh.write()).await, Err(SignInError::FlowGone), "only the flow");
    assert_eq!(other.sign_in(tile).await, Ok(()), "another organization has its own memory");
    world.advance_secs(600);
    assert_eq!(here.sign_in(tile).await, Ok(()), "by then nobody accepts it any more");
}

/// With no session (a test) the second one with the same assertion is a replay as well.
pub async fn a_test_uses_its_assertion_up<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let ada = here.create("ada@example.com").await;
    let one = SignIn::new(world, &ada);
    here.begin(&one).await;
    let made = event(EventKind::ConnectionCreated, "x", "x");
    let first = &one.connection;
    let kept = store.put_connection(&here.ctx(), here.id(), None, first, None, Some(&made)).await;
    assert_eq!(kept, Ok(()));
    let tested = Connection { version: 2, ..first.clone() };
    let passed = event(EventKind::ConnectionTested, "x", "x");
    let write = SignInWrite {
        session: None,
        grant: None,
        name_id: None,
        connection: Some((first, &tested, &passed)),
        ..one.write()
    };
    assert_eq!(here.sign_in(write).await, Ok(()));
    assert_eq!(here.traces(&one).await, (false, false, false));
    assert_eq!(here.sign_in(write).await, Err(SignInError::Replayed));
    let kinds = here.event_kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "connection.tested").count(), 1);
}

/// saml-attacks: a response that is posted twenty times at once signs in once.
pub async fn of_twenty_equal_sign_ins_one_succeeds<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let ada = user(world, "ada@example.com");
    let one = SignIn::new(world, &ada);
    here.begin(&one).await;
    let created = event(EventKind::MemberCreated, "x", "x");
    let attempts: Vec<(User, SignIn)> = (0..20)
        .map(|_| {
            let ada = user(world, "ada@example.com");
            let mut again = one.again(world);
            again.session.user = ada.id;
            (ada, again)
        })
        .collect();
    let all = attempts.iter().map(|(ada, again)| {
        let (here, created) = (&here, &created);
        async move {
            let keys = user_keys(ada);
            let member = Some(NewMember { user: ada, keys: &keys, seats: None, event: created });
            here.sign_in(SignInWrite { member, ..again.write() }).await
        }
    });
    let outcomes = together(all).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let replays = outcomes.iter().filter(|outcome| **outcome == Err(SignInError::Replayed));
    assert_eq!(replays.count(), 19, "{outcomes:?}");
    assert_eq!(here.counts().await, (1, 0));
    let mut sessions = 0;
    for (ada, _) in &attempts {
        let found = store.sessions_of(&here.ctx(), here.id(), ada.id).await;
        sessions += found.expect("the store answers").len();
    }
    assert_eq!(sessions, 1);
}

/// The last sign-in stands beside the version: neither moves the other.
pub async fn the_last_sign_in_moves_no_version<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let ada = here.create("ada@example.com").await;
    let (early, late) = (world.now(), world.now().plus_secs(60));
    store.touch(&here.ctx(), here.id(), ada.id, late).await;
    store.touch(&here.ctx(), here.id(), ada.id, early).await;
    let touched = here.user(ada.id).await.expect("it is there");
    assert_eq!(touched, User { last_sign_in: Some(late), ..ada.clone() }, "the later one stays");
    // Who read before the sign-in and writes after it.
    let after = changed(&ada, world, &json!({"displayName": "Ada"}));
    assert_eq!(here.update(&ada, &after).await, Ok(()), "no version moved");
    let found = here.user(ada.id).await.expect("it is there");
    assert_eq!(found, User { last_sign_in: Some(late), ..after.clone() });
    let forgetful = User { last_sign_in: Some(early), version: 3, ..after };
    assert_eq!(here.update(&found, &forgetful).await, Ok(()));
    let found = here.user(ada.id).await.expect("it is there");
    assert_eq!(found.last_sign_in, Some(late), "only `touch` moves it");
    assert_eq!(here.delete(&found).await, Ok(()));
    store.touch(&here.ctx(), here.id(), ada.id, late).await;
    assert_eq!(here.user(ada.id).await, None, "nobody is made by it");
    assert_eq!(here.counts().await, (0, 0));
}

/// An organization that is not there has nothing, and takes no harm.
pub async fn nobody_signs_in_to_nowhere<S: Store>(store: &S, world: &FakeWorld) {
    let nowhere = OrganizationId::new(world);
    let setup = store.sign_in_setup(&world.ctx(), &nowhere).await;
    assert_eq!(setup, Ok::<_, StoreError>(None));
}
