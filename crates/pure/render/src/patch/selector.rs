//! `target` of a patch. Source: kustomize `types.Selector`, `resWrangler.Select`.

use regex::Regex;
use sealward_diagnostic::Origin;

use super::labels::LabelSelector;
use crate::error::RenderError;
use crate::kustomization::Selector;
use crate::resource::Resource;

/// A target, ready to be looked for.
pub(super) struct Target {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: LabelSelector,
    annotations: LabelSelector,
}

impl Target {
    /// From what is written.
    ///
    /// # Errors
    /// [`RenderError::Invalid`] for what is no regular expression or label selector.
    pub(super) fn new(selector: &Selector, origin: &Origin) -> Result<Self, RenderError> {
        let wrong = |field: &str, problem: String| RenderError::Invalid {
            field: format!("target.{field}"),
            problem,
            origin: origin.clone(),
        };
        let pattern = |field, text| Pattern::new(text).map_err(|problem| wrong(field, problem));
        let labels = |field, text| LabelSelector::parse(text).map_err(|problem| wrong(field, problem));
        Ok(Self {
            group: pattern("group", &selector.group)?,
            version: pattern("version", &selector.version)?,
            kind: pattern("kind", &selector.kind)?,
            name: pattern("name", &selector.name)?,
            namespace: pattern("namespace", &selector.namespace)?,
            labels: labels("labelSelector", &selector.label_selector)?,
            annotations: labels("annotationSelector", &selector.annotation_selector)?,
        })
    }

    /// The places of the objects that are meant.
    pub(super) fn select(&self, resources: &[Resource]) -> Vec<usize> {
        let alive = resources.iter().enumerate().filter(|(_, resource)| !resource.deleted);
        alive.filter(|(_, resource)| self.matches(resource)).map(|(index, _)| index).collect()
    }

    fn matches(&self, resource: &Resource) -> bool {
        let (_, first_name, first_namespace) = resource.original();
        let (group, version) = resource.group_version();
        self.kind.matches(resource.kind())
            && self.group.matches(group)
            && self.version.matches(version)
            && (self.name.matches(first_name) || self.name.matches(resource.name()))
            && (self.namespace.matches(first_namespace)
                || self.namespace.matches(resource.effective_namespace()))
            && self.labels.matches(resource.metadata_map("labels"))
            && self.annotations.matches(resource.metadata_map("annotations"))
    }
}

enum Pattern {
    Any,
    Text(String),
    Regex(Regex),
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Any);
        }
        if text.chars().all(|character| character.is_ascii_alphanumeric() || "-_/".contains(character)) {
            return Ok(Self::Text(text.to_owned()));
        }
        let wrong = |_| "is no regular expression".to_owned();
        Regex::new(&format!("^(?:{text})$")).map(Self::Regex).map_err(wrong)
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Text(expected) => expected == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}
