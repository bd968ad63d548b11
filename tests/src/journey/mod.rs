//! The main job, step by step: what a platform team does in its first hour.
//!
//! The steps are the same on a control plane and on a node; what differs is in [`Cluster`] and [`Roles`].

mod delivery;
mod guard;
mod sealing;
mod traces;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use sealward_testkit::{GitRepo, GitServer};

use crate::cluster::Cluster;
use crate::narrator::Narrator;
use crate::roles::{self, Roles};
use crate::workbench::{Workbench, repository_root, wait_until};

/// How long a step may take before it counts as not happening.
const BOUND: Duration = Duration::from_secs(180);

/// How the journey goes and ends.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Leave everything running until somebody presses ctrl-c.
    pub keep: bool,
    /// Archive of our image: the journey goes on a node then, and the roles are Pods.
    pub node: Option<PathBuf>,
}

/// Walks the whole journey on a cluster of its own.
///
/// # Errors
/// At the first step that was not seen to happen, with what came back instead.
pub fn journey(options: &Options, narrator: &mut Narrator) -> Result<()> {
    let Options { keep, node } = options;
    let cluster = Cluster::start(node.as_deref(), narrator)?;
    let mut scene = Scene::set(&cluster, narrator)?;
    let walked = scene.walk(narrator);
    if let Err(error) = &walked {
        narrator.shows(&format!("{error:#}"));
        for (name, log) in scene.roles.log_tails(&scene.bench) {
            narrator.step(&format!("what the {name} logged last"));
            narrator.shows(&log);
        }
    }
    if *keep {
        scene.look_around(narrator);
    }
    walked?;
    drop(scene);
    drop(cluster);
    narrator.step("All torn down");
    narrator.saw("every step was seen to happen");
    Ok(())
}

/// Everything that runs while the journey goes on.
struct Scene<'a> {
    bench: Workbench<'a>,
    roles: Box<dyn Roles>,
    _server: GitServer,
    remote: String,
    repo: GitRepo,
    developer: PathBuf,
}

impl<'a> Scene<'a> {
    fn set(cluster: &'a Cluster, narrator: &mut Narrator) -> Result<Self> {
        let bench = Workbench::new(cluster.plane(), "journey")?;
        let root = repository_root()?;
        let roles = roles::install(cluster, &bench, narrator)?;
        let repositories = bench.folder.join("git");
        fs::create_dir_all(&repositories)?;
        let server = GitServer::at(cluster.host_address().into(), &repositories);
        let remote = server.create("my-app");
        let repo = GitRepo::init(bench.folder.join("my-app"));
        let developer = bench.plane.kubeconfig_for("developer")?;

        narrator.step("What is left to choose: who applies what Git says, and the rules");
        narrator.does("kubectl apply -k deploy/applier        # as cluster-admin");
        bench.plane.apply(&root.join("deploy/applier"))?;
        narrator.does("kubectl apply -k deploy/policies       # the rule set that policies/ makes");
        bench.plane.apply(&root.join("deploy/policies"))?;
        let digest = wait_until("the rule set is loaded", BOUND, || {
            let rules = bench.get(&["ruleset", "sealward"])?;
            Ok(rules["status"]["digest"].as_str().map(str::to_owned))
        })?;
        narrator.saw(&format!("the webhook enforces {digest}"));
        Ok(Self { bench, roles, _server: server, remote, repo, developer })
    }

    fn walk(&mut self, narrator: &mut Narrator) -> Result<()> {
        self.commit_application(narrator)?;
        self.lint_and_seal(narrator)?;
        self.reconcile(narrator)?;
        self.refuse_manual_change(narrator)?;
        self.same_verdict(narrator)?;
        self.heal_drift(narrator)?;
        self.all_gone_then_back(narrator)?;
        self.new_value(narrator)?;
        self.bad_commit(narrator)?;
        self.revert(narrator)?;
        self.nothing_leaked(narrator)?;
        self.rights(narrator)
    }

    fn look_around(&self, narrator: &mut Narrator) {
        narrator.step("Everything is left running; ctrl-c ends it");
        narrator.shows(&format!(
            "export KUBECONFIG={}\nkubectl get gitrepositories,kustomizations,sealedsecrets,rulesets -A\n\
             repository: {}\nremote: {}\nlogs: {}",
            self.bench.plane.admin_kubeconfig().display(),
            self.repo.dir().display(),
            self.remote,
            self.roles.where_logs_are(&self.bench),
        ));
        loop {
            std::thread::park();
        }
    }
}
