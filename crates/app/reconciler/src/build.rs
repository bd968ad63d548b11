//! From a commit to the objects that are to stand in the cluster, checked.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use sealward_api::flux::reason;
use sealward_cluster::Cause;
use sealward_manifest::document::Node;
use sealward_manifest::{Manifest, ObjectId, Scope};
use sealward_plan::{Outcome, is_encrypted, sort_for_apply};
use sealward_render::{Application, RenderError};

use crate::check;
use crate::context::Context;
use crate::kustomization::Job;
use crate::source::Artifact;
use crate::words::{at, some, text_of};

/// What is to stand in the cluster.
pub(crate) struct Built {
    /// In the order in which they are applied, with owner labels.
    pub(crate) objects: Vec<Manifest>,
    /// Digest of the rules under which they were checked, `""` without any.
    pub(crate) rule_set_digest: String,
    /// What people should know about the rules.
    pub(crate) note: Option<String>,
}

/// Why nothing is applied.
pub(crate) enum Refusal {
    /// The rules are not known yet.
    NotYet,
    /// For this reason.
    Outcome(Outcome),
}

impl From<Outcome> for Refusal {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

/// Renders the job's folder at `artifact`'s commit, and holds the objects against the rules.
pub(crate) async fn build(context: &Arc<Context>, job: &Job, artifact: &Artifact) -> Result<Built, Refusal> {
    let rendered = render(job, artifact).await?;
    refuse_encrypted(job, &rendered)?;
    let mut objects = place(context, job, rendered).await?;
    sort_for_apply(&mut objects);
    let objects: Result<Vec<Manifest>, _> = objects.iter().map(|object| job.key.mark(object)).collect();
    let objects =
        objects.map_err(|error| job.retry(reason::BUILD_FAILED, at(&error.origin().clone(), &error)))?;
    // What is held against the rules is what is applied, labels of ours included.
    let checked = check::check(context, job, &objects).await?;
    let ids: HashSet<ObjectId> = objects.iter().map(Manifest::id).collect();
    let taken = context.applications.owned_by_others(&job.key, &ids);
    context.applications.with(&job.key, |known| known.declared = Some(ids));
    if !taken.is_empty() {
        let say = |(id, owner): &(ObjectId, _)| format!("{id} is declared by Kustomization {owner} too");
        let said: Vec<String> = taken.iter().map(say).collect();
        let message = format!("Kustomization {}: {}", job.key, some(&said));
        return Err(job.retry(reason::OWNERSHIP_CONFLICT, message).into());
    }
    Ok(Built { objects, rule_set_digest: checked.digest, note: checked.note })
}

async fn render(job: &Job, artifact: &Artifact) -> Result<Vec<Manifest>, Outcome> {
    let (mirror, commit) = (artifact.mirror.clone(), artifact.fetched.commit.clone());
    let application = Application::of_flux(&job.spec, sealward_manifest::Origin::file("application"));
    let work = move || {
        let snapshot = mirror.snapshot(&commit).map_err(|error| (reason::BUILD_FAILED, text_of(&error)))?;
        sealward_render::render(&snapshot, &application).map_err(|error| (reason_of(&error), said(&error)))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(objects)) => Ok(objects),
        Ok(Err((reason, message))) => {
            Err(job.retry(reason, format!("{}: {message}", artifact.fetched.revision)))
        }
        Err(_) => Err(job.retry(reason::BUILD_FAILED, "rendering ended unexpectedly")),
    }
}

fn reason_of(error: &RenderError) -> &'static str {
    match error {
        RenderError::NoFolder { .. } => reason::PATH_MISSING,
        RenderError::NoManifests { .. } => reason::EMPTY_RENDERING,
        _ => reason::BUILD_FAILED,
    }
}

/// Where, what, and what to do about it.
fn said(error: &RenderError) -> String {
    let place = error.origin().map(|origin| format!("{origin}: ")).unwrap_or_default();
    let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    format!("{place}{}{hint}", text_of(error))
}

fn refuse_encrypted(job: &Job, objects: &[Manifest]) -> Result<(), Outcome> {
    let encrypted: Vec<String> = objects
        .iter()
        .filter(|object| is_encrypted(object))
        .map(|object| at(object.origin(), &format!("{} is encrypted by sops", object.id())))
        .collect();
    if encrypted.is_empty() {
        return Ok(());
    }
    let message = format!("{}; decryption is not supported yet, use a SealedSecret", some(&encrypted));
    Err(job.retry(reason::BUILD_FAILED, message))
}

/// Gives every object the namespace that its kind wants: its own, or none for a cluster-scoped kind.
async fn place(context: &Context, job: &Job, objects: Vec<Manifest>) -> Result<Vec<Manifest>, Outcome> {
    let coming = coming_kinds(&objects);
    let mut placed = Vec::with_capacity(objects.len());
    let mut problems = Vec::new();
    for object in objects {
        let namespaced = match context.cluster.kind(object.gvk()).await {
            Ok(kind) => kind.namespaced,
            Err(error) if error.is(Cause::UnknownKind) => {
                let gvk = object.gvk();
                match coming.get(&(gvk.group.clone(), gvk.kind.clone())) {
                    Some(scope) => *scope == Scope::Namespaced,
                    None => {
                        problems.push(at(object.origin(), &format!("{gvk}: {}", error.message)));
                        continue;
                    }
                }
            }
            Err(error) => return Err(job.retry(reason::RECONCILIATION_FAILED, error.to_string())),
        };
        if object.name().is_empty() {
            problems.push(at(object.origin(), &format!("{} has no metadata.name", object.gvk())));
        } else if namespaced && object.namespace().is_empty() {
            let hint = "set metadata.namespace, `namespace` in kustomization.yaml, or spec.targetNamespace";
            problems.push(at(object.origin(), &format!("{} has no namespace; {hint}", object.id())));
        } else if !namespaced && !object.namespace().is_empty() {
            match object.with(drop_namespace) {
                Ok(object) => placed.push(object),
                Err(error) => problems.push(at(object.origin(), &error)),
            }
        } else {
            placed.push(object);
        }
    }
    if problems.is_empty() { Ok(placed) } else { Err(job.retry(reason::BUILD_FAILED, some(&problems))) }
}

fn drop_namespace(root: &mut Node) {
    let metadata = root.as_map_mut().and_then(|map| map.get_mut("metadata")).and_then(Node::as_map_mut);
    if let Some(metadata) = metadata {
        metadata.remove("namespace");
    }
}

/// The kinds that CustomResourceDefinitions among `objects` define.
fn coming_kinds(objects: &[Manifest]) -> BTreeMap<(String, String), Scope> {
    let defined = objects.iter().filter_map(Scope::of_definition);
    defined.map(|(group, kind, scope)| ((group.to_owned(), kind.to_owned()), scope)).collect()
}
