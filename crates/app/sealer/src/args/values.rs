//! Values of flags as Go's `flag` and `pflag` read them.

use std::time::Duration;

/// A duration as Go writes it: `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|duration| duration.try_into().ok());
    // Go takes a bare zero.
    let parsed = parsed.or_else(|| (text == "0").then_some(Duration::ZERO));
    parsed.ok_or_else(|| format!("{text:?} is no duration, such as 90s, 10m or 1h30m"))
}

/// A duration of which something is left.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.is_zero() { Err("it must be longer than nothing".to_owned()) } else { Ok(duration) }
}

/// A truth value as Go's `strconv.ParseBool` takes it.
///
/// # Errors
/// A sentence, when it is neither true nor false.
pub fn switch(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        other => Err(format!("{other:?} is neither true nor false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        let check = |text: &str, expect: Option<u64>| {
            assert_eq!(duration(text).ok().map(|duration| duration.as_secs()), expect, "{text}");
        };
        check("87600h", Some(315_360_000));
        check("720h0m0s", Some(2_592_000));
        check("1h30m", Some(5400));
        check("0s", Some(0));
        check("0", Some(0));
        check("-1h", None);
        check("10", None);
        check("soon", None);
        assert!(positive_duration("0s").is_err());
    }

    #[test]
    fn switches_are_gos() {
        let check = |text: &str, expect: Option<bool>| assert_eq!(switch(text).ok(), expect, "{text}");
        check("true", Some(true));
        check("T", Some(true));
        check("0", Some(false));
        check("yes", None);
        check("", None);
    }
}
