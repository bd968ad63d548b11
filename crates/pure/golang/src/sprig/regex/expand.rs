//! Go's replacement templates: `$1`, `${name}`, `$$` (source followed: `regexp/regexp.go` of Go 1.26).

use regex::bytes::Captures;

use super::super::text::runes::{is_digit, is_letter, runes};

/// Appends `template` with the groups of one match put in.
pub(in super::super) fn expand(out: &mut Vec<u8>, template: &[u8], names: &[String], found: &Captures<'_>) {
    let mut rest = template;
    while let Some(dollar) = rest.iter().position(|byte| *byte == b'$') {
        out.extend_from_slice(rest.get(..dollar).unwrap_or_default());
        rest = rest.get(dollar + 1..).unwrap_or_default();
        if let Some(behind) = rest.strip_prefix(b"$") {
            out.push(b'$');
            rest = behind;
            continue;
        }
        let Some((name, behind)) = reference(rest) else {
            out.push(b'$');
            continue;
        };
        rest = behind;
        if let Some(group) = group(name, names, found) {
            out.extend_from_slice(found.get(group).map_or(b"", |group| group.as_bytes()));
        }
    }
    out.extend_from_slice(rest);
}

/// The name behind a `$`, and what follows it.
fn reference(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let braced = text.strip_prefix(b"{");
    let text = braced.unwrap_or(text);
    let in_name = |rune: char| rune == '_' || is_letter(rune) || is_digit(rune);
    let length: usize = runes(text).take_while(|(rune, _)| in_name(*rune)).map(|(_, width)| width).sum();
    if length == 0 {
        return None;
    }
    let (name, rest) = text.split_at_checked(length)?;
    let rest = if braced.is_some() { rest.strip_prefix(b"}")? } else { rest };
    Some((name, rest))
}

fn group(name: &[u8], names: &[String], found: &Captures<'_>) -> Option<usize> {
    let name = std::str::from_utf8(name).ok()?;
    let number = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    // Numbers of nine digits and more are names to Go.
    if number && name.len() <= 9 {
        return name.parse().ok();
    }
    (0..)
        .zip(names)
        .find(|(index, known)| *known == name && found.get(*index).is_some())
        .map(|(index, _)| index)
}
