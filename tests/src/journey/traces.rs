//! What a run leaves behind: no value anywhere, and no right that was not needed.

use std::fs;

use anyhow::{Result, bail, ensure};

use super::Scene;
use super::sealing::all_planted;
use crate::narrator::Narrator;
use crate::rights::unused_rights;
use crate::roles::Text;

impl Scene<'_> {
    pub(super) fn nothing_leaked(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("No value in any log, event, condition, metric, denial or finding");
        let planted = all_planted()?;
        let plane = self.bench.plane;
        let mut places = vec![
            ("what was told here".to_owned(), narrator.told().to_owned()),
            ("events".to_owned(), plane.kubectl(&["get", "events", "-A", "-o", "json"])?),
            (
                "the audit log".to_owned(),
                fs::read_to_string(plane.folder().join("audit.log")).unwrap_or_default(),
            ),
        ];
        for kind in [
            "sealedsecrets",
            "gitrepositories",
            "kustomizations.kustomize.toolkit.fluxcd.io",
            "renderings",
            "rulesets",
            "deployments",
            "pods",
            "configmaps",
            "validatingwebhookconfigurations",
        ] {
            places.push((
                kind.to_owned(),
                plane.kubectl(&["get", kind, "-A", "-o", "json", "--show-managed-fields"])?,
            ));
        }
        let named = |what: &str, texts: Vec<Text>| {
            texts.into_iter().map(move |(name, text)| (format!("{what} of {name}"), text)).collect::<Vec<_>>()
        };
        places.extend(named("the log", self.roles.logs(&self.bench)?));
        places.extend(named("the metrics", self.roles.metrics(&self.bench)?));
        let mut bytes = 0;
        for (place, text) in &places {
            bytes += text.len();
            if let Some(form) = planted.iter().find_map(|value| value.found_in(text)) {
                bail!("a value is in {place}, as {form}");
            }
        }
        narrator.saw(&format!(
            "{} places, {:.1} MB, logs at {} level: none",
            places.len(),
            bytes as f64 / 1e6,
            self.roles.log_level()
        ));
        Ok(())
    }

    pub(super) fn rights(&mut self, narrator: &mut Narrator) -> Result<()> {
        narrator.step("No right in deploy/ is idle: the run's audit log against the roles");
        let unused = unused_rights(self.bench.plane)?;
        ensure!(unused.is_empty(), "granted, but never used:\n{}", unused.join("\n"));
        narrator.saw("every right was used, but for those listed with a reason");
        Ok(())
    }
}
