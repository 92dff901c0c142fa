//! The structured log: one JSON object a line on standard output.
//!
//! Written by hand: a subscriber with directives compiles regular expressions at every cold start, and this needs a
//! level and nothing else. Fields never hold tokens, bodies, names or e-mail addresses; what a library logs is shown
//! from `warn` up only, because its texts are not ours to vouch for.

use std::{
    fmt::{self, Write as _},
    io::Write as _,
    sync::atomic::{AtomicBool, Ordering},
};

use lychgate_core::ctx::World;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use crate::world::SystemWorld;

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(LevelFilter);

impl Default for Level {
    fn default() -> Self {
        Self(LevelFilter::INFO)
    }
}

impl Level {
    /// Nothing at all.
    pub const OFF: Self = Self(LevelFilter::OFF);

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.into_level().map_or("OFF", |level| level.as_str())
    }

    /// From its name in any case; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let filter = match text.to_ascii_lowercase().as_str() {
            "off" => LevelFilter::OFF,
            "error" => LevelFilter::ERROR,
            "warn" => LevelFilter::WARN,
            "info" => LevelFilter::INFO,
            "debug" => LevelFilter::DEBUG,
            "trace" => LevelFilter::TRACE,
            _ => return None,
        };
        Some(Self(filter))
    }
}

/// Where lines go. The local server's standard output belongs to the person who started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// Standard output: Lambda sends it to `CloudWatch`.
    Stdout,
    /// Standard error.
    Stderr,
}

static STARTED: AtomicBool = AtomicBool::new(false);

/// Starts logging for the whole process; a second call changes nothing.
pub fn start(level: Level, sink: Sink) {
    if STARTED.swap(true, Ordering::Relaxed) {
        return;
    }
    // Fails only when another subscriber is there, which is as good.
    let _ = tracing::subscriber::set_global_default(JsonLines { level: level.0, sink });
    std::panic::set_hook(Box::new(|panic| {
        // The place only: the message of a panic may hold what a client sent.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.place = place, "a request hit a defect");
    }));
}

struct JsonLines {
    level: LevelFilter,
    sink: Sink,
}

/// Our crates' names begin so, the functions' as the packages are called.
const OUR_TARGETS: [&str; 5] = ["lychgate", "scim_", "oauth_token", "operator", "directory_sweep"];

impl Subscriber for JsonLines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = OUR_TARGETS.iter().any(|target| metadata.target().starts_with(target));
        metadata.is_event()
            && *metadata.level() <= self.level
            && (ours || *metadata.level() <= tracing::Level::WARN)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let line = line(event);
        // Nobody is left to be told when the log itself cannot be written.
        let _ = match self.sink {
            Sink::Stdout => std::io::stdout().lock().write_all(line.as_bytes()),
            Sink::Stderr => std::io::stderr().lock().write_all(line.as_bytes()),
        };
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn line(event: &Event<'_>) -> String {
    let mut line = String::with_capacity(256);
    // The two names are Lambda's: its log levels filter by them.
    line.push_str("{\"timestamp\":\"");
    line.push_str(&SystemWorld.now().rfc3339());
    line.push_str("\",\"level\":\"");
    line.push_str(event.metadata().level().as_str());
    line.push_str("\",\"target\":");
    push_text(&mut line, event.metadata().target());
    event.record(&mut Fields(&mut line));
    line.push_str("}\n");
    line
}

struct Fields<'a>(&'a mut String);

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push(',');
        push_text(self.0, field.name());
        self.0.push(':');
    }

    fn number(&mut self, field: &Field, value: impl fmt::Display) {
        self.name(field);
        let _ = write!(self.0, "{value}");
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        push_text(self.0, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        let text = format!("{value:?}");
        push_text(self.0, &text);
    }
}

/// A JSON string. `serde_json` writes into bytes only through a serializer; this is a dozen lines.
fn push_text(line: &mut String, text: &str) {
    line.push('"');
    for c in text.chars() {
        match c {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(line, "\\u{:04x}", u32::from(c));
            }
            c => line.push(c),
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_becomes_a_json_string() {
        let text = "a\"b\\c\nd\u{0}e\u{7f}ü😀";
        let mut line = String::new();
        push_text(&mut line, text);
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }

    #[test]
    fn levels_have_names_in_any_case() {
        assert_eq!(Level::parse("INFO"), Some(Level::default()));
        assert_eq!(Level::parse("lychgate=debug"), None);
    }
}
