//! A document to a [`Kustomization`]; every field is either understood or refused.

use sealward_diagnostic::Origin;
use sealward_document::{Field, Node, Value};

use super::fields::{
    flag, invalid, list, map, only_texts, pairs, some_written, text, texts, unknown, written,
};
use super::{Generator, Image, Kustomization, Labels, Options, Patch, PatchBody, Replicas, Selector};
use crate::error::RenderError;
use crate::resource::Behavior;

/// Fields of kustomize v5.8.1 that are not supported, and what to do instead.
const UNSUPPORTED: [(&str, &str); 14] = [
    ("replacements", "write the value where it is wanted, or set it by a patch"),
    ("vars", "write the value where it is wanted, or set it by a patch"),
    ("helmCharts", "render the chart before committing and list its output under resources"),
    ("helmGlobals", "render the chart before committing and list its output under resources"),
    ("helmChartInflationGenerator", "render the chart before committing and list its output under resources"),
    ("generators", "use configMapGenerator or secretGenerator, or commit what the generator makes"),
    ("transformers", "use the fields of the kustomization (labels, patches, images and so on)"),
    ("validators", "write a rule instead; rules run on what is rendered"),
    ("configurations", "use a patch for the fields of custom kinds"),
    ("crds", "use a patch for the fields of custom kinds"),
    ("openapi", "use a JSON patch for lists of custom kinds"),
    ("buildMetadata", "remove it; where an object was written is known without it"),
    ("sortOptions", "remove it; objects are applied in an order of their own"),
    ("imageTags", "use images"),
];

/// The kustomization that `document`, the whole of a kustomization file in `folder`, says.
///
/// # Errors
/// [`RenderError::Unsupported`], [`RenderError::UnknownField`], [`RenderError::Invalid`].
pub(crate) fn read(folder: &str, document: &Node, source: &[u8]) -> Result<Kustomization, RenderError> {
    let mut read = Kustomization::empty(folder.to_owned());
    let mut options = Options::default();
    let fields = map(document, "kustomization")?;
    for field in fields {
        top_field(field, source, &mut read, &mut options)?;
    }
    header(document, &mut read)?;
    let meta = ["apiVersion", "kind"];
    if fields.iter().all(|field| field.node.is_null() || meta.contains(&field.key.as_str())) {
        return Err(invalid("kustomization", "is empty; name resources", &document.origin));
    }
    for generator in read.config_maps.iter_mut().chain(&mut read.secrets) {
        generator.options = std::mem::take(&mut generator.options).within(&options);
    }
    Ok(read)
}

fn header(document: &Node, read: &mut Kustomization) -> Result<(), RenderError> {
    let header = |field: &str| document.get(field).map(|node| written(node, field)).transpose();
    let kind = header("kind")?;
    read.component = match &kind {
        None => false,
        Some(kind) => match kind.text.as_str() {
            "" | "Kustomization" => false,
            "Component" => true,
            _ => return Err(invalid("kind", "must be Kustomization or Component", &kind.origin)),
        },
    };
    let expected = match read.component {
        true => "kustomize.config.k8s.io/v1alpha1",
        false => "kustomize.config.k8s.io/v1beta1",
    };
    match header("apiVersion")? {
        Some(version) if !version.text.is_empty() && version.text != expected => {
            Err(invalid("apiVersion", format!("must be {expected}"), &version.origin))
        }
        _ => Ok(()),
    }
}

fn top_field(
    field: &Field,
    source: &[u8],
    read: &mut Kustomization,
    options: &mut Options,
) -> Result<(), RenderError> {
    let (key, node) = (field.key.as_str(), &field.node);
    let items = || list(node, key);
    match key {
        "apiVersion" | "kind" => {}
        "metadata" => metadata(node)?,
        "resources" | "bases" => read.resources.extend(texts(node, key)?),
        "components" => read.components = texts(node, key)?,
        "namespace" => read.namespace = some_written(node, key)?,
        "namePrefix" => read.name_prefix = some_written(node, key)?,
        "nameSuffix" => read.name_suffix = some_written(node, key)?,
        "labels" => read.labels = items()?.iter().map(labels).collect::<Result<_, _>>()?,
        "commonLabels" => read.common_labels = pairs(node, key)?,
        "commonAnnotations" => read.common_annotations = pairs(node, key)?,
        "images" => read.images = items()?.iter().map(image).collect::<Result<_, _>>()?,
        "replicas" => read.replicas = items()?.iter().map(replicas).collect::<Result<_, _>>()?,
        "patches" => {
            read.patches = items()?.iter().map(|item| patch(item, source)).collect::<Result<_, _>>()?
        }
        "patchesJson6902" => {
            read.json_patches = items()?.iter().map(|item| patch(item, source)).collect::<Result<_, _>>()?;
        }
        "patchesStrategicMerge" => {
            read.strategic_patches =
                items()?.iter().map(|item| strategic_patch(item, source)).collect::<Result<_, _>>()?;
        }
        "configMapGenerator" => {
            read.config_maps =
                items()?.iter().map(|item| generator(item, false)).collect::<Result<_, _>>()?;
        }
        "secretGenerator" => {
            read.secrets = items()?.iter().map(|item| generator(item, true)).collect::<Result<_, _>>()?;
        }
        "generatorOptions" => *options = generator_options(node)?,
        _ => {
            let known = UNSUPPORTED.iter().find(|(name, _)| *name == key);
            return Err(known.map_or_else(
                || unknown(field, "kustomization"),
                |(name, hint)| RenderError::Unsupported {
                    field: (*name).to_owned(),
                    hint,
                    origin: field.origin.clone(),
                },
            ));
        }
    }
    Ok(())
}

/// kustomize reads it and does nothing with it.
fn metadata(node: &Node) -> Result<(), RenderError> {
    if node.is_null() {
        return Ok(());
    }
    for field in map(node, "metadata")? {
        match field.key.as_str() {
            "name" | "namespace" => drop(text(&field.node, &field.key)?),
            "labels" | "annotations" => drop(pairs(&field.node, &field.key)?),
            _ => return Err(unknown(field, "metadata")),
        }
    }
    Ok(())
}

fn labels(node: &Node) -> Result<Labels, RenderError> {
    let mut read = Labels { pairs: Default::default(), include_selectors: false, include_templates: false };
    for field in map(node, "labels[]")? {
        match field.key.as_str() {
            "pairs" => read.pairs = pairs(&field.node, "pairs")?,
            "includeSelectors" => read.include_selectors = flag(&field.node, "includeSelectors")?,
            "includeTemplates" => read.include_templates = flag(&field.node, "includeTemplates")?,
            "fields" => {
                return Err(RenderError::Unsupported {
                    field: "labels[].fields".into(),
                    hint: "use includeTemplates or includeSelectors, or set the label by a patch",
                    origin: field.origin.clone(),
                });
            }
            _ => return Err(unknown(field, "labels[]")),
        }
    }
    Ok(read)
}

fn image(node: &Node) -> Result<Image, RenderError> {
    let mut read = Image::new("", node.origin.clone());
    let fields = [
        ("name", &mut read.name),
        ("newName", &mut read.new_name),
        ("newTag", &mut read.new_tag),
        ("tagSuffix", &mut read.tag_suffix),
        ("digest", &mut read.digest),
    ];
    only_texts(node, "images[]", fields)?;
    Ok(read)
}

fn replicas(node: &Node) -> Result<Replicas, RenderError> {
    let mut read = Replicas { name: String::new(), count: 0, origin: node.origin.clone() };
    for field in map(node, "replicas[]")? {
        match (field.key.as_str(), &field.node.value) {
            ("name", _) => read.name = text(&field.node, "name")?,
            ("count", Value::Number(number)) if number.as_i64().is_some() => {
                read.count = number.as_i64().unwrap_or_default();
            }
            ("count", _) => return Err(invalid("count", "must be an integer", &field.node.origin)),
            _ => return Err(unknown(field, "replicas[]")),
        }
    }
    Ok(read)
}

fn patch(node: &Node, source: &[u8]) -> Result<Patch, RenderError> {
    let mut target = None;
    let (mut inline, mut file) = (None, None);
    let (mut allow_name_change, mut allow_kind_change) = (false, false);
    for field in map(node, "patches[]")? {
        match field.key.as_str() {
            "path" => file = some_written(&field.node, "path")?.map(|path| PatchBody::File(path.text)),
            "patch" => inline = inline_patch(&field.node, source)?,
            "target" if field.node.is_null() => {}
            "target" => target = Some(selector(&field.node)?),
            "options" if field.node.is_null() => {}
            "options" => {
                for option in map(&field.node, "options")? {
                    match option.key.as_str() {
                        "allowNameChange" => allow_name_change = flag(&option.node, &option.key)?,
                        "allowKindChange" => allow_kind_change = flag(&option.node, &option.key)?,
                        _ => return Err(unknown(option, "patches[].options")),
                    }
                }
            }
            _ => return Err(unknown(field, "patches[]")),
        }
    }
    let body = match (inline, file) {
        (Some(body), None) | (None, Some(body)) => body,
        (None, None) => return Err(invalid("patches[]", "needs patch or path", &node.origin)),
        (Some(_), Some(_)) => return Err(invalid("patches[]", "has both patch and path", &node.origin)),
    };
    Ok(Patch { body, target, allow_name_change, allow_kind_change, origin: node.origin.clone() })
}

fn inline_patch(node: &Node, source: &[u8]) -> Result<Option<PatchBody>, RenderError> {
    let text = text(node, "patch")?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let rest = source.get(node.span.start..).unwrap_or_default();
    let (line, column) = match block_indent(rest) {
        // The text of a block scalar begins on the line after its header.
        Some(indent) => (node.origin.line + 1, indent + 1),
        None => (
            node.origin.line,
            node.origin.column + u32::from(rest.starts_with(b"'") || rest.starts_with(b"\"")),
        ),
    };
    Ok(Some(PatchBody::Inline { text, start: Origin::new(node.origin.path.clone(), line, column) }))
}

/// How far the text of a block scalar is indented; `None` when it is none.
fn block_indent(scalar: &[u8]) -> Option<u32> {
    if !matches!(scalar.first(), Some(b'|' | b'>')) {
        return None;
    }
    let mut indents = scalar
        .split(|byte| *byte == b'\n')
        .skip(1)
        .filter_map(|line| line.iter().position(|byte| *byte != b' '));
    Some(indents.next().and_then(|indent| u32::try_from(indent).ok()).unwrap_or_default())
}

/// An entry of `patchesStrategicMerge`: a path, or the patch itself.
fn strategic_patch(node: &Node, source: &[u8]) -> Result<Patch, RenderError> {
    let written = written(node, "patchesStrategicMerge[]")?;
    let inline = written.text.contains('\n') || written.text.trim_start().starts_with('{');
    let body = match inline.then(|| inline_patch(node, source)).transpose()?.flatten() {
        Some(body) => body,
        None => PatchBody::File(written.text),
    };
    let origin = written.origin;
    Ok(Patch { body, target: None, allow_name_change: false, allow_kind_change: false, origin })
}

fn selector(node: &Node) -> Result<Selector, RenderError> {
    let mut read = Selector::default();
    let fields = [
        ("group", &mut read.group),
        ("version", &mut read.version),
        ("kind", &mut read.kind),
        ("name", &mut read.name),
        ("namespace", &mut read.namespace),
        ("labelSelector", &mut read.label_selector),
        ("annotationSelector", &mut read.annotation_selector),
    ];
    only_texts(node, "target", fields)?;
    Ok(read)
}

fn generator(node: &Node, secret: bool) -> Result<Generator, RenderError> {
    let place = if secret { "secretGenerator[]" } else { "configMapGenerator[]" };
    let mut read = Generator {
        name: String::new(),
        namespace: String::new(),
        behavior: Behavior::Create,
        literals: Vec::new(),
        files: Vec::new(),
        envs: Vec::new(),
        secret_type: String::new(),
        options: Options::default(),
        origin: node.origin.clone(),
    };
    let mut env = None;
    for field in map(node, place)? {
        let (key, value) = (field.key.as_str(), &field.node);
        match key {
            "name" => read.name = text(value, key)?,
            "namespace" => read.namespace = text(value, key)?,
            "behavior" => read.behavior = behavior(value)?,
            "literals" => read.literals = texts(value, key)?,
            "files" => read.files = texts(value, key)?,
            "envs" => read.envs = texts(value, key)?,
            "env" => env = some_written(value, key)?,
            "type" if secret => read.secret_type = text(value, key)?,
            "options" => read.options = generator_options(value)?,
            _ => return Err(unknown(field, place)),
        }
    }
    read.envs.extend(env);
    if read.name.is_empty() {
        return Err(invalid(place, "needs a name", &node.origin));
    }
    Ok(read)
}

fn behavior(node: &Node) -> Result<Behavior, RenderError> {
    match text(node, "behavior")?.as_str() {
        "" | "create" => Ok(Behavior::Create),
        "merge" => Ok(Behavior::Merge),
        "replace" => Ok(Behavior::Replace),
        _ => Err(invalid("behavior", "must be create, merge or replace", &node.origin)),
    }
}

fn generator_options(node: &Node) -> Result<Options, RenderError> {
    let mut read = Options::default();
    if node.is_null() {
        return Ok(read);
    }
    for field in map(node, "generatorOptions")? {
        let (key, value) = (field.key.as_str(), &field.node);
        match key {
            "labels" => read.labels = pairs(value, key)?,
            "annotations" => read.annotations = pairs(value, key)?,
            "disableNameSuffixHash" => read.disable_name_suffix_hash = flag(value, key)?,
            "immutable" => read.immutable = flag(value, key)?,
            _ => return Err(unknown(field, "generatorOptions")),
        }
    }
    Ok(read)
}
