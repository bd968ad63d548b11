//! Feeding the World from watches.

use std::pin::pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::StreamExt;
use sealward_admission::World;
use sealward_api::names;
use sealward_api::rendering::{self, RenderingSpec};
use sealward_chassis::readiness::Condition;
use sealward_cluster::{Change, Cluster, Selector};
use sealward_manifest::{Gvk, Manifest};

/// The World as it is now; changed by swapping it whole.
pub(crate) type Shared = Arc<ArcSwap<World>>;

/// Changes the World by `change`; concurrent changes are not lost.
pub(crate) fn change(world: &Shared, change: impl Fn(&mut World)) {
    world.rcu(|world| {
        let mut changed = World::clone(world);
        change(&mut changed);
        changed
    });
}

/// Keeps the namespaces.
pub(crate) async fn namespaces(cluster: Cluster, world: Shared, ready: Condition) -> anyhow::Result<()> {
    let mut changes = pin!(cluster.watch(Gvk::new("", "v1", "Namespace"), None, Selector::all()));
    while let Some(event) = changes.next().await {
        match event {
            Change::Listed(all) => {
                change(&world, |world| world.namespaces.replace(all.clone()));
                ready.set(true);
            }
            Change::Applied(object) => change(&world, |world| world.namespaces.insert(object.clone())),
            Change::Deleted(object) => change(&world, |world| world.namespaces.remove(object.name())),
            Change::Failed(error) => tracing::warn!(%error, "watch of Namespaces broke"),
        }
    }
    anyhow::bail!("the watch of Namespaces ended")
}

/// Keeps the Renderings.
pub(crate) async fn renderings(cluster: Cluster, world: Shared, ready: Condition) -> anyhow::Result<()> {
    let gvk = Gvk::new(names::GROUP, names::VERSION, rendering::KIND);
    let mut changes = pin!(cluster.watch(gvk, None, Selector::all()));
    while let Some(event) = changes.next().await {
        match event {
            Change::Listed(all) => {
                change(&world, |world| world.renderings.replace(all.iter().filter_map(spec)));
                ready.set(true);
            }
            Change::Applied(object) => change(&world, |world| match spec(&object) {
                Some((name, spec)) => world.renderings.insert(name, spec),
                None => world.renderings.remove(object.name()),
            }),
            Change::Deleted(object) => change(&world, |world| world.renderings.remove(object.name())),
            Change::Failed(error) => tracing::warn!(%error, "watch of Renderings broke"),
        }
    }
    anyhow::bail!("the watch of Renderings ended")
}

fn spec(object: &Manifest) -> Option<(String, RenderingSpec)> {
    let spec = object.root().get("spec")?.to_json_redacted();
    match serde_json::from_value(spec) {
        Ok(spec) => Some((object.name().to_owned(), spec)),
        Err(error) => {
            tracing::warn!(rendering = object.name(), %error, "a Rendering cannot be read and is skipped");
            None
        }
    }
}
