//! The command line of each server.

use crate::{Options, audit, credentials::Credentials, kubeconfig, run_dir::RunDir};
use std::{
    ffi::OsString,
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

/// The addresses of Services; the first one is the API server's own.
const SERVICE_RANGE: &str = "10.96.0.0/16";
pub(crate) const FIRST_SERVICE_ADDRESS: &str = "10.96.0.1";

/// Where the servers stand: on the host's loopback, or in a node's network namespace.
#[derive(Debug)]
pub(crate) struct Site {
    /// What is put before each server's command line, to enter its namespaces.
    pub(crate) enter: Vec<OsString>,
    /// The address under which clients reach the API server.
    pub(crate) address: Ipv4Addr,
    /// Its port.
    pub(crate) port: u16,
    /// Whether Pods reach it too: it then listens everywhere and routes to endpoints itself.
    pub(crate) serves_pods: bool,
}

impl Site {
    /// The host's loopback interface.
    pub(crate) fn loopback(run: &RunDir) -> Self {
        Self { enter: Vec::new(), address: Ipv4Addr::LOCALHOST, port: run.port(2), serves_pods: false }
    }

    /// The URL of the API server.
    pub(crate) fn url(&self) -> String {
        format!("https://{}:{}", self.address, self.port)
    }

    /// Every name and address that the serving certificate holds.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = vec![self.address.to_string(), FIRST_SERVICE_ADDRESS.to_owned()];
        if self.address != Ipv4Addr::LOCALHOST {
            names.push(Ipv4Addr::LOCALHOST.to_string());
        }
        names.extend(
            ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(str::to_owned),
        );
        names.push("kubernetes.default.svc.cluster.local".to_owned());
        names
    }

    /// The command line `program args…`, preceded by what enters the site.
    pub(crate) fn line(&self, program: &Path, args: Vec<OsString>) -> Vec<OsString> {
        let mut line = self.enter.clone();
        line.push(program.into());
        line.extend(args);
        line
    }
}

/// Everything that the command lines are made from.
pub(crate) struct Layout<'a> {
    pub(crate) run: &'a RunDir,
    pub(crate) site: &'a Site,
    pub(crate) credentials: &'a Credentials,
}

impl Layout<'_> {
    /// etcd without fsync: a test's data need not survive a power cut.
    pub(crate) fn etcd(&self) -> Vec<OsString> {
        let (clients, peers) = (self.etcd_url(0), self.etcd_url(1));
        flags(&[
            ("data-dir", &self.path("etcd")),
            ("listen-client-urls", &clients),
            ("advertise-client-urls", &clients),
            ("listen-peer-urls", &peers),
            ("initial-advertise-peer-urls", &peers),
            ("initial-cluster", &format!("default={peers}")),
            ("unsafe-no-fsync", "true"),
            ("log-level", "error"),
        ])
    }

    /// The API server with RBAC, the token file and an audit log of every request.
    pub(crate) fn apiserver(&self, options: &Options) -> io::Result<Vec<OsString>> {
        let policy = self.run.path().join("audit-policy.yaml");
        fs::write(&policy, audit::POLICY)?;
        let keys = self.credentials;
        let bind = if self.site.serves_pods { Ipv4Addr::UNSPECIFIED } else { self.site.address };
        let mut args = flags(&[
            ("etcd-servers", &self.etcd_url(0)),
            ("bind-address", &bind.to_string()),
            ("secure-port", &self.site.port.to_string()),
            ("tls-cert-file", &text(&keys.serving.0)),
            ("tls-private-key-file", &text(&keys.serving.1)),
            ("client-ca-file", &text(&keys.ca)),
            ("service-account-issuer", "https://kubernetes.default.svc"),
            ("service-account-key-file", &text(&keys.service_account_public)),
            ("service-account-signing-key-file", &text(&keys.service_account_key)),
            ("authorization-mode", "Node,RBAC"),
            ("token-auth-file", &self.path("tokens.csv")),
            ("service-cluster-ip-range", SERVICE_RANGE),
            ("allow-privileged", "true"),
            ("audit-policy-file", &text(&policy)),
            ("audit-log-path", &self.path("audit.log")),
            ("audit-log-maxsize", "4000"), // megabytes: a rotated log would hide what happened
            ("kubelet-client-certificate", &text(&keys.kubelet_client.0)),
            ("kubelet-client-key", &text(&keys.kubelet_client.1)),
        ]);
        if self.site.serves_pods {
            args.extend(flags(&[
                ("advertise-address", &self.site.address.to_string()),
                ("enable-aggregator-routing", "true"),
                ("kubelet-preferred-address-types", "InternalIP"), // there is no DNS for its name
            ]));
        }
        args.extend(options.extra_apiserver_args.iter().map(OsString::from));
        Ok(args)
    }

    /// The controller manager: garbage collection, namespaces, service accounts, workloads.
    pub(crate) fn controller_manager(&self) -> Vec<OsString> {
        let mut args = self.manager("system:kube-controller-manager", 3);
        args.extend(flags(&[
            ("use-service-account-credentials", "true"),
            ("service-account-private-key-file", &text(&self.credentials.service_account_key)),
            ("root-ca-file", &text(&self.credentials.ca)),
            ("flex-volume-plugin-dir", &self.path("volume-plugins")), // made if missing, by default in /usr
        ]));
        args
    }

    /// The scheduler.
    pub(crate) fn scheduler(&self) -> Vec<OsString> {
        self.manager("system:kube-scheduler", 4)
    }

    fn manager(&self, user: &str, port: u16) -> Vec<OsString> {
        let kubeconfig = text(&kubeconfig::file(&self.run.path().join("kubeconfigs"), user));
        flags(&[
            ("kubeconfig", &kubeconfig),
            ("authentication-kubeconfig", &kubeconfig),
            ("authorization-kubeconfig", &kubeconfig),
            ("bind-address", "127.0.0.1"),
            ("secure-port", &self.run.port(port).to_string()),
            ("cert-dir", &self.path(&format!("certs-{port}"))),
            ("leader-elect", "false"),
        ])
    }

    fn etcd_url(&self, which: u16) -> String {
        format!("http://127.0.0.1:{}", self.run.port(which))
    }

    fn path(&self, name: &str) -> String {
        text(&self.run.path().join(name))
    }
}

fn flags(pairs: &[(&str, &str)]) -> Vec<OsString> {
    pairs.iter().map(|(name, value)| OsString::from(format!("--{name}={value}"))).collect()
}

fn text(path: &(impl AsRef<Path> + ?Sized)) -> String {
    path.as_ref().to_string_lossy().into_owned()
}

/// Where the kubeconfigs of a run lie.
pub(crate) fn kubeconfigs(run: &RunDir) -> PathBuf {
    run.path().join("kubeconfigs")
}
