//! Text between double quotes, as JSON and YAML both read it.

/// `text` in double quotes; what neither format lets stand is escaped, and of the rest what `escape`
/// gives an escape for.
pub fn double_quoted(text: &str, escape: impl Fn(char) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => match escape(other) {
                Some(escaped) => out.push_str(&escaped),
                None => out.push(other),
            },
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_must_be_and_what_is_asked() {
        let ask = |character| (character == 'b').then(|| "\\x62".to_owned());
        assert_eq!(double_quoted("a\"b\\\n\r\tc\u{e9}", ask), "\"a\\\"\\x62\\\\\\n\\r\\tc\u{e9}\"");
    }
}
