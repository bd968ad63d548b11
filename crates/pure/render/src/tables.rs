//! kustomize's knowledge of the built-in kinds, as data.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// A kind that a rule speaks of; an empty part means any.
#[derive(Debug, Clone, Default)]
pub(crate) struct KindPattern {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
}

impl KindPattern {
    fn read(words: &[&'static str]) -> Option<Self> {
        let part = |index: usize| words.get(index).map(|word| if *word == "*" { "" } else { *word });
        Some(Self { group: part(0)?, version: part(1)?, kind: part(2)? })
    }

    pub(crate) fn matches(&self, group: &str, version: &str, kind: &str) -> bool {
        let fits = |pattern: &str, value: &str| pattern.is_empty() || pattern == value;
        fits(self.kind, kind) && fits(self.group, group) && fits(self.version, version)
    }
}

/// A step of a path: the field's name, and whether it is meant to be a list.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) list: bool,
}

/// A field of certain kinds.
#[derive(Debug, Clone)]
pub(crate) struct FieldRule {
    pub(crate) kinds: KindPattern,
    pub(crate) create: bool,
    pub(crate) path: Vec<Step>,
}

/// The fields that name objects of one kind.
#[derive(Debug)]
pub(crate) struct NameReference {
    pub(crate) target: KindPattern,
    pub(crate) referrers: Vec<FieldRule>,
}

/// The parts of `path`; `\/` is a slash inside a part.
pub(crate) fn steps(path: &str) -> Vec<Step> {
    let escaped = path.replace("\\/", "\0");
    escaped
        .split('/')
        .map(|part| {
            let part = part.replace('\0', "/");
            match part.strip_suffix("[]") {
                Some(name) => Step { name: name.to_owned(), list: true },
                None => Step { name: part, list: false },
            }
        })
        .collect()
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn words(line: &'static str) -> Vec<&'static str> {
    line.split_whitespace().collect()
}

/// The tables of fields that transformers write.
#[derive(Debug, Default)]
pub(crate) struct FieldRules {
    pub(crate) labels_with_selectors: Vec<FieldRule>,
    pub(crate) labels_with_templates: Vec<FieldRule>,
    pub(crate) annotations: Vec<FieldRule>,
    pub(crate) namespace: Vec<FieldRule>,
    pub(crate) images: Vec<FieldRule>,
    pub(crate) replicas: Vec<FieldRule>,
}

pub(crate) static FIELDS: LazyLock<FieldRules> = LazyLock::new(|| {
    let mut sections: HashMap<&str, Vec<FieldRule>> = HashMap::new();
    let mut section = "";
    for line in lines(include_str!("tables/fields.txt")) {
        if let Some(name) = line.strip_prefix("= ") {
            section = name;
            continue;
        }
        let words = words(line);
        let rule = KindPattern::read(&words).zip(words.get(3).zip(words.get(4)));
        if let Some((kinds, (create, path))) = rule {
            let rule = FieldRule { kinds, create: *create == "create", path: steps(path) };
            sections.entry(section).or_default().push(rule);
        }
    }
    let mut take = |name| sections.remove(name).unwrap_or_default();
    FieldRules {
        labels_with_selectors: take("labels-with-selectors"),
        labels_with_templates: take("labels-with-templates"),
        annotations: take("annotations"),
        namespace: take("namespace"),
        images: take("images"),
        replicas: take("replicas"),
    }
});

pub(crate) static NAME_REFERENCES: LazyLock<Vec<NameReference>> = LazyLock::new(|| {
    let mut references: Vec<NameReference> = Vec::new();
    for line in lines(include_str!("tables/name_references.txt")) {
        let words = words(line);
        let Some(kinds) = KindPattern::read(&words) else { continue };
        match (words.get(3), references.last_mut()) {
            (Some(path), Some(reference)) => {
                reference.referrers.push(FieldRule { kinds, create: false, path: steps(path) });
            }
            _ => references.push(NameReference { target: kinds, referrers: Vec::new() }),
        }
    }
    references
});

static CLUSTER_SCOPED: LazyLock<HashSet<(&str, &str)>> = LazyLock::new(|| {
    lines(include_str!("tables/cluster_scoped.txt")).filter_map(|line| line.split_once(' ')).collect()
});

/// Whether kustomize knows that objects of this kind have no namespace.
pub(crate) fn is_cluster_scoped(api_version: &str, kind: &str) -> bool {
    CLUSTER_SCOPED.contains(&(api_version, kind))
}

/// What the OpenAPI schema says of a node, as far as merging goes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shape {
    definition: Option<&'static str>,
    keys: Option<&'static [&'static str]>,
}

impl Shape {
    /// The shape of whole objects of a kind.
    pub(crate) fn of_kind(api_version: &str, kind: &str) -> Option<Self> {
        let definition = *MERGE_KEYS.kinds.get(&(api_version, kind))?;
        Some(Self { definition: Some(definition), keys: None })
    }

    /// The shape of field `name` of such a node.
    pub(crate) fn field(self, name: &str) -> Self {
        self.definition
            .and_then(|definition| MERGE_KEYS.definitions.get(definition)?.get(name))
            .copied()
            .unwrap_or_default()
    }

    /// The shape of the items of such a list.
    pub(crate) fn item(self) -> Self {
        Self { definition: self.definition, keys: None }
    }

    /// The fields by which items are told apart when the list is merged; `[""]` for plain values,
    /// `None` when the list is replaced whole.
    pub(crate) fn keys(self) -> Option<&'static [&'static str]> {
        self.keys
    }
}

#[derive(Default)]
struct MergeKeys {
    kinds: HashMap<(&'static str, &'static str), &'static str>,
    definitions: HashMap<&'static str, HashMap<&'static str, Shape>>,
}

static MERGE_KEYS: LazyLock<MergeKeys> = LazyLock::new(|| {
    let mut table = MergeKeys::default();
    let mut definition = "";
    for line in lines(include_str!("tables/merge_keys.txt")) {
        let words = words(line);
        if line.starts_with(' ') {
            let Some((name, target)) = words.first().zip(words.get(1)) else { continue };
            let keys =
                words.get(2).map(|keys| if *keys == "-" { vec![""] } else { keys.split(',').collect() });
            let shape = Shape {
                definition: (*target != "-").then_some(*target),
                keys: keys.map(|keys| &*keys.leak()),
            };
            table.definitions.entry(definition).or_default().insert(name.trim_end_matches("[]"), shape);
            continue;
        }
        definition = words.first().copied().unwrap_or_default();
        if let (Some(api_version), Some(kind)) = (words.get(2), words.get(3)) {
            table.kinds.insert((api_version, kind), definition);
        }
    }
    table
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_whole() {
        let count = |text: &'static str| lines(text).count();
        let fields = &*FIELDS;
        let rules = [&fields.labels_with_selectors, &fields.labels_with_templates, &fields.annotations];
        let more = [&fields.namespace, &fields.images, &fields.replicas];
        let read: usize = rules.iter().chain(&more).map(|rules| rules.len()).sum();
        assert_eq!(read + 6, count(include_str!("tables/fields.txt")));
        let read: usize = NAME_REFERENCES.iter().map(|reference| 1 + reference.referrers.len()).sum();
        assert_eq!(read, count(include_str!("tables/name_references.txt")));
        assert_eq!(CLUSTER_SCOPED.len(), count(include_str!("tables/cluster_scoped.txt")));
    }

    #[test]
    fn merge_keys_are_found_through_definitions() {
        let pod =
            Shape::of_kind("apps/v1", "Deployment").unwrap().field("spec").field("template").field("spec");
        assert_eq!(pod.field("containers").keys(), Some(["name"].as_slice()));
        let ports = pod.field("containers").item().field("ports");
        assert_eq!(ports.keys(), Some(["containerPort", "protocol"].as_slice()));
        assert_eq!(pod.field("tolerations").keys(), None);
        let finalizers = Shape::of_kind("v1", "ConfigMap").unwrap().field("metadata").field("finalizers");
        assert_eq!(finalizers.keys(), Some([""].as_slice()));
        assert!(Shape::of_kind("example.org/v1", "Thing").is_none());
    }

    #[test]
    fn escaped_slashes_stay_inside_a_part() {
        let names: Vec<_> = steps("metadata/annotations/a.b\\/c").into_iter().map(|step| step.name).collect();
        assert_eq!(names, ["metadata", "annotations", "a.b/c"]);
    }
}
