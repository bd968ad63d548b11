//! Writing JSON (source followed: `encoding/json/encode.go` of Go 1.26).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::date::format::format;
use super::super::date::functions::time_of;
use super::super::semver::functions::version_of;
use super::super::text::runes::{RUNE_ERROR, runes};
use crate::strconv::{FloatLayout, format_float};
use crate::template::{Call, FunctionError, Text, Value};

/// How the JSON looks.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Two spaces of indentation a level.
    pub(super) pretty: bool,
    /// `<`, `>` and `&` escaped.
    pub(super) html: bool,
}

/// The value as JSON.
pub(super) fn encode(call: &mut Call<'_>, value: &Value, style: Style) -> Result<Text, FunctionError> {
    let mut writer = Writer { out: Vec::new(), paid: 0, level: 0, style };
    writer.value(call, value)?;
    writer.pay(call)?;
    Ok(writer.out.into())
}

struct Writer {
    out: Vec<u8>,
    /// How much of the output has been paid for.
    paid: usize,
    level: usize,
    style: Style,
}

impl Writer {
    fn pay(&mut self, call: &mut Call<'_>) -> Result<(), FunctionError> {
        call.charge(1)?;
        call.reserve(self.out.len() - self.paid)?;
        self.paid = self.out.len();
        Ok(())
    }

    fn write(&mut self, text: impl AsRef<[u8]>) {
        self.out.extend_from_slice(text.as_ref());
    }

    fn value(&mut self, call: &mut Call<'_>, value: &Value) -> Result<(), FunctionError> {
        self.pay(call)?;
        match value {
            Value::Bool(value) => self.write(value.to_string()),
            Value::Int(number) | Value::Int64(number) | Value::Duration(number) => {
                self.write(number.to_string())
            }
            Value::Int32(number) => self.write(number.to_string()),
            Value::Uint8(number) => self.write(number.to_string()),
            Value::Uint64(number) => self.write(number.to_string()),
            Value::Float64(number) => self.float(*number)?,
            Value::String(text) => self.string(text.as_bytes()),
            Value::Bytes(bytes) => {
                self.write(b"\"");
                self.write(STANDARD.encode(bytes.as_bytes()));
                self.write(b"\"");
            }
            Value::List(list) if !list.is_nil() => {
                let items = list.items().iter().map(|item| (None, item.clone())).collect();
                self.nested(call, (b'[', b']'), items)?;
            }
            Value::Dict(dict) if !dict.is_nil() => {
                call.reserve(dict.len().saturating_mul(2 * size_of::<Value>()))?;
                let entries = dict.entries().into_iter().map(|(key, value)| (Some(key), value)).collect();
                self.nested(call, (b'{', b'}'), entries)?;
            }
            Value::StringMap(map) => {
                let entries = map.entries().iter();
                let entries =
                    entries.map(|(key, text)| (Some(key.clone()), Value::String(text.clone()))).collect();
                self.nested(call, (b'{', b'}'), entries)?;
            }
            Value::Object(object) => {
                if let Some(time) = time_of(object.as_ref()) {
                    self.string(format(time, "2006-01-02T15:04:05.999999999Z07:00").as_bytes());
                } else if let Some(version) = version_of(object.as_ref()) {
                    self.string(version.to_string().as_bytes());
                } else {
                    self.write(b"{}");
                }
            }
            _ => self.write(b"null"),
        }
        Ok(())
    }

    /// A list, or a map when its members have keys.
    fn nested(
        &mut self,
        call: &mut Call<'_>,
        (open, close): (u8, u8),
        members: Vec<(Option<Text>, Value)>,
    ) -> Result<(), FunctionError> {
        self.out.push(open);
        self.level += 1;
        call.deeper(|call| {
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 {
                    self.out.push(b',');
                }
                self.line();
                if let Some(key) = key {
                    self.string(key.as_bytes());
                    self.write(if self.style.pretty { ": " } else { ":" });
                }
                self.value(call, value)?;
            }
            Ok(())
        })?;
        self.level -= 1;
        if !members.is_empty() {
            self.line();
        }
        self.out.push(close);
        Ok(())
    }

    fn line(&mut self) {
        if self.style.pretty {
            self.out.push(b'\n');
            self.out.extend(std::iter::repeat_n(b' ', 2 * self.level));
        }
    }

    fn float(&mut self, number: f64) -> Result<(), FunctionError> {
        if !number.is_finite() {
            let name = match number {
                number if number.is_nan() => "NaN",
                f64::INFINITY => "+Inf",
                _ => "-Inf",
            };
            return Err(FunctionError::new(format!("json: unsupported value: {name}")));
        }
        let magnitude = number.abs();
        let exponent = magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude);
        let layout = if exponent { FloatLayout::Exponent } else { FloatLayout::Fixed };
        let text = format_float(number, layout, None);
        // As in JavaScript: e-9, not e-09.
        self.write(if exponent { text.replace("e-0", "e-") } else { text });
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        let mut rest = text;
        for (rune, width) in runes(text) {
            let (raw, behind) = rest.split_at(width.min(rest.len()));
            rest = behind;
            match rune {
                '"' => self.write(r#"\""#),
                '\\' => self.write(r"\\"),
                '\n' => self.write(r"\n"),
                '\r' => self.write(r"\r"),
                '\t' => self.write(r"\t"),
                '\u{8}' => self.write(r"\b"),
                '\u{c}' => self.write(r"\f"),
                RUNE_ERROR if width == 1 => self.write(r"\ufffd"),
                '<' | '>' | '&' if self.style.html => self.write(format!("\\u{:04x}", u32::from(rune))),
                '\0'..='\u{1f}' | '\u{2028}' | '\u{2029}' => {
                    self.write(format!("\\u{:04x}", u32::from(rune)))
                }
                _ => self.write(raw),
            }
        }
        self.out.push(b'"');
    }
}
