//! A JSON reader that knows places. Values mean what Go's `encoding/json` makes of them: the later of
//! two equal keys counts, half a surrogate pair becomes U+FFFD.

use sealward_diagnostic::Origin;

use crate::budget::Budget;
use crate::position::Cursor;
use crate::yaml::{DuplicateKey, Fields, Source};
use crate::{Field, MAX_DEPTH, Node, ReadError, Span, Value, number};

/// The values of `source`, which stand in a row with blanks between them.
///
/// # Errors
/// Where it is no JSON, nests deeper than [`MAX_DEPTH`], or holds more nodes than `budget`.
pub(crate) fn stream(
    source: &Source<'_>,
    budget: &mut Budget,
) -> Result<(Vec<Node>, Vec<DuplicateKey>), ReadError> {
    let mut reader = Reader {
        cursor: Cursor::new(source.text, source.line),
        source,
        at: 0,
        budget,
        duplicates: Vec::new(),
    };
    let mut documents = Vec::new();
    loop {
        reader.blanks();
        if reader.peek().is_none() {
            return Ok((documents, reader.duplicates));
        }
        documents.push(reader.value(0)?);
    }
}

struct Reader<'a, 'b> {
    source: &'b Source<'a>,
    cursor: Cursor<'a>,
    at: usize,
    budget: &'b mut Budget,
    duplicates: Vec<DuplicateKey>,
}

impl Reader<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.source.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes `byte` if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    fn origin(&mut self) -> Origin {
        let (line, column) = self.cursor.place(self.at);
        Origin::new(self.source.path.clone(), line, column)
    }

    fn error<T>(&mut self, message: impl Into<String>) -> Result<T, ReadError> {
        Err(ReadError::new(self.origin(), message))
    }

    fn value(&mut self, depth: usize) -> Result<Node, ReadError> {
        if depth > MAX_DEPTH {
            return self.error(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        if let Err(message) = self.budget.spend(1) {
            return self.error(message);
        }
        let origin = self.origin();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(_) => return self.error("expected a JSON value"),
            None => return self.error("unexpected end of JSON input"),
        };
        let span = Span { start: self.source.byte + start, end: self.source.byte + self.at };
        Ok(Node { value, origin, span })
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, ReadError> {
        if !self.source.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return self.error("expected a JSON value");
        }
        self.at += word.len();
        Ok(value)
    }

    fn map(&mut self, depth: usize) -> Result<Value, ReadError> {
        self.at += 1;
        let mut fields = Fields::default();
        self.blanks();
        if self.take(b'}') {
            return Ok(Value::Map(fields.into_map()));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return self.error("expected a key in double quotes");
            }
            let origin = self.origin();
            let key = self.string()?;
            self.blanks();
            if !self.take(b':') {
                return self.error("expected `:` after the key");
            }
            self.blanks();
            let node = self.value(depth + 1)?;
            if let Some(first) = fields.put(Field { key: key.clone(), origin: origin.clone(), node }) {
                self.duplicates.push(DuplicateKey { key, first, again: origin });
            }
            self.blanks();
            if self.take(b'}') {
                return Ok(Value::Map(fields.into_map()));
            }
            if !self.take(b',') {
                return self.error("expected `,` or `}` after the value");
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, ReadError> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.take(b']') {
            return Ok(Value::List(items));
        }
        loop {
            self.blanks();
            items.push(self.value(depth + 1)?);
            self.blanks();
            if self.take(b']') {
                return Ok(Value::List(items));
            }
            if !self.take(b',') {
                return self.error("expected `,` or `]` after the value");
            }
        }
    }

    fn number(&mut self) -> Result<Value, ReadError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return self.error("expected a digit");
        }
        if self.take(b'.') && self.digits() == 0 {
            return self.error("expected a digit after the point");
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            if self.digits() == 0 {
                return self.error("expected a digit in the exponent");
            }
        }
        let text = self.source.text.get(start..self.at).unwrap_or_default();
        let whole = text.parse::<i64>().ok().map(serde_json::Number::from);
        let whole = whole.or_else(|| text.parse::<u64>().ok().map(serde_json::Number::from));
        let number = whole.or_else(|| text.parse::<f64>().ok().and_then(number::from_float));
        match number {
            Some(number) => Ok(Value::Number(number)),
            None => self.error("the number is too large"),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Result<String, ReadError> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.source.text.get(self.at..).unwrap_or_default();
            let special = |byte: u8| byte == b'"' || byte == b'\\' || byte < 0x20;
            let Some(length) = rest.bytes().position(special) else {
                self.at = self.source.text.len();
                return self.error("unexpected end of JSON input in a string");
            };
            text.push_str(rest.get(..length).unwrap_or_default());
            self.at += length;
            if self.take(b'"') {
                return Ok(text);
            }
            if !self.take(b'\\') {
                return self.error("a control character must be escaped in a string");
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, ReadError> {
        let Some(byte) = self.peek() else {
            return self.error("unexpected end of JSON input in a string");
        };
        let character = match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.at += 1;
                return self.unicode();
            }
            _ => return self.error("unknown escape in a string"),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode(&mut self) -> Result<char, ReadError> {
        let first = self.four_digits()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let after = self.at;
        if self.take(b'\\') && self.take(b'u') {
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let pair = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(pair).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = after;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Result<u32, ReadError> {
        let digits = self.source.text.get(self.at..self.at + 4).unwrap_or_default();
        if digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            self.at += 4;
            return Ok(u32::from_str_radix(digits, 16).unwrap_or_default());
        }
        self.error("expected four hexadecimal digits after `\\u`")
    }
}
