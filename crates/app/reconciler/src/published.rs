//! The Rendering: which file and commit each object comes from, for whoever must explain it.

use sealward_api::names::{GROUP, RECONCILER_FIELD_MANAGER, VERSION};
use sealward_api::rendering::{KIND, RenderedObject, RenderingSpec, rendering_name};
use sealward_cluster::{ActionError, Cause};
use sealward_manifest::{Gvk, Manifest};
use sealward_plan::{Action, Propagation, Target, inventory_id};
use serde_json::json;

use crate::build::Built;
use crate::context::Context;
use crate::kustomization::Job;
use crate::object::Key;
use crate::source::Artifact;

fn target(key: &Key) -> Target {
    Target::new(Gvk::new(GROUP, VERSION, KIND), "", rendering_name(&key.namespace, &key.name))
}

/// Writes what is about to be applied; nothing is asked of the server when it says so already.
///
/// # Errors
/// A sentence.
pub(crate) async fn write(
    context: &Context,
    job: &Job,
    artifact: &Artifact,
    built: &Built,
) -> Result<(), String> {
    let spec = RenderingSpec {
        application: job.key.to_string(),
        repository: artifact.url.clone(),
        revision: artifact.fetched.revision.clone(),
        rule_set_digest: built.rule_set_digest.clone(),
        objects: built.objects.iter().map(object).collect(),
    };
    if context.applications.with(&job.key, |known| known.published.as_ref() == Some(&spec)) {
        return Ok(());
    }
    let Target { gvk, name, .. } = target(&job.key);
    let json = json!({
        "apiVersion": gvk.api_version(), "kind": gvk.kind, "metadata": {"name": name}, "spec": spec,
    });
    let object = sealward_plan::live(&json).map_err(|error| error.to_string())?;
    let action =
        Action::Apply { object, manager: RECONCILER_FIELD_MANAGER.into(), force: true, dry_run: false };
    context.cluster.execute(&action).await.map_err(|error| error.to_string())?;
    context.applications.with(&job.key, |known| known.published = Some(spec));
    Ok(())
}

fn object(manifest: &Manifest) -> RenderedObject {
    let origin = manifest.origin();
    RenderedObject { id: inventory_id(&manifest.id()), path: origin.path.to_string(), line: origin.line }
}

/// Deletes the Rendering of a Kustomization that goes.
///
/// # Errors
/// [`ActionError`] when the server refuses.
pub(crate) async fn remove(context: &Context, key: &Key) -> Result<(), ActionError> {
    let target = target(key);
    let found = match context.cluster.get(&target).await {
        Err(error) if error.is(Cause::UnknownKind) => None,
        found => found?,
    };
    let Some(live) = found else { return Ok(()) };
    let action = Action::Delete {
        target,
        uid: live.uid().to_owned(),
        resource_version: None,
        propagation: Propagation::Background,
    };
    match context.cluster.execute(&action).await {
        Err(error) if !error.is(Cause::NotFound) => Err(error),
        _ => Ok(()),
    }
}
