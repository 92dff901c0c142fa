//! A PATCH checked against the schema (RFC 7644 §3.5.2): paths exist, mutability allows, types fit. Pure, and
//! made before anything is read; [`Plan::apply`] then changes a resource.

use serde_json::{Map, Value};

use super::members::MembersChange;
use super::message::{Op, Operation, PatchOp, numbered};
use super::tolerance;
use crate::filter::Predicate;
use crate::filter::predicate::is_membership;
use crate::path::{AttrPath, Found, Path, Target, quote};
use crate::schema::{Attribute, AttributeType, GROUP_SCHEMA, Mutability, ResourceType, Schema};
use crate::{Error, NoticeKind, Notices, value};

/// A PATCH that fits its resource type. Apply it with [`Plan::apply`]; a group's members with
/// [`Plan::members`].
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<'rt> {
    pub(super) steps: Vec<Step>,
    pub(super) members: Vec<MembersChange>,
    /// For the checks of the whole resource at the end.
    pub(super) rt: &'rt ResourceType,
}

/// Where an attribute stands in a resource.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slot {
    /// The URN of the extension in its canonical spelling.
    pub(super) extension: Option<String>,
    pub(super) name: String,
}

/// A sub-attribute and the value that it gets; none clears it.
pub(super) type Part = (Attribute, Option<Value>);

/// One change of one attribute; values are canonical.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) slot: Slot,
    pub(super) attribute: Attribute,
    /// The path as the client wrote it, for messages.
    pub(super) label: String,
    pub(super) action: Action,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// The attribute gets this value; none clears it.
    Set(Option<Value>),
    /// A multi-valued attribute gets these elements too.
    AddElements(Vec<Value>),
    /// A multi-valued attribute loses the elements that are like one of these.
    RemoveElements(Vec<Value>),
    /// A single complex value gets or loses these parts; the others stay.
    Merge(Vec<Part>),
    /// Elements of a multi-valued attribute: those that `select` fulfils, all without it.
    Elements {
        select: Option<Predicate>,
        create: Option<Map<String, Value>>,
        change: ElementChange,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ElementChange {
    Remove,
    /// Of simple elements, which have no parts.
    Whole(Value),
    Parts(Vec<Part>),
}

/// Checks the body of a PATCH against `rt`. `own_id` is the id of the resource, because Okta repeats it inside
/// the value.
///
/// # Errors
/// What [`PatchOp::parse`] says; [`crate::ErrorKind::Mutability`] for a path to something read-only, create-only or
/// required that would go; [`crate::ErrorKind::InvalidValue`] for a value of the wrong type;
/// [`crate::ErrorKind::InvalidPath`] for brackets where nothing can be selected;
/// [`crate::ErrorKind::InvalidFilter`] for an operator in them that does not fit;
/// [`crate::ErrorKind::TooMany`] for more than [`crate::resource::MEMBERS_PER_REQUEST_MAX`] members.
pub fn plan<'rt>(
    rt: &'rt ResourceType,
    own_id: &str,
    body: Value,
    notices: &mut Notices,
) -> Result<Plan<'rt>, Error> {
    let message = PatchOp::parse(body, notices)?;
    let count = message.operations.len();
    let mut planner =
        Planner { rt, own_id, notices, steps: Vec::new(), members: Vec::new(), members_named: 0 };
    for (at, operation) in message.operations.into_iter().enumerate() {
        planner.operation(operation).map_err(|error| numbered(error, at, count))?;
    }
    Ok(Plan { steps: planner.steps, members: planner.members, rt })
}

impl Plan<'_> {
    /// Whether it aims at attributes of the resource itself.
    #[must_use]
    pub fn changes_attributes(&self) -> bool {
        !self.steps.is_empty()
    }

    /// The changes of a group's members, in order. Always empty for a user.
    #[must_use]
    pub fn members(&self) -> &[MembersChange] {
        &self.members
    }

    /// Splits the changes of the members off; what is left changes attributes only.
    #[must_use]
    pub fn split_members(mut self) -> (Self, Vec<MembersChange>) {
        let members = std::mem::take(&mut self.members);
        (self, members)
    }

    /// Whether all current members must be read: to clear or replace them, or to remove by anything but id.
    #[must_use]
    pub fn needs_members(&self) -> bool {
        self.members.iter().any(MembersChange::needs_members)
    }
}

fn slot(extension: Option<&Schema>, attribute: &Attribute) -> Slot {
    Slot {
        extension: extension.map(|schema| schema.id.to_string()),
        name: attribute.name.to_string(),
    }
}

pub(super) struct Planner<'p> {
    pub(super) rt: &'p ResourceType,
    own_id: &'p str,
    pub(super) notices: &'p mut Notices,
    steps: Vec<Step>,
    pub(super) members: Vec<MembersChange>,
    pub(super) members_named: usize,
}

/// One operation on one attribute.
pub(super) struct Aim<'a> {
    pub(super) op: Op,
    pub(super) path: &'a Path,
    pub(super) found: Found<'a>,
    /// The path as the client wrote it, shortened.
    pub(super) label: String,
    /// Whether the client named it as the `path`, rather than as one name among others in a value. What is
    /// read-only is an error there and ignored here, as in a PUT (RFC 7644 §3.5.1).
    explicit: bool,
}

impl<'p> Planner<'p> {
    fn operation(&mut self, operation: Operation) -> Result<(), Error> {
        let Operation { op, path, value } = operation;
        match path {
            Some(path) => self.at(op, &path, value, true),
            None => self.pathless(op, value.unwrap_or_default()),
        }
    }

    /// An operation on the resource itself: each name in the value is a path (Okta, Entra with its flag,
    /// SailPoint), plain, nested, dotted (`name.givenName`) or with a URN.
    fn pathless(&mut self, op: Op, value: Value) -> Result<(), Error> {
        let Value::Object(attributes) = tolerance::one_of(value, "value", self.notices) else {
            return Err(Error::invalid_value(
                "an operation without `path` needs an object of attributes as its `value`",
            ));
        };
        for (name, value) in attributes {
            match Path::parse(&name) {
                Ok(path) => self.at(op, &path, Some(value), false)?,
                Err(_) => self.notices.push(NoticeKind::UnknownAttribute, name),
            }
        }
        Ok(())
    }

    fn at(
        &mut self,
        op: Op,
        path: &Path,
        value: Option<Value>,
        explicit: bool,
    ) -> Result<(), Error> {
        let rt = self.rt;
        let no_brackets = || {
            Error::invalid_path(format!(
                "`{}` cannot have brackets; they select among the values of one attribute",
                quote(&path.to_string())
            ))
        };
        match path.resolve(rt) {
            Target::Unknown => {
                self.notices.push(NoticeKind::UnknownAttribute, path.to_string());
                Ok(())
            }
            Target::Base | Target::Extension(_) if path.filter.is_some() => Err(no_brackets()),
            Target::Base if op == Op::Remove => Err(Error::no_target(
                "`remove` with the URN of the whole resource as its path removes nothing; name an attribute",
            )),
            Target::Base => self.pathless(op, value.unwrap_or_default()),
            Target::Extension(schema) => self.extension(op, schema, value),
            Target::Attribute(found) => {
                let label = quote(&path.to_string());
                self.attribute(&Aim { op, path, found, label, explicit }, value)
            }
        }
    }

    /// A whole extension by its URN.
    fn extension(&mut self, op: Op, schema: &Schema, value: Option<Value>) -> Result<(), Error> {
        let value = value.unwrap_or_default();
        let clears = tolerance::is_nothing(&value) || value.as_str() == Some("");
        match value {
            _ if op == Op::Remove || (clears && op == Op::Replace) => {
                for attribute in &schema.attributes {
                    if attribute.required || attribute.mutability == Mutability::ReadOnly {
                        continue;
                    }
                    self.steps.push(Step {
                        slot: slot(Some(schema), attribute),
                        attribute: attribute.clone(),
                        label: schema.id.to_string(),
                        action: Action::Set(None),
                    });
                }
                Ok(())
            }
            _ if clears => Ok(()),
            Value::Object(attributes) => {
                for (name, value) in attributes {
                    let Some(attribute) = AttrPath::checked(&format!("{}:{name}", schema.id))
                    else {
                        self.notices.push(NoticeKind::UnknownAttribute, name);
                        continue;
                    };
                    let path = Path { attribute, filter: None, sub: None };
                    self.at(op, &path, Some(value), false)?;
                }
                Ok(())
            }
            _ => Err(Error::invalid_value(format!(
                "`{}` must be an object with the attributes of that schema",
                schema.id
            ))),
        }
    }

    fn attribute(&mut self, aim: &Aim<'_>, value: Option<Value>) -> Result<(), Error> {
        if self.is_set_aside(aim, value.as_ref())? {
            return Ok(());
        }
        let name = aim.found.attribute.name.as_ref();
        if self.rt.schema.id == GROUP_SCHEMA && aim.found.extension.is_none() && name == "members" {
            return self.members(aim, value);
        }
        if aim.path.filter.is_some() && !aim.found.attribute.multi_valued {
            return Err(Error::invalid_path(format!(
                "`{}` has one value only, so nothing can be selected with brackets; leave them out",
                aim.label
            )));
        }
        match value {
            value if aim.op == Op::Remove => self.remove(aim, value),
            Some(value) => self.set(aim, value),
            None => Err(Error::invalid_value(format!("`{}` needs a `value`", aim.label))),
        }
    }

    /// What a client may not write: an error, or ignored with a notice.
    fn is_set_aside(&mut self, aim: &Aim<'_>, value: Option<&Value>) -> Result<bool, Error> {
        let Aim { found: Found { extension, attribute, sub }, label, .. } = aim;
        let core_name = if extension.is_none() { attribute.name.as_ref() } else { "" };
        match core_name {
            "id" => {
                let same = value.is_none_or(|v| v.is_null() || v.as_str() == Some(self.own_id));
                if aim.op == Op::Remove || !same {
                    return Err(Error::mutability(
                        "`id` is given by this server and cannot be changed; leave it out",
                    ));
                }
                return Ok(true);
            }
            // Derived when the resource is read; clients add URNs together with the attributes.
            "schemas" => {
                self.notices.push(NoticeKind::ReadOnly, "schemas");
                return Ok(true);
            }
            // Okta always sends one; it is not kept.
            "password" => {
                self.notices.push(NoticeKind::Password, "password");
                return Ok(true);
            }
            _ => {}
        }
        let part = sub.unwrap_or(attribute);
        if [*attribute, part].iter().any(|part| part.mutability == Mutability::ReadOnly) {
            if aim.explicit {
                return Err(Error::mutability(format!(
                    "`{label}` is read-only; take it out of the request"
                )));
            }
            let membership = core_name == "groups" && is_membership(self.rt, core_name);
            let kind = if membership { NoticeKind::Membership } else { NoticeKind::ReadOnly };
            self.notices.push(kind, label.clone());
            return Ok(true);
        }
        // RFC 7644 §3.5.2 lets a client add a value to an immutable attribute that has none: one that stands at
        // its default has none of the client's. Whether it does is for the resource to say.
        let may_be_added = aim.op == Op::Add && sub.is_none() && attribute.default.is_some();
        if (attribute.create_only || part.create_only) && !may_be_added {
            return Err(Error::mutability(format!(
                "`{label}` is set when the resource is created and cannot be changed; leave it out of the mapping \
                 for updates"
            )));
        }
        Ok(false)
    }

    fn push(&mut self, aim: &Aim<'_>, action: Action) {
        self.steps.push(Step {
            slot: slot(aim.found.extension, aim.found.attribute),
            attribute: aim.found.attribute.clone(),
            label: aim.label.clone(),
            action,
        });
    }

    fn select(&self, aim: &Aim<'_>) -> Result<Option<Predicate>, Error> {
        let filter = aim.path.filter.as_ref();
        filter.map(|filter| Predicate::bind_element(filter, self.rt, aim.found)).transpose()
    }

    /// RFC 7644 §3.5.2.2.
    fn remove(&mut self, aim: &Aim<'_>, value: Option<Value>) -> Result<(), Error> {
        let Found { attribute, sub, .. } = aim.found;
        if sub.unwrap_or(attribute).required {
            return Err(Error::mutability(format!(
                "`{}` is required and cannot be removed; replace it with another value",
                aim.label
            )));
        }
        let select = self.select(aim)?;
        let value = value.filter(|value| !value.is_null());
        let action = match (sub, select, value) {
            (Some(sub), select, _) if attribute.multi_valued => {
                let change = ElementChange::Parts(vec![(sub.clone(), None)]);
                Action::Elements { select, create: None, change }
            }
            (Some(sub), _, _) => Action::Merge(vec![(sub.clone(), None)]),
            (None, Some(select), _) => Action::Elements {
                select: Some(select),
                create: None,
                change: ElementChange::Remove,
            },
            // Entra and JumpCloud: the values to remove beside the path. Only those go; an implementation that
            // overlooked the value emptied whole groups.
            (None, None, Some(value)) if attribute.multi_valued => {
                Action::RemoveElements(self.elements(aim, value)?)
            }
            (None, None, _) => Action::Set(None),
        };
        self.push(aim, action);
        Ok(())
    }

    /// A value as the elements of a multi-valued attribute.
    fn elements(&mut self, aim: &Aim<'_>, sent: Value) -> Result<Vec<Value>, Error> {
        let kept = value::canonical(aim.found.attribute, sent, &aim.label, self.notices)?;
        Ok(match kept {
            Some(Value::Array(elements)) => elements,
            Some(single) => vec![single],
            None => Vec::new(),
        })
    }

    /// `add` (RFC 7644 §3.5.2.1) and `replace` (§3.5.2.3).
    fn set(&mut self, aim: &Aim<'_>, value: Value) -> Result<(), Error> {
        let Found { attribute, sub, .. } = aim.found;
        if let Some(sub) = sub {
            return self.set_part(aim, sub, value);
        }
        if aim.path.filter.is_some() {
            return self.set_selected(aim, value);
        }
        if attribute.multi_valued {
            let elements = self.elements(aim, value)?;
            if aim.op == Op::Replace {
                let list = (!elements.is_empty()).then_some(Value::Array(elements));
                self.required_stays(aim, list.as_ref())?;
                self.push(aim, Action::Set(list));
            } else if !elements.is_empty() {
                self.push(aim, Action::AddElements(elements));
            }
            return Ok(());
        }
        if attribute.kind == AttributeType::Complex {
            return self.set_complex(aim, value);
        }
        let value = tolerance::unwrapped(attribute, value, &aim.label, self.notices);
        // An empty `externalId` is how some clients say that they have none; it is a key, not a text to keep.
        let no_external_id = aim.found.extension.is_none()
            && attribute.name == "externalId"
            && value.as_str() == Some("");
        let value = if no_external_id { Value::Null } else { value };
        let kept = value::canonical(attribute, value, &aim.label, self.notices)?;
        self.required_stays(aim, kept.as_ref())?;
        // To add nothing changes nothing; to replace by nothing clears (RFC 7643 §2.5).
        if kept.is_some() || aim.op == Op::Replace {
            self.push(aim, Action::Set(kept));
        }
        Ok(())
    }

    fn required_stays(&self, aim: &Aim<'_>, value: Option<&Value>) -> Result<(), Error> {
        let blank =
            value.is_none_or(|value| value.as_str().is_some_and(|text| text.trim().is_empty()));
        if aim.found.attribute.required && blank {
            return Err(Error::invalid_value(format!(
                "`{}` is required and cannot be empty; map it to something that every user or group has",
                aim.label
            )));
        }
        Ok(())
    }

    /// `name.familyName`, `emails[type eq "work"].value`.
    fn set_part(&mut self, aim: &Aim<'_>, sub: &Attribute, value: Value) -> Result<(), Error> {
        let attribute = aim.found.attribute;
        let value = tolerance::unwrapped(sub, value, &aim.label, self.notices);
        let kept = self.part(sub, value, &aim.label)?;
        if kept.is_none() && aim.op == Op::Add {
            return Ok(());
        }
        let parts = vec![(sub.clone(), kept)];
        if !attribute.multi_valued {
            self.push(aim, Action::Merge(parts));
            return Ok(());
        }
        let select = self.select(aim)?;
        let create = match &aim.path.filter {
            Some(filter) => tolerance::described_element(filter, attribute),
            None => Some(Map::new()),
        };
        self.push(aim, Action::Elements { select, create, change: ElementChange::Parts(parts) });
        Ok(())
    }

    /// `emails[type eq "work"]` with a whole element as the value. It is merged into what the filter selects:
    /// an element that came without its `type` would otherwise lose it and be created anew by the next request.
    fn set_selected(&mut self, aim: &Aim<'_>, value: Value) -> Result<(), Error> {
        let attribute = aim.found.attribute;
        let select = self.select(aim)?;
        let value = tolerance::one_of(value, &aim.label, self.notices);
        if tolerance::is_nothing(&value) || value.as_str() == Some("") {
            if aim.op == Op::Replace {
                self.push(
                    aim,
                    Action::Elements { select, create: None, change: ElementChange::Remove },
                );
            }
            return Ok(());
        }
        if attribute.kind != AttributeType::Complex {
            if let Some(element) = value::element(attribute, value, &aim.label, self.notices)? {
                let change = ElementChange::Whole(element);
                self.push(aim, Action::Elements { select, create: None, change });
            }
            return Ok(());
        }
        let parts = self.parts(attribute, value, &aim.label)?;
        let create = aim.path.filter.as_ref();
        let create = create.and_then(|filter| tolerance::described_element(filter, attribute));
        self.push(aim, Action::Elements { select, create, change: ElementChange::Parts(parts) });
        Ok(())
    }

    /// A single complex value: merged part by part, also by `replace` (RFC 7644 §3.5.2.3: "sub-attributes that
    /// are not specified SHALL be left unchanged"). Entra clears `manager` with `""`, `null` or an empty `value`.
    fn set_complex(&mut self, aim: &Aim<'_>, value: Value) -> Result<(), Error> {
        let attribute = aim.found.attribute;
        let value = tolerance::one_of(value, &aim.label, self.notices);
        let nothing = tolerance::is_nothing(&value) || value.as_str() == Some("");
        let parts = if nothing { Vec::new() } else { self.parts(attribute, value, &aim.label)? };
        let loses_value = parts.iter().any(|(sub, value)| sub.name == "value" && value.is_none());
        if nothing || loses_value {
            if aim.op == Op::Replace {
                self.required_stays(aim, None)?;
                self.push(aim, Action::Set(None));
            }
            return Ok(());
        }
        if !parts.is_empty() {
            self.push(aim, Action::Merge(parts));
        }
        Ok(())
    }

    /// The parts of one complex value, `null` ones among them. Text stands for its `value` (Entra's `manager`).
    fn parts(
        &mut self,
        attribute: &Attribute,
        value: Value,
        label: &str,
    ) -> Result<Vec<Part>, Error> {
        let object = match value {
            Value::Object(object) => object,
            simple @ (Value::String(_) | Value::Number(_))
                if attribute.sub_attribute("value").is_some() =>
            {
                self.notices.push(NoticeKind::TextForComplex, label.to_owned());
                Map::from_iter([("value".to_owned(), simple)])
            }
            other => {
                // Refuses in the words that every other request gets.
                value::element(attribute, other, label, self.notices)?;
                return Ok(Vec::new());
            }
        };
        let mut parts: Vec<Part> = Vec::with_capacity(object.len());
        for (name, value) in object {
            let path = format!("{label}.{name}");
            let Some(sub) = attribute.sub_attribute(&name) else {
                self.notices.push(NoticeKind::UnknownAttribute, path);
                continue;
            };
            if sub.mutability == Mutability::ReadOnly {
                self.notices.push(NoticeKind::ReadOnly, path);
                continue;
            }
            if parts.iter().any(|(other, _)| other.name == sub.name) {
                return Err(value::twice(&path));
            }
            let value = self.part(sub, value, &path)?;
            parts.push((sub.clone(), value));
        }
        Ok(parts)
    }

    /// One part. An empty `value` is none: a complex value without it means nothing (see [`value::canonical`]).
    fn part(&mut self, sub: &Attribute, value: Value, label: &str) -> Result<Option<Value>, Error> {
        let kept = value::canonical(sub, value, label, self.notices)?;
        Ok(kept.filter(|kept| sub.name != "value" || kept.as_str() != Some("")))
    }

    /// Counts the members that the request names.
    pub(super) fn count_members(&mut self, more: usize) -> Result<(), Error> {
        self.members_named = self.members_named.saturating_add(more);
        if self.members_named > crate::resource::MEMBERS_PER_REQUEST_MAX {
            return Err(Error::too_many(format!(
                "the request names more than {} members; send them in several requests",
                crate::resource::MEMBERS_PER_REQUEST_MAX
            )));
        }
        Ok(())
    }
}
