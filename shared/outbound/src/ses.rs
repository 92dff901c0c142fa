//! E-mail through SES.

use std::sync::OnceLock;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sesv2::{
    Client,
    types::{Body, Content, Destination, EmailContent, Message},
};
use lychgate_aws::{Tls, access};
use lychgate_core::{
    ctx::Ctx,
    ports::outside::{Mail, Mailer, OutsideError},
};

use crate::{
    aws::{failed, retries, timeouts},
    config::Endpoints,
    message, outside,
};

const CHARSET: &str = "UTF-8";

/// Sends through SES, from one address that SES has verified.
pub struct SesMailer {
    from: String,
    region: String,
    endpoint_url: Option<String>,
    tls: Tls,
    client: OnceLock<Client>,
}

impl SesMailer {
    pub(crate) fn new(from: String, region: String, endpoints: &Endpoints) -> Self {
        Self {
            from,
            region,
            endpoint_url: endpoints.sesv2.clone(),
            tls: endpoints.tls,
            client: OnceLock::new(),
        }
    }

    fn client(&self) -> Result<&Client, OutsideError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let access = access(self.endpoint_url.as_deref(), self.tls).map_err(outside)?;
        let config = aws_sdk_sesv2::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .timeout_config(timeouts())
            .retry_config(retries())
            .http_client(access.http_client)
            .region(Region::new(self.region.clone()))
            .credentials_provider(access.credentials);
        let config = match &self.endpoint_url {
            Some(url) => config.endpoint_url(url),
            None => config,
        };
        Ok(self.client.get_or_init(|| Client::from_conf(config.build())))
    }
}

impl Mailer for SesMailer {
    /// SES knows no idempotency: an attempt whose answer was lost is sent again, and may arrive twice.
    async fn send(&self, _ctx: &Ctx<'_>, mail: &Mail) -> Result<(), OutsideError> {
        message::check(mail)?;
        let unbuildable = |_| outside("the e-mail could not be built");
        let content = |text: &str| {
            Content::builder().charset(CHARSET).data(text).build().map_err(unbuildable)
        };
        let message = Message::builder()
            .subject(content(&mail.subject)?)
            .body(Body::builder().text(content(&mail.text)?).build())
            .build();
        let sent = self
            .client()?
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().simple(message).build())
            .send();
        sent.await.map_err(|error| failed("ses:SendEmail", &error))?;
        Ok(())
    }
}
