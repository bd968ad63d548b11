//! When a new RSA key is due.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sealward_keys::{KeyOrder, KeyRing};

/// How far the clocks of those who make keys may differ. A key that becomes valid within this time is waited
/// for, rather than another one made.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// When the next key is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// At once, and why.
    Now(Reason),
    /// After this time, if nothing changes.
    In(Duration),
    /// Not by itself.
    Never,
}

/// Why a key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// There is none that new values could be sealed for.
    First,
    /// The newest is older than `--key-cutoff-time`.
    Cutoff,
    /// The newest is older than `--key-renew-period`.
    Age,
    /// Somebody sent SIGUSR1.
    Asked,
}

impl Reason {
    /// For the log.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::First => "there was none to seal new values for",
            Self::Cutoff => "the newest was older than --key-cutoff-time",
            Self::Age => "the newest was older than --key-renew-period",
            Self::Asked => "SIGUSR1 asked for it",
        }
    }
}

/// What is asked of the newest key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Renewal {
    /// Whether one is made where there is none.
    pub(crate) make_first: bool,
    /// It must not be older than this.
    pub(crate) period: Option<Duration>,
    /// It must not have been made before this time.
    pub(crate) cutoff: Option<Timestamp>,
}

impl Renewal {
    /// When the next key is due, with the keys of `ring`. `since_made` is the time since one was last made
    /// here: whatever clocks and orders say, renewal by age makes no two within one period.
    pub(crate) fn due(&self, ring: &KeyRing, now: Timestamp, since_made: Option<Duration>) -> Due {
        let Some(newest) = newest_time(ring, now) else {
            return self.without_key(ring, now);
        };
        if self.cutoff.is_some_and(|cutoff| newest < cutoff) {
            return Due::Now(Reason::Cutoff);
        }
        let Some(period) = self.period else { return Due::Never };
        // A time in the future is no age.
        let age = Duration::try_from(now.duration_since(newest)).unwrap_or_default();
        let age = since_made.map_or(age, |since| age.min(since));
        match period.checked_sub(age).filter(|rest| !rest.is_zero()) {
            Some(rest) => Due::In(rest),
            None => Due::Now(Reason::Age),
        }
    }

    /// All keys, if there are any, are of the future.
    fn without_key(&self, ring: &KeyRing, now: Timestamp) -> Due {
        let soonest = ring.keys().iter().map(|key| key.certificate().not_before()).min();
        let wait = soonest.map(|soonest| soonest.duration_since(now)).filter(|wait| *wait <= SKEW);
        match wait.and_then(|wait| Duration::try_from(wait).ok()) {
            Some(wait) => Due::In(wait),
            None if self.make_first => Due::Now(Reason::First),
            None => Due::Never,
        }
    }
}

/// The time by which the key that new values are sealed for is ranked.
pub(crate) fn newest_time(ring: &KeyRing, now: Timestamp) -> Option<Timestamp> {
    ring.newest(now).map(|key| match ring.order() {
        KeyOrder::CertNotBefore => key.certificate().not_before(),
        KeyOrder::SecretCreationTimestamp => key.created(),
    })
}

/// Whether `cutoff` can be met at all: a key that is made now would not be new enough for one in the future,
/// and each start would make another.
pub(crate) fn check_cutoff(cutoff: Option<Timestamp>, now: Timestamp) -> anyhow::Result<()> {
    match cutoff {
        Some(cutoff) if cutoff.duration_since(now) > SKEW => anyhow::bail!(
            "--key-cutoff-time={cutoff} lies in the future: each start would make another key until then"
        ),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealward_keys::{KeyRequest, RsaKeySize, SealingKey, generate};

    const DAY: Duration = Duration::from_secs(86_400);
    const NOW: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A ring of one key that became valid and was stored so many seconds before now.
    fn ring(order: KeyOrder, valid: i64, stored: i64) -> KeyRing {
        let request = KeyRequest {
            size: RsaKeySize::Bits2048,
            common_name: String::new(),
            not_before: at(NOW - valid),
            lifetime: DAY * 3650,
        };
        let (private, certificate) = generate(&request).unwrap();
        KeyRing::new(order, [SealingKey::new("k", at(NOW - stored), private, certificate).unwrap()])
    }

    fn check(renewal: Renewal, ring: &KeyRing, since_made: Option<u64>, expect: Due) {
        assert_eq!(renewal.due(ring, at(NOW), since_made.map(Duration::from_secs)), expect, "{renewal:?}");
    }

    #[test]
    fn a_key_is_due_when_the_newest_is_old() {
        let plain = Renewal { make_first: true, period: Some(DAY), cutoff: None };
        let none = KeyRing::default();
        check(plain, &none, None, Due::Now(Reason::First));
        check(Renewal { make_first: false, ..plain }, &none, None, Due::Never);
        check(
            Renewal { make_first: false, ..plain },
            &ring(KeyOrder::CertNotBefore, 86_401, 0),
            None,
            Due::Now(Reason::Age),
        );

        let hour_old = ring(KeyOrder::CertNotBefore, 3600, 9_000_000);
        check(plain, &hour_old, None, Due::In(DAY - Duration::from_secs(3600)));
        check(Renewal { period: None, ..plain }, &hour_old, None, Due::Never);
        check(
            Renewal { cutoff: Some(at(NOW - 3601)), ..plain },
            &hour_old,
            None,
            Due::In(DAY - Duration::from_secs(3600)),
        );
        check(Renewal { cutoff: Some(at(NOW - 3599)), ..plain }, &hour_old, None, Due::Now(Reason::Cutoff));

        let old = ring(KeyOrder::CertNotBefore, 86_400, 0);
        check(plain, &old, None, Due::Now(Reason::Age));
        check(plain, &ring(KeyOrder::SecretCreationTimestamp, 86_400, 0), None, Due::In(DAY));
    }

    #[test]
    fn no_clock_makes_a_flood_of_keys() {
        let plain = Renewal { make_first: true, period: Some(DAY), cutoff: None };
        // By the API server's clock the key just made is a year old.
        let made = ring(KeyOrder::SecretCreationTimestamp, 0, 31_536_000);
        check(plain, &made, Some(60), Due::In(DAY - Duration::from_secs(60)));
        check(plain, &made, Some(86_400), Due::Now(Reason::Age));
        // Stored in the future, by that clock.
        check(plain, &ring(KeyOrder::SecretCreationTimestamp, 0, -31_536_000), None, Due::In(DAY));
    }

    #[test]
    fn a_key_of_the_near_future_is_waited_for() {
        let plain = Renewal { make_first: true, period: Some(DAY), cutoff: None };
        check(plain, &ring(KeyOrder::CertNotBefore, -60, 0), None, Due::In(Duration::from_secs(60)));
        check(plain, &ring(KeyOrder::CertNotBefore, -31_536_000, 0), None, Due::Now(Reason::First));
    }

    #[test]
    fn a_cutoff_in_the_future_is_refused() {
        assert!(check_cutoff(None, at(NOW)).is_ok());
        assert!(check_cutoff(Some(at(NOW + 10)), at(NOW)).is_ok(), "clocks differ a little");
        assert!(check_cutoff(Some(at(NOW + 3600)), at(NOW)).is_err());
    }
}
