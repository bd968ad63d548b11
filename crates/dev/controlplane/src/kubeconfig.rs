//! Who may speak to the API server, and the files by which they do.

use crate::{ControlPlane, KubectlError, credentials};
use serde_json::json;
use std::{
    io,
    path::{Path, PathBuf},
};

/// The name of the user in `system:masters` that every control plane has.
pub(crate) const ADMIN: &str = "admin";

/// How long a service account's token is good for.
const TOKEN_DURATION: &str = "12h";

/// A person or component that the API server knows by a static token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user name, as RBAC sees it.
    pub name: String,
    /// The groups, beside `system:authenticated`.
    pub groups: Vec<String>,
}

impl User {
    /// A user with groups.
    pub fn new(name: impl Into<String>, groups: &[&str]) -> Self {
        Self { name: name.into(), groups: groups.iter().map(|group| (*group).to_owned()).collect() }
    }
}

/// Why a kubeconfig could not be had.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The user was not declared in `Options::users`.
    #[error("no user called {name}; declare it in Options::users when the control plane starts")]
    UnknownUser {
        /// What was asked for.
        name: String,
    },
    /// The token request was refused.
    #[error("no token for service account {namespace}/{name}")]
    Token {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The refusal.
        source: KubectlError,
    },
    /// The file could not be written.
    #[error("{}: {source}", path.display())]
    Files {
        /// The kubeconfig.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl ControlPlane {
    /// The kubeconfig of the user `admin` in `system:masters`.
    pub fn admin_kubeconfig(&self) -> &Path {
        &self.admin
    }

    /// The kubeconfig of a user that was declared at the start.
    ///
    /// # Errors
    /// [`CredentialError::UnknownUser`].
    pub fn kubeconfig_for(&self, user: &str) -> Result<PathBuf, CredentialError> {
        let path = file(&self.kubeconfigs(), user);
        if path.is_file() { Ok(path) } else { Err(CredentialError::UnknownUser { name: user.to_owned() }) }
    }

    /// The kubeconfig of a service account, with a fresh token from the TokenRequest API.
    ///
    /// # Errors
    /// [`CredentialError`], when the account does not exist or the file cannot be written.
    pub fn service_account_kubeconfig(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<PathBuf, CredentialError> {
        let token = self
            .kubectl(&["create", "token", name, "--namespace", namespace, "--duration", TOKEN_DURATION])
            .map_err(|source| CredentialError::Token {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                source,
            })?;
        let path = file(&self.kubeconfigs(), &format!("sa-{namespace}-{name}"));
        write(&path, self.server_url(), self.ca_file(), name, namespace, token.trim())
            .map_err(|source| CredentialError::Files { path: path.clone(), source })?;
        Ok(path)
    }
}

/// Writes the token file and one kubeconfig a user into `folder`.
pub(crate) fn write_users(
    users: &[User],
    folder: &Path,
    tokens: &Path,
    server: &str,
    ca: &Path,
) -> io::Result<()> {
    let mut lines = String::new();
    for (index, user) in users.iter().enumerate() {
        let token = credentials::token()?;
        lines.push_str(&format!("{token},{},{index},\"{}\"\n", user.name, user.groups.join(",")));
        write(&file(folder, &user.name), server, ca, &user.name, "default", &token)?;
    }
    credentials::write(tokens, &lines)
}

/// Where the kubeconfig of a user lies.
pub(crate) fn file(folder: &Path, user: &str) -> PathBuf {
    folder.join(format!("{}.yaml", user.replace([':', '/'], "-")))
}

/// JSON, which every reader of kubeconfigs takes for the YAML that it is.
fn write(path: &Path, server: &str, ca: &Path, user: &str, namespace: &str, token: &str) -> io::Result<()> {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "sealward", "cluster": { "server": server, "certificate-authority": ca } }],
        "users": [{ "name": user, "user": { "token": token } }],
        "contexts": [{
            "name": "sealward",
            "context": { "cluster": "sealward", "user": user, "namespace": namespace },
        }],
        "current-context": "sealward",
    });
    credentials::write(path, &format!("{config:#}\n"))
}
