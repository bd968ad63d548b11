//! Why a Secret is not as its SealedSecret says, as status, event, metric and log tell it.

use std::time::Duration;

use sealward_api::{bitnami, names};
use sealward_chassis::backoff::Backoff;
use sealward_plan::Refusal;

const QUICK: Backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(500));
const SLOW: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(300));

/// The longest text in bytes: Kubernetes' own conditions take no more. Names of items stand in it, which may be
/// so long that the status would not be stored.
const LONGEST: usize = 32 * 1024;

/// Why the Secret is not there, or not as it should be. Holds no plaintext.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// The conditions' reason.
    pub(crate) reason: &'static str,
    /// The event's reason.
    pub(crate) event: &'static str,
    /// The metric's reason.
    pub(crate) metric: &'static str,
    /// The conditions' message.
    pub(crate) message: String,
    /// The event's message.
    pub(crate) note: String,
    /// When to try again, where that is known.
    pub(crate) again_after: Option<Duration>,
}

impl Failure {
    /// Its values do not open, or its templates do not render.
    pub(crate) fn unseal(error: impl std::fmt::Display) -> Self {
        let message = bounded(format!("Failed to unseal: {error}"));
        Self {
            reason: bitnami::REASON_UNSEAL_FAILED,
            event: bitnami::EVENT_UNSEAL_FAILED,
            metric: "unseal",
            note: message.clone(),
            message,
            again_after: None,
        }
    }

    /// The Secret could not be read or written.
    pub(crate) fn update(error: impl std::fmt::Display) -> Self {
        let note = bounded(error.to_string());
        Self {
            reason: bitnami::REASON_UPDATE_FAILED,
            event: bitnami::EVENT_UPDATE_FAILED,
            metric: "update",
            message: format!("failed update: {note}"),
            note,
            again_after: None,
        }
    }

    /// The Secret must not be written.
    pub(crate) fn refused(refusal: &Refusal) -> Self {
        let failure = Self::update(refusal);
        match refusal {
            Refusal::Foreign { .. } | Refusal::Key { .. } => {
                Self { reason: bitnami::REASON_NOT_MANAGED, metric: "unmanaged", ..failure }
            }
            Refusal::Immutable { .. } | Refusal::Type { .. } => failure,
        }
    }

    /// The Secret is altered oftener than it is restored.
    pub(crate) fn healing_paused(by: &str, again_after: Duration) -> Self {
        let error = format!(
            "the Secret is altered again and again{by}; it is restored a few times a minute at most, until that ends"
        );
        Self { reason: names::REASON_HEALING_PAUSED, again_after: Some(again_after), ..Self::update(error) }
    }
}

fn bounded(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..LONGEST).rev().find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}

/// How long to wait after so many `failures` in a row before this one: `quick` times hardly at all, then
/// ever longer, five minutes at most, and never for ever.
pub(crate) fn pause(failures: u32, quick: u32) -> Duration {
    match failures.checked_sub(quick) {
        None => QUICK.delay(failures, 1.0),
        Some(slow) => SLOW.delay(slow, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_short_at_first_and_never_end() {
        let check = |failures, quick, expect: u64| {
            assert_eq!(pause(failures, quick), Duration::from_millis(expect), "{failures} {quick}");
        };
        check(0, 5, 5);
        check(4, 5, 80);
        check(5, 5, 500);
        check(6, 5, 1_000);
        check(0, 0, 500);
        check(1_000, 5, 300_000);
    }

    #[test]
    fn texts_have_an_end() {
        let failure = Failure::unseal("é".repeat(1_000_000));
        assert!(failure.message.len() < LONGEST + 4 && failure.message.ends_with("é…"));
        assert_eq!(Failure::update("short").message, "failed update: short");
    }

    #[test]
    fn texts_begin_as_upstreams() {
        let foreign = Refusal::Foreign { name: "db".into(), holder: sealward_plan::Holder::Nobody };
        let failure = Failure::refused(&foreign);
        let upstream = "Resource \"db\" already exists and is not managed by SealedSecret";
        assert!(failure.note.starts_with(upstream), "{}", failure.note);
        assert!(failure.message.starts_with(&format!("failed update: {upstream}")));
        assert_eq!(failure.metric, "unmanaged");
    }
}
