//! Events (`v1`, as client-go's recorder writes them), one object for the same message about the same object.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Event as WireEvent, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::api::{Api, Patch, PatchParams, PostParams};
use sealward_manifest::Manifest;

use crate::error::ActionError;

const SERIES: SignedDuration = SignedDuration::from_mins(6);
const BOUND: Duration = Duration::from_secs(15);
/// In bytes; readers through events.k8s.io expect 1024 at most
/// (`k8s.io/kubernetes/pkg/apis/core/validation/events.go`).
const NOTE_LIMIT: usize = 1000;
/// In bytes, of the 253 that a name may have; the time follows.
const NAME_LIMIT: usize = 220;

/// How grave an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Something went as it should.
    Normal,
    /// Somebody should look.
    Warning,
}

/// Something worth telling about an object.
#[derive(Debug, Clone)]
pub struct Event {
    /// How grave.
    pub kind: EventKind,
    /// One CamelCase word: why.
    pub reason: String,
    /// One CamelCase word: what was being done.
    pub action: String,
    /// A sentence for people; cut to what the API server takes. Must hold no secret.
    pub note: String,
    /// Annotations of the event, such as the revision.
    pub annotations: Vec<(String, String)>,
}

/// Publishes events in one reporter's name, their source component. The same event within six minutes is
/// counted on the first one.
#[derive(Clone)]
pub struct Events {
    client: kube::Client,
    reporter: &'static str,
    instance: String,
    recent: Arc<Mutex<HashMap<Key, Told>>>,
}

type Key = (String, EventKind, String, String);

#[derive(Clone)]
struct Told {
    name: String,
    count: i32,
    last: Timestamp,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("reporter", &self.reporter).finish_non_exhaustive()
    }
}

impl Events {
    pub(crate) fn new(client: kube::Client, reporter: &'static str, instance: String) -> Self {
        Self { client, reporter, instance, recent: Arc::default() }
    }

    /// Tells `event` about `regarding`; events of cluster-scoped objects go to namespace `default`.
    ///
    /// # Errors
    /// [`ActionError`] when the server refuses; losing an event must not fail what it is about.
    pub async fn publish(
        &self,
        event: &Event,
        regarding: &Manifest,
        now: Timestamp,
    ) -> Result<(), ActionError> {
        let key = (regarding.uid().to_owned(), event.kind, event.reason.clone(), event.note.clone());
        let told = self.count(&key, regarding, now);
        let namespace = if regarding.namespace().is_empty() { "default" } else { regarding.namespace() };
        let api: Api<WireEvent> = Api::namespaced(self.client.clone(), namespace);
        let sent = if told.count > 1 {
            let patch = serde_json::json!({ "count": told.count, "lastTimestamp": Time(now) });
            let params = PatchParams::default();
            tokio::time::timeout(BOUND, api.patch(&told.name, &params, &Patch::Merge(patch))).await
        } else {
            let wire = self.wire(event, regarding, namespace, told.name, now);
            let params = PostParams::default();
            tokio::time::timeout(BOUND, api.create(&params, &wire)).await
        };
        let about = regarding.id().to_string();
        let result = match sent {
            Err(_) => Err(ActionError::timed_out("tell an event about", about)),
            Ok(Err(error)) => Err(ActionError::from_kube("tell an event about", about, &error, None)),
            Ok(Ok(_)) => Ok(()),
        };
        if result.is_err() {
            self.recent.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        }
        result
    }

    /// Counts this telling of `key`; a name for the event object is made at the first.
    fn count(&self, key: &Key, regarding: &Manifest, now: Timestamp) -> Told {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, told| now.duration_since(told.last) < SERIES);
        let name = cut(regarding.name(), NAME_LIMIT).trim_end_matches(['.', '-']);
        let fresh = || Told { name: format!("{name}.{:x}", now.as_nanosecond()), count: 0, last: now };
        let told = recent.entry(key.clone()).or_insert_with(fresh);
        told.count = told.count.saturating_add(1);
        told.last = now;
        told.clone()
    }

    fn wire(
        &self,
        event: &Event,
        regarding: &Manifest,
        namespace: &str,
        name: String,
        now: Timestamp,
    ) -> WireEvent {
        let kind = match event.kind {
            EventKind::Normal => "Normal",
            EventKind::Warning => "Warning",
        };
        WireEvent {
            action: Some(event.action.clone()),
            reason: Some(event.reason.clone()),
            message: Some(cut(&event.note, NOTE_LIMIT).to_owned()),
            type_: Some(kind.into()),
            count: Some(1),
            first_timestamp: Some(Time(now)),
            last_timestamp: Some(Time(now)),
            involved_object: reference(regarding),
            source: Some(EventSource { component: Some(self.reporter.into()), host: None }),
            reporting_component: Some(self.reporter.into()),
            reporting_instance: Some(self.instance.clone()),
            metadata: ObjectMeta {
                name: Some(name),
                namespace: Some(namespace.into()),
                annotations: Some(event.annotations.iter().cloned().collect()),
                ..ObjectMeta::default()
            },
            ..WireEvent::default()
        }
    }
}

fn reference(object: &Manifest) -> ObjectReference {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    ObjectReference {
        api_version: Some(object.gvk().api_version()),
        kind: Some(object.gvk().kind.clone()),
        namespace: text(object.namespace()),
        name: text(object.name()),
        uid: text(object.uid()),
        resource_version: text(object.resource_version()),
        ..ObjectReference::default()
    }
}

/// The beginning of `text`, `limit` bytes at most, cut between characters.
fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_bytes() {
        let check = |text: &str, limit, expect: &str| assert_eq!(cut(text, limit), expect);
        check("abc", 5, "abc");
        check("abc", 2, "ab");
        check("a→b", 3, "a");
        check("a→b", 4, "a→");
    }
}
