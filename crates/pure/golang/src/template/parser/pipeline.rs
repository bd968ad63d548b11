//! Declarations, commands and their operands.

use super::{Item, Kind, ParseError, Parser};
use crate::strconv::{quote, unquote};
use crate::template::builtin;
use crate::template::function::Entry;
use crate::template::tree::{Callee, Command, Operand, OperandKind, Pipeline};

impl<'a> Parser<'a> {
    /// Up to and including an item of the kind `end`.
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipeline, ParseError> {
        let position = self.peek_non_space().position;
        let mut pipeline = Pipeline { position, assigns: false, variables: Vec::new(), commands: Vec::new() };
        while self.declaration(&mut pipeline, context)? {}
        loop {
            let item = self.next_non_space();
            match item.kind {
                kind if kind == end => {
                    self.check(&pipeline, context)?;
                    return Ok(pipeline);
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.back();
                    let command = self.command()?;
                    pipeline.commands.push(command);
                }
                _ => return self.unexpected(&item, context),
            }
        }
    }

    /// Reads `$x :=`, `$x =` or, in a range, `$x,`; true when another variable follows.
    fn declaration(&mut self, pipeline: &mut Pipeline, context: &str) -> Result<bool, ParseError> {
        let variable = self.peek_non_space();
        if variable.kind != Kind::Variable {
            return Ok(false);
        }
        self.next();
        // A space is an item, so it takes three of them to see that "$x foo" declares nothing.
        let after = self.peek();
        let next = self.peek_non_space();
        if matches!(next.kind, Kind::Assign | Kind::Declare) {
            pipeline.assigns = next.kind == Kind::Assign;
            self.next_non_space();
            self.declare(pipeline, variable);
            return Ok(false);
        }
        if next.kind == Kind::Char && next.text == "," {
            self.next_non_space();
            self.declare(pipeline, variable);
            if context == "range" && pipeline.variables.len() < 2 {
                let follows = self.peek_non_space().kind;
                if matches!(follows, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                    return Ok(true);
                }
                return self.error("range can only initialize variables");
            }
            return self.error(format_args!("too many declarations in {context}"));
        }
        if after.kind == Kind::Space {
            self.back_three(variable, after);
        } else {
            self.back_two(variable);
        }
        Ok(false)
    }

    fn declare(&mut self, pipeline: &mut Pipeline, variable: Item<'a>) {
        pipeline.variables.push(variable.text.clone().into_owned());
        self.scope.declare(variable.text);
    }

    fn check(&self, pipeline: &Pipeline, context: &str) -> Result<(), ParseError> {
        if pipeline.commands.is_empty() {
            return self.error(format_args!("missing value for {context}"));
        }
        // Only the first command can start with what cannot be called.
        for (index, command) in pipeline.commands.iter().enumerate().skip(1) {
            let first = command.words.first().map(|word| &word.kind);
            if first.is_some_and(is_constant) {
                return self.error(format_args!("non executable command in pipeline stage {}", index + 1));
            }
        }
        Ok(())
    }

    /// Operands with spaces between; takes the pipe character, leaves the right delimiter.
    fn command(&mut self) -> Result<Command, ParseError> {
        let mut command = Command { position: self.peek_non_space().position, words: Vec::new() };
        loop {
            self.peek_non_space();
            command.words.extend(self.operand()?);
            let item = self.next();
            match item.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.back(),
                Kind::Pipe => {}
                _ => return self.unexpected(&item, "operand"),
            }
            break;
        }
        if command.words.is_empty() {
            return self.error("empty command");
        }
        Ok(command)
    }

    /// A term and the fields behind it.
    fn operand(&mut self) -> Result<Option<Operand>, ParseError> {
        let Some(mut term) = self.term()? else {
            return Ok(None);
        };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(term));
        }
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            let item = self.next();
            fields.push(item.text.get(1..).unwrap_or_default().to_owned());
        }
        if is_constant(&term.kind) {
            return self.error(format_args!("unexpected . after term {}", quote(&term.to_string())));
        }
        match &mut term.kind {
            OperandKind::Field(names) | OperandKind::Variable(names) => {
                names.append(&mut fields);
                term.position = first.position;
                Ok(Some(term))
            }
            _ => {
                let kind = OperandKind::Chain { operand: Box::new(term), fields };
                Ok(Some(Operand { position: first.position, kind }))
            }
        }
    }

    fn term(&mut self) -> Result<Option<Operand>, ParseError> {
        let item = self.next_non_space();
        let position = item.position;
        let kind = match item.kind {
            Kind::Identifier => OperandKind::Identifier(self.callee(&item.text)?),
            Kind::Dot => OperandKind::Dot,
            Kind::Nil => OperandKind::Nil,
            Kind::Variable => {
                if !self.scope.declared.contains_key(&item.text) {
                    return self.error(format_args!("undefined variable {}", quote(&item.text)));
                }
                OperandKind::Variable(vec![item.text.into_owned()])
            }
            Kind::Field => OperandKind::Field(vec![item.text.get(1..).unwrap_or_default().to_owned()]),
            Kind::Bool => OperandKind::Bool(item.text == "true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => OperandKind::Number(self.constant(&item)?),
            Kind::LeftParen => {
                let pipeline =
                    self.deeper(|parser| parser.pipeline("parenthesized pipeline", Kind::RightParen))?;
                let position = pipeline.position;
                return Ok(Some(Operand { position, kind: OperandKind::Pipeline(Box::new(pipeline)) }));
            }
            Kind::String | Kind::RawString => match unquote(&item.text) {
                Some(text) => OperandKind::String { quoted: item.text.into_owned(), text: text.into() },
                None => return self.error("invalid syntax"),
            },
            _ => {
                self.back();
                return Ok(None);
            }
        };
        Ok(Some(Operand { position, kind }))
    }

    fn callee(&mut self, name: &str) -> Result<Callee, ParseError> {
        let callee = match self.functions.find_named(name) {
            Some((name, Entry::Function(function))) => Callee::plain(name, function),
            Some((_, Entry::Refused(why))) => {
                let (template, line) = (self.name.to_owned(), self.line());
                return Err(ParseError::Refused { template, line, function: name.to_owned(), why });
            }
            None => match builtin::find(name) {
                Some(callee) => callee,
                None => return self.error(format_args!("function {} not defined", quote(name))),
            },
        };
        self.parsed.called.insert(callee.name);
        self.parsed.deterministic &= callee.function.is_deterministic();
        Ok(callee)
    }
}

/// What cannot be called and has no fields.
fn is_constant(kind: &OperandKind) -> bool {
    match kind {
        OperandKind::Bool(_)
        | OperandKind::Dot
        | OperandKind::Nil
        | OperandKind::Number(_)
        | OperandKind::String { .. } => true,
        OperandKind::Field(_)
        | OperandKind::Variable(_)
        | OperandKind::Identifier(_)
        | OperandKind::Chain { .. }
        | OperandKind::Pipeline(_) => false,
    }
}
