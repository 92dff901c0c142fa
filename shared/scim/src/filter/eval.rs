//! Whether a resource fulfils a filter (RFC 7644 §3.4.2.2). Reads the stored form; nothing is rendered.

use serde_json::{Number, Value};

use super::ast::{Filter, Operator};
use super::predicate::{Check, MemberPart, Node, Place, Predicate, Unknowns, number_order};
use crate::Resource;
use crate::resource::{MemberKind, MemberRef};
use crate::schema::ResourceType;
use crate::value::moment as instant;
use crate::value::normalized_key;

/// A group of a user, as `groups` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupRef {
    /// The group's id.
    pub value: String,
    /// Its name, when it was read.
    pub display: Option<String>,
    /// Whether the user is a member itself, rather than through a nested group.
    pub direct: bool,
}

/// A resource with what is kept beside its attributes; borrowed, because lists look at thousands.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The attributes.
    pub resource: &'a Resource,
    /// `id`
    pub id: &'a str,
    /// `meta.created`
    pub created: &'a str,
    /// `meta.lastModified`
    pub last_modified: &'a str,
    /// `meta.version`
    pub version: &'a str,
    /// `meta.location`; empty when the caller does not know it.
    pub location: &'a str,
    /// A group's members; none when they were not read (see [`Predicate::needs_members`]).
    pub members: Option<&'a [MemberRef]>,
    /// A user's groups; none when they were not read (see [`Predicate::needs_groups`]).
    pub groups: Option<&'a [GroupRef]>,
}

/// Whether the resource fulfils the filter; a filter that does not fit the type is fulfilled by none.
///
/// A convenience for one resource: a list binds once and calls [`Predicate::matches`] for each.
#[must_use]
pub fn eval(filter: &Filter, rt: &ResourceType, view: &View<'_>) -> bool {
    Predicate::bind(filter, rt, Unknowns::NoValue).is_ok_and(|predicate| predicate.matches(view))
}

impl Predicate {
    /// Whether this resource fulfils it.
    #[must_use]
    pub fn matches(&self, view: &View<'_>) -> bool {
        self.node.holds(Scope::Resource(view))
    }

    /// Whether this element of a multi-valued attribute fulfils a value filter.
    pub(crate) fn matches_element(&self, element: &Value) -> bool {
        self.node.holds(Scope::Element(element))
    }

    /// Whether this member fulfils a value filter over `members`.
    #[must_use]
    pub fn matches_member(&self, member: &MemberRef) -> bool {
        self.node.holds(Scope::Member(member))
    }
}

/// What the paths of a node start from.
#[derive(Clone, Copy)]
enum Scope<'v> {
    Resource(&'v View<'v>),
    Element(&'v Value),
    Member(&'v MemberRef),
    Group(&'v GroupRef),
}

/// One value that is looked at.
#[derive(Clone, Copy)]
enum Leaf<'v> {
    Text(&'v str),
    Boolean(bool),
    Number(&'v Number),
    /// A complex value or element: there, and not comparable.
    Whole,
}

impl Node {
    /// Depth is bounded by the parser ([`super::FILTER_DEPTH_MAX`]).
    fn holds(&self, scope: Scope<'_>) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::And(nodes) => nodes.iter().all(|node| node.holds(scope)),
            Self::Or(nodes) => nodes.iter().any(|node| node.holds(scope)),
            Self::Not(node) => !node.holds(scope),
            Self::Test { place, check } => {
                let mut seen = false;
                let found = any_leaf(place, scope, &mut |leaf| {
                    seen = true;
                    check.holds(leaf)
                });
                found || (!seen && check.holds_for_nothing())
            }
            Self::Within { place, node } => any_element(place, scope, node),
        }
    }
}

impl Check {
    fn holds(&self, leaf: Leaf<'_>) -> bool {
        match (self, leaf) {
            (Self::Present, _) => true,
            (Self::Absent, _) => false,
            (Self::Text { operator, literal, exact }, Leaf::Text(text)) => {
                text_holds(*operator, text, literal, *exact)
            }
            (Self::Boolean { operator, literal }, Leaf::Boolean(flag)) => {
                operator.holds(flag.cmp(literal))
            }
            (Self::Number { operator, literal }, Leaf::Number(number)) => {
                number_order(number, literal).is_some_and(|order| operator.holds(order))
            }
            (Self::Instant { operator, literal }, Leaf::Text(text)) => {
                instant(text).is_some_and(|moment| operator.holds(moment.cmp(literal)))
            }
            // Of another type than its schema says: identical to nothing, comparable with nothing.
            (
                Self::Text { operator, .. }
                | Self::Boolean { operator, .. }
                | Self::Number { operator, .. }
                | Self::Instant { operator, .. },
                _,
            ) => *operator == Operator::NotEqual,
        }
    }
}

fn text_holds(operator: Operator, text: &str, literal: &str, exact: bool) -> bool {
    if exact {
        return compare_text(operator, text, literal);
    }
    // The common look-up, without an allocation for each resource of a list.
    if operator == Operator::Equal && text.is_ascii() {
        return text.eq_ignore_ascii_case(literal);
    }
    compare_text(operator, &normalized_key(text), literal)
}

fn compare_text(operator: Operator, text: &str, literal: &str) -> bool {
    match operator {
        Operator::Contains => text.contains(literal),
        Operator::StartsWith => text.starts_with(literal),
        Operator::EndsWith => text.ends_with(literal),
        _ => operator.holds(text.cmp(literal)),
    }
}

/// Whether `test` holds for one of the values at `place`.
fn any_leaf<'v>(
    place: &'v Place,
    scope: Scope<'v>,
    test: &mut dyn FnMut(Leaf<'v>) -> bool,
) -> bool {
    match scope {
        Scope::Resource(view) => any_leaf_of_resource(place, view, test),
        Scope::Element(element) => match place {
            Place::Part { name, .. } => any_part(element, name, test),
            _ => false,
        },
        Scope::Member(member) => match place {
            Place::Part { member: Some(part), .. } => {
                member_text(member, *part).is_some_and(|text| test(Leaf::Text(text)))
            }
            _ => false,
        },
        Scope::Group(group) => match place {
            Place::Part { member: Some(part), .. } => {
                group_text(group, *part).is_some_and(|text| test(Leaf::Text(text)))
            }
            _ => false,
        },
    }
}

fn any_leaf_of_resource<'v>(
    place: &'v Place,
    view: &'v View<'v>,
    test: &mut dyn FnMut(Leaf<'v>) -> bool,
) -> bool {
    let attributes = view.resource.attributes();
    match place {
        Place::Id => test(Leaf::Text(view.id)),
        Place::ResourceType(name) => test(Leaf::Text(name)),
        Place::Created => test(Leaf::Text(view.created)),
        Place::LastModified => test(Leaf::Text(view.last_modified)),
        Place::Location => !view.location.is_empty() && test(Leaf::Text(view.location)),
        Place::Version => test(Leaf::Text(view.version)),
        Place::Meta => test(Leaf::Whole),
        Place::Schemas { base, extensions } => {
            test(Leaf::Text(base))
                || extensions
                    .iter()
                    .any(|urn| attributes.contains_key(urn) && test(Leaf::Text(urn)))
        }
        Place::Extension(urn) => attributes.contains_key(urn) && test(Leaf::Whole),
        Place::Members(part) => view.members.unwrap_or_default().iter().any(|member| match part {
            None => test(Leaf::Whole),
            Some(part) => member_text(member, *part).is_some_and(|text| test(Leaf::Text(text))),
        }),
        Place::Groups(part) => view.groups.unwrap_or_default().iter().any(|group| match part {
            None => test(Leaf::Whole),
            Some(part) => group_text(group, *part).is_some_and(|text| test(Leaf::Text(text))),
        }),
        Place::Field { extension, name, sub } => {
            let Some(value) = field(view.resource, extension.as_deref(), name) else {
                return false;
            };
            any_value(value, &mut |element| match sub {
                None => leaf(element).is_some_and(&mut *test),
                Some(sub) => any_part(element, sub, test),
            })
        }
        Place::Part { .. } => false,
    }
}

fn any_element(place: &Place, scope: Scope<'_>, node: &Node) -> bool {
    let Scope::Resource(view) = scope else {
        return false;
    };
    match place {
        Place::Members(_) => {
            view.members.unwrap_or_default().iter().any(|member| node.holds(Scope::Member(member)))
        }
        Place::Groups(_) => {
            view.groups.unwrap_or_default().iter().any(|group| node.holds(Scope::Group(group)))
        }
        Place::Field { extension, name, .. } => field(view.resource, extension.as_deref(), name)
            .is_some_and(|value| {
                any_value(value, &mut |element| node.holds(Scope::Element(element)))
            }),
        _ => false,
    }
}

/// The value of a top-level attribute as it is stored.
pub(crate) fn field<'v>(
    resource: &'v Resource,
    extension: Option<&str>,
    name: &str,
) -> Option<&'v Value> {
    match extension {
        None => resource.attributes().get(name),
        Some(urn) => resource.attributes().get(urn)?.get(name),
    }
}

/// The elements of a list, or the one value.
fn any_value<'v>(value: &'v Value, test: &mut dyn FnMut(&'v Value) -> bool) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(test),
        single => test(single),
    }
}

/// The sub-attribute `name` of an element; of a simple one, the element itself.
fn any_part<'v>(element: &'v Value, name: &str, test: &mut dyn FnMut(Leaf<'v>) -> bool) -> bool {
    match element {
        Value::Object(parts) => parts
            .get(name)
            .is_some_and(|part| any_value(part, &mut |value| leaf(value).is_some_and(&mut *test))),
        simple => name == "value" && leaf(simple).is_some_and(test),
    }
}

const fn leaf(value: &Value) -> Option<Leaf<'_>> {
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(Leaf::Boolean(*flag)),
        Value::Number(number) => Some(Leaf::Number(number)),
        Value::String(text) => Some(Leaf::Text(text.as_str())),
        Value::Array(_) | Value::Object(_) => Some(Leaf::Whole),
    }
}

fn member_text(member: &MemberRef, part: MemberPart) -> Option<&str> {
    match part {
        MemberPart::Value => Some(&member.value),
        MemberPart::Type => member.kind.map(MemberKind::name),
        MemberPart::Display => member.display.as_deref(),
    }
}

fn group_text(group: &GroupRef, part: MemberPart) -> Option<&str> {
    match part {
        MemberPart::Value => Some(&group.value),
        MemberPart::Type => Some(if group.direct { "direct" } else { "indirect" }),
        MemberPart::Display => group.display.as_deref(),
    }
}
