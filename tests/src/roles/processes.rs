//! The roles as processes of this machine, with the service accounts that `deploy/` gives them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{NAMESPACE, Roles, Text};
use crate::narrator::Narrator;
use crate::workbench::{Process, Workbench, free_port, repository_root, wait_until};

const BOUND: Duration = Duration::from_secs(180);

/// Where `deploy/overlays/local` says that the webhook listens.
const WEBHOOK_PORT: u16 = 19443;

const INSTALL: &str = "deploy/overlays/local";

/// The three of them.
#[derive(Debug)]
pub(crate) struct Processes {
    roles: Vec<Role>,
    sealer_url: String,
}

#[derive(Debug)]
struct Role {
    name: &'static str,
    process: Process,
    /// Where it serves `/readyz`.
    probes: String,
    metrics: String,
}

impl Processes {
    /// Applies the overlay for processes and starts them.
    pub(crate) fn install(bench: &Workbench<'_>, narrator: &mut Narrator) -> Result<Self> {
        narrator.step("Sealward is installed: deploy/, with kubectl");
        apply(bench, narrator)?;
        narrator.saw("CRDs, roles, webhook configuration and admission policies are in the cluster");

        narrator.step("The three roles run, with the accounts that deploy/ gives them");
        let (public, metrics, webhook, reconciler) = (free_port()?, free_port()?, free_port()?, free_port()?);
        let namespace = format!("--namespace={NAMESPACE}");
        let sealer = [listen(public), listen_metrics(metrics), namespace.clone()];
        let guard =
            [listen(WEBHOOK_PORT), listen_metrics(webhook), namespace, "--extra-san=127.0.0.1".to_owned()];
        let cache = format!("--cache-dir={}", bench.folder.join("cache").display());
        let applier = "--default-service-account=sealward-applier".to_owned();
        let roles = vec![
            Role::start(bench, "sealer", &sealer, public, metrics)?,
            Role::start(bench, "webhook", &guard, webhook, webhook)?,
            Role::start(bench, "reconciler", &[listen(reconciler), cache, applier], reconciler, reconciler)?,
        ];
        let mut processes = Self { roles, sealer_url: url(public) };
        processes.wait_ready(bench)?;
        narrator.saw("sealer, webhook and reconciler are ready");
        Ok(processes)
    }
}

impl Roles for Processes {
    fn install_again(&self, bench: &Workbench<'_>, narrator: &mut Narrator) -> Result<()> {
        apply(bench, narrator)
    }

    fn take_away(&mut self, _: &Workbench<'_>) -> Result<Option<String>> {
        Ok(None)
    }

    fn wait_ready(&mut self, bench: &Workbench<'_>) -> Result<()> {
        self.roles.iter_mut().try_for_each(|role| role.wait_ready(bench))
    }

    fn seal_by_rsa(&self) -> Vec<String> {
        vec!["--cert".to_owned(), format!("{}/v1/cert.pem", self.sealer_url)]
    }

    fn seal_by_age(&self, bench: &Workbench<'_>) -> Result<Vec<String>> {
        let recipients = bench.fetch(&format!("{}/v1/recipients", self.sealer_url))?;
        let recipient = recipients.lines().next().context("the sealer names no recipient")?;
        Ok(vec!["--recipient".to_owned(), recipient.to_owned()])
    }

    fn log_level(&self) -> &'static str {
        "trace"
    }

    fn logs(&mut self, _: &Workbench<'_>) -> Result<Vec<Text>> {
        let log = |role: &Role| {
            let log = role.process.log();
            ensure!(log.contains("TRACE"), "the {} does not log at trace level", role.name);
            Ok((role.name.to_owned(), log))
        };
        self.roles.iter().map(log).collect()
    }

    fn log_tails(&mut self, _: &Workbench<'_>) -> Vec<Text> {
        self.roles.iter_mut().map(|role| (role.name.to_owned(), role.process.log_tail())).collect()
    }

    fn metrics(&self, bench: &Workbench<'_>) -> Result<Vec<Text>> {
        let fetch =
            |role: &Role| Ok((role.name.to_owned(), bench.fetch(&format!("{}/metrics", role.metrics))?));
        self.roles.iter().map(fetch).collect()
    }

    fn where_logs_are(&self, bench: &Workbench<'_>) -> String {
        format!("{}/*.log", bench.folder.display())
    }
}

impl Drop for Processes {
    /// All are asked first, so that they drain side by side.
    fn drop(&mut self) {
        self.roles.iter().for_each(|role| role.process.ask_to_stop());
    }
}

impl Role {
    fn start(
        bench: &Workbench<'_>,
        name: &'static str,
        args: &[String],
        probes: u16,
        metrics: u16,
    ) -> Result<Self> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let process = bench.role(name, &args)?;
        Ok(Self { name, process, probes: url(probes), metrics: url(metrics) })
    }

    fn wait_ready(&mut self, bench: &Workbench<'_>) -> Result<()> {
        let ready = wait_until(&format!("{} is ready", self.name), BOUND, || {
            bench.fetch(&format!("{}/readyz", self.probes)).map(Some)
        });
        ready.map(drop).with_context(|| format!("{} logged:\n{}", self.name, self.process.log_tail()))
    }
}

fn apply(bench: &Workbench<'_>, narrator: &mut Narrator) -> Result<()> {
    narrator.does(&format!("kubectl apply -k {INSTALL}"));
    bench.plane.apply(&repository_root()?.join(INSTALL))?;
    Ok(())
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn listen(port: u16) -> String {
    format!("--listen-addr=127.0.0.1:{port}")
}

fn listen_metrics(port: u16) -> String {
    format!("--listen-metrics-addr=127.0.0.1:{port}")
}
