//! Whom an assertion names: its NameID and attributes under the names that IdPs give them (S7).
//!
//! An e-mail address is taken as it was signed or not at all: nothing is trimmed, unquoted or mended, because a mended
//! address is one that the IdP did not vouch for.

use crate::{
    Rejection,
    rejection::shown,
    response::{Assertion, Attribute, NameId},
};

/// The longest e-mail address, in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// The longest local part, in bytes (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// The longest label of a domain, in bytes (RFC 1035 §2.3.4).
const LABEL_BYTES_MAX: usize = 63;
/// The longest name that is taken from an attribute, in characters.
pub const NAME_CHARS_MAX: usize = 256;
/// The most groups that are taken. Entra sends 150 at most.
pub const GROUPS_MAX: usize = 1_000;
/// The most external identifiers that are taken.
pub const EXTERNAL_IDS_MAX: usize = 8;
/// The longest name of a group, and the longest external identifier, in characters. Longer ones are left out.
pub const IDENTIFIER_CHARS_MAX: usize = 256;
/// The most attribute names that a rejection repeats.
const NAMES_SHOWN_MAX: usize = 20;

/// What Entra puts into the user name of a guest. Such a name has the form of an address, and is none.
const GUEST: &str = "#ext#";

/// Names of an attribute with the e-mail address, the most telling first. Letter case does not matter in any list here.
const EMAIL: &[&str] = &[
    "Email",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "emailAddress",
    "email_address",
    "mail",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "urn:oid:1.2.840.113549.1.9.1",
    "User.Email",
];
const FIRST_NAME: &[&str] = &[
    "FirstName",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
    "first_name",
    "givenName",
    "given_name",
    "urn:oid:2.5.4.42",
    "User.FirstName",
];
const LAST_NAME: &[&str] = &[
    "LastName",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
    "last_name",
    "sn",
    "surname",
    "familyName",
    "family_name",
    "urn:oid:2.5.4.4",
    "User.LastName",
];
/// The last two hold Entra's user name as often as a person's.
const DISPLAY_NAME: &[&str] = &[
    "displayName",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "display_name",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "cn",
    "urn:oid:2.5.4.3",
    "name",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
];
const GROUPS: &[&str] = &[
    "groups",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
    "group",
    "memberOf",
    "http://schemas.xmlsoap.org/claims/Group",
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
];
const EXTERNAL_ID: &[&str] = &[
    "externalId",
    "external_id",
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
    "objectidentifier",
    "id",
    "user.id",
    "sub",
];
const TENANT_ID: &[&str] = &["http://schemas.microsoft.com/identity/claims/tenantid", "tenantid"];

/// A NameID format whose values stay the same for a person (SAML Core §8.3.7).
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

/// Names of attributes that an owner chose. One that is set is the only one that is looked at; the known names are for
/// those that are not set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The attribute with the e-mail address.
    pub email: Option<String>,
    /// The attribute with the first name.
    pub first_name: Option<String>,
    /// The attribute with the last name.
    pub last_name: Option<String>,
    /// The attribute with the name to show.
    pub display_name: Option<String>,
    /// The attribute with the groups.
    pub groups: Option<String>,
    /// The attribute with the identifier that provisioning has as `externalId`.
    pub external_id: Option<String>,
}

/// Where the e-mail address was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailFrom {
    /// In the attribute of this name.
    Attribute(String),
    /// In the NameID.
    NameId,
}

/// What an assertion says of its subject, under our names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The e-mail address, as signed; compare it without regard to case.
    pub email: Option<String>,
    /// Where it was found.
    pub email_from: Option<EmailFrom>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The name to show.
    pub display_name: Option<String>,
    /// The groups, in their order, each once.
    pub groups: Vec<String>,
    /// Whether there were more than [`GROUPS_MAX`] of them, or one too long.
    pub groups_cut: bool,
    /// Identifiers that provisioning may have as `externalId`, the most telling first.
    pub external_id_candidates: Vec<String>,
    /// The Entra tenant that an object identifier belongs to.
    pub tenant_id: Option<String>,
}

impl Profile {
    /// The e-mail address, or why there is none.
    ///
    /// # Errors
    /// [`Rejection::NoEmailClaim`], with the names that were looked for and those that came.
    pub fn email_or_rejection(
        &self,
        assertion: &Assertion,
        mapping: &Mapping,
    ) -> Result<&str, Rejection> {
        self.email.as_deref().ok_or_else(|| {
            no_email(assertion.name_id.as_ref(), &assertion.attributes, mapping.email.as_deref())
        })
    }
}

/// Reads the profile of an assertion.
///
/// The order for the e-mail address: the attribute that the owner chose; else the first known attribute that holds one;
/// else the NameID, whatever format it claims, when it is an address. An attribute wins over the NameID because Entra's
/// NameID of a guest looks like an address and is none.
#[must_use]
pub fn read(assertion: &Assertion, mapping: &Mapping) -> Profile {
    read_parts(assertion.name_id.as_ref(), &assertion.attributes, mapping)
}

fn read_parts(name_id: Option<&NameId>, attributes: &[Attribute], mapping: &Mapping) -> Profile {
    let (email, email_from) = email(name_id, attributes, mapping.email.as_deref()).unzip();
    let name = |chosen: &Option<String>, known| {
        matching(attributes, chosen.as_deref(), known).find_map(person_name)
    };
    let (groups, groups_cut) = groups(attributes, mapping.groups.as_deref());
    Profile {
        email,
        email_from,
        first_name: name(&mapping.first_name, FIRST_NAME),
        last_name: name(&mapping.last_name, LAST_NAME),
        display_name: name(&mapping.display_name, DISPLAY_NAME),
        groups,
        groups_cut,
        external_id_candidates: external_ids(name_id, attributes, mapping.external_id.as_deref()),
        tenant_id: matching(attributes, None, TENANT_ID).find_map(only_value),
    }
}

/// The attributes of the chosen name, else those of the known names, in the order of the names.
fn matching<'a>(
    attributes: &'a [Attribute],
    chosen: Option<&'a str>,
    known: &'static [&'static str],
) -> impl Iterator<Item = &'a Attribute> {
    let names = match chosen {
        Some(_) => &[],
        None => known,
    };
    let by_chosen = attributes.iter().filter(move |attribute| chosen == Some(&attribute.name));
    let by_known = names.iter().flat_map(move |name| {
        attributes.iter().filter(move |attribute| attribute.name.eq_ignore_ascii_case(name))
    });
    by_chosen.chain(by_known)
}

/// The attribute's value, when it has one and not several that differ.
fn only_value(attribute: &Attribute) -> Option<String> {
    let first = attribute.values.first()?;
    attribute.values.iter().all(|value| value == first).then(|| first.clone())
}

fn email(
    name_id: Option<&NameId>,
    attributes: &[Attribute],
    chosen: Option<&str>,
) -> Option<(String, EmailFrom)> {
    let from_attribute = matching(attributes, chosen, EMAIL).find_map(|attribute| {
        let value = only_value(attribute).filter(|value| is_email(value))?;
        Some((value, EmailFrom::Attribute(attribute.name.clone())))
    });
    match (from_attribute, chosen, name_id) {
        (Some(found), _, _) => Some(found),
        (None, None, Some(name_id)) if is_email(&name_id.value) => {
            Some((name_id.value.clone(), EmailFrom::NameId))
        }
        _ => None,
    }
}

fn no_email(name_id: Option<&NameId>, attributes: &[Attribute], chosen: Option<&str>) -> Rejection {
    let want = match chosen {
        Some(chosen) => format!("an e-mail address in the attribute `{}`", shown(chosen)),
        None => {
            let known: Vec<String> = EMAIL.iter().map(|name| format!("`{name}`")).collect();
            format!("an e-mail address in one of {}, or as NameID", known.join(", "))
        }
    };
    let names: Vec<String> = attributes
        .iter()
        .take(NAMES_SHOWN_MAX)
        .map(|attribute| format!("`{}`", shown(&attribute.name)))
        .collect();
    let attributes = match names.is_empty() {
        true => "no attributes".to_owned(),
        false => format!("attributes {}", names.join(", ")),
    };
    let got = match name_id {
        None => format!("no NameID; {attributes}"),
        Some(name_id) => {
            let format = name_id.format.as_deref().unwrap_or("unspecified");
            format!("a NameID of format `{}`; {attributes}", shown(format))
        }
    };
    Rejection::NoEmailClaim { want, got }
}

/// A person's name: trimmed, since no identity hangs on it; not an e-mail address, not a guest's user name.
fn person_name(attribute: &Attribute) -> Option<String> {
    let value = attribute.values.first()?.trim();
    let readable = !value.is_empty()
        && !value.contains(char::is_control)
        && value.chars().count() <= NAME_CHARS_MAX
        && !value.contains('@');
    readable.then(|| value.to_owned())
}

fn groups(attributes: &[Attribute], chosen: Option<&str>) -> (Vec<String>, bool) {
    let mut groups: Vec<String> = Vec::new();
    let mut cut = false;
    let mut seen = std::collections::BTreeSet::new();
    for value in matching(attributes, chosen, GROUPS).flat_map(|attribute| &attribute.values) {
        if !seen.insert(value) {
            continue;
        }
        if groups.len() == GROUPS_MAX {
            return (groups, true);
        }
        match is_identifier(value) {
            true => groups.push(value.clone()),
            false => cut = true,
        }
    }
    (groups, cut)
}

fn external_ids(
    name_id: Option<&NameId>,
    attributes: &[Attribute],
    chosen: Option<&str>,
) -> Vec<String> {
    let from_name_id = name_id
        .filter(|name_id| chosen.is_none() && name_id.format.as_deref() == Some(PERSISTENT))
        .map(|name_id| name_id.value.clone());
    let mut candidates: Vec<String> = Vec::new();
    for candidate in
        matching(attributes, chosen, EXTERNAL_ID).filter_map(only_value).chain(from_name_id)
    {
        if candidates.len() == EXTERNAL_IDS_MAX {
            break;
        }
        if is_identifier(&candidate) && !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates
}

fn is_identifier(value: &str) -> bool {
    value.chars().count() <= IDENTIFIER_CHARS_MAX && !value.contains(char::is_control)
}

/// Whether this is an e-mail address, whole and plain: RFC 5321 §4.1.2 without quoting, comments, address literals or
/// spaces, in ASCII, with a domain of at least two labels. Entra's `#EXT#` is none.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let local_fits = local.len() <= LOCAL_BYTES_MAX
        && local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom));
    let label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= EMAIL_BYTES_MAX
        && local_fits
        && domain.contains('.')
        && domain.split('.').all(label)
        && !text.to_ascii_lowercase().contains(GUEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str, values: &[&str]) -> Attribute {
        Attribute {
            name: name.to_owned(),
            friendly_name: None,
            name_format: None,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    fn name_id(value: &str) -> NameId {
        NameId {
            value: value.to_owned(),
            format: Some("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified".to_owned()),
            name_qualifier: None,
            sp_name_qualifier: None,
        }
    }

    fn read_known(name_id: &NameId, attributes: &[Attribute]) -> Profile {
        read_parts(Some(name_id), attributes, &Mapping::default())
    }

    #[test]
    fn an_address_is_plain_and_whole_or_it_is_none() {
        for good in [
            "zoe@acme.test",
            "Zoe.O'Hara+tag@Sub.Acme-Corp.Example",
            "a@b.cc",
            "zoe_#1@xn--mller-kva.example",
        ] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "zoe",
            "@acme.test",
            "zoe@",
            "zoe@acme",
            "zoe@acme..test",
            "zoe@.test",
            "zoe@acme.test.",
            ".zoe@acme.test",
            "zoe.@acme.test",
            "z..e@acme.test",
            " zoe@acme.test",
            "zoe@acme.test\n",
            "zoe @acme.test",
            "zoe@acme.test@evil.example",
            "zoe@acme.test,eve@evil.example",
            "\"zoe\"@acme.test",
            "<zoe@acme.test>",
            "zoe@[127.0.0.1]",
            "zoe@-acme.test",
            "zoe@acme.te_st",
            "zoë@acme.test",
            "zoe@аcme.test",
            "zoe\u{0}@acme.test",
            "zoe_acme.test#EXT#@contoso.onmicrosoft.com",
            "zoe_acme.test#ext#@contoso.onmicrosoft.com",
        ] {
            assert!(!is_email(bad), "{bad:?}");
        }
        let label = "a".repeat(63);
        assert!(is_email(&format!("{}@{label}.{label}.test", "a".repeat(64))));
        assert!(!is_email(&format!("{}@{label}.test", "a".repeat(65))));
        assert!(!is_email(&format!("a@{label}a.test")));
        assert!(!is_email(&format!("a@{label}.{label}.{label}.{label}.test")));
    }

    #[test]
    fn every_known_name_is_found_in_any_case() {
        for known in EMAIL {
            for name in [(*known).to_owned(), known.to_ascii_lowercase(), known.to_uppercase()] {
                let profile =
                    read_known(&name_id("opaque"), &[attribute(&name, &["zoe@acme.test"])]);
                assert_eq!(profile.email.as_deref(), Some("zoe@acme.test"), "{name}");
                assert_eq!(profile.email_from, Some(EmailFrom::Attribute(name)));
            }
        }
        for (lists, read) in [
            (FIRST_NAME, (|profile| profile.first_name) as fn(Profile) -> Option<String>),
            (LAST_NAME, |profile| profile.last_name),
            (DISPLAY_NAME, |profile| profile.display_name),
            (GROUPS, |mut profile| profile.groups.pop()),
            (EXTERNAL_ID, |mut profile| profile.external_id_candidates.pop()),
            (TENANT_ID, |profile| profile.tenant_id),
        ] {
            for known in lists {
                let profile = read_known(&name_id("opaque"), &[attribute(known, &["Zoe"])]);
                assert_eq!(read(profile).as_deref(), Some("Zoe"), "{known}");
            }
        }
    }

    #[test]
    fn an_attribute_wins_over_the_name_id_and_the_owners_choice_over_all() {
        let attributes =
            [attribute("mail", &["zoe@acme.test"]), attribute("upn", &["z@acme.test"])];
        let profile = read_known(&name_id("other@acme.test"), &attributes);
        assert_eq!(profile.email.as_deref(), Some("zoe@acme.test"));
        let chosen = Mapping { email: Some("upn".to_owned()), ..Mapping::default() };
        let profile = read_parts(Some(&name_id("other@acme.test")), &attributes, &chosen);
        assert_eq!(profile.email.as_deref(), Some("z@acme.test"));
        // The choice alone counts, in the very letters that the owner typed.
        for missing in ["UPN", "absent"] {
            let chosen = Mapping { email: Some(missing.to_owned()), ..Mapping::default() };
            let profile = read_parts(Some(&name_id("other@acme.test")), &attributes, &chosen);
            assert_eq!(profile.email, None, "{missing}");
        }
    }

    #[test]
    fn a_name_id_names_the_member_when_no_attribute_does() {
        let profile = read_known(&name_id("Zoe@acme.test"), &[]);
        assert_eq!(profile.email.as_deref(), Some("Zoe@acme.test"));
        assert_eq!(profile.email_from, Some(EmailFrom::NameId));
        for none in ["zoe", " zoe@acme.test\n", "zoe_acme.test#EXT#@contoso.onmicrosoft.com"] {
            assert_eq!(read_known(&name_id(none), &[]).email, None, "{none}");
        }
    }

    #[test]
    fn a_guest_of_entra_is_named_by_the_claim() {
        let claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/";
        let guest = "zoe_acme.test#EXT#@contoso.onmicrosoft.com";
        let attributes = [
            attribute("http://schemas.microsoft.com/identity/claims/tenantid", &["t-1"]),
            attribute("http://schemas.microsoft.com/identity/claims/objectidentifier", &["o-1"]),
            attribute(&format!("{claims}name"), &[guest]),
            attribute(&format!("{claims}givenname"), &["Zoe"]),
            attribute(&format!("{claims}emailaddress"), &["zoe@acme.test"]),
        ];
        let profile = read_known(&name_id(guest), &attributes);
        assert_eq!(profile.email.as_deref(), Some("zoe@acme.test"));
        assert_eq!(profile.display_name, None);
        assert_eq!(profile.first_name.as_deref(), Some("Zoe"));
        assert_eq!(profile.external_id_candidates, ["o-1"]);
        assert_eq!(profile.tenant_id.as_deref(), Some("t-1"));
    }

    #[test]
    fn several_addresses_in_one_attribute_name_nobody() {
        let two = [attribute("Email", &["zoe@acme.test", "eve@acme.test"])];
        assert_eq!(read_known(&name_id("opaque"), &two).email, None);
        let same = [attribute("Email", &["zoe@acme.test", "zoe@acme.test"])];
        assert_eq!(read_known(&name_id("x"), &same).email.as_deref(), Some("zoe@acme.test"));
        // The next known name is asked.
        let next = [attribute("Email", &[" zoe@acme.test"]), attribute("mail", &["z@acme.test"])];
        assert_eq!(read_known(&name_id("x"), &next).email.as_deref(), Some("z@acme.test"));
    }

    #[test]
    fn without_an_address_the_rejection_names_what_came_and_no_values() {
        let attributes = [attribute("Mobile\n", &["+49 170"])];
        let rejection = no_email(Some(&name_id("z-17")), &attributes, None);
        assert_eq!(rejection.code(), "no_email_claim");
        let (want, got) = (rejection.want().unwrap(), rejection.got().unwrap());
        assert!(want.contains("`Email`") && want.contains("NameID"), "{want}");
        assert!(got.contains("`Mobile\\n`") && got.contains("unspecified"), "{got}");
        assert!(!got.contains("170") && !got.contains("z-17"), "{got}");
        let rejection = no_email(None, &[], Some("upn"));
        assert_eq!(rejection.want().unwrap(), "an e-mail address in the attribute `upn`");
        assert_eq!(rejection.got().unwrap(), "no NameID; no attributes");
    }

    #[test]
    fn groups_are_kept_once_each_and_counted() {
        let many: Vec<String> = (0..=GROUPS_MAX).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let profile = read_known(&name_id("x"), &[attribute("groups", &many)]);
        assert_eq!((profile.groups.len(), profile.groups_cut), (GROUPS_MAX, true));
        let long = "a".repeat(IDENTIFIER_CHARS_MAX + 1);
        let two = [attribute("groups", &[&long, "a\nb", "c"]), attribute("id", &[&long])];
        let profile = read_known(&name_id("x"), &two);
        assert_eq!((profile.groups, profile.groups_cut), (vec!["c".to_owned()], true));
        assert_eq!(profile.external_id_candidates, [""; 0]);
        let profile = read_known(
            &name_id("x"),
            &[attribute("groups", &["b", "a", "b"]), attribute("memberOf", &["c", "a"])],
        );
        assert_eq!(
            (profile.groups, profile.groups_cut),
            (vec!["b".into(), "a".into(), "c".into()], false)
        );
    }

    #[test]
    fn a_persistent_name_id_may_be_the_external_id() {
        let mut persistent = name_id("p-1");
        persistent.format = Some(PERSISTENT.to_owned());
        let attributes = [attribute("id", &["p-1"]), attribute("externalId", &["e-1"])];
        let profile = read_known(&persistent, &attributes);
        assert_eq!(profile.external_id_candidates, ["e-1", "p-1"]);
        assert_eq!(read_known(&name_id("p-1"), &[]).external_id_candidates, [""; 0]);
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        let long = "a".repeat(NAME_CHARS_MAX + 1);
        for (value, want) in [
            (" Zoe ", Some("Zoe")),
            ("", None),
            ("   ", None),
            ("Zo\u{7}e", None),
            ("zoe@acme.test", None),
            (long.as_str(), None),
        ] {
            let profile = read_known(&name_id("x"), &[attribute("FirstName", &[value])]);
            assert_eq!(profile.first_name.as_deref(), want, "{value:?}");
        }
    }
}
