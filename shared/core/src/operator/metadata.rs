//! Saving an IdP's metadata (S4): fetched from its address, or pasted; read and checked before anything is kept.

use lychgate_saml::metadata::Rules;
use serde_json::{Map, Value};

use super::{
    Refusal,
    connections::{
        Decision, Shown, change, connection_event, connection_id, edited, find, same_but_tested,
        setup,
    },
};
use crate::{
    connection::{Connection, MetadataSource, Settings, SignInSetup},
    ctx::Ctx,
    event::EventKind,
    idp::{self, ReadMetadata},
    ports::{
        Connections, Organizations,
        outside::{FetchError, MetadataFetcher},
    },
};

/// The longest address of metadata, in bytes.
pub const METADATA_URL_BYTES_MAX: usize = 2_048;

/// Where metadata comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given<'a> {
    /// From this address, now and again on a schedule.
    Url(&'a str),
    /// This is it.
    Document(&'a str),
}

/// Metadata that was saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The connection with it.
    pub shown: Shown,
    /// What the owner should know: sentences.
    pub warnings: Vec<String>,
}

/// Saves metadata into the draft, when it is metadata of an IdP that can be used. Saving again what is there already
/// leaves a test of it standing.
///
/// # Errors
/// It cannot be fetched or read, or is of no use; there is no such organization or connection; the store is away.
pub async fn save<S: Organizations + Connections, O: MetadataFetcher>(
    ctx: &Ctx<'_>,
    store: &S,
    outside: &O,
    rules: &Rules,
    organization: &str,
    connection: &str,
    given: Given<'_>,
) -> Result<Saved, Refusal> {
    let id = connection_id(connection)?;
    // Nothing is fetched on behalf of a connection that does not exist.
    find(&setup(ctx, store, organization).await?, &id)?;
    let read = match given {
        Given::Url(url) => fetch(ctx, outside, rules, check_url(url)?).await?,
        Given::Document(text) => parse(ctx, rules, text.as_bytes(), "xml")?,
    };
    let decide = |_: &SignInSetup, before: &Connection| {
        let was = edited(before)?;
        let settings =
            Settings { source: source(ctx, given), idp: Some(read.idp.clone()), ..was.clone() };
        if same_but_tested(&settings, was) && same_place(&settings.source, &was.source) {
            return Ok(Decision::Keep);
        }
        let tested = was.tested.filter(|_| same_but_tested(&settings, was));
        let after = Connection { draft: Some(Settings { tested, ..settings }), ..before.clone() };
        let event =
            connection_event(ctx, EventKind::ConnectionUpdated, &after, saved_data(given, &read));
        Ok(Decision::put(after, Some(event)))
    };
    let shown = change(ctx, store, organization, &id, decide).await?;
    Ok(Saved { shown, warnings: read.warnings })
}

/// The address, when it can be one; whether it may be reached is the fetcher's to say.
fn check_url(url: &str) -> Result<&str, Refusal> {
    let url = url.trim();
    let is_http = ["https://", "http://"].iter().any(|scheme| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    if url.len() > METADATA_URL_BYTES_MAX
        || !is_http
        || url.chars().any(|c| c.is_control() || c == ' ')
    {
        return Err(Refusal::invalid(
            "url",
            format!(
                "`url` must be the https address of the identity provider's metadata, at most \
                 {METADATA_URL_BYTES_MAX} bytes. A document goes into `xml`."
            ),
        ));
    }
    Ok(url)
}

async fn fetch<O: MetadataFetcher>(
    ctx: &Ctx<'_>,
    outside: &O,
    rules: &Rules,
    url: &str,
) -> Result<ReadMetadata, Refusal> {
    let document = outside.fetch(ctx, url).await.map_err(|FetchError { code, detail }| {
        Refusal::invalid("url", format!("The metadata cannot be fetched ({code}): {detail}"))
    })?;
    parse(ctx, rules, &document, "url")
}

fn parse(
    ctx: &Ctx<'_>,
    rules: &Rules,
    document: &[u8],
    field: &str,
) -> Result<ReadMetadata, Refusal> {
    idp::read(document, ctx.now(), rules).map_err(|error| {
        Refusal::invalid(field, format!("The metadata is not saved ({}): {error}.", error.code()))
    })
}

fn source(ctx: &Ctx<'_>, given: Given<'_>) -> MetadataSource {
    match given {
        Given::Url(url) => MetadataSource::Url {
            url: url.trim().to_owned(),
            fetched: ctx.now(),
            tried: ctx.now(),
            error: None,
        },
        Given::Document(_) => MetadataSource::Document { saved: ctx.now() },
    }
}

/// Whether both come from the same place, and nothing is wrong with it.
fn same_place(one: &MetadataSource, other: &MetadataSource) -> bool {
    match (one, other) {
        (
            MetadataSource::Url { url: one, error: None, .. },
            MetadataSource::Url { url: other, error: None, .. },
        ) => one == other,
        (MetadataSource::Document { .. }, MetadataSource::Document { .. }) => true,
        _ => false,
    }
}

fn saved_data(given: Given<'_>, read: &ReadMetadata) -> Map<String, Value> {
    let mut data = Map::new();
    match given {
        Given::Url(url) => data.insert("metadata_url".to_owned(), url.trim().into()),
        Given::Document(_) => data.insert("metadata".to_owned(), "document".into()),
    };
    data.insert("idp_entity_id".to_owned(), read.idp.entity_id.as_str().into());
    let fingerprints = idp::certificates(&read.idp).into_iter().map(|it| it.fingerprint);
    data.insert("certificates".to_owned(), fingerprints.collect::<Vec<_>>().into());
    data
}
