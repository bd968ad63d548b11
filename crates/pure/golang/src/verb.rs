//! How one argument is printed under one verb.

use crate::fmt::Argument;
use crate::sink::Sink;
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
    pub(crate) sharp_v: bool,
    /// `%+v`: the names of fields.
    pub(crate) plus_v: bool,
    pub(crate) width: Option<usize>,
    pub(crate) precision: Option<usize>,
}

impl Flags {
    /// The meaning that `#` and `+` have under `%v`.
    pub(crate) fn for_v(self) -> Self {
        Self { sharp_v: self.sharp, plus_v: self.plus, sharp: false, plus: false, ..self }
    }

    fn without_zero(&self) -> Self {
        Self { zero: false, ..self.clone() }
    }
}

/// What `Sprintf` prints.
pub(crate) trait Printable {
    /// The name of its Go type; `None` for nil.
    fn type_name(&self) -> Option<String>;

    /// Prints it under `verb`, or tells that its type does not know the verb.
    fn print(&self, out: &mut Sink, verb: char, flags: &Flags);

    /// Its value as a width or precision, when it is an integer.
    fn as_integer(&self) -> Option<i64>;
}

/// Prints `argument` under `verb`; `%T` and nil are told from everything else here.
pub(crate) fn print_value(out: &mut Sink, argument: &impl Printable, verb: char, flags: &Flags) {
    match (argument.type_name(), verb) {
        (None, 'T' | 'v') => pad(out, b"<nil>", flags),
        (None, _) => out.push(&format!("%!{verb}(<nil>)")),
        (Some(name), 'T') => text(out, name.as_bytes(), flags),
        (Some(name), 'p') => bad_verb(out, &name, verb, |out| argument.print(out, 'v', flags)),
        (Some(_), _) => argument.print(out, verb, flags),
    }
}

/// `%!verb(type=value)`.
pub(crate) fn bad_verb(out: &mut Sink, name: &str, verb: char, value: impl FnOnce(&mut Sink)) {
    out.push(&format!("%!{verb}({name}="));
    value(out);
    out.push(")");
}

impl Printable for Argument {
    fn type_name(&self) -> Option<String> {
        Some(Self::type_name(self).to_owned())
    }

    fn print(&self, out: &mut Sink, verb: char, flags: &Flags) {
        let known = match self {
            Self::Integer(value) => integer(out, Whole::signed(*value), verb, flags),
            Self::BigInteger(digits) => big_integer(out, digits, verb, flags),
            Self::Float(value) => float(out, *value, verb, flags),
            Self::Text(value) => string(out, value.as_bytes(), verb, flags),
        };
        if !known {
            bad_verb(out, Self::type_name(self), verb, |out| self.print(out, 'v', flags));
        }
    }

    fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::BigInteger(_) | Self::Float(_) | Self::Text(_) => None,
        }
    }
}

/// An integer of 64 bits, signed or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole {
    bits: u64,
    signed: bool,
}

impl Whole {
    pub(crate) fn signed(value: i64) -> Self {
        Self { bits: value.cast_unsigned(), signed: true }
    }

    pub(crate) fn unsigned(bits: u64) -> Self {
        Self { bits, signed: false }
    }

    fn is_negative(self) -> bool {
        self.signed && self.bits.cast_signed() < 0
    }

    fn magnitude(self) -> u64 {
        if self.is_negative() { self.bits.cast_signed().unsigned_abs() } else { self.bits }
    }
}

fn padding(out: &mut Sink, count: usize, flags: &Flags) {
    let byte = if flags.zero && !flags.minus { b'0' } else { b' ' };
    out.fill(byte, count);
}

fn pad(out: &mut Sink, body: &[u8], flags: &Flags) {
    let missing = flags.width.map_or(0, |width| width.saturating_sub(rune_count(body)));
    if flags.minus {
        out.push_bytes(body);
        padding(out, missing, flags);
    } else {
        padding(out, missing, flags);
        out.push_bytes(body);
    }
}

/// As Go counts: each byte that is not UTF-8 is one.
fn rune_count(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|chunk| chunk.valid().chars().count() + chunk.invalid().len()).sum()
}

/// At most as many characters as the precision allows.
fn truncated<'a>(value: &'a [u8], flags: &Flags) -> &'a [u8] {
    let Some(mut left) = flags.precision else {
        return value;
    };
    let mut end = 0;
    for chunk in value.utf8_chunks() {
        let widths = chunk.valid().chars().map(char::len_utf8).chain(chunk.invalid().iter().map(|_| 1));
        for width in widths {
            if left == 0 {
                return value.get(..end).unwrap_or(value);
            }
            left -= 1;
            end += width;
        }
    }
    value
}

fn text(out: &mut Sink, value: &[u8], flags: &Flags) {
    pad(out, truncated(value, flags), flags);
}

/// A bool; false when the verb is not for it.
pub(crate) fn boolean(out: &mut Sink, value: bool, verb: char, flags: &Flags) -> bool {
    let known = matches!(verb, 't' | 'v');
    if known {
        pad(out, if value { b"true" } else { b"false" }, flags);
    }
    known
}

/// A string; false when the verb is not for it.
pub(crate) fn string(out: &mut Sink, value: &[u8], verb: char, flags: &Flags) -> bool {
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

fn quoted(out: &mut Sink, value: &[u8], flags: &Flags) {
    let value = truncated(value, flags);
    let body = match str::from_utf8(value).ok().filter(|text| flags.sharp && strconv::can_backquote(text)) {
        Some(text) => format!("`{text}`"),
        None => strconv::quote_bytes(value, flags.plus),
    };
    pad(out, body.as_bytes(), flags);
}

fn hexadecimal(out: &mut Sink, bytes: &[u8], flags: &Flags, upper: bool) {
    let bytes = bytes.get(..flags.precision.unwrap_or(bytes.len())).unwrap_or(bytes);
    let prefix = match (flags.sharp, upper) {
        (false, _) => "",
        (true, false) => "0x",
        (true, true) => "0X",
    };
    let digits = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let digit = |nibble: u8| digits.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut body = Vec::with_capacity(bytes.len().saturating_mul(2));
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && flags.space {
            body.push(b' ');
        }
        if index == 0 || flags.space {
            body.extend(prefix.bytes());
        }
        body.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    pad(out, &body, flags);
}

/// An integer; false when the verb is not for it.
pub(crate) fn integer(out: &mut Sink, value: Whole, verb: char, flags: &Flags) -> bool {
    if verb == 'v' && flags.sharp_v && !value.signed {
        return integer(out, value, 'x', &Flags { sharp: true, sharp_v: false, ..flags.clone() });
    }
    let magnitude = value.magnitude();
    let digits = match verb {
        'v' | 'd' => magnitude.to_string(),
        'b' => format!("{magnitude:b}"),
        'o' | 'O' => format!("{magnitude:o}"),
        'x' => format!("{magnitude:x}"),
        'X' => format!("{magnitude:X}"),
        'c' => {
            pad(out, rune(value.bits).encode_utf8(&mut [0; 4]).as_bytes(), flags);
            return true;
        }
        'q' => {
            pad(out, strconv::quote_rune(rune(value.bits), flags.plus).as_bytes(), flags);
            return true;
        }
        'U' => {
            unicode(out, value.bits, flags);
            return true;
        }
        _ => return false,
    };
    if flags.precision == Some(0) && value.bits == 0 {
        padding(out, flags.width.unwrap_or_default(), &flags.without_zero());
        return true;
    }
    let sign = sign(value.is_negative(), flags);
    let least = match flags.precision {
        Some(precision) => precision,
        None if flags.zero && !flags.minus => flags.width.unwrap_or_default().saturating_sub(sign.len()),
        None => 0,
    };
    let digits = format!("{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
    let prefix = match verb {
        'O' if flags.sharp && !digits.starts_with('0') => "0o0",
        'O' => "0o",
        'b' if flags.sharp => "0b",
        'o' if flags.sharp && !digits.starts_with('0') => "0",
        'x' if flags.sharp => "0x",
        'X' if flags.sharp => "0X",
        _ => "",
    };
    pad(out, format!("{sign}{prefix}{digits}").as_bytes(), &flags.without_zero());
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

fn rune(value: u64) -> char {
    u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn unicode(out: &mut Sink, value: u64, flags: &Flags) {
    let least = flags.precision.unwrap_or_default().max(4);
    let digits = format!("{value:X}");
    let mut body = format!("U+{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
    let shown = u32::try_from(value).ok().and_then(char::from_u32);
    if let Some(shown) = shown.filter(|shown| flags.sharp && strconv::is_print(*shown)) {
        body.push_str(&format!(" '{shown}'"));
    }
    pad(out, body.as_bytes(), &flags.without_zero());
}

/// `(*big.Int).Format`.
fn big_integer(out: &mut Sink, decimal: &str, verb: char, flags: &Flags) -> bool {
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
            out.push(&format!("%!{verb}(big.Int={decimal})"));
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
    pad(out, format!("{sign}{prefix}{}{digits}", "0".repeat(zeros)).as_bytes(), &flags.without_zero());
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

/// A float64; false when the verb is not for it.
pub(crate) fn float(out: &mut Sink, value: f64, verb: char, flags: &Flags) -> bool {
    let (layout, default) = match verb {
        'v' | 'g' | 'G' => (FloatLayout::General, None),
        'e' | 'E' => (FloatLayout::Exponent, Some(6)),
        'f' | 'F' => (FloatLayout::Fixed, Some(6)),
        'b' => (FloatLayout::Binary, None),
        'x' | 'X' => (FloatLayout::Hexadecimal, None),
        _ => return false,
    };
    if !value.is_finite() {
        unending(out, value, flags);
        return true;
    }
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
        out.push(sign);
        padding(out, flags.width.unwrap_or_default().saturating_sub(length), flags);
        out.push(&body);
    } else {
        pad(out, format!("{sign}{body}").as_bytes(), flags);
    }
    true
}

/// Infinities and NaN, which are never padded with zeros.
fn unending(out: &mut Sink, value: f64, flags: &Flags) {
    let (sign, name) =
        if value.is_nan() { ("+", "NaN") } else { (if value > 0.0 { "+" } else { "-" }, "Inf") };
    let shown = match (sign, flags.plus, flags.space) {
        ("+", false, true) => " ",
        ("+", false, false) if value.is_nan() => "",
        (sign, _, _) => sign,
    };
    pad(out, format!("{shown}{name}").as_bytes(), &flags.without_zero());
}

/// What `#` does to a number: a decimal point always, trailing zeros kept.
fn with_point(body: &str, verb: char, precision: Option<usize>) -> String {
    let hexadecimal = matches!(verb, 'x' | 'X');
    let mut wanted = match verb {
        'v' | 'g' | 'G' | 'x' => precision.unwrap_or(6),
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
