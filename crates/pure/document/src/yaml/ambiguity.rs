//! What kubectl's reader of YAML 1.1 and a reader of YAML 1.2 take differently, found in the source.

use saphyr_parser::{Event, ScalarStyle};

type Refusal = (&'static str, &'static str);

/// Why the event must be refused and what to write instead. `written` is the source from its first
/// character on, `length` how many characters it has, `flow` whether it stands in brackets.
pub(super) fn of(event: &Event<'_>, written: &str, length: usize, flow: bool) -> Option<Refusal> {
    const QUOTE: &str = "put it in double quotes";
    let anchor = match event {
        Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
            *anchor
        }
        _ => 0,
    };
    if anchor > 0 && !names_plain_anchor(written) {
        let message = "the anchor's name holds more than letters, digits, `-` and `_`";
        return Some((message, "leave a space after the name, or rename the anchor"));
    }
    match event {
        Event::Scalar(text, ScalarStyle::Plain, _, _) if text.starts_with(['|', '>']) => {
            Some(("text that starts with `|` or `>` must be quoted", QUOTE))
        }
        Event::Scalar(text, ScalarStyle::Plain, _, _)
            if flow && (text.starts_with(':') || text.contains('?')) =>
        {
            Some(("text in brackets that holds `?`, or starts with `:`, must be quoted", QUOTE))
        }
        Event::Scalar(text, ScalarStyle::Plain, _, Some(_)) if flow && text.is_empty() => {
            Some(("a tag without a value", "put text with `!` in double quotes"))
        }
        Event::Scalar(_, ScalarStyle::DoubleQuoted, _, _) if escapes_slash(written, length) => {
            Some(("found unknown escape character", "write `/` without `\\`"))
        }
        _ => None,
    }
}

/// Whether what follows a key is its colon, right before a bracket or comma.
pub(super) fn has_tight_colon(after: &str) -> bool {
    let value = after.trim_start_matches([' ', '\t']).strip_prefix(':');
    value.is_some_and(|value| value.starts_with([',', '[', ']', '{', '}']))
}

/// Whether the properties at the start of `text` name an anchor that every version of YAML ends alike.
fn names_plain_anchor(text: &str) -> bool {
    let name = match text.strip_prefix('&') {
        Some(name) => name,
        None => match text.split_once(" &").or_else(|| text.split_once("\t&")) {
            Some((_, name)) => name,
            None => return true,
        },
    };
    let end = |character: char| character.is_whitespace() || ",[]{}".contains(character);
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    name.split(end).next().is_some_and(|name| name.chars().all(plain))
}

/// Whether a double-quoted string of `length` characters holds `\/`, an escape of YAML 1.2 and JSON.
fn escapes_slash(written: &str, length: usize) -> bool {
    let mut characters = written.chars().take(length);
    while let Some(character) = characters.next() {
        if character == '\\' && characters.next() == Some('/') {
            return true;
        }
    }
    false
}

/// Where the `|` or `>` stands of the block scalar whose text comes after `before`.
pub(super) fn block_header(before: &str) -> Option<usize> {
    let before = before.trim_end();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.get(line_start..)?;
    let is_header = |at: usize| {
        let rest = line.get(at + 1..).unwrap_or_default();
        let rest =
            rest.trim_start_matches(|character: char| "+-".contains(character) || character.is_ascii_digit());
        rest.is_empty()
            || rest.trim_start().is_empty()
            || (rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#'))
    };
    line.match_indices(['|', '>']).map(|(at, _)| at).find(|at| is_header(*at)).map(|at| line_start + at)
}
