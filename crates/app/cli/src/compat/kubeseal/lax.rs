//! Secrets as laxly read as kubeseal reads them, with a warning for all that is bent.
//!
//! kubeseal decodes whatever it is given into Go's `v1.Secret`: the kind does not matter, keys may be written in any
//! case, unknown ones are dropped, and numbers and truth values where text belongs become text.

use sealward_document::{Map, Node, Value, yaml};
use sealward_manifest::{Manifest, objects};
use sealward_sealing::SealSecretError;

use crate::output;
use crate::seal::error::SealError;
use crate::seal::input::Input;

const FIELDS: [&str; 7] = ["apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"];

/// The Secrets of `input`; with a `name` to give them, they need not have one.
pub(crate) fn lax_secrets(input: &Input, name: Option<&str>) -> Result<Vec<Manifest>, SealError> {
    let reading = yaml::read_each(&input.path, &input.bytes);
    if let Some(twice) = reading.duplicates.first() {
        let problem = format!("the key {:?} stands here again, first at {}", twice.key, twice.first);
        return Err(SealError::Read(sealward_document::ReadError::new(twice.again.clone(), problem)));
    }
    let mut secrets = Vec::new();
    for document in reading.documents {
        let document = document.map_err(SealError::Read)?;
        if document.as_map().is_none_or(|map| !map.iter().any(|field| is_field(&field.key))) {
            continue;
        }
        for node in items(document) {
            secrets.push(secret(node, name)?);
        }
    }
    Ok(secrets)
}

/// A list's items, else the object itself. kubeseal takes a list for one Secret without data.
fn items(mut document: Node) -> Vec<Node> {
    match document.as_map_mut().and_then(|map| map.remove("items")).map(|items| items.value) {
        Some(Value::List(items)) if !items.is_empty() => items,
        _ => vec![document],
    }
}

fn is_field(key: &str) -> bool {
    key == "items" || FIELDS.iter().any(|field| field.eq_ignore_ascii_case(key))
}

fn secret(mut node: Node, name: Option<&str>) -> Result<Manifest, SealError> {
    let origin = node.origin.clone();
    let sops = node.get("sops").is_some_and(|sops| sops.as_map().is_some());
    if let Some(map) = node.as_map_mut() {
        *map = fields(std::mem::take(map), sops);
        kind(map, &origin);
    }
    for field in ["data", "stringData"] {
        texts(node.as_map_mut().and_then(|map| map.get_mut(field)), field, None);
    }
    texts(
        node.as_map_mut().and_then(|map| map.get_mut("metadata")),
        "metadata",
        Some(&["name", "namespace"]),
    );
    if let Some(metadata) = node.as_map_mut().and_then(|map| map.get_mut("metadata")) {
        for field in ["labels", "annotations"] {
            texts(
                metadata.as_map_mut().and_then(|map| map.get_mut(field)),
                &format!("metadata.{field}"),
                None,
            );
        }
    }
    let given = |node: &Node| {
        node.at(&["metadata", "name"]).and_then(Node::as_str).is_some_and(|name| !name.is_empty())
    };
    if let (Some(name), false) = (name, given(&node))
        && let Some(metadata) = node.child_map("metadata")
    {
        metadata.insert("name", Node::text(name, origin.clone()));
    }
    if !given(&node) {
        let empty = |field| node.get(field).and_then(Node::as_map).is_none_or(Map::is_empty);
        let error = if empty("data") && empty("stringData") {
            SealSecretError::EmptyData
        } else {
            SealSecretError::NoName
        };
        return Err(SealError::Secret { place: origin, error, mixed: false });
    }
    let mut found = objects(node);
    match found.pop() {
        Some(manifest) => manifest.map_err(SealError::Read),
        None => Err(SealError::Empty { path: origin.to_string(), kind: "Secret" }),
    }
}

/// The fields that a Secret has, under their own names. What SOPS wrote stays, so that it is refused further on.
fn fields(old: Map, sops: bool) -> Map {
    let mut kept = Map::default();
    for field in old {
        let known = FIELDS.iter().find(|known| known.eq_ignore_ascii_case(&field.key));
        match known {
            Some(&known) => {
                if known != field.key {
                    warn(&field.origin, &format!("{} is read as {known}, as kubeseal does", field.key));
                }
                kept.insert(known, field.node);
            }
            None if sops && field.key == "sops" => {
                kept.insert(field.key, field.node);
            }
            None => warn(&field.origin, &format!("{} is no field of a Secret and is left out", field.key)),
        }
    }
    kept
}

/// Makes a Secret of it.
fn kind(map: &mut Map, origin: &sealward_manifest::Origin) {
    let text = |field| map.get(field).and_then(Node::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version == "v1" && kind == "Secret" {
        return;
    }
    let shown =
        if kind.is_empty() { "an object without a kind".to_owned() } else { format!("{api_version} {kind}") };
    warn(origin, &format!("{shown} is sealed as a v1 Secret, as kubeseal does"));
    map.insert("apiVersion", Node::text("v1", origin.clone()));
    map.insert("kind", Node::text("Secret", origin.clone()));
}

/// Numbers and truth values as text: all of the map, or those under `keys`.
fn texts(node: Option<&mut Node>, field: &str, keys: Option<&[&str]>) {
    let Some(map) = node.and_then(Node::as_map_mut) else { return };
    let wanted = |key: &str| keys.is_none_or(|keys| keys.contains(&key));
    let made: Vec<(String, Node)> = map
        .iter()
        .filter(|item| wanted(&item.key))
        .filter_map(|item| {
            let text = match &item.node.value {
                Value::Bool(value) => value.to_string(),
                Value::Number(value) => value.to_string(),
                _ => return None,
            };
            let place = &item.node.origin;
            warn(place, &format!("{field}.{} is not text and is made into it; put it in quotes", item.key));
            Some((item.key.clone(), Node::text(text, place.clone())))
        })
        .collect();
    for (key, node) in made {
        map.insert(key, node);
    }
}

fn warn(place: &sealward_manifest::Origin, problem: &str) {
    output::talk(&format!("warning: {place}: {problem}\n"));
}
