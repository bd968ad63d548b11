//! What a source must not hold, whatever its grammar, and the errors that say so.

use sealward_diagnostic::Origin;

use super::Source;
use crate::ReadError;
use crate::position;

/// Characters that kubectl refuses, and the line breaks of YAML 1.1 that YAML 1.2 no longer has.
pub(super) fn characters(source: &Source<'_>) -> Result<(), ReadError> {
    let refused = |character: char| match character {
        '\t' | '\n' | '\r' => false,
        '\u{85}' | '\u{2028}' | '\u{2029}' => true,
        '\u{fffe}' | '\u{ffff}' => true,
        _ => character.is_control(),
    };
    let Some(byte) = source.text.find(refused) else {
        return Ok(());
    };
    let (line, column) = position::Cursor::new(source.text, source.line).place(byte);
    let character = source.text.get(byte..).and_then(|rest| rest.chars().next()).unwrap_or_default();
    let message = format!("the character U+{:04X} is not allowed", u32::from(character));
    Err(ReadError::new(Origin::new(source.path.clone(), line, column), message)
        .hint("write it as an escape in a double-quoted string"))
}

/// kubectl divides documents before it parses them, so that a directive has no document to speak of.
pub(super) fn directives(source: &Source<'_>) -> Result<(), ReadError> {
    let blank = |line: &str| line.trim().is_empty() || line.starts_with('#');
    match source.text.lines().enumerate().find(|(_, line)| !blank(line)) {
        Some((index, line)) if line.starts_with('%') => {
            let line = source.line.saturating_add(position::number(index));
            let origin = Origin::new(source.path.clone(), line, 1);
            Err(ReadError::new(origin, "directives are not read by kubectl")
                .hint("remove the line, and the `---` after it"))
        }
        _ => Ok(()),
    }
}

/// A tab at `byte` of the source, where none may stand.
pub(super) fn tab(source: &Source<'_>, byte: usize) -> ReadError {
    let (line, column) = position::Cursor::new(source.text, source.line).place(byte);
    let origin = Origin::new(source.path.clone(), line, column);
    ReadError::new(origin, "found a tab that cannot start any token").hint("indent with spaces")
}

/// What to do about a message of the parser.
pub(super) fn hint(message: &str) -> Option<&'static str> {
    if message.contains("mapping values are not allowed") {
        Some("check the indentation, or quote text that holds `: `")
    } else if message.contains("tab") {
        Some("indent with spaces")
    } else if message.contains("document start") {
        Some("check the indentation: this stands outside of the document's mapping")
    } else if message.contains("anchor") {
        Some("quote text that starts with `*` or `&`, or define the anchor earlier in the same document")
    } else {
        None
    }
}
