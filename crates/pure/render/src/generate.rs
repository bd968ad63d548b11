//! `configMapGenerator` and `secretGenerator`. Source: kustomize `api/internal/generators`, `api/kv`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sealward_diagnostic::Origin;
use sealward_document::{Map, Node, Value};

use crate::error::RenderError;
use crate::kustomization::{Generator, Pairs, Written};
use crate::resource::Resource;
use crate::source::Source;

/// Which kind a generator makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ConfigMap,
    Secret,
}

struct Entry {
    bytes: Vec<u8>,
    origin: Origin,
}

type Entries = BTreeMap<String, Entry>;

/// The object that `generator` of the kustomization in `folder` makes.
///
/// # Errors
/// When a file cannot be read, an entry is none, or a key comes twice.
pub(crate) fn generate(
    source: &Source<'_>,
    folder: &str,
    generator: &Generator,
    kind: Kind,
) -> Result<Resource, RenderError> {
    source.count_object(&generator.origin)?;
    let entries = entries(source, folder, generator)?;
    let at = &generator.origin;
    let mut root = Map::default();
    root.insert("apiVersion", Node::text("v1", at.clone()));
    root.insert("kind", Node::text(if kind == Kind::Secret { "Secret" } else { "ConfigMap" }, at.clone()));
    root.insert("metadata", Node::made(Value::Map(metadata(generator)), at.clone()));
    match kind {
        Kind::ConfigMap => config_data(&mut root, entries, at),
        Kind::Secret => secret_data(&mut root, entries, generator),
    }
    if generator.options.immutable {
        root.insert("immutable", Node::made(Value::Bool(true), at.clone()));
    }
    let mut made = Resource::from_node(Node::made(Value::Map(root), at.clone()))?;
    made.behavior = generator.behavior;
    made.hashed = !generator.options.disable_name_suffix_hash;
    Ok(made)
}

fn metadata(generator: &Generator) -> Map {
    let at = &generator.origin;
    let mut metadata = Map::default();
    metadata.insert("name", Node::text(&*generator.name, at.clone()));
    if !generator.namespace.is_empty() {
        metadata.insert("namespace", Node::text(&*generator.namespace, at.clone()));
    }
    let texts = |pairs: &Pairs| {
        let texts = pairs.iter();
        let texts = texts.map(|(key, value)| (key.clone(), Node::text(&*value.text, value.origin.clone())));
        Node::made(Value::Map(texts.collect()), at.clone())
    };
    for (field, pairs) in
        [("labels", &generator.options.labels), ("annotations", &generator.options.annotations)]
    {
        if !pairs.is_empty() {
            metadata.insert(field, texts(pairs));
        }
    }
    metadata
}

/// Text goes to `data`, everything else to `binaryData`.
fn config_data(root: &mut Map, entries: Entries, at: &Origin) {
    let (mut data, mut binary) = (Map::default(), Map::default());
    for (key, Entry { bytes, origin }) in entries {
        match String::from_utf8(bytes) {
            Ok(text) => data.insert(key, Node::text(text, origin)),
            Err(error) => binary.insert(key, Node::text(base64_lines(error.as_bytes()), origin)),
        };
    }
    for (field, map) in [("data", data), ("binaryData", binary)] {
        if !map.is_empty() {
            root.insert(field, Node::made(Value::Map(map), at.clone()));
        }
    }
}

fn secret_data(root: &mut Map, entries: Entries, generator: &Generator) {
    let at = &generator.origin;
    let of_type = if generator.secret_type.is_empty() { "Opaque" } else { &generator.secret_type };
    root.insert("type", Node::text(of_type, at.clone()));
    let data = entries
        .into_iter()
        .map(|(key, Entry { bytes, origin })| (key, Node::text(base64_lines(&bytes), origin)))
        .collect();
    root.insert("data", Node::made(Value::Map(data), at.clone()));
}

/// Base64 in lines of 70 characters, each ended; in one line without an end when it is shorter.
fn base64_lines(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    for (index, character) in encoded.chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            lines.push('\n');
        }
        lines.push(character);
    }
    lines.push('\n');
    lines
}

fn entries(source: &Source<'_>, folder: &str, generator: &Generator) -> Result<Entries, RenderError> {
    let mut entries = Entries::new();
    let mut add = |key: &str, bytes: &[u8], origin: Origin| {
        if entries.contains_key(key) {
            let problem = "comes twice in this generator".to_owned();
            return Err(RenderError::Invalid { field: key.to_owned(), problem, origin });
        }
        entries.insert(key.to_owned(), Entry { bytes: bytes.to_vec(), origin });
        Ok(())
    };
    for env in &generator.envs {
        let (path, bytes) = source.file(folder, env)?;
        for (key, value, line) in env_entries(&path, &bytes)? {
            add(key, value.as_bytes(), Origin::new(&*path, line, 1))?;
        }
    }
    for literal in &generator.literals {
        let (key, value) = literal_entry(literal)?;
        add(key, value.as_bytes(), literal.origin.clone())?;
    }
    for file in &generator.files {
        let (key, path) = file_entry(file)?;
        let path = Written { text: path.to_owned(), origin: file.origin.clone() };
        let (path, bytes) = source.file(folder, &path)?;
        add(key, &bytes, Origin::new(path, 1, 1))?;
    }
    Ok(entries)
}

/// Key, value and line of every line of an env file that has any.
fn env_entries<'a>(path: &str, bytes: &'a [u8]) -> Result<Vec<(&'a str, &'a str, u32)>, RenderError> {
    let text = std::str::from_utf8(bytes).map_err(|_| RenderError::Unreadable {
        problem: "an env file must be UTF-8 text".into(),
        origin: Origin::file(path),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.split('\n').zip(1_u32..).map(|(line, number)| (line.trim_end_matches('\r'), number));
    let told = lines.map(|(line, number)| (line.trim_start(), number));
    let told = told.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    let split = told.map(|(line, number)| {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        (key, value, number)
    });
    Ok(split.filter(|(key, ..)| !key.is_empty()).collect())
}

/// `key=value`; quotes around the whole value are taken off.
fn literal_entry(literal: &Written) -> Result<(&str, &str), RenderError> {
    match literal.text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key, unquoted(value))),
        _ => Err(RenderError::Invalid {
            field: "literals[]".into(),
            problem: "must be key=value".into(),
            origin: literal.origin.clone(),
        }),
    }
}

fn unquoted(value: &str) -> &str {
    let within = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

/// `path` or `key=path`; the key is the last part of the path when none is given.
fn file_entry(file: &Written) -> Result<(&str, &str), RenderError> {
    let wrong = || RenderError::Invalid {
        field: "files[]".into(),
        problem: "must be a path or key=path, with one = at most".into(),
        origin: file.origin.clone(),
    };
    match file.text.split_once('=') {
        None => Ok((file.text.rsplit('/').next().unwrap_or(&file.text), &file.text)),
        Some((key, path)) if !key.is_empty() && !path.is_empty() && !path.contains('=') => Ok((key, path)),
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_lines_are_read_as_kustomize_reads_them() {
        let check = |text: &str, expect: &[(&str, &str, u32)]| {
            assert_eq!(env_entries("x.env", text.as_bytes()).unwrap(), expect, "{text:?}");
        };
        check("A=1\r\n# no\n\n  B = x=y \nC\n", &[("A", "1", 1), ("B ", " x=y ", 4), ("C", "", 5)]);
        check("\u{feff}A=\"q\"", &[("A", "\"q\"", 1)]);
        check("=x\n", &[]);
    }

    #[test]
    fn quotes_come_off_in_pairs() {
        let check = |value: &str, expect: &str| assert_eq!(unquoted(value), expect);
        check("\"a b\"", "a b");
        check("'a'", "a");
        check("'a\"", "'a\"");
        check("\"", "\"");
        check("\"\"", "");
    }

    #[test]
    fn long_base64_is_broken_into_lines() {
        assert_eq!(base64_lines(&[0; 51]).len(), 68);
        let lines = base64_lines(&[0; 105]);
        assert_eq!(lines.len(), 140 + 2);
        assert!(lines.ends_with('\n'));
    }
}
