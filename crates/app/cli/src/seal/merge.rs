//! Items of a Secret into the file of a SealedSecret.

use std::path::Path;

use sealward_document::{Map, Node};
use sealward_manifest::{Manifest, read};
use sealward_sealing::{Scope, read_sealed_secret};

use super::error::SealError;
use super::input::Input;
use super::request::Request;
use super::{documents, secrets};

/// Seals the input's Secret under the name, namespace and scope of the SealedSecret in `file`, and puts its items,
/// labels and annotations there. The file keeps its format and, where they can be kept, its comments and order.
pub(crate) fn merge_into(request: &mut Request, file: &Path) -> Result<(), SealError> {
    let before = Input::file("--merge-into", file)?;
    let (object, scope) = target(request, &before)?;
    request.scope = Some(scope);
    let input = Input::read(request.input.as_deref(), "json/yaml k8s resource")?;
    let (name, namespace) = (object.name().to_owned(), object.namespace().to_owned());
    let bound = Some(namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let sealed = secrets::sealed(request, &input, Some(&name), bound).map_err(|error| match error {
        SealError::ManyForOneName { path, count } => SealError::MergeFromMany { path, count },
        other => other,
    })?;
    if sealed.len() > 1 {
        return Err(SealError::MergeFromMany { path: input.path, count: sealed.len() });
    }
    let mut root = object.into_root();
    for update in &sealed {
        merge(&mut root, update);
    }
    let text = documents::changed(request, &before, &[root]);
    documents::replace(file, text.as_bytes())
}

/// The one SealedSecret of the file, and the scope that its values have.
fn target(request: &Request, file: &Input) -> Result<(Manifest, Scope), SealError> {
    let mut objects = read(&file.path, &file.bytes).map_err(SealError::Read)?;
    if objects.len() > 1 {
        return Err(SealError::MergeMany { path: file.path.clone(), count: objects.len() });
    }
    let object = objects.pop().ok_or_else(|| SealError::MergeNone { path: file.path.clone() })?;
    let sealed = read_sealed_secret(&object)
        .map_err(|error| SealError::NotSealed { place: object.origin().clone(), error })?;
    let scope = Scope::from_annotations(sealed.metadata.annotations.as_ref());
    match request.scope {
        Some(asked) if asked != scope => {
            Err(SealError::MergeScope { path: file.path.clone(), file: scope, asked })
        }
        Some(_) | None => Ok((object, scope)),
    }
}

fn merge(root: &mut Node, update: &Node) {
    let Some(spec) = root.as_map_mut().and_then(|map| map.get_mut("spec")) else { return };
    put(spec.child_map("encryptedData"), update.at(&["spec", "encryptedData"]));
    for field in ["labels", "annotations"] {
        let new = update.at(&["spec", "template", "metadata", field]);
        if new.and_then(Node::as_map).is_none_or(Map::is_empty) {
            continue;
        }
        let origin = spec.origin.clone();
        let Some(template) = spec.child_map("template") else { continue };
        if template.get("metadata").is_none_or(Node::is_null) {
            template.insert("metadata", Node::made(sealward_document::Value::Map(Map::default()), origin));
        }
        put(template.get_mut("metadata").and_then(|metadata| metadata.child_map(field)), new);
    }
}

fn put(into: Option<&mut Map>, new: Option<&Node>) {
    let (Some(into), Some(new)) = (into, new.and_then(Node::as_map)) else { return };
    for field in new {
        into.insert(field.key.as_str(), field.node.clone());
    }
}
