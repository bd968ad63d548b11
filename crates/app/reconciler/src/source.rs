//! GitRepository: fetches, and remembers what was fetched.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealward_api::flux::{self, GitRepositorySpec, reason};
use sealward_cluster::EventKind;
use sealward_git::{FetchError, Fetched, Limits, Mirror, Reference, Remote};
use sealward_manifest::Manifest;
use sealward_plan::Outcome;

use crate::context::Context;
use crate::credentials;
use crate::object::{self, Key};
use crate::status;
use crate::words::text_of;

/// What was fetched of one GitRepository since the process began.
#[derive(Clone)]
pub(crate) struct Artifact {
    pub(crate) mirror: Arc<Mirror>,
    pub(crate) url: String,
    pub(crate) fetched: Fetched,
}

/// What is known of one GitRepository.
#[derive(Clone, Default)]
pub(crate) struct Source {
    mirror: Option<(String, Arc<Mirror>)>,
    /// The last good fetch.
    pub(crate) artifact: Option<Artifact>,
    /// Why there is none, or none newer; `None` when nothing was tried yet.
    pub(crate) outcome: Option<Outcome>,
}

/// All that is known of sources; nothing of it is ever read from a status.
#[derive(Default)]
pub(crate) struct Sources {
    known: Mutex<HashMap<Key, Source>>,
}

impl Sources {
    pub(crate) fn get(&self, key: &Key) -> Source {
        self.lock().get(key).cloned().unwrap_or_default()
    }

    pub(crate) fn forget(&self, key: &Key) {
        let known = self.lock().remove(key);
        if let Some((_, mirror)) = known.and_then(|known| known.mirror) {
            mirror.retire();
        }
    }

    /// Takes note of the mirror of `url`; one of another URL goes when nobody reads it any more.
    fn keep(&self, key: &Key, url: &str, mirror: &Arc<Mirror>) {
        let kept = Some((url.to_owned(), mirror.clone()));
        let mut before = None;
        self.change(key, |source| before = std::mem::replace(&mut source.mirror, kept));
        if let Some((_, old)) = before.filter(|(_, old)| !Arc::ptr_eq(old, mirror)) {
            old.retire();
        }
    }

    fn change(&self, key: &Key, change: impl FnOnce(&mut Source)) {
        change(self.lock().entry(key.clone()).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Source>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reconciles the GitRepository of `key`; returns when to come back.
pub(crate) async fn reconcile(context: &Arc<Context>, key: &Key) -> Option<Duration> {
    let Some(object) = context.repositories.get(key).filter(|object| !object::is_deleting(object)) else {
        context.sources.forget(key);
        context.metrics.forget(flux::GIT_REPOSITORY, &key.namespace, &key.name);
        context.queue_users_of(key);
        return None;
    };
    let started = tokio::time::Instant::now();
    let before = context.sources.get(key).artifact;
    let (outcome, interval) = match prepare(&object, context) {
        Ok(Work::Suspended) => {
            suspended(context, key);
            return None;
        }
        Ok(Work::Fetch(spec, interval)) => {
            status::write_progress(context, &object, "fetching").await;
            (fetch(context, key, &object, &spec, interval).await, interval)
        }
        Err(outcome) => (outcome, Duration::ZERO),
    };
    if matches!(outcome, Outcome::Stalled { .. }) {
        // What such a spec once fetched is not what it asks for now.
        context.sources.change(key, |source| source.artifact = None);
    }
    context.sources.change(key, |source| source.outcome = Some(outcome.clone()));
    let artifact = context.sources.get(key).artifact;
    let news = before.as_ref().map(|artifact| &artifact.fetched.revision)
        != artifact.as_ref().map(|artifact| &artifact.fetched.revision);
    status::write_source(context, &object, &outcome, artifact.as_ref()).await;
    tell(context, &object, &outcome, artifact.as_ref().filter(|_| news)).await;
    context.metrics.reconciled(flux::GIT_REPOSITORY, &key.namespace, &key.name, &outcome, started.elapsed());
    if news || before.is_none() {
        context.queue_users_of(key);
    }
    Some(status::next(&context.source_queue, key, &outcome, interval))
}

/// What was fetched before stays good; without it, whoever waits for it must be told.
fn suspended(context: &Context, key: &Key) {
    let nothing = Outcome::Retry {
        after: Duration::from_secs(60),
        reason: reason::ARTIFACT_FAILED,
        message: "it is suspended, and was not fetched since the reconciler started".into(),
    };
    context.sources.change(key, |source| {
        if source.artifact.is_none() {
            source.outcome = Some(nothing);
        }
    });
    context.queue_users_of(key);
}

enum Work {
    Suspended,
    Fetch(Box<GitRepositorySpec>, Duration),
}

fn prepare(object: &Manifest, context: &Context) -> Result<Work, Outcome> {
    let stalled = |reason, message| Outcome::Stalled { reason, message };
    let spec: GitRepositorySpec =
        object::read_spec(object).map_err(|message| stalled(reason::INVALID_SPEC, message))?;
    if spec.suspend {
        return Ok(Work::Suspended);
    }
    let unsupported = spec.unsupported();
    if !unsupported.is_empty() {
        let message = format!("not supported yet: {}", unsupported.join(", "));
        return Err(stalled(reason::UNSUPPORTED_FIELD, message));
    }
    if spec.url.starts_with("file://") && context.settings.local_repositories.is_empty() {
        let message = "file:// URLs need a reconciler that was started with --allow-local-repositories";
        return Err(stalled(reason::URL_INVALID, message.into()));
    }
    let interval = flux::parse_duration(&spec.interval)
        .map_err(|error| stalled(reason::INVALID_SPEC, format!("spec.interval: {error}")))?;
    Ok(Work::Fetch(Box::new(spec), interval))
}

async fn fetch(
    context: &Arc<Context>,
    key: &Key,
    object: &Manifest,
    spec: &GitRepositorySpec,
    interval: Duration,
) -> Outcome {
    let retry = |reason, message| Outcome::Retry { after: interval, reason, message };
    let remote = match remote(context, object, spec).await {
        Ok(remote) => remote,
        Err(outcome) => {
            return outcome.unwrap_or_else(|message| retry(reason::AUTHENTICATION_FAILED, message));
        }
    };
    let known = context.sources.get(key).mirror.filter(|(url, _)| *url == spec.url);
    let folder = context.settings.cache_dir.join(folder_name(key, &spec.url));
    let (url, allowed) = (spec.url.clone(), context.settings.local_repositories.clone());
    let work = move || -> Result<(Arc<Mirror>, Result<Fetched, FetchError>), String> {
        let mirror = match known {
            Some((_, mirror)) => mirror,
            None => Arc::new(open(&url, folder, &allowed)?),
        };
        let fetched = mirror.fetch(&remote);
        Ok((mirror, fetched))
    };
    let done = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => done,
        Ok(Err(message)) => return retry(reason::GIT_OPERATION_FAILED, message),
        Err(_) => return retry(reason::GIT_OPERATION_FAILED, "the fetch ended unexpectedly".into()),
    };
    let (mirror, fetched) = done;
    context.sources.keep(key, &spec.url, &mirror);
    match fetched {
        Ok(fetched) => {
            let message = format!("stored artifact for revision '{}'", fetched.revision);
            let artifact = Artifact { mirror, url: spec.url.clone(), fetched };
            context.sources.change(key, |source| source.artifact = Some(artifact));
            Outcome::Ready { reason: reason::SUCCEEDED, message }
        }
        Err(error) => failed(&error, interval),
    }
}

fn failed(error: &FetchError, after: Duration) -> Outcome {
    let message = text_of(error);
    if error.is_permanent() {
        return Outcome::Stalled { reason: reason::URL_INVALID, message };
    }
    let reason =
        if error.is_authentication() { reason::AUTHENTICATION_FAILED } else { reason::GIT_OPERATION_FAILED };
    Outcome::Retry { after, reason, message }
}

/// What the spec and its Secret say to fetch. The inner error is a sentence when the Secret is at
/// fault, an outcome when the spec is.
async fn remote(
    context: &Context,
    object: &Manifest,
    spec: &GitRepositorySpec,
) -> Result<Remote, Result<Outcome, String>> {
    let timeout = spec.timeout.as_deref().unwrap_or("60s");
    let timeout = flux::parse_duration(timeout).map_err(|error| {
        Ok(Outcome::Stalled { reason: reason::INVALID_SPEC, message: format!("spec.timeout: {error}") })
    })?;
    let (credentials, ca_pem) = match &spec.secret_ref {
        None => (sealward_git::Credentials::None, None),
        Some(reference) => {
            let name = &reference.name;
            let found = context.cluster.secret(object.namespace(), name).await;
            let data = found.map_err(|error| Err(error.to_string()))?;
            let data = data.ok_or_else(|| Err(format!("spec.secretRef: there is no Secret {name:?}")))?;
            credentials::read(name, &data).map_err(Err)?
        }
    };
    Ok(Remote { url: spec.url.clone(), reference: reference(spec), credentials, ca_pem, timeout })
}

/// Commit wins over name, name over tag, tag over branch, as in Flux.
fn reference(spec: &GitRepositorySpec) -> Reference {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let wanted = &spec.reference;
    given(&wanted.commit)
        .map(Reference::Commit)
        .or_else(|| given(&wanted.name).map(Reference::Name))
        .or_else(|| given(&wanted.tag).map(Reference::Tag))
        .or_else(|| given(&wanted.branch).map(Reference::Branch))
        .unwrap_or_else(|| Reference::Branch("master".into()))
}

fn open(url: &str, folder: PathBuf, allowed: &[PathBuf]) -> Result<Mirror, String> {
    let opened = match url.strip_prefix("file://") {
        Some(path) => Mirror::local(&within(Path::new(path), allowed)?, Limits::default()),
        None => Mirror::open(folder, Limits::default()),
    };
    opened.map_err(|error| text_of(&error))
}

/// Where `path` leads, if that is in one of the `allowed` folders. The error is the same for a path that
/// leads nowhere: nobody learns what else there is on this machine.
fn within(path: &Path, allowed: &[PathBuf]) -> Result<PathBuf, String> {
    let real = path.canonicalize().ok();
    let is_allowed = |real: &PathBuf| {
        allowed.iter().any(|folder| folder.canonicalize().is_ok_and(|folder| real.starts_with(folder)))
    };
    real.filter(is_allowed).ok_or_else(|| {
        format!("there is no repository {} in a folder that --allow-local-repositories names", path.display())
    })
}

/// Removes what the cache holds of sources that went, or changed their URL, while no reconciler ran.
pub(crate) async fn sweep(context: &Context) {
    let needed = context.repositories.keys().into_iter().filter_map(|key| {
        let spec = object::read_spec::<GitRepositorySpec>(&context.repositories.get(&key)?).ok()?;
        Some(folder_name(&key, &spec.url))
    });
    let (folder, needed) = (context.settings.cache_dir.clone(), needed.collect());
    match tokio::task::spawn_blocking(move || sealward_git::sweep(&folder, &needed)).await {
        Ok(Ok(gone)) if gone.is_empty() => {}
        Ok(Ok(gone)) => tracing::info!(mirrors = ?gone, "mirrors of sources that are gone were removed"),
        Ok(Err(error)) => tracing::warn!(%error, "the cache could not be swept"),
        Err(_) => tracing::warn!("sweeping the cache ended unexpectedly"),
    }
}

/// One folder for each object and URL.
fn folder_name(key: &Key, url: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (key, url).hash(&mut hasher);
    format!("{}.{}.{:016x}", key.namespace, key.name, hasher.finish())
}

async fn tell(context: &Context, object: &Manifest, outcome: &Outcome, news: Option<&Artifact>) {
    let (word, message) = outcome.told();
    match (outcome, news) {
        (Outcome::Ready { .. }, Some(artifact)) => {
            let Fetched { revision, subject, author, .. } = &artifact.fetched;
            let note = format!("fetched {revision}: {subject} ({author})");
            context.tell(object, EventKind::Normal, "NewArtifact", "Fetch", &note, Some(revision)).await;
        }
        (Outcome::Ready { .. } | Outcome::Waiting { .. }, _) => {}
        (Outcome::Retry { .. } | Outcome::Stalled { .. }, _) => {
            if !object::says(object, word, message) {
                context.tell(object, EventKind::Warning, word, "Fetch", message, None).await;
            }
        }
    }
}
