//! Which objects a constraint looks at (Gatekeeper's `pkg/mutation/match/match.go`).

use sealward_api::gatekeeper::{KindMatch, LabelRequirement, LabelSelector, Match};
use sealward_manifest::{Gvk, Scope};
use serde_json::Value;

/// Checks that a match says only what is understood.
pub(crate) fn check(matches: &Match) -> Result<(), String> {
    match matches.scope.as_deref() {
        None | Some("*" | "Cluster" | "Namespaced") => {}
        Some(other) => return Err(format!("spec.match.scope: {other:?} is not *, Cluster or Namespaced")),
    }
    match matches.source.as_deref() {
        None | Some("All" | "Original") => {}
        Some("Generated") => {
            return Err(
                "spec.match.source: Generated needs expansion templates, which are not supported".into()
            );
        }
        Some(other) => return Err(format!("spec.match.source: {other:?} is not All or Original")),
    }
    let globs = [("namespaces", &matches.namespaces), ("excludedNamespaces", &matches.excluded_namespaces)];
    for (field, globs) in globs {
        for glob in globs {
            check_glob(glob).map_err(|error| format!("spec.match.{field}: {error}"))?;
        }
    }
    matches
        .name
        .as_deref()
        .map_or(Ok(()), check_glob)
        .map_err(|error| format!("spec.match.name: {error}"))?;
    for (field, selector) in
        [("labelSelector", &matches.label_selector), ("namespaceSelector", &matches.namespace_selector)]
    {
        for requirement in selector.iter().flat_map(|selector| &selector.match_expressions) {
            check_requirement(requirement).map_err(|error| format!("spec.match.{field}: {error}"))?;
        }
    }
    Ok(())
}

fn check_glob(glob: &str) -> Result<(), String> {
    let inner = glob.strip_prefix('*').unwrap_or(glob);
    let inner = inner.strip_suffix('*').unwrap_or(inner);
    if glob.is_empty() || inner.contains('*') {
        return Err(format!("{glob:?} is no name with * at its ends at most"));
    }
    Ok(())
}

fn check_requirement(requirement: &LabelRequirement) -> Result<(), String> {
    let LabelRequirement { key, operator, values } = requirement;
    match (operator.as_str(), values.is_empty()) {
        ("In" | "NotIn", false) | ("Exists" | "DoesNotExist", true) => Ok(()),
        ("In" | "NotIn", true) => Err(format!("{operator} of {key:?} needs values")),
        ("Exists" | "DoesNotExist", false) => Err(format!("{operator} of {key:?} takes no values")),
        (_, _) => Err(format!("operator {operator:?} of {key:?} is not In, NotIn, Exists or DoesNotExist")),
    }
}

/// An object as matching sees it.
pub(crate) struct Subject<'a> {
    pub(crate) object: &'a Value,
    /// The Namespace it stands in, if that is known.
    pub(crate) namespace: Option<&'a Value>,
}

/// The namespace that decides is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownNamespace {
    pub(crate) namespace: String,
}

impl<'a> Subject<'a> {
    fn text(&self, pointer: &str) -> &'a str {
        self.object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    fn group_and_kind(&self) -> (&'a str, &'a str) {
        let api_version = self.text("/apiVersion");
        (api_version.rsplit_once('/').map_or("", |(group, _)| group), self.text("/kind"))
    }

    fn is_namespace(&self) -> bool {
        self.group_and_kind() == ("", "Namespace")
    }

    /// The namespace that `namespaces` speak of: its own name for a Namespace, `None` for other
    /// cluster-scoped objects.
    fn namespace_name(&self) -> Option<&'a str> {
        let name =
            if self.is_namespace() { self.text("/metadata/name") } else { self.text("/metadata/namespace") };
        Some(name).filter(|name| !name.is_empty())
    }
}

/// Whether `matches` selects `subject`; each condition is asked only if those before hold.
pub(crate) fn selects(matches: &Match, subject: &Subject<'_>) -> Result<bool, UnknownNamespace> {
    Ok(kinds(&matches.kinds, subject)
        && scope(matches.scope.as_deref(), subject)
        && namespaces(&matches.namespaces, subject)
        && !excluded(&matches.excluded_namespaces, subject)
        && matches.label_selector.as_ref().is_none_or(|selector| labels(selector, subject.object))
        && namespace_labels(matches.namespace_selector.as_ref(), subject)?
        && matches.name.as_deref().is_none_or(|glob| name(glob, subject)))
}

fn kinds(kinds: &[KindMatch], subject: &Subject<'_>) -> bool {
    let (group, kind) = subject.group_and_kind();
    let any = |list: &[String], value: &str| {
        list.is_empty() || list.iter().any(|entry| entry == "*" || entry == value)
    };
    kinds.is_empty() || kinds.iter().any(|entry| any(&entry.api_groups, group) && any(&entry.kinds, kind))
}

/// The API server gives every namespaced object its namespace; a manifest may lack it, so that kinds
/// that are known decide by their kind.
fn scope(scope: Option<&str>, subject: &Subject<'_>) -> bool {
    let (group, kind) = subject.group_and_kind();
    let cluster = match Scope::of(&Gvk::new(group, "", kind)) {
        Scope::Cluster => true,
        Scope::Namespaced => false,
        Scope::Unknown => subject.text("/metadata/namespace").is_empty(),
    };
    match scope {
        Some("Cluster") => cluster,
        Some("Namespaced") => !cluster,
        _ => true,
    }
}

fn namespaces(globs: &[String], subject: &Subject<'_>) -> bool {
    globs.is_empty()
        || subject
            .namespace_name()
            .is_none_or(|namespace| globs.iter().any(|glob| glob_matches(glob, namespace)))
}

fn excluded(globs: &[String], subject: &Subject<'_>) -> bool {
    subject.namespace_name().is_some_and(|namespace| globs.iter().any(|glob| glob_matches(glob, namespace)))
}

fn namespace_labels(
    selector: Option<&LabelSelector>,
    subject: &Subject<'_>,
) -> Result<bool, UnknownNamespace> {
    let Some(selector) = selector else { return Ok(true) };
    if subject.is_namespace() {
        return Ok(labels(selector, subject.object));
    }
    let Some(namespace) = subject.namespace_name() else { return Ok(true) };
    match subject.namespace {
        Some(object) => Ok(labels(selector, object)),
        None => Err(UnknownNamespace { namespace: namespace.to_owned() }),
    }
}

fn name(glob: &str, subject: &Subject<'_>) -> bool {
    let name = subject.text("/metadata/name");
    if !name.is_empty() {
        return glob_matches(glob, name);
    }
    // The server will add characters at the end, so only a glob that is open there can match.
    glob.ends_with('*') && glob_matches(glob, subject.text("/metadata/generateName"))
}

fn glob_matches(glob: &str, text: &str) -> bool {
    match (glob.strip_prefix('*'), glob.strip_suffix('*')) {
        (Some(_), Some(_)) if glob.len() < 2 => true,
        (Some(rest), Some(_)) => text.contains(rest.trim_end_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => glob == text,
    }
}

fn labels(selector: &LabelSelector, object: &Value) -> bool {
    let label = |key: &str| object.pointer("/metadata/labels")?.get(key)?.as_str();
    let listed = |requirement: &LabelRequirement| {
        label(&requirement.key).is_some_and(|value| requirement.values.iter().any(|known| known == value))
    };
    selector.match_labels.iter().all(|(key, value)| label(key) == Some(value))
        && selector.match_expressions.iter().all(|requirement| match requirement.operator.as_str() {
            "In" => listed(requirement),
            "NotIn" => !listed(requirement),
            "Exists" => label(&requirement.key).is_some(),
            "DoesNotExist" => label(&requirement.key).is_none(),
            _ => false, // refused by `check`
        })
}

#[cfg(test)]
mod tests;
