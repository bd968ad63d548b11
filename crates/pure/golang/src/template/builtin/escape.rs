//! `html`, `js` and `urlquery`.

use crate::strconv::is_print;
use crate::template::call::{Call, FunctionError};
use crate::template::text::Text;
use crate::template::value::Value;

/// The most bytes that one becomes.
const GROWTH: usize = 6;

pub(super) fn html(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    escaped(call, |out, text| {
        for byte in text {
            match byte {
                0 => out.extend("\u{fffd}".as_bytes()),
                b'"' => out.extend(b"&#34;"),
                b'\'' => out.extend(b"&#39;"),
                b'&' => out.extend(b"&amp;"),
                b'<' => out.extend(b"&lt;"),
                b'>' => out.extend(b"&gt;"),
                other => out.push(*other),
            }
        }
    })
}

pub(super) fn js(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    escaped(call, |out, text| {
        for chunk in text.utf8_chunks() {
            for rune in chunk.valid().chars() {
                js_rune(out, rune);
            }
            out.extend(chunk.invalid());
        }
    })
}

fn js_rune(out: &mut Vec<u8>, rune: char) {
    match rune {
        '\\' => out.extend(b"\\\\"),
        '\'' => out.extend(b"\\'"),
        '"' => out.extend(b"\\\""),
        '<' | '>' | '&' | '=' | '\0'..' ' => out.extend(format!("\\u{:04X}", u32::from(rune)).bytes()),
        ' '..='\u{7f}' => out.extend(rune.encode_utf8(&mut [0; 4]).bytes()),
        _ if is_print(rune) => out.extend(rune.encode_utf8(&mut [0; 4]).bytes()),
        _ => out.extend(format!("\\u{:04X}", u32::from(rune)).bytes()),
    }
}

pub(super) fn urlquery(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    escaped(call, |out, text| {
        for byte in text {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(*byte),
                b' ' => out.push(b'+'),
                other => out.extend(format!("%{other:02X}").bytes()),
            }
        }
    })
}

/// The arguments printed, and escaped.
fn escaped(call: &mut Call<'_>, escape: impl FnOnce(&mut Vec<u8>, &[u8])) -> Result<Value, FunctionError> {
    let text = match call.arguments() {
        [Value::String(text)] => text.clone(),
        arguments => {
            // A nil is printed as an action prints it.
            let shown =
                |value: &Value| if value.is_nil() { Value::from("<no value>") } else { value.clone() };
            let arguments: Vec<Value> = arguments.iter().map(shown).collect();
            Text::from(call.sprint(&arguments)?)
        }
    };
    call.reserve(text.len().saturating_mul(GROWTH))?;
    let mut out = Vec::with_capacity(text.len());
    escape(&mut out, text.as_bytes());
    Ok(Value::String(out.into()))
}
