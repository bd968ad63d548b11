//! Whether two states of an object say the same.

use std::collections::HashMap;

use sealward_document::{ExposeSecret, Map, Node, Value};

use crate::Manifest;

/// Fields of `metadata` that the API server keeps and nobody declares.
const KEPT_BY_SERVER: &[&str] = &[
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Whether two states of an object say the same apart from what the API server keeps: `status`,
/// managedFields, resourceVersion, uid, generation and times of `metadata`. A field that is `null`
/// is absent; so is an empty `metadata.annotations` or `metadata.labels`.
pub fn same_meaning(a: &Manifest, b: &Manifest) -> bool {
    same_node(&declared(a), &declared(b))
}

/// The object without what the API server keeps.
fn declared(manifest: &Manifest) -> Node {
    let mut root = manifest.root().clone();
    let Some(map) = root.as_map_mut() else {
        return root;
    };
    map.remove("status");
    if let Some(metadata) = map.get_mut("metadata").and_then(Node::as_map_mut) {
        let empty = |node: &Node| node.as_map().is_some_and(Map::is_empty);
        metadata.retain(|field| {
            let named = matches!(field.key.as_str(), "annotations" | "labels");
            !(KEPT_BY_SERVER.contains(&field.key.as_str()) || (named && empty(&field.node)))
        });
    }
    root
}

/// Whether two trees are equal when a field that is `null` is absent and a secret is its text.
pub(crate) fn same_node(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Map(a), Value::Map(b)) => same_map(a, b),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_node(a, b))
        }
        (Value::Secret(a), Value::String(b)) | (Value::String(b), Value::Secret(a)) => {
            a.expose_secret() == b.as_str()
        }
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.as_f64() == b.as_f64() && (a.is_f64() || b.is_f64()))
        }
        (a, b) => a == b,
    }
}

fn same_map(a: &Map, b: &Map) -> bool {
    fn given(map: &Map) -> HashMap<&str, &Node> {
        let given = map.iter().filter(|field| !field.node.is_null());
        given.map(|field| (field.key.as_str(), &field.node)).collect()
    }
    let (a, b) = (given(a), given(b));
    a.len() == b.len() && a.iter().all(|(key, node)| b.get(key).is_some_and(|other| same_node(node, other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: &str, b: &str, same: bool) {
        let read = |text: &str| {
            let text = format!("apiVersion: v1\nkind: X\n{text}");
            crate::read("t", text.as_bytes()).unwrap().remove(0)
        };
        assert_eq!(same_meaning(&read(a), &read(b)), same, "{a} and {b}");
        assert_eq!(same_meaning(&read(b), &read(a)), same, "{b} and {a}");
    }

    #[test]
    fn what_the_server_keeps_means_nothing() {
        let plain = "metadata: {name: x}";
        check(plain, "metadata: {name: x, uid: u, resourceVersion: '1', generation: 2, labels: {}}", true);
        check(
            plain,
            "metadata: {name: x, managedFields: [{}], creationTimestamp: null}\nstatus: {a: 1}",
            true,
        );
        check(plain, "metadata: {name: x, labels: {a: b}}", false);
        check(plain, "metadata: {name: x, finalizers: [a]}", false);
    }

    #[test]
    fn null_is_absent_at_every_depth() {
        check("metadata: {name: x}\nspec: {a: [{b: null}]}", "metadata: {name: x}\nspec: {a: [{}]}", true);
        check("metadata: {name: x}\nspec: {a: [null]}", "metadata: {name: x}\nspec: {a: []}", false);
        check("metadata: {name: x}\nspec: {a: 1}", "metadata: {name: x}\nspec: {a: '1'}", false);
        check("metadata: {name: x}\nspec: {a: 1, b: 2}", "metadata: {name: x}\nspec: {b: 2, a: 1}", true);
    }
}
