//! `/v1/organizations/{organization}/certificates…`.

use lychgate_core::{connection::KeyPair, ctx::Ctx, operator::certificates};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};

use crate::{
    Outside,
    body::{Body, check_query},
    problem,
    setup::Store,
    view,
};

/// RFC 8555 §9.1.
const PEM_MEDIA_TYPE: &str = "application/pem-certificate-chain";
/// RFC 2585 §4.1.
const DER_MEDIA_TYPE: &str = "application/pkix-cert";

/// How a certificate is given.
enum Format {
    Json,
    Pem,
    Der,
}

pub(crate) async fn list<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (_, key_pairs) = certificates::list(ctx, store, incoming.parameter("organization"))
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::items(key_pairs.iter().map(|it| view::certificate(it, ctx.now())))))
}

pub(crate) async fn generate<S: Store, O: Outside>(
    ctx: &Ctx<'_>,
    store: &S,
    outside: &O,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    Body::read(incoming, &[])?;
    let organization = incoming.parameter("organization");
    let (organization, key_pair) =
        certificates::generate(ctx, store, outside, organization).await.map_err(problem::of)?;
    let location = format!(
        "{}/v1/organizations/{}/certificates/{}",
        ctx.base_url, organization.id, key_pair.id
    );
    let body = view::certificate_with_pem(&key_pair, ctx.now());
    Ok(reply(201, &body).with_header("location", location))
}

pub(crate) async fn read<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    check_query(incoming, &["format"])?;
    let format = format(incoming)?;
    let (organization, certificate) =
        (incoming.parameter("organization"), incoming.parameter("certificate"));
    let (organization, key_pair) =
        certificates::read(ctx, store, organization, certificate).await.map_err(problem::of)?;
    let domain = organization.domain.as_str();
    Ok(match format {
        Format::Json => reply(200, &view::certificate_with_pem(&key_pair, ctx.now())),
        Format::Pem => {
            let pem = certificates::pem(&key_pair).into_bytes();
            file(domain, &key_pair, "pem", PEM_MEDIA_TYPE, pem)
        }
        Format::Der => {
            let der = key_pair.certificate.clone();
            file(domain, &key_pair, "cer", DER_MEDIA_TYPE, der)
        }
    })
}

pub(crate) async fn retire<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, certificate) =
        (incoming.parameter("organization"), incoming.parameter("certificate"));
    certificates::retire(ctx, store, organization, certificate).await.map_err(problem::of)?;
    Ok(Reply::empty(204))
}

fn format(incoming: &Incoming<'_>) -> Result<Format, Problem> {
    match incoming.query("format") {
        Some("json") => Ok(Format::Json),
        Some("pem") => Ok(Format::Pem),
        Some("cer") => Ok(Format::Der),
        Some(_) => Err(Problem::field("format", "`format` must be `json`, `pem` or `cer`.")),
        None => {
            let accept = incoming.request.header("accept").unwrap_or_default();
            let first = accept.split([',', ';']).next().unwrap_or_default().trim();
            Ok(match first.to_ascii_lowercase().as_str() {
                PEM_MEDIA_TYPE | "application/x-pem-file" => Format::Pem,
                DER_MEDIA_TYPE => Format::Der,
                _ => Format::Json,
            })
        }
    }
}

/// What an administrator uploads at the IdP: Okta takes PEM, Entra a `.cer` file.
fn file(
    domain: &str,
    key_pair: &KeyPair,
    extension: &str,
    media_type: &'static str,
    bytes: Vec<u8>,
) -> Reply {
    let name = format!("attachment; filename=\"{domain}-{}.{extension}\"", key_pair.id.bare());
    let mut reply = Reply::empty(200)
        .with_header("content-type", media_type)
        .with_header("content-disposition", name);
    reply.body = Some(bytes);
    reply
}
