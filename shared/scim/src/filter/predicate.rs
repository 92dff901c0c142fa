//! A filter bound to a resource type: names are looked up once, literals are brought into the form of their
//! attribute, and what does not fit is refused (RFC 7644 §3.4.2.2). One predicate then reads many resources.

use std::cmp::Ordering;

use serde_json::Number;
use time::OffsetDateTime;

use super::ast::{Filter, Literal, Operator};
use crate::path::{AttrPath, Found, Target, quote};
use crate::schema::{Attribute, AttributeType, GROUP_SCHEMA, ResourceType, Returned, USER_SCHEMA};
use crate::value::moment as instant;
use crate::{Error, value};

/// What a name is that the resource type does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknowns {
    /// An error that names it: for the endpoint of one resource type.
    Refuse,
    /// An attribute without a value: for a search across types (RFC 7644 §3.4.2.1), where `userName` is no
    /// mistake although groups have none.
    NoValue,
}

/// A filter that is bound to a resource type. Made by [`Predicate::bind`]; see [`Predicate::matches`].
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    pub(crate) node: Node,
    /// Whether it is bound to groups, whose `displayName` is a key.
    pub(crate) is_group: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Never,
    Always,
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test { place: Place, check: Check },
    Within { place: Place, node: Box<Node> },
}

/// Where the values of an attribute are found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    Schemas {
        base: String,
        extensions: Vec<String>,
    },
    Id,
    ResourceType(String),
    Created,
    LastModified,
    Location,
    Version,
    /// All of `meta`, which every resource has.
    Meta,
    /// An extension as a whole.
    Extension(String),
    /// Of a group: the elements, or a part of each.
    Members(Option<MemberPart>),
    /// Of a user: the elements, or a part of each.
    Groups(Option<MemberPart>),
    /// Anything that the resource's JSON holds.
    Field {
        extension: Option<String>,
        name: String,
        sub: Option<String>,
    },
    /// Inside brackets: a part of the element, or the element itself for a simple attribute's `value`.
    Part {
        name: String,
        member: Option<MemberPart>,
    },
}

/// The parts of a membership, which is kept outside of the resource's JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemberPart {
    Value,
    Type,
    Display,
}

/// What is asked of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Check {
    Present,
    Absent,
    /// `literal` is folded unless `exact`.
    Text {
        operator: Operator,
        literal: String,
        exact: bool,
    },
    Boolean {
        operator: Operator,
        literal: bool,
    },
    Number {
        operator: Operator,
        literal: Number,
    },
    Instant {
        operator: Operator,
        literal: OffsetDateTime,
    },
}

impl Check {
    /// Whether "no value" passes: `ne` asks for "not identical", which nothing is to something.
    pub(crate) const fn holds_for_nothing(&self) -> bool {
        match self {
            Self::Present => false,
            Self::Absent => true,
            Self::Text { operator, .. }
            | Self::Boolean { operator, .. }
            | Self::Number { operator, .. }
            | Self::Instant { operator, .. } => matches!(operator, Operator::NotEqual),
        }
    }
}

impl Predicate {
    /// Binds `filter` to `rt`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidFilter`], naming the attribute, when an operator or a literal does not fit it, when a
    /// complex attribute without `value` is compared, when a value is never returned (`password`), and with
    /// [`Unknowns::Refuse`] when `rt` does not have it.
    pub fn bind(filter: &Filter, rt: &ResourceType, unknowns: Unknowns) -> Result<Self, Error> {
        let node = Binder { rt, unknowns, element: None }.node(filter)?;
        Ok(Self { node, is_group: rt.schema.id == GROUP_SCHEMA })
    }

    /// Binds the value filter of a PATCH path to the elements of `attribute` (RFC 7644 §3.5.2).
    ///
    /// # Errors
    /// As [`Predicate::bind`] with [`Unknowns::Refuse`].
    pub(crate) fn bind_element(
        filter: &Filter,
        rt: &ResourceType,
        found: Found<'_>,
    ) -> Result<Self, Error> {
        let binder = Binder { rt, unknowns: Unknowns::Refuse, element: Some(found.attribute) };
        Ok(Self { node: binder.node(filter)?, is_group: false })
    }

    /// Whether the members of a group must be known to answer.
    #[must_use]
    pub fn needs_members(&self) -> bool {
        self.node.any_place(&|place| matches!(place, Place::Members(_)))
    }

    /// Whether the groups of a user must be known to answer.
    #[must_use]
    pub fn needs_groups(&self) -> bool {
        self.node.any_place(&|place| matches!(place, Place::Groups(_)))
    }
}

impl Node {
    fn any_place(&self, is: &dyn Fn(&Place) -> bool) -> bool {
        match self {
            Self::Never | Self::Always => false,
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(|node| node.any_place(is)),
            Self::Not(node) => node.any_place(is),
            Self::Test { place, .. } | Self::Within { place, .. } => is(place),
        }
    }
}

/// Depth is bounded by the parser ([`super::FILTER_DEPTH_MAX`]).
#[derive(Clone, Copy)]
struct Binder<'s> {
    rt: &'s ResourceType,
    unknowns: Unknowns,
    /// Inside brackets: the attribute whose element is looked at.
    element: Option<&'s Attribute>,
}

impl<'s> Binder<'s> {
    fn node(self, filter: &Filter) -> Result<Node, Error> {
        Ok(match filter {
            Filter::And(parts) => Node::And(self.nodes(parts)?),
            Filter::Or(parts) => Node::Or(self.nodes(parts)?),
            Filter::Not(inner) => Node::Not(Box::new(self.node(inner)?)),
            Filter::Present(path) => match self.find(path)? {
                Some(Named { place, .. }) => Node::Test { place, check: Check::Present },
                None => Node::Never,
            },
            Filter::Compare { path, operator, literal } => match self.find(path)? {
                Some(named) => named.compared(path, *operator, literal)?,
                None => of_nothing(*operator, literal),
            },
            Filter::Within { path, filter } => self.within(path, filter)?,
        })
    }

    fn nodes(self, parts: &[Filter]) -> Result<Vec<Node>, Error> {
        parts.iter().map(|part| self.node(part)).collect()
    }

    fn within(self, path: &AttrPath, filter: &Filter) -> Result<Node, Error> {
        let unfit = || {
            Error::invalid_filter(format!(
                "`{}` has no parts to filter by; use brackets with a complex or multi-valued attribute, such as \
                 `emails[type eq \"work\"]`",
                quote(path.as_str())
            ))
        };
        let Some(named) = self.find(path)? else {
            return Ok(Node::Never);
        };
        let attribute = named.attribute.ok_or_else(unfit)?;
        let has_parts = attribute.multi_valued || attribute.kind == AttributeType::Complex;
        if !has_parts || named.is_sub || matches!(named.place, Place::Meta | Place::Schemas { .. })
        {
            return Err(unfit());
        }
        let inner = Self { element: Some(attribute), ..self };
        Ok(Node::Within { place: named.place, node: Box::new(inner.node(filter)?) })
    }

    /// What a path names; none when it is unknown and that is to be no value.
    fn find(self, path: &AttrPath) -> Result<Option<Named<'s>>, Error> {
        let named = match self.element {
            Some(attribute) => part(attribute, path, self.rt),
            None => top(path, self.rt)?,
        };
        if named.is_none() && self.unknowns == Unknowns::Refuse {
            let hint = if self.element.is_some() { "sub-attribute" } else { "attribute" };
            return Err(Error::invalid_filter(format!(
                "the filter names the {hint} `{}`, which a {} does not have; see /Schemas for those that it has",
                quote(path.as_str()),
                self.rt.name
            )));
        }
        Ok(named)
    }
}

/// A comparison with an attribute that does not exist: as with one that has no value.
fn of_nothing(operator: Operator, literal: &Literal) -> Node {
    let holds = match literal {
        Literal::Null => operator == Operator::Equal,
        Literal::Text(_) | Literal::Number(_) | Literal::Boolean(_) => {
            operator == Operator::NotEqual
        }
    };
    if holds { Node::Always } else { Node::Never }
}

/// A place with what the schema says about it.
struct Named<'s> {
    place: Place,
    /// The attribute, or the sub-attribute when the path names one; none for a whole schema.
    attribute: Option<&'s Attribute>,
    is_sub: bool,
    /// Ids are compared exactly, whatever a schema says about `value` (ids are ours, and keys).
    exact: bool,
}

fn top<'s>(path: &AttrPath, rt: &'s ResourceType) -> Result<Option<Named<'s>>, Error> {
    let whole = |place| Ok(Some(Named { place, attribute: None, is_sub: false, exact: true }));
    let found = match path.resolve(rt) {
        Target::Unknown => return Ok(None),
        Target::Base => return whole(Place::Meta),
        Target::Extension(schema) => return whole(Place::Extension(schema.id.to_string())),
        Target::Attribute(found) => found,
    };
    let attribute = found.sub.unwrap_or(found.attribute);
    if found.attribute.returned == Returned::Never || attribute.returned == Returned::Never {
        return Err(Error::invalid_filter(format!(
            "`{}` is never returned and cannot be filtered by; leave it out of the filter",
            quote(path.as_str())
        )));
    }
    let mut exact = attribute.case_exact;
    let name = found.attribute.name.as_ref();
    let sub = found.sub.map(|sub| sub.name.as_ref());
    let place = match (found.extension, name, sub) {
        (None, "schemas", _) => Place::Schemas {
            base: rt.schema.id.to_string(),
            extensions: rt.extensions.iter().map(|schema| schema.id.to_string()).collect(),
        },
        (None, "id", _) => Place::Id,
        (None, "meta", None) => Place::Meta,
        (None, "meta", Some("resourceType")) => Place::ResourceType(rt.name.to_string()),
        (None, "meta", Some("created")) => Place::Created,
        (None, "meta", Some("lastModified")) => Place::LastModified,
        (None, "meta", Some("location")) => Place::Location,
        (None, "meta", Some(_)) => Place::Version,
        (None, _, _) if is_membership(rt, name) => {
            exact |= sub.is_none() || sub == Some("value");
            let part = match sub {
                None => None,
                Some(sub) => Some(member_part(path, sub)?),
            };
            if name == "members" { Place::Members(part) } else { Place::Groups(part) }
        }
        (extension, _, sub) => Place::Field {
            extension: extension.map(|schema| schema.id.to_string()),
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        },
    };
    Ok(Some(Named { place, attribute: Some(attribute), is_sub: found.sub.is_some(), exact }))
}

/// Whether `name` is kept as membership rows rather than in the resource.
pub(crate) fn is_membership(rt: &ResourceType, name: &str) -> bool {
    (rt.schema.id == GROUP_SCHEMA && name == "members")
        || (rt.schema.id == USER_SCHEMA && name == "groups")
}

fn member_part(path: &AttrPath, sub: &str) -> Result<MemberPart, Error> {
    match sub {
        "value" => Ok(MemberPart::Value),
        "type" => Ok(MemberPart::Type),
        "display" => Ok(MemberPart::Display),
        _ => Err(Error::invalid_filter(format!(
            "`{}` is made when it is read and cannot be filtered by; filter by `value`, the id",
            quote(path.as_str())
        ))),
    }
}

/// A path inside brackets: a sub-attribute of the attribute before them.
fn part<'s>(attribute: &'s Attribute, path: &AttrPath, rt: &ResourceType) -> Option<Named<'s>> {
    let name = path.as_str();
    if attribute.kind != AttributeType::Complex {
        // RFC 7643 §2.4: a simple multi-valued attribute's elements are values; `value` means each.
        return name.eq_ignore_ascii_case("value").then(|| Named {
            place: Place::Part { name: "value".to_owned(), member: None },
            attribute: Some(attribute),
            is_sub: true,
            exact: attribute.case_exact,
        });
    }
    let sub = attribute.sub_attribute(name)?;
    let is_membership = is_membership(rt, &attribute.name);
    let member = if is_membership { Some(member_part(path, &sub.name).ok()?) } else { None };
    Some(Named {
        place: Place::Part { name: sub.name.to_string(), member },
        attribute: Some(sub),
        is_sub: true,
        exact: sub.case_exact || (is_membership && sub.name == "value"),
    })
}

impl Named<'_> {
    fn compared(
        self,
        path: &AttrPath,
        operator: Operator,
        literal: &Literal,
    ) -> Result<Node, Error> {
        let Self { place, attribute, exact, .. } = self;
        if *literal == Literal::Null {
            return match operator {
                Operator::Equal => Ok(Node::Test { place, check: Check::Absent }),
                Operator::NotEqual => Ok(Node::Test { place, check: Check::Present }),
                _ => Err(unfit(path, operator, "null, which only eq and ne compare")),
            };
        }
        let Some(attribute) = attribute else {
            return Err(unfit(path, operator, "a whole schema; name one of its attributes"));
        };
        if attribute.kind != AttributeType::Complex {
            let check = check(path, attribute, exact, operator, literal)?;
            return Ok(Node::Test { place, check });
        }
        // Entra's `manager eq`, `members eq` and Ping's `emails eq` compare the sub-attribute `value`.
        let (Some(sub), Some(place)) = (attribute.sub_attribute("value"), value_of(place)) else {
            return Err(Error::invalid_filter(format!(
                "`{}` has several parts; name the one to compare, such as `{}.{}`",
                quote(path.as_str()),
                quote(path.as_str()),
                attribute.sub_attributes.first().map_or("value", |sub| sub.name.as_ref())
            )));
        };
        // INVARIANT: ids are compared exactly, as the keys of `keys.rs` are.
        let is_id = matches!(place, Place::Members(_) | Place::Groups(_));
        let check = check(path, sub, sub.case_exact || is_id, operator, literal)?;
        Ok(Node::Test { place, check })
    }
}

/// The place of the sub-attribute `value` of a complex attribute.
fn value_of(place: Place) -> Option<Place> {
    match place {
        Place::Members(None) => Some(Place::Members(Some(MemberPart::Value))),
        Place::Groups(None) => Some(Place::Groups(Some(MemberPart::Value))),
        Place::Field { extension, name, sub: None } => {
            Some(Place::Field { extension, name, sub: Some("value".to_owned()) })
        }
        _ => None,
    }
}

fn unfit(path: &AttrPath, operator: Operator, why: &str) -> Error {
    Error::invalid_filter(format!(
        "the operator `{}` does not fit `{}`: it is {why}",
        operator.keyword(),
        quote(path.as_str())
    ))
}

/// The literal in the form of the attribute, or the reason why it does not fit.
fn check(
    path: &AttrPath,
    attribute: &Attribute,
    exact: bool,
    operator: Operator,
    literal: &Literal,
) -> Result<Check, Error> {
    let wrong = |wanted: &str| {
        Error::invalid_filter(format!(
            "`{}` is compared with `{}`; compare it with {wanted}",
            quote(path.as_str()),
            quote(&literal.to_string())
        ))
    };
    match attribute.kind {
        AttributeType::Boolean => {
            if operator.is_ordering() || operator.is_substring() {
                return Err(unfit(path, operator, "a boolean, which only eq and ne compare"));
            }
            let literal = boolean(literal).ok_or_else(|| wrong("true or false"))?;
            Ok(Check::Boolean { operator, literal })
        }
        AttributeType::Integer | AttributeType::Decimal => {
            if operator.is_substring() {
                return Err(unfit(path, operator, "a number; use eq, ne, gt, ge, lt or le"));
            }
            let literal = number(literal).ok_or_else(|| wrong("a number"))?;
            Ok(Check::Number { operator, literal })
        }
        AttributeType::DateTime if !operator.is_substring() => {
            let moment = match literal {
                Literal::Text(text) => instant(text),
                Literal::Number(_) | Literal::Boolean(_) | Literal::Null => None,
            };
            let literal = moment.ok_or_else(|| wrong("a time such as \"2026-01-31T08:00:00Z\""))?;
            Ok(Check::Instant { operator, literal })
        }
        AttributeType::Binary if operator.is_ordering() => {
            Err(unfit(path, operator, "binary, which has no order"))
        }
        AttributeType::Complex => Err(unfit(path, operator, "complex; name one of its parts")),
        AttributeType::String
        | AttributeType::Reference
        | AttributeType::DateTime
        | AttributeType::Binary => {
            let text = match literal {
                Literal::Text(text) => text.clone(),
                // A number or a boolean without quotes against text, such as `employeeNumber eq 7`.
                Literal::Number(_) | Literal::Boolean(_) | Literal::Null => literal.to_string(),
            };
            let exact = exact || attribute.kind == AttributeType::Binary;
            let literal = if exact { text } else { value::normalized_key(&text) };
            Ok(Check::Text { operator, literal, exact })
        }
    }
}

/// Entra writes booleans as text, also in filters: `roles[primary eq "True"]`.
pub(crate) fn boolean(literal: &Literal) -> Option<bool> {
    match literal {
        Literal::Boolean(flag) => Some(*flag),
        Literal::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Literal::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Literal::Text(_) | Literal::Number(_) | Literal::Null => None,
    }
}

fn number(literal: &Literal) -> Option<Number> {
    match literal {
        Literal::Number(number) => Some(number.clone()),
        Literal::Text(text) => text.trim().parse().ok(),
        Literal::Boolean(_) | Literal::Null => None,
    }
}

/// The order of two numbers: exact for whole numbers, else as floating point.
pub(crate) fn number_order(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
