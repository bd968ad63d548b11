//! A tree and data into bytes (source followed: `text/template/exec.go`).

mod calls;
mod evaluate;
mod fields;
mod range;

use zeroize::Zeroizing;

use super::budget::{Budget, Environment, Limit};
use super::call::FunctionError;
use super::error::ExecuteError;
use super::print;
use super::tree::{Branch, Command, Definitions, List, Node, NodeKind, Operand, Pipeline};
use super::value::Value;
use crate::sink::Sink;
use crate::strconv::quote;

/// Everything that ends an execution early, boxed as it is rare.
type Stop = Box<ExecuteError>;

/// Executes the definition `name` of a text.
pub(super) fn execute(
    definitions: &Definitions,
    name: &str,
    text: &str,
    data: &Value,
    environment: Environment<'_>,
) -> Result<Zeroizing<Vec<u8>>, ExecuteError> {
    let dot = Evaluated::of(data.clone());
    let mut execution = Execution {
        definitions,
        text,
        parsed_name: name,
        name,
        at: None,
        variables: vec![Variable { name: "$", value: dot.clone() }],
        out: Zeroizing::new(Vec::new()),
        budget: Budget::new(environment.limits),
        now: environment.now,
        random: environment.random,
    };
    if let Some(root) = definitions.get(name) {
        execution.walk(&dot, root).map_err(|stop| *stop)?;
    }
    Ok(std::mem::take(&mut execution.out))
}

struct Execution<'t, 'e> {
    definitions: &'t Definitions,
    text: &'t str,
    /// The name the whole text was parsed under.
    parsed_name: &'t str,
    /// The name of the definition that is executed.
    name: &'t str,
    /// What is being looked at, for error texts.
    at: Option<At<'t>>,
    variables: Vec<Variable<'t>>,
    out: Zeroizing<Vec<u8>>,
    budget: Budget,
    now: jiff::Timestamp,
    random: &'e mut dyn FnMut(&mut [u8]),
}

struct Variable<'t> {
    name: &'t str,
    value: Evaluated,
}

/// A value, and whether Go sees it through an `interface {}`: an element of a list or map of anything. Error
/// texts name that type then.
#[derive(Debug, Clone)]
struct Evaluated {
    value: Value,
    through_interface: bool,
}

impl Evaluated {
    fn of(value: Value) -> Self {
        Self { value, through_interface: false }
    }

    fn missing() -> Self {
        Self::of(Value::Missing)
    }

    /// The thing itself: what Go gets by digging through the interface.
    fn dug(self) -> Self {
        match self.value {
            Value::Nil => Self::missing(),
            value => Self::of(value),
        }
    }

    /// The static type as error texts name it.
    fn type_name(&self) -> String {
        match self.value.type_of() {
            Some(kind) if !self.through_interface => kind.to_string(),
            _ => "interface {}".to_owned(),
        }
    }
}

/// A part of the tree that error texts point at.
#[derive(Clone, Copy)]
enum At<'t> {
    Node(&'t Node),
    Pipeline(&'t Pipeline),
    Command(&'t Command),
    Operand(&'t Operand),
}

impl At<'_> {
    fn position(self) -> usize {
        match self {
            Self::Node(node) => node.position,
            Self::Pipeline(pipeline) => pipeline.position,
            Self::Command(command) => command.position,
            Self::Operand(operand) => operand.position,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Node(node) => node.to_string(),
            Self::Pipeline(pipeline) => pipeline.to_string(),
            Self::Command(command) => command.to_string(),
            Self::Operand(operand) => operand.to_string(),
        }
    }
}

/// How a list of nodes ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Through,
    Break,
    Continue,
}

impl<'t> Execution<'t, '_> {
    fn walk(&mut self, dot: &Evaluated, list: &'t List) -> Result<Flow, Stop> {
        for node in &list.nodes {
            let flow = self.walk_node(dot, node)?;
            if flow != Flow::Through {
                return Ok(flow);
            }
        }
        Ok(Flow::Through)
    }

    fn walk_node(&mut self, dot: &Evaluated, node: &'t Node) -> Result<Flow, Stop> {
        self.at = Some(At::Node(node));
        self.charge(1)?;
        match &node.kind {
            NodeKind::Text(text) => self.write(text.as_bytes())?,
            NodeKind::Action(pipeline) => {
                let value = self.pipeline(dot, pipeline)?;
                if pipeline.variables.is_empty() {
                    self.at = Some(At::Node(node));
                    self.print(&value.value)?;
                }
            }
            NodeKind::If(branch) => return self.branch(dot, branch, false),
            NodeKind::With(branch) => return self.branch(dot, branch, true),
            NodeKind::Range(branch) => return self.range(dot, branch, node),
            NodeKind::Template { name, pipeline } => self.invoke(dot, name, pipeline.as_ref())?,
            NodeKind::Break => return Ok(Flow::Break),
            NodeKind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Through)
    }

    /// One level down for the time of `work`.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<T, Stop> {
        self.budget.enter().map_err(|limit| self.limited(limit))?;
        let result = work(self);
        self.budget.leave();
        result
    }

    /// `if`, or `with`, which sets dot.
    fn branch(&mut self, dot: &Evaluated, branch: &'t Branch, sets_dot: bool) -> Result<Flow, Stop> {
        self.deeper(|execution| {
            let mark = execution.variables.len();
            let value = execution.pipeline(dot, &branch.pipeline)?;
            let flow = match (value.value.is_true(), &branch.otherwise) {
                (true, _) => execution.walk(if sets_dot { &value } else { dot }, &branch.list)?,
                (false, Some(otherwise)) => execution.walk(dot, otherwise)?,
                (false, None) => Flow::Through,
            };
            execution.variables.truncate(mark);
            Ok(flow)
        })
    }

    /// `template`: a definition with a dot and variables of its own.
    fn invoke(&mut self, dot: &Evaluated, name: &'t str, pipeline: Option<&'t Pipeline>) -> Result<(), Stop> {
        self.charge(name.len() as u64 / 64)?;
        let Some(list) = self.definitions.get(name) else {
            return Err(self.failed(format!("template {} not defined", quote(name))));
        };
        let dot = match pipeline {
            Some(pipeline) => self.pipeline(dot, pipeline)?,
            None => Evaluated::missing(),
        };
        self.deeper(|execution| {
            let variables = vec![Variable { name: "$", value: dot.clone() }];
            let outer = std::mem::replace(&mut execution.variables, variables);
            let outer_name = std::mem::replace(&mut execution.name, name);
            let outer_at = execution.at;
            execution.walk(&dot, list)?;
            execution.variables = outer;
            execution.name = outer_name;
            execution.at = outer_at;
            Ok(())
        })
    }

    fn print(&mut self, value: &Value) -> Result<(), Stop> {
        match value {
            Value::Missing => self.write(b"<no value>"),
            Value::String(text) => self.write(text.as_bytes()),
            other => {
                let left = self.budget.limits().output.saturating_sub(self.out.len());
                let mut out = Sink::new(left);
                print::sprint(&mut out, std::slice::from_ref(other));
                if out.is_too_deep() {
                    return Err(self.limited(Limit::Depth));
                }
                if out.is_overflown() {
                    return Err(self.limited(Limit::Output));
                }
                self.write(&Zeroizing::new(out.into_bytes()))
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if bytes.len() > self.budget.limits().output.saturating_sub(self.out.len()) {
            return Err(self.limited(Limit::Output));
        }
        self.charge(bytes.len() as u64 / 64)?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn charge(&mut self, steps: u64) -> Result<(), Stop> {
        self.budget.charge(steps).map_err(|limit| self.limited(limit))
    }

    /// `template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: `; the column counts bytes from 0.
    fn place(&self) -> String {
        let Some(at) = self.at else {
            return format!("template: {}: ", self.name);
        };
        let before = self.text.get(..at.position()).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        let column = before.len() - before.rfind('\n').map_or(0, |found| found + 1);
        let (file, name) = (self.parsed_name, quote(self.name));
        format!("template: {file}:{line}:{column}: executing {name} at <{}>: ", at.text())
    }

    /// A text without data.
    fn failed(&self, text: impl Into<String>) -> Stop {
        let text = text.into();
        Box::new(ExecuteError { place: self.place(), public: text.clone(), detail: text, limit: None })
    }

    /// A text with data in it, and one without.
    fn failed_with_data(&self, detail: String, public: String) -> Stop {
        Box::new(ExecuteError { place: self.place(), detail, public, limit: None })
    }

    fn limited(&self, limit: Limit) -> Stop {
        let text = limit.to_string();
        Box::new(ExecuteError { place: self.place(), public: text.clone(), detail: text, limit: Some(limit) })
    }

    fn error_calling(&self, name: &str, error: FunctionError) -> Stop {
        match error {
            FunctionError::Limit(limit) => self.limited(limit),
            FunctionError::Failed { detail, public } => {
                let public = public.map(|public| format!(": {public}")).unwrap_or_default();
                self.failed_with_data(
                    format!("error calling {name}: {detail}"),
                    format!("error calling {name}{public}"),
                )
            }
        }
    }
}
