//! Okta, as docs/guides/okta.md has it.

use lychgate_edge::pages::settings::connection::{Part, Step};

use super::{Values, carried, encryption, step};

pub(super) fn steps(values: &Values) -> Vec<Step> {
    let mut steps = vec![
        Step {
            way: &["Applications", "Applications", "Create App Integration", "SAML 2.0", "Next"],
            text: vec!["Name it as people shall see it on their tile.".to_owned()],
            ..step("Create the application in Okta", Part::Words)
        },
        Step {
            way: &["Configure SAML", "General"],
            values: vec![
                carried(
                    "Single sign-on URL",
                    &values.acs,
                    "Leave “Use this for Recipient URL and Destination URL” ticked.",
                ),
                carried("Audience URI (SP Entity ID)", &values.entity_id, ""),
            ],
            choices: &[
                ("Default RelayState", "leave empty"),
                ("Name ID format", "EmailAddress"),
                ("Application username", "Email, or Okta username: what SCIM sends as userName"),
                (
                    "Attribute Statements",
                    "Email = user.email, FirstName = user.firstName, LastName = user.lastName; name format Unspecified",
                ),
                ("Group Attribute Statements", "leave empty: groups come by SCIM"),
                ("Show Advanced Settings: Response, Assertion Signature", "Signed, both"),
                ("Signature Algorithm, Digest Algorithm", "RSA-SHA256, SHA256"),
                ("Assertion Encryption", "Unencrypted, until the step about it"),
            ],
            notes: &["Then Next, and Finish."],
            ..step("Configure SAML", Part::EntityId)
        },
        Step {
            way: &["Sign On", "Metadata details", "Metadata URL", "Copy"],
            text: vec!["Paste it here.".to_owned()],
            ..step("From Okta to here", Part::Metadata)
        },
        Step {
            way: &["Assignments", "Assign"],
            text: vec![
                "Yourself, for the test; then people or groups. Groups that you will push by SCIM should be others."
                    .to_owned(),
            ],
            ..step("Assign people", Part::Words)
        },
        encryption(
            &["General", "SAML Settings", "Edit", "Show Advanced Settings"],
            &[
                ("Assertion Encryption", "Encrypted"),
                ("Encryption Algorithm", "AES256-GCM, or AES256-CBC"),
                ("Key Transport Algorithm", "RSA-OAEP"),
                ("Encryption Certificate", "the PEM file"),
            ],
        ),
    ];
    steps.extend(values.signs_requests.then(|| signed_requests(values)));
    steps
}

fn signed_requests(values: &Values) -> Step {
    Step {
            way: &["General", "SAML Settings", "Edit", "Show Advanced Settings"],
            text: vec![
                "This connection signs its requests. The certificate stands in our metadata, at the address that is our entity ID, as X509Certificate under use=\"signing\".".to_owned(),
            ],
            values: vec![carried("Single Logout URL", &values.slo, "With “Allow application to initiate Single Logout” ticked.")],
            choices: &[
                ("Signature Certificate", "that certificate, as a PEM file"),
                ("Signed Requests", "ticked"),
            ],
            ..step("Signed requests", Part::Words)
        }
}
