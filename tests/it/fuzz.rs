//! The fuzz bodies without a fuzzer: over their corpus (`data/fuzz/<body>`: seeds, and every input that once
//! broke something), and over some thousand seeded mutations of it. `FUZZ_RUNS` makes the run longer,
//! `FUZZ_SEED` another one.

use std::fs;

use conformance::{data, fuzz::event};
use lychgate_testkit::{
    Random,
    fuzz::{BODIES, Body, mutated},
};

fn bodies() -> Vec<(&'static str, Body)> {
    let mut bodies = BODIES.to_vec();
    bodies.push(("event", event));
    bodies
}

fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = data::root().join("fuzz").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.expect("a folder entry").path())
        .map(|path| (path.display().to_string(), fs::read(&path).expect("a corpus file")))
        .collect();
    files.sort();
    assert!(files.len() >= 3, "{folder:?} holds seeds");
    files
}

#[test]
fn the_corpus_breaks_nothing() {
    for (name, body) in bodies() {
        for (_, bytes) in corpus(name) {
            body(&bytes);
        }
    }
}

#[test]
fn every_corpus_folder_has_its_body() {
    let mut known: Vec<&str> = bodies().iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(data::folders("fuzz"), known);
}

#[test]
fn seeded_mutations_break_nothing() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long and from which seed is the caller's to say"
    )]
    let from = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let (seed, runs) = (from("FUZZ_SEED").unwrap_or(42), from("FUZZ_RUNS").unwrap_or(1_500));
    for (name, body) in bodies() {
        let seeds = corpus(name);
        let mut random = Random::new(seed);
        for run in 0..runs {
            let (file, start) = random.pick(&seeds);
            let mut bytes = start.clone();
            for _ in 0..=random.below(2) {
                bytes = mutated(&bytes, &mut random);
            }
            let broken = std::panic::catch_unwind(|| body(&bytes)).is_err();
            assert!(
                !broken,
                "{name} broke in run {run} of FUZZ_SEED={seed} on {file}: {:?}",
                String::from_utf8_lossy(&bytes)
            );
        }
    }
}

#[test]
fn a_body_that_panics_is_noticed() {
    let noticed = std::panic::catch_unwind(|| lychgate_testkit::fuzz::filter(b"userName eq \"a\""));
    assert!(noticed.is_ok(), "a good filter passes");
    let canary: Body = |bytes| assert!(!bytes.contains(&b'"'), "canary");
    let mut random = Random::new(1);
    let found = (0..200).any(|_| {
        let bytes = mutated(b"plain", &mut random);
        std::panic::catch_unwind(|| canary(&bytes)).is_err()
    });
    assert!(found, "mutations reach what a seed does not have");
}

#[test]
fn most_mutations_of_json_are_json_and_some_of_filters_are_filters() {
    let mut random = Random::new(3);
    let (mut json, mut filters) = (0, 0);
    for _ in 0..400 {
        let (_, seed) = random.pick(&corpus("patch")).clone();
        json += usize::from(
            serde_json::from_slice::<serde_json::Value>(&mutated(&seed, &mut random)).is_ok(),
        );
        let (_, seed) = random.pick(&corpus("filter")).clone();
        let text = String::from_utf8_lossy(&mutated(&seed, &mut random)).into_owned();
        filters += usize::from(lychgate_scim::filter::Filter::parse(&text).is_ok());
    }
    assert!(json > 250, "only {json} of 400 reach the parsers behind JSON");
    assert!(filters > 40, "only {filters} of 400 are still filters");
}
