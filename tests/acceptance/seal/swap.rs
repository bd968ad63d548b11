//! A cluster that runs sealed-secrets changes the image of its Deployment to ours, and back: with its own manifest,
//! account and rights, on a real node, driven by the real kubeseal through the API server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use sealward_acceptance::{Ran, Workbench, repository_root, wait_until};
use sealward_controlplane::image::Image;
use sealward_controlplane::{ControlPlane, Node, Options, node, tools};
use serde_json::{Value, json};

const THEIRS: &str = "docker.io/bitnami/sealed-secrets-controller:0.40.0";
const OURS: &str = "ghcr.io/sealward/sealwardd:0.1.0";
const SYSTEM: &str = "kube-system";
const DEPLOYMENT: &str = "deployment/sealed-secrets-controller";
const ACCOUNT: &str = "system:serviceaccount:kube-system:sealed-secrets-controller";
const NAMESPACE: &str = "shop";
const BOUND: Duration = Duration::from_secs(180);

/// A cluster as sealed-secrets' users have it, and their kubeseal.
struct Site<'a> {
    bench: Workbench<'a>,
    kubeseal: PathBuf,
}

impl<'a> Site<'a> {
    fn plane(&self) -> &'a ControlPlane {
        self.bench.plane
    }

    fn kubectl(&self, args: &[&str]) -> String {
        self.plane().kubectl(args).unwrap()
    }

    fn wait<T>(&self, what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
        wait_until(what, BOUND, || Ok(seen())).unwrap_or_else(|error| {
            let logs = self.plane().kubectl(&["logs", "-n", SYSTEM, DEPLOYMENT, "--tail=20"]);
            panic!("{error:#}\n{}", logs.unwrap_or_default());
        })
    }

    /// Changes the Deployment as `args` of kubectl say, and waits until only the new Pod is left.
    fn roll(&self, args: &[&str]) {
        self.kubectl(args);
        self.kubectl(&["rollout", "status", "-n", SYSTEM, DEPLOYMENT, "--timeout=180s"]);
        self.wait("the Pod before is gone", || {
            let pods =
                self.bench.get(&["pods", "-n", SYSTEM, "-l", "name=sealed-secrets-controller"]).unwrap();
            (pods["items"].as_array().unwrap().len() == 1).then_some(())
        });
    }

    fn swap(&self, image: &str) {
        let container = format!("sealed-secrets-controller={image}");
        self.roll(&["set", "image", "-n", SYSTEM, DEPLOYMENT, &container]);
    }

    /// Runs the real kubeseal against the cluster, through the Service.
    fn kubeseal(&self, args: &[&str], input: &str) -> Ran {
        let mut command = Command::new(&self.kubeseal);
        command.args(args).env("KUBECONFIG", self.plane().admin_kubeconfig());
        Ran::of(&mut command, input.as_bytes()).unwrap()
    }

    /// What kubeseal prints; it asks anew as long as no Pod stands behind the Service yet.
    fn sealed(&self, args: &[&str], input: &str) -> String {
        self.wait(&format!("kubeseal {args:?}"), || {
            let ran = self.kubeseal(args, input);
            (ran.code == 0).then_some(ran.stdout)
        })
    }

    /// Seals Secrets `numbers` and applies them.
    fn seal(&self, numbers: std::ops::Range<usize>) {
        let secrets: String = numbers.map(|number| format!("{}\n", secret(number))).collect();
        self.plane().apply_text(&self.sealed(&["--format", "yaml"], &secrets)).unwrap();
    }

    fn items(&self, kind: &str) -> BTreeMap<String, Value> {
        let list = self.bench.get(&[kind, "-n", NAMESPACE]).unwrap();
        let named = |item: &Value| (item["metadata"]["name"].as_str().unwrap().to_owned(), item.clone());
        list["items"].as_array().unwrap().iter().map(named).collect()
    }

    /// UID and resourceVersion of every opened Secret, once there are `count` of them.
    fn opened(&self, count: usize) -> BTreeMap<String, (Value, Value)> {
        self.wait(&format!("{count} Secrets"), || {
            let secrets = self.items("secrets");
            (secrets.len() == count).then(|| {
                let state = |object: &Value| {
                    (object["metadata"]["uid"].clone(), object["metadata"]["resourceVersion"].clone())
                };
                secrets.iter().map(|(name, object)| (name.clone(), state(object))).collect()
            })
        })
    }

    /// Waits until every SealedSecret has `count` conditions, the first of them `Synced`, and it is true.
    fn all_synced(&self, conditions: usize) {
        self.wait(&format!("every SealedSecret has {conditions} condition(s), Synced first"), || {
            let all = self.items("sealedsecrets");
            all.values()
                .all(|object| {
                    let found = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
                    found.len() >= conditions
                        && found
                            .first()
                            .is_some_and(|first| first["type"] == "Synced" && first["status"] == "True")
                })
                .then_some(())
        });
    }

    fn denied(&self) -> Vec<String> {
        let events = self.plane().audit_events().unwrap();
        let denied = events.iter().filter(|event| event.user == ACCOUNT && event.code == 403);
        denied
            .map(|event| format!("{} {}/{} {}", event.verb, event.group, event.resource, event.namespace))
            .collect()
    }
}

fn secret(number: usize) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": format!("secret-{number}"), "namespace": NAMESPACE, "labels": {"app": "shop"}},
        "stringData": {"password": format!("the password of {number}")},
    })
}

fn import(node: &Node) {
    let archive = node.control_plane().folder().join("controller.tar");
    let program = tools::path("sealed-secrets-controller").unwrap();
    let image = Image::new(THEIRS).program("usr/local/bin/controller", &program).unwrap();
    image.environment("PATH", "/usr/local/bin").user("1001").write(&archive).unwrap();
    node.import_image(&archive).unwrap();
    let ours = repository_root().unwrap().join("dist/sealwardd.tar");
    assert!(ours.is_file(), "no image: `cargo xtask test` builds it, or `cargo xtask image --debug`");
    node.import_image(&ours).unwrap();
}

/// What `docs/migrate/sealed-secrets.md` promises.
#[test]
fn a_cluster_swaps_the_image_and_swaps_back_and_no_secret_changes() {
    if !node::wanted().unwrap() {
        return;
    }
    let node = Node::start(Options::default()).unwrap();
    import(&node);
    let bench = Workbench::new(node.control_plane(), "swap").unwrap();
    let site = Site { bench, kubeseal: tools::path("kubeseal").unwrap() };
    let root = repository_root().unwrap();
    site.plane().apply(&root.join("deploy/crds/sealedsecrets.yaml")).unwrap();
    site.kubectl(&["wait", "--for=condition=Established", "crd/sealedsecrets.bitnami.com"]);
    site.kubectl(&["create", "namespace", NAMESPACE]);

    // Sealed-secrets runs: 50 Secrets, sealed for two keys, the second made as its README tells.
    site.plane().apply(&root.join("testdata/sealed-secrets/controller.yaml")).unwrap();
    site.kubectl(&["rollout", "status", "-n", SYSTEM, DEPLOYMENT, "--timeout=180s"]);
    site.seal(0..25);
    site.opened(25);
    let before = site.sealed(&["--fetch-cert"], "");
    let now = Ran::of(Command::new("date").arg("-R"), b"").unwrap().stdout;
    let cutoff = format!("SEALED_SECRETS_KEY_CUTOFF_TIME={}", now.trim());
    site.roll(&["set", "env", "-n", SYSTEM, DEPLOYMENT, &cutoff]);
    site.roll(&["set", "env", "-n", SYSTEM, DEPLOYMENT, "SEALED_SECRETS_KEY_CUTOFF_TIME-"]);
    let newest = site.sealed(&["--fetch-cert"], "");
    assert_ne!(before, newest, "a second key was made");
    site.seal(25..50);
    let opened = site.opened(50);
    site.all_synced(1);
    let keys = site.kubectl(&["get", "secrets", "-n", SYSTEM, "-o", "name"]);

    // Swapped in: every value is opened again, found equal, and left alone.
    site.swap(OURS);
    site.all_synced(2);
    assert_eq!(site.opened(50), opened, "no Secret was written");
    assert_eq!(site.sealed(&["--fetch-cert"], ""), newest, "the newest key is still theirs");
    let all_keys = site.kubectl(&["get", "secrets", "-n", SYSTEM, "-o", "name"]);
    let added: Vec<&str> = all_keys.lines().filter(|name| !keys.contains(name)).collect();
    assert!(
        added.iter().all(|name| name.contains("age-identity")) && added.len() == 1,
        "no key but the age identity is made: {added:?}"
    );

    // It is driven by the same kubeseal.
    site.seal(50..51);
    let opened = site.opened(51);
    let sealed = site.sealed(&[], &secret(51).to_string());
    assert_eq!(site.kubeseal(&["--validate"], &sealed).code, 0);
    let renamed = sealed.replace("secret-51", "secret-52");
    let refused = site.kubeseal(&["--validate"], &renamed);
    assert_eq!(
        (refused.code, refused.stderr.trim()),
        (1, "error: unable to decrypt sealed secret: secret-52")
    );
    let again = site.sealed(&["--re-encrypt"], &sealed);
    assert_ne!(again, sealed);
    site.plane().apply_text(&again).unwrap();
    let mut opened_now = site.opened(52);
    let added = opened_now.remove("secret-51");
    assert!(added.is_some());
    assert_eq!(opened_now, opened);
    site.kubectl(&["delete", "secret", "-n", NAMESPACE, "secret-7"]);
    site.wait("a deleted Secret comes back", || site.items("secrets").contains_key("secret-7").then_some(()));
    assert_eq!(site.denied(), Vec::<String>::new(), "their rights are enough");

    // Swapped back: nothing of ours is in the way.
    let opened = site.opened(52);
    site.swap(THEIRS);
    site.seal(60..61);
    let mut after = site.opened(53);
    after.remove("secret-60");
    assert_eq!(after, opened);
    site.all_synced(1);
}
