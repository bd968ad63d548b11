//! What must be ready first.

use std::collections::HashSet;

use sealward_api::flux::{KustomizationSpec, reason};
use sealward_plan::Outcome;

use crate::context::{Context, dependencies, source_key};
use crate::kustomization::Job;
use crate::object::{self, Key};

/// Whether all that `job` depends on is ready, at `revision` where it is built from the same source.
///
/// # Errors
/// Which one is not, and why; or the circle in which they go.
pub(crate) fn ready(context: &Context, job: &Job, revision: &str) -> Result<(), Outcome> {
    if let Some(cycle) = cycle(context, job) {
        let names: Vec<String> = cycle.iter().map(ToString::to_string).collect();
        let message = format!("spec.dependsOn goes in a circle: {}", names.join(" → "));
        return Err(Outcome::Stalled { reason: reason::DEPENDENCY_NOT_READY, message });
    }
    let source = source_key(&job.object, &job.spec);
    for dependency in dependencies(&job.object, &job.spec) {
        let not_ready =
            |why: &str| job.retry(reason::DEPENDENCY_NOT_READY, format!("dependency {dependency} {why}"));
        let object = context.kustomizations.get(&dependency).ok_or_else(|| not_ready("does not exist"))?;
        let ready = context.applications.with(&dependency, |known| known.ready.clone());
        let same_source = object::read_spec::<KustomizationSpec>(&object)
            .is_ok_and(|spec| source_key(&object, &spec) == source);
        match ready {
            None => return Err(not_ready("is not ready")),
            Some((generation, _)) if generation != object::generation(&object) => {
                return Err(not_ready("has changed and is not ready again yet"));
            }
            Some((_, applied)) if same_source && applied != revision => {
                return Err(not_ready(&format!("is at {applied}, not yet at {revision}")));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The circle that the job's dependencies lead back in, if they do.
fn cycle(context: &Context, job: &Job) -> Option<Vec<Key>> {
    let mut paths = vec![vec![job.key.clone()]];
    let mut seen = HashSet::new();
    while let Some(path) = paths.pop() {
        let Some(last) = path.last() else { continue };
        let Some(object) = context.kustomizations.get(last) else { continue };
        let Ok(spec) = object::read_spec::<KustomizationSpec>(&object) else { continue };
        for next in dependencies(&object, &spec) {
            let mut longer = path.clone();
            longer.push(next.clone());
            if next == job.key {
                return Some(longer);
            }
            if seen.insert(next) {
                paths.push(longer);
            }
        }
    }
    None
}
