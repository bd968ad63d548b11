//! Kustomization.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::git_repository::asking;
use super::{GIT_REPOSITORY, SOURCE_GROUP};

/// A reference to an object of the same namespace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LocalReference {
    /// Its name.
    pub name: String,
}

/// `spec.sourceRef`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceReference {
    /// Its `apiVersion`, if given.
    pub api_version: Option<String>,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its namespace; the Kustomization's own when missing.
    pub namespace: Option<String>,
}

/// An entry of `spec.dependsOn`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DependencyReference {
    /// Its name.
    pub name: String,
    /// Its namespace; the Kustomization's own when missing.
    pub namespace: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// `spec.commonMetadata`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CommonMetadata {
    /// Labels that every object gets.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Annotations that every object gets.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// An entry of `spec.patches` (`fluxcd/pkg/apis/kustomize`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FluxPatch {
    /// A strategic merge patch or JSON patch operations, in YAML.
    pub patch: String,
    /// What is patched.
    pub target: Option<FluxSelector>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// What a patch is for; empty fields match everything.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FluxSelector {
    /// API group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Annotations, in the words of `kubectl -l`.
    pub annotation_selector: String,
    /// Labels, in the same words.
    pub label_selector: String,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// An entry of `spec.images`; empty fields change nothing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FluxImage {
    /// Which image, without tag.
    pub name: String,
    /// Its new name.
    #[serde(default)]
    pub new_name: String,
    /// Its new tag.
    #[serde(default)]
    pub new_tag: String,
    /// Its new digest.
    #[serde(default)]
    pub digest: String,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// `spec` of a Kustomization.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KustomizationSpec {
    /// How often everything is looked at anew, as Go writes durations.
    pub interval: String,
    /// When to try again after a failure; `interval` when missing.
    pub retry_interval: Option<String>,
    /// Bound of waiting for health; `interval` less 30s when missing, 30s at least.
    pub timeout: Option<String>,
    /// Where the files come from.
    pub source_ref: SourceReference,
    /// The folder; the root when missing.
    #[serde(default)]
    pub path: String,
    /// Whether what Git no longer declares is deleted.
    #[serde(default)]
    pub prune: bool,
    /// What happens to the objects when the Kustomization is deleted.
    pub deletion_policy: Option<String>,
    /// Whether it is ready only when all objects are healthy.
    #[serde(default)]
    pub wait: bool,
    /// The namespace that all objects get.
    pub target_namespace: Option<String>,
    /// Prefix of all names.
    pub name_prefix: Option<String>,
    /// Suffix of all names.
    pub name_suffix: Option<String>,
    /// Labels and annotations that all objects get.
    #[serde(default)]
    pub common_metadata: CommonMetadata,
    /// Patches after the folder's own.
    #[serde(default)]
    pub patches: Vec<FluxPatch>,
    /// Images that take the place of others.
    #[serde(default)]
    pub images: Vec<FluxImage>,
    /// Kustomize components, relative to the path.
    #[serde(default)]
    pub components: Vec<String>,
    /// Kustomizations that must be ready first.
    #[serde(default)]
    pub depends_on: Vec<DependencyReference>,
    /// Whether nothing is to be done.
    #[serde(default)]
    pub suspend: bool,
    /// The account as which objects are applied and watched.
    pub service_account_name: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl KustomizationSpec {
    /// The fields that ask for something that is not supported, by name.
    pub fn unsupported(&self) -> Vec<String> {
        let mut names: Vec<String> = asking("spec", &self.rest).collect();
        for dependency in &self.depends_on {
            names.extend(asking("spec.dependsOn", &dependency.rest));
        }
        for patch in &self.patches {
            names.extend(asking("spec.patches", &patch.rest));
            names.extend(patch.target.iter().flat_map(|target| asking("spec.patches.target", &target.rest)));
        }
        for image in &self.images {
            names.extend(asking("spec.images", &image.rest));
        }
        let source = &self.source_ref;
        let foreign = source
            .api_version
            .as_deref()
            .is_some_and(|version| !version.starts_with(&format!("{SOURCE_GROUP}/")));
        if source.kind != GIT_REPOSITORY || foreign {
            names.push(format!("spec.sourceRef.kind: {}", source.kind));
        }
        if let Some(policy) = self.deletion_policy.as_deref()
            && !matches!(policy, "" | "MirrorPrune" | "Delete" | "Orphan")
        {
            names.push(format!("spec.deletionPolicy: {policy}"));
        }
        names
    }

    /// Whether the objects are deleted when the Kustomization is. A suspended one leaves them.
    pub fn deletes_on_deletion(&self) -> bool {
        let policy = self.deletion_policy.as_deref().unwrap_or("MirrorPrune");
        !self.suspend && (policy == "Delete" || (matches!(policy, "MirrorPrune" | "") && self.prune))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(extra: &str) -> KustomizationSpec {
        let text = format!(
            r#"{{"interval": "10m", "prune": true, "sourceRef": {{"kind": "GitRepository", "name": "app"}}{extra}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn check(extra: &str, expect: &[&str]) {
        assert_eq!(read(extra).unsupported(), expect, "{extra}");
    }

    #[test]
    fn what_courses_show_passes() {
        check(r#", "path": "./apps/my-app", "force": false, "timeout": "2m", "wait": true"#, &[]);
        check(r#", "dependsOn": [{"name": "infra"}], "targetNamespace": "web", "healthChecks": []"#, &[]);
    }

    #[test]
    fn the_rest_is_named() {
        check(r#", "decryption": {"provider": "sops"}"#, &["spec.decryption"]);
        check(
            r#", "force": true, "postBuild": {"substitute": {"a": "b"}}"#,
            &["spec.force", "spec.postBuild"],
        );
        check(r#", "dependsOn": [{"name": "a", "readyExpr": "true"}]"#, &["spec.dependsOn.readyExpr"]);
        check(r#", "deletionPolicy": "WaitForTermination""#, &["spec.deletionPolicy: WaitForTermination"]);
        check(r#", "kubeConfig": {"secretRef": {"name": "x"}}"#, &["spec.kubeConfig"]);
    }

    #[test]
    fn deletion_follows_policy_and_prune() {
        assert!(read("").deletes_on_deletion());
        assert!(!read(r#", "suspend": true"#).deletes_on_deletion());
        assert!(!read(r#", "deletionPolicy": "Orphan""#).deletes_on_deletion());
        assert!(!read(r#", "deletionPolicy": "SomethingElse""#).deletes_on_deletion());
    }
}
