//! `If-Match` and `If-None-Match` (RFC 7644 §3.14, RFC 9110 §13.1).

/// A list of entity tags, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// `*`: any version at all.
    Any,
    /// These versions. Tags that are none of ours are kept out: they match nothing.
    Versions(Vec<u64>),
}

/// The most tags that are read of one header.
pub const TAGS_MAX: usize = 32;

impl Tags {
    /// From a header's value: `*`, `W/"3"`, `"3"`, `W/"3", W/"4"`.
    #[must_use]
    pub fn parse(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        let versions = header.split(',').take(TAGS_MAX).filter_map(|tag| {
            let tag = tag.trim();
            let tag = tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag);
            tag.trim_matches('"').parse().ok()
        });
        Self::Versions(versions.collect())
    }

    /// Whether this version is among them.
    #[must_use]
    pub fn matches(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
        }
    }
}

/// What a request demands of the version that it meets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// `If-Match`: 412 unless it holds.
    pub if_match: Option<Tags>,
    /// `If-None-Match`: 304 to a read, 412 to a write, when it matches.
    pub if_none_match: Option<Tags>,
}

/// The ETag of a version.
#[must_use]
pub fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}
