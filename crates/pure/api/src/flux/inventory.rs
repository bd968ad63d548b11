//! Inventory ids (`kustomize-controller/api/v1/inventory_types.go`, `cli-utils/pkg/object/objmetadata.go`).

use serde::{Deserialize, Serialize};

/// An entry of `status.inventory.entries`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InventoryEntry {
    /// `<namespace>_<name>_<group>_<kind>`; a cluster-scoped object has an empty namespace.
    pub id: String,
    /// Version of the kind.
    pub v: String,
}

/// The four parts of an id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InventoryId {
    /// Namespace, `""` for a cluster-scoped object.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Group, `""` for core.
    pub group: String,
    /// Kind.
    pub kind: String,
}

impl std::fmt::Display for InventoryId {
    /// The id. A `:` (RBAC names hold them) is written `__`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.name.replace(':', "__");
        write!(f, "{}_{}_{}_{}", self.namespace, name, self.group, self.kind)
    }
}

impl InventoryId {
    /// Reads an id; `None` when it does not have four parts.
    pub fn parse(id: &str) -> Option<Self> {
        let (namespace, rest) = id.split_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (name, group) = rest.rsplit_once('_')?;
        if name.is_empty() || kind.is_empty() {
            return None;
        }
        let text = str::to_owned;
        Some(Self {
            namespace: text(namespace),
            name: name.replace("__", ":"),
            group: text(group),
            kind: text(kind),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, namespace: &str, name: &str, group: &str, kind: &str) {
        let text = str::to_owned;
        let parts = InventoryId {
            namespace: text(namespace),
            name: text(name),
            group: text(group),
            kind: text(kind),
        };
        assert_eq!(parts.to_string(), id);
        assert_eq!(InventoryId::parse(id), Some(parts));
    }

    #[test]
    fn ids_go_both_ways() {
        check("web_api_apps_Deployment", "web", "api", "apps", "Deployment");
        check("web_cfg__ConfigMap", "web", "cfg", "", "ConfigMap");
        check("_web__Namespace", "", "web", "", "Namespace");
        check(
            "_system__auth_rbac.authorization.k8s.io_ClusterRole",
            "",
            "system:auth",
            "rbac.authorization.k8s.io",
            "ClusterRole",
        );
        for broken in ["", "a", "a_b", "a_b_c", "___"] {
            assert_eq!(InventoryId::parse(broken), None, "{broken:?}");
        }
    }
}
