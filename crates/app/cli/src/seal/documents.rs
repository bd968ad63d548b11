//! What goes out: objects as text, to stdout or a file.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, anyhow};
use sealward_document::{Node, edited, json, yaml};
use sealward_files::{Folder, Limits};
use sealward_snapshot::Edit;
use zeroize::Zeroizing;

use super::error::SealError;
use super::input::Input;
use super::request::{Format, Manner, Request};
use crate::output;

/// Objects as text. kubeseal starts each YAML document, the first too, with `---`.
pub(crate) fn text(manner: Manner, format: Format, objects: &[Node]) -> String {
    // A SealedSecret holds no plaintext; `redacted` would mask it if one ever did.
    laid_out(manner, format, objects, yaml::write_redacted, json::write_redacted)
}

/// The same with the values of Secrets, for what a person asked to open.
pub(crate) fn exposed_text(manner: Manner, format: Format, objects: &[Node]) -> Zeroizing<String> {
    Zeroizing::new(laid_out(manner, format, objects, yaml::write_exposed, json::write_exposed))
}

fn laid_out(
    manner: Manner,
    format: Format,
    objects: &[Node],
    yaml: fn(&[Node]) -> String,
    json: fn(&Node) -> String,
) -> String {
    match (format, manner) {
        (Format::Yaml, Manner::Sealward) => yaml(objects),
        (Format::Yaml, Manner::Kubeseal) => {
            objects.iter().map(|object| format!("---\n{}", yaml(std::slice::from_ref(object)))).collect()
        }
        (Format::Json, _) => objects.iter().map(json).collect(),
    }
}

/// `before` with its objects changed to `after`, in the format that it has: with its comments and order wherever they
/// can be kept. Another format is written anew.
pub(crate) fn changed(request: &Request, before: &Input, after: &[Node]) -> String {
    let old = std::str::from_utf8(&before.bytes).unwrap_or_default();
    let found = if old.trim_start().starts_with('{') { Format::Json } else { Format::Yaml };
    let format = request.format.unwrap_or(found);
    let kept = (format == found).then(|| edited(&before.path, old, after)).flatten();
    kept.unwrap_or_else(|| text(request.manner, format, after))
}

/// Writes the result to the file that `request` names, else to stdout.
pub(crate) fn write(request: &Request, bytes: &[u8]) -> Result<(), SealError> {
    match request.output.as_deref() {
        None => output::data(bytes).map_err(|error| SealError::Write { path: None, error: error.into() }),
        Some(path) => replace(path, bytes),
    }
}

/// Puts `bytes` in the place of the file `path`, or of the file that the link `path` leads to. What is no regular
/// file (a pipe, `/dev/stdout`) is written to.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SealError> {
    let failed = |error| SealError::Write { path: Some(path.to_owned()), error };
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let opened = OpenOptions::new().write(true).open(path);
        return opened.and_then(|mut file| file.write_all(bytes)).map_err(|error| failed(error.into()));
    }
    atomically(path, bytes).map_err(failed)
}

fn atomically(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let target = if path.is_symlink() {
        path.canonicalize().with_context(|| format!("cannot follow {}", path.display()))?
    } else {
        path.to_owned()
    };
    if target.is_dir() {
        return Err(anyhow!("it is a folder"));
    }
    let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let name = target.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| anyhow!("it is no file name in UTF-8"))?;
    let folder = folder.unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(anyhow!("there is no folder {}", folder.display()));
    }
    let folder = Folder::at(folder, Limits::default())?;
    Ok(folder.write(&[Edit::write(name, bytes.to_vec())])?)
}
