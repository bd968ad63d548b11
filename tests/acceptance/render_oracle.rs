//! Ours against the real kustomize, on every folder of `testdata/kustomize` that has a kustomization.
//!
//! Folders below one whose name starts with `fail-` must be refused by both; everything else must be
//! built by both to the same objects in the same order. Components are built through what lists them.

use std::path::{Path, PathBuf};
use std::process::Command;

use sealward_controlplane::tools;
use sealward_document::yaml;
use sealward_render::{Application, RenderError, render};
use sealward_snapshot::Snapshot;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/kustomize").canonicalize().unwrap()
}

fn files_below(folder: &Path, root: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, root, files);
        } else {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.push((relative, std::fs::read(&path).unwrap()));
        }
    }
}

fn ours(snapshot: &Snapshot, folder: &str) -> Result<Vec<serde_json::Value>, RenderError> {
    let manifests = render(snapshot, &Application::new(folder))?;
    Ok(manifests.iter().map(|manifest| manifest.root().expose_json()).collect())
}

fn theirs(kustomize: &Path, folder: &Path) -> Result<Vec<serde_json::Value>, String> {
    let mut command = Command::new(kustomize);
    let output =
        command.args(["build", "--load-restrictor", "LoadRestrictionsNone"]).arg(folder).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let documents = yaml::read("kustomize build", &output.stdout).unwrap();
    Ok(documents.iter().map(sealward_document::Node::expose_json).collect())
}

/// What is wrong with a folder, or nothing.
fn compare(snapshot: &Snapshot, kustomize: &Path, root: &Path, folder: &str) -> Option<String> {
    let (ours, theirs) = (ours(snapshot, folder), theirs(kustomize, &root.join(folder)));
    let must_fail = folder.split('/').any(|part| part.starts_with("fail-"));
    match (ours, theirs) {
        (Err(_), Err(_)) if must_fail => None,
        (Ok(ours), Ok(theirs)) if !must_fail && ours == theirs => None,
        (Ok(ours), Ok(theirs)) => Some(difference(&ours, &theirs)),
        (Err(error), Ok(_)) => Some(format!("ours fails: {error} at {:?}", error.origin())),
        (Ok(_), Err(error)) => Some(format!("theirs fails: {error}")),
        (Err(ours), Err(theirs)) => Some(format!("both fail: {ours} at {:?}; {theirs}", ours.origin())),
    }
}

fn difference(ours: &[serde_json::Value], theirs: &[serde_json::Value]) -> String {
    if ours == theirs {
        return "both build it, and both were to fail".to_owned();
    }
    let mut found = Vec::new();
    differences(&ours.into(), &theirs.into(), String::new(), &mut found);
    found.join("\n")
}

fn differences(ours: &serde_json::Value, theirs: &serde_json::Value, path: String, found: &mut Vec<String>) {
    use serde_json::Value;
    let none = &Value::String("(nothing)".into());
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let (a, b) = (a.get(key).unwrap_or(none), b.get(key).unwrap_or(none));
                differences(a, b, format!("{path}/{key}"), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for index in 0..a.len().max(b.len()) {
                let (a, b) = (a.get(index).unwrap_or(none), b.get(index).unwrap_or(none));
                differences(a, b, format!("{path}/{index}"), found);
            }
        }
        _ if ours == theirs => {}
        _ => found.push(format!("{path}: ours {ours}, theirs {theirs}")),
    }
}

#[test]
fn render_oracle_every_sample_equals_kustomize() {
    let root = samples();
    let mut files = Vec::new();
    files_below(&root, &root, &mut files);
    let is_kustomization = |path: &str| {
        ["kustomization.yaml", "kustomization.yml", "Kustomization"]
            .contains(&path.rsplit('/').next().unwrap())
    };
    let is_component = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("kind: Component");
    let folders: Vec<String> = files
        .iter()
        .filter(|(path, bytes)| is_kustomization(path) && !is_component(bytes))
        .map(|(path, _)| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned()))
        .collect();
    assert!(folders.len() >= 120, "only {} sample folders found", folders.len());
    let snapshot = Snapshot::from_files(files);
    let kustomize = tools::path("kustomize").unwrap();
    let wrong: Vec<String> = folders
        .iter()
        .filter_map(|folder| {
            compare(&snapshot, &kustomize, &root, folder).map(|problem| format!("== {folder}\n{problem}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} folders:\n{}", wrong.len(), folders.len(), wrong.join("\n"));
}
