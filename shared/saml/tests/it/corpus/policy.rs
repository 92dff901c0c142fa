//! F. Responses that are validly signed by the right IdP, and still not for here, not for now, or not about a sign-in.
//! Seconds are relative to the connection's `now`; `skew_secs` is 60.

use lychgate_idp::{ResponseSpec, Signed};
use serde_json::{Value, json};

use super::{Case, SKEW_SECS, accept, reject};
use crate::forge::*;

const SOURCE: &str = "SAML Profiles 4.1.4.3, SAML Core 2.5.1";

pub(super) fn cases() -> Vec<Case> {
    [
        times(),
        boundaries(),
        audiences(),
        addresses(),
        answers(),
        issuers(),
        statuses(),
        confirmations(),
        names(),
        statements_and_conditions(),
    ]
    .concat()
}

fn changed(change: impl Fn(&mut ResponseSpec)) -> String {
    let mut spec = genuine();
    change(&mut spec);
    xml(&spec)
}

fn policy(name: &str, change: impl Fn(&mut ResponseSpec)) -> Case {
    reject("policy", name, changed(change), SOURCE)
}

fn fine(name: &str, change: impl Fn(&mut ResponseSpec)) -> Case {
    accept("policy", name, changed(change), SOURCE)
}

fn at(seconds: i64) -> Option<String> {
    Some(instant(seconds))
}

fn times() -> Vec<Case> {
    let confirmation = |value: Option<String>| {
        move |spec: &mut ResponseSpec| spec.confirmations[0].not_on_or_after.clone_from(&value)
    };
    let all = [
        policy("expired-both", |spec| {
            spec.not_on_or_after = at(-600);
            spec.confirmations[0].not_on_or_after = at(-600);
        }),
        policy("expired-conditions", |spec| spec.not_on_or_after = at(-600)),
        policy("expired-confirmation", confirmation(at(-600))),
        policy("not-yet-valid", |spec| spec.not_before = at(600)),
        policy("confirmation-without-end", confirmation(None)),
        policy("confirmation-with-not-before", |spec| spec.confirmations[0].not_before = at(-600)),
        policy("end-is-no-instant", confirmation(Some("tomorrow".to_owned()))),
        policy("end-is-a-date", confirmation(Some("2026-11-23".to_owned()))),
        policy("end-is-empty", confirmation(Some(String::new()))),
        policy("conditions-end-is-no-instant", |spec| spec.not_on_or_after = Some("9".repeat(20))),
        policy("conditions-begin-is-no-instant", |spec| spec.not_before = Some("x".to_owned())),
        policy("session-has-ended", |spec| spec.session_not_on_or_after = at(-600)),
        policy("authn-instant-is-none", |spec| spec.authn_instant = "yesterday".to_owned()),
        fine("no-conditions-window", |spec| (spec.not_before, spec.not_on_or_after) = (None, None)),
        fine("session-ends-later", |spec| spec.session_not_on_or_after = at(3600)),
    ];
    all.to_vec()
}

/// Ends and beginnings are compared as instants, with the allowance on the side of the sender.
fn boundaries() -> Vec<Case> {
    let end = |seconds: i64| {
        move |spec: &mut ResponseSpec| {
            spec.not_on_or_after = at(seconds);
            spec.confirmations[0].not_on_or_after = at(seconds);
        }
    };
    let spelled = |text: &str| {
        let text = Some(text.to_owned());
        move |spec: &mut ResponseSpec| {
            spec.not_on_or_after.clone_from(&text);
            spec.confirmations[0].not_on_or_after.clone_from(&text);
        }
    };
    vec![
        policy("boundary-ended-at-the-allowance", end(-SKEW_SECS)),
        policy("boundary-ended-a-second-before", end(-SKEW_SECS - 1)),
        fine("boundary-ends-a-second-later", end(1 - SKEW_SECS)),
        policy("boundary-begins-a-second-too-late", |spec| spec.not_before = at(SKEW_SECS + 1)),
        fine("boundary-begins-at-the-allowance", |spec| spec.not_before = at(SKEW_SECS)),
        fine("boundary-begins-a-second-sooner", |spec| spec.not_before = at(SKEW_SECS - 1)),
        // As text these are earlier, or later, than they are as instants. Now is 09:30:00Z.
        fine("instant-with-offset-earlier-as-text", spelled("2026-11-22T04:35:00-05:00")),
        policy("instant-with-offset-later-as-text", spelled("2026-11-22T19:35:00+10:30")),
        fine("instant-with-fraction", spelled("2026-11-22T09:35:00.1234567Z")),
        fine("instant-with-plus-zero", spelled("2026-11-22T09:35:00+00:00")),
        fine("instant-without-offset", spelled("2026-11-22T09:35:00")),
    ]
}

fn audiences() -> Vec<Case> {
    let only = |audience: &str| {
        let audience = audience.to_owned();
        move |spec: &mut ResponseSpec| spec.audiences = vec![vec![audience.clone()]]
    };
    let lists = |lists: &[&[&str]]| {
        let lists: Vec<Vec<String>> =
            lists.iter().map(|list| list.iter().map(|&one| one.to_owned()).collect()).collect();
        move |spec: &mut ResponseSpec| spec.audiences.clone_from(&lists)
    };
    vec![
        policy("audience-other-tenant", only(&AUDIENCE.replace("acme", "globex"))),
        policy("audience-wrong", only("https://sp.example")),
        policy("audience-longer", only(&format!("{AUDIENCE}.evil.example"))),
        policy("audience-shorter", only(AUDIENCE.strip_suffix("/acme").unwrap())),
        policy("audience-trailing-slash", only(&format!("{AUDIENCE}/"))),
        policy("audience-other-case", only(&AUDIENCE.to_uppercase())),
        policy("audience-empty", only("")),
        policy("audience-none", |spec| spec.audiences.clear()),
        policy("audience-restriction-empty", lists(&[&[]])),
        policy("audience-second-restriction-wrong", lists(&[&[AUDIENCE], &["https://sp.example"]])),
        policy("audience-first-restriction-wrong", lists(&[&["https://sp.example"], &[AUDIENCE]])),
        policy("conditions-none", |spec| spec.has_conditions = false),
        fine("audience-one-of-two", lists(&[&["https://sp.example", AUDIENCE]])),
        fine(
            "audience-two-restrictions",
            lists(&[&[AUDIENCE, "https://a.example"], &["https://b.example", AUDIENCE]]),
        ),
    ]
}

fn addresses() -> Vec<Case> {
    let destination = |value: Option<&str>| {
        let value = value.map(str::to_owned);
        move |spec: &mut ResponseSpec| {
            spec.signed = Signed::Both;
            spec.destination.clone_from(&value);
        }
    };
    let recipient = |value: Option<&str>| {
        let value = value.map(str::to_owned);
        move |spec: &mut ResponseSpec| spec.confirmations[0].recipient.clone_from(&value)
    };
    let other = ACS.replace("acme", "globex");
    vec![
        policy("destination-other-tenant", destination(Some(&other))),
        policy("destination-wrong", destination(Some("https://sp.example/acs"))),
        policy("destination-longer", destination(Some(&format!("{ACS}/x")))),
        policy("destination-empty", destination(Some(""))),
        policy("destination-wrong-on-an-unsigned-envelope", |spec| {
            spec.destination = Some("https://sp.example/acs".to_owned())
        }),
        policy("recipient-other-tenant", recipient(Some(&other))),
        policy("recipient-wrong", recipient(Some("https://sp.example/acs"))),
        policy("recipient-longer", recipient(Some(&format!("{ACS}x")))),
        policy("recipient-other-case", recipient(Some(&ACS.to_uppercase()))),
        policy("recipient-empty", recipient(Some(""))),
        policy("recipient-none", recipient(None)),
        policy("other-tenant-altogether", {
            let (other, audience) = (other.clone(), AUDIENCE.replace("acme", "globex"));
            move |spec| {
                spec.destination = Some(other.clone());
                spec.confirmations[0].recipient = Some(other.clone());
                spec.audiences = vec![vec![audience.clone()]];
            }
        }),
        fine("destination-none-on-an-unsigned-envelope", |spec| spec.destination = None),
    ]
}

fn unsolicited(expected: Value, change: impl Fn(&mut ResponseSpec)) -> (String, Value) {
    (changed(change), expected)
}

fn answers() -> Vec<Case> {
    let none = |spec: &mut ResponseSpec| {
        spec.in_response_to = None;
        spec.confirmations[0].in_response_to = None;
    };
    let other = Some("_q-other".to_owned());
    let off = json!({"in_response_to": null, "idp_initiated": false});
    let on = json!({"in_response_to": null, "idp_initiated": true});
    let case =
        |name: &str, (xml, with): (String, Value)| reject("policy", name, xml, SOURCE).with(with);
    let (other_both, other_data, other_response) = (other.clone(), other.clone(), other);
    vec![
        policy("answer-to-another-request", move |spec| {
            spec.in_response_to.clone_from(&other_both);
            spec.confirmations[0].in_response_to.clone_from(&other_both);
        }),
        policy("answer-mismatch-in-confirmation", move |spec| {
            spec.confirmations[0].in_response_to.clone_from(&other_data)
        }),
        policy("answer-mismatch-in-response", move |spec| {
            spec.in_response_to.clone_from(&other_response)
        }),
        policy("answer-missing-in-confirmation", |spec| {
            spec.confirmations[0].in_response_to = None
        }),
        policy("answer-empty", |spec| {
            spec.in_response_to = Some(String::new());
            spec.confirmations[0].in_response_to = Some(String::new());
        }),
        case("unsolicited-when-it-is-off", unsolicited(off, none)),
        case(
            "unsolicited-with-an-answer-in-confirmation",
            unsolicited(on.clone(), |spec| spec.in_response_to = None),
        ),
        case("an-answer-nobody-asked-for", unsolicited(on.clone(), |_| {})),
        accept("policy", "unsolicited-when-it-is-on", changed(none), SOURCE).with(on),
    ]
}

fn issuers() -> Vec<Case> {
    let other = "https://other-idp.example/metadata";
    vec![
        policy("issuer-of-response", move |spec| {
            spec.signed = Signed::Both;
            spec.response_issuer = Some(other.to_owned());
        }),
        policy("issuer-of-assertion", move |spec| spec.assertion_issuer = other.to_owned()),
        policy("issuer-of-assertion-response-signed", move |spec| {
            spec.signed = Signed::Response;
            spec.assertion_issuer = other.to_owned();
        }),
        policy("issuer-of-unsigned-envelope", move |spec| {
            spec.response_issuer = Some(other.to_owned())
        }),
        policy("issuer-empty", |spec| spec.assertion_issuer = String::new()),
        policy("issuer-other-case", |spec| spec.assertion_issuer = IDP.to_uppercase()),
        policy("issuer-trailing-slash", |spec| spec.assertion_issuer = format!("{IDP}/")),
        fine("issuer-none-on-an-unsigned-envelope", |spec| spec.response_issuer = None),
    ]
}

fn name_id(spec: &mut ResponseSpec, value: &str) {
    if let Some(name_id) = &mut spec.name_id {
        name_id.value = value.to_owned();
    }
}

fn statuses() -> Vec<Case> {
    let status = |code: &str, second: Option<&str>| {
        let (code, second) =
            (format!("urn:oasis:names:tc:SAML:2.0:status:{code}"), second.map(str::to_owned));
        move |spec: &mut ResponseSpec| {
            spec.signed = Signed::Both;
            spec.status.code.clone_from(&code);
            spec.status.second.clone_from(&second);
        }
    };
    vec![
        policy("status-requester", status("Requester", None)),
        policy(
            "status-responder",
            status("Responder", Some("urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")),
        ),
        policy("status-unsigned-envelope", |spec| {
            spec.status.code = "urn:oasis:names:tc:SAML:2.0:status:Responder".to_owned()
        }),
        policy(
            "status-success-inside-responder",
            status("Responder", Some("urn:oasis:names:tc:SAML:2.0:status:Success")),
        ),
        policy("status-success-longer", status("SuccessX", None)),
        policy("status-without-assertion", |spec| {
            spec.signed = Signed::Response;
            spec.status.code = "urn:oasis:names:tc:SAML:2.0:status:Responder".to_owned();
            spec.has_assertion = false;
        }),
        policy("no-assertion", |spec| {
            (spec.signed, spec.has_assertion) = (Signed::Response, false)
        }),
    ]
}

fn confirmations() -> Vec<Case> {
    let holder = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key";
    let sender = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches";
    vec![
        policy("holder-of-key-only", move |spec| spec.confirmations[0].method = holder.to_owned()),
        policy("sender-vouches-only", move |spec| spec.confirmations[0].method = sender.to_owned()),
        policy("no-confirmation", |spec| spec.confirmations.clear()),
        policy("no-confirmation-data", |spec| spec.confirmations[0].has_data = false),
        fine("holder-of-key-and-bearer", move |spec| {
            let other = spec.confirmations[0].clone();
            spec.confirmations.insert(
                0,
                lychgate_idp::response::Confirmation { method: holder.to_owned(), ..other },
            );
        }),
    ]
}

fn names() -> Vec<Case> {
    vec![
        policy("nobody-named", |spec| {
            spec.name_id = None;
            spec.attributes.clear();
        }),
        policy("empty-name-id", |spec| {
            name_id(spec, "  ");
            spec.attributes.clear();
        }),
        policy("name-id-is-no-address", |spec| {
            name_id(spec, "mallory");
            spec.attributes.clear();
        }),
        policy("name-id-of-two-lines", |spec| {
            name_id(spec, "mallory@acme.example\nowner@acme.example");
            spec.attributes.clear();
        }),
        policy("email-of-two-addresses", |spec| {
            spec.attributes[0].values[0] = format!("{EVIL},{GENUINE}");
            name_id(spec, "mallory");
        }),
        policy("email-padded", |spec| {
            spec.attributes[0].values[0] = format!(" {GENUINE}\n");
            name_id(spec, "mallory");
        }),
        fine("email-only-in-an-attribute", |spec| spec.name_id = None),
        fine("email-only-in-the-name-id", |spec| spec.attributes.clear()),
    ]
}

fn statements_and_conditions() -> Vec<Case> {
    vec![
        policy("version-1-1", |spec| spec.version = "1.1".to_owned()),
        policy("assertion-version-1-1", |spec| spec.assertion_version = "1.1".to_owned()),
        policy("unknown-condition", |spec| {
            spec.conditions_xml = "<x:OnTuesdays xmlns:x=\"urn:x\"></x:OnTuesdays>".to_owned()
        }),
        policy("unknown-condition-of-saml", |spec| {
            spec.conditions_xml = "<saml:Condition xmlns:x=\"urn:x\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"x:OnTuesdays\" x:why=\"\"></saml:Condition>".to_owned()
        }),
        policy("no-authn-statement", |spec| spec.has_authn_statement = false),
        fine("one-time-use", |spec| {
            spec.conditions_xml = "<saml:OneTimeUse></saml:OneTimeUse>".to_owned()
        }),
        fine("proxy-restriction", |spec| {
            spec.conditions_xml =
                "<saml:ProxyRestriction Count=\"0\"></saml:ProxyRestriction>".to_owned()
        }),
        fine("advice", |spec| {
            spec.advice_xml =
                "<saml:Advice><x:Hint xmlns:x=\"urn:x\"></x:Hint></saml:Advice>".to_owned()
        }),
    ]
}
