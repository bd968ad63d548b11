//! The lines around a finding, with secrets masked.

use std::ops::Range;

use crate::{Origin, visible};

/// What stands in an excerpt in place of a secret, however long it is.
pub const MASK: &str = "[redacted]";

/// How many lines before and after the line meant are shown.
const AROUND: usize = 1;
/// How many characters of a line are shown.
const WIDTH: usize = 160;

/// Some lines of a file, masked, and what is meant in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The number of the first line, from 1.
    pub first_line: u32,
    /// The lines without breaks or control characters, masked and cut to a bearable width.
    pub lines: Vec<String>,
    /// What is meant.
    pub caret: Caret,
}

/// What is underlined: characters of one of the lines as shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caret {
    /// The line's number in the file.
    pub line: u32,
    /// The first column as shown, from 1.
    pub column: u32,
    /// How many columns.
    pub width: u32,
}

impl Excerpt {
    /// The lines of `source` around `origin`. The bytes of `secrets` show as [`MASK`]; the bytes of
    /// `span`, as far as they stand on the line of `origin`, are underlined.
    ///
    /// `None` when `origin` names no line of `source`.
    pub fn of(
        source: &str,
        origin: &Origin,
        span: Option<&Range<usize>>,
        secrets: &[Range<usize>],
    ) -> Option<Self> {
        let meant = usize::try_from(origin.line).ok()?.checked_sub(1)?;
        let lines = line_ranges(source, meant.saturating_sub(AROUND), meant + AROUND);
        let first = meant.saturating_sub(AROUND);
        let line = lines.get(meant - first)?;
        let start = line.start + byte_of_column(source.get(line.clone())?, origin.column);
        let underlined = match span {
            Some(span) if span.start <= start && start < span.end => start..span.end.min(line.end),
            _ => start..start,
        };
        let secrets = merged(secrets);
        let masked: Vec<Shown> =
            lines.iter().map(|line| Shown::of(source, line.clone(), &secrets, &underlined)).collect();
        let caret = masked.get(meant - first)?.caret();
        let cut = caret.start.saturating_sub(WIDTH / 2);
        let keep_start = if caret.start < WIDTH { 0 } else { cut };
        Some(Self {
            first_line: number(first + 1),
            lines: masked.iter().map(|shown| shown.cut(keep_start)).collect(),
            caret: Caret {
                line: origin.line,
                column: number(caret.start - keep_start + 1 + usize::from(keep_start > 0)),
                width: number(caret.len().clamp(1, WIDTH / 2)),
            },
        })
    }
}

/// The bytes of lines `first..=last` (counted from 0) without their breaks.
fn line_ranges(source: &str, first: usize, last: usize) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut ranges = Vec::new();
    for (index, line) in source.split_inclusive('\n').enumerate().take(last + 1) {
        if index >= first {
            ranges.push(start..start + line.trim_end_matches(['\n', '\r']).len());
        }
        start += line.len();
    }
    ranges
}

fn byte_of_column(line: &str, column: u32) -> usize {
    let index = usize::try_from(column).unwrap_or(usize::MAX).saturating_sub(1);
    line.char_indices().nth(index).map_or(line.len(), |(byte, _)| byte)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// One line as shown: pieces of the file and masks.
#[derive(Default)]
struct Shown {
    text: String,
    /// The characters of `text`.
    width: usize,
    /// The columns, from 0, that show the underlined bytes.
    caret: Option<Range<usize>>,
}

impl Shown {
    /// `secrets` are sorted and do not touch.
    fn of(source: &str, line: Range<usize>, secrets: &[Range<usize>], underlined: &Range<usize>) -> Self {
        let mut shown = Self::default();
        let mut masked_from = None;
        let mut blank = true;
        let text = source.get(line.clone()).unwrap_or_default();
        for (offset, character) in text.char_indices() {
            let at = line.start + offset..line.start + offset + character.len_utf8();
            // Indentation shows where a block ends; it is no part of what it holds.
            blank &= character.is_whitespace();
            if !blank && is_inside(secrets, &at) {
                masked_from = masked_from.or_else(|| Some(shown.push(MASK)));
            } else {
                masked_from = None;
                shown.push(&visible(character.encode_utf8(&mut [0; 4])));
            }
            if at.start == underlined.start || (underlined.contains(&at.start) && shown.caret.is_some()) {
                shown.underline(masked_from.unwrap_or(shown.width.saturating_sub(1)));
            }
        }
        shown
    }

    /// Adds text and returns the column at which it starts.
    fn push(&mut self, text: &str) -> usize {
        let start = self.width;
        self.text.push_str(text);
        self.width += text.chars().count();
        start
    }

    fn underline(&mut self, from: usize) {
        let from = self.caret.as_ref().map_or(from, |caret| caret.start.min(from));
        self.caret = Some(from..self.width);
    }

    fn caret(&self) -> Range<usize> {
        self.caret.clone().unwrap_or(self.width..self.width)
    }

    /// The characters from `start` on, as many as are shown.
    fn cut(&self, start: usize) -> String {
        let mut out = String::from(if start > 0 { "…" } else { "" });
        out.extend(self.text.chars().skip(start).take(WIDTH));
        if self.width > start + WIDTH {
            out.push('…');
        }
        out
    }
}

/// Whether a character's bytes touch one of the sorted ranges.
fn is_inside(sorted: &[Range<usize>], at: &Range<usize>) -> bool {
    let next = sorted.partition_point(|range| range.end <= at.start);
    sorted.get(next).is_some_and(|range| range.start < at.end)
}

/// The ranges sorted, those that touch made one.
fn merged(ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut sorted = ranges.to_vec();
    sorted.sort_by_key(|range| (range.start, range.end));
    let mut out: Vec<Range<usize>> = Vec::new();
    for range in sorted {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "kind: Secret\nstringData:\n  password: \"hunter2 hunter2\"\n  other: x\ndata:\n  a: |\n    line one\n    line two\n";

    fn check(line: u32, column: u32, secrets: &[&str], lines: &[&str], caret: (u32, u32)) {
        let spans: Vec<Range<usize>> =
            secrets.iter().map(|text| SOURCE.find(text).map(|at| at..at + text.len()).unwrap()).collect();
        let excerpt =
            Excerpt::of(SOURCE, &Origin::new("a.yaml", line, column), spans.first(), &spans).unwrap();
        assert_eq!(excerpt.lines, lines);
        assert_eq!((excerpt.caret.column, excerpt.caret.width), caret);
    }

    #[test]
    fn secrets_are_masked_whatever_their_length() {
        check(
            3,
            13,
            &["\"hunter2 hunter2\""],
            &["stringData:", "  password: [redacted]", "  other: x"],
            (13, 10),
        );
        check(
            3,
            3,
            &["\"hunter2 hunter2\""],
            &["stringData:", "  password: [redacted]", "  other: x"],
            (3, 1),
        );
        check(
            7,
            5,
            &["|\n    line one\n    line two\n"],
            &["  a: [redacted]", "    [redacted]", "    [redacted]"],
            (5, 10),
        );
    }

    #[test]
    fn places_outside_the_file_give_nothing() {
        assert_eq!(Excerpt::of(SOURCE, &Origin::new("a", 0, 0), None, &[]), None);
        assert_eq!(Excerpt::of(SOURCE, &Origin::new("a", 99, 1), None, &[]), None);
        assert_eq!(Excerpt::of("", &Origin::new("a", 1, 1), None, &[]), None);
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let source = format!("{}x{}", "é".repeat(500), "b".repeat(500));
        let excerpt = Excerpt::of(&source, &Origin::new("a", 1, 501), None, &[]).unwrap();
        let line = excerpt.lines.first().unwrap();
        assert_eq!(line.chars().count(), WIDTH + 2);
        assert_eq!(line.chars().nth(excerpt.caret.column as usize - 1), Some('x'));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let excerpt = Excerpt::of("a: \u{1b}[31m\tb", &Origin::new("a", 1, 1), None, &[]).unwrap();
        assert_eq!(excerpt.lines, ["a: \u{fffd}[31m b"]);
    }
}
