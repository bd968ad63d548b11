//! What a template is made of, and how its parts are written back (source followed: `text/template/parse/node.go`).

use std::collections::BTreeMap;
use std::fmt;

use super::function::Function;
use super::text::Text;
use crate::strconv::quote;

/// All templates of a text, by name: those that it defines and the text itself.
pub(super) type Definitions = BTreeMap<String, List>;

/// Nodes in order.
#[derive(Debug)]
pub(super) struct List {
    pub(super) nodes: Vec<Node>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) position: usize,
    pub(super) kind: NodeKind,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Text(Text),
    Action(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template { name: String, pipeline: Option<Pipeline> },
    Break,
    Continue,
}

/// `if`, `with` or `range`.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipeline: Pipeline,
    pub(super) list: List,
    pub(super) otherwise: Option<List>,
}

#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) position: usize,
    /// `=` instead of `:=`.
    pub(super) assigns: bool,
    /// The variables that it declares or assigns to.
    pub(super) variables: Vec<String>,
    pub(super) commands: Vec<Command>,
}

/// A word and its arguments.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) position: usize,
    pub(super) words: Vec<Operand>,
}

#[derive(Debug)]
pub(super) struct Operand {
    pub(super) position: usize,
    pub(super) kind: OperandKind,
}

#[derive(Debug)]
pub(super) enum OperandKind {
    Bool(bool),
    Dot,
    Nil,
    Number(Number),
    String {
        quoted: String,
        text: Text,
    },
    /// `.a.b`.
    Field(Vec<String>),
    /// `$x.a.b`, the variable first.
    Variable(Vec<String>),
    Identifier(Callee),
    /// `(…).a.b` or `name.a.b`.
    Chain {
        operand: Box<Operand>,
        fields: Vec<String>,
    },
    /// `(…)`.
    Pipeline(Box<Pipeline>),
}

/// A number and what it can stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Number {
    pub(super) text: String,
    pub(super) int: Option<i64>,
    pub(super) uint: Option<u64>,
    pub(super) float: Option<f64>,
}

/// What a name calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Callee {
    /// As the template writes it.
    pub(super) name: &'static str,
    pub(super) function: &'static Function,
    pub(super) form: Form,
}

/// The built-in functions that are not called as others are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    And,
    Or,
    Call,
}

impl List {
    /// Whether it holds nothing but space.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.iter().all(|node| match &node.kind {
            NodeKind::Text(text) => text.to_str_lossy().trim().is_empty(),
            NodeKind::Action(_)
            | NodeKind::If(_)
            | NodeKind::With(_)
            | NodeKind::Range(_)
            | NodeKind::Template { .. }
            | NodeKind::Break
            | NodeKind::Continue => false,
        })
    }
}

impl fmt::Display for List {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nodes.iter().try_for_each(|node| write!(formatter, "{node}"))
    }
}

impl fmt::Display for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            NodeKind::Text(text) => formatter.write_str(&text.to_str_lossy()),
            NodeKind::Action(pipeline) => write!(formatter, "{{{{{pipeline}}}}}"),
            NodeKind::If(branch) => branch.write(formatter, "if"),
            NodeKind::With(branch) => branch.write(formatter, "with"),
            NodeKind::Range(branch) => branch.write(formatter, "range"),
            NodeKind::Template { name, pipeline: Some(pipeline) } => {
                write!(formatter, "{{{{template {} {pipeline}}}}}", quote(name))
            }
            NodeKind::Template { name, pipeline: None } => {
                write!(formatter, "{{{{template {}}}}}", quote(name))
            }
            NodeKind::Break => formatter.write_str("{{break}}"),
            NodeKind::Continue => formatter.write_str("{{continue}}"),
        }
    }
}

impl Branch {
    fn write(&self, formatter: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
        write!(formatter, "{{{{{word} {}}}}}{}", self.pipeline, self.list)?;
        if let Some(otherwise) = &self.otherwise {
            write!(formatter, "{{{{else}}}}{otherwise}")?;
        }
        formatter.write_str("{{end}}")
    }
}

impl fmt::Display for Pipeline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(formatter, "{} {sign} ", self.variables.join(", "))?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" | ")?;
            }
            write!(formatter, "{command}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.words.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            word.write_in_parentheses(formatter)?;
        }
        Ok(())
    }
}

impl Operand {
    fn write_in_parentheses(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            OperandKind::Pipeline(pipeline) => write!(formatter, "({pipeline})"),
            _ => write!(formatter, "{self}"),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            OperandKind::Bool(value) => write!(formatter, "{value}"),
            OperandKind::Dot => formatter.write_str("."),
            OperandKind::Nil => formatter.write_str("nil"),
            OperandKind::Number(number) => formatter.write_str(&number.text),
            OperandKind::String { quoted, .. } => formatter.write_str(quoted),
            OperandKind::Field(names) => names.iter().try_for_each(|name| write!(formatter, ".{name}")),
            OperandKind::Variable(names) => formatter.write_str(&names.join(".")),
            OperandKind::Identifier(callee) => formatter.write_str(callee.name),
            OperandKind::Chain { operand, fields } => {
                operand.write_in_parentheses(formatter)?;
                fields.iter().try_for_each(|name| write!(formatter, ".{name}"))
            }
            OperandKind::Pipeline(pipeline) => write!(formatter, "{pipeline}"),
        }
    }
}
