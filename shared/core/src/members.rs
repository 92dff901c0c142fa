//! Who is meant by the member ids of a request, and whether they are members already (P10).

use std::collections::HashMap;

use lychgate_scim::{
    Error, NoticeKind,
    patch::MembersChange,
    resource::{MemberKind, MemberRef},
};

use crate::{
    call::{Call, Failure},
    gate,
    ids::{GroupId, MemberId},
    organization::UnknownMembers,
    ports::{Directory, Fetched, Wanted},
    record::{Group, Member, Memberships, Span, User},
};

/// How many unknown ids an error or a notice names.
pub const UNKNOWN_NAMED_MAX: usize = 10;

/// Somebody who exists and can be a member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) id: MemberId,
    pub(crate) display: String,
    span: Option<Span>,
}

/// Those of the named ids that exist, by the text that named them.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    found: HashMap<String, Candidate>,
}

impl Candidates {
    /// What must be read to know the first of these ids: users, and groups where the client says so.
    pub(crate) fn wanted(references: &[MemberRef]) -> Wanted {
        let mut wanted = Wanted::default();
        for reference in references {
            if reference.kind == Some(MemberKind::Group) {
                wanted.groups.extend(reference.value.parse::<GroupId>());
            } else {
                wanted.users.extend(reference.value.parse::<crate::ids::UserId>());
            }
        }
        wanted
    }

    /// Takes up what was read of what was [`Candidates::wanted`] for a change of `group`.
    pub(crate) fn take(&mut self, fetched: &mut Fetched, group: GroupId) {
        for user in fetched.users.drain(..) {
            self.found.insert(user.id.to_string(), of_user(&user, group));
        }
        for nested in fetched.groups.drain(..).filter(|nested| nested.id != group) {
            self.found.insert(nested.id.to_string(), of_group(&nested, group));
        }
    }

    /// Looks for those that were not found where they were looked for first: a client need not say whether a
    /// member is a user or a group, and may be wrong.
    pub(crate) async fn find_rest<S: Directory>(
        &mut self,
        call: &Call<'_>,
        store: &S,
        references: &[MemberRef],
        group: GroupId,
    ) -> Result<(), Failure> {
        let rest = references.iter().filter(|reference| !self.found.contains_key(&reference.value));
        let swapped: Vec<MemberRef> = rest
            .map(|reference| MemberRef {
                kind: match reference.kind {
                    Some(MemberKind::Group) => None,
                    None | Some(MemberKind::User) => Some(MemberKind::Group),
                },
                ..reference.clone()
            })
            .collect();
        let mut wanted = Self::wanted(&swapped);
        wanted.groups.retain(|nested| *nested != group);
        let mut fetched = gate::fetch(call, store, wanted).await?;
        self.take(&mut fetched, group);
        Ok(())
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Candidate> {
        self.found.get(id)
    }

    /// Those of the found who are members of `group` at its committed version.
    pub(crate) fn current(&self, group: &Group) -> Vec<MemberRef> {
        let members = self
            .found
            .values()
            .filter(|candidate| candidate.span.is_some_and(|span| group.sees(span)));
        members
            .map(|candidate| MemberRef {
                value: candidate.id.to_string(),
                kind: None,
                display: None,
            })
            .collect()
    }

    /// The member rows for these references, with the name that the client sent or else their own; those that
    /// do not exist are left out.
    pub(crate) fn members(&self, references: &[MemberRef]) -> Vec<Member> {
        let found = references.iter().filter_map(|reference| {
            let candidate = self.get(&reference.value)?;
            let display = reference.display.as_ref().unwrap_or(&candidate.display);
            Some(Member { id: candidate.id, display: Some(display.clone()) })
        });
        found.collect()
    }
}

fn of_user(user: &User, group: GroupId) -> Candidate {
    let display = user.resource.text("displayName").unwrap_or_else(|| user.user_name());
    Candidate {
        id: MemberId::User(user.id),
        display: display.to_owned(),
        span: span(&user.memberships, group),
    }
}

fn of_group(nested: &Group, group: GroupId) -> Candidate {
    Candidate {
        id: MemberId::Group(nested.id),
        display: nested.display_name().to_owned(),
        span: span(&nested.memberships, group),
    }
}

fn span(memberships: &Memberships, group: GroupId) -> Option<Span> {
    memberships.get(&group).copied()
}

/// Takes the ids that do not exist out of the changes (P10): one deleted person must not keep five hundred
/// others out, because Okta never repeats a 4xx. They stand in the request log and in the live state.
///
/// # Errors
/// `invalidValue` that names them when none of those to be added exists, or when the directory is strict; and
/// when a group is to be a member of itself.
pub(crate) fn keep_known(
    call: &mut Call<'_>,
    changes: &mut [MembersChange],
    candidates: &Candidates,
    group: GroupId,
    policy: UnknownMembers,
) -> Result<(), Error> {
    let own = group.to_string();
    let mut unknown: Vec<String> = Vec::new();
    let mut known = 0_usize;
    for reference in changes.iter().flat_map(MembersChange::added) {
        if reference.value == own {
            return Err(Error::invalid_value("A group cannot be a member of itself."));
        }
        if candidates.get(&reference.value).is_some() {
            known += 1;
        } else if !unknown.contains(&reference.value) {
            unknown.push(reference.value.clone());
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let named = unknown.iter().take(UNKNOWN_NAMED_MAX).map(|id| crate::users::shown(id));
    let named = named.collect::<Vec<_>>().join("`, `");
    let more = unknown.len().saturating_sub(UNKNOWN_NAMED_MAX);
    let named = if more > 0 { format!("`{named}` and {more} more") } else { format!("`{named}`") };
    remember(call, &unknown);
    if known == 0 || policy == UnknownMembers::Refuse {
        return Err(Error::invalid_value(format!(
            "No user or group of this directory has the id {named}. Provision the members first, then add them; nothing was changed."
        )));
    }
    for change in changes {
        change.retain_added(|reference| candidates.get(&reference.value).is_some());
    }
    Ok(())
}

fn remember(call: &mut Call<'_>, unknown: &[String]) {
    for id in unknown {
        call.notices.push(NoticeKind::UnknownMember, id.clone());
        if !call.unknown_members.contains(id) {
            call.unknown_members.push(id.clone());
        }
    }
}
