//! Organizations, their history, the journal, the operator's keys.

use lychgate_core::{
    event::EventKind,
    ids::{ClientId, OperatorKeyId, OrganizationId, SecretId, TokenId, UserId},
    journal::{REQUEST_LOG_DAYS, RequestEntry, UnknownMembersEntry},
    operator_key::OperatorKey,
    organization::{
        ClientSecret, Directory, Domain, GroupPatchAnswer, Licence, LicenceState, OauthClient,
        Organization, ScimToken, UnknownMembers,
    },
    ports::{Beside, CommitError, Journal, OperatorKeys, Organizations, Users},
    record::User,
    secret::SecretHash,
};
use serde_json::json;

use crate::common::{Bench, event, organization, user_keys};

fn full(bench: &Bench) -> Organization {
    let (world, now) = (&bench.world, bench.world_now());
    let token = |member| ScimToken {
        id: TokenId::new(world),
        name: "Okta".to_owned(),
        hash: SecretHash::of(b"one"),
        created: now,
        expires: Some(now.plus_secs(1)),
        member,
    };
    Organization {
        licence: Licence { state: LicenceState::Expired, seats: Some(500), ends: Some(now) },
        directory: Directory {
            enabled: true,
            group_patch_answer: GroupPatchAnswer::Resource,
            unknown_members: UnknownMembers::Refuse,
            suspended_retention_days: Some(30),
            access_token_secs: 7_200,
            tokens: vec![token(None), token(Some(UserId::new(now, world)))],
            clients: vec![OauthClient {
                id: ClientId::new(world),
                name: "Entra".to_owned(),
                created: now,
                secrets: vec![ClientSecret {
                    id: SecretId::new(world),
                    hash: SecretHash::of(b"two"),
                    created: now,
                    expires: None,
                }],
            }],
        },
        owners: vec![UserId::new(now, world)],
        owners_suspended: vec![UserId::new(now, world), UserId::new(now, world)],
        ..organization(world, bench.organization.clone(), "example")
    }
}

#[tokio::test]
async fn an_organization_is_read_back_as_it_was_written() {
    let bench = Bench::start().await;
    let (ctx, made) = (bench.ctx(), event(EventKind::OrganizationCreated));
    let one = full(&bench);
    assert_eq!(bench.store.create_organization(&ctx, &one, &made).await, Ok(true));
    let read = bench.store.organization(&ctx, &one.id).await.unwrap();
    assert_eq!(read, Some(one.clone()));
    assert_eq!(bench.store.by_domain(&ctx, &one.domain).await.unwrap(), Some(one.id.clone()));
    let events = bench.store.events_after(&ctx, &one.id, None, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind, "organization.created");
    assert_eq!(events[0].at, bench.world_now());
    let rest = bench.store.events_after(&ctx, &one.id, Some(events[0].id), 10).await.unwrap();
    assert_eq!(rest, []);
}

#[tokio::test]
async fn a_domain_belongs_to_one_organization() {
    let bench = Bench::start().await;
    let (ctx, made) = (bench.ctx(), event(EventKind::OrganizationCreated));
    let one = organization(&bench.world, OrganizationId::new(&bench.world), "one");
    let two = organization(&bench.world, OrganizationId::new(&bench.world), "one");
    let store = &bench.store;
    assert_eq!(store.create_organization(&ctx, &one, &made).await, Ok(true));
    assert_eq!(store.create_organization(&ctx, &two, &made).await, Ok(false));
    let moved = Organization { domain: Domain::parse("other").unwrap(), version: 2, ..one.clone() };
    let changed = event(EventKind::OrganizationUpdated);
    assert_eq!(store.update_organization(&ctx, &one, &moved, &changed).await, Ok(true));
    assert_eq!(
        store.update_organization(&ctx, &one, &moved, &changed).await,
        Err(CommitError::Stale)
    );
    assert_eq!(store.create_organization(&ctx, &two, &made).await, Ok(true));
    let back = Organization { domain: one.domain.clone(), version: 3, ..moved.clone() };
    assert_eq!(store.update_organization(&ctx, &moved, &back, &changed).await, Ok(false));
    let all = store.organizations_after(&ctx, None, 10).await.unwrap();
    let mut wanted = vec![moved, two];
    wanted.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(all, wanted);
    let rest = store.organizations_after(&ctx, Some(&wanted[0].id), 1).await.unwrap();
    assert_eq!(rest, wanted[1..]);
}

#[tokio::test]
async fn the_owners_change_with_the_user_or_not_at_all() {
    let bench = Bench::start().await;
    let ada = bench.user("ada").await;
    let ctx = bench.ctx();
    let one = Organization {
        owners: vec![ada.id],
        ..organization(&bench.world, bench.organization.clone(), "one")
    };
    let made = event(EventKind::OrganizationCreated);
    bench.store.create_organization(&ctx, &one, &made).await.unwrap();
    let without = Organization { owners: Vec::new(), version: 2, ..one.clone() };
    let later = User { version: 2, ..ada.clone() };
    let (keys, done) = (user_keys(&ada), event(EventKind::MemberUpdated));
    let beside = Beside { before: &one, after: &without };
    let change = |before, after| {
        let (bench, keys, done) = (&bench, &keys, &done);
        async move {
            bench
                .store
                .update_user(
                    &bench.ctx(),
                    &bench.organization,
                    before,
                    after,
                    keys,
                    keys,
                    Some(beside),
                    done,
                )
                .await
        }
    };
    change(&ada, &later).await.unwrap();
    assert_eq!(bench.store.organization(&ctx, &one.id).await.unwrap(), Some(without.clone()));
    let third = User { version: 3, ..ada.clone() };
    assert_eq!(change(&later, &third).await, Err(CommitError::Stale));
    assert_eq!(bench.read_user(ada.id).await.unwrap().version, 2);
}

fn entry(bench: &Bench, id: &str) -> RequestEntry {
    RequestEntry {
        at: bench.world_now(),
        request_id: id.to_owned(),
        method: "PATCH".to_owned(),
        path: "/scim/v2/Users/1#x".to_owned(),
        actor: "token:tok-1".to_owned(),
        client: None,
        status: 400,
        scim_type: Some("invalidValue".to_owned()),
        detail: Some("no".to_owned()),
        notices: vec![json!({"kind": "dropped", "subject": "x"})],
        millis: 12,
    }
}

#[tokio::test]
async fn the_request_log_is_newest_first_and_ends() {
    let bench = Bench::start().await;
    let (o, store) = (&bench.organization, &bench.store);
    let mut entries = Vec::new();
    for id in ["a#1", "b", "c"] {
        bench.world.pass(5);
        let entry = entry(&bench, id);
        store.record(&bench.ctx(), o, &entry).await;
        entries.insert(0, entry);
    }
    let ctx = bench.ctx();
    assert_eq!(store.requests_before(&ctx, o, None, 10).await.unwrap(), entries);
    let first = store.requests_before(&ctx, o, None, 2).await.unwrap();
    assert_eq!(first, entries[..2]);
    let last = first.last().unwrap();
    let before = Some((last.at, last.request_id.clone()));
    assert_eq!(store.requests_before(&ctx, o, before, 2).await.unwrap(), entries[2..]);
    bench.world.pass(REQUEST_LOG_DAYS * 86_400_000);
    assert_eq!(store.requests_before(&bench.ctx(), o, None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn unknown_members_are_remembered_newest_first() {
    let bench = Bench::start().await;
    let (ctx, o, store) = (bench.ctx(), &bench.organization, &bench.store);
    let mut wanted = Vec::new();
    for group in ["g1", "g2"] {
        let entry = UnknownMembersEntry {
            at: bench.world_now(),
            group: group.to_owned(),
            members: vec!["x".to_owned()],
        };
        store.record_unknown_members(&ctx, o, &entry).await;
        wanted.insert(0, entry);
    }
    assert_eq!(store.unknown_members(&ctx, o).await.unwrap(), wanted);
}

#[tokio::test]
async fn operator_keys_come_and_go() {
    let bench = Bench::start().await;
    let (ctx, store) = (bench.ctx(), &bench.store);
    let key = OperatorKey {
        id: OperatorKeyId::new(&bench.world),
        name: "first".to_owned(),
        hash: SecretHash::of(b"x"),
        created: bench.world_now(),
        expires: None,
    };
    store.put_operator_key(&ctx, &key).await.unwrap();
    assert_eq!(store.operator_key(&ctx, &key.id).await.unwrap(), Some(key.clone()));
    assert_eq!(store.operator_keys(&ctx).await.unwrap(), std::slice::from_ref(&key));
    assert!(store.delete_operator_key(&ctx, &key.id).await.unwrap());
    assert!(!store.delete_operator_key(&ctx, &key.id).await.unwrap());
    assert_eq!(store.operator_keys(&ctx).await.unwrap(), []);
}
