//! What a PATCH (RFC 7644 §3.5.2) does to the members of a group. They are not part of a [`crate::Resource`] (a group may have
//! 100,000, P11), so a plan names the changes, and the caller reads no more of the membership than they need.

use std::collections::HashMap;

use crate::filter::Predicate;
use crate::resource::MemberRef;

/// One change of a group's membership. Adding a member that is there and removing one that is not are no
/// changes and no errors.
#[derive(Debug, Clone, PartialEq)]
pub enum MembersChange {
    /// These too.
    Add(Vec<MemberRef>),
    /// Not these ids.
    Remove(Vec<String>),
    /// None that fulfils this; see [`Predicate::matches_member`].
    RemoveMatching(Predicate),
    /// None at all.
    Clear,
    /// These and no others.
    Replace(Vec<MemberRef>),
}

impl MembersChange {
    /// Whether the current members must be read to know what changes.
    #[must_use]
    pub const fn needs_members(&self) -> bool {
        match self {
            Self::Add(_) | Self::Remove(_) => false,
            Self::RemoveMatching(_) | Self::Clear | Self::Replace(_) => true,
        }
    }

    /// The members that it would add.
    #[must_use]
    pub fn added(&self) -> &[MemberRef] {
        match self {
            Self::Add(members) | Self::Replace(members) => members,
            Self::Remove(_) | Self::RemoveMatching(_) | Self::Clear => &[],
        }
    }

    /// Leaves out the members that it would add and that `keep` refuses, such as ids that do not exist (P10).
    pub fn retain_added(&mut self, keep: impl Fn(&MemberRef) -> bool) {
        match self {
            Self::Add(members) | Self::Replace(members) => members.retain(keep),
            Self::Remove(_) | Self::RemoveMatching(_) | Self::Clear => {}
        }
    }
}

/// What a list of changes comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetChange {
    /// Not members now, members afterwards; in the order in which they were named.
    pub add: Vec<MemberRef>,
    /// Members now, not afterwards.
    pub remove: Vec<String>,
}

impl NetChange {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

/// The ids that the changes name, each once, in order: those whose membership must be known when
/// [`MembersChange::needs_members`] is false of all changes.
#[must_use]
pub fn named_ids(changes: &[MembersChange]) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    let mut ids = Vec::new();
    for change in changes {
        let removed: &[String] =
            if let MembersChange::Remove(removed) = change { removed } else { &[] };
        let added = change.added().iter().map(|member| member.value.as_str());
        for id in added.chain(removed.iter().map(String::as_str)) {
            if seen.insert(id) {
                ids.push(id);
            }
        }
    }
    ids
}

/// What the changes, in order, come to for a group that has the members `current`.
///
/// `current` must hold every member when one of the changes [needs them](MembersChange::needs_members), and
/// otherwise at least those of [`named_ids`] that are members.
///
/// A member that is there already keeps what is stored of it, whatever type and name the client sends.
#[must_use]
pub fn net(changes: &[MembersChange], current: &[MemberRef]) -> NetChange {
    let mut fold = Fold::new(current);
    for change in changes {
        match change {
            MembersChange::Add(members) => members.iter().for_each(|member| fold.add(member)),
            MembersChange::Remove(ids) => ids.iter().for_each(|id| fold.remove(id)),
            MembersChange::RemoveMatching(predicate) => {
                fold.remove_if(|member| predicate.matches_member(member));
            }
            MembersChange::Clear => fold.remove_if(|_| true),
            MembersChange::Replace(members) => {
                fold.remove_if(|_| true);
                members.iter().for_each(|member| fold.add(member));
            }
        }
    }
    fold.finish()
}

struct Entry<'m> {
    member: &'m MemberRef,
    was: bool,
    is: bool,
}

/// Every member that was or became one, in the order in which they were met.
struct Fold<'m> {
    entries: Vec<Entry<'m>>,
    by_id: HashMap<&'m str, usize>,
}

impl<'m> Fold<'m> {
    fn new(current: &'m [MemberRef]) -> Self {
        let mut fold = Self { entries: Vec::with_capacity(current.len()), by_id: HashMap::new() };
        for member in current {
            fold.insert(member, true);
        }
        fold
    }

    fn insert(&mut self, member: &'m MemberRef, was: bool) {
        let next = self.entries.len();
        if *self.by_id.entry(&member.value).or_insert(next) == next {
            self.entries.push(Entry { member, was, is: true });
        }
    }

    fn add(&mut self, member: &'m MemberRef) {
        match self.entry(&member.value) {
            Some(entry) => {
                if !entry.was {
                    entry.member = member;
                }
                entry.is = true;
            }
            None => self.insert(member, false),
        }
    }

    fn remove(&mut self, id: &str) {
        if let Some(entry) = self.entry(id) {
            entry.is = false;
        }
    }

    fn remove_if(&mut self, test: impl Fn(&MemberRef) -> bool) {
        for entry in self.entries.iter_mut().filter(|entry| test(entry.member)) {
            entry.is = false;
        }
    }

    fn entry(&mut self, id: &str) -> Option<&mut Entry<'m>> {
        let at = *self.by_id.get(id)?;
        self.entries.get_mut(at)
    }

    fn finish(self) -> NetChange {
        let mut net = NetChange::default();
        for Entry { member, was, is } in self.entries {
            match (was, is) {
                (false, true) => net.add.push(member.clone()),
                (true, false) => net.remove.push(member.value.clone()),
                (true, true) | (false, false) => {}
            }
        }
        net
    }
}
