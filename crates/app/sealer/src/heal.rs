//! Restoring Secrets that somebody altered, and when to stop for a while.

use std::collections::VecDeque;
use std::time::Duration;

use sealward_api::bitnami::{self, SealedSecretStatus};
use sealward_api::names;
use sealward_manifest::Manifest;
use sealward_manifest::document::Node;
use tokio::time::Instant;

use crate::store::Entry;

/// More heals than this within [`WINDOW`] are a fight that nobody wins.
const MOST: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);

/// Whether the SealedSecret was unsealed as it stands, so that a Secret that differs was altered since.
pub(crate) fn was_unsealed(entry: &Entry) -> bool {
    match &entry.done {
        Some(done) => done.is_about(&entry.object),
        None => status_says_unsealed(&entry.object),
    }
}

/// Whether this generation was unsealed already, be it by an earlier process.
pub(crate) fn generation_was_unsealed(entry: &Entry) -> bool {
    match &entry.done {
        Some(done) => done.is_about_generation(&entry.object),
        None => status_says_unsealed(&entry.object),
    }
}

/// Whether its Secret is to be left as it is.
pub(crate) fn is_disabled(object: &Manifest) -> bool {
    object.annotation(names::HEAL_ANNOTATION) == Some(names::HEAL_DISABLED)
}

/// Takes one more heal into `heals`; else how long to wait before the next.
pub(crate) fn take(heals: &mut VecDeque<Instant>, now: Instant) -> Result<(), Duration> {
    while heals.front().is_some_and(|&at| now.duration_since(at) >= WINDOW) {
        heals.pop_front();
    }
    match heals.front() {
        Some(&oldest) if heals.len() >= MOST => Err(WINDOW.saturating_sub(now.duration_since(oldest))),
        Some(_) | None => {
            heals.push_back(now);
            Ok(())
        }
    }
}

fn status_says_unsealed(object: &Manifest) -> bool {
    let status = object.root().get("status").map(Node::to_json_redacted);
    let status: SealedSecretStatus =
        status.and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default();
    let generation = object.root().at(&["metadata", "generation"]).map(Node::to_json_redacted);
    let is_true = |kind: &str| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.any(|condition| condition.kind == kind && condition.status == "True")
    };
    status.observed_generation.is_some()
        && status.observed_generation == generation.and_then(|json| json.as_i64())
        && is_true(bitnami::CONDITION_SYNCED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[tokio::test(start_paused = true)]
    async fn five_heals_a_minute_and_then_a_pause() {
        let mut heals = VecDeque::new();
        let start = Instant::now();
        for second in 0..5 {
            assert_eq!(take(&mut heals, start + Duration::from_secs(second)), Ok(()));
        }
        let at = |second| start + Duration::from_secs(second);
        assert_eq!(take(&mut heals, at(10)), Err(Duration::from_secs(50)));
        assert_eq!(take(&mut heals, at(60)), Ok(()));
        assert_eq!(take(&mut heals, at(60)), Err(Duration::from_secs(1)));
        assert_eq!(take(&mut heals, at(200)), Ok(()));
        assert_eq!(heals.len(), 1, "what is long past is forgotten");
    }

    #[test]
    fn the_status_says_what_an_earlier_process_did() {
        let check = |generation: u32, observed: Option<u32>, synced: &str, expect: bool| {
            let object = json!({
                "apiVersion": bitnami::API_VERSION, "kind": bitnami::KIND,
                "metadata": {"name": "n", "namespace": "ns", "generation": generation},
                "status": {"observedGeneration": observed, "conditions": [{"type": "Synced", "status": synced}]},
            });
            assert_eq!(status_says_unsealed(&sealward_plan::live(&object).unwrap()), expect, "{object}");
        };
        check(2, Some(2), "True", true);
        check(2, Some(1), "True", false);
        check(2, Some(2), "False", false);
        check(2, None, "True", false);
    }
}
