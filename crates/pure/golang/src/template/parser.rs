//! Items into a tree (source followed: `text/template/parse/parse.go`).

mod control;
mod number;
mod pipeline;

use std::borrow::Cow;
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};

use super::error::ParseError;
use super::function::Functions;
use super::lexer::{Item, Kind, Lexer};
use super::tree::{Definitions, List, Node, NodeKind};
use crate::strconv::{quote, unquote};

/// How deep controls and parentheses may nest.
pub(super) const MAX_DEPTH: usize = 100;

/// What parsing gives.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) definitions: Definitions,
    /// The names of all functions called.
    pub(super) called: BTreeSet<&'static str>,
    pub(super) deterministic: bool,
}

pub(super) fn parse(name: &str, text: &str, functions: &Functions) -> Result<Parsed, ParseError> {
    let mut parser = Parser {
        name,
        functions,
        lexer: Lexer::new(text),
        scope: Scope::new(),
        depth: 0,
        parsed: Parsed { definitions: Definitions::new(), called: BTreeSet::new(), deterministic: true },
    };
    let root = parser.root()?;
    let line = parser.line();
    parser.add(name.to_owned(), root, line)?;
    Ok(parser.parsed)
}

pub(super) struct Parser<'a> {
    name: &'a str,
    functions: &'a Functions,
    lexer: Lexer<'a>,
    scope: Scope<'a>,
    depth: usize,
    parsed: Parsed,
}

/// What belongs to one definition: Go parses each as a tree of its own.
struct Scope<'a> {
    /// Items read ahead, the last one at index 0.
    tokens: [Item<'a>; 3],
    peeked: usize,
    /// The variables that are declared, in order, and how often each.
    variables: Vec<Cow<'a, str>>,
    declared: BTreeMap<Cow<'a, str>, usize>,
    /// The line where the current action starts; 0 outside.
    action_line: usize,
    ranges: usize,
}

impl<'a> Scope<'a> {
    fn new() -> Self {
        let nothing = Item { kind: Kind::Error, position: 0, text: Cow::Borrowed(""), line: 0 };
        let mut scope = Self {
            tokens: [nothing.clone(), nothing.clone(), nothing],
            peeked: 0,
            variables: Vec::new(),
            declared: BTreeMap::new(),
            action_line: 0,
            ranges: 0,
        };
        scope.declare(Cow::Borrowed("$"));
        scope
    }

    fn declare(&mut self, name: Cow<'a, str>) {
        *self.declared.entry(name.clone()).or_default() += 1;
        self.variables.push(name);
    }

    /// Forgets all variables but the first `count`.
    fn forget(&mut self, count: usize) {
        while self.variables.len() > count {
            let Some(name) = self.variables.pop() else { return };
            if let Slot::Occupied(mut slot) = self.declared.entry(name) {
                *slot.get_mut() -= 1;
                if *slot.get() == 0 {
                    slot.remove();
                }
            }
        }
    }
}

/// A node, or what ends a list of them.
enum Part {
    Node(Node),
    End,
    Else,
}

impl Part {
    fn text(&self) -> Option<&'static str> {
        match self {
            Self::Node(_) => None,
            Self::End => Some("{{end}}"),
            Self::Else => Some("{{else}}"),
        }
    }
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Item<'a> {
        match self.scope.peeked.checked_sub(1) {
            Some(peeked) => self.scope.peeked = peeked,
            None => self.read(),
        }
        self.token()
    }

    fn read(&mut self) {
        let [last, ..] = &mut self.scope.tokens;
        *last = self.lexer.next_item();
    }

    /// The item at the current place of the look-ahead.
    fn token(&self) -> Item<'a> {
        let [first, second, third] = &self.scope.tokens;
        match self.scope.peeked {
            0 => first.clone(),
            1 => second.clone(),
            _ => third.clone(),
        }
    }

    fn back(&mut self) {
        self.scope.peeked += 1;
    }

    /// Goes back two items, of which `second` was read first.
    fn back_two(&mut self, second: Item<'a>) {
        let [_, one, _] = &mut self.scope.tokens;
        *one = second;
        self.scope.peeked = 2;
    }

    /// Goes back three items, of which `third` was read first.
    fn back_three(&mut self, third: Item<'a>, second: Item<'a>) {
        let [_, one, two] = &mut self.scope.tokens;
        *one = second;
        *two = third;
        self.scope.peeked = 3;
    }

    fn peek(&mut self) -> Item<'a> {
        if self.scope.peeked == 0 {
            self.read();
            self.scope.peeked = 1;
        }
        let item = self.next();
        self.back();
        item
    }

    fn next_non_space(&mut self) -> Item<'a> {
        loop {
            let item = self.next();
            if item.kind != Kind::Space {
                return item;
            }
        }
    }

    fn peek_non_space(&mut self) -> Item<'a> {
        let item = self.next_non_space();
        self.back();
        item
    }

    /// The line that error texts name: where the last item read starts.
    fn line(&self) -> usize {
        let [last, ..] = &self.scope.tokens;
        last.line
    }

    fn error<T>(&self, text: impl std::fmt::Display) -> Result<T, ParseError> {
        Err(ParseError::Malformed(format!("template: {}:{}: {text}", self.name, self.line())))
    }

    fn unsupported<T>(&self, what: &'static str) -> Result<T, ParseError> {
        Err(ParseError::Unsupported { template: self.name.to_owned(), line: self.line(), what })
    }

    fn unexpected<T>(&self, item: &Item<'_>, context: &str) -> Result<T, ParseError> {
        if item.kind != Kind::Error {
            return self.error(format_args!("unexpected {item} in {context}"));
        }
        let start = self.scope.action_line;
        if start == 0 || start == item.line {
            return self.error(item);
        }
        // Not "action in action".
        let place = if item.text.ends_with(" action") { "" } else { " in action" };
        self.error(format_args!("{item}{place} started at {}:{start}", self.name))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Item<'a>, ParseError> {
        let item = self.next_non_space();
        if item.kind == kind { Ok(item) } else { self.unexpected(&item, context) }
    }

    /// One level down for the time of `work`.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        if self.depth >= MAX_DEPTH {
            return self.unsupported("nested deeper than 100 levels");
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// Parses in a scope of its own.
    fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        let outer = std::mem::replace(&mut self.scope, Scope::new());
        let result = work(self);
        self.scope = outer;
        result
    }

    /// The text itself, with its definitions taken out.
    fn root(&mut self) -> Result<List, ParseError> {
        let mut nodes = Vec::new();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelim {
                let delim = self.next();
                if self.next_non_space().kind == Kind::Define {
                    self.scoped(Self::definition)?;
                    continue;
                }
                self.back_two(delim);
            }
            match self.part()? {
                Part::Node(node) => nodes.push(node),
                end => return self.error(format_args!("unexpected {}", end.text().unwrap_or_default())),
            }
        }
        Ok(List { nodes })
    }

    fn definition(&mut self) -> Result<(), ParseError> {
        const CONTEXT: &str = "define clause";
        let item = self.next_non_space();
        let name = self.template_name(&item, CONTEXT)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        let (list, end) = self.list()?;
        self.must_end(&end, CONTEXT)?;
        let line = self.line();
        self.add(name, list, line)
    }

    fn must_end(&self, end: &Part, context: &str) -> Result<(), ParseError> {
        match end {
            Part::End => Ok(()),
            other => self.error(format_args!("unexpected {} in {context}", other.text().unwrap_or_default())),
        }
    }

    /// Takes in a definition that ends on `line`; one that is empty gives way to any other.
    fn add(&mut self, name: String, list: List, line: usize) -> Result<(), ParseError> {
        match self.parsed.definitions.get(&name) {
            Some(known) if !known.is_empty() => {
                if list.is_empty() {
                    return Ok(());
                }
                let text = format_args!("template: multiple definition of template {}", quote(&name));
                Err(ParseError::Malformed(format!("template: {}:{line}: {text}", self.name)))
            }
            _ => {
                self.parsed.definitions.insert(name, list);
                Ok(())
            }
        }
    }

    fn template_name(&mut self, item: &Item<'_>, context: &str) -> Result<String, ParseError> {
        if !matches!(item.kind, Kind::String | Kind::RawString) {
            return self.unexpected(item, context);
        }
        match unquote(&item.text) {
            Some(name) => Ok(String::from_utf8_lossy(&name).into_owned()),
            None => self.error("invalid syntax"),
        }
    }

    /// Nodes up to `end` or `else`, and which of them came.
    fn list(&mut self) -> Result<(List, Part), ParseError> {
        let mut nodes = Vec::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.part()? {
                Part::Node(node) => nodes.push(node),
                end => return Ok((List { nodes }, end)),
            }
        }
        self.error("unexpected EOF")
    }

    fn part(&mut self) -> Result<Part, ParseError> {
        let item = self.next_non_space();
        match item.kind {
            Kind::Text => {
                let kind = NodeKind::Text(item.text.as_ref().into());
                Ok(Part::Node(Node { position: item.position, kind }))
            }
            Kind::LeftDelim => {
                self.scope.action_line = item.line;
                let part = self.action()?;
                self.scope.action_line = 0;
                Ok(part)
            }
            _ => self.unexpected(&item, "input"),
        }
    }
}
