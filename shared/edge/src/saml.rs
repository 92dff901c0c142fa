//! What the SAML functions have in common at the edge: the form that an IdP posts, the pages of their answers, and how a
//! refusal becomes a page.

use askama::Template;
use lychgate_core::sign_in::{
    outgoing::Outgoing,
    reason::Reason,
    refusal::{Refusal, Who as RefusalWho},
    test_sign_in::{Maps, Passed, Report},
};

use crate::{
    json::Incoming,
    page::{self, Trouble, Who},
    reply::Reply,
    request::{self, BODY_BYTES_MAX, QUERY_PAIRS_MAX},
};

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        let who = match refusal.who {
            RefusalWho::Person => Who::Person,
            RefusalWho::Administrator => Who::Administrator,
            RefusalWho::Developer => Who::Developer,
            RefusalWho::Us { passing } => Who::Us { passing },
        };
        let mut trouble = Self::new(who, refusal.sentence);
        trouble.too_large = refusal.too_large;
        trouble.reference = refusal.reference.map(|id| id.to_string());
        trouble.again = refusal.again;
        trouble.private = refusal.private;
        trouble
    }
}

/// The fields of a form that carries a SAML message (SAML Bindings §3.5.4): longer than other forms may be.
pub struct SamlForm(Vec<(String, String)>);

impl SamlForm {
    /// Reads it.
    ///
    /// # Errors
    /// It is no form, or cannot be decoded.
    pub fn read(incoming: &Incoming<'_>) -> Result<Self, Trouble> {
        let broken = || {
            Trouble::new(
                Who::Person,
                "What your browser sent is no answer of an identity provider.",
            )
        };
        if incoming.request.media_type() != "application/x-www-form-urlencoded" {
            return Err(broken().because("the body is no form"));
        }
        let pairs =
            request::long_form_pairs(&incoming.request.body, BODY_BYTES_MAX, QUERY_PAIRS_MAX);
        Ok(Self(pairs.map_err(|error| broken().because(error.detail))?))
    }

    /// The value of a field that stands here once. `None` when it is not here.
    ///
    /// # Errors
    /// It stands here twice: which of two a reader takes is what attacks are made of.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Trouble> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let first = values.next();
        if values.next().is_some() {
            let sentence = "What your browser sent is no answer of an identity provider.";
            return Err(
                Trouble::new(Who::Person, sentence).because(format!("{name} stands there twice"))
            );
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }
}

#[derive(Template)]
#[template(path = "saml_post.html")]
struct PostPage<'a> {
    action: &'a str,
    fields: &'a [(&'static str, String)],
    sentence: &'a str,
}

/// How a message of ours leaves: a redirect, or a page with a button, which needs no script.
#[must_use]
pub fn outgoing(outgoing: &Outgoing, sentence: &str) -> Reply {
    match outgoing {
        Outgoing::Redirect(to) => Reply::see_other(to),
        Outgoing::Form(form) => {
            let page = PostPage { action: &form.action, fields: &form.fields, sentence };
            let origin = origin(&form.action);
            page::render_with_form_to(200, &page, &form_sources(origin))
        }
    }
}

/// Browsers hold `form-action` against the whole chain of redirects, and an IdP may send people on to the one that it
/// trusts in its turn: where that is, nobody knows here. So any `https` address is allowed for this one form, whose fields
/// are all ours.
fn form_sources(origin: Option<&str>) -> Vec<&str> {
    match origin {
        Some(origin) if origin.starts_with("http://") => vec![origin, "https:"],
        _ => vec!["https:"],
    }
}

/// `https://host:port` of an address, when it has the form of one that cannot end the policy it stands in.
#[must_use]
pub fn origin(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    (matches!(scheme, "http" | "https") && !host.is_empty() && host.bytes().all(plain))
        .then(|| address.get(..scheme.len() + 3 + host.len()))?
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedInPage<'a> {
    title: &'a str,
    sentence: &'a str,
}

/// "You are signed in to …": there is no application to go to.
#[must_use]
pub fn signed_in(organization: &str) -> Reply {
    let sentence = format!("You are signed in to {organization}. You can close this page.");
    page::render(200, &SignedInPage { title: "Signed in", sentence: &sentence })
}

/// "You are signed out …".
#[must_use]
pub fn signed_out(organization: &str) -> Reply {
    let sentence = format!("You are signed out of {organization}.");
    page::render(200, &SignedInPage { title: "Signed out", sentence: &sentence })
}

#[derive(Template)]
#[template(path = "saml_test_result.html")]
struct TestPage<'a> {
    passed: Option<PassedView<'a>>,
    failed: Option<&'a Reason>,
    reference: &'a str,
    back: &'a str,
}

struct PassedView<'a> {
    passed: &'a Passed,
    member: String,
    name_id: &'a str,
    name_id_format: &'a str,
    signed: &'static str,
    clock: String,
}

/// The result of a test, for whoever opened it; `back` is the path of the connection's settings.
#[must_use]
pub fn test_result(report: &Report, reference: &str, back: &str) -> Reply {
    let (passed, failed) = match report {
        Report::Passed(passed) => (Some(view(passed)), None),
        Report::Failed(reason) => (None, Some(reason)),
    };
    page::render(200, &TestPage { passed, failed, reference, back })
}

fn view(passed: &Passed) -> PassedView<'_> {
    let name_id = passed.name_id.as_ref();
    let member = match &passed.member {
        Maps::Member { user_name } => format!("The member {user_name}."),
        Maps::Suspended { user_name } => {
            format!("The member {user_name}, who is suspended and could not sign in.")
        }
        Maps::WouldBeCreated { user_name } => {
            format!("Nobody yet: signing in would create the member {user_name}.")
        }
        Maps::Unknown { name } => {
            format!("Nobody: no member is called {name}, and signing in would create nobody.")
        }
    };
    let signed = match (passed.signed.response, passed.signed.assertion) {
        (true, true) => "the response and the assertion",
        (true, false) => "the response",
        (false, _) => "the assertion",
    };
    let clock = match passed.clock_ahead_secs {
        0 => "the same as ours".to_owned(),
        ahead if ahead > 0 => format!("{ahead} seconds ahead of ours"),
        behind => format!("{} seconds behind ours", behind.unsigned_abs()),
    };
    PassedView {
        passed,
        member,
        name_id: name_id.map_or("none", |name_id| name_id.value.as_str()),
        name_id_format: name_id.and_then(|name_id| name_id.format.as_deref()).unwrap_or("none"),
        signed,
        clock,
    }
}

#[cfg(test)]
mod tests {
    use lychgate_core::sign_in::outgoing::Outgoing;
    use lychgate_saml::{Rejection, binding::PostForm};

    use super::*;

    fn text(reply: &Reply) -> String {
        String::from_utf8(reply.body.clone().unwrap()).unwrap()
    }

    #[test]
    fn nothing_that_came_from_outside_leaves_its_place_in_a_page() {
        let evil = "\"><script>alert(1)</script>".to_owned();
        let form = PostForm {
            action: format!("https://idp.example/{evil}"),
            fields: vec![("SAMLRequest", evil.clone())],
        };
        let reply = outgoing(&Outgoing::Form(form), "x");
        assert!(!text(&reply).contains("<script>"), "{}", text(&reply));
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.contains("form-action 'self' https:;"), "{policy}");
        let reason = Reason::from(Rejection::BadAudience { want: evil.clone(), got: vec![evil] });
        let reply = test_result(&Report::Failed(reason), "r", "/settings/org-1/sso");
        assert!(!text(&reply).contains("<script>") && text(&reply).contains("bad_audience"));
        assert!(text(&reply).contains("href=\"/settings/org-1/sso\""));
        assert!(!text(&signed_in("<b>")).contains("<b>"));
    }

    #[test]
    fn an_origin_is_plain_or_it_is_none() {
        assert_eq!(origin("http://localhost:8080/x?y"), Some("http://localhost:8080"));
        assert_eq!(origin("https://idp.example"), Some("https://idp.example"));
        for none in ["javascript:alert(1)", "https://a b/", "https://a;script-src x/", "//x", ""] {
            assert_eq!(origin(none), None, "{none}");
        }
    }
}
