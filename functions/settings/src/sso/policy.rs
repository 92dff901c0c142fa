//! "More settings": what a connection accepts and how it asks, the name, and the choice of our entity ID.

use lychgate_core::{
    connection::{
        CLOCK_SKEW_SECS_MAX, ConnectionPolicy, EntityIdChoice, SESSION_SECS_MAX, SESSION_SECS_MIN,
        WEAK_DAYS_MAX,
    },
    operator::{
        connection_policy::{ATTRIBUTE_NAME_CHARS_MAX, AttributeUpdate, PolicyUpdate},
        connections::{self, Update},
    },
    ports::outside_parts::Outside,
    time::Timestamp,
};
use lychgate_edge::{
    form::Form,
    pages::settings::{FormProblem, connection::PolicyForm},
    reply::Reply,
    settings::Turned,
};

use super::{
    Desk,
    connection::{self, Shown},
    entries,
    idp_kind::IdpKind,
    mistake, problem,
};
use crate::Store;

/// A day, in seconds.
const DAY_SECS: u64 = 86_400;
/// A minute, in seconds.
const MINUTE_SECS: u32 = 60;

/// The form as it is shown before anybody types.
pub(super) fn form(name: &str, policy: &ConnectionPolicy, now: Timestamp) -> PolicyForm {
    // One that has ended is as good as none, and could not be saved again.
    let day =
        |until: Option<Timestamp>| until.filter(|until| *until > now).map(date).unwrap_or_default();
    let text = |name: &Option<String>| name.clone().unwrap_or_default();
    PolicyForm {
        open: false,
        name: name.to_owned(),
        idp_initiated: policy.idp_initiated,
        just_in_time: policy.just_in_time,
        require_encryption: policy.require_encryption,
        sign_requests: policy.sign_requests,
        request_by_post: policy.request_by_post,
        sha1_until: day(policy.sha1_until),
        rsa_1_5_until: day(policy.rsa_1_5_until),
        clock_skew_secs: policy.clock_skew_secs.to_string(),
        session_minutes: (policy.session_secs / MINUTE_SECS).to_string(),
        email: text(&policy.attributes.email),
        first_name: text(&policy.attributes.first_name),
        last_name: text(&policy.attributes.last_name),
        display_name: text(&policy.attributes.display_name),
        email_domains: policy.email_domains.join("\n"),
    }
}

fn typed(form: &Form) -> PolicyForm {
    let text = |name| form.get(name).to_owned();
    PolicyForm {
        open: true,
        name: text("name"),
        idp_initiated: form.has("idp_initiated"),
        just_in_time: form.has("just_in_time"),
        require_encryption: form.has("require_encryption"),
        sign_requests: form.has("sign_requests"),
        request_by_post: form.has("request_by_post"),
        sha1_until: text("sha1_until"),
        rsa_1_5_until: text("rsa_1_5_until"),
        clock_skew_secs: text("clock_skew_secs"),
        session_minutes: text("session_minutes"),
        email: text("attribute_email"),
        first_name: text("attribute_first_name"),
        last_name: text("attribute_last_name"),
        display_name: text("attribute_display_name"),
        email_domains: text("email_domains"),
    }
}

/// What was typed, as the use case takes it.
///
/// # Errors
/// The first field that is wrong, in the page's words.
fn update(typed: &PolicyForm, now: Timestamp) -> Result<Update<'_>, FormProblem> {
    if typed.name.trim().is_empty() {
        return Err(mistake("name", "The connection needs a name that people recognize."));
    }
    let skew_range = 0..=CLOCK_SKEW_SECS_MAX;
    let minutes_range = SESSION_SECS_MIN / MINUTE_SECS..=SESSION_SECS_MAX / MINUTE_SECS;
    let clock_skew = number("clock_skew_secs", &typed.clock_skew_secs, skew_range, "seconds")?;
    let minutes = number("session_minutes", &typed.session_minutes, minutes_range, "minutes")?;
    Ok(Update {
        name: Some(&typed.name),
        entity_id: None,
        policy: PolicyUpdate {
            idp_initiated: Some(typed.idp_initiated),
            just_in_time: Some(typed.just_in_time),
            require_encryption: Some(typed.require_encryption),
            sign_requests: Some(typed.sign_requests),
            request_by_post: Some(typed.request_by_post),
            sha1_until: Some(until("sha1_until", &typed.sha1_until, now)?),
            rsa_1_5_until: Some(until("rsa_1_5_until", &typed.rsa_1_5_until, now)?),
            clock_skew_secs: Some(clock_skew),
            session_secs: Some(minutes.saturating_mul(MINUTE_SECS)),
            attributes: AttributeUpdate {
                email: Some(attribute("attribute_email", &typed.email)?),
                first_name: Some(attribute("attribute_first_name", &typed.first_name)?),
                last_name: Some(attribute("attribute_last_name", &typed.last_name)?),
                display_name: Some(attribute("attribute_display_name", &typed.display_name)?),
            },
            email_domains: Some(entries(&typed.email_domains)),
        },
    })
}

fn number(
    field: &str,
    text: &str,
    range: std::ops::RangeInclusive<u32>,
    unit: &str,
) -> Result<u32, FormProblem> {
    text.trim().parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let (min, max) = (range.start(), range.end());
        mistake(field, format!("Give a whole number of {unit} from {min} to {max}."))
    })
}

fn date(at: Timestamp) -> String {
    at.rfc3339().chars().take(10).collect()
}

/// The end of a day that is typed as `2026-12-31`; empty: none.
fn until(field: &str, text: &str, now: Timestamp) -> Result<Option<Timestamp>, FormProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    // The end of the last day still lies within the limit.
    let latest = now.plus_secs((WEAK_DAYS_MAX - 1) * DAY_SECS);
    let end = (text.len() == 10)
        .then(|| Timestamp::parse_rfc3339(&format!("{text}T23:59:59Z")))
        .flatten()
        .filter(|end| *end > now && date(*end) <= date(latest));
    end.map(Some).ok_or_else(|| {
        let (first, last) = (date(now), date(latest));
        mistake(
            field,
            format!("Give a day from {first} to {last}, or leave it empty: what is weak is taken for a time only."),
        )
    })
}

fn attribute<'a>(field: &str, text: &'a str) -> Result<Option<&'a str>, FormProblem> {
    let text = text.trim();
    if text.chars().count() > ATTRIBUTE_NAME_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(mistake(
            field,
            format!(
                "The name of an attribute has at most {ATTRIBUTE_NAME_CHARS_MAX} characters, without line breaks."
            ),
        ));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

pub(super) async fn save<S: Store, O: Outside>(
    desk: Desk<'_, '_, S>,
    outside: &O,
) -> Result<Reply, Turned> {
    let form = desk.room.form(desk.ctx, desk.incoming, &desk.rest())?;
    let kind = IdpKind::parse(form.get("idp"));
    let organization = desk.room.organization();
    let id = desk.connection_id();
    if form.get("section") == "entity_id" {
        let choice = match form.get("entity_id") {
            "shared" => EntityIdChoice::Shared,
            _ => EntityIdChoice::Organization,
        };
        let update = Update { entity_id: Some(choice), ..Update::default() };
        let saved =
            connections::update(desk.ctx, desk.store, outside, &organization, id, &update).await;
        return match saved {
            Ok(_) => Ok(desk.done(kind, "entity-id-saved").await),
            Err(refusal) => {
                let shown = Shown::wrong(problem(refusal)?, kind);
                connection::page(desk, 400, shown).await
            }
        };
    }
    let typed = typed(&form);
    let wrong = match update(&typed, desk.ctx.now()) {
        Err(wrong) => wrong,
        Ok(update) => {
            let (ctx, store) = (desk.ctx, desk.store);
            match connections::update(ctx, store, outside, &organization, id, &update).await {
                Ok(_) => return Ok(desk.done(kind, "settings-saved").await),
                Err(refusal) => problem(refusal)?,
            }
        }
    };
    let shown = Shown { policy: Some(typed), ..Shown::wrong(wrong, kind) };
    connection::page(desk, 400, shown).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-22T16:05:00Z";

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339(NOW).unwrap()
    }

    #[test]
    fn what_is_shown_can_be_saved_and_means_the_same() {
        let policy = ConnectionPolicy {
            sha1_until: Timestamp::parse_rfc3339("2026-12-31T23:59:59Z"),
            rsa_1_5_until: Timestamp::parse_rfc3339("2026-11-01T00:00:00Z"),
            email_domains: vec!["a.example".to_owned(), "b.example".to_owned()],
            ..ConnectionPolicy::default()
        };
        let form = form("Okta", &policy, now());
        let update = update(&form, now()).unwrap();
        assert_eq!(update.policy.sha1_until, Some(policy.sha1_until));
        assert_eq!(update.policy.rsa_1_5_until, Some(None), "it has ended");
        assert_eq!(update.policy.session_secs, Some(policy.session_secs));
        assert_eq!(update.policy.clock_skew_secs, Some(policy.clock_skew_secs));
        assert_eq!(update.policy.email_domains, Some(vec!["a.example", "b.example"]));
        assert_eq!(update.policy.attributes.email, Some(None));
    }

    #[test]
    fn a_mistake_is_told_at_its_field() {
        let good = form("Okta", &ConnectionPolicy::default(), now());
        type Spoil = fn(&mut PolicyForm);
        let spoils: [(&str, Spoil); 8] = [
            ("name", |form| form.name = " ".to_owned()),
            ("clock_skew_secs", |form| form.clock_skew_secs = "601".to_owned()),
            ("clock_skew_secs", |form| form.clock_skew_secs = "-1".to_owned()),
            ("session_minutes", |form| form.session_minutes = "4".to_owned()),
            ("sha1_until", |form| form.sha1_until = "2026-11-21".to_owned()),
            ("sha1_until", |form| form.sha1_until = "2027-05-21".to_owned()),
            ("rsa_1_5_until", |form| form.rsa_1_5_until = "tomorrow".to_owned()),
            ("attribute_email", |form| form.email = "x".repeat(257)),
        ];
        for (field, spoil) in spoils {
            let mut form = good.clone();
            spoil(&mut form);
            let problem = update(&form, now()).unwrap_err();
            assert_eq!(problem.field.as_deref(), Some(field));
            assert!(!problem.sentence.contains(['`', '_']), "{}", problem.sentence);
        }
        for day in ["2026-11-22", "2027-05-20"] {
            let form = PolicyForm { sha1_until: day.to_owned(), ..good.clone() };
            let end = update(&form, now()).unwrap().policy.sha1_until.flatten().unwrap();
            assert!(end <= now().plus_secs(WEAK_DAYS_MAX * DAY_SECS), "{day}");
        }
    }
}
