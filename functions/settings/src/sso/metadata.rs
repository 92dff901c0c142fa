//! The identity provider's metadata: an address, a file, or text (S4).

use lychgate_core::{
    idp::Rules,
    operator::metadata::{self, Given},
    ports::outside_parts::Outside,
};
use lychgate_edge::{
    form::{Expected, Form},
    pages::settings::connection::MetadataForm,
    reply::Reply,
    settings::Turned,
};

use super::{
    Desk,
    connection::{self, Shown},
    idp_kind::IdpKind,
    mistake, problem, upload,
};
use crate::Store;

/// The longest form with pasted metadata, in bytes: percent-encoded, it is up to three times as long as the document.
const FORM_BYTES_MAX: usize = lychgate_edge::request::BODY_BYTES_MAX;
/// What was pasted is shown again up to this many characters: a page stays small.
const KEPT_CHARS_MAX: usize = 24 * 1_024;

/// What came, and in which field.
struct Came {
    field: &'static str,
    text: String,
    kind: Option<IdpKind>,
}

pub(super) async fn save<S: Store, O: Outside>(
    desk: Desk<'_, '_, S>,
    outside: &O,
    rules: &Rules,
) -> Result<Reply, Turned> {
    let Came { field, text, kind } = read(&desk).await?;
    let wrong = if text.trim().is_empty() {
        mistake(
            field,
            match field {
                "url" => {
                    "Paste the address of the identity provider’s metadata; it begins with https://."
                }
                "file" => "Choose the file that the identity provider gave you.",
                _ => "Paste the metadata: an XML document.",
            },
        )
    } else {
        let given = if field == "url" { Given::Url(&text) } else { Given::Document(&text) };
        let organization = desk.room.organization();
        let id = desk.connection_id();
        match metadata::save(desk.ctx, desk.store, outside, rules, &organization, id, given).await {
            Ok(saved) if saved.warnings.is_empty() => {
                return Ok(desk.done(kind, "metadata-saved").await);
            }
            // They are in nothing that is kept: this is the only time to say them.
            Ok(saved) => {
                desk.room.note(desk.ctx, desk.store, "metadata-saved").await;
                let notes = saved.warnings.iter().map(|note| sentence(note)).collect();
                return connection::page(desk, 200, Shown { notes, kind, ..Shown::default() })
                    .await;
            }
            Err(refusal) => {
                let mut wrong = problem(refusal)?;
                if wrong.field.is_some() {
                    wrong.field = Some(field.to_owned());
                }
                wrong
            }
        }
    };
    let form = match field {
        "url" => Some(MetadataForm { url: text, xml: String::new() }),
        "xml" if text.chars().count() <= KEPT_CHARS_MAX => {
            Some(MetadataForm { url: String::new(), xml: text })
        }
        _ => None,
    };
    let shown = Shown { form, ..Shown::wrong(wrong, kind) };
    connection::page(desk, 400, shown).await
}

async fn read<S: Store>(desk: &Desk<'_, '_, S>) -> Result<Came, Turned> {
    let again = desk.room.path(&desk.rest());
    let expected = Expected::new(&again).bytes_max(FORM_BYTES_MAX);
    if upload::is_upload(desk.incoming) {
        let uploaded = upload::read(desk.incoming, &again).await?;
        let form = Form::of_fields(desk.ctx, desk.incoming, uploaded.fields, expected)?;
        // What is no UTF-8 is no metadata that is read: the sentence about it says what it looks like.
        let text = String::from_utf8_lossy(&uploaded.file.unwrap_or_default()).into_owned();
        return Ok(Came { field: upload::FILE, text, kind: IdpKind::parse(form.get("idp")) });
    }
    let form = Form::read(desk.ctx, desk.incoming, expected)?;
    let field = if form.has("xml") { "xml" } else { "url" };
    let text = form.get(field).to_owned();
    Ok(Came { field, text, kind: IdpKind::parse(form.get("idp")) })
}

/// With a capital at its beginning and a full stop at its end.
fn sentence(note: &str) -> String {
    let mut characters = note.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let rest = characters.as_str().trim_end_matches('.').replace('`', "");
    format!("{first}{rest}.")
}
