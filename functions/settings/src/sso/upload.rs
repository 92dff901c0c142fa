//! A file that is uploaded without a script comes as `multipart/form-data` (RFC 7578): the one form of the settings that
//! does.
//!
//! `multer` reads it, as it does for Rocket and axum: boundaries, headers and their quoting have had their mistakes made there,
//! and it stops at limits while it reads. Only this function names it (`deny.toml`), so no other carries it. What it gives
//! is a list of fields like any other form's: [`Form::of_fields`](lychgate_edge::form::Form::of_fields) believes them.

use std::convert::Infallible;

use lychgate_edge::{
    json::Incoming,
    page::{Trouble, Who},
};
use multer::{Constraints, Multipart, SizeLimit};

/// The longest file that is read, in bytes: as long as the longest metadata that is (`Limits::METADATA` of the SAML crate).
pub(super) const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The longest of the other fields, in bytes.
const FIELD_BYTES_MAX: u64 = 1_024;
/// The longest body, in bytes: the file, the other fields, and what stands between them.
const BODY_BYTES_MAX: u64 = FILE_BYTES_MAX + 16 * 1_024;
/// The field of the file.
pub(super) const FILE: &str = "file";
/// The fields beside it.
const FIELDS: [&str; 2] = [lychgate_edge::form::TOKEN_FIELD, "idp"];
/// The most parts.
const PARTS_MAX: usize = 8;

/// What was uploaded.
pub(super) struct Uploaded {
    /// The fields beside the file.
    pub(super) fields: Vec<(String, String)>,
    /// The file's bytes; `None` when there is none.
    pub(super) file: Option<Vec<u8>>,
}

/// Whether the request is an upload.
pub(super) fn is_upload(incoming: &Incoming<'_>) -> bool {
    incoming.request.media_type() == "multipart/form-data"
}

/// Reads it. Nothing is believed yet: the form's token is among the fields.
///
/// # Errors
/// It cannot be read, is too long, or has a field that the form has not.
pub(super) async fn read(incoming: &Incoming<'_>, again: &str) -> Result<Uploaded, Trouble> {
    let broken = |error: &multer::Error| {
        use multer::Error::{FieldSizeExceeded, StreamSizeExceeded};
        let too_large = matches!(error, FieldSizeExceeded { .. } | StreamSizeExceeded { .. });
        let mut trouble = unlike_ours(again);
        if too_large {
            "The file is larger than any metadata: at most 1 MB is read."
                .clone_into(&mut trouble.sentence);
            trouble.too_large = true;
        }
        trouble.because(error.to_string())
    };
    let content_type = incoming.request.header("content-type").unwrap_or_default();
    let boundary = multer::parse_boundary(content_type).map_err(|error| broken(&error))?;
    let limit = SizeLimit::new()
        .whole_stream(BODY_BYTES_MAX)
        .per_field(FIELD_BYTES_MAX)
        .for_field(FILE, FILE_BYTES_MAX);
    let mut names = FIELDS.to_vec();
    names.push(FILE);
    let constraints = Constraints::new().size_limit(limit).allowed_fields(names);
    let body = incoming.request.body.clone();
    let stream = futures_util::stream::once(async move { Ok::<_, Infallible>(body) });
    let mut parts = Multipart::with_constraints(stream, boundary, constraints);
    let mut uploaded = Uploaded { fields: Vec::new(), file: None };
    for _ in 0..PARTS_MAX {
        let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? else {
            return Ok(uploaded);
        };
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|error| broken(&error))?;
        if name != FILE {
            let value = String::from_utf8_lossy(&bytes).into_owned();
            uploaded.fields.push((name, value));
        } else if uploaded.file.replace(bytes.to_vec()).is_some() {
            return Err(unlike_ours(again).because("two files"));
        }
    }
    Err(unlike_ours(again).because("too many parts"))
}

fn unlike_ours(again: &str) -> Trouble {
    Trouble::new(Who::Person, "This form cannot be read.").again(again)
}
