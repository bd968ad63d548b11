//! A ConstraintTemplate made ready to evaluate.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sealward_api::gatekeeper::{
    ConstraintTemplate, DESCRIPTION_ANNOTATION, REGO_ENGINE, RULE_ANNOTATION, RegoSource, TARGET,
    TEMPLATE_GROUP, TEMPLATE_KIND, TITLE_ANNOTATION, Target,
};
use serde_json::Value;

use crate::error::Cause;
use crate::json;
use crate::rego::{Data, Module, Problem, Program, Source, Version};
use crate::schema::Schema;

/// A checked template.
pub(crate) struct Template {
    /// Kind of its constraints.
    pub(crate) kind: String,
    /// The rule's id, `<category>/<rule>`, or the kind where no annotation names it.
    pub(crate) rule: String,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    /// Of its constraints' parameters.
    pub(crate) schema: Schema,
    pub(crate) program: Program,
    /// `data.….violation`.
    pub(crate) entry: String,
}

/// Most libraries of one template.
const MAX_LIBRARIES: usize = 32;

/// The rule that every template defines.
const ENTRY: &str = "violation";

impl Template {
    /// Reads, checks and compiles a template.
    pub(crate) fn compile(object: &Value) -> Result<Self, Vec<Cause>> {
        let place = place(object);
        let annotated = |name: &str| object.get("metadata")?.get("annotations")?.get(name)?.as_str();
        let cause = |message: String| {
            let cause = Cause::new(place.clone(), message);
            vec![cause.of_rule(annotated(RULE_ANNOTATION).unwrap_or_default())]
        };
        let template: ConstraintTemplate = json::read(object).map_err(cause)?;
        check_names(&template).map_err(cause)?;
        let [target] = template.spec.targets.as_slice() else {
            return Err(cause("spec.targets: exactly one target is needed".into()));
        };
        let source = source(target).map_err(cause)?;
        let schema =
            template.spec.crd.spec.validation.as_ref().and_then(|validation| validation.schema.as_ref());
        let schema = schema.map_or_else(|| Ok(Schema::anything()), Schema::read).map_err(cause)?;
        let rule = annotated(RULE_ANNOTATION).unwrap_or(&template.spec.crd.spec.names.kind).to_owned();
        let compiled = contained(&rule, || compile(&rule, &source));
        let (program, entry) = compiled.map_err(|problems| {
            let causes = problems.into_iter().map(|problem| Cause::new(place.clone(), problem.to_string()));
            causes.collect::<Vec<_>>()
        })?;
        let [title, description] = [TITLE_ANNOTATION, DESCRIPTION_ANNOTATION].map(annotated);
        Ok(Self {
            kind: template.spec.crd.spec.names.kind,
            rule,
            title: title.map(str::to_owned),
            description: description.map(str::to_owned),
            schema,
            program,
            entry,
        })
    }
}

fn place(object: &Value) -> String {
    let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("without a name");
    format!("{TEMPLATE_KIND} {name}")
}

fn check_names(template: &ConstraintTemplate) -> Result<(), String> {
    let version = template.api_version.strip_prefix(TEMPLATE_GROUP).and_then(|rest| rest.strip_prefix('/'));
    if !matches!(version, Some("v1" | "v1beta1" | "v1alpha1")) {
        return Err(format!(
            "apiVersion {:?} is not {TEMPLATE_GROUP}/v1, v1beta1 or v1alpha1",
            template.api_version
        ));
    }
    if template.kind != TEMPLATE_KIND {
        return Err(format!("kind {:?} is not {TEMPLATE_KIND}", template.kind));
    }
    let kind = &template.spec.crd.spec.names.kind;
    if kind.is_empty() || template.metadata.name != kind.to_lowercase() {
        return Err(format!(
            "metadata.name must be {:?}, its constraint kind in lower case",
            kind.to_lowercase()
        ));
    }
    Ok(())
}

/// The Rego of a target: the old place wins, CEL beside it is left to Gatekeeper.
fn source(target: &Target) -> Result<RegoSource, String> {
    if target.target != TARGET {
        return Err(format!("spec.targets[0].target {:?} is not {TARGET}", target.target));
    }
    if let Some(rego) = &target.rego {
        return Ok(RegoSource { version: None, rego: rego.clone(), libs: target.libs.clone() });
    }
    let code = target.code.iter().find(|code| code.engine == REGO_ENGINE);
    let code = code.ok_or("spec.targets[0]: no Rego; templates with CEL only are not supported")?;
    json::read(&code.source).map_err(|error| format!("spec.targets[0].code: source: {error}"))
}

/// A compiler that panics must cost one template, not the process.
fn contained<T>(rule: &str, compile: impl FnOnce() -> Result<T, Vec<Problem>>) -> Result<T, Vec<Problem>> {
    catch_unwind(AssertUnwindSafe(compile)).unwrap_or_else(|_| {
        Err(vec![Problem::file(
            &format!("{rule}/rule.rego"),
            "compiling it ended in a fault of the evaluator",
        )])
    })
}

fn compile(rule: &str, source: &RegoSource) -> Result<(Program, String), Vec<Problem>> {
    let version = if source.version.as_deref() == Some("v1") { Version::V1 } else { Version::V0 };
    let file = format!("{rule}/rule.rego");
    if source.libs.len() > MAX_LIBRARIES {
        return Err(vec![Problem::file(&file, format!("more than {MAX_LIBRARIES} libraries"))]);
    }
    let mut problems = Vec::new();
    let mut modules = Vec::new();
    let entry = Module::parse(&Source { file: &file, text: &source.rego, version });
    let libraries = source.libs.iter().enumerate().map(|(index, text)| {
        let file = format!("{rule}/libs[{index}]");
        let module = Module::parse(&Source { file: &file, text, version })?;
        match module.package.get(1).map(String::as_str) {
            Some("lib") => Ok(module),
            _ => Err(Problem::file(&file, "a library's package begins with lib.")),
        }
    });
    for module in std::iter::once(entry).chain(libraries) {
        match module {
            Ok(module) => modules.push(module),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let Some(first) = modules.first() else { return Err(problems) };
    if !first.has_set(ENTRY) {
        let message = format!(
            "the rule {ENTRY} is missing; it must be a partial set, such as {ENTRY} contains {{\"msg\": …}}"
        );
        return Err(vec![Problem::file(&file, message)]);
    }
    let entry = format!("{}.{ENTRY}", first.package.join("."));
    Ok((Program::build(&modules, Data::Libraries)?, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_compiler_is_a_problem_of_the_template() {
        let compiled = contained::<()>("a/b", || panic!("as regorus might"));
        let problems: Vec<String> = compiled.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(problems, ["a/b/rule.rego: compiling it ended in a fault of the evaluator"]);
        assert_eq!(contained("a/b", || Ok(1)), Ok(1));
    }
}
