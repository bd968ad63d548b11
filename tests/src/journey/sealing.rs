//! A repository whose Secrets are sealed before they are committed.

use std::fs;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{BOUND, Scene};
use crate::leaks::Planted;
use crate::narrator::Narrator;
use crate::workbench::{copy_folder, repository_root, wait_until};

/// The value that takes the first one's place.
const NEXT: &str = "battery staple horse correct";

impl Scene<'_> {
    pub(super) fn commit_application(&mut self, narrator: &mut Narrator) -> Result<()> {
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

    pub(super) fn lint_and_seal(&mut self, narrator: &mut Narrator) -> Result<()> {
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
        ensure!(
            linted.code == 1,
            "lint of a plaintext Secret ended with {}: {}{}",
            linted.code,
            linted.stdout,
            linted.stderr
        );
        ensure!(
            linted.stdout.contains("secret/plaintext"),
            "lint does not name the Secret:\n{}",
            linted.stdout
        );
        ensure_no_value(&linted.stdout).context("output of lint")?;
        narrator.shows(&linted.stdout);
        narrator.saw("exit code 1, and no value is shown");

        narrator.step("Both are sealed: one by RSA, as kubeseal does, one by age");
        let (rsa, age) = (self.roles.seal_by_rsa(), self.roles.seal_by_age(&self.bench)?);
        let app = prod.strip_prefix(self.repo.dir())?.display().to_string();
        for (name, recipients) in [("database.yaml", rsa), ("api-token.yaml", age)] {
            let file = format!("{app}/{name}");
            self.seal(&file, &recipients, &file, narrator)?;
            let text = fs::read_to_string(self.repo.dir().join(&file))?;
            ensure!(text.contains("kind: SealedSecret"), "{file} is not sealed");
            ensure_no_value(&text).with_context(|| file.clone())?;
        }
        narrator.does("sealward lint");
        let linted = self.bench.sealward(self.repo.dir(), &["lint"])?;
        ensure!(
            linted.code == 0,
            "lint after seal ended with {}: {}{}",
            linted.code,
            linted.stdout,
            linted.stderr
        );
        narrator.shows(&linted.stdout);
        narrator.saw("exit code 0");
        Ok(())
    }

    pub(super) fn new_value(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("A new value is sealed and pushed; the Secret follows");
        let file = "apps/my-app/overlays/prod/database.yaml";
        let sample = repository_root()?.join("testdata/journey/desk/database.yaml");
        let text = fs::read_to_string(&sample)?.replace(&planted("database")?, NEXT);
        let desk = self.bench.folder.join("database.yaml");
        fs::write(&desk, text)?;
        self.seal(&desk.display().to_string(), &self.roles.seal_by_rsa(), file, narrator)?;
        narrator.does("git commit -m 'New database password' && git push");
        let commit = self.repo.commit("New database password");
        self.repo.push(&self.remote);
        self.poke()?;
        self.wait_revision(&commit)?;
        wait_until("the Secret holds the new value", BOUND, || {
            let secret = self.bench.get(&["secret", "database", "-n", "my-app-prod"])?;
            Ok((secret["data"]["password"] == STANDARD.encode(NEXT)).then_some(()))
        })?;
        narrator.saw("Secret database holds the new value");
        Ok(())
    }

    /// Seals the Secret in `from` for `recipients` into `to`.
    fn seal(&self, from: &str, recipients: &[String], to: &str, narrator: &mut Narrator) -> Result<()> {
        let mut args = vec!["seal", "-f", from];
        args.extend(recipients.iter().map(String::as_str));
        args.extend(["-w", to]);
        narrator.does(&format!("sealward {}", args.join(" ")));
        let sealed = self.bench.sealward(self.repo.dir(), &args)?;
        ensure!(sealed.code == 0, "seal failed: {}", sealed.stderr);
        Ok(())
    }
}

/// The value that the sample Secret `name` holds.
pub(super) fn planted(name: &str) -> Result<String> {
    let path = repository_root()?.join(format!("testdata/journey/desk/{name}.yaml"));
    let text = fs::read_to_string(&path)?;
    let line = text.lines().last().context("an empty sample")?;
    Ok(line.split_once(": ").context("no value in the sample")?.1.to_owned())
}

/// Every value of the journey that must be seen nowhere but in its Secret.
pub(super) fn all_planted() -> Result<Vec<Planted>> {
    let values = [planted("database")?, planted("api-token")?, NEXT.to_owned()];
    Ok(values.iter().map(|value| Planted::new(value)).collect())
}

/// Fails if `text` shows one of the planted values.
fn ensure_no_value(text: &str) -> Result<()> {
    let form = all_planted()?.iter().find_map(|value| value.found_in(text));
    form.map_or(Ok(()), |form| bail!("a value is shown, as {form}"))
}
