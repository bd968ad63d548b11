//! The table that a benchmark prints.

use std::io::Write as _;
use std::time::Duration;

/// Rows of one benchmark: what was measured, ours, theirs, and how they compare.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    /// Adds a row of two times; the last column says how many times faster ours is.
    pub(crate) fn times(&mut self, what: &str, ours: Duration, theirs: Duration) {
        self.numbers(what, "s", ours.as_secs_f64(), theirs.as_secs_f64());
    }

    /// Adds a row of two numbers of which less is better.
    pub(crate) fn numbers(&mut self, what: &str, unit: &str, ours: f64, theirs: f64) {
        let text = |number: f64| format!("{} {unit}", rounded(number));
        self.row(what, &text(ours), &text(theirs), &format!("{}×", rounded(theirs / ours)));
    }

    /// Adds a row as it is.
    pub(crate) fn row(&mut self, what: &str, ours: &str, theirs: &str, ratio: &str) {
        say(&format!("{what}: ours {ours}, theirs {theirs}, {ratio}"));
        self.rows.push([what, ours, theirs, ratio].map(str::to_owned));
    }

    /// The table in Markdown.
    pub(crate) fn markdown(&self) -> String {
        let heading = ["", "Sealward", "Sealed Secrets", "theirs ÷ ours"].map(str::to_owned);
        let rule = ["---", "---", "---", "---"].map(str::to_owned);
        let lines = [&heading, &rule].into_iter().chain(&self.rows);
        lines.map(|row| format!("| {} |\n", row.join(" | "))).collect()
    }
}

/// Three significant digits are more than such a measurement is good for.
fn rounded(number: f64) -> String {
    match number {
        number if number >= 100.0 => format!("{number:.0}"),
        number if number >= 10.0 => format!("{number:.1}"),
        number if number >= 1.0 => format!("{number:.2}"),
        number => format!("{number:.3}"),
    }
}

/// Progress, on stderr.
pub(crate) fn say(text: &str) {
    // Nothing can be done about a closed stderr.
    drop(writeln!(std::io::stderr(), "{text}"));
}
