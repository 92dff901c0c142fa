//! Requests of the log as people read them: who came, what became of it, what was repaired, what to do (P14–P16).

use lychgate_core::{journal::RequestEntry, organization::Directory, time::Timestamp};
use lychgate_edge::pages::settings::{
    live::{NoticeLine, RequestLine},
    when::When,
};
use serde_json::Value;

/// The most characters of a path that are shown.
const PATH_CHARS_MAX: usize = 96;
/// The most characters of a client's own name that are shown.
const CLIENT_CHARS_MAX: usize = 60;
/// The most characters of what the client was told.
const DETAIL_CHARS_MAX: usize = 500;
/// The most subjects that are shown of one kind of notice.
const SUBJECTS_MAX: usize = 12;

/// A provisioning client, as far as its `User-Agent` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client<'a> {
    /// Okta.
    Okta,
    /// It sends no name. Entra is the one that does so (and OneLogin's is empty, which counts as none).
    Nameless,
    /// Another one that we know.
    Known(&'static str),
    /// What it calls itself.
    Other(&'a str),
}

impl<'a> Client<'a> {
    /// From the header.
    pub(crate) fn of(user_agent: Option<&'a str>) -> Self {
        let Some(text) = user_agent.map(str::trim).filter(|text| !text.is_empty()) else {
            return Self::Nameless;
        };
        let lower = text.to_ascii_lowercase();
        let known = [
            ("google-auto-provisioning", "Google Workspace"),
            ("onelogin", "OneLogin"),
            ("jumpcloud", "JumpCloud"),
        ];
        match known.into_iter().find(|(mark, _)| lower.contains(mark)) {
            Some((_, name)) => Self::Known(name),
            None if lower.contains("okta") => Self::Okta,
            None => Self::Other(text),
        }
    }

    /// For people.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Okta => "Okta".to_owned(),
            Self::Nameless => "a client that sends no name, as Microsoft Entra ID does".to_owned(),
            Self::Known(name) => name.to_owned(),
            Self::Other(text) => shortened(text, CLIENT_CHARS_MAX),
        }
    }

    /// When to expect it again.
    pub(crate) const fn rhythm(self) -> Option<&'static str> {
        match self {
            Self::Okta => Some(
                "Okta sends changes as they happen. It never deletes: removed people appear under Members → Suspended.",
            ),
            Self::Nameless => {
                Some("Entra comes about every 40 minutes; use Provision on demand to try at once.")
            }
            Self::Known(_) | Self::Other(_) => None,
        }
    }
}

/// One request.
pub(crate) fn line(now: Timestamp, directory: &Directory, entry: &RequestEntry) -> RequestLine {
    let (kind, word) = outcome(entry.status);
    RequestLine {
        when: When::at(now, entry.at),
        method: entry.method.clone(),
        path: path(&entry.path),
        status: entry.status,
        kind,
        word,
        scim_type: entry.scim_type.clone(),
        detail: entry.detail.as_deref().map(|detail| shortened(detail, DETAIL_CHARS_MAX)),
        advice: advice(entry),
        client: Client::of(entry.client.as_deref()).name(),
        credential: credential(directory, &entry.actor),
        notices: notices(&entry.notices),
        millis: entry.millis,
    }
}

/// Whether a request did what it asked for.
pub(crate) const fn succeeded(entry: &RequestEntry) -> bool {
    entry.status < 400
}

/// The path below the base URL, shortened.
pub(crate) fn path(target: &str) -> String {
    shortened(target.strip_prefix("/scim/v2").unwrap_or(target), PATH_CHARS_MAX)
}

/// The kind of a badge, and what the status means.
const fn outcome(status: u16) -> (&'static str, &'static str) {
    match status {
        201 => ("good", "created"),
        204 => ("good", "done"),
        ..400 => ("good", "answered"),
        400 => ("warn", "not possible"),
        404 => ("warn", "not here"),
        409 => ("warn", "taken"),
        412 => ("warn", "changed meanwhile"),
        413 => ("warn", "too large"),
        429 => ("warn", "too many at once"),
        // 401 and 403, and what nobody expects.
        401..500 => ("warn", "refused"),
        500.. => ("bad", "our side"),
    }
}

/// What somebody can do about it.
fn advice(entry: &RequestEntry) -> Option<&'static str> {
    let is_read = entry.method == "GET";
    Some(match (entry.status, entry.scim_type.as_deref()) {
        (..400, _) => return None,
        (400, Some("invalidFilter" | "invalidPath" | "noTarget")) => {
            "The sentence names what was asked for. Change the matching attribute or the mapping in the identity provider."
        }
        (400, Some("mutability")) => {
            "Take the attribute out of what the identity provider updates; in Okta, set its mapping to Apply on: Create."
        }
        (400, Some("tooMany")) => "Ask for less at once: a filter, or a smaller page.",
        (400, Some("invalidSyntax")) => {
            "The request is not as SCIM 2.0 says. Give this line to whoever makes the client."
        }
        (400, _) if names_members(entry) => {
            "Assign the people whose ids are named, so that they are provisioned; then push the group again."
        }
        (400, _) => {
            "The sentence names the attribute. Change its value or its mapping in the identity provider."
        }
        (401 | 403, _) => "The sentence says why: the licence, or the switch on the SCIM page.",
        (404, _) if is_read => {
            "Nothing, when it only looked. It was deleted here, or never provisioned; the identity provider creates it anew."
        }
        (404, _) => {
            "It was deleted here, or never provisioned. Provision it again: in Okta assign anew, in Entra Provision on demand."
        }
        (409, _) => {
            "Two entries of the identity provider lead to one userName or one group name. Change one of them, or remove what was made by hand here."
        }
        (412, _) => "Nothing: somebody else was faster, and the client reads again.",
        (413, _) => "Send less at once: fewer members or operations in a request.",
        (429, _) => "Nothing: the client comes again by itself.",
        (400..500, _) => "The sentence says what to change in the identity provider.",
        (500.., _) => {
            "Nothing at first: Okta and Entra come again. If it goes on, tell us when it was."
        }
    })
}

fn names_members(entry: &RequestEntry) -> bool {
    let about_group = entry.path.contains("/Groups");
    about_group && entry.detail.as_deref().is_some_and(|detail| detail.contains("member"))
}

/// With which token or client it came: by its name as long as it is there.
fn credential(directory: &Directory, actor: &str) -> String {
    let (kind, id) = actor.split_once(':').unwrap_or((actor, ""));
    match kind {
        "token" => match directory.tokens.iter().find(|token| token.id.to_string() == id) {
            Some(token) => format!("token “{}”", token.name),
            None => format!("a token that was revoked ({id})"),
        },
        "client" => match directory.clients.iter().find(|client| client.id.to_string() == id) {
            Some(client) => format!("OAuth client “{}”", client.name),
            None => format!("an OAuth client that was revoked ({id})"),
        },
        _ => actor.to_owned(),
    }
}

/// What was repaired or dropped, one line for each rule, in the order in which they acted.
fn notices(notices: &[Value]) -> Vec<NoticeLine> {
    let mut lines: Vec<NoticeLine> = Vec::new();
    for notice in notices {
        let part = |name| notice.get(name).and_then(Value::as_str).unwrap_or_default();
        let (what, subject) = (what_was_done(part("kind")), part("subject"));
        let known = lines.iter().position(|line| line.what == what);
        let place = known.unwrap_or_else(|| {
            lines.push(NoticeLine { what, subjects: Vec::new() });
            lines.len() - 1
        });
        let Some(line) = lines.get_mut(place) else { continue };
        match line.subjects.len() {
            _ if subject.is_empty() => {}
            ..SUBJECTS_MAX => line.subjects.push(subject.to_owned()),
            SUBJECTS_MAX => line.subjects.push("…".to_owned()),
            _ => {}
        }
    }
    lines
}

/// The ids of members that do not exist, among the notices of a request.
pub(crate) fn unknown_members(entry: &RequestEntry) -> Vec<String> {
    let is_unknown =
        |notice: &&Value| notice.get("kind").and_then(Value::as_str) == Some("UnknownMember");
    let ids = entry.notices.iter().filter(is_unknown);
    ids.filter_map(|notice| notice.get("subject")?.as_str().map(str::to_owned)).collect()
}

/// The rules of [`lychgate_scim::notice::NoticeKind`] in words.
fn what_was_done(kind: &str) -> &'static str {
    match kind {
        "UnknownAttribute" => "Dropped, since no schema here has it",
        "UnknownSchema" => "Schema ignored, since it is not served here",
        "ReadOnly" => "Ignored, since only the server sets it",
        "CreateOnly" => "Kept as it was, since it is set at creation only",
        "BooleanText" => "Text taken as true or false",
        "SingleForMany" => "One value taken as a list of one",
        "ManyForSingle" => "A list of one taken as its value",
        "TextForComplex" => "Text taken as the value of its object",
        "Password" => "Password accepted and not stored",
        "Membership" => "Ignored in a user: membership is changed through the groups",
        "UnknownMember" => "These members do not exist here; the others were taken",
        "CreatedElement" => "Created, since nothing matched",
        "Primary" => "Several were primary; the last one stayed so",
        "NumberText" => "Number and text exchanged",
        "Schemas" => "The list of schemas was missing or named no message",
        "More" => "More was repaired than is listed",
        _ => "Repaired",
    }
}

/// At most this many characters; a cut is marked.
pub(crate) fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(method: &str, path: &str, status: u16, scim_type: Option<&str>) -> RequestEntry {
        RequestEntry {
            at: Timestamp::from_unix_millis(1_795_338_000_000),
            request_id: "r-1".to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            actor: "token:tok-1".to_owned(),
            client: None,
            status,
            scim_type: scim_type.map(str::to_owned),
            detail: None,
            notices: Vec::new(),
            millis: 7,
        }
    }

    #[test]
    fn clients_are_known_by_their_names_and_entra_by_none() {
        for (header, name) in [
            (Some("Okta SCIM Client 1.0.0"), "Okta"),
            (Some("Google-Auto-Provisioning"), "Google Workspace"),
            (Some("curl/8.1"), "curl/8.1"),
            (None, "a client that sends no name, as Microsoft Entra ID does"),
            (Some(" "), "a client that sends no name, as Microsoft Entra ID does"),
        ] {
            assert_eq!(Client::of(header).name(), name);
        }
        assert!(Client::of(None).rhythm().unwrap().contains("40 minutes"));
        assert!(Client::of(Some("OKTA")).rhythm().unwrap().contains("never deletes"));
        assert_eq!(Client::of(Some("curl")).rhythm(), None);
        assert_eq!(Client::of(Some(&"x".repeat(200))).name().chars().count(), 61);
    }

    #[test]
    fn every_refusal_has_an_advice_and_no_success_has_one() {
        for status in 200..600 {
            let entry = entry("PATCH", "/scim/v2/Users/1", status, None);
            assert_eq!(advice(&entry).is_none(), succeeded(&entry), "{status}");
            assert_eq!(outcome(status).0 == "good", succeeded(&entry), "{status}");
        }
        let mut group = entry("PATCH", "/scim/v2/Groups/1", 400, Some("invalidValue"));
        assert!(advice(&group).unwrap().starts_with("The sentence names the attribute"));
        group.detail = Some("None of these members exists: a, b.".to_owned());
        assert!(advice(&group).unwrap().starts_with("Assign the people"));
    }

    #[test]
    fn notices_are_gathered_by_rule() {
        let notices = notices(&[
            json!({"kind": "UnknownAttribute", "subject": "nick"}),
            json!({"kind": "BooleanText", "subject": "active"}),
            json!({"kind": "UnknownAttribute", "subject": "shoe"}),
            json!({"kind": "New", "subject": ""}),
            json!(7),
        ]);
        let lines: Vec<_> = notices.iter().map(|line| (line.what, line.subjects.len())).collect();
        assert_eq!(
            lines,
            [
                ("Dropped, since no schema here has it", 2),
                ("Text taken as true or false", 1),
                ("Repaired", 0),
            ]
        );
        let many: Vec<Value> =
            (0..40).map(|id| json!({"kind": "UnknownMember", "subject": id.to_string()})).collect();
        let line = super::notices(&many).remove(0);
        assert_eq!((line.subjects.len(), line.subjects.last().unwrap().as_str()), (13, "…"));
    }

    #[test]
    fn paths_are_shown_below_the_base_url_and_shortened() {
        assert_eq!(path("/scim/v2/Users?count=1"), "/Users?count=1");
        let long = path(&format!("/scim/v2/Users?filter={}", "ä".repeat(300)));
        assert_eq!((long.chars().count(), long.chars().last()), (97, Some('…')));
    }

    #[test]
    fn the_rules_of_the_log_have_words() {
        use lychgate_scim::notice::NoticeKind;
        for kind in [
            NoticeKind::UnknownAttribute,
            NoticeKind::UnknownSchema,
            NoticeKind::ReadOnly,
            NoticeKind::CreateOnly,
            NoticeKind::BooleanText,
            NoticeKind::SingleForMany,
            NoticeKind::ManyForSingle,
            NoticeKind::TextForComplex,
            NoticeKind::Password,
            NoticeKind::Membership,
            NoticeKind::UnknownMember,
            NoticeKind::CreatedElement,
            NoticeKind::Primary,
            NoticeKind::NumberText,
            NoticeKind::Schemas,
        ] {
            assert_ne!(what_was_done(&format!("{kind:?}")), "Repaired", "{kind:?}");
        }
    }
}
