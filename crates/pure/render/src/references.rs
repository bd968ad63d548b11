//! Fields that name other objects follow when those are renamed.
//!
//! Source: kustomize `nameReferenceTransformer`, `api/filters/nameref`. Candidates are looked up by the
//! names that they had, so the cost is that of the references, not of all pairs of objects.

use std::collections::{HashMap, HashSet};

use sealward_document::{Node, Value};

use crate::error::RenderError;
use crate::field_path::{self, Missing};
use crate::resource::{Resource, scalar_text};
use crate::resources::Resources;
use crate::tables::{FieldRule, KindPattern, NAME_REFERENCES};

/// Rewrites every reference to an object that was renamed.
///
/// # Errors
/// [`RenderError::Ambiguous`] when a name may mean several objects, [`RenderError::Field`] when a field
/// that must hold a reference has another shape.
pub(crate) fn fix(resources: &mut Resources) -> Result<(), RenderError> {
    let candidates = Candidates::of(resources.list());
    if candidates.by_old_name.is_empty() {
        return Ok(());
    }
    let mut rules_of_kind: HashMap<(String, String), Vec<(&KindPattern, &FieldRule)>> = HashMap::new();
    for index in 0..resources.list().len() {
        let Some(resource) = resources.content_mut(index) else { continue };
        let kind = (resource.api_version().to_owned(), resource.original().0.to_owned());
        let rules =
            rules_of_kind.entry(kind).or_insert_with_key(|(api_version, kind)| rules(api_version, kind));
        if rules.is_empty() {
            continue;
        }
        let referrer = Referrer::of(resource);
        for (target, rule) in rules {
            let search = Search { candidates: &candidates, referrer: &referrer, target, rule };
            let mut failure = None;
            let mut fix = |node: &mut Node| {
                search.fix(node).map_err(|problem| match problem {
                    Problem::Shape(problem) => problem.to_owned(),
                    Problem::Ambiguous(candidates) => {
                        failure = Some(candidates);
                        String::new()
                    }
                })
            };
            let fixed = field_path::change(resource, rule, Missing::Skip, &mut fix);
            if let (Err(RenderError::Field { field, id, origin, .. }), Some(candidates)) = (&fixed, failure) {
                let (field, id, origin) = (field.clone(), id.clone(), origin.clone());
                return Err(RenderError::Ambiguous { field, id, candidates, origin });
            }
            fixed?;
        }
    }
    Ok(())
}

/// The rules for referrers of a kind, in kustomize's order.
fn rules(api_version: &str, kind: &str) -> Vec<(&'static KindPattern, &'static FieldRule)> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let all = NAME_REFERENCES.iter();
    let all = all.flat_map(|reference| reference.referrers.iter().map(|rule| (&reference.target, rule)));
    all.filter(|(_, rule)| rule.kinds.matches(group, version, kind)).collect()
}

/// What references are resolved against.
struct Candidates {
    all: Vec<Candidate>,
    by_old_name: HashMap<String, Vec<usize>>,
    by_first_namespace: HashMap<String, Vec<usize>>,
}

struct Candidate {
    id: String,
    group: String,
    version: String,
    /// The kinds it had; never empty for one that was renamed.
    old_kinds: Vec<String>,
    is_account: bool,
    cluster_scoped: bool,
    first_namespace: String,
    namespace: String,
    written_namespace: String,
    name: String,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

impl Candidates {
    fn of(resources: &[Resource]) -> Self {
        let mut made =
            Self { all: Vec::new(), by_old_name: HashMap::new(), by_first_namespace: HashMap::new() };
        for (index, resource) in resources.iter().enumerate() {
            for previous in &resource.previous {
                let places = made.by_old_name.entry(previous.name.clone()).or_default();
                if places.last() != Some(&index) {
                    places.push(index);
                }
            }
            let candidate = Candidate::of(resource);
            let places = made.by_first_namespace.entry(candidate.first_namespace.clone()).or_default();
            places.push(index);
            made.all.push(candidate);
        }
        made
    }
}

impl Candidate {
    fn of(resource: &Resource) -> Self {
        let (group, version) = resource.group_version();
        Self {
            id: resource.id().to_string(),
            group: group.to_owned(),
            version: version.to_owned(),
            old_kinds: resource.previous.iter().map(|previous| previous.kind.clone()).collect(),
            is_account: resource.kind() == "ServiceAccount",
            cluster_scoped: resource.is_cluster_scoped(),
            first_namespace: resource.original().2.to_owned(),
            namespace: resource.effective_namespace().to_owned(),
            written_namespace: resource.namespace().to_owned(),
            name: resource.name().to_owned(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
        }
    }

    fn was(&self, kinds: &KindPattern) -> bool {
        self.old_kinds.iter().any(|kind| kinds.matches(&self.group, &self.version, kind))
    }
}

/// The object that names others.
struct Referrer {
    cluster_scoped: bool,
    namespace: String,
    /// Of a RoleBinding: the namespaces of the service accounts that it names.
    account_namespaces: HashSet<String>,
    /// Group and kind of `roleRef`.
    role: Option<(String, String)>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

impl Referrer {
    fn of(resource: &Resource) -> Self {
        let root = &resource.root;
        let text = |path: &[&str]| root.at(path).map(|node| scalar_text(node).into_owned());
        let subjects = root.get("subjects").and_then(Node::as_list).unwrap_or_default();
        let subjects = if resource.kind() == "RoleBinding" { subjects } else { &[] };
        let is_account =
            |subject: &&Node| subject.get("kind").and_then(Node::as_str) == Some("ServiceAccount");
        let accounts = subjects.iter().filter(is_account);
        Self {
            cluster_scoped: resource.is_cluster_scoped(),
            namespace: resource.effective_namespace().to_owned(),
            account_namespaces: accounts
                .filter_map(|subject| subject.get("namespace").and_then(Node::as_str))
                .map(str::to_owned)
                .collect(),
            role: text(&["roleRef", "apiGroup"]).zip(text(&["roleRef", "kind"])),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
        }
    }

    /// Whether it could name `candidate` at all.
    fn may_name(&self, candidate: &Candidate) -> bool {
        self.cluster_scoped
            || candidate.cluster_scoped
            || candidate.namespace == self.namespace
            || self.account_namespaces.contains(&candidate.written_namespace)
    }

    /// Service accounts may be named across namespaces, nothing else may.
    fn is_near(&self, candidate: &Candidate) -> bool {
        self.cluster_scoped
            || candidate.cluster_scoped
            || candidate.is_account
            || candidate.namespace == self.namespace
    }
}

enum Problem {
    Shape(&'static str),
    Ambiguous(String),
}

/// One rule for one referrer.
struct Search<'a> {
    candidates: &'a Candidates,
    referrer: &'a Referrer,
    target: &'a KindPattern,
    rule: &'a FieldRule,
}

impl<'a> Search<'a> {
    fn fix(&self, node: &mut Node) -> Result<(), Problem> {
        match &mut node.value {
            Value::Null => Ok(()),
            Value::List(items) => items.iter_mut().try_for_each(|item| self.fix_one(item)),
            _ => self.fix_one(node),
        }
    }

    fn fix_one(&self, node: &mut Node) -> Result<(), Problem> {
        match &node.value {
            Value::Null => Ok(()),
            Value::List(_) => Err(Problem::Shape("a name is wanted there, not a list")),
            Value::Map(_) => self.fix_map(node),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Secret(_) => self.fix_scalar(node),
        }
    }

    fn fix_scalar(&self, node: &mut Node) -> Result<(), Problem> {
        let old = scalar_text(node).into_owned();
        let found = self.named(&old, None);
        let Some(found) = self.only(found, |a, b| a.name == b.name)? else { return Ok(()) };
        if found.name != old {
            node.value = Value::String(found.name.clone());
        }
        Ok(())
    }

    /// A mapping names by `name` and, if it has one, `namespace`; both follow.
    fn fix_map(&self, node: &mut Node) -> Result<(), Problem> {
        let name = node.get("name").ok_or(Problem::Shape("a mapping that names an object has no name"))?;
        let old = scalar_text(name).into_owned();
        let namespace = node.get("namespace").map(|node| scalar_text(node).into_owned());
        let same =
            |a: &Candidate, b: &Candidate| a.name == b.name && a.written_namespace == b.written_namespace;
        let found = self.named(&old, namespace.as_deref());
        let Some(found) = self.only(found, same)? else { return Ok(()) };
        let origin = node.origin.clone();
        let Some(map) = node.as_map_mut() else { return Ok(()) };
        for (field, text) in [("name", &found.name), ("namespace", &found.written_namespace)] {
            match map.get_mut(field) {
                Some(place) if !text.is_empty() => place.value = Value::String(text.clone()),
                None if !text.is_empty() => drop(map.insert(field, Node::text(text.clone(), origin.clone()))),
                _ => {}
            }
        }
        Ok(())
    }

    /// The objects that had the name and are of the kind that the rule is for.
    fn named(&self, old: &str, namespace: Option<&str>) -> Vec<&'a Candidate> {
        let candidates = self.candidates;
        let places = candidates.by_old_name.get(old).map(Vec::as_slice).unwrap_or_default();
        let found = places.iter().filter_map(|index| candidates.all.get(*index));
        let found = found.filter(|candidate| self.referrer.may_name(candidate) && candidate.was(self.target));
        let found = found.filter(|candidate| self.fits_role(candidate) && self.referrer.is_near(candidate));
        let Some(namespace) = namespace else { return found.collect() };
        let first = self.is_first_namespace(namespace);
        let stands = |candidate: &&Candidate| {
            !candidate.cluster_scoped
                && namespace == if first { &candidate.first_namespace } else { &candidate.namespace }
        };
        found.filter(stands).collect()
    }

    /// Whether any object that could be named was in `namespace` at first.
    fn is_first_namespace(&self, namespace: &str) -> bool {
        let places = self.candidates.by_first_namespace.get(namespace).map(Vec::as_slice).unwrap_or_default();
        let mut found = places.iter().filter_map(|index| self.candidates.all.get(*index));
        found.any(|candidate| !candidate.cluster_scoped && self.referrer.may_name(candidate))
    }

    /// A `roleRef` says the kind that it names.
    fn fits_role(&self, candidate: &Candidate) -> bool {
        let is_role = matches!(&*self.rule.path, [first, ..] if first.name == "roleRef");
        match &self.referrer.role {
            Some((group, kind)) if is_role => {
                (group.is_empty() || *group == candidate.group)
                    && candidate.old_kinds.iter().any(|old| kind.is_empty() || old == kind)
            }
            _ => true,
        }
    }

    /// The one that is meant: with several, the one that got the same prefixes and suffixes.
    fn only(
        &self,
        mut found: Vec<&'a Candidate>,
        same: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&'a Candidate>, Problem> {
        if found.len() != 1 {
            found.retain(|candidate| self.shares_affixes(candidate, true));
            if found.len() > 1 {
                found.retain(|candidate| self.shares_affixes(candidate, false));
            }
        }
        let Some(first) = found.first() else { return Ok(None) };
        if found.iter().all(|candidate| same(first, candidate)) {
            return Ok(Some(first));
        }
        let ids: Vec<_> = found.iter().map(|candidate| candidate.id.as_str()).collect();
        Err(Problem::Ambiguous(ids.join(", ")))
    }

    fn shares_affixes(&self, candidate: &Candidate, empty_fits: bool) -> bool {
        let shares =
            |a: &[String], b: &[String]| (empty_fits && (a.is_empty() || b.is_empty())) || same_ending(a, b);
        shares(&candidate.prefixes, &self.referrer.prefixes)
            && shares(&candidate.suffixes, &self.referrer.suffixes)
    }
}

/// Whether the shorter of two lists ends the longer; an empty one ends only an empty one.
fn same_ending(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() { long.is_empty() } else { long.ends_with(short) }
}
