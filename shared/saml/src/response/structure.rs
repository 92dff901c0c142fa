//! Where elements may stand (SAML Core §1.3.4, §3.3.3): what wrapping attacks need is refused before any signature is
//! looked at.

use std::collections::BTreeSet;

use crate::{
    Rejection,
    rejection::shown,
    xml::{Element, ns},
};

/// The one assertion of a Response.
pub(super) struct Held<'d, 'a> {
    /// `Assertion` or `EncryptedAssertion`.
    pub(super) element: Element<'d, 'a>,
    /// Which of the two.
    pub(super) encrypted: bool,
}

/// The one assertion, and that no other is anywhere, in whatever namespace, and no Signature but directly in the
/// Response and in the assertion.
pub(super) fn one_assertion<'d, 'a>(root: Element<'d, 'a>) -> Result<Held<'d, 'a>, Rejection> {
    let mut held = Vec::new();
    for child in root.children() {
        if child.is(ns::SAML, "Assertion") {
            held.push(Held { element: child, encrypted: false });
        } else if child.is(ns::SAML, "EncryptedAssertion") {
            held.push(Held { element: child, encrypted: true });
        }
    }
    let count = held.len();
    let (Some(only), 1) = (held.pop(), count) else {
        return Err(Rejection::AssertionCount { got: count });
    };
    let named = |name: &str| root.descendants().filter(|element| element.local() == name).count();
    if named("Assertion") + named("EncryptedAssertion") != 1 {
        return Err(Rejection::Misplaced { got: "a second assertion, hidden".to_owned() });
    }
    let direct = |element: Element<'d, 'a>| {
        element.children().filter(|child| child.local() == "Signature").count()
    };
    if named("Signature") != direct(root) + direct(only.element) {
        return Err(Rejection::Misplaced {
            got: "a Signature that is neither the Response's nor the assertion's".to_owned(),
        });
    }
    ids_unique(root)?;
    Ok(only)
}

/// No two elements have one ID, by any of the names that some reader takes for an ID.
fn ids_unique(root: Element<'_, '_>) -> Result<(), Rejection> {
    let mut seen = BTreeSet::new();
    for element in root.descendants() {
        for attribute in element.0.attributes() {
            if attribute.name().eq_ignore_ascii_case("id") && !seen.insert(attribute.value()) {
                return Err(Rejection::DuplicateId { got: shown(attribute.value()) });
            }
        }
    }
    Ok(())
}
