//! What the webhook refuses, and what happens while it is not there.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use sealward_controlplane::KubectlError;
use serde_json::Value;

use super::{BOUND, Scene};
use crate::narrator::Narrator;
use crate::roles::NAMESPACE;
use crate::workbench::{repository_root, wait_until};

/// A developer's change of what Git owns.
const HOTFIX: [&str; 6] =
    ["set", "image", "deployment/my-app", "app=registry.example.com/my-app:hotfix", "-n", "my-app-prod"];

const DRY_RUN: &[&str] = &["apply", "--dry-run=server", "-f", "-"];

const PRIVILEGED: &str = "testdata/journey/planted/privileged.yaml";

impl Scene<'_> {
    pub(super) fn refuse_manual_change(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("A developer changes by hand what Git owns");
        let text = self.bench.plane.kubectl(&[
            "create",
            "rolebinding",
            "developer",
            "--clusterrole=edit",
            "--user=developer",
            "-n",
            "my-app-prod",
        ])?;
        narrator.shows(&text);
        wait_until("the developer has the edit role", BOUND, || {
            let args = ["auth", "can-i", "patch", "deployments", "-n", "my-app-prod"];
            Ok(Some(self.bench.plane.kubectl_as(&self.developer, &args, None)?))
        })?;
        narrator.does(&format!("kubectl {}", HOTFIX.join(" ")));
        let said = self.denied(&HOTFIX, None)?;
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

    pub(super) fn same_verdict(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("The same rule, the same verdict: at lint and at admission");
        let sample = repository_root()?.join(PRIVILEGED);
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
        let said = self.denied(DRY_RUN, Some(&self.privileged()?))?;
        narrator.shows(&said);
        for message in &messages {
            ensure!(
                said.contains(message.as_str()),
                "admission does not say what lint says: {message:?}\n{said}"
            );
        }
        narrator.saw("word for word");
        Ok(())
    }

    pub(super) fn heal_drift(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("Drift that slips past, with the webhook off, is healed");
        let plane = self.bench.plane;
        narrator.does("kubectl delete validatingwebhookconfiguration sealward-webhook");
        plane.kubectl(&["delete", "validatingwebhookconfiguration", "sealward-webhook"])?;
        narrator.does(&format!("kubectl {}", HOTFIX.join(" ")));
        wait_until("the change slips past", BOUND, || {
            Ok(Some(plane.kubectl_as(&self.developer, &HOTFIX, None)?))
        })?;
        let start = Instant::now();
        wait_until("the image is put back", BOUND, || {
            let deployment = self.bench.get(&["deployment", "my-app", "-n", "my-app-prod"])?;
            let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
            Ok((image == "registry.example.com/my-app:1.0.0").then_some(()))
        })?;
        narrator.saw(&format!("put back {:.1} s later", start.elapsed().as_secs_f64()));
        self.roles.install_again(&self.bench, narrator)?;
        wait_until("the webhook judges again", BOUND, || {
            self.denied(DRY_RUN, Some(&self.privileged()?)).map(Some)
        })?;
        narrator.saw("the webhook is back, with a certificate of its own in the configuration");
        Ok(())
    }

    /// Where something brings the roles back by itself: all of them are taken away at once.
    pub(super) fn all_gone_then_back(&mut self, narrator: &mut Narrator) -> Result<()> {
        let secrets = self.own_secrets()?;
        let Some(command) = self.roles.take_away(&self.bench)? else { return Ok(()) };
        let start = Instant::now();
        narrator.step("All our Pods are gone at once, and come back by themselves");
        narrator.does(&command);
        let (privileged, mut passed) = (self.privileged()?, 0);
        let mut refused =
            |by: &str| match self.bench.plane.kubectl_as(&self.developer, DRY_RUN, Some(&privileged)) {
                Ok(_) => {
                    passed += 1;
                    Ok(None)
                }
                Err(KubectlError::Failed { stderr, .. }) => Ok(Some(stderr).filter(|said| said.contains(by))),
                Err(error) => Err(error.into()),
            };
        narrator.does("kubectl apply --dry-run=server -f privileged.yaml");
        let closed = wait_until("the webhook is seen away", BOUND, || refused("failed calling webhook"))?;
        narrator.shows(&closed);
        let said = wait_until("the webhook judges again", BOUND, || refused("denied the request"))?;
        ensure!(passed == 0, "a privileged Pod went through {passed} times meanwhile");
        narrator.shows(&said);
        narrator.saw(&format!("{:.1} s later the webhook judges again", start.elapsed().as_secs_f64()));
        self.roles.wait_ready(&self.bench)?;
        narrator.saw(&format!("all are ready {:.1} s after", start.elapsed().as_secs_f64()));
        wait_until("the guard knows again what Git declares", BOUND, || {
            let said = self.denied(&HOTFIX, None)?;
            ensure!(
                said.contains("apps/my-app/base/deployment.yaml"),
                "the denial does not name the file:\n{said}"
            );
            Ok(Some(()))
        })?;
        narrator.saw("what Git owns is guarded again");
        ensure!(self.own_secrets()? == secrets, "the roles came back with other keys or another certificate");
        narrator.saw("with the keys and the certificate of before");
        Ok(())
    }

    /// Name and content of the Secrets in which the roles keep their keys and their certificate.
    fn own_secrets(&self) -> Result<Vec<(Value, Value)>> {
        let listed = self.bench.get(&["secrets", "-n", NAMESPACE])?;
        let secrets = listed["items"].as_array().context("no list of Secrets")?;
        Ok(secrets
            .iter()
            .map(|secret| (secret["metadata"]["name"].clone(), secret["data"].clone()))
            .collect())
    }

    /// A Pod that breaks a rule.
    fn privileged(&self) -> Result<String> {
        Ok(fs::read_to_string(repository_root()?.join(PRIVILEGED))?)
    }

    /// What the API server answers to a developer whom admission refuses.
    pub(super) fn denied(&self, args: &[&str], stdin: Option<&str>) -> Result<String> {
        match self.bench.plane.kubectl_as(&self.developer, args, stdin) {
            Ok(text) => bail!("it went through: {text}"),
            Err(KubectlError::Failed { stderr, .. }) => {
                ensure!(stderr.contains("sealward.dev\" denied the request"), "another refusal: {stderr}");
                Ok(stderr)
            }
            Err(error) => Err(error.into()),
        }
    }
}
