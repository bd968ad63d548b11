use serde_json::{Value, json};

use super::*;

fn check(api_version: &str, kind: &str, rest: &Value, expect: &str) {
    let mut json =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": "b"}});
    for (key, value) in rest.as_object().unwrap() {
        if key == "metadata" {
            json[key].as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        } else {
            json[key] = value.clone();
        }
    }
    let found = match health(&crate::live(&json).unwrap()) {
        Health::Current => "Current",
        Health::InProgress(_) => "InProgress",
        Health::Failed(_) => "Failed",
        Health::Terminating => "Terminating",
    };
    assert_eq!(found, expect, "{json}");
}

#[test]
fn what_holds_for_all_kinds() {
    check("v1", "ConfigMap", &json!({}), "Current");
    check("v1", "ConfigMap", &json!({"metadata": {"deletionTimestamp": "x"}}), "Terminating");
    check(
        "x/v1",
        "X",
        &json!({"metadata": {"generation": 2}, "status": {"observedGeneration": 1}}),
        "InProgress",
    );
    let with =
        |kind: &str, status: &str| json!({"status": {"conditions": [{"type": kind, "status": status}]}});
    check("x/v1", "X", &with("Reconciling", "True"), "InProgress");
    check("x/v1", "X", &with("Stalled", "True"), "Failed");
    check("x/v1", "X", &with("Ready", "True"), "Current");
    check("x/v1", "X", &with("Ready", "False"), "InProgress");
    check("x/v1", "X", &with("Ready", "Unknown"), "InProgress");
    check("x/v1", "X", &json!({}), "Current");
}

#[test]
fn simple_kinds() {
    check("v1", "Service", &json!({"spec": {"type": "LoadBalancer"}}), "InProgress");
    check("v1", "Service", &json!({"spec": {"type": "LoadBalancer", "clusterIP": "10.0.0.1"}}), "Current");
    check("v1", "Service", &json!({"spec": {"type": "ClusterIP"}}), "Current");
    check("v1", "PersistentVolumeClaim", &json!({"status": {"phase": "Bound"}}), "Current");
    check("v1", "PersistentVolumeClaim", &json!({"status": {"phase": "Pending"}}), "InProgress");
    let crd = |kind: &str, status: &str, reason: &str| json!({"status": {"conditions": [{"type": kind, "status": status, "reason": reason}]}});
    let check_crd =
        |rest: &Value, expect| check("apiextensions.k8s.io/v1", "CustomResourceDefinition", rest, expect);
    check_crd(&crd("Established", "True", ""), "Current");
    check_crd(&crd("Established", "False", "Installing"), "InProgress");
    check_crd(&crd("Established", "False", "Other"), "Failed");
    check_crd(&crd("NamesAccepted", "False", ""), "Failed");
    check_crd(&json!({}), "InProgress");
}

fn deployment(status: &Value) -> Value {
    json!({"spec": {"replicas": 2, "progressDeadlineSeconds": 600}, "status": status})
}

#[test]
fn deployments() {
    let done = json!([{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
                      {"type": "Available", "status": "True"}]);
    let counts = |replicas, updated, available, ready| {
        json!({"replicas": replicas, "updatedReplicas": updated, "availableReplicas": available,
               "readyReplicas": ready, "conditions": done})
    };
    let go = |status: &Value, expect| check("apps/v1", "Deployment", &deployment(status), expect);
    go(&counts(2, 2, 2, 2), "Current");
    go(&counts(1, 1, 1, 1), "InProgress");
    go(&counts(2, 1, 2, 2), "InProgress");
    go(&counts(3, 2, 2, 2), "InProgress");
    go(&counts(2, 2, 1, 2), "InProgress");
    go(&counts(2, 2, 2, 1), "InProgress");
    let mut waiting = counts(2, 2, 2, 2);
    waiting["conditions"][0]["reason"] = json!("ReplicaSetUpdated");
    go(&waiting, "InProgress");
    waiting["conditions"][0]["reason"] = json!("ProgressDeadlineExceeded");
    go(&waiting, "Failed");
    let mut unavailable = counts(2, 2, 2, 2);
    unavailable["conditions"][1]["status"] = json!("False");
    go(&unavailable, "InProgress");
    check(
        "apps/v1",
        "Deployment",
        &json!({"spec": {"replicas": 0}, "status": {"conditions": done}}),
        "Current",
    );
}

#[test]
fn stateful_sets() {
    let go = |spec: &Value, status: &Value, expect| {
        check("apps/v1", "StatefulSet", &json!({"spec": spec, "status": status}), expect);
    };
    let full = json!({"replicas": 2, "readyReplicas": 2, "currentReplicas": 2, "updatedReplicas": 2,
                      "currentRevision": "a", "updateRevision": "a"});
    go(&json!({"replicas": 2}), &full, "Current");
    go(&json!({"replicas": 3}), &full, "InProgress");
    go(&json!({"replicas": 1}), &full, "InProgress");
    go(&json!({"replicas": 9, "updateStrategy": {"type": "OnDelete"}}), &json!({}), "Current");
    let mut rolling = full.clone();
    rolling["updateRevision"] = json!("b");
    go(&json!({"replicas": 2}), &rolling, "InProgress");
    rolling["updatedReplicas"] = json!(1);
    go(&json!({"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}}), &rolling, "Current");
    rolling["updatedReplicas"] = json!(0);
    go(
        &json!({"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}}),
        &rolling,
        "InProgress",
    );
}

#[test]
fn other_workloads() {
    let daemon = |status: &Value, expect| check("apps/v1", "DaemonSet", &json!({"status": status}), expect);
    daemon(&json!({}), "InProgress");
    let mut full = json!({"observedGeneration": 1, "desiredNumberScheduled": 1, "currentNumberScheduled": 1,
        "updatedNumberScheduled": 1, "numberAvailable": 1, "numberReady": 1});
    daemon(&full, "Current");
    full["numberReady"] = json!(0);
    daemon(&full, "InProgress");

    let set = |status: &Value, expect| check("apps/v1", "ReplicaSet", &json!({"status": status}), expect);
    set(
        &json!({"replicas": 1, "fullyLabeledReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}),
        "Current",
    );
    set(
        &json!({"replicas": 1, "fullyLabeledReplicas": 1, "availableReplicas": 0, "readyReplicas": 1}),
        "InProgress",
    );

    let job = |rest: &Value, expect| check("batch/v1", "Job", rest, expect);
    let ended = |kind: &str| json!({"status": {"conditions": [{"type": kind, "status": "True"}]}});
    job(&ended("Complete"), "Current");
    job(&ended("Failed"), "Failed");
    job(&json!({"spec": {"suspend": true}}), "Current");
    job(&json!({"status": {"startTime": "x"}}), "InProgress");
    job(&json!({}), "InProgress");

    let pod = |status: &Value, expect| check("v1", "Pod", &json!({"status": status}), expect);
    pod(&json!({"phase": "Succeeded"}), "Current");
    pod(&json!({"phase": "Failed"}), "Current");
    pod(&json!({"phase": "Pending"}), "InProgress");
    pod(&json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}), "Current");
    pod(&json!({"phase": "Running"}), "InProgress");
    let crash = json!([{"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]);
    pod(&json!({"phase": "Running", "containerStatuses": crash}), "Failed");
}
