//! How a reconcile ends, and the conditions that say so.

use std::time::Duration;

use sealward_api::flux::{condition, reason};
use sealward_api::meta::Condition;

/// How a reconcile ends. Nothing gives up for good: `Stalled` ends with the next change of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done and holds until something changes.
    Ready {
        /// Flux's word.
        reason: &'static str,
        /// A sentence for people.
        message: String,
    },
    /// All is applied; what was applied is still getting ready.
    Waiting {
        /// For what.
        message: String,
        /// When to look again at the latest.
        after: Duration,
    },
    /// It failed, and is tried again.
    Retry {
        /// When.
        after: Duration,
        /// One word.
        reason: &'static str,
        /// A sentence for people.
        message: String,
    },
    /// Only a change of the object can help.
    Stalled {
        /// One word.
        reason: &'static str,
        /// A sentence for people.
        message: String,
    },
}

const LONGEST: usize = 20_000;

impl Outcome {
    /// Whether it is done.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready { .. })
    }

    /// The word and the sentence.
    pub fn told(&self) -> (&'static str, &str) {
        match self {
            Self::Ready { reason, message }
            | Self::Retry { reason, message, .. }
            | Self::Stalled { reason, message } => (reason, message),
            Self::Waiting { message, .. } => (reason::PROGRESSING, message),
        }
    }

    /// The conditions that say so at `now` (RFC 3339) about `generation`; `Healthy` among them when
    /// health is awaited and known. A condition whose status is as in `before` keeps the time of its
    /// transition.
    pub fn conditions(
        &self,
        generation: i64,
        now: &str,
        before: &[Condition],
        awaits_health: bool,
    ) -> Vec<Condition> {
        let (why, message) = self.told();
        let mut found = match self {
            Self::Ready { .. } => vec![(condition::READY, "True", why)],
            Self::Waiting { .. } => {
                vec![
                    (condition::READY, "Unknown", why),
                    (condition::RECONCILING, "True", reason::PROGRESSING),
                ]
            }
            Self::Retry { .. } => {
                vec![
                    (condition::READY, "False", why),
                    (condition::RECONCILING, "True", reason::PROGRESSING_WITH_RETRY),
                ]
            }
            Self::Stalled { .. } => vec![(condition::READY, "False", why), (condition::STALLED, "True", why)],
        };
        match self {
            Self::Ready { .. } if awaits_health => {
                found.push((condition::HEALTHY, "True", reason::SUCCEEDED))
            }
            Self::Waiting { .. } if awaits_health => found.push((condition::HEALTHY, "Unknown", why)),
            Self::Retry { reason: reason::HEALTH_CHECK_FAILED, .. } => {
                found.push((condition::HEALTHY, "False", why));
            }
            Self::Ready { .. } | Self::Waiting { .. } | Self::Retry { .. } | Self::Stalled { .. } => {}
        }
        let make = |(kind, status, why): (&str, &str, &str)| {
            let kept = before.iter().find(|old| old.kind == kind && old.status == status);
            Condition {
                kind: kind.to_owned(),
                status: status.to_owned(),
                reason: why.to_owned(),
                message: message.chars().take(LONGEST).collect(),
                last_transition_time: kept.map_or(now, |old| &old.last_transition_time).to_owned(),
                observed_generation: Some(generation),
            }
        };
        found.into_iter().map(make).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcome: &Outcome, expect: &[&str]) {
        check_with(outcome, false, expect);
    }

    fn check_with(outcome: &Outcome, awaits_health: bool, expect: &[&str]) {
        let before = vec![Condition {
            kind: "Ready".into(),
            status: "False".into(),
            reason: "Old".into(),
            message: String::new(),
            last_transition_time: "then".into(),
            observed_generation: None,
        }];
        let told: Vec<String> = outcome
            .conditions(3, "now", &before, awaits_health)
            .iter()
            .map(|c| format!("{}={} {} {}", c.kind, c.status, c.reason, c.last_transition_time))
            .collect();
        assert_eq!(told, expect);
    }

    #[test]
    fn health_is_told_where_it_is_awaited() {
        let (message, after) = (String::new(), Duration::from_secs(1));
        check_with(
            &Outcome::Ready { reason: "Succeeded", message: message.clone() },
            true,
            &["Ready=True Succeeded now", "Healthy=True Succeeded now"],
        );
        check_with(
            &Outcome::Waiting { message: message.clone(), after },
            true,
            &[
                "Ready=Unknown Progressing now",
                "Reconciling=True Progressing now",
                "Healthy=Unknown Progressing now",
            ],
        );
        check_with(
            &Outcome::Retry { after, reason: reason::HEALTH_CHECK_FAILED, message },
            true,
            &[
                "Ready=False HealthCheckFailed then",
                "Reconciling=True ProgressingWithRetry now",
                "Healthy=False HealthCheckFailed now",
            ],
        );
    }

    #[test]
    fn each_is_one_set_of_conditions() {
        let message = String::new();
        let after = Duration::from_secs(1);
        check(
            &Outcome::Ready { reason: "Succeeded", message: message.clone() },
            &["Ready=True Succeeded now"],
        );
        check(
            &Outcome::Waiting { message: message.clone(), after },
            &["Ready=Unknown Progressing now", "Reconciling=True Progressing now"],
        );
        check(
            &Outcome::Retry { after, reason: "BuildFailed", message: message.clone() },
            &["Ready=False BuildFailed then", "Reconciling=True ProgressingWithRetry now"],
        );
        check(
            &Outcome::Stalled { reason: "UnsupportedField", message },
            &["Ready=False UnsupportedField then", "Stalled=True UnsupportedField now"],
        );
    }
}
