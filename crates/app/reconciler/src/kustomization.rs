//! Kustomization: what Git declares is rendered, checked, applied, pruned and watched.

use std::sync::Arc;
use std::time::Duration;

use sealward_api::flux::{self, KustomizationSpec, reason};
use sealward_api::names::{FLUX_FINALIZER, RECONCILER_FIELD_MANAGER};
use sealward_cluster::{ActionError, Cause, Cluster, EventKind};
use sealward_manifest::Manifest;
use sealward_plan::{Action, Inventory, Outcome, Target};
use serde_json::json;

use crate::build;
use crate::context::{self, Context, source_key};
use crate::live::Account;
use crate::object::{self, Key};
use crate::status::{self, Told};
use crate::{bring, deletion, dependencies};

/// Every pass may take as long, however short `spec.timeout` is.
const SHORTEST_PASS: Duration = Duration::from_secs(120);

/// A Kustomization whose spec is understood.
pub(crate) struct Job {
    pub(crate) key: Key,
    pub(crate) object: Manifest,
    pub(crate) spec: KustomizationSpec,
    pub(crate) interval: Duration,
    pub(crate) retry: Duration,
    pub(crate) timeout: Duration,
    /// As whom everything below happens.
    pub(crate) account: Account,
    pub(crate) cluster: Cluster,
}

impl Job {
    /// A failure that is tried again.
    pub(crate) fn retry(&self, reason: &'static str, message: impl Into<String>) -> Outcome {
        Outcome::Retry { after: self.retry, reason, message: message.into() }
    }

    /// What the mirror remembers the applied commit as. Another spec may make other objects of the same
    /// commit, so it has a name of its own.
    pub(crate) fn note(&self) -> String {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        (&self.key, self.object.uid(), object::spec(&self.object).to_string()).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// What was applied as far as anybody remembers: a hint of where to look.
    pub(crate) fn remembered(&self, context: &Context) -> Inventory {
        let mut inventory = object::inventory(&self.object);
        context.applications.with(&self.key, |known| inventory.extend(&known.inventory));
        inventory
    }
}

/// How a reconcile went, and what the status says of it.
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    pub(crate) told: Told,
}

impl From<Outcome> for End {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, told: Told::default() }
    }
}

/// Reconciles the Kustomization of `key`; returns when to come back.
pub(crate) async fn reconcile(context: &Arc<Context>, key: &Key) -> Option<Duration> {
    let Some(object) = context.kustomizations.get(key) else {
        context.applications.forget(key);
        context.live.follow(context, key, &context.cluster, &std::collections::HashSet::new());
        context.metrics.forget(flux::KUSTOMIZATION, &key.namespace, &key.name);
        return None;
    };
    let started = tokio::time::Instant::now();
    if object::is_deleting(&object) {
        return deletion::finish(context, key, &object).await;
    }
    let (end, interval) = match prepare(context, key, &object) {
        Ok(Some(job)) => match pass(context, &job).await {
            Some(end) => (end, job.interval),
            // Something that it needs is not known yet; that will have it looked at again.
            None => return Some(Duration::from_secs(2)),
        },
        Ok(None) => return None,
        Err(outcome) => (outcome.into(), Duration::ZERO),
    };
    finish(context, &object, key, &end).await;
    context.metrics.reconciled(
        flux::KUSTOMIZATION,
        &key.namespace,
        &key.name,
        &end.outcome,
        started.elapsed(),
    );
    Some(status::next(&context.application_queue, key, &end.outcome, interval))
}

/// A pass within its time. `None` when it could not begin.
async fn pass(context: &Arc<Context>, job: &Job) -> Option<End> {
    match ensure_finalizer(context, job).await {
        Ok(()) => {}
        // It has changed; the watch tells how.
        Err(error) if error.is(Cause::Conflict) => return None,
        Err(error) => return Some(job.retry(reason::RECONCILIATION_FAILED, error.to_string()).into()),
    }
    status::write_progress(context, &job.object, "building and applying what Git declares").await;
    match tokio::time::timeout(job.timeout.max(SHORTEST_PASS), run(context, job)).await {
        Ok(end) => end,
        Err(_) => Some(job.retry(reason::RECONCILIATION_FAILED, "it took longer than allowed").into()),
    }
}

async fn finish(context: &Arc<Context>, object: &Manifest, key: &Key, end: &End) {
    let generation = object::generation(object);
    let ready =
        end.told.applied.clone().filter(|_| end.outcome.is_ready()).map(|revision| (generation, revision));
    let news = context.applications.with(key, |known| {
        let news = known.ready != ready;
        known.ready.clone_from(&ready);
        news
    });
    status::write_application(context, object, &end.outcome, &end.told).await;
    if news && ready.is_some() {
        context.queue_dependents_of(key);
    }
    let (word, message) = end.outcome.told();
    let revision = end.told.attempted.as_deref();
    match &end.outcome {
        Outcome::Ready { .. } | Outcome::Waiting { .. } => {}
        Outcome::Retry { .. } | Outcome::Stalled { .. } => {
            if !object::says(object, word, message) {
                context.tell(object, EventKind::Warning, word, "Reconcile", message, revision).await;
            }
        }
    }
}

/// Reads the spec; `None` when it says that nothing is to be done.
fn prepare(context: &Context, key: &Key, object: &Manifest) -> Result<Option<Job>, Outcome> {
    let stalled = |reason, message| Outcome::Stalled { reason, message };
    let spec: KustomizationSpec =
        object::read_spec(object).map_err(|message| stalled(reason::INVALID_SPEC, message))?;
    if spec.suspend {
        return Ok(None);
    }
    let unsupported = spec.unsupported();
    if !unsupported.is_empty() {
        let message = format!("not supported yet: {}", unsupported.join(", "));
        return Err(stalled(reason::UNSUPPORTED_FIELD, message));
    }
    let duration = |name: &str, text: &str| {
        flux::parse_duration(text)
            .map_err(|error| stalled(reason::INVALID_SPEC, format!("spec.{name}: {error}")))
    };
    let interval = duration("interval", &spec.interval)?;
    let retry =
        spec.retry_interval.as_deref().map_or(Ok(interval), |text| duration("retryInterval", text))?;
    let floor = Duration::from_secs(30);
    let timeout = match spec.timeout.as_deref() {
        Some(text) => duration("timeout", text)?,
        None => interval.saturating_sub(floor),
    };
    let account = account(context, key, &spec)?;
    let acting = context.cluster.acting_as(&account.namespace, &account.name);
    let cluster =
        acting.map_err(|error| stalled(reason::INVALID_SPEC, format!("spec.serviceAccountName: {error}")))?;
    refuse_foreign_references(context, key, object, &spec)?;
    let (key, object) = (key.clone(), object.clone());
    Ok(Some(Job { key, object, spec, interval, retry, timeout: timeout.max(floor), account, cluster }))
}

/// The account as which this Kustomization is applied: its own, or the flag's, never the reconciler's.
pub(crate) fn account(context: &Context, key: &Key, spec: &KustomizationSpec) -> Result<Account, Outcome> {
    let given = spec.service_account_name.clone().filter(|name| !name.is_empty());
    let default = Some(context.settings.default_service_account.clone()).filter(|name| !name.is_empty());
    let name = given.or(default).ok_or_else(|| Outcome::Stalled {
        reason: reason::SERVICE_ACCOUNT_MISSING,
        message:
            "nobody says as which account to apply: set spec.serviceAccountName, or start the reconciler \
                  with --default-service-account"
                .into(),
    })?;
    Ok(Account { namespace: key.namespace.clone(), name })
}

fn refuse_foreign_references(
    context: &Context,
    key: &Key,
    object: &Manifest,
    spec: &KustomizationSpec,
) -> Result<(), Outcome> {
    if !context.settings.no_cross_namespace_refs {
        return Ok(());
    }
    let named = std::iter::once(source_key(object, spec)).chain(context::dependencies(object, spec));
    match named.into_iter().find(|named| named.namespace != key.namespace) {
        None => Ok(()),
        Some(foreign) => Err(Outcome::Stalled {
            reason: reason::ACCESS_DENIED,
            message: format!(
                "a reference to {foreign} crosses namespaces, which --no-cross-namespace-refs forbids"
            ),
        }),
    }
}

async fn ensure_finalizer(context: &Context, job: &Job) -> Result<(), ActionError> {
    let mut finalizers = deletion::finalizers(&job.object);
    if finalizers.iter().any(|name| name == FLUX_FINALIZER) {
        return Ok(());
    }
    finalizers.push(FLUX_FINALIZER.into());
    let action = Action::Patch {
        target: Target::of(&job.object),
        patch: json!({"metadata": {
            "uid": job.object.uid(),
            "resourceVersion": job.object.resource_version(),
            "finalizers": finalizers,
        }}),
        manager: RECONCILER_FIELD_MANAGER.into(),
    };
    let outcome = context.cluster.execute(&action).await?;
    outcome.object().into_iter().for_each(|object| context.kustomizations.wrote(object));
    Ok(())
}

/// One whole pass. `None`: the source or the rules are not known yet, so there is nothing to say.
async fn run(context: &Arc<Context>, job: &Job) -> Option<End> {
    let source = context.sources.get(&source_key(&job.object, &job.spec));
    let artifact = match (source.artifact, source.outcome) {
        (Some(artifact), _) => artifact,
        (None, None) if context.repositories.has(&source_key(&job.object, &job.spec)) => return None,
        (None, outcome) => return Some(no_artifact(job, outcome.as_ref()).into()),
    };
    if let Err(outcome) = dependencies::ready(context, job, &artifact.fetched.revision) {
        return Some(outcome.into());
    }
    let built = match build::build(context, job, &artifact).await {
        Ok(built) => built,
        Err(build::Refusal::NotYet) => return None,
        Err(build::Refusal::Outcome(outcome)) => {
            bring::hold(context, job, &artifact).await;
            let attempted = Some(artifact.fetched.revision.clone());
            return Some(End { outcome, told: Told { attempted, ..Told::default() } });
        }
    };
    Some(bring::bring(context, job, &artifact, built).await)
}

fn no_artifact(job: &Job, outcome: Option<&Outcome>) -> Outcome {
    let name = &job.spec.source_ref.name;
    let message = match outcome {
        None => format!("GitRepository {name:?} does not exist"),
        Some(outcome) => format!("GitRepository {name:?} has nothing to build from: {}", outcome.told().1),
    };
    job.retry(reason::ARTIFACT_FAILED, message)
}
