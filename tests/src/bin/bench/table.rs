//! The figures as text.

use crate::spy::Seen;

/// A comparison of two sides.
pub(crate) struct Row {
    /// What is done.
    pub(crate) operation: &'static str,
    /// What the left side was seen to send, and to consume.
    pub(crate) left_seen: Seen,
    /// And the right side.
    pub(crate) right_seen: Seen,
    /// Microseconds per operation, batch by batch.
    pub(crate) left: Vec<f64>,
    /// Beside them, those of the other side.
    pub(crate) right: Vec<f64>,
    /// The largest left ÷ right.
    pub(crate) bound: f64,
}

/// Prints the head of a table.
pub(crate) fn head(title: &str, sides: [&str; 2]) {
    println!(
        "\n{title:<42}{:>8}{:>13}{:>9}{:>12}{:>12}{:>8}{:>13}{:>9}",
        "calls", "read", "written", sides[0], sides[1], "ratio", "quartiles", "at most"
    );
}

impl Row {
    /// Prints it; `true` when its bound was held.
    pub(crate) fn print(&self) -> bool {
        let ratios: Vec<f64> =
            self.left.iter().zip(&self.right).map(|(left, right)| left / right).collect();
        let (low, high) = (quantile(&ratios, 0.25), quantile(&ratios, 0.75));
        let held = low <= self.bound;
        let both = |left: f64, right: f64| {
            if (left - right).abs() < 1e-9 {
                format!("{left}")
            } else {
                format!("{left} : {right}")
            }
        };
        let calls = |seen: &Seen| u32::try_from(seen.calls.len()).map_or(0.0, f64::from);
        println!(
            "{:<42}{:>8}{:>13}{:>9}{:>9.0} µs{:>9.0} µs{:>8.2}{:>13}{:>9.2}{}",
            self.operation,
            both(calls(&self.left_seen), calls(&self.right_seen)),
            both(self.left_seen.read, self.right_seen.read),
            both(self.left_seen.written, self.right_seen.written),
            quantile(&self.left, 0.5),
            quantile(&self.right, 0.5),
            quantile(&ratios, 0.5),
            format!("{low:.2}–{high:.2}"),
            self.bound,
            if held { "" } else { "  EXCEEDED" },
        );
        held
    }
}

/// The value that this share of them does not exceed.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index of a short list"
    )]
    let place = (last as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}
