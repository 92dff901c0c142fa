//! `SignedInfo` and its one Reference (XML Signature §4.4): what was signed, and how it became octets.

use super::{Algorithms, algorithm::DigestAlgorithm, algorithm::short, form};
use crate::{
    Instant, Rejection,
    c14n::Method,
    certificate::base64_with_spaces,
    xml::{Element, ns},
};

/// Exclusive XML Canonicalization: its URI, and the namespace of `InclusiveNamespaces`.
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// Canonical XML 1.0.
const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
/// The transform that leaves the signature out (XML Signature §6.6.4).
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// The longest `PrefixList`, in bytes: prefixes beyond those that can be in scope mean nothing.
const PREFIX_LIST_BYTES_MAX: usize = 1024;

/// A `SignedInfo`: canonicalization method, signature method, one reference, in this order.
pub(super) struct SignedInfo<'d, 'a> {
    pub(super) canonicalization: Method,
    pub(super) signature_method: &'d str,
    reference: Element<'d, 'a>,
}

/// What the Reference says.
pub(super) struct Reference<'d> {
    uri: &'d str,
    pub(super) canonicalization: Method,
    pub(super) digest: DigestAlgorithm,
    pub(super) digest_value: Vec<u8>,
}

impl<'d, 'a> SignedInfo<'d, 'a> {
    pub(super) fn read(element: Element<'d, 'a>) -> Result<Self, Rejection> {
        const WANT: &str =
            "CanonicalizationMethod, SignatureMethod and Reference in SignedInfo, each once";
        let parts = ["CanonicalizationMethod", "SignatureMethod", "Reference"];
        let [canonicalization, signature_method, reference] =
            only_children(element, parts).ok_or_else(|| form(WANT, "something else"))?;
        // An HMACOutputLength would stand here, or parameters of PSS: none that is taken has any.
        if !element.is(ns::DS, "SignedInfo") || signature_method.children().next().is_some() {
            return Err(form(WANT, "something else"));
        }
        Ok(Self {
            canonicalization: canonicalization_method(canonicalization)?,
            signature_method: algorithm_of(signature_method),
            reference,
        })
    }

    pub(super) fn reference(
        &self,
        algorithms: Algorithms,
        now: Instant,
    ) -> Result<Reference<'d>, Rejection> {
        const WANT: &str = "Transforms, DigestMethod and DigestValue in Reference, each once";
        let parts = ["Transforms", "DigestMethod", "DigestValue"];
        let [transforms, digest_method, digest_value] =
            only_children(self.reference, parts).ok_or_else(|| form(WANT, "something else"))?;
        let digest_value = digest_value
            .text()
            .ok()
            .and_then(|text| base64_with_spaces(&text))
            .ok_or_else(|| form("base64 in DigestValue", "something else"))?;
        Ok(Reference {
            uri: self
                .reference
                .attribute("URI")
                .ok_or_else(|| form("a Reference with a URI", "one without"))?,
            canonicalization: canonicalization_of(transforms)?,
            digest: DigestAlgorithm::named(algorithm_of(digest_method), algorithms, now)?,
            digest_value,
        })
    }
}

impl Reference<'_> {
    /// Holds that the reference is to this element and could be to no other (SAML Core §5.4.2).
    pub(super) fn is_to(&self, element: Element<'_, '_>) -> Result<(), Rejection> {
        const WANT: &str = "a Reference to the element that the Signature stands in";
        let id = element.attribute("ID").unwrap_or_default();
        let to_document = self.uri.is_empty() && element.is_root();
        let to_element = !id.is_empty() && self.uri.strip_prefix('#') == Some(id);
        if !to_document && !to_element {
            return Err(form(WANT, format!("one to {:?}", short(self.uri))));
        }
        // Readers differ in what they take for an ID: nothing that anybody could take for one may have this value.
        let taken_for_it = |element: &Element<'_, '_>| {
            let attributes = element.0.attributes();
            attributes
                .filter(|attribute| attribute.name().eq_ignore_ascii_case("id"))
                .filter(|attribute| attribute.value() == id)
                .count()
        };
        let root = Element(element.0.document().root_element());
        if !id.is_empty()
            && root.descendants().map(|inside| taken_for_it(&inside)).sum::<usize>() > 1
        {
            return Err(form("an ID that stands once in the document", "one that stands twice"));
        }
        Ok(())
    }
}

/// Refuses comments in what is signed. Canonicalization drops them, so they could be put in later; no IdP sends any.
pub(super) fn only_elements_and_text(element: Element<'_, '_>) -> Result<(), Rejection> {
    if element.0.descendants().all(|node| node.is_element() || node.is_text()) {
        Ok(())
    } else {
        Err(form("elements and text in what is signed", "a comment"))
    }
}

/// The child elements, when they are these, each once and in this order.
fn only_children<'d, 'a, const N: usize>(
    element: Element<'d, 'a>,
    names: [&str; N],
) -> Option<[Element<'d, 'a>; N]> {
    let children: Vec<_> = element.children().take(N + 1).collect();
    let children: [Element<'d, 'a>; N] = children.try_into().ok()?;
    children.iter().zip(names).all(|(child, name)| child.is(ns::DS, name)).then_some(children)
}

fn algorithm_of<'d>(element: Element<'d, '_>) -> &'d str {
    element.attribute("Algorithm").unwrap_or_default()
}

/// The transforms: the enveloped signature first, then perhaps a canonicalization (XML Signature §4.4.3.2: without
/// one it is Canonical XML 1.0).
fn canonicalization_of(transforms: Element<'_, '_>) -> Result<Method, Rejection> {
    const WANT: &str = "the transforms enveloped-signature and then a canonicalization";
    let mut transform = transforms.children();
    let enveloped = transform
        .next()
        .filter(|first| first.is(ns::DS, "Transform") && algorithm_of(*first) == ENVELOPED)
        .filter(|first| first.children().next().is_none());
    if enveloped.is_none() {
        return Err(form(WANT, "another first transform"));
    }
    match (transform.next(), transform.next()) {
        (None, _) => Ok(Method::Inclusive),
        (Some(second), None) if second.is(ns::DS, "Transform") => canonicalization_method(second),
        _ => Err(form(WANT, "something else in Transforms")),
    }
}

/// A canonicalization without comments, exclusive perhaps with a `PrefixList`.
fn canonicalization_method(element: Element<'_, '_>) -> Result<Method, Rejection> {
    const WANT: &str = "Exclusive XML Canonicalization or Canonical XML 1.0, without comments";
    let mut parameters = element.children();
    match (algorithm_of(element), parameters.next(), parameters.next()) {
        (INCLUSIVE, None, _) => Ok(Method::Inclusive),
        (EXCLUSIVE, None, _) => Ok(Method::exclusive("")),
        (EXCLUSIVE, Some(parameter), None) if parameter.is(EXCLUSIVE, "InclusiveNamespaces") => {
            let prefixes = parameter.attribute("PrefixList").unwrap_or_default();
            if prefixes.len() > PREFIX_LIST_BYTES_MAX || parameter.children().next().is_some() {
                return Err(form(WANT, "an InclusiveNamespaces of another form"));
            }
            Ok(Method::exclusive(prefixes))
        }
        (INCLUSIVE | EXCLUSIVE, ..) => Err(form(WANT, "parameters unknown")),
        (other, ..) => Err(form(WANT, short(other))),
    }
}
