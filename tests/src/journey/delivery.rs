//! From a commit to the cluster, and back by `git revert`.

use std::fs;
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::sealing::planted;
use super::{BOUND, Scene};
use crate::narrator::Narrator;
use crate::workbench::wait_until;

impl Scene<'_> {
    pub(super) fn reconcile(&mut self, narrator: &mut Narrator) -> Result<()> {
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

    pub(super) fn bad_commit(&mut self, narrator: &mut Narrator) -> Result<()> {
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
            let refused = ready["status"] == "False"
                && object["status"]["lastAttemptedRevision"].as_str().is_some_and(|at| at.contains(&commit));
            Ok(refused.then(|| ready["message"].as_str().unwrap_or_default().to_owned()))
        })?;
        ensure!(
            message.contains("apps/my-app/base/deployment.yaml"),
            "the refusal does not name the file:\n{message}"
        );
        narrator.shows(&message);
        for namespace in ["my-app-staging", "my-app-prod"] {
            let live = self.bench.get(&["deployment", "my-app", "-n", namespace])?;
            let image = &live["spec"]["template"]["spec"]["containers"][0]["image"];
            ensure!(image == "registry.example.com/my-app:1.0.0", "{namespace} runs {image}");
        }
        narrator.saw("both Deployments still run my-app:1.0.0");
        Ok(())
    }

    pub(super) fn revert(&mut self, narrator: &mut Narrator) -> Result<()> {
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

    /// Asks the source to look now, as `flux reconcile source git` does.
    pub(super) fn poke(&self) -> Result<()> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
        let annotation = format!("reconcile.fluxcd.io/requestedAt={now}");
        let args = ["annotate", "--overwrite", "gitrepository", "my-app", "-n", "flux-system", &annotation];
        self.bench.plane.kubectl(&args)?;
        Ok(())
    }

    fn kustomization(&self) -> Result<Value> {
        self.bench.get(&["kustomizations.kustomize.toolkit.fluxcd.io", "my-app", "-n", "flux-system"])
    }

    pub(super) fn wait_revision(&self, commit: &str) -> Result<()> {
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
}

fn condition(object: &Value, kind: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().find(|condition| condition["type"] == kind).cloned().unwrap_or_default()
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
