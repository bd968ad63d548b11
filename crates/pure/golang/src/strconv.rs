//! The parts of Go's `strconv` that others build on: quoting, and numbers from and to text.

mod number;
mod unquote;

use std::fmt::Write as _;

pub use number::{NumberError, parse_float, parse_int, parse_uint};
pub use unquote::{unquote, unquote_char};

/// `text` as a double-quoted Go string literal (`strconv.Quote`).
pub fn quote(text: &str) -> String {
    quote_with(text.as_bytes(), '"', false)
}

/// As [`quote`], with everything outside ASCII escaped (`strconv.QuoteToASCII`).
pub fn quote_to_ascii(text: &str) -> String {
    quote_with(text.as_bytes(), '"', true)
}

/// As [`quote`], or [`quote_to_ascii`], for bytes: what is not UTF-8 becomes `\x..`.
pub fn quote_bytes(bytes: &[u8], ascii_only: bool) -> String {
    quote_with(bytes, '"', ascii_only)
}

/// `rune` as a single-quoted Go character literal (`strconv.QuoteRune`, or `QuoteRuneToASCII`).
pub fn quote_rune(rune: char, ascii_only: bool) -> String {
    quote_with(rune.encode_utf8(&mut [0; 4]).as_bytes(), '\'', ascii_only)
}

/// Whether `text` can stand unchanged between backquotes (`strconv.CanBackquote`).
pub fn can_backquote(text: &str) -> bool {
    text.chars().all(|rune| match rune {
        '\u{feff}' | '`' | '\u{7f}' | '\u{fffd}' => false,
        '\t' => true,
        rune => rune >= ' ',
    })
}

/// Whether Go counts `rune` as printable (`strconv.IsPrint`): letters, marks, numbers, punctuation,
/// symbols and the ASCII space.
pub fn is_print(rune: char) -> bool {
    if rune.is_ascii() {
        return (' '..='~').contains(&rune);
    }
    // Behind another character, a combining mark is not escaped for standing first.
    let text: String = ['a', rune].into_iter().collect();
    text.escape_debug().count() == 2
}

fn quote_with(bytes: &[u8], delimiter: char, ascii_only: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(delimiter);
    for chunk in bytes.utf8_chunks() {
        for rune in chunk.valid().chars() {
            escape(&mut out, rune, delimiter, ascii_only);
        }
        for byte in chunk.invalid() {
            let written = write!(out, "\\x{byte:02x}");
            debug_assert!(written.is_ok(), "writing to a String does not fail");
        }
    }
    out.push(delimiter);
    out
}

fn escape(out: &mut String, rune: char, delimiter: char, ascii_only: bool) {
    if rune == delimiter || rune == '\\' {
        out.push('\\');
        out.push(rune);
        return;
    }
    if is_print(rune) && (rune.is_ascii() || !ascii_only) {
        out.push(rune);
        return;
    }
    let code = u32::from(rune);
    let written = match rune {
        '\u{7}' => out.write_str("\\a"),
        '\u{8}' => out.write_str("\\b"),
        '\u{c}' => out.write_str("\\f"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        '\u{b}' => out.write_str("\\v"),
        _ if code < 0x20 || code == 0x7f => write!(out, "\\x{code:02x}"),
        _ if code < 0x10000 => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

/// The layouts of `strconv.FormatFloat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatLayout {
    /// `e` or `E`: `-d.dddde±dd`.
    Exponent,
    /// `f`: `-ddd.dddd`.
    Fixed,
    /// `g` or `G`: the shorter of the two, by the size of the exponent.
    General,
    /// `b`: `-ddddp±ddd`, a binary exponent behind a decimal mantissa.
    Binary,
    /// `x` or `X`: `-0x1.yyyyyyyyp±dd`.
    Hexadecimal,
}

/// `value` as Go's `strconv.FormatFloat` writes it, in lower case; `None` as precision means the
/// fewest digits that read back as the same number.
pub fn format_float(value: f64, layout: FloatLayout, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let magnitude = value.abs();
    let body = match layout {
        FloatLayout::Exponent => exponent(magnitude, precision),
        FloatLayout::Fixed => match precision {
            Some(precision) => fixed(magnitude, precision),
            None => format!("{magnitude}"),
        },
        FloatLayout::General => general(magnitude, precision),
        FloatLayout::Binary => binary(magnitude),
        FloatLayout::Hexadecimal => hexadecimal(magnitude, precision),
    };
    format!("{sign}{body}")
}

/// No float64 has more digits than this behind its point; beyond it there are only zeros, and Rust prints at
/// most 65535 of them.
const MAX_DIGITS: usize = 1100;

fn fixed(magnitude: f64, precision: usize) -> String {
    let shown = precision.min(MAX_DIGITS);
    format!("{magnitude:.shown$}{}", "0".repeat(precision - shown))
}

/// Decimal digits and exponent, so that the value is `d.ddd × 10^exponent`.
fn decimal(magnitude: f64, precision: Option<usize>) -> (String, i32) {
    let text = match precision {
        Some(precision) => format!("{magnitude:.shown$e}", shown = precision.min(MAX_DIGITS)),
        None => format!("{magnitude:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let zeros = precision.unwrap_or_default().saturating_sub(MAX_DIGITS);
    (mantissa.replace('.', "") + &"0".repeat(zeros), exponent.parse().unwrap_or_default())
}

fn exponent(magnitude: f64, precision: Option<usize>) -> String {
    let (digits, exponent) = decimal(magnitude, precision);
    with_exponent(&digits, exponent)
}

fn with_exponent(digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(digits.len().min(1));
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}e{sign}{:02}", exponent.unsigned_abs())
}

fn general(magnitude: f64, precision: Option<usize>) -> String {
    let significant = precision.map(|precision| precision.max(1));
    let (digits, exponent) = decimal(magnitude, significant.map(|count| count - 1));
    let digits = match digits.trim_end_matches('0') {
        "" => "0",
        kept => kept,
    };
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let limit = match significant {
        None => 6,
        Some(significant) => {
            let significant = i32::try_from(significant).unwrap_or(i32::MAX);
            if significant > count && count > exponent { count } else { significant }
        }
    };
    if exponent < -4 || exponent >= limit {
        return with_exponent(digits, exponent);
    }
    let decimals = (count - 1 - exponent).max(0);
    format!("{magnitude:.decimals$}", decimals = usize::try_from(decimals).unwrap_or_default())
}

/// Mantissa and binary exponent of `mantissa × 2^exponent`.
fn parts(magnitude: f64) -> (u64, i32) {
    let bits = magnitude.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or_default();
    if exponent == 0 { (fraction, -1074) } else { (fraction | (1 << 52), exponent - 1075) }
}

fn binary(magnitude: f64) -> String {
    let (mantissa, exponent) = parts(magnitude);
    format!("{mantissa}p{exponent:+}")
}

fn hexadecimal(magnitude: f64, precision: Option<usize>) -> String {
    let (mut mantissa, mut exponent) = parts(magnitude);
    if mantissa == 0 {
        exponent = 0;
    } else {
        let shift = mantissa.leading_zeros() - 11; // the leading one to bit 52
        mantissa <<= shift;
        exponent += 52 - i32::try_from(shift).unwrap_or_default();
    }
    if let Some(precision) = precision.filter(|precision| *precision < 13) {
        let dropped = 4 * (13 - precision);
        let (half, mask) = (1_u64 << (dropped - 1), (1_u64 << dropped) - 1);
        let rest = mantissa & mask;
        mantissa &= !mask;
        if rest > half || (rest == half && mantissa & (mask + 1) != 0) {
            mantissa += mask + 1;
        }
        if mantissa >> 53 != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let lead = mantissa >> 52;
    let mut digits = format!("{:013x}", mantissa & ((1 << 52) - 1));
    match precision {
        Some(precision) => {
            digits.truncate(precision);
            digits.push_str(&"0".repeat(precision.saturating_sub(digits.len())));
        }
        None => digits.truncate(digits.trim_end_matches('0').len()),
    }
    let point = if digits.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("0x{lead}{point}{digits}p{sign}{:02}", exponent.unsigned_abs())
}
