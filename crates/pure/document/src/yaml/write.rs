//! YAML out: block style, fields in their order, text that reads back as what it was under YAML 1.1
//! and 1.2 alike.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Number;

use super::resolve::{self, Scalar};
use crate::{Field, Map, Node, Value, double_quoted};

/// The documents as YAML, divided by `---`; every secret leaf is the text `[redacted]`.
pub fn write_redacted(documents: &[Node]) -> String {
    write(documents, |_| Cow::Borrowed("[redacted]"))
}

/// The documents as YAML, divided by `---`, secrets in plaintext. Only for what a person asked the
/// CLI to print or write.
pub fn write_exposed(documents: &[Node]) -> String {
    write(documents, |text| Cow::Borrowed(text.expose_secret()))
}

fn write(documents: &[Node], secret: fn(&SecretString) -> Cow<'_, str>) -> String {
    let mut writer = Writer { out: String::new(), secret };
    for (index, document) in documents.iter().enumerate() {
        if index > 0 {
            writer.out.push_str("---\n");
        }
        writer.root(document);
    }
    writer.out
}

struct Writer {
    out: String,
    secret: fn(&SecretString) -> Cow<'_, str>,
}

impl Writer {
    fn root(&mut self, node: &Node) {
        match &node.value {
            Value::Map(map) if !map.is_empty() => self.fields(map, 0, false),
            Value::List(items) if !items.is_empty() => self.items(items, 0, false),
            Value::String(text) if !is_plain(text) => {
                self.out.push_str(&quoted(text));
                self.out.push('\n');
            }
            Value::Secret(secret) => {
                self.out.push_str(&quoted(&(self.secret)(secret)));
                self.out.push('\n');
            }
            _ => {
                self.scalar(node, 0);
                self.out.push('\n');
            }
        }
    }

    fn fields(&mut self, map: &Map, indent: usize, mut inline: bool) {
        for field in map {
            self.indent(indent, std::mem::take(&mut inline));
            self.key(field, indent);
            match &field.node.value {
                Value::Map(map) if !map.is_empty() => {
                    self.out.push('\n');
                    self.fields(map, indent + 2, false);
                }
                Value::List(items) if !items.is_empty() => {
                    self.out.push('\n');
                    self.items(items, indent, false);
                }
                _ => self.after(&field.node, indent),
            }
        }
    }

    fn items(&mut self, items: &[Node], indent: usize, mut inline: bool) {
        for item in items {
            self.indent(indent, std::mem::take(&mut inline));
            self.out.push('-');
            match &item.value {
                Value::Map(map) if !map.is_empty() => {
                    self.out.push(' ');
                    self.fields(map, indent + 2, true);
                }
                Value::List(items) if !items.is_empty() => {
                    self.out.push(' ');
                    self.items(items, indent + 2, true);
                }
                _ => self.after(item, indent),
            }
        }
    }

    fn indent(&mut self, indent: usize, inline: bool) {
        if !inline {
            self.out.extend(std::iter::repeat_n(' ', indent));
        }
    }

    /// The key and its colon; a key that parsers would not look back far enough for stands after `?`.
    fn key(&mut self, field: &Field, indent: usize) {
        let written = if is_plain(&field.key) { Cow::Borrowed(&*field.key) } else { quoted(&field.key) };
        if written.len() > 128 {
            self.out.push_str("? ");
            self.out.push_str(&written);
            self.out.push('\n');
            self.indent(indent, false);
        } else {
            self.out.push_str(&written);
        }
        self.out.push(':');
    }

    fn after(&mut self, node: &Node, indent: usize) {
        self.out.push(' ');
        self.scalar(node, indent);
        self.out.push('\n');
    }

    fn scalar(&mut self, node: &Node, indent: usize) {
        match &node.value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Number(value) => self.out.push_str(&number(value)),
            Value::String(text) => self.text(text, indent),
            Value::Secret(secret) => {
                let text = (self.secret)(secret);
                self.text(&text, indent);
            }
            Value::List(_) => self.out.push_str("[]"),
            Value::Map(_) => self.out.push_str("{}"),
        }
    }

    fn text(&mut self, text: &str, indent: usize) {
        if is_plain(text) {
            self.out.push_str(text);
        } else if is_literal(text) {
            self.literal(text, indent + 2);
        } else {
            self.out.push_str(&quoted(text));
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        let body = text.strip_suffix('\n');
        self.out.push_str(match body {
            None => "|-",
            Some(body) if body.ends_with('\n') => "|+",
            Some(_) => "|",
        });
        for line in body.unwrap_or(text).split('\n') {
            self.out.push('\n');
            if !line.is_empty() {
                self.indent(indent, false);
                self.out.push_str(line);
            }
        }
    }
}

/// Floats get a point and a signed exponent, without which YAML 1.1 readers see text.
fn number(number: &Number) -> String {
    let text = number.to_string();
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// Whether `text` without quotes is that text to every reader, as a key too.
fn is_plain(text: &str) -> bool {
    let starts = |first: char| first.is_alphanumeric() || "/_.-+($<".contains(first);
    let inside = |character: char| character.is_alphanumeric() || matches!(character, ' '..='~');
    text.starts_with(starts)
        && text.chars().all(inside)
        && !text.ends_with([' ', ':'])
        && ![": ", " #", "--- "].iter().any(|part| text.contains(part))
        && !["- ", "---", "..."].iter().any(|start| text.starts_with(start))
        && matches!(resolve::untagged(text), Scalar::Text(_))
        && !is_elsewhere_special(text)
}

/// Words, numbers, dates and signs that some version of YAML takes for more than text.
fn is_elsewhere_special(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "<<", "-", "+", "."];
    let numeric = |byte: u8| byte.is_ascii_digit() || b"+-.:_ezt ".contains(&byte);
    let based = lower.trim_start_matches(['+', '-']);
    words.contains(&&*lower)
        || lower.ends_with(".inf")
        || lower.ends_with(".nan")
        || (lower.bytes().all(numeric) && lower.bytes().any(|byte| byte.is_ascii_digit()))
        || ["0x", "0o", "0b"].iter().any(|base| based.starts_with(base))
}

/// Whether `text` can stand as a literal block without an indentation mark.
fn is_literal(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t', '#'])
        && text.chars().all(|character| matches!(character, '\n' | '\t') || is_printable(character))
        && text.split('\n').all(|line| line.is_empty() || !line.trim_matches([' ', '\t']).is_empty())
}

/// Whether every reader takes the character as it stands, neither a break nor refused.
fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(text: &str) -> Cow<'_, str> {
    let escape = |character| (!is_printable(character)).then(|| format!("\\u{:04X}", u32::from(character)));
    Cow::Owned(double_quoted(text, escape))
}
