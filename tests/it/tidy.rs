//! What no other tool checks: who may depend on whom, how long things may get, and what may not be written down.
//!
//! Each test prints every offence it found, as `path:line: what`, and then fails. To see a rule's reason, read the
//! comment above it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

// --- The arrows -----------------------------------------------------------------------------------------------------

/// Which of our crates each of our crates may name under `[dependencies]`. Nothing points back and nothing skips
/// sideways: `scim` and `saml` know nobody, `edge`, `store` and `outbound` never meet, the functions are where they do.
const ARROWS: &[(&str, &[&str])] = &[
    ("lychgate-scim", &[]),
    ("lychgate-saml", &[]),
    ("lychgate-core", &["lychgate-scim", "lychgate-saml"]),
    ("lychgate-aws", &[]),
    ("lychgate-store", &["lychgate-aws", "lychgate-core", "lychgate-scim"]),
    ("lychgate-outbound", &["lychgate-aws", "lychgate-core"]),
    ("lychgate-edge", &["lychgate-core", "lychgate-scim"]),
    ("lychgate-testkit", &["lychgate-core", "lychgate-scim", "lychgate-saml"]),
    // The identity provider of the local server and of tests. It shares nothing with what verifies, so that a mistake
    // of one is not repeated by the other.
    ("lychgate-idp", &[]),
    ("scim-discovery", &["lychgate-edge", "lychgate-core", "lychgate-scim"]),
    ("lychgate-cli", &[]),
    // The second function of one library: the same routes' files, other keys.
    (
        "connections",
        &[
            "operator",
            "lychgate-aws",
            "lychgate-core",
            "lychgate-edge",
            "lychgate-outbound",
            "lychgate-store",
        ],
    ),
];

/// A function that is not named in [`ARROWS`]: it composes.
const ARROWS_OF_A_FUNCTION: &[&str] = &[
    "lychgate-edge",
    "lychgate-store",
    "lychgate-outbound",
    "lychgate-aws",
    "lychgate-core",
    "lychgate-saml",
    "lychgate-scim",
];

/// Crates of others that only these of ours may name, under any kind of dependency. `make deny` holds the same seams
/// with `wrappers`; this needs no tool. Of the seams that fit a name the first one holds.
const SEAMS: &[(&str, &[&str])] = &[
    // Cryptography that is not TLS.
    (
        "aws-lc-rs",
        &[
            "lychgate-saml",
            "lychgate-core",
            "lychgate-outbound",
            "lychgate-idp",
            "lychgate-local",
            "lychgate-testkit",
        ],
    ),
    ("aws-sdk-kms", &["lychgate-outbound"]),
    ("aws-sdk-sesv2", &["lychgate-outbound"]),
    ("aws-sdk-dynamodb", &["lychgate-store", "lychgate-local", "conformance"]),
    (
        "aws-",
        &["lychgate-aws", "lychgate-store", "lychgate-outbound", "lychgate-local", "conformance"],
    ),
    ("lambda_", &["lychgate-edge", "lychgate-local", "conformance"]),
    ("dynoxide-rs", &["lychgate-store", "lychgate-testkit", "lychgate-local", "conformance"]),
    // What makes requests to others: only where addresses are vetted.
    ("hyper", &["lychgate-aws", "lychgate-outbound", "lychgate-local", "conformance"]),
    ("tokio-rustls", &["lychgate-aws", "lychgate-outbound"]),
    ("rustls-webpki", &["lychgate-aws"]),
    // TLS draws for itself.
    (
        "getrandom",
        &["lychgate-aws", "lychgate-edge", "lychgate-local", "lychgate-cli", "conformance"],
    ),
    ("ureq", &["lychgate-cli"]),
    // Uploads: only where a form has a file in it.
    ("multer", &["settings"]),
];

/// One TLS stack, and it is rustls (the reason is in `deny.toml`).
const CRATES_UNWANTED: &[&str] = &["openssl-sys", "native-tls", "s2n-tls"];

#[test]
fn dependencies_follow_the_arrows() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut offences = Vec::new();
    for package in &packages {
        let composes = package.manifest.starts_with(root().join("functions"));
        let everything = ["lychgate-local", "conformance"].contains(&package.name.as_str());
        let allowed = match ARROWS.iter().find(|(name, _)| *name == package.name) {
            Some((_, allowed)) => *allowed,
            None if composes => ARROWS_OF_A_FUNCTION,
            None if everything => &[],
            None => {
                offences.push(format!("{}: give it a line in ARROWS", package.name));
                continue;
            }
        };
        for dependency in package.dependencies.iter().filter(|d| ours.contains(d.name.as_str())) {
            let for_tests = dependency.name == "lychgate-testkit";
            let fine = match (for_tests, dependency.dev) {
                (true, _) => dependency.dev || package.name == "conformance",
                (false, true) => true,
                (false, false) => everything || allowed.contains(&dependency.name.as_str()),
            };
            if !fine {
                offences.push(format!("{} may not depend on {}", package.name, dependency.name));
            }
        }
    }
    none(&offences);
}

#[test]
fn foreign_crates_stay_behind_their_seams() {
    let mut offences = Vec::new();
    for package in packages() {
        for dependency in &package.dependencies {
            let seam = SEAMS.iter().find(|(prefix, _)| dependency.name.starts_with(prefix));
            if seam.is_some_and(|(_, allowed)| !allowed.contains(&package.name.as_str())) {
                offences.push(format!("{} may not name {}", package.name, dependency.name));
            }
        }
    }
    let lock = read(&root().join("Cargo.lock"));
    for name in CRATES_UNWANTED {
        if lock.contains(&format!("name = \"{name}\"")) {
            offences.push(format!(
                "Cargo.lock: {name} came in; `cargo tree -i {name}` says through whom"
            ));
        }
    }
    none(&offences);
}

/// Our own cryptography uses aws-lc, and in the functions that have it TLS does too (`make sizes` holds the others to
/// ring); without the jitter entropy that costs a cold start.
#[test]
fn aws_lc_is_for_our_own_cryptography() {
    // The lock names x509-parser because of a feature that rcgen knows of and nobody turns on.
    let users = ["aws-lc-rs", "rcgen", "rustls", "rustls-webpki", "x509-parser"];
    let lock = read(&root().join("Cargo.lock"));
    let ours = packages();
    let mut offences = Vec::new();
    for package in lock.split("[[package]]") {
        let name = package.split_once("name = \"").map_or("", |(_, rest)| rest);
        let name = name.split('"').next().unwrap_or_default();
        let uses = package.contains("\n \"aws-lc-rs\"") || package.contains("\n \"aws-lc-sys\"");
        if uses && !users.contains(&name) && !ours.iter().any(|ours| ours.name == name) {
            offences.push(format!("Cargo.lock: {name} uses aws-lc; turn that feature off"));
        }
    }
    let setting = "AWS_LC_SYS_NO_JITTER_ENTROPY = \"1\"";
    if !read(&root().join(".cargo/config.toml")).contains(setting) {
        offences.push(format!(".cargo/config.toml: lacks `{setting}`"));
    }
    none(&offences);
}

/// `edge` reads the variables and `outbound` says what may stand in them; neither may name the other.
#[test]
fn edge_and_outbound_mean_the_same_variables() {
    let names = |path: &str| -> BTreeSet<String> {
        let text = read(&root().join(path));
        text.lines()
            .filter(|line| line.starts_with("pub const ") && line.contains("\"LYCHGATE_"))
            .map(str::to_owned)
            .collect()
    };
    let (edge, outbound) =
        (names("shared/edge/src/config.rs"), names("shared/outbound/src/config.rs"));
    assert!(!outbound.is_empty(), "no variable was found");
    none(&outbound.difference(&edge).map(|line| format!("edge lacks: {line}")).collect::<Vec<_>>());
}

/// Every version stands once, in the workspace's manifest, and every crate has the workspace's lints.
#[test]
fn manifests_inherit_from_the_workspace() {
    // `testkit` and the tests may panic: that is how they fail.
    let own_lints = ["lychgate-testkit", "conformance"];
    let mut offences = Vec::new();
    for package in packages() {
        let text = read(&package.manifest);
        let mut section = "";
        for (number, line) in numbered(&text) {
            if line.starts_with('[') {
                section = line;
            } else if section.contains("dependencies")
                && line.contains('=')
                && !line.contains("workspace = true")
                && !line.contains(".workspace")
            {
                offences.push(at(&package.manifest, number, "take the version from the workspace"));
            }
        }
        if !own_lints.contains(&package.name.as_str())
            && !text.contains("[lints]\nworkspace = true")
        {
            offences.push(at(&package.manifest, 1, "take the lints from the workspace"));
        }
    }
    none(&offences);
}

/// clippy reads the nearest `clippy.toml` only, so a crate with its own must repeat the common part.
#[test]
fn clippy_files_agree() {
    let common = read(&root().join("clippy.toml"));
    let mut offences = Vec::new();
    for path in tracked().iter().filter(|path| path.ends_with("clippy.toml")) {
        let text = read(path);
        for line in
            common.lines().filter(|line| line.starts_with("allow-") || line.starts_with("doc-"))
        {
            if !text.lines().any(|other| other == line) {
                offences.push(format!("{}: lacks `{line}`", shown(path)));
            }
        }
    }
    none(&offences);
}

// --- Code that can be read ------------------------------------------------------------------------------------------

/// Tests at the bottom of a file are not counted.
const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;

/// The way out, in a comment in the file or in the function: it ends with the reason.
const LONG_BECAUSE: &str = "tidy: long because ";

#[test]
fn files_and_functions_are_short() {
    let mut offences = Vec::new();
    for path in tracked_with(&["rs"]) {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        let code = lines.iter().position(|line| *line == "#[cfg(test)]").unwrap_or(lines.len());
        let head = lines
            .iter()
            .take_while(|line| line.starts_with("//!"))
            .any(|line| line.contains(LONG_BECAUSE));
        if code > FILE_LINES_MAX && !head {
            offences.push(at(&path, code, &format!("{code} lines; {FILE_LINES_MAX} are enough")));
        }
        for (start, end) in functions(&lines) {
            let length = end - start + 1;
            let excused =
                lines[start.saturating_sub(5)..end].iter().any(|line| line.contains(LONG_BECAUSE));
            if length > FUNCTION_LINES_MAX && !excused {
                offences.push(at(
                    &path,
                    start + 1,
                    &format!("a function of {length} lines; {FUNCTION_LINES_MAX} are enough"),
                ));
            }
        }
    }
    none(&offences);
}

/// First and last line of each function, as rustfmt lays it out: it ends where its own indentation closes it.
fn functions(lines: &[&str]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let is_function = [
            "fn ",
            "pub fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "async fn ",
            "pub async fn ",
            "pub(crate) async fn ",
            "pub(super) async fn ",
            "const fn ",
            "pub const fn ",
            "pub(crate) const fn ",
        ]
        .iter()
        .any(|keyword| code.starts_with(keyword));
        if !is_function || line.ends_with(';') || line.ends_with('}') {
            continue;
        }
        let close = format!("{}}}", &line[..line.len() - code.len()]);
        if let Some(length) = lines[start..].iter().position(|line| *line == close) {
            found.push((start, start + length));
        }
    }
    found
}

/// A reader of protocol code wants the text beside it. Modules that no standard speaks of are named here.
const SCIM_MODULES_WITHOUT_A_SECTION: &[&str] = &["notice.rs", "json.rs"];

#[test]
fn scim_modules_name_their_section() {
    let mut offences = Vec::new();
    for path in tracked_with(&["rs"]) {
        let inside = path.starts_with(root().join("shared/scim/src"));
        let excused = SCIM_MODULES_WITHOUT_A_SECTION.iter().any(|name| path.ends_with(name));
        if !inside || excused {
            continue;
        }
        let text = read(&path);
        let named = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .any(|line| line.contains("RFC "));
        if !named {
            offences.push(at(
                &path,
                1,
                "the module's documentation names no section (RFC 7644 §3.5.2, say)",
            ));
        }
    }
    none(&offences);
}

/// A fixture that no test reads proves nothing. A driver names the folder it reads, or a folder above it.
#[test]
fn data_files_are_visited() {
    let data = root().join("tests/data");
    let drivers: String = tracked_with(&["rs"]).iter().map(|path| read(path)).collect();
    let mut offences = BTreeSet::new();
    for path in tracked().iter().filter(|path| path.starts_with(&data)) {
        let relative = path.strip_prefix(&data).expect("filtered above");
        let visited = relative
            .ancestors()
            .filter(|folder| !folder.as_os_str().is_empty())
            .any(|folder| drivers.contains(&format!("{}\"", folder.display())));
        if !visited && relative != Path::new("README.md") {
            offences.insert(format!(
                "{}: no test names this folder",
                shown(path.parent().expect("a file"))
            ));
        }
    }
    none(&offences.into_iter().collect::<Vec<_>>());
}

// --- Words ----------------------------------------------------------------------------------------------------------

/// Written in halves, so that this file does not offend.
const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const MACHINE: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/t", "mp/")];
const REGISTRIES: &[&str] = &[
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("npm", "js.org"),
    concat!("npm", "js.com"),
    concat!("deb.deb", "ian.org"),
];

/// A mark needs an issue: `(#12)` right behind it. Without one nobody knows when it is done.
#[test]
fn marks_name_an_issue() {
    none(&offending_lines(|line| {
        MARKS.iter().find_map(|mark| {
            let (before, behind) = line.split_once(mark)?;
            let inside_a_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '-')
                || behind.starts_with(|c: char| c.is_alphanumeric() || c == '-');
            (!inside_a_word && !behind.starts_with("(#")).then(|| format!("a bare {mark}"))
        })
    }));
}

/// What is true of one machine only does not belong in the project, and package clients know their registries.
#[test]
fn no_machine_and_no_registry_is_named() {
    none(&offending_lines(|line| {
        let named = MACHINE.iter().chain(REGISTRIES).find(|name| line.contains(*name))?;
        Some(format!("names {named}"))
    }));
}

#[test]
fn links_in_markdown_resolve() {
    let mut offences = Vec::new();
    for path in tracked_with(&["md"]) {
        let text = read(&path);
        for (number, line) in numbered(&text) {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let target = link.split('#').next().unwrap_or_default();
                let elsewhere =
                    link.contains("://") || link.starts_with("mailto:") || target.is_empty();
                if !elsewhere && !path.parent().expect("a file").join(target).exists() {
                    offences.push(at(&path, number, &format!("{link} leads nowhere")));
                }
            }
        }
    }
    none(&offences);
}

// --- Help -----------------------------------------------------------------------------------------------------------

struct Package {
    name: String,
    manifest: PathBuf,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    dev: bool,
}

/// Our packages, as cargo reads their manifests.
fn packages() -> Vec<Package> {
    let metadata = run(Command::new(env!("CARGO")).args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]));
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo writes JSON");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    list(&metadata["packages"])
        .iter()
        .map(|package| Package {
            name: text(&package["name"]),
            manifest: text(&package["manifest_path"]).into(),
            dependencies: list(&package["dependencies"])
                .iter()
                .map(|dependency| Dependency {
                    name: text(&dependency["name"]),
                    dev: dependency["kind"] == "dev",
                })
                .collect(),
        })
        .collect()
}

/// Every file that git knows or would take, and that is there.
fn tracked() -> Vec<PathBuf> {
    let listed =
        run(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]));
    let paths: BTreeSet<PathBuf> = listed.lines().map(|line| root().join(line)).collect();
    paths.into_iter().filter(|path| path.is_file()).collect()
}

fn tracked_with(extensions: &[&str]) -> Vec<PathBuf> {
    let fits = |path: &PathBuf| {
        path.extension().is_some_and(|found| extensions.iter().any(|e| found == *e))
    };
    tracked().into_iter().filter(fits).collect()
}

/// Lines of our texts that `offence` has something to say about. What tools write is left out.
fn offending_lines(offence: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut offences = Vec::new();
    for path in tracked().iter().filter(|path| !path.ends_with("Cargo.lock")) {
        let bytes = std::fs::read(path).expect("a tracked file can be read");
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        for (number, line) in numbered(&text) {
            offences.extend(offence(line).map(|what| at(path, number, &what)));
        }
    }
    offences
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the workspace").to_owned()
}

fn run(command: &mut Command) -> String {
    let output =
        command.current_dir(root()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the answer is text")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn at(path: &Path, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", shown(path))
}

fn none(offences: &[String]) {
    assert!(offences.is_empty(), "{} found:\n{}", offences.len(), offences.join("\n"));
}

/// The rules above are only worth something if they see an offence: a canary for the two that parse.
#[test]
fn the_rules_see() {
    let text = "fn short() {\n}\n    pub async fn inner(\n        a: u8,\n    ) {\n        if a {\n        }\n    }\n";
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(functions(&lines), [(0, 1), (2, 7)]);

    let kinds: BTreeMap<String, usize> =
        packages().iter().map(|p| (p.name.clone(), p.dependencies.len())).collect();
    assert!(kinds.len() >= 14, "cargo told of {} packages", kinds.len());
    assert!(kinds["lychgate-local"] > 10, "the dependencies of lychgate-local were not read");
}
