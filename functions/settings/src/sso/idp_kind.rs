//! Which product an identity provider is: it decides whose words a page uses, and nothing else.

use lychgate_core::connection::{Connection, MetadataSource, Settings};

/// A product, or any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdpKind {
    Okta,
    Entra,
    Google,
    OneLogin,
    JumpCloud,
    Other,
}

impl IdpKind {
    /// In the order in which they are offered. [`super::advice`] keeps to it.
    pub(crate) const ALL: [Self; 6] =
        [Self::Okta, Self::Entra, Self::Google, Self::OneLogin, Self::JumpCloud, Self::Other];

    /// Its word in addresses.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::Google => "google",
            Self::OneLogin => "onelogin",
            Self::JumpCloud => "jumpcloud",
            Self::Other => "other",
        }
    }

    /// What a list of them calls it.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Entra => "Microsoft Entra ID",
            Self::Google => "Google Workspace",
            Self::OneLogin => "OneLogin",
            Self::JumpCloud => "JumpCloud",
            Self::Other => "Another one",
        }
    }

    /// What a sentence calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Entra => "Entra",
            Self::Google => "Google",
            Self::Other => "your identity provider",
            Self::Okta | Self::OneLogin | Self::JumpCloud => self.label(),
        }
    }

    /// From its word.
    pub(crate) fn parse(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// What a connection looks like: its metadata says it best, else its name.
    pub(crate) fn guess(connection: &Connection) -> Self {
        let settings = connection.draft.as_ref().or(connection.live.as_ref());
        let known = settings.map(traces).unwrap_or_default();
        known
            .iter()
            .find_map(|trace| Self::by_trace(trace))
            .or_else(|| Self::by_trace(&connection.name.to_lowercase()))
            .unwrap_or(Self::Other)
    }

    fn by_trace(text: &str) -> Option<Self> {
        const TRACES: [(&str, IdpKind); 10] = [
            ("okta", IdpKind::Okta),
            ("sts.windows.net", IdpKind::Entra),
            ("microsoftonline", IdpKind::Entra),
            ("entra", IdpKind::Entra),
            ("azure", IdpKind::Entra),
            ("microsoft", IdpKind::Entra),
            ("accounts.google.com", IdpKind::Google),
            ("google", IdpKind::Google),
            ("onelogin", IdpKind::OneLogin),
            ("jumpcloud", IdpKind::JumpCloud),
        ];
        TRACES.into_iter().find(|(trace, _)| text.contains(trace)).map(|(_, kind)| kind)
    }
}

/// What may give it away, in lower case: where its metadata lies, its addresses, its entity ID. The entity ID goes last:
/// JumpCloud's is whatever somebody typed.
fn traces(settings: &Settings) -> Vec<String> {
    let url = match &settings.source {
        MetadataSource::Url { url, .. } => Some(url),
        MetadataSource::Missing | MetadataSource::Document { .. } => None,
    };
    let idp = settings.idp.as_ref();
    let sso = idp.and_then(|idp| idp.sso_redirect.as_ref().or(idp.sso_post.as_ref()));
    let entity_id = idp.map(|idp| &idp.entity_id);
    [url, sso, entity_id].into_iter().flatten().map(|text| text.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use lychgate_core::ctx::World as _;
    use lychgate_testkit::{FakeWorld, build};

    use super::*;

    #[test]
    fn a_connection_gives_its_product_away() {
        let world = FakeWorld::new(1);
        let mut connection = build::connection(&world, "Work");
        for (sso, entity_id, kind) in [
            ("https://acme.okta.com/app/x/sso", "http://www.okta.com/exk1", IdpKind::Okta),
            (
                "https://login.microsoftonline.com/t/saml2",
                "https://sts.windows.net/t/",
                IdpKind::Entra,
            ),
            (
                "https://accounts.google.com/o/saml2/idp?idpid=C0",
                "https://accounts.google.com/o/saml2?idpid=C0",
                IdpKind::Google,
            ),
            (
                "https://acme.onelogin.com/trust/saml2/http-post/sso/1",
                "https://app.onelogin.com/saml/metadata/1",
                IdpKind::OneLogin,
            ),
            // Its entity ID is what somebody typed, and may be another product's name.
            ("https://sso.jumpcloud.com/saml2/acme", "okta-acme", IdpKind::JumpCloud),
            ("https://idp.example/sso", "https://idp.example", IdpKind::Other),
        ] {
            let settings = connection.draft.as_mut().unwrap();
            settings.source = MetadataSource::Document { saved: world.now() };
            let idp = settings.idp.as_mut().unwrap();
            idp.sso_redirect = Some(sso.to_owned());
            idp.entity_id = entity_id.to_owned();
            assert_eq!(IdpKind::guess(&connection), kind, "{sso}");
        }
        connection.draft.as_mut().unwrap().idp = None;
        connection.name = "Our Entra".to_owned();
        assert_eq!(IdpKind::guess(&connection), IdpKind::Entra);
    }

    #[test]
    fn each_has_a_word_of_its_own() {
        for kind in IdpKind::ALL {
            assert_eq!(IdpKind::parse(kind.slug()), Some(kind));
        }
        assert_eq!(IdpKind::parse("okta/../x"), None);
    }
}
