//! Rule sets to compiled rules, and reviews by them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use sealward_api::ruleset::RuleSetSpec;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::constraint::{self, Constraint};
use crate::error::{Cause, LoadError};
use crate::json::canonical;
use crate::matching;
use crate::rego::{Run, Stopwatch};
use crate::review::Review;
use crate::template::Template;
use crate::verdict::{Action, Violation};

/// Bounds on a rule set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time for one constraint on one object; one large built-in call may overstep it.
    pub evaluation: Duration,
    /// Longest time for all constraints on one object together; what is not evaluated by then is a
    /// violation. Well below the ten seconds after which an API server gives a webhook up.
    pub review: Duration,
    /// Most templates.
    pub templates: usize,
    /// Most constraints.
    pub constraints: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            evaluation: Duration::from_millis(500),
            review: Duration::from_secs(5),
            templates: 256,
            constraints: 2048,
        }
    }
}

/// The way from RuleSet objects to [`CompiledRules`].
#[derive(Debug)]
pub struct RuleSet;

impl RuleSet {
    /// Loads all RuleSets of a cluster, or one made from folders, with the default [`Limits`].
    ///
    /// # Errors
    /// [`LoadError`] with every cause: what cannot be read or compiled, is not understood, or exceeds a
    /// limit. Nothing is loaded then; the caller keeps what it had.
    pub fn load(specs: &[RuleSetSpec]) -> Result<CompiledRules, LoadError> {
        Self::load_with(specs, Limits::default())
    }

    /// As [`RuleSet::load`], with these limits.
    ///
    /// # Errors
    /// As [`RuleSet::load`].
    pub fn load_with(specs: &[RuleSetSpec], limits: Limits) -> Result<CompiledRules, LoadError> {
        let templates: Vec<&Value> = specs.iter().flat_map(|spec| &spec.templates).collect();
        let constraints: Vec<&Value> = specs.iter().flat_map(|spec| &spec.constraints).collect();
        let counts = [
            ("templates", templates.len(), limits.templates),
            ("constraints", constraints.len(), limits.constraints),
        ];
        let mut causes: Vec<Cause> = counts
            .iter()
            .filter(|(_, count, most)| count > most)
            .map(|(what, count, most)| Cause::new("RuleSet", format!("{count} {what} are more than {most}")))
            .collect();
        if !causes.is_empty() {
            return Err(LoadError { causes });
        }
        let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
        let mut failed = Vec::new();
        for object in templates {
            match Template::compile(object) {
                Ok(template) => match rules.get(&template.kind) {
                    Some(Rule { template: known, .. }) => {
                        let both = format!("of {} and of {}", known.rule, template.rule);
                        let message = format!("two templates define this constraint kind: those {both}");
                        causes.push(Cause::new(&template.kind, message));
                    }
                    None => {
                        rules.insert(template.kind.clone(), Rule { template, constraints: Vec::new() });
                    }
                },
                Err(found) => {
                    failed.extend(object.pointer("/spec/crd/spec/names/kind").and_then(Value::as_str));
                    causes.extend(found);
                }
            }
        }
        for object in constraints {
            let (kind, place) = constraint::kind_and_name(object);
            match rules.get_mut(kind) {
                Some(rule) => match Constraint::read(object, &rule.template) {
                    Ok(constraint) if rule.constraints.iter().any(|known| known.name == constraint.name) => {
                        causes.push(Cause::new(place, "two constraints of this kind have this name"));
                    }
                    Ok(constraint) => rule.constraints.push(constraint),
                    Err(found) => {
                        causes.extend(found.into_iter().map(|cause| cause.of_rule(&rule.template.rule)))
                    }
                },
                None if failed.contains(&kind) => {}
                None => causes.push(Cause::new(place, format!("no template defines kind {kind}"))),
            }
        }
        if !causes.is_empty() {
            return Err(LoadError { causes });
        }
        let mut rules: Vec<Rule> = rules.into_values().collect();
        rules.iter_mut().for_each(|rule| rule.constraints.sort_by(|a, b| a.name.cmp(&b.name)));
        Ok(CompiledRules { rules, digest: digest(specs), limits })
    }
}

/// `sha256:` and the hex digest of the canonical JSON of `specs`; their order does not count, nor does
/// that of the fields.
pub fn digest(specs: &[RuleSetSpec]) -> String {
    let mut texts: Vec<String> = specs
        .iter()
        .map(|spec| canonical(&json!({"templates": spec.templates, "constraints": spec.constraints})))
        .collect();
    texts.sort();
    let mut hash = Sha256::new();
    texts.iter().for_each(|text| {
        hash.update(text.as_bytes());
        hash.update(b"\n");
    });
    let mut out = String::from("sha256:");
    for byte in hash.finalize() {
        let written = write!(out, "{byte:02x}");
        debug_assert!(written.is_ok(), "writing to a String does not fail");
    }
    out
}

struct Rule {
    template: Template,
    constraints: Vec<Constraint>,
}

/// A rule set that was understood whole. Shared between threads; every evaluation clones a prepared
/// engine, which is cheap.
pub struct CompiledRules {
    rules: Vec<Rule>,
    digest: String,
    limits: Limits,
}

impl std::fmt::Debug for CompiledRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompiledRules").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl CompiledRules {
    /// The digest of what was loaded, `sha256:…`.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How many constraints there are, those without an action here included.
    pub fn len(&self) -> usize {
        self.rules.iter().map(|rule| rule.constraints.len()).sum()
    }

    /// Whether there is no constraint at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every constraint that decides something here, with what its template says of itself.
    pub fn constraints(&self) -> impl Iterator<Item = Described<'_>> {
        self.rules.iter().flat_map(|Rule { template, constraints }| {
            let decides = constraints.iter().filter_map(|constraint| Some((constraint, constraint.action?)));
            decides.map(|(constraint, action)| Described {
                constraint: &constraint.name,
                rule: &template.rule,
                action,
                title: template.title.as_deref(),
                description: template.description.as_deref(),
            })
        })
    }

    /// Every violation that `review` comes to, sorted by constraint kind, constraint and message. A
    /// constraint that cannot be evaluated (in its time, or in that of the whole review), or whose
    /// namespace selector meets an unknown namespace, is a violation with that as its message.
    pub fn review(&self, review: &Review) -> Vec<Violation> {
        let mut violations = Vec::new();
        let watch = Stopwatch::start();
        for rule in &self.rules {
            for constraint in &rule.constraints {
                let Some(action) = constraint.action else { continue };
                let found = self.apply(&rule.template, constraint, review, watch);
                let mut found: Vec<Violation> = found
                    .into_iter()
                    .map(|(message, details)| {
                        violation(&rule.template, constraint, action, review, &message, &details)
                    })
                    .collect();
                found.sort_by(|a, b| a.message.cmp(&b.message));
                violations.append(&mut found);
            }
        }
        violations
    }

    fn apply(
        &self,
        template: &Template,
        constraint: &Constraint,
        review: &Review,
        watch: Stopwatch,
    ) -> Vec<(String, Value)> {
        let nothing = || Value::Object(serde_json::Map::new());
        let mut selected = false;
        for subject in review.subjects() {
            match matching::selects(&constraint.matches, &subject) {
                Ok(found) => selected |= found,
                Err(unknown) => {
                    let message = format!(
                        "cannot tell whether this constraint applies: the labels of namespace {:?} are not known",
                        unknown.namespace
                    );
                    return vec![(message, nothing())];
                }
            }
        }
        if !selected {
            return Vec::new();
        }
        let left = watch.left(self.limits.review);
        if left.is_zero() {
            let message = format!(
                "the rule could not be evaluated: the {:?} for one review are used up",
                self.limits.review
            );
            return vec![(message, nothing())];
        }
        let input = json!({"review": review.input(), "parameters": constraint.parameters});
        let run = Run { now: review.now(), limit: self.limits.evaluation.min(left) };
        match template.program.set(&template.entry, &input, run) {
            Ok(elements) => elements.iter().map(message_and_details).collect(),
            Err(error) => vec![(format!("the rule could not be evaluated: {error}"), nothing())],
        }
    }
}

/// A constraint, for those who list rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described<'a> {
    /// Its name.
    pub constraint: &'a str,
    /// As in [`Violation::rule`].
    pub rule: &'a str,
    /// What follows from a violation.
    pub action: Action,
    /// The template's title in a few words.
    pub title: Option<&'a str>,
    /// What the template is for.
    pub description: Option<&'a str>,
}

/// `msg` and `details` of an element of `violation`. Gatekeeper drops an element without `msg`, which
/// lets the object pass; here it counts.
fn message_and_details(element: &Value) -> (String, Value) {
    let message = match element.get("msg") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "the rule is broken, and gives no msg".into(),
    };
    (message, element.get("details").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new())))
}

fn violation(
    template: &Template,
    constraint: &Constraint,
    action: Action,
    review: &Review,
    message: &str,
    details: &Value,
) -> Violation {
    Violation {
        rule: template.rule.clone(),
        constraint: constraint.name.clone(),
        action,
        message: review.scrub(message),
        details: review.scrub_json(details),
    }
}
