//! The policies' entry.

use std::collections::BTreeMap;

use sealward_policy::{Action, Violation};
use serde_json::Value;

use crate::decision::{Answer, Answers, Decision, Need, Verdict};
use crate::review::{OperationName, Request, Review};
use crate::world::World;

/// Holds `review` against the rules in force. `now` is what rules are told the time is, in nanoseconds
/// since 1970.
pub fn decide(review: &Review, world: &World, answers: &Answers, now: i64) -> Answer {
    let namespace = match namespace(&review.request, world, answers) {
        Ok(namespace) => namespace,
        Err(need) => return Answer::Need(need),
    };
    let digest = world.rules.digest();
    if only_lets_go(review) {
        return Answer::Decision(Decision {
            verdict: Verdict::Allow,
            reason: "only-lets-go",
            message: String::new(),
            warnings: Vec::new(),
            audit: audit(digest, &[]),
        });
    }
    let built = sealward_policy::Review::of_request(review.raw(), namespace.as_ref());
    Answer::Decision(match built {
        Ok(built) => decision(&world.rules.review(&built.at(now)), digest),
        Err(error) => Decision {
            verdict: Verdict::Deny,
            reason: "unknown",
            message: format!(
                "{} {} cannot be judged: {error}",
                review.request.kind.kind, review.request.name
            ),
            warnings: Vec::new(),
            audit: audit(digest, &[]),
        },
    })
}

/// What keeps an object, or takes it along.
const LISTS: [&str; 2] = ["finalizers", "ownerReferences"];

/// Whether an update does nothing but take away finalizers or owners, as controllers do to let an object
/// go. It adds no violation, and to refuse it would keep what is older than a rule for ever: Jobs would
/// not complete, namespaces not end.
fn only_lets_go(review: &Review) -> bool {
    let (Some(old), Some(new)) = (review.old_object(), review.object()) else {
        return false;
    };
    let is_update = review.request.operation == OperationName::Update;
    is_update
        && same_but(old, new, &["metadata"])
        && match (old.get("metadata"), new.get("metadata")) {
            (Some(old), Some(new)) => {
                same_but(old, new, &[LISTS[0], LISTS[1], "managedFields", "resourceVersion"])
                    && LISTS.iter().all(|list| within(old.get(list), new.get(list)))
            }
            _ => false,
        }
}

/// Whether two mappings are equal, these keys aside.
fn same_but(old: &Value, new: &Value, keys: &[&str]) -> bool {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        return false;
    };
    let all = old.keys().chain(new.keys()).filter(|key| !keys.contains(&key.as_str()));
    all.into_iter().all(|key| old.get(key) == new.get(key))
}

/// Whether every item of `new` is one of `old`.
fn within(old: Option<&Value>, new: Option<&Value>) -> bool {
    let items = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let old = items(old);
    items(new).iter().all(|item| old.contains(item))
}

/// The Namespace that the object stands in, as rules that select by its labels see it.
fn namespace(request: &Request, world: &World, answers: &Answers) -> Result<Option<serde_json::Value>, Need> {
    let is_one = request.kind.group.is_empty() && request.kind.kind == "Namespace";
    if request.namespace.is_empty() || is_one {
        return Ok(None);
    }
    let known = match &answers.namespace {
        Some(answer) => answer.as_ref(),
        None => match world.namespaces.find(&request.namespace) {
            Some(known) => Some(known),
            None => return Err(Need::Namespace { name: request.namespace.clone() }),
        },
    };
    Ok(known.map(|namespace| namespace.root().to_json_redacted()))
}

/// Gatekeeper's texts: `[constraint] message`, one a line; warnings pass.
fn decision(violations: &[Violation], digest: &str) -> Decision {
    let texts = |action: Action| {
        let of_action = violations.iter().filter(move |violation| violation.action == action);
        of_action
            .map(|violation| format!("[{}] {}", violation.constraint, violation.message))
            .collect::<Vec<_>>()
    };
    let (denials, warnings) = (texts(Action::Deny), texts(Action::Warn));
    let (verdict, reason) = match (denials.is_empty(), warnings.is_empty()) {
        (false, _) => (Verdict::Deny, "violation"),
        (true, false) => (Verdict::Allow, "warning"),
        (true, true) => (Verdict::Allow, "no-violation"),
    };
    Decision { verdict, reason, message: denials.join("\n"), warnings, audit: audit(digest, violations) }
}

fn audit(digest: &str, violations: &[Violation]) -> BTreeMap<String, String> {
    let mut audit = BTreeMap::from([("rule-set-digest".to_owned(), digest.to_owned())]);
    let mut names: Vec<String> = violations
        .iter()
        .map(|violation| format!("{}:{}", word(violation.action), violation.constraint))
        .collect();
    names.sort();
    names.dedup();
    if !names.is_empty() {
        audit.insert("violations".to_owned(), names.join(","));
    }
    audit
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Deny => "deny",
        Action::Warn => "warn",
        Action::DryRun => "dryrun",
    }
}
