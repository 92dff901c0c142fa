//! The samples of RFC 7643 §8, created and rendered again: what comes out is what the RFC prints, but for what
//! this server decides otherwise and names here.

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the samples are files; the crate itself reads none")]
mod tests {
    use lychgate_scim::{
        Notices, Resource, json,
        project::Projection,
        resource::{Linked, Meta},
        schema::{Catalogue, ENTERPRISE_SCHEMA},
    };
    use serde_json::{Value, json};
    use std::path::Path;

    const SAMPLES: [&str; 4] =
        ["8.1-user-minimal", "8.2-user-full", "8.3-enterprise-user", "8.4-group"];

    fn folder() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/scim/rfc7643")
    }

    fn sample(name: &str) -> Value {
        json::parse(&std::fs::read(folder().join(format!("{name}.json"))).unwrap()).unwrap()
    }

    fn text(value: &Value, name: &str) -> String {
        value[name].as_str().unwrap().to_owned()
    }

    fn rendered(sample: &Value) -> (Value, Notices) {
        let catalogue = Catalogue::standard();
        let resource_type = match sample["meta"]["resourceType"].as_str() {
            Some("Group") => &catalogue.group,
            _ => &catalogue.user,
        };
        let mut notices = Notices::default();
        let incoming = Resource::for_create(resource_type, sample.clone(), &mut notices).unwrap();
        let list = |name: &str| sample.get(name).and_then(Value::as_array).cloned();
        assert_eq!(incoming.members.map(|it| it.len()), list("members").map(|it| it.len()));
        let id = text(sample, "id");
        let meta = Meta {
            id: &id,
            location: text(&sample["meta"], "location"),
            created: text(&sample["meta"], "created"),
            last_modified: text(&sample["meta"], "lastModified"),
            version: text(&sample["meta"], "version"),
        };
        let linked = Linked { members: list("members"), groups: list("groups") };
        let body = incoming.resource.render(resource_type, meta, linked, &Projection::everything());
        (body, notices)
    }

    fn expected(mut sample: Value) -> Value {
        let is_user = sample["meta"]["resourceType"] == "User";
        let object = sample.as_object_mut().unwrap();
        // Accepted, not kept.
        object.remove("password");
        if is_user {
            object.insert("active".into(), json!(true));
            object.insert("sendEmails".into(), json!(true));
        }
        if let Some(manager) = object.get_mut(ENTERPRISE_SCHEMA).map(|it| &mut it["manager"]) {
            // Read-only.
            manager.as_object_mut().unwrap().remove("displayName");
        }
        sample
    }

    #[test]
    fn every_sample_survives_creation() {
        for name in SAMPLES {
            let sample = sample(name);
            let (body, _) = rendered(&sample);
            assert_eq!(body, expected(sample), "{name}");
        }
    }

    #[test]
    fn what_was_created_creates_the_same_again() {
        for name in SAMPLES {
            let (once, _) = rendered(&sample(name));
            let (again, notices) = rendered(&once);
            assert_eq!(again, once, "{name}");
            let subjects: Vec<_> = notices.kept().iter().map(|it| it.subject.as_ref()).collect();
            let mut wanted = vec!["id", "meta"];
            if once.get("groups").is_some() {
                wanted.push("groups");
            }
            assert_eq!(subjects, wanted, "{name}");
        }
    }

    #[test]
    fn the_order_of_an_answer_is_fixed() {
        let (body, _) = rendered(&sample("8.3-enterprise-user"));
        let names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        let first = ["schemas", "id", "externalId", "userName", "name", "displayName", "nickName"];
        assert_eq!(&names[..7], first);
        assert_eq!(&names[names.len() - 3..], [ENTERPRISE_SCHEMA, "groups", "meta"]);
    }
}
