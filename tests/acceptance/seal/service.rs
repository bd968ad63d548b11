//! `sealward seal` that asks the cluster for what to seal with: through the API server, as kubeseal does.

use std::net::UdpSocket;
use std::process::Command;

use sealward_acceptance::{Ran, binary};
use serde_json::{Value, json};

use super::scene::{Scene, secret, shared};

/// An address of this machine that a Pod may have: those of the loopback may not stand in Endpoints.
fn address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Sends nothing: it only chooses the address that such a packet would have.
    socket.connect("192.0.2.1:9").expect("a network, even one without the Internet");
    socket.local_addr().unwrap().ip().to_string()
}

/// A Service in front of the sealer. The API server's proxy goes only to addresses of Pods, so there is a
/// Pod with the address of this machine.
fn expose(scene: &Scene<'_>, namespace: &str) {
    let port: u16 = scene.url.rsplit(':').next().unwrap().parse().unwrap();
    let ip = address();
    scene.apply(&json!({"apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sealer", "namespace": namespace},
            "spec": {"containers": [{"name": "sealer", "image": "example.com/sealer:1"}]},
        },
        {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "sealer", "namespace": namespace},
            "spec": {"ports": [{"name": "http", "port": 8080, "targetPort": port}]},
        },
        {
            "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "sealer", "namespace": namespace},
            "subsets": [{
                "addresses": [{"ip": ip, "targetRef": {"kind": "Pod", "name": "sealer", "namespace": namespace}}],
                "ports": [{"name": "http", "port": port}],
            }],
        },
    ]}));
    let status = json!({"status": {"podIP": ip, "podIPs": [{"ip": ip}]}}).to_string();
    let patch =
        ["patch", "pod", "sealer", "-n", namespace, "--subresource=status", "--type=merge", "-p", &status];
    scene.plane().kubectl(&patch).unwrap();
}

fn ask(scene: &Scene<'_>, namespace: &str, name: &str, more: &[&str]) -> Ran {
    let mut command = Command::new(binary("sealward").unwrap());
    command
        .args(["seal", "-o", "json", "--controller-name=sealer"])
        .arg(format!("--controller-namespace={namespace}"))
        .args(more)
        .env("KUBECONFIG", scene.plane().admin_kubeconfig());
    Ran::of(&mut command, secret(namespace, name, &[("key", "fetched")]).to_string().as_bytes()).unwrap()
}

#[test]
fn certificate_and_recipients_come_over_the_api_server() {
    let scene = shared();
    let namespace = scene.namespace();
    expose(scene, &namespace);
    scene.wait("the Service is reached", || {
        let path = format!("/api/v1/namespaces/{namespace}/services/http:sealer:http/proxy/healthz");
        scene.plane().kubectl(&["get", "--raw", &path]).ok()
    });
    for (name, flags) in [("by-rsa", &[][..]), ("by-age", &["--age"][..])] {
        let sealed = ask(scene, &namespace, name, flags);
        assert_eq!((sealed.code, sealed.stderr.as_str()), (0, ""));
        scene.apply(&serde_json::from_str::<Value>(&sealed.stdout).unwrap());
        scene.wait_value(&namespace, name, "key", "fetched");
    }

    let wrong = format!("sha256:{}", "0".repeat(64));
    for flags in [&["--digest", &wrong][..], &["--age", "--digest", &wrong][..]] {
        let refused = ask(scene, &namespace, "pinned", flags);
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""), "{}", refused.stderr);
        assert!(refused.stderr.contains("not the one that --digest gives"), "{}", refused.stderr);
    }
    let unprotected = format!("{}/v1/recipients", scene.url);
    let refused = ask(scene, &namespace, "unprotected", &["--age", "--recipients-url", &unprotected]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("is not protected") && refused.stderr.contains("hint: "),
        "{}",
        refused.stderr
    );

    let nobody = ask(scene, "default", "nobody", &[]);
    assert_eq!(nobody.code, 1);
    assert!(nobody.stderr.contains("cannot find the Service default/sealer: "), "{}", nobody.stderr);
    assert!(
        nobody.stderr.contains("hint: name the sealer's Service by --controller-name"),
        "{}",
        nobody.stderr
    );
}
