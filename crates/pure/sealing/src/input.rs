//! The Secrets of a file that somebody wants sealed.

use sealward_document::{Node, ReadError, yaml};
use sealward_manifest::{Manifest, objects};

/// Reads the Secrets of `bytes` for sealing: strictly, because what is dropped here without a word is missing in the
/// cluster. Every object of the file is returned, whatever its kind; `seal_secret` refuses those that are no Secrets.
///
/// With a `name` to give them, they need not have one.
///
/// # Errors
/// What `sealward_manifest::read` refuses; and a key that stands twice, with both places, of which YAML readers
/// silently take one.
pub fn read_secrets(path: &str, bytes: &[u8], name: Option<&str>) -> Result<Vec<Manifest>, ReadError> {
    let reading = yaml::read_each(path, bytes);
    let mut manifests = Vec::new();
    for document in reading.documents {
        let mut document = document?;
        if let Some(name) = name {
            give_name(&mut document, name);
        }
        for object in objects(document) {
            manifests.push(object?);
        }
    }
    match reading.duplicates.into_iter().next() {
        None => Ok(manifests),
        Some(twice) => Err(ReadError::new(
            twice.again.clone(),
            format!("the key {:?} stands here again, first at {}", twice.key, twice.first),
        )
        .hint("keep one of the two: only the later one would be sealed")),
    }
}

fn give_name(document: &mut Node, name: &str) {
    let origin = document.origin.clone();
    let metadata = document.child_map("metadata").filter(|metadata| metadata.get("name").is_none());
    if let Some(metadata) = metadata {
        metadata.insert("name", Node::text(name, origin));
    }
}
