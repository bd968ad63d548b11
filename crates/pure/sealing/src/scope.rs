//! How narrowly a sealed value is bound to the object it stands in.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use sealward_api::bitnami::{CLUSTER_WIDE_ANNOTATION, NAMESPACE_WIDE_ANNOTATION, annotation_is_set};
use thiserror::Error;

/// What a sealed value is bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// To namespace and name.
    #[default]
    Strict,
    /// To the namespace.
    NamespaceWide,
    /// To nothing: it opens in any SealedSecret of the cluster.
    ClusterWide,
}

/// A word that is no scope.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("must be one of: strict, namespace-wide, cluster-wide")]
pub struct UnknownScope;

impl Scope {
    /// The scope that an object's annotations declare; only the value `true` counts, and the wider scope wins.
    pub fn from_annotations(annotations: Option<&BTreeMap<String, String>>) -> Self {
        Self::from_set(|key| annotation_is_set(annotations, key))
    }

    /// As [`Scope::from_annotations`], for annotations that are asked for one by one.
    pub fn from_set(is_set: impl Fn(&str) -> bool) -> Self {
        if is_set(CLUSTER_WIDE_ANNOTATION) {
            Self::ClusterWide
        } else if is_set(NAMESPACE_WIDE_ANNOTATION) {
            Self::NamespaceWide
        } else {
            Self::Strict
        }
    }

    /// The annotation that declares this scope; strict is what an object without one has.
    pub fn annotation(self) -> Option<&'static str> {
        match self {
            Self::Strict => None,
            Self::NamespaceWide => Some(NAMESPACE_WIDE_ANNOTATION),
            Self::ClusterWide => Some(CLUSTER_WIDE_ANNOTATION),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Strict => "strict",
            Self::NamespaceWide => "namespace-wide",
            Self::ClusterWide => "cluster-wide",
        })
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        match text {
            "strict" => Ok(Self::Strict),
            "namespace-wide" => Ok(Self::NamespaceWide),
            "cluster-wide" => Ok(Self::ClusterWide),
            _ => Err(UnknownScope),
        }
    }
}

/// A scope with the names that it binds; unbound names are empty, bound ones never are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    scope: Scope,
    namespace: String,
    name: String,
}

/// Why a value cannot be bound to these names.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BindingError {
    /// The scope binds a name that is not there. An empty one would widen the scope.
    #[error("a {scope} value is bound to its {field}, which is missing")]
    Missing {
        /// The scope asked for.
        scope: Scope,
        /// `namespace` or `name`.
        field: &'static str,
    },
    /// No Kubernetes object can have such a name.
    #[error("{field} {value:?} is not a Kubernetes name (lower-case letters, digits, - and ., at most 253)")]
    NotAName {
        /// `namespace` or `name`.
        field: &'static str,
        /// The name as given.
        value: String,
    },
}

impl Binding {
    /// Binds to those of the two names that the scope binds. These must look like names: a `/` or an empty one would
    /// make the binding of one scope equal to that of another.
    pub fn new(scope: Scope, namespace: &str, name: &str) -> Result<Self, BindingError> {
        let bound = |wanted: bool, field, value: &str| match wanted {
            true => checked(scope, field, value),
            false => Ok(String::new()),
        };
        Ok(Self {
            scope,
            namespace: bound(scope != Scope::ClusterWide, "namespace", namespace)?,
            name: bound(scope == Scope::Strict, "name", name)?,
        })
    }

    /// The scope.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The namespace, empty if the scope does not bind it.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name, empty if the scope does not bind it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The OAEP label: `namespace/name`, `namespace`, or nothing.
    pub(crate) fn label(&self) -> Vec<u8> {
        match self.scope {
            Scope::Strict => format!("{}/{}", self.namespace, self.name).into_bytes(),
            Scope::NamespaceWide => self.namespace.clone().into_bytes(),
            Scope::ClusterWide => Vec::new(),
        }
    }
}

fn checked(scope: Scope, field: &'static str, value: &str) -> Result<String, BindingError> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    if value.is_empty() {
        Err(BindingError::Missing { scope, field })
    } else if value.len() > 253 || !value.bytes().all(fits) {
        Err(BindingError::NotAName { field, value: value.to_owned() })
    } else {
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_decide_and_the_wider_scope_wins() {
        let check = |pairs: &[(&str, &str)], expect| {
            let map: BTreeMap<_, _> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            assert_eq!(Scope::from_annotations(Some(&map)), expect, "{pairs:?}");
        };
        check(&[], Scope::Strict);
        check(&[(NAMESPACE_WIDE_ANNOTATION, "true")], Scope::NamespaceWide);
        check(&[(CLUSTER_WIDE_ANNOTATION, "true")], Scope::ClusterWide);
        check(&[(CLUSTER_WIDE_ANNOTATION, "true"), (NAMESPACE_WIDE_ANNOTATION, "true")], Scope::ClusterWide);
        check(&[(CLUSTER_WIDE_ANNOTATION, "True")], Scope::Strict);
        check(&[(CLUSTER_WIDE_ANNOTATION, "1"), (NAMESPACE_WIDE_ANNOTATION, "true")], Scope::NamespaceWide);
        check(&[(NAMESPACE_WIDE_ANNOTATION, " true")], Scope::Strict);
        assert_eq!(Scope::from_annotations(None), Scope::Strict);
    }

    #[test]
    fn labels_are_upstreams() {
        let check = |scope, expect: &str| {
            assert_eq!(Binding::new(scope, "ns", "n").unwrap().label(), expect.as_bytes());
        };
        check(Scope::Strict, "ns/n");
        check(Scope::NamespaceWide, "ns");
        check(Scope::ClusterWide, "");
    }

    #[test]
    fn names_that_could_widen_a_binding_are_refused() {
        let refused = |scope, namespace: &str, name: &str| Binding::new(scope, namespace, name).is_err();
        assert!(refused(Scope::Strict, "", "n"));
        assert!(refused(Scope::Strict, "ns", ""));
        assert!(refused(Scope::NamespaceWide, "", "n"));
        assert!(refused(Scope::NamespaceWide, "ns/n", "n"));
        assert!(refused(Scope::Strict, "a/b", "c"));
        assert!(refused(Scope::Strict, "A", "c"));
        assert!(refused(Scope::Strict, "a", &"n".repeat(254)));
        assert!(!refused(Scope::ClusterWide, "", ""));
        assert!(!refused(Scope::NamespaceWide, "ns", ""));
    }

    #[test]
    fn words_are_kubeseals() {
        for scope in [Scope::Strict, Scope::NamespaceWide, Scope::ClusterWide] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!(
            "Strict".parse::<Scope>().unwrap_err().to_string(),
            "must be one of: strict, namespace-wide, cluster-wide"
        );
    }
}
