//! `Synced` for Bitnami's users, `Ready` for kstatus: the same verdict twice.

use jiff::Timestamp;
use sealward_api::bitnami::{self, SealedSecretCondition};
use sealward_manifest::Manifest;
use sealward_manifest::document::Node;

use crate::unseal::Failure;

/// `live` with the status of a pass over `generation`; `None` when it says so already.
///
/// Times count only where a condition changes, so that a steady state writes nothing.
pub(crate) fn with_status(
    live: &Manifest,
    generation: Option<Node>,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Option<Manifest> {
    let old = conditions_of(live);
    let conditions = [bitnami::CONDITION_SYNCED, bitnami::CONDITION_READY]
        .map(|kind| condition(kind, old.iter().find(|condition| condition.kind == kind), failure, now));
    let status = serde_json::json!({
        "observedGeneration": generation.map(|node| node.to_json_redacted()),
        "conditions": conditions,
    });
    if live.root().get("status").is_some_and(|known| known.to_json_redacted() == status) {
        return None;
    }
    let status = Node::from_json(&status, live.origin());
    live.with(|root| {
        if let Some(map) = root.as_map_mut() {
            map.insert("status", status);
        }
    })
    .ok()
}

fn conditions_of(live: &Manifest) -> Vec<SealedSecretCondition> {
    let conditions = live.root().at(&["status", "conditions"]).map(Node::to_json_redacted);
    conditions.and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default()
}

fn condition(
    kind: &str,
    old: Option<&SealedSecretCondition>,
    failure: Option<&Failure>,
    now: Timestamp,
) -> SealedSecretCondition {
    let now = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
    let mut next = SealedSecretCondition {
        kind: kind.to_owned(),
        status: if failure.is_none() { "True" } else { "False" }.to_owned(),
        last_update_time: Some(now.clone()),
        last_transition_time: Some(now),
        reason: Some(failure.map_or(bitnami::REASON_UNSEALED, |failure| failure.reason).to_owned()),
        message: Some(failure.map_or_else(String::new, |failure| failure.message.clone())),
    };
    if let Some(old) = old {
        if old.status == next.status {
            next.last_transition_time.clone_from(&old.last_transition_time);
        }
        let same = |old: &SealedSecretCondition| {
            (&old.status, &old.reason, &old.message) == (&next.status, &next.reason, &next.message)
        };
        if same(old) {
            next.last_update_time.clone_from(&old.last_update_time);
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sealed(status: &serde_json::Value) -> Manifest {
        let object = json!({
            "apiVersion": bitnami::API_VERSION, "kind": bitnami::KIND,
            "metadata": {"name": "n", "namespace": "ns", "generation": 2},
            "spec": {"encryptedData": {}},
            "status": status,
        });
        sealward_plan::live(&object).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_steady_state_writes_nothing() {
        let generation = || Some(Node::from_json(&json!(2), &sealward_manifest::Origin::file("test")));
        let first = with_status(&sealed(&json!({})), generation(), None, at(10)).unwrap();
        let status = first.root().get("status").unwrap().to_json_redacted();
        assert_eq!(status["conditions"][0]["type"], "Synced");
        assert_eq!(status["conditions"][1]["type"], "Ready");
        assert_eq!(status["conditions"][0]["status"], "True");
        assert_eq!(status["observedGeneration"], 2);
        assert_eq!(with_status(&first, generation(), None, at(99)), None);
    }

    #[test]
    fn a_changed_message_is_written_and_keeps_the_time_of_the_transition() {
        let failure = |message: &str| Failure::for_tests(message);
        let first = with_status(&sealed(&json!({})), None, Some(&failure("one")), at(10)).unwrap();
        let second = with_status(&first, None, Some(&failure("two")), at(20)).unwrap();
        let condition = &second.root().get("status").unwrap().to_json_redacted()["conditions"][0];
        assert_eq!(condition["message"], "Failed to unseal: two");
        assert_eq!(condition["lastTransitionTime"], "1970-01-01T00:00:10Z");
        assert_eq!(condition["lastUpdateTime"], "1970-01-01T00:00:20Z");
    }
}
