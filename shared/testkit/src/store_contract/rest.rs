//! the history, the journal, access tokens, operator keys.

use std::collections::BTreeSet;

use lychgate_core::{
    access_token::AccessToken,
    ctx::World,
    event::EventKind,
    ids::{AccessTokenId, ClientId, MemberId, OperatorKeyId, OrganizationId, SecretId},
    journal::{RequestEntry, UnknownMembersEntry},
    operator_key::OperatorKey,
    organization::{Domain, Organization},
    ports::{Beside, CommitError, List, Wanted},
    record::{Index, User},
    secret::SecretHash,
};
use serde_json::json;

use crate::{
    build::{Acme, changed, event, member, user_keys, user_with},
    world::FakeWorld,
};

use super::Store;
use super::here::{Here, ids, members};

/// O4: two requests cannot each suspend "the other owner".
pub async fn the_owners_change_in_the_transaction_of_the_user<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("owner", 2).await;
    let owners = |version, owners: &[User], suspended: &[User]| Organization {
        owners: owners.iter().map(|user| user.id).collect(),
        owners_suspended: suspended.iter().map(|user| user.id).collect(),
        version,
        ..here.organization.clone()
    };
    let two = owners(2, &crowd, &[]);
    let added = event(EventKind::OwnerAdded, &here.id().to_string(), "acme");
    let done = store.update_organization(&here.ctx(), &here.organization, &two, &added).await;
    assert_eq!(done, Ok(true));
    let suspended = event(EventKind::MemberSuspended, "x", "x");
    let suspend = async |who: usize, after: &Organization| {
        let user = &crowd[who];
        let inactive = changed(user, world, &json!({"active": false}));
        let keys = user_keys(user);
        let beside = Some(Beside { before: &two, after });
        let ctx = here.ctx();
        store.update_user(&ctx, here.id(), user, &inactive, &keys, &keys, beside, &suspended).await
    };
    let after_first = owners(3, &crowd[1..], &crowd[..1]);
    assert_eq!(suspend(0, &after_first).await, Ok(()));
    let after_second = owners(3, &crowd[..1], &crowd[1..]);
    assert_eq!(suspend(1, &after_second).await, Err(CommitError::Stale));
    let found = store.organization(&here.ctx(), here.id()).await.expect("the store answers");
    assert_eq!(found, Some(after_first.clone()));
    assert_eq!(here.user(crowd[1].id).await, Some(crowd[1].clone()), "the second is untouched");
    let deleted = event(EventKind::MemberDeleted, "x", "x");
    let keys = user_keys(&crowd[1]);
    let stale = Some(Beside { before: &two, after: &after_second });
    let refused =
        store.delete_user(&here.ctx(), here.id(), &crowd[1], &keys, stale, &deleted).await;
    assert_eq!(refused, Err(CommitError::Stale));
    let gone = owners(4, &[], &crowd[..1]);
    let beside = Some(Beside { before: &after_first, after: &gone });
    let done = store.delete_user(&here.ctx(), here.id(), &crowd[1], &keys, beside, &deleted).await;
    assert_eq!(done, Ok(()));
    assert_eq!(store.organization(&here.ctx(), here.id()).await, Ok(Some(gone)));
}

/// One change, one event, in the order of commits; the cursor goes on where it stopped.
pub async fn events_come_in_the_order_of_commits<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let ada = here.create("ada@example.com").await;
    let group = here.gather("Engineering", &[member(&ada)]).await;
    let ada = here.user(ada.id).await.expect("it is there");
    let king = changed(&ada, world, &json!({"userName": "king@example.com"}));
    here.update(&ada, &king).await.expect("it is changed");
    let king = here.user(ada.id).await.expect("it is there");
    here.delete(&king).await.expect("it is deleted");
    let group = here.group(group.id).await.expect("it is there");
    here.disband(&group).await.expect("it is deleted");
    let wanted = [
        "organization.created",
        "member.created",
        "group.created",
        "member.updated",
        "member.deleted",
        "group.deleted",
    ];
    assert_eq!(here.event_kinds().await, wanted);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.events_after(&here.ctx(), here.id(), after, 4).await.expect("answers");
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page);
    }
    assert!(seen.windows(2).all(|pair| pair[0].id < pair[1].id && pair[0].at <= pair[1].at));
    let kinds: Vec<&str> = seen.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, wanted);
    let deleted = &seen[4];
    assert_eq!(deleted.subject_name, "king@example.com", "E2: the name outlives the person");
    assert_eq!((deleted.subject_kind.as_str(), deleted.actor.as_str()), ("user", "system"));
    assert_eq!(deleted.subject_id, ada.id.to_string());
}

/// O2: a domain is unique over the stack, and moves.
pub async fn organizations_have_their_domains_alone<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let domain = |text: &str| Domain::parse(text).expect("a slug");
    let twin = Acme::new(world, "acme").organization;
    let created = event(EventKind::OrganizationCreated, "x", "acme");
    let second = store.create_organization(&here.ctx(), &twin, &created).await;
    assert_eq!(second, Ok(false), "the domain is taken");
    assert_eq!(store.organization(&here.ctx(), &twin.id).await, Ok(None));
    let other = Here::named(store, world, "other").await;
    let updated = event(EventKind::OrganizationUpdated, "x", "other");
    let renamed = |to: &str| Organization {
        domain: domain(to),
        version: other.organization.version + 1,
        ..other.organization.clone()
    };
    let onto = renamed("acme");
    let done = store.update_organization(&here.ctx(), &other.organization, &onto, &updated).await;
    assert_eq!(done, Ok(false), "the domain is taken");
    let away = renamed("elsewhere");
    let done = store.update_organization(&here.ctx(), &other.organization, &away, &updated).await;
    assert_eq!(done, Ok(true));
    let by = async |text| store.by_domain(&world.ctx(), &domain(text)).await;
    assert_eq!(by("elsewhere").await, Ok(Some(other.id().clone())));
    assert_eq!(by("other").await, Ok(None));
    assert_eq!(by("acme").await, Ok(Some(here.id().clone())));
    assert_eq!(store.organization(&here.ctx(), other.id()).await, Ok(Some(away.clone())));
    let late = renamed("late");
    let done = store.update_organization(&here.ctx(), &other.organization, &late, &updated).await;
    assert_eq!(done, Err(CommitError::Stale));
    assert_eq!(by("late").await, Ok(None));
}

/// By id, in pages.
pub async fn organizations_are_listed_in_order<S: Store>(store: &S, world: &FakeWorld) {
    let mut wanted = Vec::new();
    for number in 0..7 {
        let here = Here::named(store, world, &format!("organization-{number}")).await;
        wanted.push(here.organization);
    }
    wanted.sort_by(|a, b| a.id.cmp(&b.id));
    let (mut seen, mut after): (Vec<Organization>, Option<OrganizationId>) = (Vec::new(), None);
    loop {
        let page = store.organizations_after(&world.ctx(), after.as_ref(), 3).await;
        let page = page.expect("the store answers");
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        seen.extend(page);
    }
    assert_eq!(seen, wanted);
}

/// The same names, ids and values in both; neither sees, counts, changes or deletes the other's.
pub async fn two_organizations_never_meet<S: Store>(store: &S, world: &FakeWorld) {
    let (acme, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let attributes = json!({"externalId": "E", "emails": [{"value": "m@example.com"}]});
    let ada = user_with(world, "ada@example.com", &attributes);
    let twin = user_with(world, "ada@example.com", &attributes);
    acme.try_create(&ada, Some(1)).await.expect("it is created");
    other.try_create(&twin, Some(1)).await.expect("the same name in another organization");
    let group = acme.gather("Engineering", &[member(&ada)]).await;
    assert_eq!(other.user(ada.id).await, None);
    assert_eq!(other.group(group.id).await, None);
    assert_eq!(other.members(group.id).await, None);
    assert_eq!(other.counts().await, (1, 0));
    assert_eq!(other.owner_of(Index::UserName, "ada@example.com").await, Some(twin.id.uuid()));
    assert_eq!(
        other.holders_of(Index::UserExternalId, "E").await,
        BTreeSet::from([twin.id.uuid()])
    );
    assert_eq!(
        other.holders_of(Index::UserEmail, "m@example.com").await,
        BTreeSet::from([twin.id.uuid()])
    );
    assert_eq!(other.owner_of(Index::GroupDisplayName, "engineering").await, None);
    let row = store.member_span(&other.ctx(), other.id(), group.id, MemberId::User(ada.id)).await;
    assert_eq!(row, Ok(None));
    assert_eq!(other.delete(&ada).await, Err(CommitError::Stale));
    assert_eq!(
        other.update(&ada, &changed(&ada, world, &json!({}))).await,
        Err(CommitError::Stale)
    );
    assert_eq!(other.disband(&group).await, Err(CommitError::Stale));
    let theirs = other.gather("Engineering", &[]).await;
    let foreign = other.regroup(&theirs, &json!({}), &[member(&ada)], &[]).await;
    assert_eq!(foreign, Err(CommitError::MemberGone), "a foreign user is nobody");
    assert_eq!(acme.members(group.id).await.expect("it is there").1, [MemberId::User(ada.id)]);
    assert_eq!(store.users_after(&other.ctx(), other.id(), None, 10).await, Ok(vec![twin]));
    let kinds = ["organization.created", "member.created", "group.created"];
    assert_eq!(other.event_kinds().await, kinds);
    store.put_marker(&acme.ctx(), acme.id(), List::Users, 5, ada.id.uuid()).await;
    let marker = store.marker_at_or_below(&other.ctx(), other.id(), List::Users, 9).await;
    assert_eq!(marker, Ok(None));
}

/// In pages, by time and request id.
pub async fn requests_are_listed_newest_first<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let other = Here::named(store, world, "other").await;
    let mut wanted = Vec::new();
    for number in 0..5_u16 {
        world.advance_millis(10);
        let entry = RequestEntry {
            at: world.now(),
            request_id: format!("req-{number}"),
            method: "PATCH".to_owned(),
            path: "/scim/v2/Users/x?attributes=id".to_owned(),
            actor: "token:tok-00000000".to_owned(),
            client: (number % 2 == 0).then(|| "Okta SCIM Client 1.0.0".to_owned()),
            status: 200 + number,
            scim_type: (number == 3).then(|| "uniqueness".to_owned()),
            detail: (number == 3).then(|| "taken".to_owned()),
            notices: vec![json!({"kind": "unknownAttribute", "subject": "shoeSize"})],
            millis: u64::from(number),
        };
        store.record(&world.ctx(), here.id(), &entry).await;
        wanted.insert(0, entry);
    }
    let first = store.requests_before(&here.ctx(), here.id(), None, 3).await;
    assert_eq!(first, Ok(wanted[..3].to_vec()));
    let before = Some((wanted[2].at, wanted[2].request_id.clone()));
    let rest = store.requests_before(&here.ctx(), here.id(), before, 10).await;
    assert_eq!(rest, Ok(wanted[3..].to_vec()));
    assert_eq!(store.requests_before(&here.ctx(), other.id(), None, 10).await, Ok(Vec::new()));
}

/// P10: newest first, per organization.
pub async fn unknown_members_are_remembered<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let other = Here::named(store, world, "other").await;
    let entry = |group: &str, member: &str| UnknownMembersEntry {
        at: world.now(),
        group: group.to_owned(),
        members: vec![member.to_owned()],
    };
    let first = entry("g-1", "u-1");
    store.record_unknown_members(&here.ctx(), here.id(), &first).await;
    let second = entry("g-2", "u-2");
    store.record_unknown_members(&here.ctx(), here.id(), &second).await;
    let found = store.unknown_members(&here.ctx(), here.id()).await;
    assert_eq!(found, Ok(vec![second, first]));
    assert_eq!(store.unknown_members(&here.ctx(), other.id()).await, Ok(Vec::new()));
}

/// P4: read beside the organization, and by no other.
pub async fn access_tokens_are_kept_per_organization<S: Store>(store: &S, world: &FakeWorld) {
    let (here, other) = (Here::new(store, world).await, Here::named(store, world, "other").await);
    let token = AccessToken {
        id: AccessTokenId::new(world),
        client: ClientId::new(world),
        secret: SecretId::new(world),
        hash: SecretHash::of(b"secret"),
        expires: world.now().plus_secs(3_600),
    };
    assert_eq!(store.put_access_token(&here.ctx(), here.id(), &token).await, Ok(()));
    let wanted = Wanted { access_token: Some(token.id.clone()), ..Wanted::default() };
    assert_eq!(here.fetch(wanted.clone()).await.access_token, Some(token));
    assert_eq!(other.fetch(wanted).await.access_token, None);
}

/// Several live at once.
pub async fn operator_keys_come_and_go<S: Store>(store: &S, world: &FakeWorld) {
    let ctx = world.ctx();
    let make = |name: &str| OperatorKey {
        id: OperatorKeyId::new(world),
        name: name.to_owned(),
        hash: SecretHash::of(name.as_bytes()),
        created: world.now(),
        expires: (name == "new").then(|| world.now().plus_secs(60)),
    };
    let (old, new) = (make("old"), make("new"));
    assert_eq!(store.put_operator_key(&ctx, &old).await, Ok(()));
    assert_eq!(store.put_operator_key(&ctx, &new).await, Ok(()));
    assert_eq!(store.operator_key(&ctx, &old.id).await, Ok(Some(old.clone())));
    let all = store.operator_keys(&ctx).await.expect("the store answers");
    assert_eq!(all.len(), 2);
    assert!(all.contains(&old) && all.contains(&new));
    assert_eq!(store.delete_operator_key(&ctx, &old.id).await, Ok(true));
    assert_eq!(store.delete_operator_key(&ctx, &old.id).await, Ok(false));
    assert_eq!(store.operator_key(&ctx, &old.id).await, Ok(None));
    assert_eq!(store.operator_keys(&ctx).await, Ok(vec![new]));
}

/// The sweep takes nothing that is seen.
pub async fn nothing_is_left_over_after_a_quiet_day<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 120).await;
    let group = here.gather("Everybody", &members(&crowd)).await;
    let removed = ids(&crowd[..110]);
    here.regroup(&group, &json!({}), &[], &removed).await.expect("most of them leave");
    let swept = store.clear_leftovers(&here.ctx(), here.id()).await;
    assert!(swept.is_ok(), "the sweep runs: {swept:?}");
    let (_, rest) = here.members(group.id).await.expect("it is there");
    assert_eq!(rest, ids(&crowd[110..]));
    assert_eq!(here.counts().await, (120, 1));
    let again = store.clear_leftovers(&here.ctx(), here.id()).await;
    assert_eq!(again, Ok(0), "a second sweep finds nothing");
}
