//! Numbers as they are after Go has written them as JSON and the API server has read them.

use serde_json::Number;

/// A float as a JSON number: whole ones below 10²¹ become integers, as Go's encoder writes them
/// without fraction or exponent. `None` for what JSON cannot carry (infinities, NaN).
pub(crate) fn from_float(value: f64) -> Option<Number> {
    if value.is_finite() && value.fract() == 0.0 && value.abs() < 1e21 {
        // The shortest digits that name this float, which is what Go prints, not its exact value.
        let digits = format!("{value:.0}");
        let shortest = format!("{value}");
        let digits = if shortest.contains('e') { &digits } else { &shortest };
        if let Ok(whole) = digits.parse::<i64>() {
            return Some(whole.into());
        }
        if let Ok(whole) = digits.parse::<u64>() {
            return Some(whole.into());
        }
    }
    Number::from_f64(value)
}

/// A key that is a float, as `sigs.k8s.io/yaml` writes it: `strconv.FormatFloat(key, 'g', -1, 32)`.
pub(crate) fn float_key(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    #[expect(clippy::cast_possible_truncation, reason = "sigs.k8s.io/yaml formats keys with 32 bits")]
    let single = value as f32;
    if value.is_infinite() || single.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{single:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // 'g' with the shortest precision turns to an exponent at 10⁻⁵ and 10⁶.
    if (-4..6).contains(&exponent) {
        return format!("{single}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// What `strconv.ParseInt` or `ParseUint` with base 0 and 64 bits makes of `text` without underscores.
pub(crate) fn parse_integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (base, digits) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    let unsigned = text.starts_with(|first: char| first.is_ascii_digit());
    from_digits(digits, base, negative, unsigned)
}

/// `digits` in `base`; a value past the signed range is taken only if `unsigned`.
pub(crate) fn from_digits(digits: &str, base: u32, negative: bool, unsigned: bool) -> Option<Number> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(base)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Number::from);
    }
    match i64::try_from(magnitude) {
        Ok(value) => Some(value.into()),
        Err(_) => unsigned.then(|| magnitude.into()),
    }
}
