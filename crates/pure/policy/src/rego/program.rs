//! Modules made ready to evaluate.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use regorus::utils::limits::{ExecutionTimerConfig, PolicyLengthConfig, monotonic_now};
use regorus::{Engine, Value};
use serde_json::Value as Json;

use super::calls::{self, Data};
use super::module::{MAX_COLUMN, MAX_LINES, MAX_REWRITTEN, Module, Problem, Version, reason};
use super::{hoist, shims};

/// Checked, compiled modules; evaluations clone the prepared engine.
#[derive(Clone)]
pub(crate) struct Program {
    engine: Engine,
}

/// What an evaluation gets besides its input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Nanoseconds since 1970 for `time.now_ns`, if a time was given.
    pub(crate) now: Option<i64>,
    /// Longest time.
    pub(crate) limit: Duration,
}

/// How long something takes, by the clock that regorus holds its time limit by: none of ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch {
    started: Option<Duration>,
}

impl Stopwatch {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self { started: monotonic_now() }
    }

    /// How much is left of `limit`; nothing where nobody can tell.
    pub(crate) fn left(self, limit: Duration) -> Duration {
        let passed = monotonic_now().zip(self.started).map(|(now, started)| now.saturating_sub(started));
        passed.map_or(Duration::ZERO, |passed| limit.saturating_sub(passed))
    }
}

/// Why an evaluation gave no value, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct EvaluationError(pub(crate) String);

impl Program {
    /// Checks and compiles `modules`.
    pub(crate) fn build(modules: &[Module], data: Data) -> Result<Self, Vec<Problem>> {
        let mut problems = calls::check(modules, data);
        let mut engine = Engine::new();
        engine.set_policy_length_config(PolicyLengthConfig {
            max_col: MAX_COLUMN,
            max_file_bytes: MAX_REWRITTEN,
            max_lines: MAX_LINES,
        });
        engine.set_strict_builtin_errors(false);
        engine.set_gather_prints(true);
        for module in modules {
            match hoist::rewrite(module) {
                Ok(text) => {
                    engine.set_rego_v0(module.version == Version::V0);
                    if let Err(error) = engine.add_policy(module.file.clone(), text) {
                        problems.push(Problem::parse(&module.file, &error));
                    }
                }
                Err(found) => problems.extend(found),
            }
        }
        let file = modules.first().map(|module| module.file.as_str()).unwrap_or_default();
        if problems.is_empty() {
            let installed = shims::install(&mut engine);
            problems.extend(installed.err().map(|error| Problem::file(file, error)));
            // The first query analyses and schedules all modules.
            let prepared = engine.eval_query("true".into(), false);
            problems.extend(prepared.err().map(|error| Problem::parse(file, &error)));
        }
        if problems.is_empty() { Ok(Self { engine }) } else { Err(problems) }
    }

    /// The elements of the partial set at `path` under `input`.
    pub(crate) fn set(&self, path: &str, input: &Json, run: Run) -> Result<Vec<Json>, EvaluationError> {
        match self.value(path, input, run)?.0 {
            Value::Set(items) => Ok(items.iter_sorted().map(json).collect()),
            Value::Undefined => Ok(Vec::new()),
            _ => Err(EvaluationError(format!("{path} is no set"))),
        }
    }

    /// Whether the rule at `path` is `true`, and what it printed.
    pub(crate) fn truth(
        &self,
        path: &str,
        input: &Json,
        run: Run,
    ) -> Result<(bool, Vec<String>), EvaluationError> {
        let (value, prints) = self.value(path, input, run)?;
        Ok((value == Value::Bool(true), prints))
    }

    fn value(&self, path: &str, input: &Json, run: Run) -> Result<(Value, Vec<String>), EvaluationError> {
        let mut engine = self.engine.clone();
        shims::install_clock(&mut engine, run.now).map_err(EvaluationError)?;
        engine.set_execution_timer_config(ExecutionTimerConfig {
            limit: run.limit,
            check_interval: CHECK_INTERVAL,
        });
        engine.set_input(Value::from(input.clone()));
        // A built-in that panics (regorus' strings.count of "" does) must cost one verdict, not the process.
        let evaluated = catch_unwind(AssertUnwindSafe(|| engine.eval_rule(path.to_owned())));
        let value = match evaluated {
            Ok(value) => value.map_err(|error| told(&format!("{error:#}")))?,
            Err(_) => {
                return Err(EvaluationError(format!("evaluating {path} ended in a fault of the evaluator")));
            }
        };
        Ok((value, engine.take_prints().unwrap_or_default()))
    }
}

/// Steps between two looks at the time.
const CHECK_INTERVAL: NonZeroU32 = match NonZeroU32::new(64) {
    Some(steps) => steps,
    None => NonZeroU32::MIN,
};

/// Place and sentence of regorus' framed error.
fn told(text: &str) -> EvaluationError {
    let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
    EvaluationError(match place {
        Some(place) => format!("{place}: {}", reason(text)),
        None => reason(text),
    })
}

/// A value as JSON: sets as sorted lists, keys that are no text as Rego text.
fn json(value: &Value) -> Json {
    match value {
        Value::Null | Value::Undefined => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(_) => serde_json::to_value(value).unwrap_or(Json::Null),
        Value::String(text) => Json::String(text.to_string()),
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Set(items) => items.iter_sorted().map(json).collect(),
        Value::Object(fields) => {
            let key = |key: &Value| match key {
                Value::String(text) => text.to_string(),
                other => shims::rego_text(other),
            };
            Json::Object(fields.iter_sorted().map(|(name, value)| (key(name), json(value))).collect())
        }
    }
}
