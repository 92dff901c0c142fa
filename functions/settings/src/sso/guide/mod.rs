//! The set-up step by step, in each identity provider's own words, with the values filled in. The connection's page and the
//! guide to print show the same steps.

mod entra;
mod okta;
mod others;

use lychgate_core::{
    connection::{EntityIdChoice, Settings},
    organization::Organization,
    sign_in::place::Addresses,
};
use lychgate_edge::pages::settings::connection::{Carried, Part, Step};

use super::idp_kind::IdpKind;

/// What is carried over.
pub(super) struct Values {
    acs: String,
    entity_id: String,
    slo: String,
    sign_on: String,
    domain: String,
    signs_requests: bool,
}

impl Values {
    /// Of the settings that are being edited.
    pub(super) fn new(base_url: &str, organization: &Organization, edited: &Settings) -> Self {
        let addresses = Addresses::new(base_url, &organization.domain);
        Self {
            entity_id: addresses.entity_id(edited.entity_id).to_owned(),
            sign_on: sign_on_url(base_url, organization),
            domain: organization.domain.as_str().to_owned(),
            signs_requests: edited.policy.sign_requests,
            acs: addresses.acs,
            slo: addresses.slo,
        }
    }

    /// Our metadata's address, under the entity ID that was chosen.
    fn metadata(&self, shared: bool) -> String {
        match shared {
            true => format!("{}?domain={}", self.entity_id, self.domain),
            false => self.entity_id.clone(),
        }
    }
}

/// Where an organization's people begin.
pub(super) fn sign_on_url(base_url: &str, organization: &Organization) -> String {
    format!("{base_url}/sign_in?domain={}", organization.domain.as_str())
}

/// The steps for this product.
pub(super) fn steps(kind: IdpKind, values: &Values, edited: &Settings) -> Vec<Step> {
    let shared = edited.entity_id == EntityIdChoice::Shared;
    let mut steps = match kind {
        IdpKind::Okta => okta::steps(values),
        IdpKind::Entra => entra::steps(values, shared),
        IdpKind::Google => others::google(values),
        IdpKind::OneLogin => others::onelogin(values),
        IdpKind::JumpCloud => others::jumpcloud(values),
        IdpKind::Other => others::other(values, shared),
    };
    steps.push(test(kind));
    steps.push(Step {
        text: vec!["When the test shows the right person, switch the connection on.".to_owned()],
        ..step("Activate", Part::Activate)
    });
    steps
}

fn test(kind: IdpKind) -> Step {
    let name = kind.name();
    Step {
        text: vec![
            "A test goes the whole way and signs nobody in. It shows the NameID, the attributes, who it would be, and what was signed and encrypted.".to_owned(),
            format!("Both directions: press the button, and within 15 minutes also click the tile in {name}."),
        ],
        ..step("Test sign-in, both ways", Part::Test)
    }
}

/// A step with nothing in it yet.
fn step(title: &str, part: Part) -> Step {
    Step {
        title: title.to_owned(),
        way: &[],
        text: Vec::new(),
        values: Vec::new(),
        choices: &[],
        notes: &[],
        part,
    }
}

fn carried(label: &'static str, text: &str, hint: &'static str) -> Carried {
    Carried { label, text: text.to_owned(), hint }
}

/// The step before the test that many leave out.
fn encryption(
    way: &'static [&'static str],
    choices: &'static [(&'static str, &'static str)],
) -> Step {
    Step {
        way,
        choices,
        text: vec![
            "Skip this the first time: test without encryption, then come back, upload the certificate and test again. So you know which change it was when something fails.".to_owned(),
        ],
        ..step("Encryption, if it is wanted", Part::Encryption)
    }
}

#[cfg(test)]
mod tests {
    use lychgate_testkit::{
        FakeWorld,
        build::{self, Acme},
    };

    use super::*;

    fn all(kind: IdpKind, choice: EntityIdChoice) -> Vec<Step> {
        let world = FakeWorld::new(1);
        let acme = Acme::new(&world, "acme").organization;
        let settings = Settings { entity_id: choice, ..build::settings(&world) };
        let values = Values::new("https://sso.example.com", &acme, &settings);
        steps(kind, &values, &settings)
    }

    #[test]
    fn every_guide_carries_both_addresses_and_has_every_part() {
        for kind in IdpKind::ALL {
            for (choice, entity_id) in [
                (EntityIdChoice::Organization, "https://sso.example.com/saml/metadata/acme"),
                (EntityIdChoice::Shared, "https://sso.example.com/saml/metadata"),
            ] {
                let steps = all(kind, choice);
                let values: Vec<&str> =
                    steps.iter().flat_map(|s| &s.values).map(|v| v.text.as_str()).collect();
                assert!(values.contains(&"https://sso.example.com/saml/consume/acme"), "{kind:?}");
                assert!(values.contains(&entity_id), "{kind:?}");
                for part in [Part::EntityId, Part::Metadata, Part::Test, Part::Activate] {
                    let count = steps.iter().filter(|step| step.part == part).count();
                    assert_eq!(count, 1, "{kind:?} {part:?}");
                }
                // Google does not encrypt.
                let encrypts = steps.iter().any(|step| step.part == Part::Encryption);
                assert_eq!(encrypts, kind != IdpKind::Google);
                // Okta refuses underscores, and `conn-…` is no part of an address.
                assert!(
                    values.iter().all(|value| !value.contains('_') || value.contains("/sign_in"))
                );
            }
        }
    }

    #[test]
    fn the_labels_are_the_products_own() {
        for (kind, labels) in [
            (IdpKind::Okta, ["Single sign-on URL", "Audience URI (SP Entity ID)"]),
            (
                IdpKind::Entra,
                ["Reply URL (Assertion Consumer Service URL)", "Identifier (Entity ID)"],
            ),
            (IdpKind::Google, ["ACS URL", "Entity ID"]),
            (IdpKind::OneLogin, ["ACS (Consumer) URL", "Audience (EntityID)"]),
            (IdpKind::JumpCloud, ["ACS URL", "SP Entity ID"]),
        ] {
            let steps = all(kind, EntityIdChoice::Organization);
            let known: Vec<&str> = steps.iter().flat_map(|s| &s.values).map(|v| v.label).collect();
            for label in labels {
                assert!(known.contains(&label), "{kind:?} {label}");
            }
        }
    }
}
