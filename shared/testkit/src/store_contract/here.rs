//! One organization in one store, with the steps that the cases are made of.

use std::{collections::BTreeSet, future::poll_fn, pin::Pin, task::Poll};

use lychgate_core::{
    ctx::Ctx,
    event::EventKind,
    ids::{GroupId, MemberId, OrganizationId, UserId},
    organization::Organization,
    ports::{CommitError, Fetched, Wanted},
    record::{Group, Index, Member, User},
};

use crate::{
    build::{Acme, event, group, group_keys, key, member, regrouped, user, user_keys},
    world::FakeWorld,
};

use super::Store;

pub(super) struct Here<'a, S> {
    pub(super) store: &'a S,
    pub(super) world: &'a FakeWorld,
    pub(super) organization: Organization,
}

impl<'a, S: Store> Here<'a, S> {
    pub(super) async fn new(store: &'a S, world: &'a FakeWorld) -> Self {
        Self::named(store, world, "acme").await
    }

    pub(super) async fn named(store: &'a S, world: &'a FakeWorld, domain: &str) -> Self {
        let organization = Acme::new(world, domain).organization;
        let created = event(EventKind::OrganizationCreated, &organization.id.to_string(), domain);
        let done = store.create_organization(&world.ctx(), &organization, &created).await;
        assert_eq!(done, Ok(true), "the organization is created");
        Self { store, world, organization }
    }

    pub(super) const fn id(&self) -> &OrganizationId {
        &self.organization.id
    }

    pub(super) fn ctx(&self) -> Ctx<'_> {
        self.world.advance_millis(5);
        self.world.ctx()
    }

    pub(super) async fn try_create(
        &self,
        user: &User,
        seats: Option<u64>,
    ) -> Result<(), CommitError> {
        let created = event(EventKind::MemberCreated, &user.id.to_string(), user.user_name());
        self.store
            .create_user(&self.ctx(), self.id(), user, &user_keys(user), seats, &created)
            .await
    }

    pub(super) async fn create(&self, user_name: &str) -> User {
        self.world.advance_millis(5);
        let user = user(self.world, user_name);
        assert_eq!(self.try_create(&user, None).await, Ok(()), "{user_name} is created");
        user
    }

    pub(super) async fn crowd(&self, prefix: &str, count: usize) -> Vec<User> {
        let mut crowd = Vec::with_capacity(count);
        for number in 0..count {
            crowd.push(self.create(&format!("{prefix}{number:04}@example.com")).await);
        }
        crowd
    }

    pub(super) async fn update(&self, before: &User, after: &User) -> Result<(), CommitError> {
        let updated = event(EventKind::MemberUpdated, &after.id.to_string(), after.user_name());
        let (from, to) = (user_keys(before), user_keys(after));
        self.store
            .update_user(&self.ctx(), self.id(), before, after, &from, &to, None, &updated)
            .await
    }

    pub(super) async fn delete(&self, user: &User) -> Result<(), CommitError> {
        let deleted = event(EventKind::MemberDeleted, &user.id.to_string(), user.user_name());
        self.store.delete_user(&self.ctx(), self.id(), user, &user_keys(user), None, &deleted).await
    }

    pub(super) async fn try_gather(
        &self,
        group: &Group,
        members: &[Member],
    ) -> Result<(), CommitError> {
        let created = event(EventKind::GroupCreated, &group.id.to_string(), group.display_name());
        let group = Group { member_count: members.len() as u64, ..group.clone() };
        self.store
            .create_group(&self.ctx(), self.id(), &group, &group_keys(&group), members, &created)
            .await
    }

    pub(super) async fn gather(&self, name: &str, members: &[Member]) -> Group {
        self.world.advance_millis(5);
        let group = group(self.world, name);
        assert_eq!(self.try_gather(&group, members).await, Ok(()), "{name} is created");
        self.group(group.id).await.expect("a group that was just created is there")
    }

    pub(super) async fn regroup(
        &self,
        before: &Group,
        more: &serde_json::Value,
        add: &[Member],
        remove: &[MemberId],
    ) -> Result<u64, CommitError> {
        let count = before.member_count + add.len() as u64 - remove.len() as u64;
        let after = regrouped(before, self.world, count, more);
        let kind = EventKind::GroupMembersChanged;
        let changed = event(kind, &after.id.to_string(), after.display_name());
        let (from, to) = (group_keys(before), group_keys(&after));
        self.store
            .update_group(&self.ctx(), self.id(), before, &after, &from, &to, add, remove, &changed)
            .await
    }

    pub(super) async fn disband(&self, group: &Group) -> Result<(), CommitError> {
        let deleted = event(EventKind::GroupDeleted, &group.id.to_string(), group.display_name());
        self.store.delete_group(&self.ctx(), self.id(), group, &group_keys(group), &deleted).await
    }

    pub(super) async fn fetch(&self, wanted: Wanted) -> Fetched {
        self.store.fetch(&self.ctx(), self.id(), wanted).await.expect("the store answers")
    }

    pub(super) async fn user(&self, id: UserId) -> Option<User> {
        let mut found = self.fetch(Wanted { users: vec![id], ..Wanted::default() }).await;
        assert!(found.users.len() <= 1, "one id brings one user at most");
        found.users.pop()
    }

    pub(super) async fn group(&self, id: GroupId) -> Option<Group> {
        let mut found = self.fetch(Wanted { groups: vec![id], ..Wanted::default() }).await;
        found.groups.pop()
    }

    pub(super) async fn owner_of(&self, index: Index, value: &str) -> Option<uuid::Uuid> {
        let wanted = Wanted { claims: vec![key(index, value)], ..Wanted::default() };
        let found = self.fetch(wanted).await.claims;
        assert!(found.iter().all(|(found, _)| *found == key(index, value)));
        found.first().map(|(_, owner)| *owner)
    }

    pub(super) async fn holders_of(&self, index: Index, value: &str) -> BTreeSet<uuid::Uuid> {
        let key = key(index, value);
        let found = self.store.look_up(&self.ctx(), self.id(), &key, 10).await;
        let found = found.expect("the store answers");
        let distinct: BTreeSet<_> = found.iter().copied().collect();
        assert_eq!(distinct.len(), found.len(), "nobody is found twice");
        distinct
    }

    pub(super) async fn counts(&self) -> (u64, u64) {
        let wanted = Wanted { user_count: true, group_count: true, ..Wanted::default() };
        let found = self.fetch(wanted).await;
        (found.user_count, found.group_count)
    }

    pub(super) async fn members(&self, group: GroupId) -> Option<(Group, Vec<MemberId>)> {
        let found = self.store.membership(&self.ctx(), self.id(), group, 5_000).await;
        let found = found.expect("the store answers")?;
        let ids: Vec<MemberId> = found.members.iter().map(|member| member.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0].uuid() < pair[1].uuid()), "in the order of ids");
        assert_eq!(found.group.member_count, ids.len() as u64, "the count is that of the members");
        Some((found.group, ids))
    }

    /// Whether `group` sees `member`, by its row and by the member's own record: both must agree.
    pub(super) async fn sees(&self, group: GroupId, member: MemberId) -> bool {
        let Some(found) = self.group(group).await else {
            return false;
        };
        let row = self.store.member_span(&self.ctx(), self.id(), group, member).await;
        let by_row = row.expect("the store answers").is_some_and(|span| found.sees(span));
        let own = match member {
            MemberId::User(id) => self.user(id).await.map(|user| user.memberships),
            MemberId::Group(id) => self.group(id).await.map(|nested| nested.memberships),
        };
        if let Some(own) = own {
            let by_member = own.get(&group).is_some_and(|span| found.sees(*span));
            assert_eq!(by_row, by_member, "the row and the member's record agree");
        }
        by_row
    }

    pub(super) async fn event_kinds(&self) -> Vec<String> {
        let (mut kinds, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.events_after(&self.ctx(), self.id(), after, 500).await;
            let page = page.expect("the store answers");
            let Some(last) = page.last() else { return kinds };
            after = Some(last.id);
            kinds.extend(page.into_iter().map(|event| event.kind));
        }
    }
}

pub(super) fn members(users: &[User]) -> Vec<Member> {
    users.iter().map(member).collect()
}

pub(super) fn ids(users: &[User]) -> Vec<MemberId> {
    let mut ids: Vec<MemberId> = users.iter().map(|user| MemberId::User(user.id)).collect();
    ids.sort_by_key(|id| id.uuid());
    ids
}

/// All of these at once, each going on when it can; what they gave, in their order.
pub(super) async fn together<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<Pin<Box<F>>> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in waiting.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(output) = future.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
