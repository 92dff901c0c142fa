//! Microsoft Entra ID, as docs/guides/entra.md has it.

use lychgate_edge::pages::settings::connection::{Part, Step};

use super::{Values, carried, encryption, step};

pub(super) fn steps(values: &Values, shared: bool) -> Vec<Step> {
    let hint = match shared {
        true => {
            "As the only one, and the default. A tenant has room for one application with the shared entity ID."
        }
        false => "As the only one, and the default.",
    };
    let mut steps = vec![
        Step {
            way: &[
                "Enterprise applications",
                "New application",
                "Create your own application",
                "Integrate any other application you don’t find in the gallery (Non-gallery)",
                "Create",
            ],
            text: vec![
                "You need to be a Cloud Application Administrator. Name it as people shall see it on their tile. Provisioning goes into the same application later.".to_owned(),
            ],
            ..step("Create the application in Entra", Part::Words)
        },
        basic_configuration(values, hint),
        claims(),
        Step {
            way: &["Single sign-on", "SAML Certificates", "App Federation Metadata Url", "Copy"],
            text: vec!["Paste it here.".to_owned()],
            choices: &[
                ("Signing Option", "Sign SAML assertion, as it is"),
                ("Signing Algorithm", "SHA-256, as it is"),
            ],
            ..step("From Entra to here", Part::Metadata)
        },
        Step {
            way: &["Users and groups", "Add user/group"],
            text: vec!["Yourself, for the test; then people or groups.".to_owned()],
            ..step("Assign people", Part::Words)
        },
        Step {
            notes: &["It is a page of its own, easily missed, and needs a P1 or P2 licence."],
            ..encryption(
                &[
                    "Token encryption",
                    "Import Certificate",
                    "…",
                    "Activate token encryption certificate",
                ],
                &[("Certificate", "the .cer file")],
            )
        },
    ];
    steps.extend(values.signs_requests.then(signed_requests));
    steps
}

fn signed_requests() -> Step {
    Step {
            way: &["Single sign-on", "SAML Certificates", "Verification certificates (optional)", "Edit"],
            text: vec![
                "This connection signs its requests. The certificate stands in our metadata, at the address that is our entity ID, as X509Certificate under use=\"signing\".".to_owned(),
            ],
            choices: &[
                ("Require verification certificates", "ticked"),
                ("Upload certificate", "that certificate, as a .cer file"),
            ],
            ..step("Signed requests", Part::Words)
        }
}

fn basic_configuration(values: &Values, hint: &'static str) -> Step {
    Step {
        way: &["Single sign-on", "SAML", "Basic SAML Configuration", "Edit"],
        values: vec![
            carried("Identifier (Entity ID)", &values.entity_id, hint),
            carried("Reply URL (Assertion Consumer Service URL)", &values.acs, ""),
            carried(
                "Sign on URL (Optional)",
                &values.sign_on,
                "With it the tile begins here. Leave it empty, and the tile signs in by itself: then it can be tested, too.",
            ),
            carried("Logout Url (Optional)", &values.slo, ""),
        ],
        choices: &[("Relay State (Optional)", "leave empty")],
        notes: &["Then Save."],
        ..step("Basic SAML Configuration", Part::EntityId)
    }
}

fn claims() -> Step {
    Step {
        way: &["Single sign-on", "Attributes & Claims", "Edit"],
        choices: &[
            (
                "Unique User Identifier (Name ID)",
                "user.userprincipalname, format Email address: what SCIM sends as userName",
            ),
            (
                "…/claims/emailaddress",
                "user.mail; user.userprincipalname where mailboxes are missing",
            ),
            ("…/claims/givenname, …/claims/surname, …/claims/name", "as Entra has them"),
        ],
        notes: &[
            "… stands for http://schemas.xmlsoap.org/ws/2005/05/identity. Short names (Email, FirstName, LastName) are understood as well.",
            "A group claim is not needed: groups come by SCIM.",
            "A guest’s name (…#EXT#@…) is no address; guests are known by the e-mail claim.",
        ],
        ..step("Attributes & Claims", Part::Words)
    }
}
