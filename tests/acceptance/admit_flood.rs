//! Calls that never end, and more of them than there is room for.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use sealward_acceptance::{Process, Workbench};
use serde_json::json;

use crate::admit_harness::Shared;
use crate::role::{eventually, free_port};

/// What `deploy/webhook/deployment.yaml` lets the webhook have.
const MEMORY_LIMIT: u64 = 512 << 20;

/// A POST by curl, which shows the status of the answer.
fn post(port: u16, path: &str, more: &[&str]) -> Child {
    let mut curl = Command::new("curl");
    curl.args(["-sk", "--http1.1", "-m", "120", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Expect:"]);
    curl.args(more).arg(format!("https://127.0.0.1:{port}{path}"));
    curl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn status(child: Child) -> String {
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn admit_bodies_that_never_come_hold_nothing_up() {
    const CLIENTS: u64 = 16;
    let shared = Shared::instance();
    let ns = shared.namespace("flood-slow");
    // No length is announced: each may become as large as the largest, and the room is for four of these.
    // The dot reads what comes without waiting for it.
    let stalled = || post(shared.webhook.port, "/guard", &["-X", "POST", "-T", "."]);
    let mut clients: Vec<Child> = (0..CLIENTS).map(|_| stalled()).collect();
    shared.developer(&["create", "configmap", "x", "-n", &ns, "--dry-run=server"], None).unwrap();
    let counted = || {
        let metrics = shared.webhook.metrics();
        let is_slow =
            |line: &&str| line.contains(r#"webhook="guard""#) && line.contains(r#"reason="too-slow""#);
        let line = metrics.lines().find(is_slow).unwrap_or_default().to_owned();
        line.rsplit(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0)
    };
    eventually("all of them are given up", || counted() >= CLIENTS);
    for client in &mut clients {
        drop(client.stdin.take());
    }
    clients.into_iter().for_each(|client| assert_eq!(status(client), "408"));
}

/// A review of an object with so many values.
fn review(values: usize) -> Vec<u8> {
    let zeros = "0,".repeat(values);
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": {"group": "", "version": "v1", "kind": "ConfigMap"},
        "resource": {"group": "", "version": "v1", "resource": "configmaps"}, "name": "big", "namespace": "default",
        "operation": "CREATE", "userInfo": {"username": "dev"},
        "object": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big", "namespace": "default"}, "data": []},
    }});
    review.to_string().replace("\"data\":[]", &format!("\"data\":[{zeros}0]")).into_bytes()
}

fn peak_memory(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn admit_a_flood_is_refused_and_leaves_no_trace() {
    let shared = Shared::instance();
    let bench = Workbench::new(&shared.plane, "flood").unwrap();
    let (port, probes) = (free_port(), free_port());
    let flags = [
        &format!("--listen-addr=127.0.0.1:{port}"),
        &format!("--listen-metrics-addr=127.0.0.1:{probes}"),
        "--extra-san=127.0.0.1",
    ];
    // A replica in a process of its own, so that its memory is seen.
    let webhook = bench.role("webhook", &flags).unwrap();
    eventually("the replica is ready", || bench.fetch(&format!("http://127.0.0.1:{probes}/readyz")).is_ok());
    let small = br#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}"#;
    let send = |body: &[u8]| {
        let mut child = post(port, "/policy", &["--data-binary", "@-"]);
        // The server may answer and close before it has read everything.
        let _ = child.stdin.take().unwrap().write_all(body);
        status(child)
    };
    assert_eq!(send(small), "400");
    assert_eq!(send(&review(1_000_000)), "413");
    let body = review(999_900);
    let answers: Vec<String> = std::thread::scope(|scope| {
        let flood: Vec<_> = (0..24).map(|_| scope.spawn(|| send(&body))).collect();
        flood.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| ["200", "408", "503"].contains(&answer.as_str())), "{answers:?}");
    assert!(peak_memory(&webhook) < MEMORY_LIMIT, "{} MiB", peak_memory(&webhook) >> 20);
    assert_eq!(send(small), "400", "when they are gone it answers as before");
}
