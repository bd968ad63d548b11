//! A Constraint, checked against its template.

use sealward_api::gatekeeper::{
    CONSTRAINT_GROUP, Constraint as Wire, ConstraintSpec, Match, OTHER_POINTS, WEBHOOK_POINT,
};
use serde_json::Value;

use crate::error::Cause;
use crate::json;
use crate::matching;
use crate::template::Template;
use crate::verdict::Action;

/// A checked constraint.
#[derive(Debug, Clone)]
pub(crate) struct Constraint {
    pub(crate) name: String,
    /// `None` where scoped actions name other enforcement points only: it decides nothing here.
    pub(crate) action: Option<Action>,
    pub(crate) matches: Match,
    /// With the schema's defaults filled in.
    pub(crate) parameters: Value,
}

/// The kind and name of a constraint, for messages and to find its template.
pub(crate) fn kind_and_name(object: &Value) -> (&str, String) {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or("constraint");
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("without a name");
    (kind, format!("{kind} {name}"))
}

impl Constraint {
    /// Reads a constraint of `template`.
    pub(crate) fn read(object: &Value, template: &Template) -> Result<Self, Vec<Cause>> {
        let (_, place) = kind_and_name(object);
        let cause = |message: String| vec![Cause::new(place.clone(), message)];
        let wire: Wire = json::read(object).map_err(cause)?;
        let version = wire.api_version.strip_prefix(CONSTRAINT_GROUP).and_then(|rest| rest.strip_prefix('/'));
        if !matches!(version, Some("v1beta1" | "v1alpha1")) {
            return Err(cause(format!(
                "apiVersion {:?} is not {CONSTRAINT_GROUP}/v1beta1",
                wire.api_version
            )));
        }
        if wire.metadata.name.is_empty() {
            return Err(cause("metadata.name is empty".into()));
        }
        matching::check(&wire.spec.matches).map_err(cause)?;
        let action = action(&wire.spec).map_err(cause)?;
        let mut parameters = if wire.spec.parameters.is_null() {
            Value::Object(Default::default())
        } else {
            wire.spec.parameters
        };
        template.schema.fill(&mut parameters);
        let problems = template.schema.check(&parameters, "spec.parameters");
        if !problems.is_empty() {
            return Err(problems.into_iter().map(|problem| Cause::new(place.clone(), problem)).collect());
        }
        Ok(Self { name: wire.metadata.name, action, matches: wire.spec.matches, parameters })
    }
}

fn action(spec: &ConstraintSpec) -> Result<Option<Action>, String> {
    let simple = |field: &str, text: &str| match text {
        "deny" => Ok(Action::Deny),
        "warn" => Ok(Action::Warn),
        "dryrun" => Ok(Action::DryRun),
        other => Err(format!("{field}: {other:?} is not deny, warn or dryrun")),
    };
    if spec.enforcement_action.as_deref() != Some("scoped") {
        if !spec.scoped_enforcement_actions.is_empty() {
            return Err("spec.scopedEnforcementActions: used only with enforcementAction: scoped".into());
        }
        let text = spec.enforcement_action.as_deref().unwrap_or("deny");
        return simple("spec.enforcementAction", text).map(Some);
    }
    // The webhook's action decides everywhere: lint is to say what admission will say. Of several, the
    // strictest counts.
    let mut strictest = None;
    for scoped in &spec.scoped_enforcement_actions {
        let action = simple("spec.scopedEnforcementActions", &scoped.action)?;
        for point in &scoped.enforcement_points {
            match point.name.as_str() {
                "*" | WEBHOOK_POINT => {
                    strictest = Some(strictest.map_or(action, |known: Action| known.min(action)))
                }
                other if OTHER_POINTS.contains(&other) => {}
                other => {
                    return Err(format!(
                        "spec.scopedEnforcementActions: unknown enforcement point {other:?}"
                    ));
                }
            }
        }
    }
    Ok(strictest)
}
