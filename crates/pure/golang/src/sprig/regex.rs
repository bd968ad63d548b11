//! Go's `regexp`: its syntax is translated for the `regex` crate, which has the same kind of automaton.
//!
//! ```text
//! Go's pattern ──▶ syntax (Go's rules and errors) ──▶ pattern with nothing of Rust's own ──▶ Regex
//! ```

mod classes;
pub(super) mod expand;
pub(super) mod functions;
mod syntax;

use regex::bytes::{Captures, Regex, RegexBuilder};

/// A compiled pattern.
pub(super) struct Pattern {
    regex: Regex,
    /// The names of its groups, the whole match first.
    names: Vec<String>,
}

/// How much memory a compiled pattern may take.
const SIZE_LIMIT: usize = 1 << 20;

/// A pattern that follows Go's rules, in Rust's words.
pub(super) struct Translated {
    pattern: String,
    names: Vec<String>,
    /// How large it is, in atoms after repetition.
    pub(super) weight: u64,
}

/// Reads a pattern; fails with the text of `regexp.Compile`.
pub(super) fn translate(text: &[u8]) -> Result<Translated, String> {
    let failed =
        |problem: syntax::Problem| format!("error parsing regexp: {}: `{}`", problem.what, problem.text);
    let text = std::str::from_utf8(text).map_err(|_| {
        failed(syntax::Problem { what: "invalid UTF-8", text: String::from_utf8_lossy(text).into_owned() })
    })?;
    syntax::translate(text).map_err(failed)
}

impl Translated {
    /// Builds the automaton. The caller has paid for [`Translated::weight`].
    pub(super) fn compile(self, text: &[u8]) -> Result<Pattern, String> {
        let regex = RegexBuilder::new(&self.pattern)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|_| {
                format!("error parsing regexp: expression too large: `{}`", String::from_utf8_lossy(text))
            })?;
        Ok(Pattern { regex, names: self.names })
    }
}

impl Pattern {
    /// Whether it stands anywhere in `text`.
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    /// Start and end of the first match.
    pub(super) fn find(&self, text: &[u8]) -> Option<(usize, usize)> {
        self.regex.find(text).map(|found| (found.start(), found.end()))
    }

    /// Start and end of every match, none empty right behind another.
    pub(super) fn find_all<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
        let found = self.regex.find_iter(text).map(|found| (found.start(), found.end()));
        found.filter(|(start, end)| start != end || is_rune_start(text, *start))
    }

    /// Every match with its groups.
    pub(super) fn captures<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Captures<'a>> + 'a {
        self.regex.captures_iter(text).filter(|found| {
            found.get(0).is_some_and(|whole| !whole.is_empty() || is_rune_start(text, whole.start()))
        })
    }

    /// The names of the groups, empty for those without.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

/// Whether a rune starts (or the text ends) there: nothing empty matches in the middle of one.
fn is_rune_start(text: &[u8], at: usize) -> bool {
    let inside = |back: usize| {
        let from = at.checked_sub(back)?;
        let rune = text.get(from..text.len().min(from + 4))?.utf8_chunks().next()?.valid().chars().next()?;
        Some(rune.len_utf8() > back)
    };
    !(1..4).any(|back| inside(back).unwrap_or_default())
}
