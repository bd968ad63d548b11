//! Go literals into bytes (source followed: Go's `strconv.Unquote` and `UnquoteChar`).

/// What stands between the quotes of a Go string literal, in double quotes or backquotes, as bytes; `None`
/// when it is not well formed.
pub fn unquote(literal: &str) -> Option<Vec<u8>> {
    let quote = literal.chars().next()?;
    let body = literal.get(1..)?.strip_suffix(quote)?;
    match quote {
        '`' if !body.contains('`') => Some(body.bytes().filter(|byte| *byte != b'\r').collect()),
        '"' if !body.contains('\n') => {
            let mut bytes = Vec::with_capacity(body.len());
            let mut rest = body;
            while !rest.is_empty() {
                let (unit, tail) = unquote_unit(rest, '"')?;
                match unit {
                    Unit::Rune(rune) => bytes.extend(rune.encode_utf8(&mut [0; 4]).bytes()),
                    Unit::Byte(byte) => bytes.push(byte),
                }
                rest = tail;
            }
            Some(bytes)
        }
        _ => None,
    }
}

/// The first character of `text`, which is what stands behind the single quote of a character literal, and
/// the rest; `None` when it is not well formed.
pub fn unquote_char(text: &str) -> Option<(u32, &str)> {
    let (unit, rest) = unquote_unit(text, '\'')?;
    let code = match unit {
        Unit::Rune(rune) => u32::from(rune),
        Unit::Byte(byte) => u32::from(byte),
    };
    Some((code, rest))
}

enum Unit {
    Rune(char),
    Byte(u8),
}

fn unquote_unit(text: &str, quote: char) -> Option<(Unit, &str)> {
    let mut runes = text.chars();
    let first = runes.next()?;
    if first == quote {
        return None;
    }
    if first != '\\' {
        return Some((Unit::Rune(first), runes.as_str()));
    }
    let escape = runes.next()?;
    let rest = runes.as_str();
    let rune = match escape {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        '\'' | '"' if escape == quote => escape,
        'x' => {
            return coded(rest, 2, 16)
                .and_then(|(code, rest)| Some((Unit::Byte(u8::try_from(code).ok()?), rest)));
        }
        'u' => {
            return coded(rest, 4, 16)
                .and_then(|(code, rest)| Some((Unit::Rune(char::from_u32(code)?), rest)));
        }
        'U' => {
            return coded(rest, 8, 16)
                .and_then(|(code, rest)| Some((Unit::Rune(char::from_u32(code)?), rest)));
        }
        '0'..='7' => {
            let digits = text.get(1..)?;
            return coded(digits, 3, 8)
                .and_then(|(code, rest)| Some((Unit::Byte(u8::try_from(code).ok()?), rest)));
        }
        _ => return None,
    };
    Some((Unit::Rune(rune), rest))
}

/// Exactly `count` digits in `radix`, and the rest.
fn coded(text: &str, count: usize, radix: u32) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    let code = digits
        .chars()
        .try_fold(0_u32, |code, rune| code.checked_mul(radix)?.checked_add(rune.to_digit(radix)?))?;
    Some((code, rest))
}

#[cfg(test)]
mod tests {
    use super::{unquote, unquote_char};

    #[test]
    fn strings() {
        let check = |literal: &str, expect: Option<&[u8]>| {
            assert_eq!(unquote(literal).as_deref(), expect, "{literal}")
        };
        check(r#""a\tb""#, Some(b"a\tb"));
        check(r#""\xff\101\u00e9""#, Some(b"\xffA\xc3\xa9"));
        check(r#""\"""#, Some(b"\""));
        check(r#""\'""#, None);
        check(r#""\400""#, None);
        check(r#""\ud800""#, None);
        check(r#""\U00110000""#, None);
        check(r#""\x4""#, None);
        check("`a\r\nb\\n`", Some(b"a\nb\\n"));
        check("\"", None);
    }

    #[test]
    fn characters() {
        assert_eq!(unquote_char("a'"), Some((97, "'")));
        assert_eq!(unquote_char("\\''"), Some((39, "'")));
        assert_eq!(unquote_char("\\xff'"), Some((255, "'")));
        assert_eq!(unquote_char("'"), None);
        assert_eq!(unquote_char("\\\"'"), None);
    }
}
