//! The sample identity provider: it believes whoever says who they are, and signs it.

use std::{fmt::Write as _, fs, path::Path, sync::Arc};

use http::Response;
use http_body_util::Full;
use hyper::body::Bytes;
use lychgate_core::ctx::World;
use lychgate_idp::{
    Digest, Idp, KeyKind, MetadataStyle, ResponseSpec, SigningKey,
    authn_request::{self, AuthnRequest},
    logout::{Envelope, LogoutResponse},
    markup::Prefixes,
    redirect,
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::page::{escaped, field, html, message, see_other, with_type};
use crate::Error;

/// The key's file in the data folder.
const KEY_FILE: &str = "sample-idp.json";
/// How long its certificate holds, in days.
const CERTIFICATE_DAYS: i64 = 3_650;
/// Who can sign in: given name, family name, address before the `@`.
const PEOPLE: [(&str, &str, &str); 3] =
    [("Ada", "Lovelace", "ada"), ("Grace", "Hopper", "grace"), ("Alan", "Turing", "alan")];

/// The sample IdP.
pub struct SampleIdp {
    idp: Idp,
    base_url: String,
    domain: String,
    world: Arc<dyn World>,
}

/// What the key's file holds: base64.
#[derive(Serialize, Deserialize)]
struct Kept {
    pkcs8: String,
    certificate: String,
}

impl SampleIdp {
    /// With the key of the data folder, or a new one.
    ///
    /// # Errors
    /// A sentence when the file cannot be read or written.
    pub fn open(
        base_url: &str,
        domain: &str,
        world: Arc<dyn World>,
        folder: Option<&Path>,
    ) -> Result<Self, Error> {
        let path = folder.map(|folder| folder.join(KEY_FILE));
        let key = match path.as_deref().filter(|path| path.exists()) {
            Some(path) => read(path)?,
            None => {
                let now = now(world.as_ref());
                let end = now + Duration::days(CERTIFICATE_DAYS);
                // ECDSA: made in no time, where RSA would make every start of a test wait.
                let key = SigningKey::generate(KeyKind::P256, "Lychgate sample IdP", now, end);
                let key = key.map_err(|error| Error::new(format!("{error}.")))?;
                if let Some(path) = &path {
                    write(path, &key)?;
                }
                key
            }
        };
        let mut idp = Idp::new(
            &format!("{base_url}/sample/idp/metadata"),
            &format!("{base_url}/sample/idp/sso"),
            key,
        );
        idp.slo_url = Some(format!("{base_url}/sample/idp/slo"));
        let (base_url, domain) = (base_url.to_owned(), domain.to_owned());
        Ok(Self { idp, base_url, domain, world })
    }

    /// Its metadata.
    pub(super) fn metadata(&self) -> Response<Full<Bytes>> {
        match self.metadata_xml() {
            Ok(xml) => with_type(200, "application/samlmetadata+xml", xml),
            Err(error) => message(500, &error.to_string()),
        }
    }

    /// The metadata's text.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn metadata_xml(&self) -> Result<String, Error> {
        let xml = self.idp.metadata(MetadataStyle::Okta);
        xml.map_err(|error| Error::new(format!("{error}.")))
    }

    /// The tiles: a sign-in that begins here.
    pub(super) fn tiles(&self) -> Response<Full<Bytes>> {
        let acs = format!("{}/saml/consume/{}", self.base_url, self.domain);
        let audience = format!("{}/saml/metadata/{}", self.base_url, self.domain);
        self.people("Sample IdP: open the application as …", &acs, &audience, None)
    }

    /// A sign-in that begins at the application.
    pub(super) fn ask(&self, query: &str) -> Response<Full<Bytes>> {
        let request = match authn_request::from_query(query) {
            Ok(request) => request,
            Err(error) => return message(400, &error.to_string()),
        };
        let acs = request.acs_url.clone();
        let acs = acs.unwrap_or_else(|| format!("{}/saml/consume/{}", self.base_url, self.domain));
        // It answers to this server alone, whoever asks.
        if !acs.starts_with(&format!("{}/saml/consume/", self.base_url)) {
            return message(400, "This identity provider answers to its own server only.");
        }
        self.people("Sample IdP: sign in as …", &acs, &request.issuer, Some(&request))
    }

    fn people(
        &self,
        title: &str,
        acs: &str,
        audience: &str,
        request: Option<&AuthnRequest>,
    ) -> Response<Full<Bytes>> {
        let mut body = String::new();
        for (given, family, local) in PEOPLE {
            let hidden = [
                ("user", local),
                ("acs", acs),
                ("audience", audience),
                ("request", request.map_or("", |request| &request.id)),
                ("relay_state", request.and_then(|r| r.relay_state.as_deref()).unwrap_or_default()),
            ];
            body.push_str("<form method=\"post\" action=\"/sample/idp/sign_in\">");
            for (name, value) in hidden {
                let _ = write!(
                    body,
                    "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
                    escaped(value)
                );
            }
            let _ = write!(
                body,
                "<button type=\"submit\">{given} {family} ({local}@{}.test)</button></form>",
                escaped(&self.domain)
            );
        }
        html(200, title, &body)
    }

    /// Signs what was chosen, and sends it on with a form of its own.
    pub(super) fn sign_in(&self, body: &[u8]) -> Response<Full<Bytes>> {
        let form = String::from_utf8_lossy(body);
        let get = |name| field(&form, name).unwrap_or_default();
        let (user, acs, audience) = (get("user"), get("acs"), get("audience"));
        let Some((given, family, local)) = PEOPLE.into_iter().find(|person| person.2 == user)
        else {
            return message(400, "There is no such person.");
        };
        if !acs.starts_with(&format!("{}/saml/consume/", self.base_url)) {
            return message(400, "This identity provider answers to its own server only.");
        }
        let email = format!("{local}@{}.test", self.domain);
        let mut bytes = [0_u8; 16];
        self.world.fill(&mut bytes);
        let id = bytes.iter().fold(String::new(), |id, byte| id + &format!("{byte:02x}"));
        let now = now(self.world.as_ref());
        let mut spec = ResponseSpec::good(&self.idp.entity_id, &acs, &audience, &email, &id, now)
            .attribute("Email", &email)
            .attribute("FirstName", given)
            .attribute("LastName", family);
        let request = get("request");
        if !request.is_empty() {
            spec = spec.in_response_to(&request);
        }
        let response = match self.idp.post_value(&spec) {
            Ok(value) => value,
            Err(error) => return message(500, &error.to_string()),
        };
        let relay_state = get("relay_state");
        let relay = if relay_state.is_empty() {
            String::new()
        } else {
            format!(
                "<input type=\"hidden\" name=\"RelayState\" value=\"{}\">",
                escaped(&relay_state)
            )
        };
        let form = format!(
            "<form method=\"post\" action=\"{acs}\"><input type=\"hidden\" name=\"SAMLResponse\" value=\"{response}\">\
             {relay}<button type=\"submit\">Continue</button></form>\
             <script>document.forms[0].submit()</script>",
            acs = escaped(&acs),
        );
        html(200, "Signed in at the sample IdP", &form)
    }

    /// Answers a `LogoutRequest`: there is no session here to end.
    pub(super) fn sign_out(&self, query: &str) -> Response<Full<Bytes>> {
        let Some(request) = redirect::parameter(query, "SAMLRequest") else {
            return message(400, "The address has no SAMLRequest.");
        };
        let id = redirect::inflated(&request).ok().and_then(|xml| {
            let rest = xml.split(" ID=\"").nth(1)?;
            rest.split('"').next().map(str::to_owned)
        });
        let now = now(self.world.as_ref());
        let destination = format!("{}/saml/logout/{}", self.base_url, self.domain);
        let response = LogoutResponse {
            envelope: Envelope {
                prefixes: Prefixes::COMMON,
                id: format!("_lr-{}", now.unix_timestamp_nanos()),
                issue_instant: lychgate_idp::response::instant(now),
                destination: Some(destination.clone()),
                issuer: self.idp.entity_id.clone(),
            },
            in_response_to: id,
            status: "urn:oasis:names:tc:SAML:2.0:status:Success".to_owned(),
        };
        let relay_state = redirect::parameter(query, "RelayState");
        let signed = response.xml(None).and_then(|xml| {
            let key = self.idp.key()?;
            redirect::query(
                "SAMLResponse",
                &xml,
                relay_state.as_deref(),
                Some((key, Digest::Sha256)),
            )
        });
        match signed {
            Ok(query) => see_other(&format!("{destination}?{query}")),
            Err(error) => message(500, &error.to_string()),
        }
    }
}

fn now(world: &dyn World) -> OffsetDateTime {
    let secs = i64::try_from(world.now().unix_secs()).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(secs).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn read(path: &Path) -> Result<SigningKey, Error> {
    let shown = path.display();
    let damaged = |what: &str| {
        Error::new(format!(
            "{shown} is damaged ({what}). Delete it, and the next start writes a new one."
        ))
    };
    let text = fs::read_to_string(path).map_err(|error| damaged(&error.to_string()))?;
    let kept: Kept = serde_json::from_str(&text).map_err(|error| damaged(&error.to_string()))?;
    let bytes = |text: &str| {
        lychgate_edge::event::decode(text).ok_or_else(|| damaged("it holds no base64"))
    };
    SigningKey::from_pkcs8(&bytes(&kept.pkcs8)?, bytes(&kept.certificate)?)
        .map_err(|error| damaged(&error.to_string()))
}

fn write(path: &Path, key: &SigningKey) -> Result<(), Error> {
    let kept = Kept {
        pkcs8: lychgate_edge::event::encode(key.pkcs8()),
        certificate: lychgate_edge::event::encode(key.certificate()),
    };
    crate::demo::write_private(path, &kept)
}
