//! Writing status, and when to come back.

use std::time::Duration;

use sealward_api::flux::{self, condition};
use sealward_api::meta::Condition;
use sealward_api::names::RECONCILER_FIELD_MANAGER;
use sealward_chassis::backoff::Backoff;
use sealward_chassis::clock;
use sealward_chassis::queue::Queue;
use sealward_cluster::Cause;
use sealward_manifest::Manifest;
use sealward_plan::{Action, Inventory, Outcome, Target};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::object::{self, Key, Objects};
use crate::source::Artifact;

const FIRST_RETRY: Duration = Duration::from_secs(1);
/// Whatever an interval says, nothing is done anew more often.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(5);
/// A stalled object is looked at when it changes; this is only in case a change was missed.
const STALLED_INTERVAL: Duration = Duration::from_secs(600);

/// When to look at `key` again: after `interval` when all is well, with growing pauses up to the
/// outcome's own bound after failures. A twentieth of chance keeps objects from marching in step.
pub(crate) fn next(queue: &Queue<Key>, key: &Key, outcome: &Outcome, interval: Duration) -> Duration {
    let chance = f64::from(clock::now().subsec_nanosecond().unsigned_abs() % 1000) / 1000.0;
    match outcome {
        Outcome::Ready { .. } => {
            queue.succeeded(key);
            interval.max(SHORTEST_INTERVAL).mul_f64(1.0 + 0.05 * chance)
        }
        Outcome::Waiting { after, .. } => *after,
        Outcome::Retry { after, .. } => {
            let failures = queue.failed(key);
            Backoff::new(FIRST_RETRY, (*after).max(FIRST_RETRY)).delay(failures, chance)
        }
        Outcome::Stalled { .. } => {
            queue.succeeded(key);
            STALLED_INTERVAL
        }
    }
}

/// Writes the status of a GitRepository.
pub(crate) async fn write_source(
    context: &Context,
    object: &Manifest,
    outcome: &Outcome,
    artifact: Option<&Artifact>,
) {
    let mut fields = common(context, object, outcome, false);
    if let Some(Artifact { url, fetched, .. }) = artifact {
        let old = object::status(&latest(context, object));
        let stored = old.pointer("/artifact/revision").and_then(Value::as_str) == Some(&fetched.revision);
        let stored_at = old.pointer("/artifact/lastUpdateTime").cloned().filter(|_| stored);
        let path = format!("gitrepository/{}/{}", object.namespace(), object.name());
        let artifact = json!({
            "revision": fetched.revision,
            "digest": format!("sha1:{}", fetched.commit),
            "path": path,
            "url": url,
            "lastUpdateTime": stored_at.unwrap_or_else(|| json!(now())),
        });
        fields.insert("artifact".into(), artifact);
    } else {
        fields.insert("artifact".into(), Value::Null);
    }
    write(context, object, fields).await;
}

/// What the status of a Kustomization says beside its outcome.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// The revision that was tried.
    pub(crate) attempted: Option<String>,
    /// The revision that was applied whole.
    pub(crate) applied: Option<String>,
    /// What was applied.
    pub(crate) inventory: Option<Inventory>,
}

/// Writes the status of a Kustomization.
pub(crate) async fn write_application(context: &Context, object: &Manifest, outcome: &Outcome, told: &Told) {
    let awaits_health = object::spec(object).get("wait") == Some(&Value::Bool(true));
    let mut fields = common(context, object, outcome, awaits_health);
    for (field, value) in [("lastAttemptedRevision", &told.attempted), ("lastAppliedRevision", &told.applied)]
    {
        if let Some(value) = value {
            fields.insert(field.into(), json!(value));
        }
    }
    if let Some(inventory) = &told.inventory {
        fields.insert("inventory".into(), json!({"entries": inventory.entries()}));
    }
    write(context, object, fields).await;
}

/// Remembers in the status what is about to be applied, so that it can be found again whatever happens.
pub(crate) async fn write_inventory(context: &Context, object: &Manifest, inventory: &Inventory) {
    let mut fields = Map::new();
    fields.insert("inventory".into(), json!({"entries": inventory.entries()}));
    write(context, object, fields).await;
}

/// Says that work on a generation of which nothing was said yet has begun.
pub(crate) async fn write_progress(context: &Context, object: &Manifest, message: &str) {
    let (generation, before) = (object::generation(object), object::conditions(&latest(context, object)));
    let spoken_of =
        |ready: &Condition| ready.kind == condition::READY && ready.observed_generation == Some(generation);
    if before.iter().any(spoken_of) {
        return;
    }
    let working = Outcome::Waiting { message: message.to_owned(), after: Duration::ZERO };
    let mut fields = Map::new();
    fields.insert("conditions".into(), json!(working.conditions(generation, &now(), &before, false)));
    write(context, object, fields).await;
}

/// `object` with the status that stands there now, as far as we know.
fn latest(context: &Context, object: &Manifest) -> Manifest {
    let known = objects(context, object).get(&object::key_of(object));
    known.filter(|known| known.uid() == object.uid()).unwrap_or_else(|| object.clone())
}

fn objects<'a>(context: &'a Context, object: &Manifest) -> &'a Objects {
    match object.gvk().kind.as_str() {
        flux::GIT_REPOSITORY => &context.repositories,
        _ => &context.kustomizations,
    }
}

fn common(
    context: &Context,
    object: &Manifest,
    outcome: &Outcome,
    awaits_health: bool,
) -> Map<String, Value> {
    let generation = object::generation(object);
    let before = object::conditions(&latest(context, object));
    let conditions = outcome.conditions(generation, &now(), &before, awaits_health);
    let mut fields = Map::new();
    fields.insert("observedGeneration".into(), json!(generation));
    fields.insert("conditions".into(), json!(conditions));
    if let Some(requested) = object::requested_at(object) {
        fields.insert("lastHandledReconcileAt".into(), json!(requested));
    }
    fields
}

async fn write(context: &Context, object: &Manifest, fields: Map<String, Value>) {
    let old = object::status(&latest(context, object));
    let differs = |(field, value): (&String, &Value)| old.get(field).unwrap_or(&Value::Null) != value;
    if !fields.iter().any(differs) {
        return;
    }
    let action = Action::PatchStatus {
        target: Target::of(object),
        patch: json!({"metadata": {"uid": object.uid()}, "status": fields}),
        manager: RECONCILER_FIELD_MANAGER.into(),
    };
    match context.cluster.execute(&action).await {
        // The watch may be late; the next comparison must not be with what stood there before.
        Ok(outcome) => {
            outcome.object().into_iter().for_each(|object| objects(context, object).wrote(object));
        }
        Err(error) if error.is(Cause::NotFound) => {}
        Err(error) => tracing::warn!(object = %object.id(), %error, "a status could not be written"),
    }
}

fn now() -> String {
    // Whole seconds, as metav1.Time.
    let now = clock::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

#[cfg(test)]
mod tests {
    use sealward_api::flux::reason;

    use super::*;

    fn check(queue: &Queue<Key>, outcome: &Outcome, interval: u64, expect: std::ops::RangeInclusive<f64>) {
        let key = Key { namespace: "flux".into(), name: "app".into() };
        let pause = next(queue, &key, outcome, Duration::from_secs(interval)).as_secs_f64();
        assert!(expect.contains(&pause), "{outcome:?}: {pause}");
    }

    #[test]
    fn intervals_have_a_floor_and_failures_grow() {
        let queue = Queue::default();
        let ready = Outcome::Ready { reason: reason::SUCCEEDED, message: String::new() };
        check(&queue, &ready, 0, 5.0..=5.25);
        check(&queue, &ready, 600, 600.0..=630.0);
        let after = Duration::from_secs(60);
        let failed = Outcome::Retry { after, reason: reason::BUILD_FAILED, message: String::new() };
        check(&queue, &failed, 600, 0.1..=1.5);
        for _ in 0..20 {
            check(&queue, &failed, 600, 0.1..=90.0);
        }
        check(&queue, &failed, 600, 30.0..=90.0);
        check(&queue, &ready, 600, 600.0..=630.0);
        check(&queue, &failed, 600, 0.1..=1.5);
        let now =
            Outcome::Retry { after: Duration::ZERO, reason: reason::BUILD_FAILED, message: String::new() };
        check(&queue, &now, 0, 0.1..=1.5);
    }
}
