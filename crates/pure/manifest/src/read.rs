//! Files to manifests, lists opened.

use sealward_document::yaml::{self, DuplicateKey};
use sealward_document::{Node, ReadError, Value};

use crate::{Manifest, ManifestError};

/// What a file holds: each object, or why a document or item is none.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Objects in order, lists opened.
    pub manifests: Vec<Result<Manifest, ReadError>>,
    /// Keys that a mapping has twice.
    pub duplicates: Vec<DuplicateKey>,
}

/// The objects of a YAML or JSON file; empty documents are left out and a `List` gives its items.
///
/// # Errors
/// The first document's or item's that is no object, with path, line and column.
pub fn read(path: &str, bytes: &[u8]) -> Result<Vec<Manifest>, ReadError> {
    read_each(path, bytes).manifests.into_iter().collect()
}

/// As [`read`], with a limit of its own for what strangers send: `nodes` in all.
///
/// # Errors
/// As [`read`]'s.
pub fn read_within(path: &str, bytes: &[u8], nodes: usize) -> Result<Vec<Manifest>, ReadError> {
    yaml::read_within(path, bytes, nodes)?.into_iter().flat_map(objects).collect()
}

/// As [`read`], but what is no object does not hide the others.
pub fn read_each(path: &str, bytes: &[u8]) -> Reading {
    let yaml::Reading { documents, duplicates } = yaml::read_each(path, bytes);
    let mut manifests = Vec::new();
    for document in documents {
        match document {
            Ok(node) => manifests.extend(objects(node)),
            Err(error) => manifests.push(Err(error)),
        }
    }
    Reading { manifests, duplicates }
}

/// The objects that one document stands for: none for `null`, the items of a list, else itself.
///
/// As for kubectl, whatever has `items` at its top is a list, of whatever kind; items without
/// apiVersion and kind, as in a typed list (`SecretList`), take them from the list, without `List`.
/// Nothing else of the list passes on to its items.
pub fn objects(document: Node) -> Vec<Result<Manifest, ReadError>> {
    let mut out = Vec::new();
    open(document, &mut out);
    out
}

fn open(mut node: Node, out: &mut Vec<Result<Manifest, ReadError>>) {
    if node.is_null() {
        return;
    }
    let text = |field| node.get(field).and_then(Node::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let Some(items) = node.as_map_mut().and_then(|map| map.remove("items")) else {
        out.push(Manifest::from_node(node).map_err(ReadError::from));
        return;
    };
    if kind.is_empty() {
        let missing = ManifestError::Missing { field: "kind", origin: node.origin };
        out.push(Err(missing.into()));
        return;
    }
    match items.value {
        Value::List(items) => {
            let kind = kind.strip_suffix("List").unwrap_or(&kind);
            for mut item in items {
                complete(&mut item, &api_version, kind);
                open(item, out);
            }
        }
        Value::Null => {}
        _ => {
            let error = ReadError::new(items.origin, "`items` of a list must be a sequence");
            out.push(Err(error.hint("what has `items` at its top is read as a list of objects")));
        }
    }
}

/// Gives an item that has neither apiVersion nor kind those of its list.
fn complete(item: &mut Node, api_version: &str, kind: &str) {
    let origin = item.origin.clone();
    let given = |field| item.get(field).and_then(Node::as_str).is_some_and(|text| !text.is_empty());
    if given("apiVersion") || given("kind") || kind.is_empty() {
        return;
    }
    if let Some(map) = item.as_map_mut() {
        map.insert("apiVersion", Node::text(api_version, origin.clone()));
        map.insert("kind", Node::text(kind, origin));
    }
}

impl From<ManifestError> for ReadError {
    fn from(error: ManifestError) -> Self {
        let hint = match &error {
            ManifestError::NotAMap { .. } => "an object is a mapping with apiVersion, kind and metadata",
            ManifestError::Missing { .. } => "every object needs apiVersion, kind and metadata.name as text",
            ManifestError::SecretValue { .. } => return Self::new(error.origin().clone(), error.to_string()),
        };
        Self::new(error.origin().clone(), error.to_string()).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[Result<&str, &str>]) {
        let found: Vec<Result<String, String>> = read_each("f.yaml", text.as_bytes())
            .manifests
            .into_iter()
            .map(|object| {
                let shown =
                    |object: Manifest| format!("{} {} {}", object.gvk(), object.name(), object.origin());
                object.map(shown).map_err(|error| error.to_string())
            })
            .collect();
        let found: Vec<Result<&str, &str>> =
            found.iter().map(|object| object.as_deref().map_err(String::as_str)).collect();
        assert_eq!(found, expect);
    }

    const A: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

    #[test]
    fn objects_are_read_in_order() {
        check("", &[]);
        check("# nothing\n---\nnull\n", &[]);
        check(
            &format!("{A}---\n---\n{A}"),
            &[Ok("v1 ConfigMap a f.yaml:1:1"), Ok("v1 ConfigMap a f.yaml:6:1")],
        );
        check(
            "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"generateName\":\"a-\"}}",
            &[Ok("v1 Pod  f.yaml:1:1")],
        );
    }

    #[test]
    fn lists_give_their_items() {
        let item = "{apiVersion: v1, kind: Pod, metadata: {name: p}}";
        check(&format!("apiVersion: v1\nkind: List\nitems:\n- {item}\n"), &[Ok("v1 Pod p f.yaml:4:3")]);
        check(
            "apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: s}\n",
            &[Ok("v1 Secret s f.yaml:4:3")],
        );
        check(
            "apiVersion: v1\nkind: List\nmetadata: {name: no}\nitems:\n- metadata: {name: s}\n",
            &[Err("f.yaml:5:3: not a Kubernetes object: apiVersion is missing or not text")],
        );
        check("apiVersion: v1\nkind: List\nitems: null\n", &[]);
        check(
            "apiVersion: v1\nkind: List\nitems: {}\n",
            &[Err("f.yaml:3:8: `items` of a list must be a sequence")],
        );
        check("items: []", &[Err("f.yaml:1:1: not a Kubernetes object: kind is missing or not text")]);
        check(
            &format!(
                "{{apiVersion: v1, kind: List, items: [{{apiVersion: v1, kind: List, items: [{item}]}}]}}"
            ),
            &[Ok("v1 Pod p f.yaml:1:75")],
        );
    }

    #[test]
    fn a_bad_document_does_not_hide_the_others() {
        check(
            &format!("a: b: c\n---\n{A}---\njust text\n---\nkind: Pod\n"),
            &[
                Err("f.yaml:1:5: mapping values are not allowed in this context"),
                Ok("v1 ConfigMap a f.yaml:3:1"),
                Err("f.yaml:7:1: not a Kubernetes object: expected a mapping"),
                Err("f.yaml:9:1: not a Kubernetes object: apiVersion is missing or not text"),
            ],
        );
    }

    #[test]
    fn values_of_secrets_do_not_show() {
        let text =
            "apiVersion: v1\nkind: SecretList\nitems: [{metadata: {name: s}, stringData: {a: hunter2}}]";
        let object = read("f", text.as_bytes()).unwrap().remove(0);
        assert!(!format!("{object:?}").contains("hunter2"));
        for copy in crate::LAST_APPLIED {
            let text = format!(
                "{{apiVersion: v1, kind: Secret, metadata: {{name: s, annotations: {{{copy}: hunter2}}}}}}"
            );
            let object = read("f", text.as_bytes()).unwrap().remove(0);
            assert!(!format!("{object:?}").contains("hunter2"));
        }
    }

    #[test]
    fn values_of_secrets_are_text() {
        let secret = |rest: &str| format!("{{apiVersion: v1, kind: Secret, metadata: {{name: s}}, {rest}}}");
        for (rest, expect) in [
            ("stringData: {a: x, pin: 1234}", "f.yaml:1:77: stringData.pin is not text (put it in quotes)"),
            ("stringData: {b: true}", "f.yaml:1:69: stringData.b is not text (put it in quotes)"),
            ("data: {a: [hunter2]}", "f.yaml:1:63: data.a is not text (put it in quotes)"),
            ("data: {a: {b: hunter2}}", "f.yaml:1:63: data.a is not text (put it in quotes)"),
            ("data: hunter2", "f.yaml:1:59: data is not a map"),
            ("data: [hunter2]", "f.yaml:1:59: data is not a map"),
        ] {
            check(&secret(rest), &[Err(expect)]);
        }
        check(&secret("data: null, stringData: {a: null}"), &[Ok("v1 Secret s f.yaml:1:1")]);
    }
}
