//! The flags that find the API server, as kubectl has them, and the sealer behind it.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use sealward_cluster::{KubeconfigFiles, KubectlOptions};

/// kubectl's flags.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "API server")]
pub(crate) struct Kubectl {
    /// Namespace of Secrets that name none.
    #[arg(short = 'n', long, env = "SEALED_SECRETS_NAMESPACE")]
    namespace: Option<String>,
    /// Kubeconfig file; else what $KUBECONFIG lists, else ~/.kube/config.
    #[arg(long, env = "SEALED_SECRETS_KUBECONFIG", value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(long, env = "SEALED_SECRETS_CONTEXT")]
    context: Option<String>,
    /// Cluster of the kubeconfig.
    #[arg(long, env = "SEALED_SECRETS_CLUSTER")]
    cluster: Option<String>,
    /// User of the kubeconfig.
    #[arg(long, env = "SEALED_SECRETS_USER")]
    user: Option<String>,
    /// Address of the API server.
    #[arg(long, env = "SEALED_SECRETS_SERVER", value_name = "URL")]
    server: Option<String>,
    /// Bearer token.
    #[arg(long, env = "SEALED_SECRETS_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// User of basic authentication.
    #[arg(long, env = "SEALED_SECRETS_USERNAME")]
    username: Option<String>,
    /// Password of basic authentication.
    #[arg(long, env = "SEALED_SECRETS_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// User to act as.
    #[arg(long = "as", env = "SEALED_SECRETS_AS", value_name = "USER")]
    impersonate: Option<String>,
    /// UID to act as.
    #[arg(long = "as-uid", env = "SEALED_SECRETS_AS_UID", value_name = "UID")]
    impersonate_uid: Option<String>,
    /// Group to act as; may be repeated.
    #[arg(long = "as-group", env = "SEALED_SECRETS_AS_GROUP", value_name = "GROUP")]
    impersonate_groups: Vec<String>,
    /// File with the authority of the server's certificate.
    #[arg(long, env = "SEALED_SECRETS_CERTIFICATE_AUTHORITY", value_name = "FILE")]
    certificate_authority: Option<String>,
    /// Do not look at the server's certificate: anybody on the line can then answer in its place.
    #[arg(long, env = "SEALED_SECRETS_INSECURE_SKIP_TLS_VERIFY", value_parser = FalseyValueParser::new())]
    insecure_skip_tls_verify: bool,
    /// Name that the server's certificate must have.
    #[arg(long, env = "SEALED_SECRETS_TLS_SERVER_NAME", value_name = "NAME")]
    tls_server_name: Option<String>,
    /// File of a client certificate.
    #[arg(long, env = "SEALED_SECRETS_CLIENT_CERTIFICATE", value_name = "FILE")]
    client_certificate: Option<String>,
    /// File of its key.
    #[arg(long, env = "SEALED_SECRETS_CLIENT_KEY", value_name = "FILE")]
    client_key: Option<String>,
    /// Proxy to go through.
    #[arg(long, env = "SEALED_SECRETS_PROXY_URL", value_name = "URL")]
    proxy_url: Option<String>,
    /// Do not ask for compressed answers.
    #[arg(long, env = "SEALED_SECRETS_DISABLE_COMPRESSION", value_parser = FalseyValueParser::new())]
    disable_compression: bool,
    /// Most time that one request may take, such as 90s or 2m; 20 seconds by default, which 0 stands for too.
    #[arg(long, env = "SEALED_SECRETS_REQUEST_TIMEOUT", value_name = "DURATION", value_parser = timeout)]
    request_timeout: Option<Timeout>,
}

/// A bound, or none.
pub(crate) type Timeout = Option<Duration>;

/// A duration as kubectl reads it: seconds, or a number with a unit; none for zero.
pub(crate) fn timeout(text: &str) -> Result<Timeout, String> {
    let seconds = text.parse::<u64>().ok().map(Duration::from_secs);
    let spoken =
        || text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    match seconds.or_else(spoken) {
        Some(duration) => Ok(Some(duration).filter(|duration| !duration.is_zero())),
        None => Err(format!("{text:?} is no duration, such as 1s, 2m or 3h")),
    }
}

/// The kubeconfig files to look into: the one that is named, else those of `$KUBECONFIG`, else the home folder's.
pub(crate) fn kubeconfigs(named: Option<PathBuf>) -> KubeconfigFiles {
    if let Some(path) = named.filter(|path| !path.as_os_str().is_empty()) {
        return KubeconfigFiles::One(path);
    }
    if let Some(list) = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        let paths = std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty());
        return KubeconfigFiles::List(paths.collect());
    }
    match std::env::home_dir() {
        Some(home) => KubeconfigFiles::List(vec![home.join(".kube/config")]),
        None => KubeconfigFiles::Nowhere,
    }
}

impl From<Kubectl> for KubectlOptions {
    fn from(flags: Kubectl) -> Self {
        // Empty is as good as not given, as for kubectl.
        let text = |value: Option<String>| value.filter(|text| !text.is_empty());
        Self {
            files: kubeconfigs(flags.kubeconfig),
            context: text(flags.context),
            cluster: text(flags.cluster),
            user: text(flags.user),
            namespace: text(flags.namespace),
            server: text(flags.server),
            tls_server_name: text(flags.tls_server_name),
            certificate_authority: text(flags.certificate_authority),
            insecure_skip_tls_verify: flags.insecure_skip_tls_verify,
            disable_compression: flags.disable_compression,
            proxy_url: text(flags.proxy_url),
            token: text(flags.token).map(Into::into),
            username: text(flags.username),
            password: text(flags.password).map(Into::into),
            client_certificate: text(flags.client_certificate),
            client_key: text(flags.client_key),
            impersonate: text(flags.impersonate),
            impersonate_uid: text(flags.impersonate_uid),
            impersonate_groups: flags.impersonate_groups,
            request_timeout: flags.request_timeout.flatten(),
        }
    }
}
