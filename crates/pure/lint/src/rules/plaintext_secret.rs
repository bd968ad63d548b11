//! `secret/plaintext`: a Secret whose values everybody who can read the repository can read. Base64 is
//! no encryption; a `List` or JSON file hides nothing; a generator's input is a Secret too.

use sealward_diagnostic::{Diagnostic, Origin};
use sealward_document::{ExposeSecret, Field, Map, Node, Value};
use sealward_manifest::Manifest;
use sealward_snapshot::{Snapshot, join, parent};

use crate::rendered::Rendered;
use crate::sources::{Source, Sources};

pub(crate) const ID: &str = "secret/plaintext";

const HINT: &str = "seal it: `sealward seal -f FILE --cert CERTIFICATE -w FILE` (or --recipient age1…); if it was \
     ever committed, change the value too: Git remembers it";

pub(crate) fn check(source: &Source, snapshot: &Snapshot, found: &mut Vec<Diagnostic>) {
    for manifest in source.manifests.iter().filter(|manifest| manifest.is_secret()) {
        let keys: Vec<&str> = plaintexts(manifest).map(|field| field.key.as_str()).collect();
        if !keys.is_empty() {
            let message = format!("Secret {:?} holds its {} in plaintext", manifest.name(), values_of(&keys));
            let diagnostic = Diagnostic::error(ID, manifest.origin().clone(), message)
                .object(manifest.id().to_string())
                .hint(HINT);
            found.push(source.quote(diagnostic));
        }
    }
    if source.is_kustomization() {
        source.documents.iter().for_each(|document| check_generators(source, document, snapshot, found));
    }
}

/// Values that a Secret gets only where a kustomization is rendered: by a patch, inline or in a file.
pub(crate) fn check_rendered(sources: &Sources, rendered: &Rendered, found: &mut Vec<Diagnostic>) {
    let arriving = rendered.roots.iter().filter_map(|root| root.result.as_ref().ok()).flatten();
    for secret in arriving.filter(|manifest| manifest.is_secret()) {
        for field in plaintexts(secret) {
            let origin = &field.node.origin;
            let told = found.iter().any(|known| known.rule == ID && known.origin.path == origin.path);
            let source = sources.get(&origin.path).filter(|_| !told);
            // What a generator reads was looked at there; encrypted by SOPS, it is in the clear nowhere.
            let Some(source) = source.filter(|source| !source.text.as_deref().is_some_and(is_sops_file))
            else {
                continue;
            };
            let message = format!(
                "Secret {:?} gets its value of {:?} in plaintext from here",
                secret.name(),
                field.key
            );
            let diagnostic =
                Diagnostic::error(ID, origin.clone(), message).object(secret.id().to_string()).hint(HINT);
            found.push(source.quote(diagnostic));
        }
    }
}

/// Most keys that one message names.
const NAMED: usize = 8;

/// `value of "a"`, `values of "a", "b" and "c"`, or of the first of them and how many more.
fn values_of(keys: &[&str]) -> String {
    let quoted: Vec<String> = keys.iter().take(NAMED).map(|key| format!("{key:?}")).collect();
    match (quoted.split_last(), keys.len().saturating_sub(NAMED)) {
        (Some((only, [])), 0) => format!("value of {only}"),
        (Some((last, first)), 0) => format!("values of {} and {last}", first.join(", ")),
        (_, more) => format!("values of {} and {more} more", quoted.join(", ")),
    }
}

/// The values that are neither empty nor encrypted by SOPS.
fn plaintexts(secret: &Manifest) -> impl Iterator<Item = &Field> {
    let sops = secret.root().get("sops").is_some_and(|node| node.as_map().is_some());
    let maps = ["data", "stringData"].into_iter().filter_map(|field| secret.root().get(field)?.as_map());
    maps.flat_map(Map::iter).filter(move |field| is_plaintext(&field.node.value, sops))
}

fn is_plaintext(value: &Value, sops: bool) -> bool {
    match value {
        Value::Secret(text) => {
            let text = text.expose_secret();
            let encrypted = sops && is_sops_value(text);
            !text.is_empty() && !encrypted
        }
        // A manifest lets nothing else but null into a Secret.
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::List(_)
        | Value::Map(_) => false,
    }
}

fn is_sops_value(text: &str) -> bool {
    text.starts_with("ENC[AES256_GCM,") && text.ends_with(']')
}

fn check_generators(source: &Source, document: &Node, snapshot: &Snapshot, found: &mut Vec<Diagnostic>) {
    let generators = document.get("secretGenerator").and_then(Node::as_list).unwrap_or_default();
    for generator in generators {
        let name = generator.get("name").and_then(Node::as_str).unwrap_or_default();
        let list = |field| generator.get(field).and_then(Node::as_list).unwrap_or_default();
        if let Some(literal) = list("literals").first() {
            let message = format!("secretGenerator {name:?} holds a value in plaintext");
            found.push(source.quote(Diagnostic::error(ID, literal.origin.clone(), message).hint(HINT)));
        }
        let inputs = list("files").iter().chain(list("envs")).chain(generator.get("env"));
        for input in inputs {
            let Some(path) = input.as_str().map(|text| text.split_once('=').map_or(text, |(_, path)| path))
            else {
                continue;
            };
            if let Some(origin) = plaintext_file(source, path, snapshot) {
                let message = format!("secretGenerator {name:?} reads this file, which is not encrypted");
                found.push(Diagnostic::error(ID, origin, message).hint(HINT));
            }
        }
    }
}

/// The file that a generator of `source` reads, if it is there and not encrypted by SOPS.
fn plaintext_file(source: &Source, path: &str, snapshot: &Snapshot) -> Option<Origin> {
    let path = join(parent(&source.path), path).ok()?;
    let bytes = snapshot.read(&path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    if is_sops_file(&text) || text.trim().is_empty() { None } else { Some(Origin::file(path)) }
}

fn is_sops_file(text: &str) -> bool {
    text.contains("ENC[AES256_GCM,") && text.contains("sops")
}
