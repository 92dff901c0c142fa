//! The operator's applications.

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::{
    application::Application,
    ids::{ApplicationId, SecretId},
    organization::ClientSecret,
    ports::StoreError,
};

use super::{CREATED, ENDS, ID, Item, Reader, SK, VERSION, hash, instant, item, list, map, n, s};
use crate::keys;

const NAME: &str = "nm";
const REDIRECT_URIS: &str = "ru";
const POST_LOGOUT_REDIRECT_URIS: &str = "pl";
const INITIATE_LOGIN_URI: &str = "il";
const BACK_CHANNEL_LOGOUT_URI: &str = "bc";
const SECRETS: &str = "sc";
const HASH: &str = "h";

fn texts(texts: &[String]) -> Option<AttributeValue> {
    list(texts.iter().map(s).collect())
}

/// The item of an application.
pub(crate) fn write(application: &Application) -> Item {
    let secrets = application.secrets.iter().map(|secret| {
        AttributeValue::M(map([
            (ID, Some(s(secret.id.bare()))),
            (HASH, Some(hash(&secret.hash))),
            (CREATED, Some(instant(secret.created))),
            (ENDS, secret.expires.map(instant)),
        ]))
    });
    item(
        &keys::application(&application.id),
        [
            (NAME, Some(s(&application.name))),
            (REDIRECT_URIS, texts(&application.redirect_uris)),
            (POST_LOGOUT_REDIRECT_URIS, texts(&application.post_logout_redirect_uris)),
            (INITIATE_LOGIN_URI, application.initiate_login_uri.as_ref().map(s)),
            (BACK_CHANNEL_LOGOUT_URI, application.back_channel_logout_uri.as_ref().map(s)),
            (SECRETS, list(secrets.collect())),
            (CREATED, Some(instant(application.created))),
            (VERSION, Some(n(application.version))),
        ],
    )
}

/// An application, read back.
pub(crate) fn read(item: &Item) -> Result<Application, StoreError> {
    let reader = Reader::new("application", item);
    let owned = |text: &str| Some(text.to_owned());
    let secret = |reader: &Reader<'_>| {
        Ok(ClientSecret {
            id: reader.parsed(ID, |text| SecretId::from_bare(text).ok())?,
            hash: reader.hash(HASH)?,
            created: reader.instant(CREATED)?,
            expires: reader.instant_opt(ENDS)?,
        })
    };
    Ok(Application {
        id: reader.parsed(SK, |text| ApplicationId::from_bare(text).ok())?,
        name: reader.text(NAME)?.to_owned(),
        redirect_uris: reader.texts(REDIRECT_URIS, owned)?,
        post_logout_redirect_uris: reader.texts(POST_LOGOUT_REDIRECT_URIS, owned)?,
        initiate_login_uri: reader.text_opt(INITIATE_LOGIN_URI)?.map(str::to_owned),
        back_channel_logout_uri: reader.text_opt(BACK_CHANNEL_LOGOUT_URI)?.map(str::to_owned),
        secrets: reader.maps(SECRETS)?.iter().map(secret).collect::<Result<_, StoreError>>()?,
        created: reader.instant(CREATED)?,
        version: reader.number(VERSION)?,
    })
}
