//! Starting, breaking, mending and stopping the servers.

use crate::{
    User,
    credentials::{self, Credentials},
    flags::{self, Layout, Site},
    kubeconfig::{self, ADMIN},
    process::{Server, within},
    run_dir::{RunDir, RunDirError},
    tools::{self, ToolError},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// How long the API server may take until it is ready.
const READY: Duration = Duration::from_secs(180);

/// How long a server may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// What a control plane is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether kube-controller-manager runs: garbage collection, namespace deletion, default service
    /// accounts, Deployment → ReplicaSet → Pod. Namespaces never finish deleting without it.
    pub controller_manager: bool,
    /// More flags for kube-apiserver, as in `--v=4`; later ones win.
    pub extra_apiserver_args: Vec<String>,
    /// Users with static tokens, beside `admin` in `system:masters`, who is always there.
    pub users: Vec<User>,
}

impl Default for Options {
    /// With the controller manager, and a user `developer` in the group `developers`, who has no rights yet.
    fn default() -> Self {
        Self {
            controller_manager: true,
            extra_apiserver_args: Vec::new(),
            users: vec![User::new("developer", &["developers"])],
        }
    }
}

/// Why a control plane did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A program could not be had.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// Its folder could not be made.
    #[error(transparent)]
    RunDir(#[from] RunDirError),
    /// Keys, kubeconfigs or configuration files could not be written.
    #[error("the control plane's files could not be written: {0}")]
    Files(#[source] io::Error),
    /// A server did not come up.
    #[error(transparent)]
    Server(#[from] ServerError),
}

/// Why a server is not up.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Its process could not be started.
    #[error("{server} could not be started: {source}")]
    Spawn {
        /// The server.
        server: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// Its process ended.
    #[error("{server} ended ({status}); the end of its log:\n{log}")]
    Ended {
        /// The server.
        server: &'static str,
        /// Its exit status.
        status: String,
        /// The last lines of its log.
        log: String,
    },
    /// It runs but did not become ready in time.
    #[error("{server} is not ready after {seconds} s: {last}; the end of its log:\n{log}")]
    NotReady {
        /// The server.
        server: &'static str,
        /// How long it was given.
        seconds: u64,
        /// What the last look said.
        last: String,
        /// The last lines of its log.
        log: String,
    },
}

/// A running etcd, kube-apiserver and, if wanted, kube-controller-manager; dropping it stops them and removes
/// every file.
#[derive(Debug)]
pub struct ControlPlane {
    pub(crate) admin: PathBuf,
    pub(crate) kubectl: PathBuf,
    url: String,
    credentials: Credentials,
    ca_pem: String,
    /// Scheduler and controller manager, in the order in which they are stopped.
    managers: Mutex<Vec<Server>>,
    has_controller_manager: bool,
    apiserver: Server,
    etcd: Server,
    pub(crate) run: RunDir,
}

impl ControlPlane {
    /// Starts one on free loopback ports and waits until `/readyz` says so.
    ///
    /// Programs that are not built yet are built first, which takes minutes once.
    ///
    /// # Errors
    /// [`StartError`], with the end of the log of the server that did not come up.
    pub fn start(options: Options) -> Result<Self, StartError> {
        let programs = Programs::find(&options)?;
        let run = RunDir::create()?;
        let site = Site::loopback(&run);
        Self::start_at(options, programs, run, &site)
    }

    pub(crate) fn start_at(
        options: Options,
        programs: Programs,
        run: RunDir,
        site: &Site,
    ) -> Result<Self, StartError> {
        let credentials =
            credentials::create(&run.path().join("pki"), site.names()).map_err(StartError::Files)?;
        let ca_pem = fs::read_to_string(&credentials.ca).map_err(StartError::Files)?;
        write_users(&options, &run, site, &credentials.ca).map_err(StartError::Files)?;
        let layout = Layout { run: &run, site, credentials: &credentials };
        let etcd = server("etcd", &programs.etcd, layout.etcd(), site, &run)?;
        let flags = layout.apiserver(&options).map_err(StartError::Files)?;
        let apiserver = server("kube-apiserver", &programs.apiserver, flags, site, &run)?;
        let manager_flags = programs.controller_manager.map(|path| (path, layout.controller_manager()));
        let plane = Self {
            admin: kubeconfig::file(&flags::kubeconfigs(&run), ADMIN),
            kubectl: programs.kubectl,
            url: site.url(),
            credentials,
            ca_pem,
            managers: Mutex::default(),
            has_controller_manager: options.controller_manager,
            apiserver,
            etcd,
            run,
        };
        plane.wait_ready()?;
        if let Some((program, flags)) = manager_flags {
            plane.add_manager(server("kube-controller-manager", &program, flags, site, &plane.run)?);
        }
        Ok(plane)
    }

    /// The URL of the API server.
    pub fn server_url(&self) -> &str {
        &self.url
    }

    /// The certificate of the authority that signed the API server's.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The file of [`Self::ca_pem`].
    pub fn ca_file(&self) -> &Path {
        &self.credentials.ca
    }

    /// The folder with everything of this run: logs, kubeconfigs, keys. Files put there go away with it.
    pub fn folder(&self) -> &Path {
        self.run.path()
    }

    /// The pids of etcd, kube-apiserver and the managers that run now.
    pub fn pids(&self) -> Vec<u32> {
        let managers = self.managers.lock().unwrap_or_else(PoisonError::into_inner);
        [&self.etcd, &self.apiserver].into_iter().chain(managers.iter()).filter_map(Server::pid).collect()
    }

    /// Kills the API server (SIGKILL), as a crash would.
    pub fn kill_apiserver(&self) {
        self.apiserver.kill();
    }

    /// Starts the API server again on the same port, and waits until it is ready.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn restart_apiserver(&self) -> Result<(), ServerError> {
        restart(&self.apiserver, &self.run)?;
        self.wait_ready()
    }

    /// Kills etcd (SIGKILL); the API server then answers with errors.
    pub fn kill_etcd(&self) {
        self.etcd.kill();
    }

    /// Starts etcd again on the same port and data, and waits until the API server is ready.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn restart_etcd(&self) -> Result<(), ServerError> {
        restart(&self.etcd, &self.run)?;
        self.wait_ready()
    }

    /// Waits until the API server's `/readyz` says ok.
    ///
    /// # Errors
    /// [`ServerError`], when a server ended or three minutes went by.
    pub fn wait_ready(&self) -> Result<(), ServerError> {
        let mut last = String::new();
        let ready =
            within(READY, || match self.kubectl(&["get", "--raw=/readyz", "--request-timeout=10s"]) {
                Ok(_) => true,
                Err(error) => {
                    last = error.to_string();
                    [&self.etcd, &self.apiserver].iter().any(|server| server.ended().is_some())
                }
            });
        for server in [&self.etcd, &self.apiserver] {
            if let Some(status) = server.ended() {
                return Err(ServerError::Ended { server: server.name(), status, log: server.log_tail() });
            }
        }
        if ready {
            return Ok(());
        }
        let (server, log) = (self.apiserver.name(), self.apiserver.log_tail());
        Err(ServerError::NotReady { server, seconds: READY.as_secs(), last, log })
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) fn add_manager(&self, server: Server) {
        self.managers.lock().unwrap_or_else(PoisonError::into_inner).push(server);
    }

    pub(crate) fn has_controller_manager(&self) -> bool {
        self.has_controller_manager
    }

    pub(crate) fn kubeconfigs(&self) -> PathBuf {
        flags::kubeconfigs(&self.run)
    }

    pub(crate) fn audit_log(&self) -> PathBuf {
        self.run.path().join("audit.log")
    }
}

impl Drop for ControlPlane {
    /// Managers, then the API server, then etcd: an API server whose etcd is gone does not end for long.
    fn drop(&mut self) {
        for manager in self.managers.get_mut().unwrap_or_else(PoisonError::into_inner) {
            manager.stop(GRACE);
        }
        self.apiserver.stop(GRACE);
        self.etcd.stop(GRACE);
    }
}

/// The programs of one control plane.
pub(crate) struct Programs {
    etcd: PathBuf,
    apiserver: PathBuf,
    controller_manager: Option<PathBuf>,
    kubectl: PathBuf,
}

impl Programs {
    pub(crate) fn find(options: &Options) -> Result<Self, ToolError> {
        let controller_manager =
            options.controller_manager.then(|| tools::path("kube-controller-manager")).transpose()?;
        Ok(Self {
            etcd: tools::path("etcd")?,
            apiserver: tools::path("kube-apiserver")?,
            controller_manager,
            kubectl: tools::path("kubectl")?,
        })
    }
}

pub(crate) fn server(
    name: &'static str,
    program: &Path,
    args: Vec<std::ffi::OsString>,
    site: &Site,
    run: &RunDir,
) -> Result<Server, ServerError> {
    Server::start(name, site.line(program, args), run)
        .map_err(|source| ServerError::Spawn { server: name, source })
}

fn restart(server: &Server, run: &RunDir) -> Result<(), ServerError> {
    server.restart(run).map_err(|source| ServerError::Spawn { server: server.name(), source })
}

/// The token file and a kubeconfig for the admin, the managers and everyone declared.
fn write_users(options: &Options, run: &RunDir, site: &Site, ca: &Path) -> io::Result<()> {
    let mut users = vec![
        User::new(ADMIN, &["system:masters"]),
        User::new("system:kube-controller-manager", &[]),
        User::new("system:kube-scheduler", &[]),
    ];
    users.extend(options.users.iter().cloned());
    let folder = flags::kubeconfigs(run);
    fs::create_dir(&folder)?;
    kubeconfig::write_users(&users, &folder, &run.path().join("tokens.csv"), &site.url(), ca)
}
