//! Durations as Go writes them.

use std::time::Duration;

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationError {
    /// As written.
    pub text: String,
}

impl std::fmt::Display for DurationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} is no duration; write it like 30s, 10m or 1h30m", self.text)
    }
}

impl std::error::Error for DurationError {}

/// The longest that Go can say: 2^63 - 1 nanoseconds. Beyond it clocks overflow.
const LONGEST_SECONDS: f64 = 9_223_372_036.0;

/// Reads `([0-9]+(\.[0-9]+)?(ms|s|m|h))+`, the pattern of Flux's CRDs, up to some 292 years.
///
/// # Errors
/// [`DurationError`] for anything else.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let broken = || DurationError { text: text.to_owned() };
    let (mut rest, mut seconds) = (text, 0.0_f64);
    if rest.is_empty() {
        return Err(broken());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(broken)?;
        let (number, tail) = rest.split_at(digits);
        let bad_point = number.starts_with('.') || number.ends_with('.');
        let number: f64 = number.parse().ok().filter(|_| !bad_point).ok_or_else(broken)?;
        let (factor, tail) = unit(tail).ok_or_else(broken)?;
        seconds += number * factor;
        rest = tail;
    }
    if seconds > LONGEST_SECONDS {
        return Err(broken());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| broken())
}

fn unit(text: &str) -> Option<(f64, &str)> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    units.iter().find_map(|(name, factor)| text.strip_prefix(name).map(|rest| (*factor, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<u64>) {
        assert_eq!(parse_duration(text).ok(), expect.map(Duration::from_millis), "{text:?}");
    }

    #[test]
    fn go_durations() {
        check("1m", Some(60_000));
        check("1h30m", Some(5_400_000));
        check("1.5s", Some(1_500));
        check("250ms", Some(250));
        check("10m0s", Some(600_000));
        check("", None);
        check("10", None);
        check("1d", None);
        check("-1s", None);
        check(".s", None);
        check("1.s", None);
        check("1 s", None);
        check("1.2.3s", None);
        check("99999999999999999999999999h", None);
        // What the CRD's pattern lets through and no clock can be moved by.
        check("4000000000000000h", None);
        check("2562047h", Some(9_223_369_200_000));
    }
}
