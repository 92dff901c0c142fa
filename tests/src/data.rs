//! Data files: found by folder, read as JSON, named in every failure.

use std::{fs, path::PathBuf};

use serde::de::DeserializeOwned;

/// The folder of all data files.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data")
}

/// The JSON files directly in a folder below [`root`], by name.
///
/// # Panics
/// When there is no such folder, or nothing in it: a driver that finds no case proves nothing.
#[must_use]
pub fn files(folder: &str) -> Vec<PathBuf> {
    let folder = root().join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    assert!(!files.is_empty(), "{folder:?} holds no case");
    files.sort();
    files
}

/// The folders directly in a folder below [`root`].
///
/// # Panics
/// When there is none.
#[must_use]
pub fn folders(folder: &str) -> Vec<String> {
    let path = root().join(folder);
    let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a folder entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(!names.is_empty(), "{path:?} holds no folder");
    names.sort();
    names
}

/// Reads one file.
///
/// # Panics
/// When it is not of this shape: the message says where.
#[must_use]
pub fn read<T: DeserializeOwned>(path: &PathBuf) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// A number that whoever runs the tests may set (`MODEL_SEED`, `FUZZ_RUNS` …).
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "a seed is for the person who runs the tests, not configuration of the product"
)]
pub fn number_asked_for(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
