//! How a live object is, by the rules of kstatus (`sigs.k8s.io/cli-utils/pkg/kstatus/status`, in
//! Flux's reading of Jobs).
//!
//! Differs from kstatus in one thing: a Pod that cannot be scheduled is `InProgress`, not `Failed` after
//! 15 seconds; time does not enter here.

mod workloads;

use sealward_manifest::Manifest;
use sealward_manifest::document::{Node, Value};

/// How an object is, with a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It is as its kind wants to be.
    Current,
    /// It is getting there.
    InProgress(String),
    /// It will not get there by itself.
    Failed(String),
    /// It is being deleted.
    Terminating,
}

impl Health {
    /// Whether nothing is left to wait for.
    pub fn is_current(&self) -> bool {
        *self == Self::Current
    }

    /// What is wrong, if something is.
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Current => None,
            Self::InProgress(message) | Self::Failed(message) => Some(message),
            Self::Terminating => Some("it is being deleted"),
        }
    }
}

/// How `live` is.
pub fn health(live: &Manifest) -> Health {
    let root = live.root();
    if root.at(&["metadata", "deletionTimestamp"]).is_some() {
        return Health::Terminating;
    }
    if let (Some(generation), Some(observed)) =
        (integer(root, &["metadata", "generation"]), integer(root, &["status", "observedGeneration"]))
        && generation != observed
    {
        return progressing(format!(
            "generation {generation} is not observed yet (status speaks of {observed})"
        ));
    }
    if let Some(told) = told_by_conditions(root) {
        return told;
    }
    let gvk = live.gvk();
    let by_kind = match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "ConfigMap" | "Secret") | ("batch", "CronJob") | ("policy", "PodDisruptionBudget") => {
            Some(Health::Current)
        }
        ("", "Service") => Some(service(root)),
        ("", "PersistentVolumeClaim") => Some(claim(root)),
        ("", "Pod") => Some(workloads::pod(root)),
        ("batch", "Job") => Some(workloads::job(root)),
        ("apps", "Deployment") => Some(workloads::deployment(root)),
        ("apps", "StatefulSet") => Some(workloads::stateful_set(root)),
        ("apps", "ReplicaSet") => Some(workloads::replica_set(root)),
        ("apps", "DaemonSet") => Some(workloads::daemon_set(root)),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => Some(definition(root)),
        _ => None,
    };
    by_kind.unwrap_or_else(|| ready(root))
}

/// `Reconciling` and `Stalled`, whichever stands first.
fn told_by_conditions(root: &Node) -> Option<Health> {
    conditions(root).find_map(|condition| match (word(condition, "type"), word(condition, "status")) {
        ("Reconciling", "True") => Some(progressing(word(condition, "message"))),
        ("Stalled", "True") => Some(Health::Failed(word(condition, "message").to_owned())),
        _ => None,
    })
}

/// A kind without rules: its `Ready` condition, if it has one.
fn ready(root: &Node) -> Health {
    match condition(root, "Ready") {
        None => Health::Current,
        Some(ready) if word(ready, "status") == "True" => Health::Current,
        Some(ready) => progressing(match word(ready, "message") {
            "" => "Ready is not True",
            message => message,
        }),
    }
}

fn service(root: &Node) -> Health {
    let balanced = root.at(&["spec", "type"]).and_then(Node::as_str) == Some("LoadBalancer");
    let address = root.at(&["spec", "clusterIP"]).and_then(Node::as_str).unwrap_or_default();
    if balanced && address.is_empty() { progressing("no cluster IP is assigned") } else { Health::Current }
}

fn claim(root: &Node) -> Health {
    match root.at(&["status", "phase"]).and_then(Node::as_str) {
        Some("Bound") => Health::Current,
        phase => progressing(format!("the claim is not bound: {}", phase.unwrap_or("no phase yet"))),
    }
}

fn definition(root: &Node) -> Health {
    if let Some(names) = condition(root, "NamesAccepted").filter(|names| word(names, "status") == "False") {
        return Health::Failed(word(names, "message").to_owned());
    }
    match condition(root, "Established") {
        Some(established) if word(established, "status") == "True" => Health::Current,
        Some(established)
            if word(established, "status") == "False" && word(established, "reason") != "Installing" =>
        {
            Health::Failed(word(established, "message").to_owned())
        }
        Some(_) | None => progressing("the definition is being installed"),
    }
}

fn progressing(message: impl Into<String>) -> Health {
    Health::InProgress(message.into())
}

fn conditions(root: &Node) -> impl Iterator<Item = &Node> {
    root.at(&["status", "conditions"]).and_then(Node::as_list).unwrap_or_default().iter()
}

fn condition<'a>(root: &'a Node, kind: &str) -> Option<&'a Node> {
    conditions(root).find(|condition| word(condition, "type") == kind)
}

/// The text of `field`, or `""`.
fn word<'a>(node: &'a Node, field: &str) -> &'a str {
    node.get(field).and_then(Node::as_str).unwrap_or_default()
}

fn integer(root: &Node, path: &[&str]) -> Option<i64> {
    match &root.at(path)?.value {
        Value::Number(number) => number.as_i64(),
        Value::Null
        | Value::Bool(_)
        | Value::String(_)
        | Value::Secret(_)
        | Value::List(_)
        | Value::Map(_) => None,
    }
}

#[cfg(test)]
mod tests;
