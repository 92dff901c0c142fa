//! The part of planning that is about `members` of a group: ids out of paths, filters and values (RFC 7644
//! §3.5.2; Okta, Entra and JumpCloud each have their own form).

use serde_json::Value;

use super::members::MembersChange;
use super::message::Op;
use super::plan::{Aim, Planner};
use crate::Error;
use crate::filter::{Filter, Literal, Operator, Predicate};
use crate::resource::MemberRef;

impl Planner<'_> {
    pub(super) fn members(&mut self, aim: &Aim<'_>, value: Option<Value>) -> Result<(), Error> {
        let value = value.filter(|value| !value.is_null());
        let part = aim.found.sub.map(|sub| sub.name.as_ref());
        if part.is_some_and(|part| part != "value") {
            return Err(immutable(aim));
        }
        match aim.op {
            Op::Remove => self.remove_members(aim, part.is_some(), value),
            Op::Add | Op::Replace => self.set_members(aim, part.is_some(), value),
        }
    }

    fn remove_members(
        &mut self,
        aim: &Aim<'_>,
        of_value: bool,
        value: Option<Value>,
    ) -> Result<(), Error> {
        let change = match (&aim.path.filter, value) {
            (Some(_), _) if of_value => return Err(immutable(aim)),
            (Some(filter), _) => match ids(filter) {
                Some(ids) => MembersChange::Remove(ids),
                None => {
                    let predicate = Predicate::bind_element(filter, self.rt, aim.found)?;
                    MembersChange::RemoveMatching(predicate)
                }
            },
            (None, Some(value)) => {
                let members = self.member_refs(value)?;
                MembersChange::Remove(members.into_iter().map(|member| member.value).collect())
            }
            (None, None) if of_value => return Err(immutable(aim)),
            (None, None) => MembersChange::Clear,
        };
        if let MembersChange::Remove(ids) = &change {
            if ids.is_empty() {
                return Ok(());
            }
            if aim.path.filter.is_some() {
                let named = ids.len();
                self.count_members(named)?;
            }
        }
        self.members.push(change);
        Ok(())
    }

    fn set_members(
        &mut self,
        aim: &Aim<'_>,
        of_value: bool,
        value: Option<Value>,
    ) -> Result<(), Error> {
        let members = match value {
            Some(value) => self.member_refs(value)?,
            None => Vec::new(),
        };
        let Some(filter) = &aim.path.filter else {
            match aim.op {
                Op::Replace if members.is_empty() && of_value => return Err(immutable(aim)),
                Op::Replace if members.is_empty() => self.members.push(MembersChange::Clear),
                Op::Replace if !of_value => self.members.push(MembersChange::Replace(members)),
                _ if members.is_empty() => {}
                _ => self.members.push(MembersChange::Add(members)),
            }
            return Ok(());
        };
        // The filter names the member itself; the value adds what to put in its place.
        let Some(ids) = ids(filter) else {
            return Err(Error::no_target(format!(
                "`{}` does not name a member by its id; add members with the path `members` and a list as the value",
                aim.label
            )));
        };
        self.count_members(ids.len())?;
        if aim.op == Op::Replace {
            self.members.push(MembersChange::Remove(ids));
        } else if members.is_empty() {
            return Err(Error::invalid_value(format!("`{}` needs a `value`", aim.label)));
        }
        if !members.is_empty() {
            self.members.push(MembersChange::Add(members));
        }
        Ok(())
    }

    /// A value as members: a list or one, each an object or the bare id; the same id counts once.
    fn member_refs(&mut self, value: Value) -> Result<Vec<MemberRef>, Error> {
        let members = MemberRef::list(value, self.notices)?;
        self.count_members(members.len())?;
        Ok(members)
    }
}

fn immutable(aim: &Aim<'_>) -> Error {
    Error::mutability(format!(
        "`{}` cannot be changed; a member is added or removed as a whole, with the path `members`",
        aim.label
    ))
}

/// The ids that a value filter names: `value eq "u-1"`, also several of them with `or`.
fn ids(filter: &Filter) -> Option<Vec<String>> {
    match filter {
        Filter::Compare { path, operator: Operator::Equal, literal }
            if path.as_str().eq_ignore_ascii_case("value") =>
        {
            match literal {
                Literal::Text(id) => Some(vec![id.clone()]),
                Literal::Number(id) => Some(vec![id.to_string()]),
                Literal::Boolean(_) | Literal::Null => None,
            }
        }
        Filter::Or(parts) => {
            let ids: Option<Vec<_>> = parts.iter().map(ids).collect();
            ids.map(|ids| ids.into_iter().flatten().collect())
        }
        _ => None,
    }
}
