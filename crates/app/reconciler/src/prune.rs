//! Deleting what Git no longer declares.

use sealward_api::names::RECONCILER_FIELD_MANAGER;
use sealward_cluster::{ActionError, Cause, Cluster};
use sealward_manifest::ObjectId;
use sealward_plan::{Inventory, Prune, Target, prune as decide, sort_for_delete};

use crate::context::Context;
use crate::kustomization::Job;
use crate::object::Key;

/// What came of pruning.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Deleted, or on their way out.
    pub(crate) deleted: Vec<ObjectId>,
    /// Still there because a request failed; tried again.
    pub(crate) left: Inventory,
    /// Why.
    pub(crate) failures: Vec<String>,
}

/// Prunes `stale`, which `job` no longer declares.
pub(crate) async fn prune(context: &Context, job: &Job, stale: &Inventory) -> Report {
    let report = delete(context, &job.key, &job.cluster, stale).await;
    context.applications.with(&job.key, |known| {
        known.applied.retain(|id, _| !stale.contains(id));
    });
    report
}

/// Deletes the objects of `stale` that are `owner`'s by all marks, with the rights of `cluster`.
pub(crate) async fn delete(context: &Context, owner: &Key, cluster: &Cluster, stale: &Inventory) -> Report {
    let mut ids: Vec<ObjectId> = stale.ids().cloned().collect();
    sort_for_delete(&mut ids);
    let mut report = Report::default();
    for id in ids {
        let Some(target) = stale.target(&id) else { continue };
        if let Some(other) = context.applications.wanted_by_another(owner, &id) {
            tracing::info!(object = %id, from = %owner, to = %other, "handed over instead of pruned");
            context.application_queue.add(other);
            continue;
        }
        match one(owner, cluster, &target).await {
            Ok(true) => {
                context.metrics.pruned.inc();
                report.deleted.push(id);
            }
            Ok(false) => {}
            Err(error) => {
                report.left.insert(id, target.gvk.version);
                report.failures.push(error.to_string());
            }
        }
    }
    report
}

/// Whether the object was deleted; one that is gone or stays for its marks counts as done.
async fn one(owner: &Key, cluster: &Cluster, target: &Target) -> Result<bool, ActionError> {
    for last in [false, false, true] {
        let live = match cluster.get(target).await {
            Ok(Some(live)) => live,
            Ok(None) => return Ok(false),
            // A kind that is no longer served has no objects.
            Err(error) if error.is(Cause::UnknownKind) => return Ok(false),
            Err(error) => return Err(error),
        };
        let action = match decide(&live, owner, RECONCILER_FIELD_MANAGER) {
            Prune::Delete(action) => action,
            Prune::Leaving => return Ok(false),
            Prune::Keep(why) => {
                tracing::info!(object = %target, %why, "an object that is no longer declared stays");
                return Ok(false);
            }
        };
        match cluster.execute(&action).await {
            Ok(_) => return Ok(true),
            Err(error) if error.is(Cause::NotFound) => return Ok(false),
            // It changed since it was looked at: look again.
            Err(error) if error.is(Cause::Conflict) && !last => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
