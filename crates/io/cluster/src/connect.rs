//! Clients: where the server is, and as whom we speak.

use std::path::PathBuf;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::error::chain;
use crate::rate::Rate;

/// How to reach the API server. All empty: `$KUBECONFIG` or `~/.kube/config`, else the Pod's account.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// This kubeconfig file instead.
    pub kubeconfig: Option<PathBuf>,
    /// This context of it instead of the current one.
    pub context: Option<String>,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig file is missing or broken.
    #[error("cannot use the kubeconfig {path}: {message}")]
    Kubeconfig {
        /// The file.
        path: String,
        /// Why.
        message: String,
    },
    /// Neither a kubeconfig nor a Pod's service account was found.
    #[error("no API server to talk to: {message}; give --kubeconfig or run in a Pod with a service account")]
    Nowhere {
        /// Why.
        message: String,
    },
    /// A flag names what no kubeconfig has. The words are kubectl's.
    #[error("{kind} {name:?} does not exist")]
    Missing {
        /// `context`, `cluster` or `auth info`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// What the configuration holds makes no client.
    #[error("cannot make a client: {message}")]
    Client {
        /// Why.
        message: String,
    },
}

/// Why an account cannot be impersonated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImpersonationError {
    /// An empty namespace or name would send no header: the request would run as ourselves.
    #[error("a service account to act as needs a namespace and a name, got {namespace:?} and {name:?}")]
    Empty {
        /// As given.
        namespace: String,
        /// As given.
        name: String,
    },
    /// A part that cannot stand in a service account's user name.
    #[error("{value:?} is no name of a namespace or service account")]
    Name {
        /// As given.
        value: String,
    },
    /// The client could not be made.
    #[error("cannot make a client for the service account: {message}")]
    Client {
        /// Why.
        message: String,
    },
}

pub(crate) async fn configuration(options: &ConnectOptions) -> Result<kube::Config, ConnectError> {
    let mut config = load(options).await?;
    config.connect_timeout = Some(Duration::from_secs(10));
    config.write_timeout = Some(Duration::from_secs(30));
    // Longer than a watch call lasts; requests have their own bound.
    config.read_timeout = Some(Duration::from_secs(300));
    config.reset_reader_on_write = true;
    Ok(config)
}

/// A client of `config` that asks no oftener than `rate`. Answers 429, 503 and 504 are asked again, not
/// before the server's Retry-After.
pub(crate) fn client(config: kube::Config, rate: Option<&Rate>) -> Result<kube::Client, ConnectError> {
    let failed = |error| ConnectError::Client { message: chain(&error) };
    let builder = kube::client::ClientBuilder::try_from(config).map_err(failed)?;
    Ok(match rate {
        Some(rate) => builder.with_layer(rate).build(),
        None => builder.build(),
    })
}

async fn load(options: &ConnectOptions) -> Result<kube::Config, ConnectError> {
    let context = KubeConfigOptions { context: options.context.clone(), ..Default::default() };
    if let Some(path) = &options.kubeconfig {
        let failed = |error: kube::config::KubeconfigError| ConnectError::Kubeconfig {
            path: path.display().to_string(),
            message: chain(&error),
        };
        let file = Kubeconfig::read_from(path).map_err(failed)?;
        return kube::Config::from_custom_kubeconfig(file, &context).await.map_err(failed);
    }
    if options.context.is_some() {
        let failed = |error| ConnectError::Nowhere { message: chain(&error) };
        return kube::Config::from_kubeconfig(&context).await.map_err(failed);
    }
    match kube::Config::incluster() {
        Ok(config) => Ok(config),
        Err(outside) => kube::Config::from_kubeconfig(&context).await.map_err(|error| {
            ConnectError::Nowhere { message: format!("{}; {}", chain(&error), chain(&outside)) }
        }),
    }
}

/// The configuration by which we speak as service account `name` of `namespace`.
pub(crate) fn impersonating(
    config: &kube::Config,
    namespace: &str,
    name: &str,
) -> Result<kube::Config, ImpersonationError> {
    if namespace.is_empty() || name.is_empty() {
        return Err(ImpersonationError::Empty { namespace: namespace.into(), name: name.into() });
    }
    for value in [namespace, name] {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        if !value.chars().all(fits) {
            return Err(ImpersonationError::Name { value: value.into() });
        }
    }
    let mut config = config.clone();
    config.auth_info.impersonate = Some(format!("system:serviceaccount:{namespace}:{name}"));
    config.auth_info.impersonate_groups = None;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(namespace: &str, name: &str, expect: Result<&str, ImpersonationError>) {
        let config = kube::Config::new("https://127.0.0.1".parse().unwrap());
        let user =
            impersonating(&config, namespace, name).map(|config| config.auth_info.impersonate.unwrap());
        assert_eq!(user.as_deref(), expect.as_deref());
    }

    #[test]
    fn an_empty_user_is_never_sent() {
        check("apps", "applier", Ok("system:serviceaccount:apps:applier"));
        check("", "a", Err(ImpersonationError::Empty { namespace: String::new(), name: "a".into() }));
        check("a", "", Err(ImpersonationError::Empty { namespace: "a".into(), name: String::new() }));
        check("a", "b:c", Err(ImpersonationError::Name { value: "b:c".into() }));
        check("a", "b\nc", Err(ImpersonationError::Name { value: "b\nc".into() }));
    }
}
