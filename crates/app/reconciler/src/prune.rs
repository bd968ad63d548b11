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
        let heir = context.applications.wanted_by_another(owner, &id);
        match one(owner, cluster, &target, heir.is_some()).await {
            Ok(End::Deleted) => {
                context.metrics.pruned.inc();
                report.deleted.push(id);
            }
            Ok(End::Waits) => {
                tracing::info!(object = %id, from = %owner, "to be handed over instead of pruned");
                heir.into_iter().for_each(|heir| context.application_queue.add(heir));
                // Until the other one has taken it over, it is ours to remember.
                report.left.insert(id, target.gvk.version);
            }
            Ok(End::NotOurs) => {}
            Err(error) => {
                report.left.insert(id, target.gvk.version);
                report.failures.push(error.to_string());
            }
        }
    }
    report
}

/// What became of an object.
enum End {
    /// We deleted it.
    Deleted,
    /// It is for another Kustomization to take over.
    Waits,
    /// It is gone, or stays for its marks.
    NotOurs,
}

/// Deletes the object if it is `owner`'s by all marks and has no heir.
async fn one(owner: &Key, cluster: &Cluster, target: &Target, has_heir: bool) -> Result<End, ActionError> {
    for last in [false, false, true] {
        let live = match cluster.get(target).await {
            Ok(Some(live)) => live,
            Ok(None) => return Ok(End::NotOurs),
            // A kind that is no longer served has no objects.
            Err(error) if error.is(Cause::UnknownKind) => return Ok(End::NotOurs),
            Err(error) => return Err(error),
        };
        let action = match decide(&live, owner, RECONCILER_FIELD_MANAGER) {
            Prune::Delete(_) if has_heir => return Ok(End::Waits),
            Prune::Delete(action) => action,
            Prune::Leaving => return Ok(End::NotOurs),
            Prune::Keep(why) => {
                tracing::info!(object = %target, %why, "an object that is no longer declared stays");
                return Ok(End::NotOurs);
            }
        };
        match cluster.execute(&action).await {
            Ok(_) => return Ok(End::Deleted),
            Err(error) if error.is(Cause::NotFound) => return Ok(End::NotOurs),
            // It changed since it was looked at: look again.
            Err(error) if error.is(Cause::Conflict) && !last => {}
            Err(error) => return Err(error),
        }
    }
    Ok(End::NotOurs)
}
