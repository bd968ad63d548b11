//! How one argument is printed under one verb.

use crate::fmt::Argument;
use crate::strconv::{self, FloatLayout};

/// The flags, width and precision in front of a verb.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    pub(crate) sharp: bool,
    pub(crate) zero: bool,
    pub(crate) plus: bool,
    pub(crate) minus: bool,
    pub(crate) space: bool,
    /// `%#v`: Go syntax.
    sharp_v: bool,
    pub(crate) width: Option<usize>,
    pub(crate) precision: Option<usize>,
}

impl Flags {
    /// The meaning that `#` and `+` have under `%v`.
    pub(crate) fn for_v(self) -> Self {
        Self { sharp_v: self.sharp, sharp: false, plus: false, ..self }
    }

    fn without_zero(&self) -> Self {
        Self { zero: false, ..self.clone() }
    }
}

/// Prints `argument` under `verb`; a verb that its type does not know is told as Go tells it.
pub(crate) fn print_value(out: &mut String, argument: &Argument, verb: char, flags: &Flags) {
    if verb == 'T' {
        return text(out, argument.type_name(), flags);
    }
    let known = match argument {
        Argument::Integer(value) => integer(out, *value, verb, flags),
        Argument::BigInteger(digits) => big_integer(out, digits, verb, flags),
        Argument::Float(value) => float(out, *value, verb, flags),
        Argument::Text(value) => string(out, value, verb, flags),
    };
    if !known {
        print_bad(out, argument, verb, flags);
    }
}

/// `%!verb(type=value)`.
pub(crate) fn print_bad(out: &mut String, argument: &Argument, verb: char, flags: &Flags) {
    out.push_str(&format!("%!{verb}({}=", argument.type_name()));
    print_value(out, argument, 'v', flags);
    out.push(')');
}

fn padding(out: &mut String, count: usize, flags: &Flags) {
    let fill = if flags.zero && !flags.minus { '0' } else { ' ' };
    out.extend(std::iter::repeat_n(fill, count));
}

fn pad(out: &mut String, body: &str, flags: &Flags) {
    let missing = flags.width.unwrap_or_default().saturating_sub(body.chars().count());
    if flags.minus {
        out.push_str(body);
        padding(out, missing, flags);
    } else {
        padding(out, missing, flags);
        out.push_str(body);
    }
}

/// At most as many characters as the precision allows.
fn truncated<'a>(value: &'a str, flags: &Flags) -> &'a str {
    let end = flags.precision.and_then(|count| value.char_indices().nth(count)).map(|(end, _)| end);
    end.and_then(|end| value.get(..end)).unwrap_or(value)
}

fn text(out: &mut String, value: &str, flags: &Flags) {
    pad(out, truncated(value, flags), flags);
}

fn string(out: &mut String, value: &str, verb: char, flags: &Flags) -> bool {
    match verb {
        'v' if flags.sharp_v => quoted(out, value, flags),
        'v' | 's' => text(out, value, flags),
        'q' => quoted(out, value, flags),
        'x' => hexadecimal(out, value, flags, false),
        'X' => hexadecimal(out, value, flags, true),
        _ => return false,
    }
    true
}

fn quoted(out: &mut String, value: &str, flags: &Flags) {
    let value = truncated(value, flags);
    let body = if flags.sharp && strconv::can_backquote(value) {
        format!("`{value}`")
    } else if flags.plus {
        strconv::quote_to_ascii(value)
    } else {
        strconv::quote(value)
    };
    pad(out, &body, flags);
}

fn hexadecimal(out: &mut String, value: &str, flags: &Flags, upper: bool) {
    let bytes = value.as_bytes();
    let bytes = bytes.get(..flags.precision.unwrap_or(bytes.len())).unwrap_or(bytes);
    let prefix = match (flags.sharp, upper) {
        (false, _) => "",
        (true, false) => "0x",
        (true, true) => "0X",
    };
    let digits: Vec<String> =
        bytes.iter().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect();
    let body = if digits.is_empty() {
        String::new()
    } else if flags.space {
        digits.iter().map(|pair| format!("{prefix}{pair}")).collect::<Vec<_>>().join(" ")
    } else {
        format!("{prefix}{}", digits.concat())
    };
    pad(out, &body, flags);
}

fn integer(out: &mut String, value: i64, verb: char, flags: &Flags) -> bool {
    let magnitude = value.unsigned_abs();
    let digits = match verb {
        'v' | 'd' => magnitude.to_string(),
        'b' => format!("{magnitude:b}"),
        'o' | 'O' => format!("{magnitude:o}"),
        'x' => format!("{magnitude:x}"),
        'X' => format!("{magnitude:X}"),
        'c' => {
            pad(out, rune(value).encode_utf8(&mut [0; 4]), flags);
            return true;
        }
        'q' => {
            pad(out, &strconv::quote_rune(rune(value), flags.plus), flags);
            return true;
        }
        'U' => {
            unicode(out, value, flags);
            return true;
        }
        _ => return false,
    };
    if flags.precision == Some(0) && value == 0 {
        padding(out, flags.width.unwrap_or_default(), &flags.without_zero());
        return true;
    }
    let sign = sign(value < 0, flags);
    let least = match flags.precision {
        Some(precision) => precision,
        None if flags.zero && !flags.minus => flags.width.unwrap_or_default().saturating_sub(sign.len()),
        None => 0,
    };
    let digits = format!("{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
    let prefix = match verb {
        'O' => "0o",
        'b' if flags.sharp => "0b",
        'o' if flags.sharp && !digits.starts_with('0') => "0",
        'x' if flags.sharp => "0x",
        'X' if flags.sharp => "0X",
        _ => "",
    };
    pad(out, &format!("{sign}{prefix}{digits}"), &flags.without_zero());
    true
}

fn sign(negative: bool, flags: &Flags) -> &'static str {
    match (negative, flags.plus, flags.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    }
}

fn rune(value: i64) -> char {
    u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn unicode(out: &mut String, value: i64, flags: &Flags) {
    let least = flags.precision.unwrap_or_default().max(4);
    let mut body = format!("U+{value:0least$X}");
    let shown = u32::try_from(value).ok().and_then(char::from_u32);
    if let Some(shown) = shown.filter(|shown| flags.sharp && strconv::is_print(*shown)) {
        body.push_str(&format!(" '{shown}'"));
    }
    pad(out, &body, &flags.without_zero());
}

/// `(*big.Int).Format`.
fn big_integer(out: &mut String, decimal: &str, verb: char, flags: &Flags) -> bool {
    let (negative, magnitude) = match decimal.strip_prefix('-') {
        Some(magnitude) => (true, magnitude),
        None => (false, decimal),
    };
    let (base, prefix) = match verb {
        'b' => (2, "0b"),
        'o' => (8, "0"),
        'O' => (8, "0o"),
        'd' | 's' | 'v' => (10, ""),
        'x' => (16, "0x"),
        'X' => (16, "0X"),
        _ => {
            out.push_str(&format!("%!{verb}(big.Int={decimal})"));
            return true;
        }
    };
    let prefix = if flags.sharp || verb == 'O' { prefix } else { "" };
    let digits = in_base(magnitude, base);
    let digits = if verb == 'X' { digits.to_uppercase() } else { digits };
    let sign = sign(negative, flags);
    let mut zeros = flags.precision.unwrap_or_default().saturating_sub(digits.len());
    let length = sign.len() + prefix.len() + zeros + digits.len();
    if flags.zero && !flags.minus && flags.precision.is_none() {
        zeros += flags.width.unwrap_or_default().saturating_sub(length);
    }
    pad(out, &format!("{sign}{prefix}{}{digits}", "0".repeat(zeros)), &flags.without_zero());
    true
}

/// Decimal digits in another base, by repeated division.
fn in_base(decimal: &str, base: u32) -> String {
    let mut number: Vec<u32> = decimal.chars().filter_map(|digit| digit.to_digit(10)).collect();
    if base == 10 {
        return decimal.to_owned();
    }
    let mut digits = Vec::new();
    while !number.is_empty() {
        let mut rest = 0;
        for digit in &mut number {
            let value = rest * 10 + *digit;
            *digit = value / base;
            rest = value % base;
        }
        digits.extend(char::from_digit(rest, base));
        let zeros = number.iter().take_while(|digit| **digit == 0).count();
        number.drain(..zeros);
    }
    digits.iter().rev().collect()
}

fn float(out: &mut String, value: f64, verb: char, flags: &Flags) -> bool {
    let (layout, default) = match verb {
        'v' | 'g' | 'G' => (FloatLayout::General, None),
        'e' | 'E' => (FloatLayout::Exponent, Some(6)),
        'f' | 'F' => (FloatLayout::Fixed, Some(6)),
        'b' => (FloatLayout::Binary, None),
        'x' | 'X' => (FloatLayout::Hexadecimal, None),
        _ => return false,
    };
    let precision = flags.precision.or(default);
    let mut body = strconv::format_float(value.abs(), layout, precision);
    if flags.sharp && verb != 'b' {
        body = with_point(&body, verb, precision);
    }
    if matches!(verb, 'E' | 'G' | 'X') {
        body = body.to_uppercase();
    }
    let sign = sign(value.is_sign_negative(), flags);
    let length = sign.len() + body.len();
    if flags.zero && !flags.minus && !sign.is_empty() {
        out.push_str(sign);
        padding(out, flags.width.unwrap_or_default().saturating_sub(length), flags);
        out.push_str(&body);
    } else {
        pad(out, &format!("{sign}{body}"), flags);
    }
    true
}

/// What `#` does to a number: a decimal point always, trailing zeros kept.
fn with_point(body: &str, verb: char, precision: Option<usize>) -> String {
    let hexadecimal = matches!(verb, 'x' | 'X');
    let mut wanted = match verb {
        'g' | 'G' | 'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let tail_at = body.find(|rune| rune == 'p' || (rune == 'e' && !hexadecimal)).unwrap_or(body.len());
    let (number, tail) = body.split_at(tail_at);
    let significant = number.chars().filter(|rune| *rune != '.').skip_while(|rune| *rune == '0').count();
    wanted = wanted.saturating_sub(significant);
    let mut number = number.to_owned();
    if !number.contains('.') {
        if number == "0" {
            wanted = wanted.saturating_sub(1);
        }
        number.push('.');
    }
    format!("{number}{}{tail}", "0".repeat(wanted))
}
