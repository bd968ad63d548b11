//! The policies' entry.

use std::collections::BTreeMap;

use sealward_policy::{Action, Violation};

use crate::decision::{Answer, Answers, Decision, Need, Verdict};
use crate::review::{Request, Review};
use crate::world::World;

/// Holds `review` against the rules in force. `now` is what rules are told the time is, in nanoseconds
/// since 1970.
pub fn decide(review: &Review, world: &World, answers: &Answers, now: i64) -> Answer {
    let namespace = match namespace(&review.request, world, answers) {
        Ok(namespace) => namespace,
        Err(need) => return Answer::Need(need),
    };
    let digest = world.rules.digest();
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
