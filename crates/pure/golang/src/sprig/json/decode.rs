//! Reading JSON into `interface {}` (source followed: `encoding/json/scanner.go` and `decode.go` of Go 1.26).

use std::collections::BTreeMap;

use super::super::text::runes::map_runes;
use crate::strconv;
use crate::template::{Call, Dict, FunctionError, Text, Value};

/// Either a limit, or what Go says against the text.
enum Stop {
    Limit(FunctionError),
    Syntax(String),
}

impl From<FunctionError> for Stop {
    fn from(error: FunctionError) -> Self {
        Self::Limit(error)
    }
}

type Read<T> = Result<T, Stop>;

/// The value, and Go's error text when there is something against the text. A text that is not well formed
/// gives nil.
pub(super) fn decode(call: &mut Call<'_>, text: &[u8]) -> Result<(Value, Option<String>), FunctionError> {
    call.charge(text.len() as u64 / 16)?;
    let mut reader = Reader { text, at: 0, problem: None };
    let read = reader.value(call).and_then(|value| {
        reader.space();
        match reader.peek() {
            Some(byte) => Err(reader.invalid(byte, "after top-level value")),
            None => Ok(value),
        }
    });
    match read {
        Ok(value) => Ok((value, reader.problem)),
        Err(Stop::Syntax(problem)) => Ok((Value::Nil, Some(problem))),
        Err(Stop::Limit(error)) => Err(error),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// The first value that is well formed but does not fit.
    problem: Option<String>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The next byte, or the end's error.
    fn byte(&self) -> Read<u8> {
        self.peek().ok_or_else(|| Stop::Syntax("unexpected end of JSON input".to_owned()))
    }

    /// The next byte; at the end a space, as Go's scanner tries it in the middle of a word.
    fn byte_or_space(&self) -> u8 {
        self.peek().unwrap_or(b' ')
    }

    fn invalid(&self, byte: u8, context: &str) -> Stop {
        let shown = match byte {
            b'\'' => r"'\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            byte => {
                let quoted = strconv::quote(&char::from(byte).to_string());
                format!("'{}'", quoted.trim_matches('"'))
            }
        };
        Stop::Syntax(format!("invalid character {shown} {context}"))
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn value(&mut self, call: &mut Call<'_>) -> Read<Value> {
        call.reserve(2 * size_of::<Value>())?;
        self.space();
        match self.byte()? {
            b'{' => self.object(call),
            b'[' => self.array(call),
            b'"' => Ok(Value::String(self.string(call)?)),
            b't' => self.literal("true", Value::Bool(true)),
            b'f' => self.literal("false", Value::Bool(false)),
            b'n' => self.literal("null", Value::Nil),
            b'-' | b'0'..=b'9' => self.number(),
            byte => Err(self.invalid(byte, "looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str, value: Value) -> Read<Value> {
        for (index, expected) in word.bytes().enumerate() {
            let byte = self.byte_or_space();
            if byte != expected && index > 0 {
                let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(self.invalid(byte, &context));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn number(&mut self) -> Read<Value> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.byte_or_space() {
            b'0' => self.at += 1,
            b'1'..=b'9' => self.digits(),
            byte => return Err(self.invalid(byte, "in numeric literal")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        let text = str::from_utf8(self.text.get(start..self.at).unwrap_or_default()).unwrap_or_default();
        let number: f64 = text.parse().unwrap_or(f64::NAN);
        if number.is_finite() {
            return Ok(Value::Float64(number));
        }
        let problem = format!("json: cannot unmarshal number {text} into Go value of type float64");
        self.problem.get_or_insert(problem);
        Ok(Value::Nil)
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self, context: &str) -> Read<()> {
        let byte = self.byte_or_space();
        if !byte.is_ascii_digit() {
            return Err(self.invalid(byte, context));
        }
        self.digits();
        Ok(())
    }

    fn array(&mut self, call: &mut Call<'_>) -> Read<Value> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.byte()? == b']' {
            self.at += 1;
            return Ok(Value::list(items));
        }
        loop {
            items.push(self.nested(call)?);
            self.space();
            let byte = self.byte()?;
            self.at += 1;
            match byte {
                b',' => {}
                b']' => return Ok(Value::list(items)),
                byte => return Err(self.invalid(byte, "after array element")),
            }
        }
    }

    fn object(&mut self, call: &mut Call<'_>) -> Read<Value> {
        self.at += 1;
        let mut entries = BTreeMap::new();
        self.space();
        if self.byte()? == b'}' {
            self.at += 1;
            return Ok(Value::Dict(Dict::new(entries)));
        }
        loop {
            self.space();
            let byte = self.byte()?;
            if byte != b'"' {
                return Err(self.invalid(byte, "looking for beginning of object key string"));
            }
            let key = self.string(call)?;
            self.space();
            let byte = self.byte()?;
            if byte != b':' {
                return Err(self.invalid(byte, "after object key"));
            }
            self.at += 1;
            let value = self.nested(call)?;
            entries.insert(key, value);
            self.space();
            let byte = self.byte()?;
            self.at += 1;
            match byte {
                b',' => {}
                b'}' => return Ok(Value::Dict(Dict::new(entries))),
                byte => return Err(self.invalid(byte, "after object key:value pair")),
            }
        }
    }

    fn nested(&mut self, call: &mut Call<'_>) -> Read<Value> {
        let mut read = None;
        call.deeper(|call| {
            read = Some(self.value(call));
            Ok(())
        })?;
        read.unwrap_or_else(|| Ok(Value::Nil))
    }

    fn string(&mut self, call: &mut Call<'_>) -> Read<Text> {
        self.at += 1;
        let mut out = Vec::new();
        loop {
            let byte = self.byte()?;
            match byte {
                b'"' => break,
                b'\\' => self.escape(&mut out)?,
                0..0x20 => return Err(self.invalid(byte, "in string literal")),
                byte => {
                    self.at += 1;
                    out.push(byte);
                }
            }
        }
        self.at += 1;
        call.reserve(out.len())?;
        // What is not UTF-8 becomes U+FFFD.
        let text = if str::from_utf8(&out).is_ok() { out } else { map_runes(&out, |rune| rune) };
        Ok(text.into())
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Read<()> {
        self.at += 1;
        let byte = self.byte_or_space();
        let plain = match byte {
            b'b' => 0x8,
            b'f' => 0xc,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'"' | b'\\' | b'/' => byte,
            b'u' => {
                self.at += 1;
                let rune = self.unit()?;
                let rune = self.surrogates(rune);
                out.extend_from_slice(rune.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            byte => return Err(self.invalid(byte, "in string escape code")),
        };
        self.at += 1;
        out.push(plain);
        Ok(())
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Read<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let byte = self.byte_or_space();
            let digit = char::from(byte).to_digit(16);
            unit =
                unit << 4 | digit.ok_or_else(|| self.invalid(byte, r"in \u hexadecimal character escape"))?;
            self.at += 1;
        }
        Ok(unit)
    }

    /// A second half may follow; half a pair alone is U+FFFD.
    fn surrogates(&mut self, unit: u32) -> char {
        if let Some(rune) = char::from_u32(unit) {
            return rune;
        }
        let before = self.at;
        if (0xd800..0xdc00).contains(&unit) && self.text.get(self.at..self.at + 2) == Some(br"\u".as_slice())
        {
            self.at += 2;
            if let Ok(low @ 0xdc00..0xe000) = self.unit()
                && let Some(rune) = char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
            {
                return rune;
            }
        }
        self.at = before;
        '\u{fffd}'
    }
}
