//! The API server as kubectl finds it: kubeconfig files, and flags that stand over parts of them.
//!
//! Rules: client-go's `tools/clientcmd` (loader, overrides, client_config).

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{
    AuthInfo, Cluster as NamedServer, Context, KubeConfigOptions, Kubeconfig, KubeconfigError, NamedAuthInfo,
    NamedCluster, NamedContext,
};
use secrecy::SecretString;

use crate::cluster::Cluster;
use crate::connect::ConnectError;
use crate::error::chain;

const CONNECT_BOUND: Duration = Duration::from_secs(10);
const DEFAULT_NAMESPACE: &str = "default";
/// Name of the one context that is left when all flags are laid over the files.
const EFFECTIVE: &str = "effective";

/// Where kubeconfigs are looked for.
#[derive(Debug, Clone, Default)]
pub enum KubeconfigFiles {
    /// In none.
    #[default]
    Nowhere,
    /// In this file, which must be there.
    One(PathBuf),
    /// In all of these that are there, the first word winning: what `$KUBECONFIG` lists, or the one in the home
    /// folder.
    List(Vec<PathBuf>),
}

/// What kubectl's flags say about the API server; `None` and empty mean what the files say.
#[derive(Debug, Clone, Default)]
pub struct KubectlOptions {
    /// Kubeconfig files.
    pub files: KubeconfigFiles,
    /// Context, instead of the current one.
    pub context: Option<String>,
    /// Cluster, instead of the context's.
    pub cluster: Option<String>,
    /// User, instead of the context's.
    pub user: Option<String>,
    /// Namespace, instead of the context's.
    pub namespace: Option<String>,
    /// Address of the API server.
    pub server: Option<String>,
    /// Name that the server's certificate must have.
    pub tls_server_name: Option<String>,
    /// File with the authority of the server's certificate.
    pub certificate_authority: Option<String>,
    /// Whether the server's certificate is not looked at.
    pub insecure_skip_tls_verify: bool,
    /// Whether answers are not asked for in compressed form.
    pub disable_compression: bool,
    /// Proxy to go through.
    pub proxy_url: Option<String>,
    /// Bearer token.
    pub token: Option<SecretString>,
    /// User of basic authentication.
    pub username: Option<String>,
    /// Password of basic authentication.
    pub password: Option<SecretString>,
    /// File of a client certificate.
    pub client_certificate: Option<String>,
    /// File of its key.
    pub client_key: Option<String>,
    /// User to act as.
    pub impersonate: Option<String>,
    /// UID of that user.
    pub impersonate_uid: Option<String>,
    /// Groups of that user.
    pub impersonate_groups: Vec<String>,
    /// Most time that one request may take.
    pub request_timeout: Option<Duration>,
}

impl KubectlOptions {
    /// The namespace that was asked for, else the context's, else `default`. `None` when no kubeconfig names a
    /// server, as outside of any cluster.
    ///
    /// # Errors
    /// [`ConnectError`] when a file is broken or names are missing in it.
    pub fn namespace(&self) -> Result<Option<String>, ConnectError> {
        if let Some(namespace) = &self.namespace {
            return Ok(Some(namespace.clone()));
        }
        let effective = self.effective()?;
        Ok(effective.map(|config| namespace_of(&config).unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned())))
    }

    /// One context that is all the files and flags together; `None` when neither names a server.
    fn effective(&self) -> Result<Option<Kubeconfig>, ConnectError> {
        let files = self.read()?;
        let mut context = self.context_of(&files)?.unwrap_or_default();
        let mut server = named(&self.cluster, &context.cluster, "cluster", |name| {
            let found = files.clusters.iter().find(|cluster| cluster.name == name)?;
            Some(found.cluster.clone().unwrap_or_default())
        })?;
        let user = context.user.clone().unwrap_or_default();
        let mut account = named(&self.user, &user, "auth info", |name| {
            let found = files.auth_infos.iter().find(|account| account.name == name)?;
            Some(found.auth_info.clone().unwrap_or_default())
        })?;
        self.over_server(&mut server);
        self.over_account(&mut account);
        if server.server.as_deref().unwrap_or_default().is_empty() {
            return Ok(None);
        }
        context.cluster = EFFECTIVE.to_owned();
        context.user = Some(EFFECTIVE.to_owned());
        context.namespace = self.namespace.clone().or(context.namespace).filter(|name| !name.is_empty());
        let name = || EFFECTIVE.to_owned();
        Ok(Some(Kubeconfig {
            current_context: Some(name()),
            contexts: vec![NamedContext { name: name(), context: Some(context), ..Default::default() }],
            clusters: vec![NamedCluster { name: name(), cluster: Some(server), ..Default::default() }],
            auth_infos: vec![NamedAuthInfo { name: name(), auth_info: Some(account), ..Default::default() }],
            ..Kubeconfig::default()
        }))
    }

    fn read(&self) -> Result<Kubeconfig, ConnectError> {
        match &self.files {
            KubeconfigFiles::Nowhere => Ok(Kubeconfig::default()),
            KubeconfigFiles::One(path) => Kubeconfig::read_from(path).map_err(|error| unusable(path, &error)),
            KubeconfigFiles::List(paths) => {
                let there = paths.iter().filter(|path| path.exists());
                there.into_iter().try_fold(Kubeconfig::default(), |merged, path| {
                    let failed = |error| unusable(path, &error);
                    merged.merge(Kubeconfig::read_from(path).map_err(failed)?).map_err(failed)
                })
            }
        }
    }

    fn context_of(&self, files: &Kubeconfig) -> Result<Option<Context>, ConnectError> {
        let current = files.current_context.clone().filter(|name| !name.is_empty());
        let Some(name) = self.context.clone().or(current) else { return Ok(None) };
        match files.contexts.iter().find(|context| context.name == name) {
            Some(found) => Ok(found.context.clone()),
            None => Err(ConnectError::Missing { kind: "context", name }),
        }
    }

    fn over_server(&self, server: &mut NamedServer) {
        if self.insecure_skip_tls_verify || self.certificate_authority.is_some() {
            server.insecure_skip_tls_verify = Some(self.insecure_skip_tls_verify);
            server.certificate_authority.clone_from(&self.certificate_authority);
            server.certificate_authority_data = None;
        }
        if self.server.is_some() || self.tls_server_name.is_some() {
            server.tls_server_name.clone_from(&self.tls_server_name);
        }
        if let Some(address) = &self.server {
            // Without a scheme it is HTTP, as client-go has it.
            let scheme = if address.contains("://") { "" } else { "http://" };
            server.server = Some(format!("{scheme}{address}"));
        }
        if self.disable_compression {
            server.disable_compression = Some(true);
        }
        if self.proxy_url.is_some() {
            server.proxy_url.clone_from(&self.proxy_url);
        }
    }

    /// Whoever names other credentials does not want those of the file beside them.
    fn over_account(&self, account: &mut AuthInfo) {
        if self.token.is_some() || self.username.is_some() || self.client_certificate.is_some() {
            account.token.clone_from(&self.token);
            account.username.clone_from(&self.username);
            account.password.clone_from(&self.password);
            (account.token_file, account.exec, account.auth_provider) = (None, None, None);
        }
        if let Some(file) = &self.client_certificate {
            account.client_certificate = Some(file.clone());
            account.client_certificate_data = None;
        }
        if let Some(file) = &self.client_key {
            account.client_key = Some(file.clone());
            account.client_key_data = None;
        }
        if self.impersonate.is_some() {
            account.impersonate.clone_from(&self.impersonate);
        }
        if self.impersonate_uid.is_some() {
            account.impersonate_uid.clone_from(&self.impersonate_uid);
        }
        if !self.impersonate_groups.is_empty() {
            account.impersonate_groups = Some(self.impersonate_groups.clone());
        }
    }

    async fn configuration(&self) -> Result<kube::Config, ConnectError> {
        let mut config = match self.effective()? {
            Some(effective) => {
                let made =
                    kube::Config::from_custom_kubeconfig(effective, &KubeConfigOptions::default()).await;
                made.map_err(|error| ConnectError::Client { message: chain(&error) })?
            }
            None => {
                kube::Config::incluster().map_err(|error| ConnectError::Nowhere { message: chain(&error) })?
            }
        };
        config.connect_timeout = Some(CONNECT_BOUND);
        config.read_timeout = None;
        // A person waits: what is not there is said at once, not asked for again and again.
        config.default_retry = false;
        Ok(config)
    }
}

impl Cluster {
    /// A client as kubectl would have it; nothing is asked of the server yet.
    ///
    /// # Errors
    /// [`ConnectError`] when neither files nor flags name a server and this is no Pod, or what they hold is unusable.
    pub async fn connect_as_kubectl(options: &KubectlOptions) -> Result<Self, ConnectError> {
        Self::from_config(options.configuration().await?)
    }
}

fn namespace_of(config: &Kubeconfig) -> Option<String> {
    config
        .contexts
        .first()
        .and_then(|named| named.context.as_ref())
        .and_then(|context| context.namespace.clone())
}

/// What `find` knows under the name that was asked for, else under the context's, else nothing.
fn named<T: Default>(
    asked: &Option<String>,
    of_context: &str,
    kind: &'static str,
    find: impl Fn(&str) -> Option<T>,
) -> Result<T, ConnectError> {
    match asked {
        Some(name) => find(name).ok_or_else(|| ConnectError::Missing { kind, name: name.clone() }),
        None => Ok(find(of_context).unwrap_or_default()),
    }
}

fn unusable(path: &Path, error: &KubeconfigError) -> ConnectError {
    ConnectError::Kubeconfig { path: path.display().to_string(), message: chain(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
apiVersion: v1
kind: Config
current-context: a
contexts:
- {name: a, context: {cluster: one, user: alice, namespace: shop}}
- {name: b, context: {cluster: two, user: bob}}
clusters:
- {name: one, cluster: {server: 'https://one:6443', certificate-authority-data: AAAA, tls-server-name: n}}
- {name: two, cluster: {server: 'https://two:6443'}}
users:
- {name: alice, user: {token: from-file}}
- {name: bob, user: {client-certificate: /c, client-key: /k}}
";

    fn effective(change: impl Fn(&mut KubectlOptions)) -> Result<Option<Kubeconfig>, ConnectError> {
        let file = tempfile();
        let mut options =
            KubectlOptions { files: KubeconfigFiles::One(file.clone()), ..KubectlOptions::default() };
        change(&mut options);
        let effective = options.effective();
        std::fs::remove_file(file).unwrap();
        effective
    }

    fn tempfile() -> PathBuf {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("kubeconfig-{}-{number}", std::process::id()));
        std::fs::write(&path, FILE).unwrap();
        path
    }

    fn server(config: &Kubeconfig) -> NamedServer {
        config.clusters[0].cluster.clone().unwrap()
    }

    fn account(config: &Kubeconfig) -> AuthInfo {
        config.auth_infos[0].auth_info.clone().unwrap()
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn flags_stand_over_the_file() {
        let plain = effective(|_| {}).unwrap().unwrap();
        assert_eq!(server(&plain).server, text("https://one:6443"));
        assert_eq!(namespace_of(&plain), text("shop"));
        let other = effective(|options| options.context = text("b")).unwrap().unwrap();
        assert_eq!((server(&other).server, namespace_of(&other)), (text("https://two:6443"), None));
        let mixed = effective(|options| {
            options.cluster = text("two");
            options.namespace = text("n");
        });
        let mixed = mixed.unwrap().unwrap();
        assert_eq!((server(&mixed).server, namespace_of(&mixed)), (text("https://two:6443"), text("n")));
        assert!(account(&mixed).token.is_some());
        let addressed = effective(|options| options.server = text("other:80")).unwrap().unwrap();
        assert_eq!(server(&addressed).server, text("http://other:80"));
        assert_eq!(server(&addressed).tls_server_name, None);
    }

    #[test]
    fn named_authorities_and_credentials_replace_those_of_the_file() {
        let insecure = effective(|options| options.insecure_skip_tls_verify = true).unwrap().unwrap();
        assert_eq!(server(&insecure).certificate_authority_data, None);
        assert_eq!(server(&insecure).insecure_skip_tls_verify, Some(true));
        let basic = effective(|options| {
            options.username = text("u");
            options.password = Some(SecretString::from("p"));
            options.impersonate = text("other");
        });
        let basic = account(&basic.unwrap().unwrap());
        assert!(basic.token.is_none() && basic.password.is_some());
        assert_eq!(basic.impersonate, text("other"));
    }

    #[test]
    fn names_that_are_nowhere_are_said() {
        let said = |change: fn(&mut KubectlOptions)| effective(change).unwrap_err().to_string();
        assert_eq!(said(|options| options.context = text("x")), "context \"x\" does not exist");
        assert_eq!(said(|options| options.cluster = text("x")), "cluster \"x\" does not exist");
        assert_eq!(said(|options| options.user = text("x")), "auth info \"x\" does not exist");
    }

    #[test]
    fn files_of_a_list_that_are_missing_are_passed_over() {
        let there = tempfile();
        let files = KubeconfigFiles::List(vec!["/no/such/file".into(), there.clone()]);
        let options = KubectlOptions { files, ..KubectlOptions::default() };
        assert_eq!(options.namespace().unwrap(), text("shop"));
        std::fs::remove_file(&there).unwrap();
        assert_eq!(options.namespace().unwrap(), None);
        let missing = KubectlOptions { files: KubeconfigFiles::One(there), ..KubectlOptions::default() };
        assert!(matches!(missing.namespace(), Err(ConnectError::Kubeconfig { .. })));
    }
}
