//! `Synced` for Bitnami's users, `Ready` for kstatus: the same verdict twice. `Ready` also says what opened
//! the values and when that last went well, because `Synced` has upstream's texts.

use jiff::Timestamp;
use sealward_api::bitnami::{self, SealedSecretCondition, SealedSecretStatus};
use sealward_manifest::Manifest;
use sealward_manifest::document::Node;
use serde_json::{Value, json};

use crate::failure::Failure;

/// How a pass went.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict<'a> {
    /// The Secret is as the SealedSecret says.
    Unsealed {
        /// Which keys opened its values.
        opened_with: &'a str,
    },
    /// It is not.
    Failed(&'a Failure),
}

/// Begins what a failed `Ready` says about the last success.
const LAST_SUCCESS: &str = "; last success: ";

/// The SealedSecret `live` with the status of a pass over `object`, an earlier state of it: just what names
/// it, and the status. `None` when it says so already.
///
/// Times count only where something else changes, so that a steady state writes nothing.
pub(crate) fn with_status(
    live: &Manifest,
    object: &Manifest,
    verdict: Verdict<'_>,
    now: Timestamp,
) -> Option<Manifest> {
    let known = live.root().get("status").map(Node::to_json_redacted);
    let old: SealedSecretStatus =
        known.clone().and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default();
    let generation = object.root().at(&["metadata", "generation"]).map(Node::to_json_redacted);
    let generation = generation.and_then(|json| json.as_i64());
    let now = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
    // As upstream, every generation that is looked at is a new update.
    let is_new = old.observed_generation != generation;
    let conditions = [bitnami::CONDITION_SYNCED, bitnami::CONDITION_READY]
        .map(|kind| condition(kind, &old, verdict, is_new, &now));
    let status = SealedSecretStatus { observed_generation: generation, conditions: Some(conditions.into()) };
    let status = serde_json::to_value(status).ok()?;
    if known.as_ref() == Some(&status) {
        return None;
    }
    sealward_plan::live(&shell(live, status)).ok()
}

/// What a PUT of the status subresource needs.
fn shell(live: &Manifest, status: Value) -> Value {
    json!({
        "apiVersion": bitnami::API_VERSION,
        "kind": bitnami::KIND,
        "metadata": {
            "name": live.name(),
            "namespace": live.namespace(),
            "uid": live.uid(),
            "resourceVersion": live.resource_version(),
        },
        "status": status,
    })
}

fn condition(
    kind: &str,
    old: &SealedSecretStatus,
    verdict: Verdict<'_>,
    is_new: bool,
    now: &str,
) -> SealedSecretCondition {
    let before = old.conditions.iter().flatten().find(|condition| condition.kind == kind);
    let is_ready = kind == bitnami::CONDITION_READY;
    let (status, reason, message) = match verdict {
        Verdict::Unsealed { opened_with } if is_ready => {
            ("True", bitnami::REASON_UNSEALED, opened_with.to_owned())
        }
        Verdict::Unsealed { .. } => ("True", bitnami::REASON_UNSEALED, String::new()),
        Verdict::Failed(failure) => {
            let success = before.filter(|_| is_ready).and_then(|before| last_success(before, old));
            let success = success.map_or_else(String::new, |success| format!("{LAST_SUCCESS}{success}"));
            ("False", failure.reason, format!("{}{success}", failure.message))
        }
    };
    let mut next = SealedSecretCondition {
        kind: kind.to_owned(),
        status: status.to_owned(),
        last_update_time: Some(now.to_owned()),
        last_transition_time: Some(now.to_owned()),
        reason: Some(reason.to_owned()),
        message: Some(message),
    };
    if let Some(before) = before.filter(|before| before.status == next.status) {
        next.last_transition_time.clone_from(&before.last_transition_time);
        if !is_new && (&before.reason, &before.message) == (&next.reason, &next.message) {
            next.last_update_time.clone_from(&before.last_update_time);
        }
    }
    next
}

/// Which generation was unsealed last, and since when: from a condition that held, or from one that has
/// failed since and says so.
fn last_success(before: &SealedSecretCondition, old: &SealedSecretStatus) -> Option<String> {
    if before.status == "True" {
        let (generation, time) = (old.observed_generation?, before.last_update_time.as_deref()?);
        return Some(format!("generation {generation}, {time}"));
    }
    let (_, success) = before.message.as_deref()?.rsplit_once(LAST_SUCCESS)?;
    Some(success.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(generation: u32, status: &Value) -> Manifest {
        let object = json!({
            "apiVersion": bitnami::API_VERSION, "kind": bitnami::KIND,
            "metadata": {"name": "n", "namespace": "ns", "uid": "u", "resourceVersion": "7", "generation": generation},
            "spec": {"encryptedData": {}},
            "status": status,
        });
        sealward_plan::live(&object).unwrap()
    }

    /// The status after a pass over `generation`; `None` when nothing is written.
    fn pass(generation: u32, status: &Value, verdict: Verdict<'_>, second: i64) -> Option<Value> {
        let object = sealed(generation, status);
        let now = Timestamp::from_second(second).unwrap();
        let next = with_status(&object, &object, verdict, now)?;
        Some(next.root().get("status").unwrap().to_json_redacted())
    }

    const WELL: Verdict<'_> = Verdict::Unsealed { opened_with: "opened with key-1" };

    #[test]
    fn a_steady_state_writes_nothing() {
        let first = pass(2, &json!({}), WELL, 10).unwrap();
        let told = |index: usize| {
            let condition = &first["conditions"][index];
            ["type", "status", "reason", "message"].map(|field| condition[field].as_str().unwrap().to_owned())
        };
        assert_eq!(told(0), ["Synced", "True", "Unsealed", ""]);
        assert_eq!(told(1), ["Ready", "True", "Unsealed", "opened with key-1"]);
        assert_eq!(first["observedGeneration"], 2);
        assert_eq!(pass(2, &first, WELL, 99), None);
        let other = Verdict::Unsealed { opened_with: "opened with key-2" };
        assert!(pass(2, &first, other, 99).is_some());
    }

    #[test]
    fn a_new_generation_is_an_update_and_no_transition() {
        let first = pass(1, &json!({}), WELL, 10).unwrap();
        let second = pass(2, &first, WELL, 20).unwrap();
        let synced = &second["conditions"][0];
        assert_eq!(synced["lastTransitionTime"], "1970-01-01T00:00:10Z");
        assert_eq!(synced["lastUpdateTime"], "1970-01-01T00:00:20Z");
    }

    #[test]
    fn a_changed_message_is_written_and_the_last_success_is_kept() {
        let failure = |message: &str| Failure::unseal(message);
        let well = pass(1, &json!({}), WELL, 10).unwrap();
        let one = pass(2, &well, Verdict::Failed(&failure("one")), 20).unwrap();
        assert_eq!(one["conditions"][0]["message"], "Failed to unseal: one");
        let two = pass(2, &one, Verdict::Failed(&failure("two")), 30).unwrap();
        let (synced, ready) = (&two["conditions"][0], &two["conditions"][1]);
        assert_eq!(synced["message"], "Failed to unseal: two");
        assert_eq!(synced["lastTransitionTime"], "1970-01-01T00:00:20Z");
        assert_eq!(synced["lastUpdateTime"], "1970-01-01T00:00:30Z");
        assert_eq!(
            ready["message"],
            "Failed to unseal: two; last success: generation 1, 1970-01-01T00:00:10Z"
        );
        assert_eq!(pass(2, &two, Verdict::Failed(&failure("two")), 40), None);
    }

    #[test]
    fn only_what_names_the_object_goes_along() {
        let object = sealed(1, &json!({}));
        let next = with_status(&object, &object, WELL, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((next.uid(), next.resource_version()), ("u", "7"));
        assert!(next.root().get("spec").is_none());
    }
}
