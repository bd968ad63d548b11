//! `labels`, `commonLabels` and `commonAnnotations`. Source: kustomize `api/filters/{labels,annotations}`.

use sealward_document::{Map, Node, Value};

use crate::error::RenderError;
use crate::field_path::{self, Missing};
use crate::kustomization::{Labels, Pairs};
use crate::resources::Resources;
use crate::shared::{self, Changes, Mark};
use crate::tables::{FIELDS, FieldRule, steps};

/// Does one entry of `labels`.
pub(crate) fn set_labels(resources: &mut Resources, labels: &Labels) -> Result<(), RenderError> {
    if labels.include_selectors {
        return set(resources, &labels.pairs, &FIELDS.labels_with_selectors);
    }
    if labels.include_templates {
        return set(resources, &labels.pairs, &FIELDS.labels_with_templates);
    }
    let metadata = FieldRule { kinds: Default::default(), create: true, path: steps("metadata/labels") };
    set(resources, &labels.pairs, &[metadata])
}

/// Does `commonLabels`: objects, their templates and their selectors.
pub(crate) fn set_common_labels(resources: &mut Resources, pairs: &Pairs) -> Result<(), RenderError> {
    set(resources, pairs, &FIELDS.labels_with_selectors)
}

/// Does `commonAnnotations`: objects and their templates.
pub(crate) fn set_annotations(resources: &mut Resources, pairs: &Pairs) -> Result<(), RenderError> {
    set(resources, pairs, &FIELDS.annotations)
}

fn set(resources: &mut Resources, pairs: &Pairs, rules: &[FieldRule]) -> Result<(), RenderError> {
    let Some(first) = pairs.values().next() else { return Ok(()) };
    for index in 0..resources.list().len() {
        let Some(resource) = resources.content_mut(index) else { continue };
        let first_mark = resource.marks + 1;
        resource.marks += pairs.len();
        let mut changes = Changes::new();
        for rule in rules {
            field_path::change(resource, rule, Missing::Map(&first.origin), &mut |node| {
                if node.is_null() {
                    node.value = Value::Map(Map::default());
                }
                let map = node.as_map_mut().ok_or("labels or annotations are wanted there")?;
                for ((key, value), number) in pairs.iter().zip(first_mark..) {
                    let mut node = Node::text(&*value.text, value.origin.clone());
                    match map.get_mut(key) {
                        Some(old) => shared::replace(old, node, &mut changes),
                        None => {
                            Mark::new(number).put(&mut node);
                            map.insert(key.as_str(), node);
                        }
                    }
                }
                Ok(())
            })?;
        }
        shared::spread(&mut resource.root, &changes);
    }
    Ok(())
}
