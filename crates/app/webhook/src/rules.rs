//! The rules in force: RuleSets watched, loaded together, swapped whole; the last good ones stay.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;
use sealward_api::meta::Condition as StatusCondition;
use sealward_api::names::{GROUP, VERSION, WEBHOOK_FIELD_MANAGER};
use sealward_api::ruleset::{self, RuleSetSpec, RuleSetStatus};
use sealward_chassis::clock;
use sealward_chassis::readiness::Condition;
use sealward_cluster::{Action, Change, Cluster, Selector, Target};
use sealward_manifest::{Gvk, Manifest};
use sealward_policy::{CompiledRules, RuleSet};

use crate::metrics::WebhookMetrics;
use crate::world::{self, Shared};

/// Longest text of a condition's message.
const MESSAGE: usize = 4096;

/// Loads rules and says what came of it.
pub(crate) struct Loader {
    pub(crate) cluster: Cluster,
    pub(crate) world: Shared,
    pub(crate) metrics: WebhookMetrics,
}

/// The empty rule set.
pub(crate) fn none() -> anyhow::Result<Arc<CompiledRules>> {
    Ok(Arc::new(RuleSet::load(&[])?))
}

/// Watches the RuleSets for ever. `ready` holds from the first set on that loads; none at all is the
/// empty set.
pub(crate) async fn follow(loader: Loader, ready: Condition) -> anyhow::Result<()> {
    let gvk = Gvk::new(GROUP, VERSION, ruleset::KIND);
    let mut changes = pin!(loader.cluster.watch(gvk, None, Selector::all()));
    let mut known: BTreeMap<String, Manifest> = BTreeMap::new();
    while let Some(event) = changes.next().await {
        let stale = match event {
            Change::Listed(all) => {
                known = all.into_iter().map(|object| (object.name().to_owned(), object)).collect();
                true
            }
            Change::Applied(object) => {
                let old = known.insert(object.name().to_owned(), object.clone());
                old.is_none_or(|old| old.root().get("spec") != object.root().get("spec"))
            }
            Change::Deleted(object) => known.remove(object.name()).is_some(),
            Change::Failed(error) => {
                tracing::warn!(%error, "watch of RuleSets broke");
                false
            }
        };
        if stale && loader.load(&known).await {
            ready.set(true);
        }
    }
    anyhow::bail!("the watch of RuleSets ended")
}

impl Loader {
    /// Loads all of `known` together; whether that worked.
    async fn load(&self, known: &BTreeMap<String, Manifest>) -> bool {
        let specs: Result<Vec<RuleSetSpec>, String> = known.values().map(spec).collect();
        let loaded = match specs {
            Err(error) => Err(error),
            Ok(specs) => tokio::task::spawn_blocking(move || RuleSet::load(&specs))
                .await
                .map_err(|_| "loading the rules failed unexpectedly".to_owned())
                .and_then(|loaded| loaded.map_err(|error| error.to_string())),
        };
        match &loaded {
            Ok(rules) => {
                tracing::info!(digest = rules.digest(), rule_sets = known.len(), "rules are in force")
            }
            Err(error) => {
                self.metrics.load_failures.inc();
                tracing::error!(error, "rules did not load; the last good ones stay in force");
            }
        }
        let outcome = loaded.map(|rules| {
            let rules = Arc::new(rules);
            world::change(&self.world, |world| world.rules = rules.clone());
        });
        let digest = self.world.load().rules.digest().to_owned();
        self.metrics.in_force(&digest);
        for object in known.values() {
            self.report(object, &digest, outcome.as_ref().err()).await;
        }
        outcome.is_ok()
    }

    async fn report(&self, object: &Manifest, digest: &str, error: Option<&String>) {
        let old = object.root().get("status").map(|node| node.to_json_redacted());
        let old: RuleSetStatus = old.and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default();
        let new = status(object, &old, digest, error);
        if new == old {
            return;
        }
        let patch = serde_json::json!({"status": new});
        let target = Target::of(object);
        let action = Action::PatchStatus { target, patch, manager: WEBHOOK_FIELD_MANAGER.to_owned() };
        if let Err(error) = self.cluster.execute(&action).await {
            tracing::warn!(%error, "the status of a RuleSet cannot be written");
        }
    }
}

fn status(object: &Manifest, old: &RuleSetStatus, digest: &str, error: Option<&String>) -> RuleSetStatus {
    let generation =
        object.root().at(&["metadata", "generation"]).and_then(|node| node.to_json_redacted().as_i64());
    let (status, reason, message) = match error {
        None => ("True", "Loaded", format!("in force with all RuleSets as {digest}")),
        Some(error) => {
            ("False", "LoadFailed", format!("the last good rules stay in force ({digest}): {error}"))
        }
    };
    let message: String = message.chars().take(MESSAGE).collect();
    let same =
        old.conditions.iter().find(|known| known.kind == ruleset::LOADED_CONDITION && known.status == status);
    let since = same.map_or_else(|| clock::now().to_string(), |known| known.last_transition_time.clone());
    RuleSetStatus {
        digest: digest.to_owned(),
        observed_generation: generation,
        conditions: vec![StatusCondition {
            kind: ruleset::LOADED_CONDITION.to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message,
            last_transition_time: since,
            observed_generation: generation,
        }],
    }
}

fn spec(object: &Manifest) -> Result<RuleSetSpec, String> {
    let spec = object.root().get("spec").map(|node| node.to_json_redacted()).unwrap_or_default();
    serde_json::from_value(spec).map_err(|error| format!("RuleSet {}: {error}", object.name()))
}
