//! `namePrefix` and `nameSuffix`. Source: kustomize `PrefixTransformer`, `SuffixTransformer`.

use crate::resource::Resource;
use crate::resources::Resources;

/// Puts `prefix` before every name.
pub(crate) fn prefix(resources: &mut Resources, prefix: &str) {
    for resource in resources.list_mut() {
        if keeps_name(resource) {
            continue;
        }
        resource.prefixes.push(prefix.to_owned());
        resource.remember();
        resource.set_name(format!("{prefix}{}", resource.name()));
    }
}

/// Puts `suffix` behind every name.
pub(crate) fn suffix(resources: &mut Resources, suffix: &str) {
    for resource in resources.list_mut() {
        if keeps_name(resource) {
            continue;
        }
        resource.suffixes.push(suffix.to_owned());
        resource.remember();
        resource.set_name(format!("{}{suffix}", resource.name()));
    }
}

/// Kinds whose name says what they are.
fn keeps_name(resource: &Resource) -> bool {
    let (kind, ..) = resource.original();
    match kind {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => resource.group_version().0 == "apiregistration.k8s.io",
        _ => false,
    }
}
