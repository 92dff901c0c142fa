//! Forms of our own pages: their fields, and the token that binds them to the browser that was shown them.
//!
//! The token lies in a cookie that only this host sets and only its own pages' forms bring along (`SameSite=Lax`), and in a
//! hidden field. Another site can neither read the one nor know the other, so a form that it makes up is refused.

use lychgate_core::{
    credential::{SECRET_CHARS, new_secret},
    ctx::Ctx,
    secret::SecretHash,
};
use lychgate_scim::{Error, ErrorKind};

use crate::{
    cookie::{Cookie, Cookies},
    json::Incoming,
    page::{Trouble, Who},
    pages::Hidden,
    reply::Reply,
    request::{self, QUERY_BYTES_MAX, QUERY_PAIRS_MAX},
};

/// The field that holds the token.
pub const TOKEN_FIELD: &str = "form";
/// How long a form may lie open in a browser, in seconds.
pub const FORM_SECS: u64 = 86_400;
/// The most values of fields that may stand there several times (checkboxes), counted together.
pub const REPEATED_VALUES_MAX: usize = 200;

/// What a page expects of its form when it comes back.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    again: &'a str,
    repeated: &'a [&'a str],
    bytes_max: usize,
}

impl<'a> Expected<'a> {
    /// Each field once, at most [`QUERY_PAIRS_MAX`] of them, in at most [`QUERY_BYTES_MAX`] bytes. What is no such form is
    /// told to the person, with a button that leads to `again`, a path of ours.
    #[must_use]
    pub const fn new(again: &'a str) -> Self {
        Self { again, repeated: &[], bytes_max: QUERY_BYTES_MAX }
    }

    /// Fields of these names may stand there several times: together [`REPEATED_VALUES_MAX`] times at most.
    #[must_use]
    pub const fn repeated(mut self, names: &'a [&'a str]) -> Self {
        self.repeated = names;
        self
    }

    /// The whole form may be this long, in bytes as it comes (percent-encoded): for a field that takes a document.
    #[must_use]
    pub const fn bytes_max(mut self, bytes_max: usize) -> Self {
        self.bytes_max = bytes_max;
        self
    }

    /// What is no such form.
    fn broken(&self) -> Trouble {
        Trouble::new(Who::Person, "This form cannot be read.").again(self.again)
    }

    fn pairs_max(&self) -> usize {
        let more = if self.repeated.is_empty() { 0 } else { REPEATED_VALUES_MAX };
        QUERY_PAIRS_MAX + more
    }
}

/// A form that came from the browser that was shown it.
pub struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads it, and believes it only from the browser that was shown it.
    ///
    /// # Errors
    /// A [`Trouble`] for the person: it is no form, too long, a field stands there twice that must not, or the token is not this
    /// browser's.
    pub fn read(
        ctx: &Ctx<'_>,
        incoming: &Incoming<'_>,
        expected: Expected<'_>,
    ) -> Result<Self, Trouble> {
        Self::believe(ctx, incoming, pairs(incoming, expected)?, expected)
    }

    /// The same for a form that came in another encoding: `fields` as their reader found them.
    ///
    /// # Errors
    /// As for [`Form::read`].
    pub fn of_fields(
        ctx: &Ctx<'_>,
        incoming: &Incoming<'_>,
        fields: Vec<(String, String)>,
        expected: Expected<'_>,
    ) -> Result<Self, Trouble> {
        if fields.len() > expected.pairs_max() {
            return Err(expected.broken().because("more fields than any form of ours has"));
        }
        Self::believe(ctx, incoming, once_each(fields, expected)?, expected)
    }

    fn believe(
        ctx: &Ctx<'_>,
        incoming: &Incoming<'_>,
        pairs: Vec<(String, String)>,
        expected: Expected<'_>,
    ) -> Result<Self, Trouble> {
        let form = Self { pairs };
        if is_shown_here(ctx, incoming, form.get(TOKEN_FIELD)) {
            Ok(form)
        } else {
            let sentence = "This form was not shown in this browser, or cookies are switched off.";
            Err(Trouble::new(Who::Person, sentence).again(expected.again))
        }
    }

    /// The field of this name; empty when there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// Every value of a field that may stand there several times, in the form's order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.pairs.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// Whether there is a field of this name, empty or not: a checkbox that is not ticked is not sent.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The fields as they came, with the token.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

fn pairs(
    incoming: &Incoming<'_>,
    expected: Expected<'_>,
) -> Result<Vec<(String, String)>, Trouble> {
    if incoming.request.media_type() != "application/x-www-form-urlencoded" {
        return Err(expected.broken().because("the body is no form"));
    }
    let body = &incoming.request.body;
    let pairs = request::long_form_pairs(body, expected.bytes_max, expected.pairs_max());
    let pairs = pairs.map_err(|error: Error| {
        let mut trouble = expected.broken().because(error.detail);
        trouble.too_large = error.kind == ErrorKind::PayloadTooLarge;
        trouble
    })?;
    once_each(pairs, expected)
}

/// The pairs, when no field stands there twice that must not.
fn once_each(
    pairs: Vec<(String, String)>,
    expected: Expected<'_>,
) -> Result<Vec<(String, String)>, Trouble> {
    let (repeated, mut names): (Vec<&str>, Vec<&str>) =
        pairs.iter().map(|(name, _)| name.as_str()).partition(|n| expected.repeated.contains(n));
    if repeated.len() > REPEATED_VALUES_MAX {
        return Err(expected.broken().because("more is ticked than fits"));
    }
    // Which of two a reader takes is what attacks are made of.
    names.sort_unstable();
    if names.windows(2).any(|two| matches!(two, [one, other] if one == other)) {
        return Err(expected.broken().because("a field stands there twice"));
    }
    Ok(pairs)
}

/// Whether `token` is that of this browser's forms. For a route that also takes requests which are no answer to a form of
/// ours; every other one reads a [`Form`].
#[must_use]
pub fn is_shown_here(ctx: &Ctx<'_>, incoming: &Incoming<'_>, token: &str) -> bool {
    let cookie = Cookies::of(ctx.base_url).name(Cookie::Form);
    let shown = incoming.request.cookie(&cookie).unwrap_or_default();
    shown.len() == SECRET_CHARS && SecretHash::of(shown.as_bytes()).matches(token.as_bytes())
}

/// The token for the forms of a page: the one that this browser has, so that two open pages do not spoil each other, or a new
/// one.
pub struct FormToken {
    value: String,
    cookie: String,
}

impl FormToken {
    /// For this browser.
    #[must_use]
    pub fn of(ctx: &Ctx<'_>, incoming: &Incoming<'_>) -> Self {
        let cookies = Cookies::of(ctx.base_url);
        let known = incoming.request.cookie(&cookies.name(Cookie::Form));
        let fits = |value: &&str| {
            value.len() == SECRET_CHARS && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let value = known.filter(fits).map_or_else(|| new_secret(ctx.world).0, str::to_owned);
        // Given anew with each form: it is this one that may lie open for so long.
        let cookie = cookies.set(Cookie::Form, &value, FORM_SECS);
        Self { value, cookie }
    }

    /// The hidden fields of a form: the token, and these (name, value). A page with several forms asks for each.
    #[must_use]
    pub fn fields(&self, others: &[(&str, &str)]) -> Vec<Hidden> {
        let mut fields = vec![Hidden::new(TOKEN_FIELD, &self.value)];
        fields.extend(others.iter().map(|(name, value)| Hidden::new(name, value)));
        fields
    }

    /// The page, with the cookie. Whoever forgets it shows a form that nobody can send.
    #[must_use]
    pub fn onto(self, reply: Reply) -> Reply {
        reply.with_cookie(self.cookie)
    }
}

#[cfg(test)]
mod tests {
    use lychgate_core::event::Actor;

    use super::*;
    use crate::{
        request::{Method, Request},
        routes::{self, Found},
        world::SystemWorld,
    };

    const BASE_URL: &str = "https://sso.example.com";

    fn ctx(world: &SystemWorld) -> Ctx<'_> {
        Ctx {
            world,
            request_id: "r-1",
            deadline: lychgate_core::time::Timestamp::from_unix_millis(u64::MAX),
            base_url: BASE_URL,
            actor: Actor::Unknown,
        }
    }

    fn posted(body: &str, cookie: Option<&str>) -> Request {
        let mut request = Request::new(Method::Post, "/sign_in")
            .with_header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .with_body(body);
        let name = Cookies::of(BASE_URL).name(Cookie::Form);
        request.cookies.extend(cookie.map(|value| (name, value.to_owned())));
        request
    }

    fn incoming(request: &Request) -> Incoming<'_> {
        let Found::Route(route, parameters) = routes::find(request.method, &request.segments)
        else {
            unreachable!("a route of the table")
        };
        Incoming { request, route, parameters }
    }

    fn read(body: &str, cookie: Option<&str>, expected: Expected<'_>) -> Result<Form, Trouble> {
        let request = posted(body, cookie);
        Form::read(&ctx(&SystemWorld), &incoming(&request), expected)
    }

    /// The token of a new browser, as its page's hidden field has it.
    fn shown() -> String {
        let request = posted("", None);
        let token = FormToken::of(&ctx(&SystemWorld), &incoming(&request));
        let fields = token.fields(&[("link", "x")]);
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, [TOKEN_FIELD, "link"]);
        let value = fields.into_iter().next().unwrap().value;
        let cookie = token.onto(Reply::empty(200)).cookies.remove(0);
        assert!(cookie.starts_with(&format!("__Host-lyform={value}; ")), "{cookie}");
        assert!(cookie.contains("HttpOnly; SameSite=Lax; Secure"), "{cookie}");
        value
    }

    #[test]
    fn a_form_is_believed_from_its_own_browser_only() {
        let (mine, theirs) = (shown(), shown());
        assert_ne!(mine, theirs);
        let body = format!("a=1&form={mine}&b=+x%20");
        let form = read(&body, Some(&mine), Expected::new("/again")).unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), ("1", " x ", ""));
        assert!(form.has("a") && !form.has("c"));
        assert_eq!(form.pairs().len(), 3);
        for (body, cookie) in [
            (body.as_str(), None),
            (&body, Some(theirs.as_str())),
            (&body, Some("")),
            ("a=1", Some(&mine)),
            ("a=1&form=", Some(&mine)),
            ("form=", Some("")),
            ("form=x", Some("x")),
        ] {
            let trouble = read(body, cookie, Expected::new("/again")).err().unwrap();
            assert_eq!((trouble.who, trouble.again.as_deref()), (Who::Person, Some("/again")));
        }
    }

    #[test]
    fn only_what_was_named_may_stand_there_several_times() {
        let token = shown();
        let several = Expected::new("/again").repeated(&["member"]);
        let body = format!("form={token}&member=a&member=b&member=a&x=1");
        let form = read(&body, Some(&token), several).unwrap();
        assert_eq!(form.all("member").collect::<Vec<_>>(), ["a", "b", "a"]);
        assert_eq!(form.all("none").count(), 0);
        for (body, expected) in [
            (body.clone(), Expected::new("/again")),
            (format!("{body}&x=1"), several),
            (format!("{body}&form={token}"), several),
        ] {
            let trouble = read(&body, Some(&token), expected).err().unwrap();
            assert_eq!(trouble.private.as_deref(), Some("a field stands there twice"));
        }
    }

    #[test]
    fn a_form_has_limits() {
        let token = shown();
        let several = Expected::new("/again").repeated(&["m"]);
        let ticks = |count: usize| format!("form={token}{}", "&m=1".repeat(count));
        let form = read(&ticks(REPEATED_VALUES_MAX), Some(&token), several).unwrap();
        assert_eq!(form.all("m").count(), REPEATED_VALUES_MAX);
        assert!(read(&ticks(REPEATED_VALUES_MAX + 1), Some(&token), several).is_err());
        let fields: String = (1..QUERY_PAIRS_MAX).map(|index| format!("&f{index}=")).collect();
        let body = format!("form={token}{fields}");
        assert!(read(&body, Some(&token), Expected::new("/again")).is_ok());
        assert!(read(&format!("{body}&g="), Some(&token), Expected::new("/again")).is_err());
        let long = format!("form={token}&xml={}", "x".repeat(QUERY_BYTES_MAX));
        let trouble = read(&long, Some(&token), Expected::new("/again")).err().unwrap();
        assert!(trouble.too_large);
        let longer = Expected::new("/again").bytes_max(long.len());
        assert_eq!(read(&long, Some(&token), longer).unwrap().get("xml").len(), QUERY_BYTES_MAX);
        assert!(read(&format!("{long}x"), Some(&token), longer).err().unwrap().too_large);
    }

    #[test]
    fn a_browser_keeps_its_token_unless_it_is_none_of_ours() {
        let token = shown();
        let with = |cookie: &str| {
            let request = posted("", Some(cookie));
            let token = FormToken::of(&ctx(&SystemWorld), &incoming(&request));
            token.fields(&[]).remove(0).value
        };
        assert_eq!(with(&token), token);
        let forged = "\"><script>".repeat(6).chars().take(token.len()).collect::<String>();
        for other in ["", "x", &forged] {
            let new = with(other);
            assert!(new != other && new.len() == SECRET_CHARS, "{other}");
        }
    }
}
