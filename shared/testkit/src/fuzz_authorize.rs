//! The body of the fuzz target for what a browser brings to `/saml/init` and `/oidc/authorize`: the parameters of an
//! application's request.

use lychgate_core::{
    application::Application,
    ctx::World,
    ids::ApplicationId,
    oidc::authorize::{
        AuthorizeError, AuthorizeParams, CHALLENGE_CHARS, NONCE_BYTES_MAX, STATE_BYTES_MAX,
        code_redirect, code_request,
    },
};

use crate::world::FakeWorld;

/// The one address that the application has registered.
const REGISTERED: &str = "https://app.example/back";
/// Its id, as the seeds have it.
const APPLICATION: &str = "app-0123456789ab";

/// A query without its percent-encoding: whatever it says, nobody is sent anywhere but to the registered address, and
/// what is accepted keeps the limits.
///
/// # Panics
/// When it does not.
pub fn authorize(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let world = FakeWorld::new(1);
    let application = Application {
        id: APPLICATION.parse::<ApplicationId>().expect("an application's id"),
        name: "Application".to_owned(),
        redirect_uris: vec![REGISTERED.to_owned()],
        post_logout_redirect_uris: Vec::new(),
        initiate_login_uri: None,
        back_channel_logout_uri: None,
        secrets: Vec::new(),
        created: world.now(),
        version: 1,
    };
    let params = AuthorizeParams::from_pairs(&pairs(text));
    let ctx = world.ctx();
    let leads_back = |location: &str| {
        assert!(location.starts_with(&format!("{REGISTERED}?")), "{location}");
        assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location}");
    };
    match code_request(&params, &application) {
        Ok(request) => {
            assert_eq!(request.redirect_uri, REGISTERED);
            assert_eq!(
                (&request.application, request.challenge.len()),
                (&application.id, CHALLENGE_CHARS)
            );
            assert!(request.scope.iter().any(|scope| scope == "openid"));
            assert!(request.state.as_ref().is_none_or(|state| state.len() <= STATE_BYTES_MAX));
            assert!(request.nonce.as_ref().is_none_or(|nonce| nonce.len() <= NONCE_BYTES_MAX));
            leads_back(&code_redirect(&ctx, &request, "code"));
        }
        Err(AuthorizeError::SentBack(sent_back)) => leads_back(&sent_back.location(&ctx)),
        Err(AuthorizeError::UnknownClient | AuthorizeError::RedirectUri) => {}
        Err(AuthorizeError::Store(error)) => panic!("nobody asked a store: {error:?}"),
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
