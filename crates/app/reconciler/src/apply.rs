//! Applying in stages: only what differs from what was applied before.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use sealward_api::flux::{self, reason};
use sealward_api::names::RECONCILER_FIELD_MANAGER;
use sealward_cluster::{ActionError, Cause};
use sealward_manifest::{Manifest, ObjectId};
use sealward_plan::{Action, Health, Observation, Stage, Target, is_disabled, take_over};

use crate::application::Applied;
use crate::build::Built;
use crate::context::Context;
use crate::kustomization::Job;
use crate::live::{Scope, Seen};
use crate::words::{at, some};

const AT_ONCE: usize = 8;
const ESTABLISHING: Duration = Duration::from_secs(60);

/// What came of applying.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) created: Vec<ObjectId>,
    pub(crate) configured: Vec<ObjectId>,
    pub(crate) healed: Vec<ObjectId>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) health: Vec<(ObjectId, Health)>,
}

/// One object that could not be applied.
#[derive(Debug)]
pub(crate) struct Failure {
    reason: &'static str,
    text: String,
}

impl Report {
    /// The word for all failures together.
    pub(crate) fn reason(&self) -> &'static str {
        let first = self.failures.first().map_or(reason::RECONCILIATION_FAILED, |failure| failure.reason);
        let alike = self.failures.iter().all(|failure| failure.reason == first);
        if alike { first } else { reason::RECONCILIATION_FAILED }
    }

    /// All failures in a sentence.
    pub(crate) fn failure_text(&self, revision: &str) -> String {
        let texts: Vec<String> = self.failures.iter().map(|failure| failure.text.clone()).collect();
        format!("{revision}: {}", some(&texts))
    }

    fn add(&mut self, id: ObjectId, step: Result<(Step, Health), Failure>) {
        match step {
            Ok((step, health)) => {
                match step {
                    Step::Created => self.created.push(id.clone()),
                    Step::Configured => self.configured.push(id.clone()),
                    Step::Healed => self.healed.push(id.clone()),
                    Step::Unchanged | Step::Skipped => {}
                }
                self.health.push((id, health));
            }
            Err(failure) => self.failures.push(failure),
        }
    }
}

/// What happened to one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Created,
    Configured,
    Healed,
    Unchanged,
    Skipped,
}

/// Applies `built` stage by stage. All objects of a stage are tried; a stage with failures is the last.
pub(crate) async fn apply(context: &Arc<Context>, job: &Job, built: &Built) -> Report {
    let mut report = Report::default();
    for stage in Stage::ALL {
        let objects =
            built.objects.iter().filter(|object| Stage::of(&object.gvk().group, &object.gvk().kind) == stage);
        let objects: Vec<&Manifest> = objects.collect();
        // Kind after kind in their order, objects of one kind side by side.
        for batch in objects.chunk_by(|a, b| a.gvk() == b.gvk()).flat_map(|alike| alike.chunks(AT_ONCE)) {
            let steps: Vec<_> = batch.iter().map(|object| one(context, job, object)).collect();
            let steps = join_all(steps).await;
            batch.iter().zip(steps).for_each(|(object, step)| report.add(object.id(), step));
        }
        if report.failures.is_empty() && stage == Stage::Definitions {
            for object in &objects {
                report.failures.extend(established(job, object).await.err());
            }
        }
        if !report.failures.is_empty() {
            break;
        }
    }
    follow(context, job, &built.objects);
    let ids: HashSet<ObjectId> = built.objects.iter().map(Manifest::id).collect();
    context.applications.with(&job.key, |known| known.applied.retain(|id, _| ids.contains(id)));
    context.applications.keep_only(&job.key, &ids);
    report
}

/// Applies again what was applied before and stands differently now.
pub(crate) async fn hold(context: &Arc<Context>, job: &Job, held: &[Manifest]) -> Report {
    let mut report = Report::default();
    follow(context, job, held);
    for batch in held.chunks(AT_ONCE) {
        let steps: Vec<_> = batch.iter().map(|object| one(context, job, object)).collect();
        let steps = join_all(steps).await;
        batch.iter().zip(steps).for_each(|(object, step)| report.add(object.id(), step));
    }
    report
}

/// Watches what `objects` become, and nothing else for this job.
fn follow(context: &Arc<Context>, job: &Job, objects: &[Manifest]) {
    let scopes: HashSet<Scope> =
        objects.iter().map(|object| Scope::of(&job.account, &Target::of(object))).collect();
    context.live.follow(context, &job.key, &job.cluster, &scopes);
}

async fn one(context: &Context, job: &Job, desired: &Manifest) -> Result<(Step, Health), Failure> {
    let target = Target::of(desired);
    let id = target.id();
    let failed = |error: ActionError| failure(desired, &error);
    let standing = look(context, job, &target).await.map_err(failed)?;
    let known = context.applications.with(&job.key, |known| known.applied.get(&id).cloned());
    if is_disabled(desired, flux::RECONCILE)
        || standing.as_ref().is_some_and(|standing| standing.reconcile_disabled)
    {
        return Ok((Step::Skipped, Health::Current));
    }
    if let Some(standing) = &standing {
        refuse_foreign(context, job, desired, standing)?;
        if standing.deleting {
            return Err(refused(desired, "it is being deleted; it is made again when it is gone"));
        }
        let same = known.as_ref().is_some_and(|known| known.desired == *desired);
        if same && known.as_ref().is_some_and(|known| standing.agrees_with(&known.result)) {
            context.applications.with(&job.key, |known| {
                known.applied.get_mut(&id).into_iter().for_each(|applied| applied.drifted = false);
            });
            return Ok((Step::Unchanged, standing.health.clone()));
        }
        if standing.foreign_hand {
            fold_hands(job, &target).await.map_err(failed)?;
        }
    }
    let result = write(job, desired).await.map_err(failed)?;
    context.live.note(&job.account, &target, &result);
    let step = match (&standing, &known) {
        (None, Some(known)) if known.desired == *desired => Step::Healed,
        (None, _) => Step::Created,
        (Some(standing), _) if standing.resource_version == result.resource_version => Step::Unchanged,
        (Some(_), Some(known)) if known.desired == *desired => Step::Healed,
        (Some(_), _) => Step::Configured,
    };
    match step {
        Step::Healed => {
            context.metrics.healed.inc();
            context.applications.healed(&job.key, &id);
        }
        Step::Created | Step::Configured => drop(context.metrics.applied.inc()),
        Step::Unchanged | Step::Skipped => {}
    }
    let health = result.health.clone();
    let applied = Applied { desired: desired.clone(), result, drifted: false };
    context.applications.own(&job.key, &id, applied);
    Ok((step, health))
}

/// How `target` stands: from the watch, or asked for.
async fn look(context: &Context, job: &Job, target: &Target) -> Result<Option<Observation>, ActionError> {
    match context.live.see(&job.account, target) {
        Seen::Observed(observation) => Ok(Some(*observation)),
        // An object without our label may stand there all the same.
        Seen::Unknown | Seen::Unlabelled => {
            let live = job.cluster.get(target).await?;
            Ok(live.map(|live| Observation::of(&live, RECONCILER_FIELD_MANAGER)))
        }
    }
}

async fn write(job: &Job, desired: &Manifest) -> Result<Observation, ActionError> {
    let action = Action::Apply {
        object: desired.clone(),
        manager: RECONCILER_FIELD_MANAGER.into(),
        force: true,
        dry_run: false,
    };
    let outcome = job.cluster.execute(&action).await?;
    let result = outcome.object().ok_or_else(|| ActionError {
        cause: Cause::Malformed,
        verb: action.verb(),
        target: action.target().to_string(),
        message: "the server gave no object back".into(),
    })?;
    Ok(Observation::of(result, RECONCILER_FIELD_MANAGER))
}

/// Folds what people's tools wrote into our entry, so that the apply that follows removes it.
async fn fold_hands(job: &Job, target: &Target) -> Result<(), ActionError> {
    for last in [false, false, true] {
        let Some(live) = job.cluster.get(target).await? else { return Ok(()) };
        let Some(action) = take_over(&live, RECONCILER_FIELD_MANAGER) else { return Ok(()) };
        match job.cluster.execute(&action).await {
            Err(error) if error.is(Cause::Conflict) && !last => {}
            done => return done.map(drop),
        }
    }
    Ok(())
}

/// Waits until the server serves what a definition defines.
async fn established(job: &Job, definition: &Manifest) -> Result<(), Failure> {
    let target = Target::of(definition);
    let until = tokio::time::Instant::now() + ESTABLISHING;
    loop {
        let live = job.cluster.get(&target).await.map_err(|error| failure(definition, &error))?;
        let health = live.as_ref().map(sealward_plan::health);
        match health {
            Some(Health::Current) => return Ok(()),
            Some(Health::Failed(message)) => return Err(refused(definition, &message)),
            _ if tokio::time::Instant::now() > until => {
                return Err(refused(definition, "the API server does not serve it in time"));
            }
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// An object that another Kustomization owns stays its own, unless that one no longer declares it.
fn refuse_foreign(
    context: &Context,
    job: &Job,
    desired: &Manifest,
    standing: &Observation,
) -> Result<(), Failure> {
    let Some(other) = standing.owner.as_ref().filter(|owner| **owner != job.key) else { return Ok(()) };
    let exists = context.kustomizations.has(other);
    let let_go = context.applications.declares(other, &desired.id()) == Some(false);
    let unknowable = context.kustomizations.is_left(other) || !exists && context.settings.is_selective;
    if (exists && !let_go) || unknowable {
        let text = format!(
            "{} belongs to Kustomization {other}, and Kustomization {} declares it too",
            desired.id(),
            job.key
        );
        return Err(Failure { reason: reason::OWNERSHIP_CONFLICT, text: at(desired.origin(), &text) });
    }
    Ok(())
}

fn failure(desired: &Manifest, error: &ActionError) -> Failure {
    Failure { reason: reason::RECONCILIATION_FAILED, text: at(desired.origin(), error) }
}

fn refused(desired: &Manifest, why: &str) -> Failure {
    let text = at(desired.origin(), &format!("cannot apply {}: {why}", desired.id()));
    Failure { reason: reason::RECONCILIATION_FAILED, text }
}
