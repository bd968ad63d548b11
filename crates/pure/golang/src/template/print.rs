//! Values as Go's `fmt` prints them (source followed: `fmt/print.go`).

use super::duration::duration_text;
use super::text::Text;
use super::value::{Object, Value};
use crate::sink::Sink;
use crate::verb::{Flags, Printable, Whole, bad_verb, boolean, float, integer, print_value, string};

/// Deeper than this nothing is printed: a map can hold itself.
const MAX_DEPTH: usize = 200;

/// As `fmt.Sprint`: a space between two that are not strings.
pub(super) fn sprint(out: &mut Sink, arguments: &[Value]) {
    let mut after_text = true;
    for argument in arguments {
        let is_text = matches!(argument, Value::String(_));
        if !is_text && !after_text {
            out.push(" ");
        }
        after_text = is_text;
        print_value(out, argument, 'v', &Flags::default());
    }
}

/// As `fmt.Sprintln`: spaces between all, and a line break.
pub(super) fn sprintln(out: &mut Sink, arguments: &[Value]) {
    for (index, argument) in arguments.iter().enumerate() {
        if index > 0 {
            out.push(" ");
        }
        print_value(out, argument, 'v', &Flags::default());
    }
    out.push("\n");
}

impl Printable for Value {
    fn type_name(&self) -> Option<String> {
        Some(self.type_of()?.to_string())
    }

    fn print(&self, out: &mut Sink, verb: char, flags: &Flags) {
        print_nested(out, self, verb, flags, 0);
    }

    fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Int(value) | Self::Int64(value) | Self::Duration(value) => Some(*value),
            Self::Int32(value) => Some(i64::from(*value)),
            Self::Uint8(value) => Some(i64::from(*value)),
            Self::Uint64(value) => i64::try_from(*value).ok(),
            _ => None,
        }
    }
}

fn print_nested(out: &mut Sink, value: &Value, verb: char, flags: &Flags, depth: usize) {
    if depth > MAX_DEPTH {
        return out.refuse_depth();
    }
    if out.is_overflown() {
        return;
    }
    // %w is for errors; bytes by themselves leave that to each of them.
    let refused = verb == 'w' && !(depth == 0 && matches!(value, Value::Bytes(_)));
    let known = !refused && print_known(out, value, verb, flags, depth);
    if !known {
        let name = value.type_of().map(|kind| kind.to_string()).unwrap_or_default();
        bad_verb(out, &name, verb, |out| {
            print_plain(out, value, 'v', flags, depth);
        });
    }
}

/// False when the verb is not for the value.
fn print_known(out: &mut Sink, value: &Value, verb: char, flags: &Flags, depth: usize) -> bool {
    // What has a String method speaks for itself under the verbs that want text.
    if !flags.sharp_v && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
        let said = match value {
            Value::Duration(nanoseconds) => Some(duration_text(*nanoseconds)),
            Value::Object(object) => object.string(),
            _ => None,
        };
        if let Some(said) = said {
            return string(out, said.as_bytes(), verb, flags);
        }
    }
    print_plain(out, value, verb, flags, depth)
}

fn print_plain(out: &mut Sink, value: &Value, verb: char, flags: &Flags, depth: usize) -> bool {
    match value {
        Value::Missing | Value::Nil => {
            out.push(if flags.sharp_v { "interface {}(nil)" } else { "<nil>" });
            true
        }
        Value::Bool(value) => boolean(out, *value, verb, flags),
        Value::Int(value) | Value::Int64(value) | Value::Duration(value) => {
            integer(out, Whole::signed(*value), verb, flags)
        }
        Value::Int32(value) => integer(out, Whole::signed(i64::from(*value)), verb, flags),
        Value::Uint8(value) => integer(out, Whole::unsigned(u64::from(*value)), verb, flags),
        Value::Uint64(value) => integer(out, Whole::unsigned(*value), verb, flags),
        Value::Float64(value) => float(out, *value, verb, flags),
        Value::String(text) => string(out, text.as_bytes(), verb, flags),
        Value::Bytes(bytes) => {
            if matches!(verb, 's' | 'x' | 'X' | 'q') {
                return string(out, bytes.as_bytes(), verb, flags);
            }
            let name = if depth == 0 { "[]byte" } else { "[]uint8" };
            let items = bytes.as_bytes().iter().map(|byte| Value::Uint8(*byte));
            print_sequence(out, name, items, verb, flags, depth);
            true
        }
        Value::List(list) if flags.sharp_v && list.is_nil() => {
            out.push(&format!("[]{}(nil)", list.element()));
            true
        }
        Value::List(list) => {
            let name = format!("[]{}", list.element());
            print_sequence(out, &name, list.items().iter().cloned(), verb, flags, depth);
            true
        }
        Value::Dict(dict) if flags.sharp_v && dict.is_nil() => {
            out.push("map[string]interface {}(nil)");
            true
        }
        Value::Dict(dict) => {
            print_map(out, "map[string]interface {}", dict.entries().into_iter(), verb, flags, depth);
            true
        }
        Value::StringMap(map) => {
            let entries =
                map.entries().iter().map(|(key, value)| (key.clone(), Value::String(value.clone())));
            print_map(out, "map[string]string", entries, verb, flags, depth);
            true
        }
        Value::Object(object) => {
            print_fields(out, object.as_ref(), verb, flags, depth);
            true
        }
    }
}

fn print_sequence(
    out: &mut Sink,
    name: &str,
    items: impl Iterator<Item = Value>,
    verb: char,
    flags: &Flags,
    depth: usize,
) {
    let (open, separator, close) = if flags.sharp_v { ("{", ", ", "}") } else { ("[", " ", "]") };
    if flags.sharp_v {
        out.push(name);
    }
    out.push(open);
    for (index, item) in items.enumerate() {
        if out.is_overflown() {
            return;
        }
        if index > 0 {
            out.push(separator);
        }
        print_nested(out, &item, verb, flags, depth + 1);
    }
    out.push(close);
}

fn print_map(
    out: &mut Sink,
    name: &str,
    entries: impl Iterator<Item = (Text, Value)>,
    verb: char,
    flags: &Flags,
    depth: usize,
) {
    let (separator, close) = if flags.sharp_v { (", ", "}") } else { (" ", "]") };
    out.push(if flags.sharp_v { name } else { "map" });
    out.push(if flags.sharp_v { "{" } else { "[" });
    for (index, (key, value)) in entries.enumerate() {
        if out.is_overflown() {
            return;
        }
        if index > 0 {
            out.push(separator);
        }
        print_nested(out, &Value::String(key), verb, flags, depth + 1);
        out.push(":");
        print_nested(out, &value, verb, flags, depth + 1);
    }
    out.push(close);
}

/// A struct without a `String` method; one behind a pointer within something else is an address, of which
/// there are none here.
fn print_fields(out: &mut Sink, object: &dyn Object, verb: char, flags: &Flags, depth: usize) {
    let name = object.type_name();
    let pointer = name.strip_prefix('*');
    if pointer.is_some() && depth > 0 {
        return out.push("0x0");
    }
    if pointer.is_some() {
        out.push("&");
    }
    if flags.sharp_v {
        out.push(pointer.unwrap_or(name));
    }
    out.push("{");
    for (index, (name, value)) in object.fields().into_iter().enumerate() {
        if index > 0 {
            out.push(if flags.sharp_v { ", " } else { " " });
        }
        if flags.sharp_v || flags.plus_v {
            out.push(&format!("{name}:"));
        }
        print_nested(out, &value, verb, flags, depth + 1);
    }
    out.push("}");
}
