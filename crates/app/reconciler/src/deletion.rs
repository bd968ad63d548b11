//! A Kustomization that is being deleted: its objects go first, if it says so.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sealward_api::flux::{KustomizationSpec, reason};
use sealward_api::names::{FLUX_FINALIZER, RECONCILER_FIELD_MANAGER};
use sealward_cluster::{ActionError, Cause, EventKind};
use sealward_manifest::document::Node;
use sealward_manifest::{Gvk, Manifest, ObjectId};
use sealward_plan::{Action, Inventory, Outcome, Target};
use serde_json::json;

use crate::context::Context;
use crate::kustomization::account;
use crate::live::Account;
use crate::object::{self, Key};
use crate::status::{self, Told};
use crate::words::{list, some};
use crate::{prune, published};

const RETRY: Duration = Duration::from_secs(60);

/// The finalizers of `object`.
pub(crate) fn finalizers(object: &Manifest) -> Vec<String> {
    let list = object.root().at(&["metadata", "finalizers"]).and_then(Node::as_list).unwrap_or_default();
    list.iter().filter_map(|node| node.as_str().map(str::to_owned)).collect()
}

/// Prunes and lets go; returns when to come back if that failed.
pub(crate) async fn finish(context: &Arc<Context>, key: &Key, object: &Manifest) -> Option<Duration> {
    if !finalizers(object).iter().any(|name| name == FLUX_FINALIZER) {
        return None;
    }
    let (message, told) = match clear(context, key, object).await {
        Ok(()) => match let_go(context, object).await {
            Ok(()) => return None,
            Err(error) => (error.to_string(), Told::default()),
        },
        Err((message, left)) => (message, Told { inventory: Some(left), ..Told::default() }),
    };
    let hint = "set spec.suspend to true to leave the objects where they are";
    let message = format!("cannot delete yet: {message}; {hint}");
    let outcome = Outcome::Retry { after: RETRY, reason: reason::PRUNE_FAILED, message };
    status::write_application(context, object, &outcome, &told).await;
    let (word, message) = outcome.told();
    context.tell(object, EventKind::Warning, word, "Delete", message, None).await;
    Some(status::next(&context.application_queue, key, &outcome, RETRY))
}

/// Deletes the objects if the spec says so. A spec that cannot be read says nothing: they stay.
async fn clear(context: &Context, key: &Key, object: &Manifest) -> Result<(), (String, Inventory)> {
    let spec = object::read_spec::<KustomizationSpec>(object).ok();
    let Some(spec) = spec.filter(KustomizationSpec::deletes_on_deletion) else { return Ok(()) };
    let mut stale = object::inventory(object);
    context.applications.with(key, |known| {
        stale.extend(&known.inventory);
        // What this one declared counts no longer; others may take its objects over.
        known.declared = None;
    });
    if stale.is_empty() {
        return Ok(());
    }
    let account =
        account(context, key, &spec).map_err(|outcome| (outcome.told().1.to_owned(), stale.clone()))?;
    let exists = account_exists(context, &account).await;
    if !exists.map_err(|error| (error.to_string(), stale.clone()))? {
        // As when a whole namespace is deleted: with nobody's rights nothing can be pruned, and nobody
        // would ever bring them back.
        let ids: Vec<ObjectId> = stale.ids().cloned().collect();
        let note = format!("service account {account} is gone; what it applied stays: {}", list(&ids));
        context.tell(object, EventKind::Warning, reason::PRUNE_FAILED, "Delete", &note, None).await;
        return Ok(());
    }
    let cluster = context.cluster.acting_as(&account.namespace, &account.name);
    let cluster = cluster.map_err(|error| (error.to_string(), stale.clone()))?;
    // The watches must not heal what is being deleted.
    context.applications.keep_only(key, &HashSet::new());
    let report = prune::delete(context, key, &cluster, &stale).await;
    if !report.deleted.is_empty() {
        let note = format!("deleted {}", list(&report.deleted));
        context.tell(object, EventKind::Normal, "Pruned", "Delete", &note, None).await;
    }
    if report.failures.is_empty() { Ok(()) } else { Err((some(&report.failures), report.left)) }
}

async fn account_exists(context: &Context, account: &Account) -> Result<bool, ActionError> {
    let target = Target::new(Gvk::new("", "v1", "ServiceAccount"), &account.namespace, &account.name);
    Ok(context.cluster.get(&target).await?.is_some())
}

/// Takes our finalizer away and forgets the Kustomization.
async fn let_go(context: &Arc<Context>, object: &Manifest) -> Result<(), ActionError> {
    let key = object::key_of(object);
    published::remove(context, &key).await?;
    let kept: Vec<String> = finalizers(object).into_iter().filter(|name| name != FLUX_FINALIZER).collect();
    let action = Action::Patch {
        target: Target::of(object),
        patch: json!({"metadata": {
            "uid": object.uid(),
            "resourceVersion": object.resource_version(),
            "finalizers": kept,
        }}),
        manager: RECONCILER_FIELD_MANAGER.into(),
    };
    match context.cluster.execute(&action).await {
        Ok(_) => {}
        Err(error) if error.is(Cause::NotFound) => {}
        Err(error) => return Err(error),
    }
    context.applications.forget(&key);
    context.live.follow(context, &key, &context.cluster, &HashSet::new());
    Ok(())
}
