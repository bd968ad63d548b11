//! Watches as changes of manifests.

use futures::{Stream, StreamExt};
use kube::api::{DynamicObject, TypeMeta};
use kube::runtime::{WatchStreamExt, watcher};
use sealward_manifest::{Gvk, Manifest};

use crate::error::{ActionError, chain};

/// What a watch tells.
#[derive(Debug, Clone)]
pub enum Change {
    /// All objects that match: at the start, and again whenever the watch had to begin anew. What was
    /// known before and is not here is gone.
    Listed(Vec<Manifest>),
    /// An object was made or changed.
    Applied(Manifest),
    /// An object is gone; its last known state.
    Deleted(Manifest),
    /// The watch broke; it goes on by itself after a pause, and [`Change::Listed`] or the missed
    /// changes follow. Or one object cannot be read, and is left out.
    Failed(ActionError),
}

/// What to watch: label and field selectors as kubectl takes them, `""` for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector {
    /// Label selector.
    pub labels: String,
    /// Field selector.
    pub fields: String,
}

impl Selector {
    /// Every object.
    pub fn all() -> Self {
        Self::default()
    }

    /// The objects whose labels match `selector`.
    pub fn labels(selector: impl Into<String>) -> Self {
        Self { labels: selector.into(), fields: String::new() }
    }

    /// The object named `name`.
    pub fn named(name: &str) -> Self {
        Self { labels: String::new(), fields: format!("metadata.name={name}") }
    }
}

pub(crate) fn changes(
    api: kube::Api<DynamicObject>,
    selector: &Selector,
    gvk: Gvk,
) -> impl Stream<Item = Change> + Send + use<> {
    let events = watcher(api, configured(selector)).default_backoff();
    let mut listing: Option<Vec<Manifest>> = None;
    events.filter_map(move |event| futures::future::ready(next(event, &mut listing, &gvk)))
}

/// The watch's options for `selector`.
pub(crate) fn configured(selector: &Selector) -> watcher::Config {
    let mut config = watcher::Config::default();
    if !selector.labels.is_empty() {
        config = config.labels(&selector.labels);
    }
    if !selector.fields.is_empty() {
        config = config.fields(&selector.fields);
    }
    config
}

fn next(
    event: Result<watcher::Event<DynamicObject>, watcher::Error>,
    listing: &mut Option<Vec<Manifest>>,
    gvk: &Gvk,
) -> Option<Change> {
    match event {
        Ok(watcher::Event::Init) => {
            *listing = Some(Vec::new());
            None
        }
        Ok(watcher::Event::InitApply(object)) => match (listing, read(object, gvk)) {
            (Some(list), Ok(manifest)) => {
                list.push(manifest);
                None
            }
            (None, Ok(_)) => None,
            (_, Err(error)) => Some(Change::Failed(error)),
        },
        Ok(watcher::Event::InitDone) => listing.take().map(Change::Listed),
        Ok(watcher::Event::Apply(object)) => {
            Some(read(object, gvk).map_or_else(Change::Failed, Change::Applied))
        }
        Ok(watcher::Event::Delete(object)) => {
            Some(read(object, gvk).map_or_else(Change::Failed, Change::Deleted))
        }
        Err(error) => Some(Change::Failed(failure(&error, &gvk.to_string()))),
    }
}

/// `object` as a manifest. The items of a list of built-in kinds say neither apiVersion nor kind: they are
/// what was asked for.
fn read(mut object: DynamicObject, gvk: &Gvk) -> Result<Manifest, ActionError> {
    object.types.get_or_insert_with(|| TypeMeta { api_version: gvk.api_version(), kind: gvk.kind.clone() });
    let json = serde_json::to_value(&object).unwrap_or_default();
    let namespace = object.metadata.namespace.unwrap_or_default();
    sealward_plan::live(&json).map_err(|error| {
        let name = object.metadata.name.unwrap_or_default();
        ActionError::malformed("watch", format!("{gvk} {namespace}/{name}"), error.to_string())
    })
}

pub(crate) fn failure(error: &watcher::Error, what: &str) -> ActionError {
    match error {
        watcher::Error::InitialListFailed(source)
        | watcher::Error::WatchStartFailed(source)
        | watcher::Error::WatchFailed(source) => ActionError::from_kube("watch", what, source, None),
        watcher::Error::WatchError(status) => {
            ActionError::from_kube("watch", what, &kube::Error::Api(status.clone()), None)
        }
        watcher::Error::NoResourceVersion => ActionError::malformed("watch", what, chain(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_a_list_are_of_the_kind_that_was_asked_for() {
        let item = serde_json::json!({"metadata": {"name": "key", "namespace": "ns"}, "data": {"a": "eA=="}});
        let item: DynamicObject = serde_json::from_value(item).unwrap();
        let read = read(item, &Gvk::new("", "v1", "Secret")).unwrap();
        assert!(read.is_secret());
        assert_eq!(read.name(), "key");
    }
}
