//! What the forms here have in common: their fields, and the token that binds them to the browser.

use lychgate_core::{
    credential::{SECRET_CHARS, new_secret},
    ctx::Ctx,
    oidc::authorize::{AuthorizeError, AuthorizeParams},
    organization::Domain,
    passwords::EMAIL_BYTES_MAX,
    ports::EmailDomains,
    secret::SecretHash,
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    json::Incoming,
    page::{Trouble, Who},
    pages::Hidden,
    reply::Reply,
};

/// The field that holds the token.
const FIELD: &str = "form";

/// A form that came: its fields, each once.
pub(crate) struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads it, and believes it only from the browser that was shown it.
    pub(crate) fn read(ctx: &Ctx<'_>, incoming: &Incoming<'_>) -> Result<Self, Trouble> {
        let broken = || Trouble::new(Who::Person, "This form cannot be read.").again("/sign_in");
        let pairs = incoming.form().map_err(|problem| broken().because(problem.detail))?;
        // Which of two a reader takes is what attacks are made of.
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|two| matches!(two, [one, other] if one == other)) {
            return Err(broken().because("a field stands there twice"));
        }
        let form = Self { pairs };
        let cookie = Cookies::of(ctx.base_url).name(Cookie::Form);
        let token = incoming.request.cookie(&cookie).unwrap_or_default();
        let same = token.len() == SECRET_CHARS
            && SecretHash::of(token.as_bytes()).matches(form.get(FIELD).as_bytes());
        if same {
            Ok(form)
        } else {
            let sentence = "This form was not shown in this browser, or cookies are switched off.";
            Err(Trouble::new(Who::Person, sentence).again("/sign_in"))
        }
    }

    /// The field of this name; empty when there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.pairs.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// An application's request, if the form carries one.
    pub(crate) fn params(&self) -> AuthorizeParams {
        AuthorizeParams::from_pairs(&self.pairs)
    }
}

/// The token for a form in this browser: the one that it has, or a new one.
pub(crate) struct Token {
    value: String,
    cookie: String,
}

/// How long a form may lie open, in seconds.
const FORM_SECS: u64 = 86_400;

impl Token {
    pub(crate) fn of(ctx: &Ctx<'_>, incoming: &Incoming<'_>) -> Self {
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

    /// The hidden fields of a form: the token, and these.
    pub(crate) fn fields(&self, others: &[(&str, &str)]) -> Vec<Hidden> {
        let mut fields = vec![Hidden::new(FIELD, &self.value)];
        fields.extend(others.iter().map(|(name, value)| Hidden::new(name, value)));
        fields
    }

    /// The page, with the cookie.
    pub(crate) fn onto(self, reply: Reply) -> Reply {
        reply.with_cookie(self.cookie)
    }
}

/// Which organization somebody meant: a domain, or an e-mail address whose domain leads to one.
pub(crate) async fn domain_of<S: EmailDomains + lychgate_core::ports::Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    typed: &str,
) -> Result<Option<Domain>, Trouble> {
    let typed = typed.trim().to_lowercase();
    if typed.len() > EMAIL_BYTES_MAX {
        return Ok(None);
    }
    let Some((_, host)) = typed.rsplit_once('@') else {
        let Some(domain) = Domain::parse(&typed) else { return Ok(None) };
        return Ok(store.by_domain(ctx, &domain).await?.map(|_| domain));
    };
    let Some(id) = store.by_email_domain(ctx, host).await? else { return Ok(None) };
    Ok(store.organization(ctx, &id).await?.map(|organization| organization.domain))
}

/// What is wrong with an application's request, told to the person. What the application itself is to be told has gone
/// there before a page was shown, so it is told here in a word.
pub(crate) fn request_trouble(ctx: &Ctx<'_>, error: AuthorizeError) -> Result<Reply, Trouble> {
    match error {
        AuthorizeError::UnknownClient => Err(Trouble::new(
            Who::Developer,
            "The application that sent you here is not known to this sign-in service.",
        )),
        AuthorizeError::RedirectUri => Err(Trouble::new(
            Who::Developer,
            "The application that sent you here asked to be answered at an address that it has not registered.",
        )),
        AuthorizeError::SentBack(sent_back) => Ok(Reply::see_other(&sent_back.location(ctx))),
        AuthorizeError::Store(error) => Err(error.into()),
    }
}
