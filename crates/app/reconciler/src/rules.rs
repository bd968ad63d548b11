//! The rule set in force: all RuleSet objects of the cluster, together.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use sealward_api::names::{GROUP, VERSION};
use sealward_api::ruleset::{self, RuleSetSpec};
use sealward_chassis::readiness::Condition;
use sealward_cluster::{Change, Selector};
use sealward_manifest::{Gvk, Manifest};
use sealward_policy::CompiledRules;

use crate::context::Context;
use crate::object;

/// What rendered objects are held against.
#[derive(Clone, Default)]
pub(crate) enum InForce {
    /// Not known yet: nothing is applied.
    #[default]
    Unknown,
    /// There are no RuleSets.
    None,
    /// These.
    Rules(Arc<CompiledRules>),
    /// RuleSets exist, but none of them ever loaded: nothing is applied.
    Broken,
}

/// The rules and what is wrong with newer ones.
#[derive(Clone, Default)]
pub(crate) struct Standing {
    pub(crate) in_force: InForce,
    /// Why the newest set is not in force, or cannot be known.
    pub(crate) problem: Option<String>,
}

/// The rule set, swapped whole.
#[derive(Default)]
pub(crate) struct Rules {
    standing: Mutex<Standing>,
}

impl Rules {
    pub(crate) fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut self.standing.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Standing {
    /// The digest of the rules in force, `""` without any.
    pub(crate) fn digest(&self) -> &str {
        match &self.in_force {
            InForce::Rules(rules) => rules.digest(),
            InForce::Unknown | InForce::None | InForce::Broken => "",
        }
    }
}

/// Follows the RuleSets for ever.
pub(crate) async fn follow(context: Arc<Context>, loaded: Condition) -> anyhow::Result<()> {
    let gvk = Gvk::new(GROUP, VERSION, ruleset::KIND);
    let mut changes = pin!(context.cluster.watch(gvk, None, Selector::all()));
    let mut known: BTreeMap<String, Manifest> = BTreeMap::new();
    while let Some(change) = changes.next().await {
        let before = known.clone();
        match change {
            Change::Listed(objects) => {
                known = objects.into_iter().map(|object| (object.name().to_owned(), object)).collect();
            }
            Change::Applied(object) => {
                known.insert(object.name().to_owned(), object);
            }
            Change::Deleted(object) => {
                known.remove(object.name());
            }
            Change::Failed(error) => {
                tracing::warn!(%error, "the watch of RuleSets broke");
                context.rules.set(|standing| standing.problem = Some(error.to_string()));
                continue;
            }
        }
        let first = matches!(context.rules.standing().in_force, InForce::Unknown);
        let spec = |object: &Manifest| object.root().get("spec").cloned();
        let same = before.len() == known.len()
            && before.iter().zip(&known).all(|(old, new)| old.0 == new.0 && spec(old.1) == spec(new.1));
        if first || !same {
            load(&context, &known).await;
            context.queue_all();
        } else {
            // The watch is whole again; a set that does not load stays a problem.
            let broken = matches!(context.rules.standing().in_force, InForce::Broken);
            context.rules.set(|standing| standing.problem = standing.problem.take().filter(|_| broken));
        }
        loaded.set(true);
    }
    anyhow::bail!("the watch of RuleSets ended")
}

async fn load(context: &Context, known: &BTreeMap<String, Manifest>) {
    let result = match specs(known) {
        Ok(specs) if specs.is_empty() => Ok(None),
        Ok(specs) => {
            let compiled = tokio::task::spawn_blocking(move || {
                sealward_policy::RuleSet::load(&specs).map_err(|error| error.to_string())
            });
            match compiled.await {
                Ok(result) => result.map(|rules| Some(Arc::new(rules))),
                Err(_) => Err("compiling the rules ended unexpectedly".into()),
            }
        }
        Err(problem) => Err(problem),
    };
    context.rules.set(|standing| match result {
        Ok(None) => *standing = Standing { in_force: InForce::None, problem: None },
        Ok(Some(rules)) => {
            tracing::info!(digest = rules.digest(), "rule set loaded");
            *standing = Standing { in_force: InForce::Rules(rules), problem: None };
        }
        Err(problem) => {
            tracing::error!(problem, "a rule set could not be loaded; the last good one stays");
            standing.problem = Some(problem);
            if matches!(standing.in_force, InForce::Unknown | InForce::None) {
                standing.in_force = InForce::Broken;
            }
        }
    });
    context.metrics.rule_set(context.rules.standing().digest());
}

/// The specs in the order of their objects' names.
fn specs(known: &BTreeMap<String, Manifest>) -> Result<Vec<RuleSetSpec>, String> {
    let read = |object: &Manifest| {
        let name = object.name();
        object::read_spec(object).map_err(|error| format!("RuleSet {name:?}: {error}"))
    };
    known.values().map(read).collect()
}
