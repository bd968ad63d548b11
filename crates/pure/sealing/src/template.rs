//! `spec.template.data`: Go templates over the opened values, by the rules of upstream 0.40.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sealward_api::bitnami::SealedSecret;
use sealward_diagnostic::Origin;
use sealward_document::{Map, Node, Value as NodeValue};
use sealward_golang::sprig;
use sealward_golang::template::{Environment, ExecuteError, Limits, ParseError, Template, Text, Value};
use sealward_manifest::Manifest;
use secrecy::ExposeSecret;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::open::Opened;

/// How many templates may use up the whole limits; more of them share that.
const FULL_TEMPLATES: u64 = 8;

/// Why one template gave no value. `Display` holds no value of the Secret; [`TemplateError::detailed`] may.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    /// It is no template, or calls what is refused.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It failed while it ran, or ran into a limit.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
}

impl TemplateError {
    /// Go's text, which can quote values: for somebody who may read the Secret anyway.
    pub fn detailed(&self) -> String {
        match self {
            Self::Parse(error) => error.to_string(),
            Self::Execute(error) => error.detailed(),
        }
    }
}

/// The templates of one object that failed, by item key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateErrors(pub BTreeMap<String, TemplateError>);

impl TemplateErrors {
    /// All of them in Go's words, values included.
    pub fn detailed(&self) -> String {
        let texts = self.0.iter().map(|(item, error)| format!("{} ({item})", error.detailed()));
        texts.collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for TemplateErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (item, error)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{error} ({item})")?;
        }
        Ok(())
    }
}

/// A text of `spec.template.data` that is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// Its item key.
    pub item: String,
    /// Where it stands.
    pub origin: Origin,
    /// What is wrong with it.
    pub error: ParseError,
}

/// The texts of a SealedSecret's `spec.template.data` that do not parse or call a function that is refused. Values
/// are not needed; other kinds of objects, and fields that are no text, have none.
pub fn template_problems(object: &Manifest) -> Vec<TemplateProblem> {
    let data = object.root().at(&["spec", "template", "data"]).and_then(Node::as_map);
    let fields = data.map(Map::iter).unwrap_or_default();
    let problem = |item: &str, node: &Node| match &node.value {
        NodeValue::String(text) => Some(TemplateProblem {
            item: item.to_owned(),
            origin: node.origin.clone(),
            error: parse(item, text).err()?,
        }),
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Number(_)
        | NodeValue::Secret(_)
        | NodeValue::List(_)
        | NodeValue::Map(_) => None,
    };
    fields.filter_map(|field| problem(&field.key, &field.node)).collect()
}

/// Whether its templates give the same Secret each time: none that is rendered asks for the time, for randomness or
/// for a new key. Those that do are to be rendered again only for a new generation or a missing Secret.
pub fn is_deterministic(sealed: &SealedSecret) -> bool {
    changing_items(sealed).is_empty()
}

/// The items whose templates give another value each time.
pub fn changing_items(sealed: &SealedSecret) -> BTreeSet<String> {
    let changes =
        |(item, text): &(&str, &str)| parse(item, text).is_ok_and(|template| !template.is_deterministic());
    rendered(sealed).filter(changes).map(|(item, _)| item.to_owned()).collect()
}

/// The texts that are rendered: V1 objects have none, and an encrypted value beats a template of its key.
fn rendered(sealed: &SealedSecret) -> impl Iterator<Item = (&str, &str)> {
    let encrypted = &sealed.spec.encrypted_data.items;
    let old = sealed.spec.data.is_some();
    sealed.template_texts().filter(move |(item, _)| !old && !encrypted.contains_key(*item))
}

/// Renders the templates. Their dot is a map of the opened values, and of the templates' own texts under keys that
/// no opened value has.
pub(crate) fn render(
    sealed: &SealedSecret,
    opened: &Opened,
    environment: &mut Environment<'_>,
) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>, TemplateErrors> {
    let dot = dot(sealed, opened);
    let mut limits = shared(environment.limits, rendered(sealed).count());
    let mut values = BTreeMap::new();
    let mut failed = BTreeMap::new();
    for (item, text) in rendered(sealed) {
        let given = Environment { now: environment.now, random: &mut *environment.random, limits };
        let result = parse(item, text)
            .map_err(TemplateError::from)
            .and_then(|template| Ok(template.execute(&dot, given)?));
        match result {
            Ok(value) => {
                limits.output = limits.output.saturating_sub(value.len());
                values.insert(item.to_owned(), value);
            }
            Err(error) => {
                failed.insert(item.to_owned(), error);
            }
        }
    }
    if failed.is_empty() { Ok(values) } else { Err(TemplateErrors(failed)) }
}

fn dot(sealed: &SealedSecret, opened: &Opened) -> Value {
    let mut entries: BTreeMap<&str, Text> =
        sealed.template_texts().map(|(item, text)| (item, Text::from(text))).collect();
    entries
        .extend(opened.items.iter().map(|(item, value)| (item.as_str(), Text::from(value.expose_secret()))));
    Value::map_of_strings(entries)
}

/// The limits of each of `count` templates, so that many of them do not take many times as much.
fn shared(limits: Limits, count: usize) -> Limits {
    let parts = (count as u64).div_ceil(FULL_TEMPLATES).max(1);
    Limits { steps: limits.steps / parts, ..limits }
}

fn parse(item: &str, text: &str) -> Result<Template, ParseError> {
    Template::parse(item, text, sprig::functions())
}

/// Fills a buffer from the cryptographic library's generator: what an [`Environment`] is given outside of tests.
pub fn system_random(buffer: &mut [u8]) {
    // AWS-LC ends the process itself when the system has no entropy; zeros must never pass for randomness.
    while aws_lc_rs::rand::fill(buffer).is_err() {}
}
