//! Text into numbers (sources followed: Go's `strconv.ParseInt`, `ParseUint` and `ParseFloat`).

/// Why a text is no number of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// It is not written as one.
    #[error("invalid syntax")]
    Syntax,
    /// It does not fit.
    #[error("value out of range")]
    Range,
}

/// An unsigned integer of 64 bits. `base` 0 goes by the prefix (`0x`, `0o`, `0b`, `0`) and allows underscores.
///
/// # Errors
/// As [`NumberError`] tells.
pub fn parse_uint(text: &str, base: u32) -> Result<u64, NumberError> {
    let (digits, radix) = match base {
        0 => prefixed(text),
        base => (text, base),
    };
    let underscores = base == 0 && text.contains('_');
    let mut number: Option<u64> = Some(0);
    let mut any = false;
    for rune in digits.chars().filter(|rune| base != 0 || *rune != '_') {
        let digit = rune.to_digit(radix).ok_or(NumberError::Syntax)?;
        any = true;
        number = number
            .and_then(|number| number.checked_mul(u64::from(radix)))
            .and_then(|number| number.checked_add(u64::from(digit)));
    }
    // A lone zero has lost its digit to the prefix for octal numbers.
    if !(any || (base == 0 && text == "0")) || (underscores && !underscores_fit(text)) {
        return Err(NumberError::Syntax);
    }
    number.ok_or(NumberError::Range)
}

/// A signed integer of 64 bits, as [`parse_uint`] with a sign in front.
///
/// # Errors
/// As [`NumberError`] tells.
pub fn parse_int(text: &str, base: u32) -> Result<i64, NumberError> {
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(magnitude) => (true, magnitude),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = parse_uint(magnitude, base)?;
    if negative {
        0_i64.checked_sub_unsigned(magnitude).ok_or(NumberError::Range)
    } else {
        i64::try_from(magnitude).map_err(|_| NumberError::Range)
    }
}

/// A float64: decimal, hexadecimal with an exponent (`0x1p-2`), `inf`, `infinity` or `nan` in any case.
///
/// # Errors
/// As [`NumberError`] tells; a number too large for a float64 is out of range.
pub fn parse_float(text: &str) -> Result<f64, NumberError> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    if matches!(lower.as_str(), "inf" | "infinity") || text.eq_ignore_ascii_case("nan") {
        return text.parse().map_err(|_| NumberError::Syntax);
    }
    if text.contains('_') && !underscores_fit(text) {
        return Err(NumberError::Syntax);
    }
    let plain = lower.replace('_', "");
    let magnitude = match plain.strip_prefix("0x") {
        Some(digits) => hexadecimal(digits)?,
        None if plain.bytes().all(|byte| byte.is_ascii_digit() || b".e+-".contains(&byte)) => {
            plain.parse().map_err(|_| NumberError::Syntax)?
        }
        None => return Err(NumberError::Syntax),
    };
    if magnitude.is_infinite() || unsigned.starts_with(['+', '-']) {
        return Err(if magnitude.is_infinite() { NumberError::Range } else { NumberError::Syntax });
    }
    Ok(if text.starts_with('-') { -magnitude } else { magnitude })
}

fn prefixed(text: &str) -> (&str, u32) {
    match text.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (text.get(2..).unwrap_or_default(), 16),
        [b'0', b'o' | b'O', _, ..] => (text.get(2..).unwrap_or_default(), 8),
        [b'0', b'b' | b'B', _, ..] => (text.get(2..).unwrap_or_default(), 2),
        [b'0', ..] => (text.get(1..).unwrap_or_default(), 8),
        _ => (text, 10),
    }
}

/// Whether each underscore stands between digits, or between the base prefix and a digit.
fn underscores_fit(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text).to_ascii_lowercase();
    let hexadecimal = text.starts_with("0x");
    let prefix = hexadecimal || text.starts_with("0o") || text.starts_with("0b");
    let mut seen = if prefix { '0' } else { '^' };
    for rune in text.chars().skip(if prefix { 2 } else { 0 }) {
        let digit = rune.is_ascii_digit() || (hexadecimal && rune.is_ascii_hexdigit());
        seen = match rune {
            _ if digit => '0',
            '_' if seen == '0' => '_',
            '_' => return false,
            _ if seen == '_' => return false,
            _ => '!',
        };
    }
    seen != '_'
}

/// The digits behind `0x`, with their exponent, rounded to nearest even.
fn hexadecimal(text: &str) -> Result<f64, NumberError> {
    let (mantissa, exponent) = text.split_once('p').ok_or(NumberError::Syntax)?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if (whole.is_empty() && fraction.is_empty())
        || exponent_digits.is_empty()
        || !exponent_digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(NumberError::Syntax);
    }
    let limit = if exponent.starts_with('-') { -100_000 } else { 100_000 };
    let mut power: i64 = exponent.parse().unwrap_or(limit).clamp(-100_000, 100_000);
    let mut bits: u64 = 0;
    let mut sticky = false;
    for (index, rune) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = rune.to_digit(16).ok_or(NumberError::Syntax)?;
        if bits >> 60 == 0 {
            bits = (bits << 4) | u64::from(digit);
            power -= if index >= whole.len() { 4 } else { 0 };
        } else {
            sticky |= digit != 0;
            power += if index >= whole.len() { 0 } else { 4 };
        }
    }
    Ok(scaled(bits, sticky, power))
}

/// `bits × 2^power`, a little more when `sticky`.
fn scaled(bits: u64, sticky: bool, power: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    let shift = i64::from(bits.leading_zeros());
    let (bits, power) = (u128::from(bits << shift), power - shift);
    // The highest bit stands for 2^(power + 63); subnormal numbers keep fewer bits.
    let top = power + 63;
    if top > 1023 {
        return f64::INFINITY;
    }
    let kept = if top >= -1022 { 53 } else { 53 - (-1022 - top) };
    if kept < 0 {
        return 0.0;
    }
    let dropped = u32::try_from(64 - kept).unwrap_or(64);
    let (half, rest) = (1_u128 << (dropped - 1), bits & ((1 << dropped) - 1));
    let mut mantissa = bits >> dropped;
    if rest > half || (rest == half && (sticky || mantissa & 1 == 1)) {
        mantissa += 1;
    }
    let mantissa = u64::try_from(mantissa).unwrap_or_default();
    // A carry out of the mantissa moves the exponent by itself.
    let exponent = if top >= -1022 { u64::try_from(top + 1022).unwrap_or_default() } else { 0 };
    f64::from_bits((exponent << 52) + mantissa)
}

#[cfg(test)]
mod tests {
    use super::{NumberError, parse_float, parse_int, parse_uint};

    #[test]
    fn integers() {
        let check = |text: &str, base: u32, expect: Result<i64, NumberError>| {
            assert_eq!(parse_int(text, base), expect, "{text}");
        };
        check("0", 0, Ok(0));
        check("-0", 0, Ok(0));
        check("+7", 10, Ok(7));
        check("0x1F", 0, Ok(31));
        check("0b101", 0, Ok(5));
        check("0o17", 0, Ok(15));
        check("017", 0, Ok(15));
        check("089", 0, Err(NumberError::Syntax));
        check("1_000", 0, Ok(1000));
        check("0x_1", 0, Ok(1));
        check("0_7", 0, Ok(7));
        check("1__0", 0, Err(NumberError::Syntax));
        check("1_", 0, Err(NumberError::Syntax));
        check("1_000", 10, Err(NumberError::Syntax));
        check("", 10, Err(NumberError::Syntax));
        check("0x", 0, Err(NumberError::Syntax));
        check("-9223372036854775808", 10, Ok(i64::MIN));
        check("9223372036854775808", 10, Err(NumberError::Range));
        assert_eq!(parse_uint("18446744073709551615", 0), Ok(u64::MAX));
        assert_eq!(parse_uint("-1", 0), Err(NumberError::Syntax));
    }

    #[test]
    fn floats() {
        let check = |text: &str, expect: Result<f64, NumberError>| {
            assert_eq!(parse_float(text), expect, "{text}");
        };
        check("1e3", Ok(1000.0));
        check(".5", Ok(0.5));
        check("5.", Ok(5.0));
        check("-1.5E-3", Ok(-0.0015));
        check("0x1p4", Ok(16.0));
        check("0x1.8p-1", Ok(0.75));
        check("0x_1p1", Ok(2.0));
        check("0x1p-1074", Ok(5e-324));
        check("0x1p-1075", Ok(0.0));
        check("0x1.8p-1075", Ok(5e-324));
        check("0x1.fffffffffffffp1023", Ok(f64::MAX));
        check("0x1p1024", Err(NumberError::Range));
        check("0x1", Err(NumberError::Syntax));
        check("1e1000", Err(NumberError::Range));
        check("1_0.5", Ok(10.5));
        check("1_.5", Err(NumberError::Syntax));
        check("+-1", Err(NumberError::Syntax));
        check(".", Err(NumberError::Syntax));
        check("", Err(NumberError::Syntax));
        check("inf", Ok(f64::INFINITY));
        check("1f", Err(NumberError::Syntax));
    }
}
