//! Our metrics beside those of the real controller: the same names, with the same labels.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use sealward_acceptance::{Workbench, free_port};
use serde_json::json;

use super::http_scene::{curl, http_scene, post};
use super::scene::{Scene, secret};
use super::upstream;

/// Label names by metric, as Prometheus' text format shows them; a histogram's buckets under its own name.
fn series(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("sealed_secrets_controller_")) {
        let end = line.find(['{', ' ']).unwrap();
        let labels =
            line[end..].strip_prefix('{').and_then(|rest| rest.rsplit_once('}')).map(|(labels, _)| labels);
        let names = labels
            .into_iter()
            .flat_map(|labels| labels.split("\","))
            .filter_map(|label| label.split_once('='));
        found.entry(line[..end].to_owned()).or_default().extend(names.map(|(name, _)| name.to_owned()));
    }
    found
}

/// Makes both sealers count what they can count: a SealedSecret that opens, one that does not, and requests.
fn use_all(scene: &Scene<'_>, namespace: &str) {
    let good = scene.seal_rsa(&secret(namespace, "counted", &[("key", "x")]), &[]);
    scene.apply(&good);
    let mut bad = good;
    bad["metadata"]["name"] = json!("counted-as-failed");
    scene.apply(&bad);
    scene.wait_synced(namespace, "counted", "True");
    scene.wait_synced(namespace, "counted-as-failed", "False");
}

#[test]
fn http_metrics_have_upstreams_names_and_labels() {
    let scene = http_scene();
    let namespace = scene.namespace();
    use_all(scene, &namespace);
    for path in ["/v1/cert.pem", "/v1/verify", "/v1/rotate"] {
        curl(&["-X", "GET"], &format!("{}{path}", scene.url), b"");
        post(scene, path, b"{}");
    }
    let ours = scene.wait("both conditions are told", || {
        let text = scene.bench.fetch(&format!("{}/metrics", scene.metrics_url)).ok()?;
        let told = |name: &str, value: &str| {
            text.lines().any(|line| {
                line.starts_with("sealed_secrets_controller_condition_info{")
                    && line
                        .contains(&format!("namespace=\"{namespace}\",name=\"{name}\",condition=\"Synced\""))
                    && line.ends_with(value)
            })
        };
        (told("counted", " 1") && told("counted-as-failed", " -1")).then_some(text)
    });
    let failed = format!("unseal_errors_total{{reason=\"unseal\",namespace=\"{namespace}\"}} ");
    assert!(ours.contains(&failed), "{ours}");
    let never = format!("unseal_errors_total{{reason=\"fetch\",namespace=\"{namespace}\"}} 0");
    assert!(ours.contains(&never), "{ours}");
    assert!(
        ours.contains("http_requests_total{path=\"/v1/verify\",code=\"500\",method=\"post\"} "),
        "{ours}"
    );

    let plane = scene.plane();
    upstream::install(plane);
    let metrics = free_port().unwrap();
    let bench = Workbench::new(plane, "upstream").unwrap();
    // It keeps to this test's namespace: elsewhere it would open what our sealer refuses to.
    let (listen, only) = (
        format!("--listen-metrics-addr=127.0.0.1:{metrics}"),
        format!("--additional-namespaces={namespace}"),
    );
    let theirs = upstream::start(&bench, &[&listen, "--all-namespaces=false", &only]);
    scene.wait("the real controller answers", || {
        scene.bench.fetch(&format!("{}/v1/cert.pem", theirs.url)).ok()
    });
    for path in ["/v1/cert.pem", "/v1/verify", "/v1/rotate"] {
        curl(&["-X", "GET"], &format!("{}{path}", theirs.url), b"");
        curl(&["-X", "POST"], &format!("{}{path}", theirs.url), b"{}");
    }
    let theirs_text = scene.wait("the real controller has failed once", || {
        let text = scene.bench.fetch(&format!("http://127.0.0.1:{metrics}/metrics")).ok()?;
        text.contains("unseal_errors_total{").then_some(text)
    });
    let (ours, theirs) = (series(&ours), series(&theirs_text));
    assert!(theirs.len() >= 8, "{theirs:?}");
    for (name, labels) in &theirs {
        assert_eq!(ours.get(name), Some(labels), "{name}");
    }
    // And /metrics is nothing for strangers to write to.
    let deleted = Command::new("curl")
        .args(["-sS", "-m", "30", "-o", "/dev/null", "-w", "%{http_code}", "-X", "DELETE"])
        .arg(format!("{}/metrics", scene.metrics_url))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&deleted.stdout), "405");

    // A SealedSecret that goes takes its conditions along.
    plane.kubectl(&["delete", "sealedsecret", "counted", "-n", &namespace]).unwrap();
    scene.wait("the condition is forgotten", || {
        let text = scene.bench.fetch(&format!("{}/metrics", scene.metrics_url)).ok()?;
        (!text.contains(&format!("namespace=\"{namespace}\",name=\"counted\","))).then_some(())
    });
}
