//! GitRepository.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::asks_for_nothing;
use super::kustomization::LocalReference;

/// `spec` of a GitRepository.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitRepositorySpec {
    /// `http://` or `https://` URL.
    pub url: String,
    /// How often the remote is asked, as Go writes durations.
    pub interval: String,
    /// Bound of one fetch; 60s when missing.
    pub timeout: Option<String>,
    /// What to fetch; branch `master` when missing.
    #[serde(rename = "ref", default)]
    pub reference: GitReference,
    /// The Secret with credentials.
    pub secret_ref: Option<LocalReference>,
    /// Whether nothing is to be done.
    #[serde(default)]
    pub suspend: bool,
    /// `generic` or missing.
    #[serde(default)]
    provider: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// `spec.ref`. Commit wins over name, name over tag, tag over branch.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitReference {
    /// A branch.
    pub branch: Option<String>,
    /// A tag.
    pub tag: Option<String>,
    /// A whole reference, such as `refs/pull/420/head`.
    pub name: Option<String>,
    /// A commit.
    pub commit: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl GitRepositorySpec {
    /// The fields that ask for something that is not supported, by name.
    pub fn unsupported(&self) -> Vec<String> {
        let mut names: Vec<String> = asking("spec", &self.rest).collect();
        names.extend(asking("spec.ref", &self.reference.rest));
        if let Some(provider) = self.provider.as_deref().filter(|name| !matches!(*name, "" | "generic")) {
            names.push(format!("spec.provider: {provider}"));
        }
        if self.url.starts_with("ssh://") {
            names.push("spec.url: ssh://".into());
        }
        names
    }
}

/// The names of the fields of `rest` that ask for something.
pub(super) fn asking<'a>(
    prefix: &'a str,
    rest: &'a BTreeMap<String, Value>,
) -> impl Iterator<Item = String> + 'a {
    rest.iter().filter(|(_, value)| !asks_for_nothing(value)).map(move |(name, _)| format!("{prefix}.{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(extra: &str, expect: &[&str]) {
        let text = format!(r#"{{"url": "https://git/x", "interval": "1m"{extra}}}"#);
        let spec: GitRepositorySpec = serde_json::from_str(&text).unwrap();
        assert_eq!(spec.unsupported(), expect, "{extra}");
    }

    #[test]
    fn what_asks_for_nothing_passes() {
        check("", &[]);
        check(r#", "recurseSubmodules": false, "include": [], "provider": "generic", "timeout": "60s""#, &[]);
        check(r#", "ref": {"branch": "main"}, "secretRef": {"name": "s"}, "suspend": false"#, &[]);
    }

    #[test]
    fn the_rest_is_named() {
        check(r#", "verify": {"mode": "HEAD"}, "ignore": "*.md""#, &["spec.ignore", "spec.verify"]);
        check(r#", "ref": {"semver": ">=1"}"#, &["spec.ref.semver"]);
        check(r#", "provider": "github""#, &["spec.provider: github"]);
        check(r#", "somethingNew": 1"#, &["spec.somethingNew"]);
    }
}
