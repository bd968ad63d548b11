//! The roles as Pods of a node: our image and `deploy/install.yaml`, nothing else.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{NAMESPACE, Roles, Text};
use crate::narrator::Narrator;
use crate::workbench::{Ran, Workbench, repository_root, wait_until};

/// From an empty cluster, or from no Pod at all, to all of them ready.
const BOUND: Duration = Duration::from_secs(300);

const INSTALL: &str = "deploy/install.yaml";

/// The user of our image.
const USER: &str = "65532";

/// The Pods of the three Deployments.
#[derive(Debug)]
pub(crate) struct Pods {
    /// Logs of Pods that are gone.
    earlier: Vec<Text>,
    /// UIDs of Pods that were taken away.
    gone: BTreeSet<String>,
}

/// One of our Pods.
#[derive(Debug)]
struct Pod {
    name: String,
    uid: String,
    image: String,
    /// The port at which `/metrics` is served.
    metrics: u64,
    restarts: u64,
    ready: bool,
}

impl Pods {
    /// Applies the install file at once and waits until all Deployments are available.
    pub(crate) fn install(bench: &Workbench<'_>, narrator: &mut Narrator) -> Result<Self> {
        narrator.step("Sealward is installed: one file, at once, on the empty cluster");
        let start = Instant::now();
        apply(bench, narrator)?;
        narrator
            .saw("CRDs, roles, Deployments, webhook configuration and admission policies are in the cluster");
        narrator.does(&format!("kubectl wait --for=condition=Available deployment --all -n {NAMESPACE}"));
        let mut roles = Self { earlier: Vec::new(), gone: BTreeSet::new() };
        let pods = roles.wait_pods(bench).map_err(|error| {
            let tails = roles.log_tails(bench).into_iter().map(|(name, text)| format!("{name}:\n{text}"));
            error.context(tails.collect::<Vec<_>>().join("\n"))
        })?;
        narrator.saw(&format!("all Deployments are available after {:.1} s", start.elapsed().as_secs_f64()));
        for pod in &pods {
            narrator.saw(&format!("Pod {} runs {}, restarted {} times", pod.name, pod.image, pod.restarts));
        }
        narrator.step("The Pods hold no more than they need: their processes, as the kernel sees them");
        for pod in &pods {
            narrator.saw(&format!("{}: {}", pod.name, locked_down(&pod.uid)?));
        }
        Ok(roles)
    }

    /// Waits until every Deployment has its Pods, all of them ready and none of those that were taken away.
    fn wait_pods(&self, bench: &Workbench<'_>) -> Result<Vec<Pod>> {
        let ready = wait_until("all Deployments are available", BOUND, || {
            let pods = pods(bench)?;
            let deployments = bench.get(&["deployments", "-n", NAMESPACE])?;
            let wanted: u64 =
                array(&deployments["items"]).iter().filter_map(|it| it["spec"]["replicas"].as_u64()).sum();
            let ready = pods.iter().filter(|pod| pod.ready && !self.gone.contains(&pod.uid)).count() as u64;
            ensure!(ready == wanted, "{ready} of {wanted} Pods are ready");
            Ok((pods.len() as u64 == wanted).then_some(pods))
        })?;
        let wait =
            ["wait", "--for=condition=Available", "deployment", "--all", "-n", NAMESPACE, "--timeout=180s"];
        bench.plane.kubectl(&wait)?;
        Ok(ready)
    }
}

impl Roles for Pods {
    fn install_again(&self, bench: &Workbench<'_>, narrator: &mut Narrator) -> Result<()> {
        apply(bench, narrator)
    }

    fn seal_by_rsa(&self) -> Vec<String> {
        Vec::new()
    }

    fn seal_by_age(&self, _: &Workbench<'_>) -> Result<Vec<String>> {
        Ok(vec!["--age".to_owned()])
    }

    fn log_level(&self) -> &'static str {
        "info"
    }

    fn logs(&mut self, bench: &Workbench<'_>) -> Result<Vec<Text>> {
        let mut logs = self.earlier.clone();
        logs.extend(current_logs(bench)?);
        Ok(logs)
    }

    fn log_tails(&mut self, bench: &Workbench<'_>) -> Vec<Text> {
        let describe = |args: &[&str]| bench.plane.kubectl(args).unwrap_or_else(|error| error.to_string());
        let mut tails = vec![("Pods".to_owned(), describe(&["get", "pods", "-n", NAMESPACE, "-o", "wide"]))];
        let events = ["get", "events", "-n", NAMESPACE, "--field-selector=type=Warning"];
        tails.push(("Warnings".to_owned(), describe(&events)));
        for pod in pods(bench).unwrap_or_default() {
            let log = describe(&["logs", &pod.name, "-n", NAMESPACE, "--tail=25"]);
            tails.push((pod.name, log));
        }
        tails
    }

    fn metrics(&self, bench: &Workbench<'_>) -> Result<Vec<Text>> {
        let fetch = |pod: Pod| {
            let path =
                format!("/api/v1/namespaces/{NAMESPACE}/pods/{}:{}/proxy/metrics", pod.name, pod.metrics);
            Ok((pod.name, bench.plane.kubectl(&["get", "--raw", &path])?))
        };
        pods(bench)?.into_iter().map(fetch).collect()
    }

    fn take_away(&mut self, bench: &Workbench<'_>) -> Result<Option<String>> {
        self.earlier.extend(current_logs(bench)?);
        let mut processes = Vec::new();
        for pod in pods(bench)? {
            processes.extend(process_of(&pod.uid)?.file_name().map(OsStr::to_owned));
            self.gone.insert(pod.uid);
        }
        let args = ["delete", "pods", "--all", "-n", NAMESPACE, "--force", "--grace-period=0"];
        bench.plane.kubectl(&[&args[..], &["--wait=false"]].concat())?;
        // Gone as with a machine that loses power: none of them goes on answering while it drains.
        Ran::of(Command::new("kill").arg("-KILL").args(&processes), b"")?;
        Ok(Some(format!("kubectl {}; kill -KILL …", args.join(" "))))
    }

    fn wait_ready(&mut self, bench: &Workbench<'_>) -> Result<()> {
        self.wait_pods(bench).map(drop)
    }

    fn where_logs_are(&self, _: &Workbench<'_>) -> String {
        format!("kubectl logs -n {NAMESPACE} deployment/sealward-reconciler")
    }
}

fn apply(bench: &Workbench<'_>, narrator: &mut Narrator) -> Result<()> {
    narrator.does(&format!("kubectl apply -f {INSTALL}"));
    bench.plane.apply(&repository_root()?.join(INSTALL))?;
    Ok(())
}

fn pods(bench: &Workbench<'_>) -> Result<Vec<Pod>> {
    let listed = bench.get(&["pods", "-n", NAMESPACE])?;
    array(&listed["items"]).iter().map(Pod::read).collect()
}

impl Pod {
    fn read(pod: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let conditions = array(&pod["status"]["conditions"]);
        let container = &pod["spec"]["containers"][0];
        // Where no port is named so, metrics are served beside the probes.
        let ports = array(&container["ports"]);
        let port = ports.iter().find(|port| port["name"] == "metrics").or_else(|| ports.first());
        Ok(Self {
            name: text(&pod["metadata"]["name"]).context("a Pod without a name")?,
            uid: text(&pod["metadata"]["uid"]).context("a Pod without a UID")?,
            image: text(&container["image"]).context("a Pod without an image")?,
            metrics: port.and_then(|port| port["containerPort"].as_u64()).context("a Pod without ports")?,
            restarts: pod["status"]["containerStatuses"][0]["restartCount"].as_u64().unwrap_or_default(),
            ready: pod["metadata"]["deletionTimestamp"].is_null()
                && conditions
                    .iter()
                    .any(|condition| condition["type"] == "Ready" && condition["status"] == "True"),
        })
    }
}

/// What the Pods that are there logged, in their containers' earlier lives too.
fn current_logs(bench: &Workbench<'_>) -> Result<Vec<Text>> {
    let mut logs = Vec::new();
    for pod in pods(bench)? {
        let args = ["logs", &pod.name, "-n", NAMESPACE];
        if pod.restarts > 0 {
            let earlier = bench.plane.kubectl(&[&args[..], &["--previous"]].concat())?;
            logs.push((format!("{} before its restart", pod.name), earlier));
        }
        let log = bench.plane.kubectl(&args)?;
        logs.push((pod.name, log));
    }
    ensure!(logs.iter().any(|(_, log)| !log.is_empty()), "no Pod has a log");
    Ok(logs)
}

/// Holds the process of the Pod `uid` against what a locked-down one may have, and says what was seen.
fn locked_down(uid: &str) -> Result<String> {
    let process = process_of(uid)?;
    let status = fs::read_to_string(process.join("status"))?;
    let user = [USER; 4].join("\t");
    for (field, expected) in [
        ("Uid", user.as_str()),
        ("Gid", &user),
        ("CapEff", "0000000000000000"),
        ("CapBnd", "0000000000000000"),
        ("NoNewPrivs", "1"),
        ("Seccomp", "2"),
    ] {
        let start = format!("{field}:\t");
        let found = status.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default();
        ensure!(found == expected, "{field} of Pod {uid} is {found:?}, not {expected:?}");
    }
    let mounts = fs::read_to_string(process.join("mountinfo"))?;
    // proc_pid_mountinfo(5): the fifth word is where it is mounted, the sixth how.
    let root =
        mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).context("no root is mounted")?;
    let options = root.split(' ').nth(5).unwrap_or_default();
    ensure!(options.split(',').any(|option| option == "ro"), "the root of Pod {uid} is mounted {options}");
    Ok(format!("user {USER}, read-only root, no capability, no new privileges, seccomp"))
}

/// The folder in `/proc` of `sealwardd` in the Pod `uid`: what the kubelet mounts into a Pod lies in a folder
/// of that name.
fn process_of(uid: &str) -> Result<PathBuf> {
    let folder = format!("/pods/{uid}/");
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let read = |name: &str| fs::read_to_string(path.join(name)).unwrap_or_default();
        let program = read("cmdline").split('\0').next().map(PathBuf::from).unwrap_or_default();
        if program.file_name().is_some_and(|name| name == Path::new("sealwardd"))
            && read("mountinfo").contains(&folder)
        {
            return Ok(path);
        }
    }
    bail!("no process of Pod {uid} is seen on this machine")
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
