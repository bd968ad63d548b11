//! Flags that narrow what SealedSecrets may become.

use std::collections::{BTreeMap, BTreeSet};

use sealward_sealing::Scope;

/// Types of Secret that carry rights of their own: the API server fills the first with a token, and takes
/// the second as one.
const TOKEN_TYPES: [&str; 2] = ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"];

/// What is refused though it opens.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct RestrictionArgs {
    /// Types of Secret that grant rights in the cluster and are written only when named here:
    /// kubernetes.io/service-account-token, bootstrap.kubernetes.io/token. Comma-separated.
    #[arg(long, env = "SEALWARD_ALLOW_SECRET_TYPES", value_delimiter = ',', value_parser = token_type)]
    pub(crate) allow_secret_types: Vec<String>,
    /// Scopes that a namespace's SealedSecrets may have, as NAMESPACE=SCOPE+SCOPE, comma-separated; `*` is
    /// every namespace that is not named, and must be among them: *=strict,team-a=strict+namespace-wide.
    #[arg(long, env = "SEALWARD_ALLOWED_SCOPES", default_value = "", value_parser = allowed_scopes)]
    pub(crate) allowed_scopes: AllowedScopes,
}

/// Which scopes each namespace may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AllowedScopes(BTreeMap<String, BTreeSet<&'static str>>);

/// Why a SealedSecret that could be opened does not become a Secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Restricted {
    /// Its type grants rights.
    #[error(
        "a Secret of type {0} grants rights in the cluster and is written only where the sealer runs with \
         --allow-secret-types={0}"
    )]
    Type(String),
    /// Its scope is not allowed in its namespace.
    #[error("scope {scope} is not allowed in namespace {namespace}, seal it for one of: {allowed}")]
    Scope {
        scope: &'static str,
        namespace: String,
        /// What is allowed.
        allowed: String,
    },
}

impl RestrictionArgs {
    /// Why a SealedSecret of `scope` in `namespace` must not become a Secret of `secret_type`, if so.
    ///
    /// `secret_type` is that of the Secret which would be written; none is Opaque.
    pub(crate) fn refuse(
        &self,
        namespace: &str,
        scope: Scope,
        secret_type: Option<&str>,
    ) -> Result<(), Restricted> {
        if let Some(kind) = secret_type.filter(|kind| TOKEN_TYPES.contains(kind))
            && !self.allow_secret_types.iter().any(|allowed| allowed == kind)
        {
            return Err(Restricted::Type(kind.to_owned()));
        }
        let allowed = self.allowed_scopes.of(namespace);
        let scope = word(scope);
        if allowed.is_none_or(|allowed| allowed.contains(scope)) {
            return Ok(());
        }
        let allowed = allowed.into_iter().flatten().copied().collect::<Vec<_>>().join(", ");
        Err(Restricted::Scope { scope, namespace: namespace.to_owned(), allowed })
    }
}

impl AllowedScopes {
    /// Those of `namespace`; `None` when nothing is restricted.
    fn of(&self, namespace: &str) -> Option<&BTreeSet<&'static str>> {
        self.0.get(namespace).or_else(|| self.0.get("*"))
    }
}

fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Strict => "strict",
        Scope::NamespaceWide => "namespace-wide",
        Scope::ClusterWide => "cluster-wide",
    }
}

fn token_type(text: &str) -> Result<String, String> {
    if TOKEN_TYPES.contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is none of {}; other types need no flag", TOKEN_TYPES.join(", ")))
    }
}

fn allowed_scopes(text: &str) -> Result<AllowedScopes, String> {
    let mut allowed = BTreeMap::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (namespace, scopes) =
            part.split_once('=').ok_or_else(|| format!("{part:?} is not NAMESPACE=SCOPE+SCOPE"))?;
        let scopes = scopes
            .split('+')
            .map(|scope| {
                scope
                    .parse()
                    .map(word)
                    .map_err(|_| format!("{scope:?} is no scope: strict, namespace-wide, cluster-wide"))
            })
            .collect::<Result<BTreeSet<_>, _>>()?;
        if namespace.is_empty() {
            return Err(format!("{part:?} names no namespace"));
        }
        if allowed.insert(namespace.to_owned(), scopes).is_some() {
            return Err(format!("namespace {namespace:?} is named twice"));
        }
    }
    if !allowed.is_empty() && !allowed.contains_key("*") {
        return Err("say what all other namespaces may use: *=strict".to_owned());
    }
    Ok(AllowedScopes(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &RestrictionArgs, namespace: &str, scope: Scope, kind: Option<&str>, expect: &str) {
        let said =
            args.refuse(namespace, scope, kind).map_or_else(|error| error.to_string(), |()| String::new());
        assert_eq!(said, expect);
    }

    #[test]
    fn types_that_grant_rights_need_the_flag() {
        let none = RestrictionArgs::default();
        check(&none, "ns", Scope::Strict, None, "");
        check(&none, "ns", Scope::ClusterWide, Some("kubernetes.io/tls"), "");
        for kind in TOKEN_TYPES {
            let refused = none.refuse("ns", Scope::Strict, Some(kind)).unwrap_err();
            assert_eq!(refused, Restricted::Type(kind.to_owned()));
            let args = RestrictionArgs { allow_secret_types: vec![kind.to_owned()], ..none.clone() };
            check(&args, "ns", Scope::Strict, Some(kind), "");
        }
        assert!(token_type("Opaque").is_err());
    }

    #[test]
    fn scopes_are_those_of_the_namespace_else_of_the_star() {
        let allowed_scopes = allowed_scopes("*=strict, team-a=strict+namespace-wide").unwrap();
        let args = RestrictionArgs { allowed_scopes, ..RestrictionArgs::default() };
        check(&args, "team-a", Scope::NamespaceWide, None, "");
        check(&args, "team-b", Scope::Strict, None, "");
        check(
            &args,
            "team-b",
            Scope::NamespaceWide,
            None,
            "scope namespace-wide is not allowed in namespace team-b, seal it for one of: strict",
        );
        check(
            &args,
            "team-a",
            Scope::ClusterWide,
            None,
            "scope cluster-wide is not allowed in namespace team-a, seal it for one of: namespace-wide, strict",
        );
    }

    #[test]
    fn what_leaves_a_namespace_undecided_is_refused() {
        for text in ["team-a=strict", "*", "*=", "*=any", "=strict", "*=strict,*=strict"] {
            assert!(allowed_scopes(text).is_err(), "{text:?}");
        }
        assert_eq!(allowed_scopes(""), Ok(AllowedScopes::default()));
    }
}
