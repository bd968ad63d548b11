//! Patches: reading them, finding what they are for, applying them.
//!
//! Source: kustomize `PatchTransformer`, `PatchStrategicMergeTransformer`, `PatchJson6902Transformer`.

mod elements;
mod json;
mod labels;
mod selector;
mod strategic;

use sealward_diagnostic::Origin;
use sealward_document::{Node, Value};

use crate::error::RenderError;
use crate::kustomization::{Patch, PatchBody, Written};
use crate::load;
use crate::resource::{self, Resource};
use crate::resources::Resources;
use crate::source::{Source, documents};
use selector::Target;

/// Which patches a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Strategic merge patches: `patchesStrategicMerge`.
    Strategic,
    /// JSON patches: `patchesJson6902`.
    Json,
    /// What they turn out to be: `patches`.
    Either,
}

enum Content {
    Strategic(Vec<Node>),
    Json(Vec<json::Operation>),
}

/// Applies `patches` of the kustomization in `folder`, one after the other.
///
/// # Errors
/// The first patch's that cannot be read, has no target, or does not fit it.
pub(crate) fn apply_all(
    source: &Source<'_>,
    folder: &str,
    patches: &[Patch],
    kind: Kind,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    for patch in patches {
        match content(source, folder, patch, kind)? {
            Content::Strategic(documents) => apply_strategic(patch, &documents, resources)?,
            Content::Json(operations) => apply_json(patch, &operations, kind, resources)?,
        }
    }
    resources.sweep();
    Ok(())
}

fn content(source: &Source<'_>, folder: &str, patch: &Patch, kind: Kind) -> Result<Content, RenderError> {
    let (documents, bytes) = match &patch.body {
        PatchBody::Inline { text, start } => (inline_documents(text, start)?, text.as_bytes().into()),
        PatchBody::File(path) => {
            let path = Written { text: path.clone(), origin: patch.origin.clone() };
            let (path, bytes) = source.file(folder, &path)?;
            (documents(&path, &bytes)?, bytes)
        }
    };
    let wrong = |problem: &str| RenderError::Invalid {
        field: "patch".into(),
        problem: problem.to_owned(),
        origin: patch.origin.clone(),
    };
    match documents.first().map(|document| &document.value) {
        None => Err(wrong("is empty")),
        Some(Value::List(_)) if kind == Kind::Strategic => Err(wrong("must be a strategic merge patch")),
        Some(Value::List(_)) if documents.len() > 1 => Err(wrong("has more than one document")),
        Some(Value::List(items)) => json::operations(items).map(Content::Json),
        Some(_) if kind == Kind::Json => Err(wrong("must be a list of JSON patch operations")),
        Some(_) => {
            let objects = load::objects(documents, &bytes);
            objects.iter().try_for_each(resource::check)?;
            Ok(Content::Strategic(objects))
        }
    }
}

/// The documents of a patch written in place, with origins in the file that it is written in.
fn inline_documents(text: &str, start: &Origin) -> Result<Vec<Node>, RenderError> {
    let move_to = |origin: &mut Origin| {
        let line = start.line + origin.line.saturating_sub(1);
        let column = start.column.saturating_sub(1) + origin.column;
        *origin = Origin::new(start.path.clone(), line, column);
    };
    let reading = documents(&start.path, text.as_bytes());
    let mut found = reading.map_err(|mut error| {
        if let RenderError::Unreadable { origin, .. } | RenderError::Invalid { origin, .. } = &mut error {
            move_to(origin);
        }
        error
    })?;
    found.iter_mut().for_each(|node| relocate(node, &move_to));
    Ok(found)
}

fn relocate(node: &mut Node, move_to: &dyn Fn(&mut Origin)) {
    move_to(&mut node.origin);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| relocate(item, move_to)),
        Value::Map(map) => map.iter_mut().for_each(|field| {
            move_to(&mut field.origin);
            relocate(&mut field.node, move_to);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => {}
    }
}

fn apply_strategic(patch: &Patch, documents: &[Node], resources: &mut Resources) -> Result<(), RenderError> {
    let Some(target) = &patch.target else {
        return documents.iter().try_for_each(|document| {
            let index = named_by(document, resources)?;
            apply_strategic_at(index, patch, document, resources)
        });
    };
    let [document] = documents else {
        return Err(RenderError::Invalid {
            field: "patch".into(),
            problem: "several strategic merge patches cannot share one target".into(),
            origin: patch.origin.clone(),
        });
    };
    for index in Target::new(target, &patch.origin)?.select(resources.list()) {
        apply_strategic_at(index, patch, document, resources)?;
    }
    Ok(())
}

/// The one object that a strategic merge patch names.
fn named_by(document: &Node, resources: &mut Resources) -> Result<usize, RenderError> {
    let id = Resource::from_node(document.clone())?.id();
    let found: Vec<usize> = resources.find(&id).to_vec();
    let mut alive = found
        .into_iter()
        .filter(|index| resources.list().get(*index).is_some_and(|resource| !resource.deleted));
    let problem = match (alive.next(), alive.next()) {
        (Some(index), None) => return Ok(index),
        (None, _) => "no resource is or was named that",
        (Some(_), Some(_)) => "several resources are or were named that",
    };
    let problem = problem.to_owned();
    Err(RenderError::PatchTarget { id: id.to_string(), problem, origin: document.origin.clone() })
}

fn apply_strategic_at(
    index: usize,
    patch: &Patch,
    document: &Node,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    let renames = patch.allow_name_change || patch.allow_kind_change;
    if renames {
        resources.forget();
    }
    let Some(resource) = resources.content_mut(index).filter(|resource| !resource.deleted) else {
        return Ok(());
    };
    let (kind, name) = (resource.kind().to_owned(), resource.name().to_owned());
    let (namespace, api_version) = (resource.namespace().to_owned(), resource.api_version().to_owned());
    if renames {
        resource.remember();
    }
    let mut document = document.clone();
    set_text(&mut document, "apiVersion", api_version);
    let fits = strategic::merge(&mut resource.root, &mut document, &kind);
    match fits.map_err(|mismatch| mismatch.of(resource.id().to_string()))? {
        strategic::Result::Deleted => {
            resource.deleted = true;
            return Ok(());
        }
        strategic::Result::Merged => {}
    }
    if !patch.allow_kind_change {
        set_text(&mut resource.root, "kind", kind);
    }
    if !patch.allow_name_change {
        resource.set_name(name);
    }
    resource.set_namespace(namespace);
    resource::check(&resource.root)
}

/// Sets a field of the top, its origin kept.
fn set_text(root: &mut Node, field: &str, text: String) {
    let origin = root.origin.clone();
    let Some(map) = root.as_map_mut() else { return };
    match map.get_mut(field) {
        Some(node) => node.value = Value::String(text),
        None => drop(map.insert(field, Node::text(text, origin))),
    }
}

fn apply_json(
    patch: &Patch,
    operations: &[json::Operation],
    kind: Kind,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    let wrong = |problem: &str| RenderError::Invalid {
        field: "target".into(),
        problem: problem.to_owned(),
        origin: patch.origin.clone(),
    };
    let target = patch.target.as_ref().ok_or_else(|| wrong("a JSON patch needs a target"))?;
    if kind == Kind::Json && target.name.is_empty() {
        return Err(wrong("patchesJson6902 needs the name of its target"));
    }
    let selected = Target::new(target, &patch.origin)?.select(resources.list());
    if selected.is_empty() {
        return Ok(());
    }
    resources.forget();
    for index in selected {
        let Some(resource) = resources.content_mut(index) else { continue };
        if kind == Kind::Either {
            resource.remember();
        }
        let id = resource.id().to_string();
        json::apply(&mut resource.root, operations).map_err(|mismatch| mismatch.of(id))?;
        resource::check(&resource.root)?;
    }
    Ok(())
}

/// Why a patch does not fit, and where the part that does not stands.
#[derive(Debug)]
pub(crate) struct Mismatch {
    problem: String,
    origin: Origin,
}

impl Mismatch {
    fn new(problem: impl Into<String>, origin: &Origin) -> Self {
        Self { problem: problem.into(), origin: origin.clone() }
    }

    fn of(self, id: String) -> RenderError {
        RenderError::Patch { id, problem: self.problem, origin: self.origin }
    }
}
