//! YAML in, as kubectl reads it, and YAML out.

mod ambiguity;
mod build;
mod fields;
mod refuse;
mod resolve;
mod split;
mod tabs;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use sealward_diagnostic::Origin;

use crate::budget::Budget;
use crate::{MAX_BYTES, MAX_NODES, Node, ReadError, json};
pub(crate) use fields::Fields;
pub use write::{write_exposed, write_redacted};

/// What a file holds: each document, or why it cannot be read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Its documents in order; those that hold nothing but blanks and comments are left out.
    pub documents: Vec<Result<Node, ReadError>>,
    /// Keys that a mapping has twice; the later value counts, as for kubectl.
    pub duplicates: Vec<DuplicateKey>,
}

/// A key that stands twice in one mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateKey {
    /// The key.
    pub key: String,
    /// Where it stands first.
    pub first: Origin,
    /// Where it stands again; this value counts.
    pub again: Origin,
}

/// The documents of a YAML or JSON file as kubectl reads them.
///
/// Lines that start with `---` divide documents. A document that starts with `{` or `[` is read as
/// JSON (several values in a row are several documents) and, if it is none, as YAML.
///
/// # Errors
/// The first document's that cannot be read.
pub fn read(path: &str, bytes: &[u8]) -> Result<Vec<Node>, ReadError> {
    read_each(path, bytes).documents.into_iter().collect()
}

/// As [`read`], but a document that cannot be read does not hide the others. Bytes that are no UTF-8
/// text, or too many, give one error.
pub fn read_each(path: &str, bytes: &[u8]) -> Reading {
    let path: Arc<str> = path.into();
    let text = match text(&path, bytes) {
        Ok(text) => text,
        Err(error) => return Reading { documents: vec![Err(error)], duplicates: Vec::new() },
    };
    let mut reading = Reading::default();
    let mut budget = Budget::new(MAX_NODES);
    for part in split::parts(text) {
        match part {
            Ok(part) => read_part(&path, &part, bytes.len() - text.len(), &mut budget, &mut reading),
            Err(wrong) => reading.documents.push(Err(wrong.at(&path))),
        }
    }
    reading
}

/// As [`read`], with a limit of its own for what strangers send: `nodes` in all.
///
/// # Errors
/// The first document's that cannot be read; nothing after it is looked at.
pub fn read_within(path: &str, bytes: &[u8], nodes: usize) -> Result<Vec<Node>, ReadError> {
    let path: Arc<str> = path.into();
    let text = text(&path, bytes)?;
    let mut reading = Reading::default();
    let mut budget = Budget::strict(nodes);
    for part in split::parts(text) {
        let part = part.map_err(|wrong| wrong.at(&path))?;
        read_part(&path, &part, bytes.len() - text.len(), &mut budget, &mut reading);
        if let Some(Err(error)) = reading.documents.last() {
            return Err(error.clone());
        }
    }
    reading.documents.into_iter().collect()
}

fn text<'a>(path: &Arc<str>, bytes: &'a [u8]) -> Result<&'a str, ReadError> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the file has {} bytes, more than the {MAX_BYTES} that are read", bytes.len());
        return Err(ReadError::new(Origin::file(path.clone()), message));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let before = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
            let (line, column) = crate::position::Cursor::new(&before, 1).place(before.len());
            Err(ReadError::new(Origin::new(path.clone(), line, column), "invalid UTF-8 text")
                .hint("save the file as UTF-8; put binary content in base64 under `binaryData` or `data`"))
        }
    }
}

/// Reads the documents of one part; `shift` is what stands before the text in the file (a byte order mark).
fn read_part(
    path: &Arc<str>,
    part: &split::Part<'_>,
    shift: usize,
    budget: &mut Budget,
    reading: &mut Reading,
) {
    let source = Source { path: path.clone(), text: part.text, line: part.line, byte: part.byte + shift };
    let first = part.text.trim_start();
    let mut refused = None;
    if first.starts_with(['{', '[']) {
        let mut left = *budget;
        match json::read::stream(&source, &mut left) {
            Ok((documents, duplicates)) => {
                *budget = left;
                reading.documents.extend(documents.into_iter().map(Ok));
                reading.duplicates.extend(duplicates);
                return;
            }
            Err(error) => refused = looks_like_json(first).then_some(error),
        }
    }
    if let Err(message) = budget.scan(part.text) {
        let origin = Origin::new(path.clone(), part.line, 1);
        reading.documents.push(Err(ReadError::new(origin, message)));
        return;
    }
    // kubectl ends every line, the last one too; to YAML the difference can be one line of text.
    let ended = (!part.text.ends_with('\n')).then(|| format!("{}\n", part.text));
    let ended = ended.as_deref().unwrap_or(part.text);
    match build::document(&Source { text: ended, ..source }, part.text.len(), budget) {
        Ok((node, duplicates)) => {
            reading.documents.push(Ok(node));
            reading.duplicates.extend(duplicates);
        }
        Err(error) => reading.documents.push(Err(refused.unwrap_or(error))),
    }
}

/// Whether somebody meant JSON, so that its error says more than YAML's.
fn looks_like_json(text: &str) -> bool {
    let rest = text.get(1..).unwrap_or_default().trim_start();
    rest.starts_with(['"', '{', '[', '}', ']']) || rest.is_empty()
}

/// A part of a file to read, and where it stands in it.
pub(crate) struct Source<'a> {
    pub(crate) path: Arc<str>,
    pub(crate) text: &'a str,
    /// The line of its first character.
    pub(crate) line: u32,
    /// The byte of its first character.
    pub(crate) byte: usize,
}
