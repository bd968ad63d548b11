//! Wrapping, abbreviating and cutting, by bytes as goutils v1.1 and sprig do it.

use super::runes::{rune_slices, runes};

/// `goutils.WrapCustom`: `text` broken at spaces (or in the middle of long words) into lines of `width` bytes.
pub(crate) fn wrap(text: &[u8], width: i64, separator: &[u8], long_words: bool) -> Vec<u8> {
    let separator = if separator.is_empty() { b"\n" } else { separator };
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while rest.len() > width {
        if let Some(behind) = rest.strip_prefix(b" ") {
            rest = behind;
            continue;
        }
        let window = rest.get(..=width).unwrap_or(rest);
        let cut = match window.iter().rposition(|byte| *byte == b' ') {
            Some(space) => Some((space, space + 1)),
            None if long_words => Some((width, width)),
            None => {
                rest.iter().skip(width).position(|byte| *byte == b' ').map(|at| (at + width, at + width + 1))
            }
        };
        let Some((end, next)) = cut else { break };
        out.extend_from_slice(rest.get(..end).unwrap_or_default());
        out.extend_from_slice(separator);
        rest = rest.get(next..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// `goutils.AbbreviateFull`; what it reports as an error is nothing to sprig.
pub(crate) fn abbreviate(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let Ok(width) = usize::try_from(width) else { return Vec::new() };
    if text.is_empty() || width < 4 {
        return Vec::new();
    }
    if text.len() <= width {
        return text.to_vec();
    }
    let kept = width - 3;
    let mut offset = offset.min(i64::try_from(text.len()).unwrap_or(i64::MAX));
    if i64::try_from(text.len()).unwrap_or(i64::MAX).saturating_sub(offset)
        < i64::try_from(kept).unwrap_or(i64::MAX)
    {
        offset = i64::try_from(text.len() - kept).unwrap_or(i64::MAX);
    }
    if offset <= 4 {
        return [text.get(..kept).unwrap_or_default(), b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    let offset = usize::try_from(offset).unwrap_or_default();
    if offset + kept < text.len() {
        let short =
            abbreviate(text.get(offset..).unwrap_or_default(), 0, i64::try_from(kept).unwrap_or_default());
        return [b"...".as_slice(), &short].concat();
    }
    [b"...".as_slice(), text.get(text.len() - kept..).unwrap_or_default()].concat()
}

/// `goutils.Initials`: first bytes of the words, each read as a Latin-1 character.
pub(crate) fn initials(text: &[u8]) -> Vec<u8> {
    let mut gap = true;
    let mut out = String::new();
    for rune in text.iter().map(|byte| char::from(*byte)) {
        if rune.is_whitespace() {
            gap = true;
        } else if std::mem::take(&mut gap) {
            out.push(rune);
        }
    }
    out.into_bytes()
}

/// `goutils.DeleteWhiteSpace`: where there is any, the other bytes are written as Latin-1 characters.
pub(crate) fn delete_white_space(text: &[u8]) -> Vec<u8> {
    if !text.iter().any(|byte| char::from(*byte).is_whitespace()) {
        return text.to_vec();
    }
    let kept = text.iter().map(|byte| char::from(*byte)).filter(|rune| !rune.is_whitespace());
    kept.collect::<String>().into_bytes()
}

/// `strings.TrimSpace`.
pub(crate) fn trim_space(text: &[u8]) -> &[u8] {
    trim_where(text, char::is_whitespace)
}

/// `strings.Trim`: without the runes of `cutset` at both ends.
pub(crate) fn trim<'a>(text: &'a [u8], cutset: &[u8]) -> &'a [u8] {
    let cutset: Vec<char> = runes(cutset).map(|(rune, _)| rune).collect();
    trim_where(text, |rune| cutset.contains(&rune))
}

fn trim_where(text: &[u8], cut: impl Fn(char) -> bool) -> &[u8] {
    let start: usize = runes(text).take_while(|(rune, _)| cut(*rune)).map(|(_, width)| width).sum();
    let rest = text.get(start..).unwrap_or_default();
    let mut end = 0;
    let mut position = 0;
    for (rune, width) in runes(rest) {
        position += width;
        if !cut(rune) {
            end = position;
        }
    }
    rest.get(..end).unwrap_or_default()
}

/// `strings.SplitN`: at most `limit` parts, all when it is negative; an empty separator cuts between runes.
pub(crate) fn split<'a>(text: &'a [u8], separator: &[u8], limit: i64) -> Vec<&'a [u8]> {
    if limit == 0 {
        return Vec::new();
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if separator.is_empty() {
        return explode(text, limit);
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while parts.len() + 1 < limit {
        let Some(at) = find(rest, separator) else { break };
        parts.push(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + separator.len()..).unwrap_or_default();
    }
    parts.push(rest);
    parts
}

fn explode(text: &[u8], limit: usize) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    for rune in rune_slices(text) {
        if parts.len() + 1 == limit {
            break;
        }
        parts.push(rune);
        rest = rest.get(rune.len()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// Where `needle` first stands in `text`.
pub(crate) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, needle)
}

/// How long [`replace`]'s answer is.
pub(crate) fn replaced_length(text: &[u8], old: &[u8], new: &[u8]) -> usize {
    let count =
        if old.is_empty() { runes(text).count() + 1 } else { memchr::memmem::find_iter(text, old).count() };
    text.len().saturating_add(count.saturating_mul(new.len())).saturating_sub(count * old.len())
}

/// `strings.ReplaceAll`.
pub(crate) fn replace(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    if old.is_empty() {
        out.extend_from_slice(new);
        for rune in rune_slices(text) {
            out.extend_from_slice(rune);
            out.extend_from_slice(new);
        }
        return out;
    }
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, old) {
        out.extend_from_slice(text.get(from..at).unwrap_or_default());
        out.extend_from_slice(new);
        from = at + old.len();
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    out
}
