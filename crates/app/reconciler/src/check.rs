//! Rendered objects against the rules, before anything is applied.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealward_api::flux::reason;
use sealward_chassis::clock;
use sealward_manifest::{Gvk, Manifest};
use sealward_plan::Target;
use sealward_policy::{Action, CompiledRules, Review, Violation};

use crate::build::Refusal;
use crate::context::Context;
use crate::kustomization::Job;
use crate::rules::InForce;
use crate::words::{at, some};

/// Under which rules the objects passed.
pub(crate) struct Checked {
    pub(crate) digest: String,
    pub(crate) note: Option<String>,
}

/// Holds `objects` against the rules in force. One denial is enough for nothing to be applied.
pub(crate) async fn check(context: &Context, job: &Job, objects: &[Manifest]) -> Result<Checked, Refusal> {
    let standing = context.rules.standing();
    let problem = standing.problem.clone();
    let rules = match standing.in_force {
        InForce::Unknown => {
            let Some(problem) = problem else { return Err(Refusal::NotYet) };
            let message = format!("the rules of this cluster are not known: {problem}");
            return Err(job.retry(reason::POLICY_UNAVAILABLE, message).into());
        }
        InForce::Broken => {
            let problem = problem.unwrap_or_default();
            let message = format!("no rule set of this cluster could be loaded: {problem}");
            return Err(job.retry(reason::POLICY_UNAVAILABLE, message).into());
        }
        InForce::None => {
            let note = Some("no rules: there is no RuleSet in this cluster".to_owned());
            return Ok(Checked { digest: String::new(), note });
        }
        InForce::Rules(rules) => rules,
    };
    let digest = rules.digest().to_owned();
    let namespaces = namespaces(job, objects).await;
    let violations = review(job, rules, objects.to_vec(), namespaces).await?;
    let denials: Vec<String> = violations.iter().filter(|(_, v)| v.action == Action::Deny).map(say).collect();
    if !denials.is_empty() {
        let message = format!("nothing is applied under rule set {digest}: {}", some(&denials));
        return Err(job.retry(reason::POLICY_VIOLATION, message).into());
    }
    let warnings: Vec<String> =
        violations.iter().filter(|(_, v)| v.action == Action::Warn).map(say).collect();
    let mut note = format!("rule set {digest}");
    if !warnings.is_empty() {
        note = format!("{note}; warnings: {}", some(&warnings));
    }
    if let Some(problem) = problem {
        note = format!("{note}; a newer rule set is not in force: {problem}");
    }
    Ok(Checked { digest, note: Some(note) })
}

fn say((object, violation): &(Manifest, Violation)) -> String {
    let text = format!("{} breaks rule {}: {}", object.id(), violation.rule, violation.message);
    at(object.origin(), &text)
}

async fn review(
    job: &Job,
    rules: Arc<CompiledRules>,
    objects: Vec<Manifest>,
    namespaces: BTreeMap<String, Manifest>,
) -> Result<Vec<(Manifest, Violation)>, Refusal> {
    let now = i64::try_from(clock::now().as_nanosecond()).unwrap_or(i64::MAX);
    let work = move || {
        let mut found = Vec::new();
        for object in objects {
            let namespace = namespaces.get(object.namespace());
            let review = Review::of_manifest(&object, namespace).at(now);
            found.extend(rules.review(&review).into_iter().map(|violation| (object.clone(), violation)));
        }
        found
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| job.retry(reason::POLICY_UNAVAILABLE, "checking the rules ended unexpectedly").into())
}

/// The Namespaces that the objects live in: as declared beside them, or as they stand. One that cannot
/// be read is left out; a rule that asks for its labels then refuses.
async fn namespaces(job: &Job, objects: &[Manifest]) -> BTreeMap<String, Manifest> {
    let mut found = BTreeMap::new();
    for object in objects.iter().filter(|object| object.gvk().is("", "Namespace")) {
        found.insert(object.name().to_owned(), object.clone());
    }
    for object in objects.iter().filter(|object| !object.namespace().is_empty()) {
        let name = object.namespace();
        if found.contains_key(name) {
            continue;
        }
        let target = Target::new(Gvk::new("", "v1", "Namespace"), "", name);
        match job.cluster.get(&target).await {
            Ok(Some(namespace)) => {
                found.insert(name.to_owned(), namespace);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(namespace = name, %error, "a namespace could not be read for the rules")
            }
        }
    }
    found
}
