//! `lychgate certificate`.

use serde_json::Value;

use super::save;
use crate::{
    api::{Api, Method},
    args::{CertificateCommand, CertificateFormat},
    failure::Failure,
    text::{cell, either, table},
};

pub(crate) fn run(api: &Api, command: &CertificateCommand, json: bool) -> Result<String, Failure> {
    match command {
        CertificateCommand::Generate(of) => {
            let path = ["organizations", &of.organization, "certificates"];
            let answer = api.send(Method::Post, &path, None)?;
            Ok(either(json, &answer, generated))
        }
        CertificateCommand::List(of) => {
            let list = api.get(&["organizations", &of.organization, "certificates"], &[])?;
            Ok(either(json, &list, listed))
        }
        CertificateCommand::Download { of, certificate, format, output } => {
            let format = match format {
                CertificateFormat::Pem => "pem",
                CertificateFormat::Cer => "cer",
            };
            let path = ["organizations", &of.organization, "certificates", certificate];
            let bytes = api.download(&path, &[("format", format)])?;
            match output {
                Some(output) => save(output, &bytes),
                None => String::from_utf8(bytes)
                    .map_err(|_| Failure::new("The server's answer is not PEM.")),
            }
        }
        CertificateCommand::Retire { of, certificate } => {
            let path = ["organizations", &of.organization, "certificates", certificate];
            api.send(Method::Delete, &path, None)?;
            Ok("Retired: what is encrypted to it is refused from now on.\n".to_owned())
        }
    }
}

fn generated(certificate: &Value) -> String {
    // PEM has line ends of its own, and nothing else that could steer a terminal.
    let pem = certificate.get("pem").and_then(Value::as_str).unwrap_or_default();
    let is_pem = pem.chars().all(|c| c == '\n' || !c.is_control());
    format!(
        "Certificate {} was generated. Upload it at the identity provider as the encryption certificate; \
         assertions may be encrypted from now on.\n\n{}",
        cell(certificate, "id"),
        if is_pem { pem } else { "" }
    )
}

fn listed(list: &Value) -> String {
    let columns = [
        ("ID", "id"),
        ("FINGERPRINT", "fingerprint"),
        ("CREATED", "created"),
        ("EXPIRES", "expires"),
        ("DAYS LEFT", "days_left"),
    ];
    table(list, &columns)
}
