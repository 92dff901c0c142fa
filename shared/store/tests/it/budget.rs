//! What each operation costs, in read and write units, as DynamoDB states it. Items of up to 1 KB.

use lychgate_core::{
    attempt::{Attempt, AttemptOutcome},
    ctx::World,
    event::EventKind,
    ids::ConnectionId,
    organization::Domain,
    password::{self, PasswordRecord},
    passwords::{self, Guess, Refusal},
    ports::{
        Attempts, Connections, Directory, Grants, Groups, List, NewMember, Organizations,
        Passwords, SettingsLinks, SignInWrite, SignIns, Users, Wanted,
    },
    record::{Group, Index, User},
    session::{Grant, GrantState},
};
use lychgate_testkit::build;
use serde_json::json;

use crate::common::{
    Bench, change_members, event, group, group_keys, hook::Units, key, member, organization,
    resource, user, user_keys,
};

/// Prints a line of the table and holds the operation to its ceiling.
fn line(bench: &Bench, operation: &str, ceiling: (f64, f64)) {
    let Units { read, write } = bench.hook.take_units();
    println!("| {operation} | {read} / {write} | {} / {} |", ceiling.0, ceiling.1);
    assert!(read <= ceiling.0 && write <= ceiling.1, "{operation}: {read} / {write}");
    assert!(read + write > 0.0, "{operation}: nothing was counted");
}

/// A user of nearly 1 KB.
fn big_user(bench: &Bench, name: &str) -> User {
    User {
        resource: resource(json!({
            "userName": name,
            "externalId": format!("ext-{name}"),
            "active": true,
            "displayName": "x".repeat(600),
        })),
        ..user(&bench.world, name)
    }
}

async fn gate(bench: &Bench, more: Wanted) {
    let wanted = Wanted { organization: true, ..more };
    let (ctx, o) = (bench.ctx(), &bench.organization);
    bench.store.fetch(&ctx, o, wanted).await.unwrap();
}

async fn users_part(bench: &Bench) {
    let (ctx, o, store) = (bench.ctx(), &bench.organization, &bench.store);
    let ada = big_user(bench, "ada@example.com");
    let claim = key(Index::UserName, "ada@example.com");
    let by_name = || Wanted { claims: vec![claim.clone()], ..Wanted::default() };
    gate(bench, by_name()).await;
    line(bench, "look-up by userName: miss", (2.0, 0.0));
    gate(bench, Wanted::default()).await;
    let id = key(Index::UserExternalId, "ext-ada@example.com");
    store.look_up(&ctx, o, &id, 2).await.unwrap();
    line(bench, "look-up by externalId: miss", (2.0, 0.0));

    gate(bench, by_name()).await;
    let keys = user_keys(&ada);
    let created = event(EventKind::MemberCreated);
    store.create_user(&ctx, o, &ada, &keys, Some(100), &created).await.unwrap();
    line(bench, "create user (claim looked at first)", (2.0, 10.0));

    let by_id = || Wanted { users: vec![ada.id], ..Wanted::default() };
    gate(bench, by_name()).await;
    store.fetch(&ctx, o, by_id()).await.unwrap();
    line(bench, "look-up by userName: hit", (3.0, 0.0));
    gate(bench, Wanted::default()).await;
    store.look_up(&ctx, o, &id, 2).await.unwrap();
    store.fetch(&ctx, o, by_id()).await.unwrap();
    line(bench, "look-up by externalId: hit", (3.0, 0.0));
    gate(bench, by_id()).await;
    line(bench, "get by id", (2.0, 0.0));

    gate(bench, by_id()).await;
    let suspended = User { version: 2, ..ada.clone() };
    let updated = event(EventKind::MemberUpdated);
    store.update_user(&ctx, o, &ada, &suspended, &keys, &keys, None, &updated).await.unwrap();
    line(bench, "PATCH `active`", (2.0, 4.0));

    gate(bench, by_id()).await;
    let renamed = User {
        version: 3,
        resource: resource(json!({
            "userName": "ada@example.org", "externalId": "ext-ada@example.com",
        })),
        ..ada.clone()
    };
    let new_keys = user_keys(&renamed);
    store
        .update_user(&ctx, o, &suspended, &renamed, &keys, &new_keys, None, &updated)
        .await
        .unwrap();
    line(bench, "rename a userName", (2.0, 8.0));

    gate(bench, by_id()).await;
    let deleted = event(EventKind::MemberDeleted);
    store.delete_user(&ctx, o, &renamed, &new_keys, None, &deleted).await.unwrap();
    line(bench, "delete user with no groups", (2.0, 10.0));
}

async fn list_part(bench: &Bench) {
    let (ctx, o, store) = (bench.ctx(), &bench.organization, &bench.store);
    let mut last = None;
    for index in 0..200 {
        bench.world.pass(1);
        let user = big_user(bench, &format!("user-{index:04}@example.com"));
        let created = event(EventKind::MemberCreated);
        let keys = user_keys(&user);
        bench.calm.create_user(&ctx, o, &user, &keys, None, &created).await.unwrap();
        if index == 99 {
            last = Some(user.id);
        }
    }
    let last = last.unwrap();
    bench.calm.put_marker(&ctx, o, List::Users, 101, last.uuid()).await;
    let counted = Wanted { user_count: true, ..Wanted::default() };
    gate(bench, counted).await;
    let marker = store.marker_at_or_below(&ctx, o, List::Users, 101).await.unwrap();
    assert_eq!(marker, Some((101, last.uuid())));
    let page = store.users_after(&ctx, o, Some(last), 100).await.unwrap();
    assert_eq!(page.len(), 100);
    let next = page.last().unwrap().id.uuid();
    store.put_marker(&ctx, o, List::Users, 201, next).await;
    line(bench, "list page of 100, marker present", (26.0, 1.0));
}

async fn groups_part(bench: &Bench) {
    let (ctx, o, store) = (bench.ctx(), &bench.organization, &bench.store);
    let empty = group(&bench.world, "Empty", 0);
    let keys = group_keys(&empty);
    let created = event(EventKind::GroupCreated);
    gate(bench, Wanted::default()).await;
    store.create_group(&ctx, o, &empty, &keys, &[], &created).await.unwrap();
    line(bench, "create group, no members", (1.0, 8.0));

    let mut members = Vec::new();
    for index in 0..121 {
        members.push(member(&bench.user(&format!("m{index}")).await));
    }
    let (one, others) = members.split_first().unwrap();
    let group: Group = bench.group("Large", others).await;
    let by_id = || Wanted { groups: vec![group.id], ..Wanted::default() };
    gate(bench, by_id()).await;
    line(bench, "group without members", (2.0, 0.0));

    gate(bench, Wanted::default()).await;
    let all = store.membership(&ctx, o, group.id, 1_000).await.unwrap().unwrap();
    assert_eq!(all.members.len(), 120);
    // The rows are small: 120 of them are 20 KB. The head is read before and, settled, after them.
    line(bench, "group with 120 members", (8.0, 0.0));

    let lychgate_core::ids::MemberId::User(user) = one.id else { panic!("a user") };
    for (operation, add, remove) in [
        ("add one member", vec![one.clone()], Vec::new()),
        ("remove one member", Vec::new(), vec![one.id]),
    ] {
        // The row's state is in the member's own item: no third read.
        let wanted = Wanted { users: vec![user], ..by_id() };
        gate(bench, wanted).await;
        let before = bench.read_group(group.id).await.unwrap();
        change_members(store, &bench.world, o, &before, &add, &remove).await.unwrap();
        line(bench, operation, (3.0, 8.0));
    }
}

/// What a sign-in reads before it decides: domain, organization with its connections and keys, claim, member.
async fn read_for_sign_in(bench: &Bench, user: &User) {
    let (ctx, o, store) = (bench.ctx(), &bench.organization, &bench.store);
    let domain = Domain::parse("example").unwrap();
    assert_eq!(store.by_domain(&ctx, &domain).await.unwrap().as_ref(), Some(o));
    let setup = store.sign_in_setup(&ctx, o).await.unwrap().unwrap();
    assert_eq!((setup.connections.len(), setup.key_pairs.len()), (1, 1));
    let claims = vec![key(Index::UserName, user.user_name())];
    let found = store.fetch(&ctx, o, Wanted { claims, ..Wanted::default() }).await.unwrap();
    let users: Vec<_> = found.claims.iter().map(|(_, id)| (*id).into()).collect();
    if !users.is_empty() {
        store.fetch(&ctx, o, Wanted { users, ..Wanted::default() }).await.unwrap();
    }
}

async fn log_sign_in(bench: &Bench, user: &User) {
    let (ctx, o, store) = (bench.ctx(), &bench.organization, &bench.store);
    // A sign-in that is no later than the last one is not written, and yet billed.
    bench.world.pass(1);
    store.touch(&ctx, o, user.id, bench.world.now()).await;
    let attempt = Attempt {
        outcome: AttemptOutcome::SignedIn,
        user: Some(user.id),
        ..build::attempt(&bench.world, user.user_name())
    };
    store.record_attempt(&ctx, o, &attempt).await;
}

/// An organization that is set up, and a member.
async fn set_up(bench: &Bench) -> (ConnectionId, User) {
    let (ctx, o, store, world) = (bench.ctx(), &bench.organization, &bench.store, &bench.world);
    let draft = build::connection(world, "Okta");
    let idp = build::activated(&draft);
    let made = event(EventKind::ConnectionCreated);
    bench.calm.put_connection(&ctx, o, None, &idp, None, Some(&made)).await.unwrap();
    let pair = build::key_pair(world);
    bench.calm.create_key_pair(&ctx, o, &pair, &made).await.unwrap();
    store.sign_in_setup(&ctx, o).await.unwrap();
    line(bench, "organization, connection (2 certificates), key pair", (2.0, 0.0));

    let (mary, created) = (big_user(bench, "mary@example.com"), event(EventKind::MemberCreated));
    let keys = user_keys(&mary);
    bench.calm.create_user(&ctx, o, &mary, &keys, None, &created).await.unwrap();
    (idp.id, mary)
}

const NOTHING: SignInWrite<'_> = SignInWrite {
    flow: None,
    assertion: None,
    member: None,
    name_id: None,
    session: None,
    grant: None,
    connection: None,
};

async fn sign_in_part(bench: &Bench, idp: &ConnectionId, mary: &User) {
    let (ctx, o, store, world) = (bench.ctx(), &bench.organization, &bench.store, &bench.world);
    let (session, seen) = (build::session(world, mary.id, idp), build::assertion(world));
    let grant = build::grant(world, &session);
    let tile = SignInWrite {
        assertion: Some(&seen),
        session: Some(&session),
        grant: Some(&grant),
        ..NOTHING
    };
    read_for_sign_in(bench, mary).await;
    store.sign_in(&ctx, o, tile).await.unwrap();
    log_sign_in(bench, mary).await;
    line(bench, "SAML sign-in, IdP-initiated, known member, up to the code", (5.0, 8.0));

    let (flow, seen) = (build::flow(world, idp), build::assertion(world));
    store.put_flow(&ctx, o, &flow).await.unwrap();
    line(bench, "begin a sign-in (the flow alone)", (0.0, 1.0));
    let session = build::session(world, mary.id, idp);
    let grant = build::grant(world, &session);
    read_for_sign_in(bench, mary).await;
    store.flow(&ctx, o, &flow.id).await.unwrap().unwrap();
    let write = SignInWrite {
        flow: Some(&flow.id),
        assertion: Some(&seen),
        session: Some(&session),
        grant: Some(&grant),
        ..NOTHING
    };
    store.sign_in(&ctx, o, write).await.unwrap();
    log_sign_in(bench, mary).await;
    line(bench, "the same, begun here (with its flow)", (6.0, 10.0));

    let (newcomer, seen) = (big_user(bench, "new@example.com"), build::assertion(world));
    let session = build::session(world, newcomer.id, idp);
    let (grant, keys) = (build::grant(world, &session), user_keys(&newcomer));
    let (created, name_id) = (event(EventKind::MemberCreated), key(Index::NameId, "conn 00u1"));
    let first = SignInWrite {
        assertion: Some(&seen),
        member: Some(NewMember { user: &newcomer, keys: &keys, seats: Some(900), event: &created }),
        name_id: Some(&name_id),
        session: Some(&session),
        grant: Some(&grant),
        ..NOTHING
    };
    read_for_sign_in(bench, &newcomer).await;
    store.sign_in(&ctx, o, first).await.unwrap();
    log_sign_in(bench, &newcomer).await;
    // The member (10 as ever, with an externalId) and the NameID's row on top.
    line(bench, "the same, a new member, another NameID", (4.0, 20.0));
}

/// Entering the settings: whoever the cookies name, with the organization, in one call.
async fn settings_part(bench: &Bench, idp: &ConnectionId, mary: &User) {
    let (ctx, o, store, world) = (bench.ctx(), &bench.organization, &bench.store, &bench.world);
    let session = build::session(world, mary.id, idp);
    let write = SignInWrite { session: Some(&session), ..NOTHING };
    bench.calm.sign_in(&ctx, o, write).await.unwrap();
    let wanted = Wanted {
        session: Some((mary.id, session.id.clone())),
        users: vec![mary.id],
        ..Wanted::default()
    };
    gate(bench, wanted).await;
    line(bench, "enter the settings by a session: one call", (3.0, 0.0));

    let (link, created) =
        (build::setup_link(world, "Grace, IT"), event(EventKind::SetupLinkCreated));
    bench.calm.put_settings_link(&ctx, o, None, &link, Some(&created)).await.unwrap();
    let wanted = || Wanted { settings_link: Some(link.id.clone()), ..Wanted::default() };
    gate(bench, wanted()).await;
    line(bench, "enter the settings by a set-up link: one call", (2.0, 0.0));

    gate(bench, wanted()).await;
    let (opened, event) = (build::opened(&link, world), event(EventKind::SetupLinkOpened));
    store.put_settings_link(&ctx, o, Some(&link), &opened, Some(&event)).await.unwrap();
    line(bench, "open a set-up link", (2.0, 4.0));
}

async fn after_sign_in_part(bench: &Bench, idp: &ConnectionId, mary: &User) {
    let (ctx, o, store, world) = (bench.ctx(), &bench.organization, &bench.store, &bench.world);
    let grant = build::grant(world, &build::session(world, mary.id, idp));
    bench.calm.put_grant(&ctx, o, &grant).await.unwrap();
    let before = store.grant(&ctx, o, &grant.id).await.unwrap().unwrap();
    let redeemed = Grant {
        state: GrantState::Redeemed { token: before.code, expires: ctx.now().plus_secs(3_600) },
        version: 2,
        ..before.clone()
    };
    store.update_grant(&ctx, o, &before, &redeemed).await.unwrap();
    line(bench, "redeem a code (its record alone)", (1.0, 1.0));
}

/// The whole of a guess: the member, what is counted, the record, the log.
async fn password_part(bench: &Bench) {
    let (ctx, o, world) = (bench.ctx(), &bench.organization, &bench.world);
    let paul = User { password_allowed: true, ..user(world, "paul@example.com") };
    let (keys, created) = (user_keys(&paul), event(EventKind::MemberCreated));
    bench.calm.create_user(&ctx, o, &paul, &keys, None, &created).await.unwrap();
    let phc = password::hash(world, "the right one").unwrap();
    let record = PasswordRecord { phc, ..build::password(world) };
    bench.calm.put_password(&ctx, o, paul.id, None, &record, None, None).await.unwrap();
    let organization = organization(world, o.clone(), "example");
    let guess = async |email, password| {
        let guess = Guess { email, password, source_ip: Some("192.0.2.1"), device: None };
        passwords::sign_in(&ctx, &bench.store, &organization, guess, None).await.map(drop)
    };
    assert_eq!(guess("paul@example.com", "a wrong one").await, Err(Refusal::Wrong));
    line(bench, "a wrong password", (3.0, 4.0));
    assert_eq!(guess("nobody@example.com", "a wrong one").await, Err(Refusal::Wrong));
    line(bench, "a password of nobody", (3.0, 4.0));
    assert_eq!(guess("paul@example.com", "the right one").await, Ok(()));
    line(bench, "the right password", (4.0, 7.0));
}

#[tokio::test]
async fn operations_stay_within_their_budget() {
    let bench = Bench::start().await;
    let one = organization(&bench.world, bench.organization.clone(), "example");
    let made = event(EventKind::OrganizationCreated);
    bench.calm.create_organization(&bench.ctx(), &one, &made).await.unwrap();
    println!("| operation | measured (read / write) | ceiling |\n|---|---|---|");
    let (idp, mary) = set_up(&bench).await;
    sign_in_part(&bench, &idp, &mary).await;
    after_sign_in_part(&bench, &idp, &mary).await;
    settings_part(&bench, &idp, &mary).await;
    password_part(&bench).await;
    users_part(&bench).await;
    groups_part(&bench).await;
    list_part(&bench).await;
}
