//! `POST /saml/logout/{domain}`: a message of the POST binding.

use lychgate_core::{
    ctx::Ctx,
    ports::outside::Signer,
    sign_in::logout::{self, Parameter},
};
use lychgate_edge::{
    json::Incoming,
    page::{Trouble, Who},
    reply::Reply,
    saml::SamlForm,
};

use crate::{SamlLogout, Store};

pub(crate) async fn run<S: Store, G: Signer>(
    ctx: &Ctx<'_>,
    function: &SamlLogout<S, G>,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let form = SamlForm::read(incoming)?;
    let (parameter, value) = match (form.one("SAMLRequest")?, form.one("SAMLResponse")?) {
        (Some(value), None) => (Parameter::Request, value),
        (None, Some(value)) => (Parameter::Response, value),
        _ => {
            let sentence = "What your browser sent is no message of an identity provider.";
            return Err(Trouble::new(Who::Person, sentence).because("none or both parameters"));
        }
    };
    let message = logout::Incoming::Post { parameter, value };
    function.receive(ctx, incoming, message, form.one("RelayState")?).await
}
