//! A Secret as Git credentials, by the keys that Flux reads.

use sealward_cluster::SecretData;
use sealward_git::Credentials;

/// Keys of Flux's Secrets that we cannot serve; one of them must not be ignored.
const UNSUPPORTED: [&str; 7] = [
    "identity",
    "known_hosts",
    "tls.crt",
    "tls.key",
    "githubAppID",
    "githubAppInstallationID",
    "githubAppPrivateKey",
];

/// The credentials and the certificate authorities that Secret `name` holds.
///
/// # Errors
/// A sentence that names the Secret and its keys, never a value.
pub(crate) fn read(name: &str, data: &SecretData) -> Result<(Credentials, Option<Vec<u8>>), String> {
    if let Some(key) = UNSUPPORTED.iter().find(|key| data.has(key)) {
        return Err(format!("Secret {name:?}: key {key:?} is not supported yet"));
    }
    let authorities =
        data.public("ca.crt").or_else(|| data.public("caFile")).map(|text| text.as_bytes().to_vec());
    let credentials = match (data.public("username"), data.secret("password"), data.secret("bearerToken")) {
        (None, None, None) => Credentials::None,
        (None, None, Some(token)) => Credentials::Bearer(token.clone()),
        (Some(username), Some(password), None) => {
            Credentials::Basic { username: username.to_owned(), password: password.clone() }
        }
        (Some(_), None, None) => return Err(format!("Secret {name:?} has a username, but no password")),
        (None, Some(_), None) => return Err(format!("Secret {name:?} has a password, but no username")),
        (_, _, Some(_)) => {
            return Err(format!("Secret {name:?} has both a bearerToken and a username or password"));
        }
    };
    if matches!(credentials, Credentials::None) && authorities.is_none() {
        return Err(format!("Secret {name:?} holds none of username and password, bearerToken, ca.crt"));
    }
    Ok((credentials, authorities))
}
