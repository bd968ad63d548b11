//! Rules of the kinds that run Pods; the first that applies counts, a missing number is 0.

use sealward_manifest::document::{Node, Value};

use super::{Health, condition, conditions, integer, progressing, word};

fn status(root: &Node, field: &str) -> i64 {
    integer(root, &["status", field]).unwrap_or_default()
}

fn is_true(root: &Node, kind: &str) -> bool {
    condition(root, kind).is_some_and(|found| word(found, "status") == "True")
}

/// Fails with `text` when `got` is less than `want`.
fn behind(text: &str, got: i64, want: i64) -> Option<Health> {
    (got < want).then(|| progressing(format!("{text}: {got}/{want}")))
}

fn first(rules: impl IntoIterator<Item = Option<Health>>) -> Health {
    rules.into_iter().flatten().next().unwrap_or(Health::Current)
}

pub(super) fn deployment(root: &Node) -> Health {
    let deadline = integer(root, &["spec", "progressDeadlineSeconds"]);
    let progress = condition(root, "Progressing");
    let exceeded = progress.is_some_and(|found| word(found, "reason") == "ProgressDeadlineExceeded");
    if exceeded {
        return Health::Failed("the progress deadline is exceeded".into());
    }
    let no_deadline = deadline.is_none_or(|seconds| seconds == i64::from(i32::MAX));
    let progressed = no_deadline
        || progress.is_some_and(|found| {
            word(found, "status") == "True" && word(found, "reason") == "NewReplicaSetAvailable"
        });
    let wanted = integer(root, &["spec", "replicas"]).unwrap_or(1);
    let (replicas, updated) = (status(root, "replicas"), status(root, "updatedReplicas"));
    let (available, ready) = (status(root, "availableReplicas"), status(root, "readyReplicas"));
    first([
        behind("replicas", replicas, wanted),
        behind("updated", updated, wanted),
        (replicas > wanted).then(|| progressing(format!("pending termination: {}", replicas - wanted))),
        behind("available", available, updated),
        behind("ready", ready, wanted),
        (!progressed).then(|| progressing("the new ReplicaSet is not available")),
        (!is_true(root, "Available")).then(|| progressing("the Deployment is not available")),
    ])
}

pub(super) fn stateful_set(root: &Node) -> Health {
    if root.at(&["spec", "updateStrategy", "type"]).and_then(Node::as_str) == Some("OnDelete") {
        return Health::Current;
    }
    let wanted = integer(root, &["spec", "replicas"]).unwrap_or(1);
    let (replicas, ready) = (status(root, "replicas"), status(root, "readyReplicas"));
    let common = first([
        behind("replicas", replicas, wanted),
        behind("ready", ready, wanted),
        (replicas > wanted).then(|| progressing(format!("pending termination: {}", replicas - wanted))),
    ]);
    if !common.is_current() {
        return common;
    }
    let partition = integer(root, &["spec", "updateStrategy", "rollingUpdate", "partition"]);
    if let Some(partition) = partition.filter(|partition| *partition > 0) {
        return first([behind("partition rollout", status(root, "updatedReplicas"), wanted - partition)]);
    }
    let revision = |field| root.at(&["status", field]).and_then(Node::as_str).unwrap_or_default();
    let rolling = revision("currentRevision") != revision("updateRevision");
    first([
        behind("current", status(root, "currentReplicas"), wanted),
        rolling.then(|| progressing("the update revision is not current yet")),
    ])
}

pub(super) fn replica_set(root: &Node) -> Health {
    let wanted = integer(root, &["spec", "replicas"]).unwrap_or(1);
    let replicas = status(root, "replicas");
    first([
        is_true(root, "ReplicaFailure").then(|| progressing("creating Pods fails")),
        behind("labelled", status(root, "fullyLabeledReplicas"), wanted),
        behind("available", status(root, "availableReplicas"), wanted),
        behind("ready", status(root, "readyReplicas"), wanted),
        (replicas > wanted).then(|| progressing(format!("pending termination: {}", replicas - wanted))),
    ])
}

pub(super) fn daemon_set(root: &Node) -> Health {
    let known = integer(root, &["status", "observedGeneration"]).is_some();
    let Some(wanted) = integer(root, &["status", "desiredNumberScheduled"]).filter(|_| known) else {
        return progressing("the DaemonSet is not observed yet");
    };
    first([
        behind("scheduled", status(root, "currentNumberScheduled"), wanted),
        behind("updated", status(root, "updatedNumberScheduled"), wanted),
        behind("available", status(root, "numberAvailable"), wanted),
        behind("ready", status(root, "numberReady"), wanted),
    ])
}

pub(super) fn job(root: &Node) -> Health {
    for found in conditions(root).filter(|found| word(found, "status") == "True") {
        match word(found, "type") {
            "Complete" => return Health::Current,
            "Failed" => return Health::Failed(format!("the Job failed: {}", word(found, "message"))),
            _ => {}
        }
    }
    if root.at(&["spec", "suspend"]).is_some_and(|node| node.value == Value::Bool(true)) {
        return Health::Current;
    }
    if root.at(&["status", "startTime"]).is_none() {
        return progressing("the Job has not started");
    }
    progressing("the Job runs")
}

pub(super) fn pod(root: &Node) -> Health {
    match root.at(&["status", "phase"]).and_then(Node::as_str).unwrap_or_default() {
        "Succeeded" | "Failed" => Health::Current,
        "Running" => running(root),
        "Pending" => {
            let scheduled = condition(root, "PodScheduled");
            let stuck = scheduled.filter(|found| word(found, "status") == "False");
            progressing(stuck.map_or("the Pod is pending", |found| word(found, "message")))
        }
        _ => progressing("the Pod has no phase yet"),
    }
}

fn running(root: &Node) -> Health {
    if is_true(root, "Ready") {
        return Health::Current;
    }
    let containers = root.at(&["status", "containerStatuses"]).and_then(Node::as_list).unwrap_or_default();
    let crashing = containers.iter().find(|container| {
        container.at(&["state", "waiting", "reason"]).and_then(Node::as_str) == Some("CrashLoopBackOff")
    });
    match crashing {
        Some(container) => {
            Health::Failed(format!("container {} crashes again and again", word(container, "name")))
        }
        None => progressing("the Pod is not ready"),
    }
}
