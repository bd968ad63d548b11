//! Where documents begin and end, as `YAMLReader` of `k8s.io/apimachinery/pkg/util/yaml` has it:
//! by lines, before anything is parsed.

use std::sync::Arc;

use sealward_diagnostic::Origin;

use crate::ReadError;
use crate::position;

/// The text between two separators.
pub(crate) struct Part<'a> {
    pub(crate) text: &'a str,
    /// The line of its first character, from 1.
    pub(crate) line: u32,
    /// The byte of its first character.
    pub(crate) byte: usize,
}

/// What stands on a separator's line and must not.
pub(crate) struct BadSeparator {
    line: u32,
}

impl BadSeparator {
    pub(crate) fn at(&self, path: &Arc<str>) -> ReadError {
        ReadError::new(Origin::new(path.clone(), self.line, 4), "invalid document separator")
            .hint("only a comment may follow `---`; put the content on the next line")
    }
}

/// The parts of `text` that hold more than blanks and comments.
pub(crate) fn parts(text: &str) -> Vec<Result<Part<'_>, BadSeparator>> {
    let mut parts = Vec::new();
    let mut start = (0, 1);
    let (mut byte, mut line) = (0, 1);
    for content in text.split_inclusive('\n') {
        let next = (byte + content.len(), line + 1);
        if let Some(after) = content.strip_prefix("---") {
            take(&mut parts, text, start, byte);
            let after = after.trim_end();
            if !is_blank_or_comment(after) {
                parts.push(Err(BadSeparator { line: position::number(line) }));
            }
            start = next;
        }
        (byte, line) = next;
    }
    take(&mut parts, text, start, byte);
    parts
}

fn take<'a>(
    parts: &mut Vec<Result<Part<'a>, BadSeparator>>,
    text: &'a str,
    (start, line): (usize, usize),
    end: usize,
) {
    let text = text.get(start..end).unwrap_or_default();
    if !says_nothing(text) {
        parts.push(Ok(Part { text, line: position::number(line), byte: start }));
    }
}

fn is_blank_or_comment(after: &str) -> bool {
    after.is_empty() || (after.starts_with([' ', '\t']) && after.trim_start().starts_with('#'))
}

fn says_nothing(text: &str) -> bool {
    text.lines().all(|line| {
        let ended = line.trim_end_matches([' ', '\r']);
        let content = ended.trim_start_matches([' ', '\u{feff}']);
        content.is_empty() || content.starts_with('#') || ended == "..."
    })
}
