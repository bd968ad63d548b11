//! Go's `time.Duration` as text (source followed: `time/time.go`).

const SECOND: u64 = 1_000_000_000;

/// A duration of so many nanoseconds, as its `String` method writes it: `1h15m30.918s`, `1.5ms`, `0s`.
pub fn duration_text(nanoseconds: i64) -> String {
    let magnitude = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let body = match magnitude {
        0 => "0s".to_owned(),
        1..1_000 => format!("{magnitude}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(magnitude, 1_000)),
        1_000_000..SECOND => format!("{}ms", decimal(magnitude, 1_000_000)),
        _ => long(magnitude),
    };
    format!("{sign}{body}")
}

fn long(magnitude: u64) -> String {
    let minutes = magnitude / SECOND / 60;
    let seconds = decimal(magnitude % (60 * SECOND), SECOND);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// `amount / unit` without trailing zeros; `unit` is a power of ten.
fn decimal(amount: u64, unit: u64) -> String {
    let (whole, rest) = (amount / unit, amount % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let fraction = format!("{rest:0width$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::duration_text;

    #[test]
    fn texts() {
        let check = |nanoseconds: i64, expect: &str| assert_eq!(duration_text(nanoseconds), expect);
        check(0, "0s");
        check(1, "1ns");
        check(1_100, "1.1µs");
        check(2_200_000, "2.2ms");
        check(3_300_000_000, "3.3s");
        check(245_001_000_000, "4m5.001s");
        check(-3_600_000_000_000, "-1h0m0s");
        check(i64::MIN, "-2562047h47m16.854775808s");
    }
}
