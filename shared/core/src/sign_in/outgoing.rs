//! A message of ours on its way through the browser to an IdP, signed where it must be.

use lychgate_saml::{
    binding::{Binding, PostForm},
    sign::Message,
};

use super::refusal::Refusal;
use crate::{
    ctx::Ctx,
    ports::outside::{Signer, SigningKey},
};

/// How the browser takes a message to the IdP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// By a redirect to this address.
    Redirect(String),
    /// By a form with a button.
    Form(PostForm),
}

/// Whether a message is signed, and with which certificate in its `KeyInfo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing<'a> {
    No,
    Yes {
        /// DER.
        certificate: Option<&'a [u8]>,
    },
}

/// Sends a message by this binding.
///
/// # Errors
/// The key cannot be reached.
pub(crate) async fn send<G: Signer>(
    ctx: &Ctx<'_>,
    signer: &G,
    message: Message,
    binding: Binding,
    signing: Signing<'_>,
    relay_state: Option<&str>,
) -> Result<Outgoing, Refusal> {
    Ok(match (binding, signing) {
        (Binding::Redirect, Signing::No) => Outgoing::Redirect(message.redirect(relay_state)),
        (Binding::Redirect, Signing::Yes { .. }) => {
            let to_sign = message.redirect_to_sign(relay_state);
            let signature = signer.sign(ctx, SigningKey::Saml, to_sign.octets_to_sign()).await?;
            Outgoing::Redirect(to_sign.with_signature(&signature.bytes))
        }
        (Binding::Post, Signing::No) => Outgoing::Form(message.form(relay_state)),
        (Binding::Post, Signing::Yes { certificate }) => {
            let to_sign = message.post_to_sign(certificate);
            let signature = signer.sign(ctx, SigningKey::Saml, to_sign.octets_to_sign()).await?;
            Outgoing::Form(to_sign.with_signature(&signature.bytes, relay_state))
        }
    })
}

/// The certificate of our request signatures, when it was made: DER.
pub(crate) fn request_certificate(text: Option<&str>) -> Option<Vec<u8>> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(text?).ok()
}
