//! Google, `OneLogin`, `JumpCloud` and others in short, as docs/guides/others.md has them.

use lychgate_edge::pages::settings::connection::{Part, Step};

use super::{Values, carried, encryption, step};

pub(super) fn google(values: &Values) -> Vec<Step> {
    vec![
        Step {
            way: &["Apps", "Web and mobile apps", "Add app", "Add custom SAML app"],
            text: vec!["Name it, then Continue. Google gives first and asks afterwards.".to_owned()],
            ..step("Create the application in Google", Part::Words)
        },
        Step {
            way: &["Google Identity Provider details", "Option 1", "Download Metadata"],
            text: vec!["Google gives a file: upload it here. Then Continue, in Google.".to_owned()],
            notes: &["When Google’s certificate nears its end, download the file anew and upload it."],
            ..step("From Google to here", Part::Metadata)
        },
        Step {
            way: &["Service provider details"],
            values: vec![
                carried("ACS URL", &values.acs, ""),
                carried("Entity ID", &values.entity_id, ""),
            ],
            choices: &[
                ("Start URL", "leave empty: it becomes RelayState, which is not read"),
                ("Signed response", "either: the response or the assertion is signed, and one is enough"),
                ("Name ID format, Name ID", "EMAIL, Basic Information › Primary email"),
            ],
            ..step("Service provider details", Part::EntityId)
        },
        Step {
            way: &["Attribute mapping"],
            choices: &[
                ("Primary email", "Email"),
                ("First name", "FirstName"),
                ("Last name", "LastName"),
            ],
            ..step("Attributes", Part::Words)
        },
        Step {
            way: &["User access"],
            text: vec![
                "ON for everyone, or for an organizational unit. It can take some minutes, seldom a day.".to_owned(),
            ],
            notes: &["Google does not encrypt, does not check signed requests, and has no single logout."],
            ..step("Let people in", Part::Words)
        },
    ]
}

pub(super) fn onelogin(values: &Values) -> Vec<Step> {
    // Its host is what its base URL says: letters, digits, hyphens, dots, perhaps a port.
    let expression: String = values.acs.replace('.', "\\.").replace('/', "\\/");
    vec![
        Step {
            way: &["Applications", "Add App", "SAML Custom Connector (Advanced)", "Save"],
            ..step("Create the application in OneLogin", Part::Words)
        },
        Step {
            way: &["Configuration"],
            values: vec![
                carried("Audience (EntityID)", &values.entity_id, ""),
                carried("Recipient", &values.acs, ""),
                carried("ACS (Consumer) URL", &values.acs, ""),
                carried(
                    "ACS (Consumer) URL Validator",
                    &format!("^{expression}$"),
                    "The same address as a regular expression.",
                ),
                carried("Single Logout URL", &values.slo, ""),
                carried("Login URL", &values.sign_on, ""),
            ],
            choices: &[
                ("RelayState", "leave empty"),
                ("SAML nameID format", "Email"),
                ("SAML signature element", "Both, or Assertion"),
            ],
            ..step("Configuration", Part::EntityId)
        },
        Step {
            way: &["Parameters", "+"],
            choices: &[
                ("Email", "Email, with “Include in SAML assertion”"),
                ("FirstName", "First Name, with “Include in SAML assertion”"),
                ("LastName", "Last Name, with “Include in SAML assertion”"),
            ],
            ..step("Parameters", Part::Words)
        },
        Step {
            way: &["SSO", "Issuer URL", "Copy"],
            text: vec!["It is the metadata’s address: paste it here.".to_owned()],
            choices: &[("SAML Signature Algorithm", "SHA-256")],
            ..step("From OneLogin to here", Part::Metadata)
        },
        Step {
            way: &["Users", "the person", "Applications", "+"],
            text: vec!["Yourself, for the test; then people, or roles.".to_owned()],
            ..step("Assign people", Part::Words)
        },
        encryption(
            &["Configuration"],
            &[
                ("Encrypt assertion", "ticked"),
                ("SAML Encryption", "the PEM file’s text"),
                ("SAML Encryption method", "AES-256-CBC"),
            ],
        ),
    ]
}

pub(super) fn jumpcloud(values: &Values) -> Vec<Step> {
    vec![
        Step {
            way: &[
                "SSO Applications",
                "Add New Application",
                "Custom Application",
                "Manage Single Sign-On (SSO)",
                "Configure SSO with SAML",
            ],
            ..step("Create the application in JumpCloud", Part::Words)
        },
        Step {
            way: &["SSO"],
            values: vec![
                carried(
                    "IdP Entity ID",
                    &format!("jumpcloud-{}", values.domain),
                    "Anything that is unique among your applications.",
                ),
                carried("SP Entity ID", &values.entity_id, ""),
                carried("ACS URL", &values.acs, ""),
                carried("Login URL", &values.sign_on, ""),
            ],
            choices: &[
                ("SAMLSubject NameID", "email"),
                (
                    "SAMLSubject NameID Format",
                    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
                ),
                ("Signature Algorithm", "RSA-SHA256"),
                ("Sign", "Assertion"),
                ("Default RelayState", "leave empty"),
                ("User Attributes", "email → Email, firstname → FirstName, lastname → LastName"),
            ],
            ..step("Configure SAML", Part::EntityId)
        },
        Step {
            way: &["SSO", "JumpCloud Metadata", "Export Metadata"],
            text: vec!["JumpCloud gives a file: upload it here.".to_owned()],
            notes: &["When its certificate nears its end, export the file anew and upload it."],
            ..step("From JumpCloud to here", Part::Metadata)
        },
        Step {
            way: &["User Groups"],
            text: vec!["Tick groups: yours first, for the test.".to_owned()],
            ..step("Assign people", Part::Words)
        },
        encryption(&["SSO"], &[("Encrypt Assertion", "ticked, with the PEM file")]),
    ]
}

pub(super) fn other(values: &Values, shared: bool) -> Vec<Step> {
    vec![
        Step {
            text: vec![
                "Any identity provider of SAML 2.0 will do that signs with RSA or ECDSA and SHA-256 or better, posts its response, and names people by their e-mail address."
                    .to_owned(),
                "Make an application for SAML 2.0 there. Where it takes our metadata as an address or a file, give it that in place of the single values.".to_owned(),
            ],
            values: vec![carried("SP metadata", &values.metadata(shared), "")],
            ..step("Create the application there", Part::Words)
        },
        Step {
            values: vec![
                carried(
                    "ACS URL",
                    &values.acs,
                    "Also called Assertion Consumer Service URL, Reply URL, Recipient, Destination.",
                ),
                carried(
                    "Entity ID",
                    &values.entity_id,
                    "Also called Audience, Identifier, SP Entity ID.",
                ),
                carried("Sign-on URL", &values.sign_on, "Also called Login URL, Start URL. Optional."),
                carried("Single Logout URL", &values.slo, "Optional."),
            ],
            choices: &[
                ("RelayState", "leave empty"),
                ("NameID", "the e-mail address, format emailAddress"),
                ("Attributes", "Email, FirstName, LastName"),
                ("Signature", "the response or the assertion, RSA-SHA256"),
            ],
            ..step("Enter our values", Part::EntityId)
        },
        Step {
            text: vec!["Copy the address of its metadata, or download the file.".to_owned()],
            ..step("From there to here", Part::Metadata)
        },
        Step {
            text: vec!["Yourself, for the test; then people or groups.".to_owned()],
            ..step("Assign people", Part::Words)
        },
        encryption(
            &[],
            &[
                ("Encryption", "of the assertion: AES-256, in GCM or CBC mode"),
                ("Key transport", "RSA-OAEP"),
                ("Certificate", "ours, as PEM or .cer"),
            ],
        ),
    ]
}
