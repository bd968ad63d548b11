//! The main job, step by step: what a platform team does in its first hour.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_controlplane::{ControlPlane, KubectlError};
use sealward_testkit::{GitRepo, GitServer};
use serde_json::Value;

use crate::leaks::Planted;
use crate::narrator::Narrator;
use crate::rights::unused_rights;
use crate::workbench::{Process, Workbench, copy_folder, free_port, repository_root, wait_until};

/// Where `deploy/overlays/local` says that the webhook listens.
const WEBHOOK_PORT: u16 = 19443;

/// How long a step may take before it counts as not happening.
const BOUND: Duration = Duration::from_secs(60);

/// How the journey ends.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Leave everything running until somebody presses ctrl-c.
    pub keep: bool,
}

/// Walks the whole journey on a control plane of its own.
///
/// # Errors
/// At the first step that was not seen to happen, with what came back instead.
pub fn journey(options: &Options, narrator: &mut Narrator) -> Result<()> {
    narrator.step("A real control plane: etcd, kube-apiserver, kube-controller-manager");
    let start = Instant::now();
    let plane = ControlPlane::start(sealward_controlplane::Options::default())?;
    narrator.saw(&format!("the API server is ready after {:.1} s", start.elapsed().as_secs_f64()));
    wait_until("the cluster's own roles are complete", BOUND, || {
        let rules = plane.kubectl(&["get", "clusterrole", "edit", "-o", "jsonpath={.rules}"])?;
        Ok((rules.len() > 2).then_some(()))
    })?;
    let mut scene = Scene::set(&plane, narrator)?;
    let walked = scene.walk(narrator);
    if let Err(error) = &walked {
        narrator.shows(&format!("{error:#}"));
        for (name, process) in [
            ("sealer", &mut scene.sealer),
            ("webhook", &mut scene.webhook),
            ("reconciler", &mut scene.reconciler),
        ] {
            narrator.step(&format!("what the {name} logged last"));
            narrator.shows(&process.log_tail());
        }
    }
    if options.keep {
        scene.look_around(narrator);
    }
    walked?;
    drop(scene);
    narrator.step("All torn down");
    drop(plane);
    narrator.saw("every step was seen to happen");
    Ok(())
}

/// Everything that runs while the journey goes on.
struct Scene<'a> {
    bench: Workbench<'a>,
    sealer: Process,
    webhook: Process,
    reconciler: Process,
    _server: GitServer,
    remote: String,
    repo: GitRepo,
    sealer_url: String,
    metrics: [(&'static str, String); 3],
    developer: PathBuf,
}

impl<'a> Scene<'a> {
    fn set(plane: &'a ControlPlane, narrator: &mut Narrator) -> Result<Self> {
        let bench = Workbench::new(plane, "journey")?;
        let root = repository_root()?;

        narrator.step("Sealward is installed: deploy/, with kubectl");
        narrator.does("kubectl apply -k deploy/overlays/local");
        plane.apply(&root.join("deploy/overlays/local"))?;
        narrator.saw("CRDs, roles, webhook configuration and admission policies are in the cluster");

        narrator.step("The three roles run, with the accounts that deploy/ gives them");
        let port = free_port()?;
        let metrics = free_port()?;
        let sealer_url = format!("http://127.0.0.1:{port}");
        let sealer = bench.role(
            "sealer",
            &[
                &format!("--listen-addr=127.0.0.1:{port}"),
                &format!("--listen-metrics-addr=127.0.0.1:{metrics}"),
                "--namespace=sealward-system",
            ],
        )?;
        let webhook_probes = free_port()?;
        let webhook = bench.role(
            "webhook",
            &[
                &format!("--listen-addr=127.0.0.1:{WEBHOOK_PORT}"),
                &format!("--listen-metrics-addr=127.0.0.1:{webhook_probes}"),
                "--namespace=sealward-system",
                "--extra-san=127.0.0.1",
            ],
        )?;
        let reconciler_port = free_port()?;
        let cache = bench.folder.join("cache");
        let reconciler = bench.role(
            "reconciler",
            &[
                &format!("--listen-addr=127.0.0.1:{reconciler_port}"),
                &format!("--cache-dir={}", cache.display()),
                "--default-service-account=sealward-applier",
            ],
        )?;
        let repositories = bench.folder.join("git");
        fs::create_dir_all(&repositories)?;
        let server = GitServer::start(&repositories);
        let remote = server.create("my-app");
        let repo = GitRepo::init(bench.folder.join("my-app"));
        let developer = plane.kubeconfig_for("developer")?;
        let local = |port: u16| format!("http://127.0.0.1:{port}");
        let (probes, reconciling) = (local(webhook_probes), local(reconciler_port));
        let metrics =
            [("sealer", local(metrics)), ("webhook", probes.clone()), ("reconciler", reconciling.clone())];
        let mut scene =
            Self { bench, sealer, webhook, reconciler, _server: server, remote, repo, sealer_url, metrics, developer };
        for (role, url) in [("sealer", scene.sealer_url.clone()), ("webhook", probes), ("reconciler", reconciling)] {
            scene.wait_ready(role, &url)?;
            narrator.saw(&format!("{role} is ready"));
        }
        narrator.does("kubectl apply -k deploy/applier        # a choice: what Git says is applied as cluster-admin");
        plane.apply(&root.join("deploy/applier"))?;
        narrator.does("kubectl apply -k deploy/policies       # the rule set that policies/ makes");
        plane.apply(&root.join("deploy/policies"))?;
        let digest = wait_until("the rule set is loaded", BOUND, || {
            let rules = scene.bench.get(&["ruleset", "sealward"])?;
            Ok(rules["status"]["digest"].as_str().map(str::to_owned))
        })?;
        narrator.saw(&format!("the webhook enforces {digest}"));
        Ok(scene)
    }

    fn wait_ready(&mut self, role: &str, url: &str) -> Result<()> {
        let ready = wait_until(&format!("{role} is ready"), BOUND, || {
            self.bench.fetch(&format!("{url}/readyz")).map(Some)
        });
        let process = match role {
            "sealer" => &mut self.sealer,
            "webhook" => &mut self.webhook,
            _ => &mut self.reconciler,
        };
        ready.map(drop).with_context(|| format!("{role} logged:\n{}", process.log_tail()))
    }

    fn walk(&mut self, narrator: &mut Narrator) -> Result<()> {
        self.commit_application(narrator)?;
        self.lint_and_seal(narrator)?;
        self.reconcile(narrator)?;
        self.refuse_manual_change(narrator)?;
        self.same_verdict(narrator)?;
        self.new_value(narrator)?;
        self.heal_drift(narrator)?;
        self.bad_commit(narrator)?;
        self.revert(narrator)?;
        self.nothing_leaked(narrator)?;
        self.rights(narrator)
    }

    fn commit_application(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("A repository: one application, its base and two overlays");
        let sample = repository_root()?.join("testdata/journey");
        copy_folder(&sample.join("apps"), &self.repo.dir().join("apps"))?;
        copy_folder(&sample.join("clusters"), &self.repo.dir().join("clusters"))?;
        let source = self.repo.dir().join("clusters/demo/my-app.yaml");
        let text = fs::read_to_string(&source)?.replace("http://git.example.com/my-app.git", &self.remote);
        fs::write(&source, text)?;
        narrator.does("git commit -m 'my-app' && git push");
        self.repo.commit("my-app");
        self.repo.push(&self.remote);
        narrator.saw(&format!("served at {}", self.remote));
        Ok(())
    }

    fn lint_and_seal(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("A Secret in plaintext is caught before it is committed");
        let sample = repository_root()?.join("testdata/journey/desk");
        let prod = self.repo.dir().join("apps/my-app/overlays/prod");
        for name in ["database.yaml", "api-token.yaml"] {
            fs::copy(sample.join(name), prod.join(name))?;
        }
        let kustomization = prod.join("kustomization.yaml");
        let text = fs::read_to_string(&kustomization)?
            .replace("  - ../../base\n", "  - ../../base\n  - database.yaml\n  - api-token.yaml\n");
        fs::write(&kustomization, text)?;
        narrator.does("sealward lint");
        let linted = self.bench.sealward(self.repo.dir(), &["lint"])?;
        ensure!(linted.code == 1, "lint of a plaintext Secret ended with {}: {}{}", linted.code, linted.stdout, linted.stderr);
        ensure!(linted.stdout.contains("secret/plaintext"), "lint does not name the Secret:\n{}", linted.stdout);
        ensure!(!leaks(&linted.stdout), "lint shows a value");
        narrator.shows(&linted.stdout);
        narrator.saw("exit code 1, and no value is shown");

        narrator.step("Both are sealed: one by RSA, as kubeseal does, one by age");
        let certificate = format!("{}/v1/cert.pem", self.sealer_url);
        let recipient = self.bench.fetch(&format!("{}/v1/recipients", self.sealer_url))?;
        let recipient = recipient.lines().next().context("the sealer names no recipient")?.to_owned();
        let app = prod.strip_prefix(self.repo.dir())?.display().to_string();
        for (name, with) in [("database.yaml", ["--cert", &certificate]), ("api-token.yaml", ["--recipient", &recipient])] {
            let file = format!("{app}/{name}");
            let args = ["seal", "-f", &file, with[0], with[1], "-w", &file];
            narrator.does(&format!("sealward {}", args.join(" ")));
            let sealed = self.bench.sealward(self.repo.dir(), &args)?;
            ensure!(sealed.code == 0, "seal failed: {}", sealed.stderr);
            let text = fs::read_to_string(self.repo.dir().join(&file))?;
            ensure!(text.contains("kind: SealedSecret") && !leaks(&text), "{file} is not sealed");
        }
        narrator.does("sealward lint");
        let linted = self.bench.sealward(self.repo.dir(), &["lint"])?;
        ensure!(linted.code == 0, "lint after seal ended with {}: {}{}", linted.code, linted.stdout, linted.stderr);
        narrator.shows(&linted.stdout);
        narrator.saw("exit code 0");
        Ok(())
    }

    fn reconcile(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("Commit, push; and the two Flux objects from any GitOps course");
        narrator.does("git commit -m 'Sealed credentials' && git push");
        let commit = self.repo.commit("Sealed credentials");
        self.repo.push(&self.remote);
        narrator.does("kubectl apply -f clusters/demo");
        let started = Instant::now();
        self.bench.plane.apply(&self.repo.dir().join("clusters/demo"))?;
        self.wait_revision(&commit)?;
        narrator.saw(&format!("Kustomization is Ready at main@sha1:{}", short(&commit)));
        for namespace in ["my-app-staging", "my-app-prod"] {
            self.bench.get(&["deployment", "my-app", "-n", namespace])?;
            narrator.saw(&format!("Deployment my-app is in {namespace}"));
        }
        for (name, key) in [("database", "password"), ("api-token", "token")] {
            let expected = planted(name)?;
            let value = wait_until(&format!("Secret {name} is opened"), BOUND, || {
                let secret = self.bench.get(&["secret", name, "-n", "my-app-prod"])?;
                Ok(secret["data"][key].as_str().map(str::to_owned))
            })?;
            ensure!(STANDARD.decode(value)? == expected.as_bytes(), "Secret {name} holds another value");
            narrator.saw(&format!("Secret {name} is opened, with the value that was sealed"));
        }
        narrator.saw(&format!("from apply to opened Secrets: {:.1} s", started.elapsed().as_secs_f64()));
        Ok(())
    }

    fn refuse_manual_change(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("A developer changes by hand what Git owns");
        let text = self.bench.plane.kubectl(&[
            "create", "rolebinding", "developer", "--clusterrole=edit", "--user=developer", "-n", "my-app-prod",
        ])?;
        narrator.shows(&text);
        wait_until("the developer has the edit role", BOUND, || {
            let args = ["auth", "can-i", "patch", "deployments", "-n", "my-app-prod"];
            Ok(Some(self.bench.plane.kubectl_as(&self.developer, &args, None)?))
        })?;
        narrator.does("kubectl set image deployment/my-app app=registry.example.com/my-app:hotfix -n my-app-prod");
        let args = ["set", "image", "deployment/my-app", "app=registry.example.com/my-app:hotfix", "-n", "my-app-prod"];
        let said = self.denied(&args, None)?;
        for part in ["spec.template.spec.containers", &self.remote, "apps/my-app/base/deployment.yaml"] {
            ensure!(said.contains(part), "the denial does not name {part:?}:\n{said}");
        }
        narrator.shows(&said);
        narrator.does("kubectl scale deployment/my-app --replicas=5 -n my-app-prod");
        let said = self.denied(&["scale", "deployment/my-app", "--replicas=5", "-n", "my-app-prod"], None)?;
        ensure!(said.contains("spec.replicas"), "the denial does not name the field:\n{said}");
        narrator.shows(&said);
        narrator.saw("refused by admission, not by RBAC: the developer has the edit role");
        Ok(())
    }

    fn same_verdict(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("The same rule, the same verdict: at lint and at admission");
        let sample = repository_root()?.join("testdata/journey/planted/privileged.yaml");
        let planted = self.bench.folder.join("planted");
        fs::create_dir_all(&planted)?;
        fs::copy(&sample, planted.join("privileged.yaml"))?;
        narrator.does("sealward lint privileged.yaml");
        let linted = self.bench.sealward(&planted, &["lint", "--format=json", "privileged.yaml"])?;
        ensure!(linted.code == 1, "lint passed a privileged Pod:\n{}{}", linted.stdout, linted.stderr);
        let report: Value = serde_json::from_str(&linted.stdout)?;
        let messages: Vec<String> = report["diagnostics"]
            .as_array()
            .context("the report has no diagnostics")?
            .iter()
            .filter_map(|found| found["message"].as_str().map(str::to_owned))
            .collect();
        narrator.shows(&messages.join("\n"));
        narrator.does("kubectl apply --dry-run=server -f privileged.yaml");
        let text = fs::read_to_string(&sample)?;
        let said = self.denied(&["apply", "--dry-run=server", "-f", "-"], Some(&text))?;
        narrator.shows(&said);
        for message in &messages {
            ensure!(said.contains(message.as_str()), "admission does not say what lint says: {message:?}\n{said}");
        }
        narrator.saw("word for word");
        Ok(())
    }

    fn new_value(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("A new value is sealed and pushed; the Secret follows");
        let file = "apps/my-app/overlays/prod/database.yaml";
        let sample = repository_root()?.join("testdata/journey/desk/database.yaml");
        let next = "battery staple horse correct";
        let text = fs::read_to_string(&sample)?.replace(&planted("database")?, next);
        let desk = self.bench.folder.join("database.yaml");
        fs::write(&desk, text)?;
        let certificate = format!("{}/v1/cert.pem", self.sealer_url);
        let args = ["seal", "-f", &desk.display().to_string(), "--cert", &certificate, "-w", file];
        narrator.does(&format!("sealward seal -f database.yaml --cert {certificate} -w {file} && git commit && git push"));
        let sealed = self.bench.sealward(self.repo.dir(), &args)?;
        ensure!(sealed.code == 0, "seal failed: {}", sealed.stderr);
        let commit = self.repo.commit("New database password");
        self.repo.push(&self.remote);
        self.poke()?;
        self.wait_revision(&commit)?;
        wait_until("the Secret holds the new value", BOUND, || {
            let secret = self.bench.get(&["secret", "database", "-n", "my-app-prod"])?;
            Ok((secret["data"]["password"] == STANDARD.encode(next)).then_some(()))
        })?;
        narrator.saw("Secret database holds the new value");
        Ok(())
    }

    fn heal_drift(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("Drift that slips past, with the webhook off, is healed");
        let plane = self.bench.plane;
        narrator.does("kubectl delete validatingwebhookconfiguration sealward-webhook");
        plane.kubectl(&["delete", "validatingwebhookconfiguration", "sealward-webhook"])?;
        narrator.does("kubectl set image deployment/my-app app=registry.example.com/my-app:hotfix -n my-app-prod");
        wait_until("the change slips past", BOUND, || {
            let args = ["set", "image", "deployment/my-app", "app=registry.example.com/my-app:hotfix", "-n", "my-app-prod"];
            Ok(Some(plane.kubectl_as(&self.developer, &args, None)?))
        })?;
        let start = Instant::now();
        wait_until("the image is put back", BOUND, || {
            let deployment = self.bench.get(&["deployment", "my-app", "-n", "my-app-prod"])?;
            let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
            Ok((image == "registry.example.com/my-app:1.0.0").then_some(()))
        })?;
        narrator.saw(&format!("put back {:.1} s later", start.elapsed().as_secs_f64()));
        narrator.does("kubectl apply -k deploy/overlays/local");
        plane.apply(&repository_root()?.join("deploy/overlays/local"))?;
        wait_until("the webhook judges again", BOUND, || {
            let text = fs::read_to_string(repository_root()?.join("testdata/journey/planted/privileged.yaml"))?;
            Ok(self.denied(&["apply", "--dry-run=server", "-f", "-"], Some(&text)).ok())
        })?;
        narrator.saw("the webhook is back, with a certificate of its own in the configuration");
        Ok(())
    }

    fn bad_commit(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("A commit that breaks a rule is refused before anything of it is applied");
        let deployment = self.repo.dir().join("apps/my-app/base/deployment.yaml");
        let text = fs::read_to_string(&deployment)?.replace("my-app:1.0.0", "my-app:latest");
        fs::write(&deployment, text)?;
        narrator.does("git commit -m 'Newest image' && git push       # image: my-app:latest");
        let commit = self.repo.commit("Newest image");
        self.repo.push(&self.remote);
        self.poke()?;
        let message = wait_until("the Kustomization refuses the commit", BOUND, || {
            let object = self.kustomization()?;
            let ready = condition(&object, "Ready");
            let refused = ready["status"] == "False" && object["status"]["lastAttemptedRevision"].as_str().is_some_and(|at| at.contains(&commit));
            Ok(refused.then(|| ready["message"].as_str().unwrap_or_default().to_owned()))
        })?;
        ensure!(message.contains("apps/my-app/base/deployment.yaml"), "the refusal does not name the file:\n{message}");
        narrator.shows(&message);
        for namespace in ["my-app-staging", "my-app-prod"] {
            let live = self.bench.get(&["deployment", "my-app", "-n", namespace])?;
            let image = &live["spec"]["template"]["spec"]["containers"][0]["image"];
            ensure!(image == "registry.example.com/my-app:1.0.0", "{namespace} runs {image}");
        }
        narrator.saw("both Deployments still run my-app:1.0.0");
        Ok(())
    }

    fn revert(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("git revert rolls back");
        narrator.does("git revert HEAD && git push");
        let bad = self.repo.head();
        let commit = self.repo.revert(&bad);
        self.repo.push(&self.remote);
        self.poke()?;
        self.wait_revision(&commit)?;
        narrator.saw(&format!("Kustomization is Ready at main@sha1:{}", short(&commit)));
        Ok(())
    }

    fn nothing_leaked(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("No value in any log, event, condition, metric, denial or finding");
        let planted = [planted("database")?, planted("api-token")?].map(|value| Planted::new(&value));
        let plane = self.bench.plane;
        let mut places = vec![
            ("what was told here".to_owned(), narrator.told().to_owned()),
            ("events".to_owned(), plane.kubectl(&["get", "events", "-A", "-o", "json"])?),
            ("the audit log".to_owned(), fs::read_to_string(plane.folder().join("audit.log")).unwrap_or_default()),
        ];
        for kind in [
            "sealedsecrets", "gitrepositories", "kustomizations.kustomize.toolkit.fluxcd.io", "renderings", "rulesets",
            "deployments", "configmaps", "validatingwebhookconfigurations",
        ] {
            places.push((kind.to_owned(), plane.kubectl(&["get", kind, "-A", "-o", "json", "--show-managed-fields"])?));
        }
        for (role, process) in [("sealer", &self.sealer), ("webhook", &self.webhook), ("reconciler", &self.reconciler)] {
            let log = process.log();
            ensure!(log.contains("TRACE"), "the {role} does not log at trace level");
            places.push((format!("the {role}'s log"), log));
        }
        for (role, url) in &self.metrics {
            places.push((format!("the {role}'s metrics"), self.bench.fetch(&format!("{url}/metrics"))?));
        }
        let mut bytes = 0;
        for (place, text) in &places {
            bytes += text.len();
            if let Some(form) = planted.iter().find_map(|value| value.found_in(text)) {
                bail!("a value is in {place}, as {form}");
            }
        }
        narrator.saw(&format!("{} places, {:.1} MB, logs at trace level: none", places.len(), bytes as f64 / 1e6));
        Ok(())
    }

    fn rights(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("No right in deploy/ is idle: the run's audit log against the roles");
        let unused = unused_rights(self.bench.plane)?;
        ensure!(unused.is_empty(), "granted, but never used:\n{}", unused.join("\n"));
        narrator.saw("every right was used, but for those listed with a reason");
        Ok(())
    }

    /// Asks the source to look now, as `flux reconcile source git` does.
    fn poke(&self) -> Result<()> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
        let annotation = format!("reconcile.fluxcd.io/requestedAt={now}");
        let args = ["annotate", "--overwrite", "gitrepository", "my-app", "-n", "flux-system", &annotation];
        self.bench.plane.kubectl(&args)?;
        Ok(())
    }

    fn kustomization(&self) -> Result<Value> {
        self.bench.get(&["kustomizations.kustomize.toolkit.fluxcd.io", "my-app", "-n", "flux-system"])
    }

    fn wait_revision(&self, commit: &str) -> Result<()> {
        wait_until(&format!("the Kustomization is Ready at {}", short(commit)), BOUND, || {
            let object = self.kustomization()?;
            let applied = object["status"]["lastAppliedRevision"].as_str().unwrap_or_default();
            let ready = condition(&object, "Ready");
            if applied.contains(commit) && ready["status"] == "True" {
                return Ok(Some(()));
            }
            bail!("it is at {applied:?}, Ready is {ready}")
        })
    }

    /// What the API server answers to a developer whom admission refuses.
    fn denied(&self, args: &[&str], stdin: Option<&str>) -> Result<String> {
        match self.bench.plane.kubectl_as(&self.developer, args, stdin) {
            Ok(text) => bail!("it went through: {text}"),
            Err(KubectlError::Failed { stderr, .. }) => {
                ensure!(stderr.contains("admission webhook") && stderr.contains("sealward.dev"), "another refusal: {stderr}");
                Ok(stderr)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn look_around(&self, narrator: &mut Narrator) {
        narrator.step("Everything is left running; ctrl-c ends it");
        narrator.shows(&format!(
            "export KUBECONFIG={}\nkubectl get gitrepositories,kustomizations,sealedsecrets,rulesets -A\n\
             repository: {}\nremote: {}\nlogs: {}/*.log",
            self.bench.plane.admin_kubeconfig().display(),
            self.repo.dir().display(),
            self.remote,
            self.bench.folder.display(),
        ));
        loop {
            std::thread::park();
        }
    }
}

fn condition(object: &Value, kind: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().find(|condition| condition["type"] == kind).cloned().unwrap_or_default()
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// The value that the sample Secret `name` holds.
fn planted(name: &str) -> Result<String> {
    let path: PathBuf = repository_root()?.join(format!("testdata/journey/desk/{name}.yaml"));
    let text = fs::read_to_string(&path)?;
    let line = text.lines().last().context("an empty sample")?;
    Ok(line.split_once(": ").context("no value in the sample")?.1.to_owned())
}

/// Whether `text` shows one of the planted values.
fn leaks(text: &str) -> bool {
    let values = ["database", "api-token"].iter().filter_map(|name| planted(name).ok());
    values.map(|value| Planted::new(&value)).any(|value| value.found_in(text).is_some())
}
