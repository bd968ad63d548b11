//! Which kustomization includes which, and what a root may reach.

use std::collections::{BTreeMap, BTreeSet};

use sealward_document::{Node, Value};
use sealward_snapshot::{EntryKind, Snapshot, join, parent};

use crate::sources::{Source, Sources};

/// The kustomizations of a repository, by folder.
pub(crate) struct Includes<'a> {
    snapshot: &'a Snapshot,
    folders: BTreeMap<&'a str, Vec<&'a Source>>,
}

impl<'a> Includes<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot, sources: &'a Sources) -> Self {
        let mut folders: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
        for source in sources.files.iter().filter(|source| source.is_kustomization()) {
            folders.entry(parent(&source.path)).or_default().push(source);
        }
        Self { snapshot, folders }
    }

    /// Whether `folder`, as written, has a kustomization.
    pub(crate) fn has(&self, folder: &str) -> bool {
        join("", folder).is_ok_and(|folder| self.folders.contains_key(&*folder))
    }

    /// Kustomizations (not Components, which are nothing by themselves) that no other one names; of those
    /// that name each other in a circle one, so that the circle is told of.
    pub(crate) fn roots(&self) -> Vec<&'a Source> {
        let all = || self.folders.values().flatten().copied();
        let included: BTreeSet<String> = all().flat_map(included_folders).collect();
        let (inner, outer): (Vec<&Source>, Vec<&Source>) =
            all().partition(|source| included.contains(parent(&source.path)));
        let mut reached = BTreeSet::new();
        let mut roots = Vec::new();
        for source in outer.into_iter().chain(inner) {
            if reached.contains(parent(&source.path)) {
                continue;
            }
            self.reach(source, &mut reached);
            let kind = source.documents.first().and_then(|document| document.get("kind"));
            if kind.and_then(Node::as_str) != Some("Component") {
                roots.push(source);
            }
        }
        roots
    }

    /// Adds the folder of `source` and those that it includes, by whatever way.
    fn reach(&self, source: &Source, reached: &mut BTreeSet<String>) {
        let mut open = vec![parent(&source.path).to_owned()];
        while let Some(folder) = open.pop() {
            if reached.insert(folder.clone()) {
                let here = self.folders.get(&*folder).into_iter().flatten();
                open.extend(here.flat_map(|source| included_folders(source)));
            }
        }
    }

    /// Whether rendering `folder` and `more` (as written in it) may read a file that `counts`: one below
    /// the folder, or one that a text of a kustomization on the way leads to. Rather too often than not.
    pub(crate) fn may_reach(&self, folder: &str, more: &[String], counts: &dyn Fn(&str) -> bool) -> bool {
        let Ok(start) = join("", folder) else { return false };
        if self.snapshot.under(&start).any(|(path, _)| counts(path)) {
            return true;
        }
        let mut open: Vec<String> = more.iter().filter_map(|path| join(&start, path).ok()).collect();
        if !self.has(&start) {
            let below = self.folders.keys().filter(|known| is_below(known, &start));
            open.extend(below.map(|known| (*known).to_owned()));
        }
        open.push(start);
        let mut seen = BTreeSet::new();
        while let Some(folder) = open.pop() {
            if !seen.insert(folder.clone()) {
                continue;
            }
            for source in self.folders.get(&*folder).into_iter().flatten() {
                if counts(&source.path) {
                    return true;
                }
                for path in source.documents.iter().flat_map(|document| paths(document, &folder)) {
                    match self.snapshot.entry(&path).map(|entry| entry.kind) {
                        Some(EntryKind::File | EntryKind::Executable) if counts(&path) => return true,
                        Some(_) => {}
                        None if self.folders.contains_key(&*path) => open.push(path),
                        None => {}
                    }
                }
            }
        }
        false
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn included_folders(source: &Source) -> Vec<String> {
    let folder = parent(&source.path);
    let lists = ["resources", "bases", "components"];
    let named = source.documents.iter().flat_map(|document| {
        lists.iter().filter_map(|list| document.get(list)?.as_list()).flatten().filter_map(Node::as_str)
    });
    named.filter_map(|path| join(folder, path).ok()).collect()
}

/// What every text of a kustomization in `folder` would be as a path; `key=path` of a generator too.
fn paths(node: &Node, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match &node.value {
            Value::String(text) if !text.contains('\n') => {
                let after = text.split_once('=').map(|(_, path)| path);
                found.extend(
                    [Some(text.as_str()), after]
                        .into_iter()
                        .flatten()
                        .filter_map(|path| join(folder, path).ok()),
                );
            }
            Value::List(items) => open.extend(items),
            Value::Map(map) => open.extend(map.iter().map(|field| &field.node)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => {}
        }
    }
    found
}
