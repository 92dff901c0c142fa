//! Logout tokens to applications (OpenID Connect Back-Channel Logout 1.0 §2.5).

use std::time::Duration;

use http::{Method, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use lychgate_core::{
    ctx::Ctx,
    ports::outside::{FetchError, LogoutNotifier, OutsideError},
};
use tokio::time::timeout;
use url::form_urlencoded;

use super::{
    client::{Connector, Resolver, WebClient, request},
    refused,
    target::Target,
};
use crate::outside;

/// How long an application may take, in milliseconds.
pub const NOTIFY_TIMEOUT_MILLIS: u64 = 5_000;

impl<R: Resolver, C: Connector> LogoutNotifier for WebClient<R, C> {
    /// A redirect is an error, as every other status but 200 and 204: the token is for this address only. §2.8 allows
    /// 204 because frameworks answer it when there is no body.
    async fn notify(
        &self,
        ctx: &Ctx<'_>,
        uri: &str,
        logout_token: &str,
    ) -> Result<(), OutsideError> {
        let failed = |error: FetchError| outside(format!("{}: {}", error.code, error.detail));
        let target = Target::parse(uri, self.reach()).map_err(failed)?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("logout_token", logout_token)
            .finish();
        let request = request(Method::POST, &target)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form)))
            .map_err(|error| {
                failed(refused(format!("The address cannot be asked for: {error}.")))
            })?;
        let left = ctx.deadline.millis_since(ctx.now()).min(NOTIFY_TIMEOUT_MILLIS);
        let asked = self.ask(&target, request, |_| Ok(false));
        let (parts, _) = timeout(Duration::from_millis(left), asked)
            .await
            .map_err(|_| outside(format!("{} takes longer than {left} ms", target.host())))?
            .map_err(failed)?;
        match parts.status {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            status => Err(outside(format!("{} answers with {}", target.host(), status.as_u16()))),
        }
    }
}
