//! `path/syntax*.txt`: path │ canonical form or error. `path/target-<Type>*.txt`: path │ what it names.

use lychgate_scim::path::{AttrPath, PATH_BYTES_MAX, Path, Target};
use lychgate_scim::{ErrorKind, schema::ResourceType};

use crate::data;

fn check(name: &str, text: &str) -> Result<usize, String> {
    let Some(rest) = name.strip_prefix("target-") else {
        return data::lines(text, |path, expected| {
            data::outcome(Path::parse(path).map(|path| path.to_string()), expected)
        });
    };
    let rt = data::resource_type(rest.split(['-', '.']).next().unwrap_or_default());
    data::lines(text, |path, expected| {
        data::outcome(Path::parse(path).map(|path| named(&path, &rt)), expected)
    })
}

fn named(path: &Path, rt: &ResourceType) -> String {
    match path.resolve(rt) {
        Target::Base => "base".to_owned(),
        Target::Extension(schema) => format!("extension {}", schema.name),
        Target::Unknown => "unknown".to_owned(),
        Target::Attribute(found) => {
            let mut text = found.extension.map_or_else(String::new, |e| format!("{} ", e.name));
            text.push_str(&found.attribute.name);
            if let Some(sub) = found.sub {
                text.push('.');
                text.push_str(&sub.name);
            }
            text
        }
    }
}

#[test]
fn cases() {
    let mut count = 0;
    for (name, text) in data::files("path", "txt") {
        count += check(&name, &text).unwrap_or_else(|failures| panic!("{name}\n{failures}"));
    }
    assert!(count > 60, "only {count} cases were read");
}

#[test]
fn the_driver_looks() {
    let failures = check("target-User.txt", &data::canary("path", "txt")).unwrap_err();
    assert_eq!(failures.matches("line ").count(), 2, "{failures}");
}

#[test]
fn bytes_are_limited() {
    let of = |length: usize| format!("emails[value eq \"{}\"]", "x".repeat(length - 19));
    assert_eq!(of(100).len(), 100);
    assert!(Path::parse(&of(PATH_BYTES_MAX)).is_ok());
    for path in [of(PATH_BYTES_MAX + 1), of(100_000), "a".repeat(513)] {
        let error = Path::parse(&path).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidPath);
        assert!(error.detail.len() < 500);
    }
    assert!(AttrPath::parse(&"a".repeat(512)).is_ok());
    assert!(AttrPath::parse(&"a".repeat(513)).is_err());
}
