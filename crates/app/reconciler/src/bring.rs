//! What was built comes into the cluster.

use std::sync::Arc;
use std::time::Duration;

use sealward_api::flux::reason;
use sealward_cluster::EventKind;
use sealward_git::Fetched;
use sealward_manifest::{Manifest, ObjectId};
use sealward_plan::{Health, Inventory, Outcome};

use crate::apply::{self, Report};
use crate::build::{self, Built, Refusal};
use crate::context::Context;
use crate::kustomization::{End, Job};
use crate::object;
use crate::source::Artifact;
use crate::status::{self, Told};
use crate::words::{list, some};
use crate::{check, prune, published};

/// Brings what was built into the cluster.
pub(crate) async fn bring(context: &Arc<Context>, job: &Job, artifact: &Artifact, built: Built) -> End {
    let revision = artifact.fetched.revision.clone();
    let remembered = job.remembered(context);
    let mut told = Told { attempted: Some(revision.clone()), ..Told::default() };
    if built.objects.is_empty() && !remembered.is_empty() {
        let message = format!(
            "{revision} renders to nothing, where {} objects were applied before; nothing is pruned. Delete the \
             Kustomization to remove them",
            remembered.len()
        );
        hold(context, job, artifact).await;
        return End { outcome: job.retry(reason::EMPTY_RENDERING, message), told };
    }
    let desired = Inventory::of(&built.objects);
    let mut all = remembered.clone();
    all.extend(&desired);
    if !desired.without(&remembered).is_empty() {
        status::write_inventory(context, &job.object, &all).await;
    }
    context.applications.with(&job.key, |known| {
        known.inventory.clone_from(&all);
        known.account = Some(job.account.clone());
    });
    // Before anything changes, so that a denial can say which file and commit are meant.
    if let Err(message) = published::write(context, job, artifact, &built).await {
        tracing::warn!(kustomization = %job.key, message, "a Rendering could not be written");
    }
    let report = apply::apply(context, job, &built).await;
    told.inventory = Some(all.clone());
    if !report.failures.is_empty() {
        let outcome = job.retry(report.reason(), report.failure_text(&revision));
        say_changes(context, job, artifact, &report, &[]).await;
        return End { outcome, told };
    }
    note(job, artifact).await;
    let stale = remembered.without(&desired);
    let pruned =
        if job.spec.prune { prune::prune(context, job, &stale).await } else { prune::Report::default() };
    let mut kept = desired;
    kept.extend(&pruned.left);
    context.applications.with(&job.key, |known| known.inventory.clone_from(&kept));
    told.inventory = Some(kept);
    say_changes(context, job, artifact, &report, &pruned.deleted).await;
    if !pruned.failures.is_empty() {
        return End { outcome: job.retry(reason::PRUNE_FAILED, some(&pruned.failures)), told };
    }
    let outcome = assess(context, job, &revision, &report, &built);
    if outcome.is_ready() {
        told.applied = Some(revision);
    }
    End { outcome, told }
}

/// Remembers the commit that is applied, for a process that comes after this one.
async fn note(job: &Job, artifact: &Artifact) {
    let (mirror, commit, name) = (artifact.mirror.clone(), artifact.fetched.commit.clone(), job.note());
    let kept = tokio::task::spawn_blocking(move || mirror.keep(&name, &commit)).await;
    if let Ok(Err(error)) = kept {
        tracing::warn!(kustomization = %job.key, %error, "what was applied is not remembered");
    }
}

/// Keeps what was applied last as it was, while what Git declares now is refused: drift is healed, if
/// the rules in force still allow what was applied.
pub(crate) async fn hold(context: &Arc<Context>, job: &Job, artifact: &Artifact) {
    let held = context.applications.with(&job.key, |known| {
        known.applied.values().map(|applied| applied.desired.clone()).collect::<Vec<_>>()
    });
    let held = if held.is_empty() {
        remembered(context, job, artifact).await
    } else {
        check::check(context, job, &held).await.map_or_else(|_| Vec::new(), |_| held)
    };
    if held.is_empty() {
        return;
    }
    let mut report = apply::hold(context, job, &held).await;
    // Nothing here is new, whether this process has applied it before or another one.
    for changed in [std::mem::take(&mut report.created), std::mem::take(&mut report.configured)] {
        report.healed.extend(changed);
    }
    say_changes(context, job, artifact, &report, &[]).await;
}

/// The objects of the commit that a process before this one applied last, if they pass as they would now.
async fn remembered(context: &Arc<Context>, job: &Job, artifact: &Artifact) -> Vec<Manifest> {
    let Some(commit) = artifact.mirror.kept(&job.note()) else { return Vec::new() };
    let revision = format!("sha1:{commit}");
    let fetched = Fetched { commit, revision, ..artifact.fetched.clone() };
    let before = Artifact { fetched, ..artifact.clone() };
    match build::build(context, job, &before).await {
        Ok(built) => built.objects,
        Err(Refusal::NotYet) => Vec::new(),
        Err(Refusal::Outcome(outcome)) => {
            let (_, message) = outcome.told();
            tracing::warn!(kustomization = %job.key, message, "what was applied before is not held");
            Vec::new()
        }
    }
}

/// Whether all is applied, and healthy where that is asked for.
fn assess(context: &Context, job: &Job, revision: &str, report: &Report, built: &Built) -> Outcome {
    let mut message = format!("applied revision: {revision}");
    if let Some(note) = &built.note {
        message = format!("{message}; {note}");
    }
    let contended = context.applications.contended(&job.key);
    if !contended.is_empty() {
        let names = list(&contended);
        let message = format!(
            "somebody changes the same fields again and again: {names}; healing goes on, more slowly"
        );
        let after = job.retry.min(Duration::from_secs(60));
        return Outcome::Retry { after, reason: reason::CONTENDED, message };
    }
    if !job.spec.wait {
        context.applications.with(&job.key, |known| known.waiting = None);
        return Outcome::Ready { reason: reason::RECONCILIATION_SUCCEEDED, message };
    }
    let unwell: Vec<(&ObjectId, &Health)> = report
        .health
        .iter()
        .filter(|(_, health)| !health.is_current())
        .map(|(id, health)| (id, health))
        .collect();
    if unwell.is_empty() {
        context.applications.with(&job.key, |known| known.waiting = None);
        return Outcome::Ready { reason: reason::RECONCILIATION_SUCCEEDED, message };
    }
    let say = |(id, health): &(&ObjectId, &Health)| format!("{id}: {}", health.problem().unwrap_or_default());
    let said = some(&unwell.iter().map(say).collect::<Vec<_>>());
    let generation = object::generation(&job.object);
    let waited = context.applications.with(&job.key, |known| known.waited(generation, revision));
    let left = job.timeout.saturating_sub(waited);
    let failed = unwell.iter().any(|(_, health)| matches!(health, Health::Failed(_)));
    if failed || left.is_zero() {
        let why = if failed { "failed" } else { "not healthy in time" };
        return job.retry(reason::HEALTH_CHECK_FAILED, format!("{why} at {revision}: {said}"));
    }
    // Watches tell of changes; this look is for objects that no watch shows.
    Outcome::Waiting {
        message: format!("waiting for health at {revision}: {said}"),
        after: left.min(Duration::from_secs(15)),
    }
}

async fn say_changes(
    context: &Context,
    job: &Job,
    artifact: &Artifact,
    report: &Report,
    pruned: &[ObjectId],
) {
    let fetched = &artifact.fetched;
    let mut parts = Vec::new();
    for (word, ids) in [
        ("created", &report.created[..]),
        ("configured", &report.configured),
        ("healed", &report.healed),
        ("deleted", pruned),
    ] {
        if !ids.is_empty() {
            parts.push(format!("{word} {}", list(ids)));
        }
    }
    if parts.is_empty() {
        return;
    }
    let note =
        format!("{} ({} by {}): {}", fetched.revision, fetched.subject, fetched.author, parts.join("; "));
    let word = if report.created.is_empty() && report.configured.is_empty() && pruned.is_empty() {
        "DriftCorrected"
    } else {
        reason::RECONCILIATION_SUCCEEDED
    };
    context.tell(&job.object, EventKind::Normal, word, "Reconcile", &note, Some(&fetched.revision)).await;
}
