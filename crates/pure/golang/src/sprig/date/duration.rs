//! `time.Duration`: reading and rounding (source followed: `time/format.go` and `time/time.go` of Go 1.26).

use super::parse::quote;

const UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// `time.ParseDuration`, in nanoseconds; fails with Go's text.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (value, behind) = element(text, rest)?;
        total = total.checked_add(value).filter(|total| *total <= 1 << 63).ok_or_else(invalid)?;
        rest = behind;
    }
    if negative {
        return Ok(0_i64.wrapping_sub_unsigned(total));
    }
    i64::try_from(total).map_err(|_| invalid())
}

/// One number with its unit.
fn element<'a>(whole: &str, rest: &'a str) -> Result<(u64, &'a str), String> {
    let invalid = || format!("time: invalid duration {}", quote(whole));
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (integer, mut rest) = rest.split_at(digits);
    let mut fraction = "";
    if let Some(behind) = rest.strip_prefix('.') {
        let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
        (fraction, rest) = behind.split_at(digits);
    }
    if integer.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    let value = match integer {
        "" => 0,
        digits => digits.parse::<u64>().ok().filter(|value| *value <= 1 << 63).ok_or_else(invalid)?,
    };
    let length = rest.bytes().take_while(|byte| *byte != b'.' && !byte.is_ascii_digit()).count();
    if length == 0 {
        return Err(format!("time: missing unit in duration {}", quote(whole)));
    }
    let (name, rest) = rest.split_at(length);
    let Some((_, unit)) = UNITS.iter().find(|(unit, _)| *unit == name) else {
        return Err(format!("time: unknown unit {} in duration {}", quote(name), quote(whole)));
    };
    if value > (1 << 63) / unit {
        return Err(invalid());
    }
    let value = value * unit + part(fraction, *unit);
    if value > 1 << 63 {
        return Err(invalid());
    }
    Ok((value, rest))
}

/// The fraction of a unit in nanoseconds, in the precision that Go keeps.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as Go does"
)]
fn part(fraction: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1_f64);
    for digit in fraction.bytes() {
        let next = (value <= i64::MAX as u64 / 10).then(|| value * 10 + u64::from(digit - b'0'));
        let Some(next) = next.filter(|next| *next <= 1 << 63) else { break };
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

/// `Duration.Round` to seconds.
pub(crate) fn round_to_seconds(duration: i64) -> i64 {
    const SECOND: i64 = 1_000_000_000;
    let rest = duration.unsigned_abs() % SECOND.unsigned_abs();
    let down = duration.unsigned_abs() - rest;
    let magnitude = if rest * 2 < SECOND.unsigned_abs() { down } else { down + SECOND.unsigned_abs() };
    match (i64::try_from(magnitude), duration < 0) {
        (Ok(magnitude), true) => -magnitude,
        (Ok(magnitude), false) => magnitude,
        (Err(_), true) => i64::MIN,
        (Err(_), false) => i64::MAX,
    }
}

/// sprig's `durationRound`: the largest unit alone.
pub(crate) fn rounded(duration: i64) -> String {
    const HOUR: u64 = 3_600_000_000_000;
    let units = [
        (HOUR * 24 * 365, "y"),
        (HOUR * 24 * 30, "mo"),
        (HOUR * 24, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ];
    let amount = duration.unsigned_abs();
    let unit = units.iter().find(|(unit, _)| amount > *unit);
    unit.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", amount / unit))
}
