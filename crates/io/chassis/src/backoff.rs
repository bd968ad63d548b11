//! How long to wait before the next try.

use std::time::Duration;

/// Exponential waiting times with a cap and jitter; the jitter is an argument, so that this stays a
/// function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// Waits about `base` after the first failure, doubles with each further one, never beyond `cap`.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// The wait after failure number `attempt` (the first is 0).
    ///
    /// `jitter` is a random number in 0..=1: the result lies between half of the exponential value and
    /// all of it, so that many callers spread out and none waits for less than half. Values outside are
    /// brought into the range.
    pub fn delay(&self, attempt: u32, jitter: f64) -> Duration {
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
        let factor = 2u32.checked_pow(attempt.min(31)).unwrap_or(u32::MAX);
        let full = self.base.checked_mul(factor).unwrap_or(self.cap).min(self.cap);
        let half = full / 2;
        half + (full - half).mul_f64(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));

    fn check(attempt: u32, jitter: f64, expect_ms: u64) {
        assert_eq!(BACKOFF.delay(attempt, jitter), Duration::from_millis(expect_ms), "{attempt} {jitter}");
    }

    #[test]
    fn doubles_up_to_the_cap() {
        check(0, 1.0, 1_000);
        check(0, 0.0, 500);
        check(3, 1.0, 8_000);
        check(3, 0.5, 6_000);
        check(6, 1.0, 60_000);
        check(u32::MAX, 1.0, 60_000);
        check(2, f64::NAN, 4_000);
        check(2, -7.0, 2_000);
    }

    proptest! {
        #[test]
        fn stays_between_half_the_base_and_the_cap(attempt: u32, jitter: f64) {
            let delay = BACKOFF.delay(attempt, jitter);
            prop_assert!(delay >= Duration::from_millis(500) && delay <= Duration::from_secs(60));
        }
    }
}
