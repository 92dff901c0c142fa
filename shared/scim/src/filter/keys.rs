//! Which key look-ups find every resource that a filter (RFC 7644 §3.4.2.2) can match (P13): the store answers those at the same
//! cost for ten users and for a million.
//!
//! INVARIANT: a plan may name too many candidates, never too few. Whoever follows it evaluates the whole
//! filter on each candidate.

use super::ast::Operator;
use super::predicate::{Check, MemberPart, Node, Place, Predicate};
use crate::value::normalized_key;

/// Where the candidates of a filter are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidates {
    /// What these look-ups find, together. None at all when the filter cannot match.
    Keys(Vec<KeyTerm>),
    /// Only a walk through every resource is sure to find them.
    All,
}

/// One equality look-up.
///
/// `UserName`, `Email` and `DisplayName` disregard case and hold [`normalized_key`] of the literal;
/// the others compare exactly and hold it as it came.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyTerm {
    /// The resource with this id.
    Id(String),
    /// The user with this `userName`.
    UserName(String),
    /// The resources with this `externalId`.
    ExternalId(String),
    /// The groups that this id is a member of.
    Member(String),
    /// The users that are members of this group.
    Group(String),
    /// The users with this e-mail address.
    Email(String),
    /// The groups with this `displayName`.
    DisplayName(String),
}

impl KeyTerm {
    /// How wide a look-up may be: the smaller, the fewer candidates.
    const fn width(&self) -> u8 {
        match self {
            Self::Id(_) => 0,
            Self::UserName(_) => 1,
            Self::ExternalId(_) => 2,
            Self::Member(_) => 3,
            Self::Email(_) => 4,
            Self::DisplayName(_) => 5,
            // All the members of a group, which may be everybody.
            Self::Group(_) => 6,
        }
    }
}

impl Candidates {
    /// Smaller is better: no key at all, then the widest key, then how many.
    fn cost(&self) -> (u8, usize) {
        match self {
            Self::Keys(keys) => {
                (keys.iter().map(KeyTerm::width).max().unwrap_or_default(), keys.len())
            }
            Self::All => (u8::MAX, usize::MAX),
        }
    }
}

impl Predicate {
    /// The look-ups that suffice: the best part of an `and`, the union of an `or`, and
    /// [`Candidates::All`] where nothing but `eq` on a key would do.
    #[must_use]
    pub fn candidates(&self) -> Candidates {
        Planner { is_group: self.is_group, within: None }.plan(&self.node)
    }
}

#[derive(Clone, Copy)]
struct Planner<'p> {
    is_group: bool,
    /// The attribute whose brackets we are in.
    within: Option<&'p Place>,
}

impl Planner<'_> {
    fn plan(self, node: &Node) -> Candidates {
        match node {
            Node::Never => Candidates::Keys(Vec::new()),
            Node::Always | Node::Not(_) => Candidates::All,
            Node::And(nodes) => nodes
                .iter()
                .map(|node| self.plan(node))
                .min_by_key(Candidates::cost)
                .unwrap_or(Candidates::All),
            Node::Or(nodes) => {
                let mut union = Vec::new();
                for node in nodes {
                    let Candidates::Keys(keys) = self.plan(node) else {
                        return Candidates::All;
                    };
                    for key in keys {
                        if !union.contains(&key) {
                            union.push(key);
                        }
                    }
                }
                Candidates::Keys(union)
            }
            Node::Within { place, node } => Planner { within: Some(place), ..self }.plan(node),
            Node::Test { place, check: Check::Text { operator: Operator::Equal, literal, .. } } => {
                self.key(place, literal).map_or(Candidates::All, |key| Candidates::Keys(vec![key]))
            }
            Node::Test { .. } => Candidates::All,
        }
    }

    fn key(self, place: &Place, literal: &str) -> Option<KeyTerm> {
        let exact = || literal.to_owned();
        let folded = || normalized_key(literal);
        match (self.within, place) {
            (None, Place::Id) => Some(KeyTerm::Id(exact())),
            (None, Place::Members(Some(MemberPart::Value)))
            | (Some(Place::Members(_)), Place::Part { member: Some(MemberPart::Value), .. }) => {
                Some(KeyTerm::Member(exact()))
            }
            (None, Place::Groups(Some(MemberPart::Value)))
            | (Some(Place::Groups(_)), Place::Part { member: Some(MemberPart::Value), .. }) => {
                Some(KeyTerm::Group(exact()))
            }
            (None, Place::Field { extension: None, name, sub: None }) => match name.as_str() {
                "userName" => Some(KeyTerm::UserName(folded())),
                "externalId" => Some(KeyTerm::ExternalId(exact())),
                "displayName" if self.is_group => Some(KeyTerm::DisplayName(folded())),
                _ => None,
            },
            (None, Place::Field { extension: None, name, sub: Some(sub) })
                if name == "emails" && sub == "value" =>
            {
                Some(KeyTerm::Email(folded()))
            }
            (Some(Place::Field { extension: None, name, .. }), Place::Part { name: sub, .. })
                if name == "emails" && sub == "value" =>
            {
                Some(KeyTerm::Email(folded()))
            }
            _ => None,
        }
    }
}
