//! Numbers, and what each can stand for.

use super::{Item, Kind, ParseError, Parser};
use crate::strconv::{parse_float, parse_int, parse_uint, quote, unquote_char};
use crate::template::tree::Number;

impl Parser<'_> {
    pub(super) fn constant(&mut self, item: &Item<'_>) -> Result<Number, ParseError> {
        let text: &str = &item.text;
        if item.kind == Kind::CharConstant {
            return self.character(text);
        }
        let imaginary = text.strip_suffix('i').is_some_and(|part| parse_float(part).is_ok());
        if item.kind == Kind::Complex || imaginary {
            return self.unsupported("complex numbers are not supported");
        }
        let mut number = Number { text: text.to_owned(), ..Number::default() };
        number.uint = parse_uint(text, 0).ok();
        number.int = parse_int(text, 0).ok();
        if number.int == Some(0) {
            number.uint = Some(0); // as -0 is unsigned, too
        }
        #[expect(clippy::cast_precision_loss, reason = "Go rounds such a constant the same way")]
        if let Some(int) = number.int {
            number.float = Some(int as f64);
        } else if let Some(uint) = number.uint {
            number.float = Some(uint as f64);
        } else if let Ok(float) = parse_float(text) {
            if !text.contains(['.', 'e', 'E', 'p', 'P']) {
                return self.error(format_args!("integer overflow: {}", quote(text)));
            }
            number.float = Some(float);
            number.int = whole(float);
            number.uint = number.int.and_then(|int| u64::try_from(int).ok());
        }
        if number.float.is_none() {
            return self.error(format_args!("illegal number syntax: {}", quote(text)));
        }
        Ok(number)
    }

    fn character(&mut self, text: &str) -> Result<Number, ParseError> {
        let Some((code, tail)) = unquote_char(text.get(1..).unwrap_or_default()) else {
            return self.error("invalid syntax");
        };
        if tail != "'" {
            return self.error(format_args!("malformed character constant: {text}"));
        }
        Ok(Number {
            text: text.to_owned(),
            int: Some(i64::from(code)),
            uint: Some(u64::from(code)),
            float: Some(f64::from(code)),
        })
    }
}

/// The integer that `float` is, when it is one that an int64 holds.
fn whole(float: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let int = float as i64;
    (float.fract() == 0.0 && (-LIMIT..LIMIT).contains(&float)).then_some(int)
}
