//! Strings as Go sees them: bytes, walked rune by rune, with Go's simple case mapping and categories.

use std::sync::LazyLock;

use regex::Regex;

/// What Go reads where the bytes are not UTF-8, one byte at a time.
pub(crate) const RUNE_ERROR: char = '\u{fffd}';

/// The runes of `text` with their width in bytes, as Go's `range` over a string yields them.
pub(crate) fn runes(text: &[u8]) -> impl Iterator<Item = (char, usize)> + '_ {
    text.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(|rune| (rune, rune.len_utf8()));
        valid.chain(chunk.invalid().iter().map(|_| (RUNE_ERROR, 1)))
    })
}

/// `text` with each rune mapped (`strings.Map`); what is not UTF-8 becomes U+FFFD.
pub(crate) fn map_runes(text: &[u8], mapping: impl FnMut(char) -> char) -> Vec<u8> {
    runes(text).map(|(rune, _)| rune).map(mapping).collect::<String>().into_bytes()
}

/// Byte ranges of the runes, for cutting at their borders.
pub(crate) fn rune_slices(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    runes(text).map(move |(_, width)| {
        let (head, tail) = rest.split_at(width.min(rest.len()));
        rest = tail;
        head
    })
}

/// `strings.ToUpper`.
pub(crate) fn upper(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() { text.to_ascii_uppercase() } else { map_runes(text, to_upper) }
}

/// `strings.ToLower`.
pub(crate) fn lower(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() { text.to_ascii_lowercase() } else { map_runes(text, to_lower) }
}

/// `unicode.ToUpper`: one rune to one rune; what Unicode spells with several stays as it is.
pub(crate) fn to_upper(rune: char) -> char {
    single(rune.to_uppercase()).unwrap_or_else(|| match rune {
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => shifted(rune, 8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => shifted(rune, 9),
        _ => rune,
    })
}

/// `unicode.ToLower`.
pub(crate) fn to_lower(rune: char) -> char {
    single(rune.to_lowercase()).unwrap_or(if rune == '\u{130}' { 'i' } else { rune })
}

/// `unicode.ToTitle`: as upper case but for the digraphs and for Georgian.
pub(crate) fn to_title(rune: char) -> char {
    match rune {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => rune,
        _ => to_upper(rune),
    }
}

fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next();
    if mapped.next().is_some() { None } else { first }
}

fn shifted(rune: char, by: u32) -> char {
    char::from_u32(u32::from(rune) + by).unwrap_or(rune)
}

/// A general category, read from the tables that the regular expressions have.
struct Category(LazyLock<Option<Regex>>);

impl Category {
    fn holds(&self, rune: char) -> bool {
        self.0.as_ref().is_some_and(|class| class.is_match(rune.encode_utf8(&mut [0; 4])))
    }
}

macro_rules! category {
    ($(#[$doc:meta])* $function:ident, $table:ident, $class:literal, $ascii:expr) => {
        static $table: Category = Category(LazyLock::new(|| Regex::new($class).ok()));
        $(#[$doc])*
        pub(crate) fn $function(rune: char) -> bool {
            if rune.is_ascii() { ($ascii)(rune) } else { $table.holds(rune) }
        }
    };
}

category!(
    /// `unicode.IsUpper`.
    is_upper, UPPER, r"\p{Lu}", |rune: char| rune.is_ascii_uppercase()
);
category!(
    /// `unicode.IsLower`.
    is_lower, LOWER, r"\p{Ll}", |rune: char| rune.is_ascii_lowercase()
);
category!(
    /// `unicode.IsTitle`.
    is_title, TITLE, r"\p{Lt}", |_| false
);
category!(
    /// `unicode.IsLetter`.
    is_letter, LETTER, r"\p{L}", |rune: char| rune.is_ascii_alphabetic()
);
category!(
    /// `unicode.IsDigit`.
    is_digit, DIGIT, r"\p{Nd}", |rune: char| rune.is_ascii_digit()
);
category!(
    /// `unicode.IsPunct`: categories P; `$+<=>^`|~` are symbols.
    is_punct, PUNCT, r"\p{P}", |rune: char| rune.is_ascii_punctuation() && !"$+<=>^`|~".contains(rune)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_mapped_rune_by_rune() {
        assert_eq!(upper("straße ŉ ǆ ᾳ".as_bytes()), "STRAßE ŉ Ǆ ᾼ".as_bytes());
        assert_eq!(lower("İI".as_bytes()), b"ii");
        assert_eq!(to_title('ǆ'), 'ǅ');
        assert_eq!(upper(b"a\xffb"), b"A\xef\xbf\xbdB");
    }

    #[test]
    fn each_byte_that_is_not_utf8_is_a_rune() {
        let read: Vec<_> = runes(b"a\xe2\x82b").collect();
        assert_eq!(read, [('a', 1), (RUNE_ERROR, 1), (RUNE_ERROR, 1), ('b', 1)]);
    }

    #[test]
    fn categories_are_gos() {
        assert!(is_punct('!') && !is_punct('$') && is_punct('»') && !is_punct('a'));
        assert!(is_upper('Ä') && !is_upper('Ⅰ') && is_lower('ß') && !is_lower('ª') && is_letter('ª'));
        assert!(is_digit('٣') && !is_digit('½') && is_title('ǅ'));
    }
}
