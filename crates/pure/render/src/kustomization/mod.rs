//! A kustomization file, parsed. What is not parsed is refused by name.

mod fields;
mod read;

use std::collections::BTreeMap;

use sealward_diagnostic::Origin;

pub(crate) use read::read;

/// The names that a kustomization file may have.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Text and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) origin: Origin,
}

/// Keys and their texts, in the order of the keys.
pub(crate) type Pairs = BTreeMap<String, Written>;

/// A kustomization file.
#[derive(Debug)]
pub(crate) struct Kustomization {
    /// The folder it stands in.
    pub(crate) folder: String,
    pub(crate) component: bool,
    pub(crate) resources: Vec<Written>,
    pub(crate) components: Vec<Written>,
    pub(crate) namespace: Option<Written>,
    pub(crate) name_prefix: Option<Written>,
    pub(crate) name_suffix: Option<Written>,
    pub(crate) labels: Vec<Labels>,
    pub(crate) common_labels: Pairs,
    pub(crate) common_annotations: Pairs,
    pub(crate) images: Vec<Image>,
    pub(crate) replicas: Vec<Replicas>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) strategic_patches: Vec<Patch>,
    pub(crate) json_patches: Vec<Patch>,
    pub(crate) config_maps: Vec<Generator>,
    pub(crate) secrets: Vec<Generator>,
}

impl Kustomization {
    /// One that holds nothing.
    pub(crate) fn empty(folder: String) -> Self {
        Self {
            folder,
            component: false,
            resources: Vec::new(),
            components: Vec::new(),
            namespace: None,
            name_prefix: None,
            name_suffix: None,
            labels: Vec::new(),
            common_labels: Pairs::new(),
            common_annotations: Pairs::new(),
            images: Vec::new(),
            replicas: Vec::new(),
            patches: Vec::new(),
            strategic_patches: Vec::new(),
            json_patches: Vec::new(),
            config_maps: Vec::new(),
            secrets: Vec::new(),
        }
    }
}

/// An entry of `labels`.
#[derive(Debug)]
pub(crate) struct Labels {
    pub(crate) pairs: Pairs,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
}

/// An entry of `images`; empty fields change nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Which image, without tag; a regular expression, as in kustomize.
    pub name: String,
    /// Its new name.
    pub new_name: String,
    /// Its new tag.
    pub new_tag: String,
    /// What is put behind its tag.
    pub tag_suffix: String,
    /// Its new digest.
    pub digest: String,
    /// Where it is written.
    pub origin: Origin,
}

impl Image {
    /// An entry that changes nothing yet.
    pub fn new(name: impl Into<String>, origin: Origin) -> Self {
        let name = name.into();
        let (new_name, new_tag, tag_suffix, digest) = Default::default();
        Self { name, new_name, new_tag, tag_suffix, digest, origin }
    }
}

/// An entry of `replicas`.
#[derive(Debug)]
pub(crate) struct Replicas {
    pub(crate) name: String,
    pub(crate) count: i64,
    pub(crate) origin: Origin,
}

/// An entry of `patches`.
#[derive(Debug, Clone)]
pub struct Patch {
    /// The patch itself: a strategic merge patch, or a list of JSON patch operations.
    pub body: PatchBody,
    /// What is patched; for a strategic merge patch, the object that it names when absent.
    pub target: Option<Selector>,
    /// Whether a strategic merge patch may change the name.
    pub allow_name_change: bool,
    /// Whether a strategic merge patch may change the kind.
    pub allow_kind_change: bool,
    /// Where it is written.
    pub origin: Origin,
}

/// Where a patch is written.
#[derive(Debug, Clone)]
pub enum PatchBody {
    /// In place.
    Inline {
        /// YAML or JSON.
        text: String,
        /// Where its first character stands.
        start: Origin,
    },
    /// In a file, relative to the folder of the kustomization.
    File(String),
}

/// What a patch is for. Every pattern is a regular expression that must match the whole; an empty one
/// matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// API group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Name, as it was first or as it is now.
    pub name: String,
    /// Namespace, as it was first or as it is now; `default` for an object that names none.
    pub namespace: String,
    /// Labels, in the words of `kubectl -l`.
    pub label_selector: String,
    /// Annotations, in the same words.
    pub annotation_selector: String,
}

/// An entry of `configMapGenerator` or `secretGenerator`.
#[derive(Debug)]
pub(crate) struct Generator {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) behavior: crate::resource::Behavior,
    pub(crate) literals: Vec<Written>,
    pub(crate) files: Vec<Written>,
    pub(crate) envs: Vec<Written>,
    /// Of a Secret; empty for `Opaque`.
    pub(crate) secret_type: String,
    pub(crate) options: Options,
    pub(crate) origin: Origin,
}

/// `generatorOptions`, and `options` of a generator.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) labels: Pairs,
    pub(crate) annotations: Pairs,
    pub(crate) disable_name_suffix_hash: bool,
    pub(crate) immutable: bool,
}

impl Options {
    /// These, completed by those of the whole kustomization.
    pub(crate) fn within(mut self, whole: &Self) -> Self {
        for (key, value) in &whole.labels {
            self.labels.entry(key.clone()).or_insert_with(|| value.clone());
        }
        for (key, value) in &whole.annotations {
            self.annotations.entry(key.clone()).or_insert_with(|| value.clone());
        }
        self.disable_name_suffix_hash |= whole.disable_name_suffix_hash;
        self.immutable |= whole.immutable;
        self
    }
}
