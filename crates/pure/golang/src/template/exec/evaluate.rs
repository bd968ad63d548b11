//! Pipelines, commands and operands into values.

use super::{At, Evaluated, Execution, Stop, Variable};
use crate::template::tree::{Command, Number, Operand, OperandKind, Pipeline};
use crate::template::types::Type;
use crate::template::value::Value;

impl<'t> Execution<'t, '_> {
    /// The value of a pipeline; its variables stay on the stack until the caller takes them off.
    pub(super) fn pipeline(&mut self, dot: &Evaluated, pipeline: &'t Pipeline) -> Result<Evaluated, Stop> {
        self.deeper(|execution| {
            execution.at = Some(At::Pipeline(pipeline));
            let mut value = None;
            for command in &pipeline.commands {
                // The value so far is the last argument of the next command.
                value = Some(execution.command(dot, command, value)?.dug());
            }
            let value = value.unwrap_or_else(Evaluated::missing);
            for name in &pipeline.variables {
                if pipeline.assigns {
                    execution.assign(name, value.clone())?;
                } else {
                    execution.variables.push(Variable { name, value: value.clone() });
                }
            }
            Ok(value)
        })
    }

    pub(super) fn assign(&mut self, name: &str, value: Evaluated) -> Result<(), Stop> {
        self.charge((self.variables.len() * (1 + name.len())) as u64 / 64)?;
        match self.variables.iter_mut().rev().find(|variable| variable.name == name) {
            Some(variable) => {
                variable.value = value;
                Ok(())
            }
            None => Err(self.failed(format!("undefined variable: {name}"))),
        }
    }

    fn variable(&mut self, name: &str) -> Result<Evaluated, Stop> {
        self.charge((self.variables.len() * (1 + name.len())) as u64 / 64)?;
        match self.variables.iter().rev().find(|variable| variable.name == name) {
            Some(variable) => Ok(variable.value.clone()),
            None => Err(self.failed(format!("undefined variable: {name}"))),
        }
    }

    fn command(
        &mut self,
        dot: &Evaluated,
        command: &'t Command,
        last: Option<Evaluated>,
    ) -> Result<Evaluated, Stop> {
        self.charge(1)?;
        let Some((first, _)) = command.words.split_first() else {
            return Ok(Evaluated::missing());
        };
        match &first.kind {
            OperandKind::Field(names) => self.field(dot, first, names, &command.words, last),
            OperandKind::Chain { operand, fields } => {
                self.chain(dot, first, operand, fields, &command.words, last)
            }
            OperandKind::Identifier(callee) => {
                self.at = Some(At::Operand(first));
                self.function(dot, callee, At::Command(command), &command.words, last)
            }
            OperandKind::Pipeline(pipeline) => {
                self.not_a_function(&command.words, last.as_ref())?;
                self.pipeline(dot, pipeline)
            }
            OperandKind::Variable(names) => self.variable_chain(dot, first, names, &command.words, last),
            OperandKind::Bool(_)
            | OperandKind::Dot
            | OperandKind::Nil
            | OperandKind::Number(_)
            | OperandKind::String { .. } => {
                self.at = Some(At::Operand(first));
                self.not_a_function(&command.words, last.as_ref())?;
                match &first.kind {
                    OperandKind::Nil => Err(self.failed("nil is not a command")),
                    OperandKind::Dot => Ok(dot.clone()),
                    _ => self.literal(first),
                }
            }
        }
    }

    fn not_a_function(&self, words: &'t [Operand], last: Option<&Evaluated>) -> Result<(), Stop> {
        match words.first() {
            Some(first) if words.len() > 1 || last.is_some() => {
                Err(self.failed(format!("can't give argument to non-function {first}")))
            }
            _ => Ok(()),
        }
    }

    /// A bool, number or string whose type nothing but its own syntax tells.
    fn literal(&mut self, operand: &'t Operand) -> Result<Evaluated, Stop> {
        self.at = Some(At::Operand(operand));
        Ok(Evaluated::of(match &operand.kind {
            OperandKind::Bool(value) => Value::Bool(*value),
            OperandKind::String { text, .. } => Value::String(text.clone()),
            OperandKind::Number(number) => self.ideal(number)?,
            _ => {
                return Err(
                    self.failed(format!("can't handle assignment of {operand} to empty interface argument"))
                );
            }
        }))
    }

    fn ideal(&self, number: &Number) -> Result<Value, Stop> {
        let text = &number.text;
        let hexadecimal = text.len() > 2 && (text.starts_with("0x") || text.starts_with("0X"));
        let integer = text.starts_with('\'') || (hexadecimal && !text.contains(['p', 'P']));
        match (number.float, number.int) {
            (Some(float), _) if !integer && text.contains(['.', 'e', 'E', 'p', 'P']) => {
                Ok(Value::Float64(float))
            }
            (_, Some(int)) => Ok(Value::Int(int)),
            _ => Err(self.failed(format!("{text} overflows int"))),
        }
    }

    /// `(operand).a.b`.
    fn chain(
        &mut self,
        dot: &Evaluated,
        whole: &'t Operand,
        operand: &'t Operand,
        fields: &'t [String],
        words: &'t [Operand],
        last: Option<Evaluated>,
    ) -> Result<Evaluated, Stop> {
        self.at = Some(At::Operand(whole));
        let receiver = self.argument_as_is(dot, operand)?;
        self.field_chain(dot, receiver, whole, fields, words, last)
    }

    /// `$x` or `$x.a.b`.
    fn variable_chain(
        &mut self,
        dot: &Evaluated,
        operand: &'t Operand,
        names: &'t [String],
        words: &'t [Operand],
        last: Option<Evaluated>,
    ) -> Result<Evaluated, Stop> {
        self.at = Some(At::Operand(operand));
        let Some((name, fields)) = names.split_first() else {
            return Ok(Evaluated::missing());
        };
        let value = self.variable(name)?;
        if fields.is_empty() {
            self.not_a_function(words, last.as_ref())?;
            return Ok(value);
        }
        self.field_chain(dot, value, operand, fields, words, last)
    }

    /// The operand's value where no type is asked for.
    fn argument_as_is(&mut self, dot: &Evaluated, operand: &'t Operand) -> Result<Evaluated, Stop> {
        self.at = Some(At::Operand(operand));
        self.charge(1)?;
        match &operand.kind {
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Field(names) => self.field(dot, operand, names, std::slice::from_ref(operand), None),
            OperandKind::Variable(names) => self.variable_chain(dot, operand, names, &[], None),
            OperandKind::Pipeline(pipeline) => self.pipeline(dot, pipeline),
            OperandKind::Identifier(callee) => self.function(dot, callee, At::Operand(operand), &[], None),
            OperandKind::Chain { operand: inner, fields } => {
                self.chain(dot, operand, inner, fields, &[], None)
            }
            OperandKind::Nil => Ok(Evaluated::missing()),
            OperandKind::Bool(_) | OperandKind::Number(_) | OperandKind::String { .. } => {
                self.literal(operand)
            }
        }
    }

    /// The operand as an argument for a parameter of the type `wanted`.
    pub(super) fn argument(
        &mut self,
        dot: &Evaluated,
        wanted: Type,
        operand: &'t Operand,
    ) -> Result<Value, Stop> {
        match &operand.kind {
            OperandKind::Nil => {
                self.at = Some(At::Operand(operand));
                if wanted.can_be_nil() {
                    return Ok(zero(wanted));
                }
                Err(self.failed(format!("cannot assign nil to {wanted}")))
            }
            OperandKind::Bool(_) | OperandKind::Number(_) | OperandKind::String { .. } => {
                self.at = Some(At::Operand(operand));
                self.charge(1)?;
                self.typed_literal(wanted, operand)
            }
            _ => {
                let value = self.argument_as_is(dot, operand)?;
                self.fitting(value, wanted)
            }
        }
    }

    fn typed_literal(&mut self, wanted: Type, operand: &'t Operand) -> Result<Value, Stop> {
        let expected = |what: &str| format!("expected {what}; found {operand}");
        let number = match &operand.kind {
            OperandKind::Number(number) => Some(number),
            _ => None,
        };
        let int = number.and_then(|number| number.int);
        let uint = number.and_then(|number| number.uint);
        let found = match wanted {
            Type::Any | Type::Reflected => return Ok(self.literal(operand)?.value),
            Type::Bool => match operand.kind {
                OperandKind::Bool(value) => Ok(Value::Bool(value)),
                _ => Err(expected("bool")),
            },
            Type::String => match &operand.kind {
                OperandKind::String { text, .. } => Ok(Value::String(text.clone())),
                _ => Err(expected("string")),
            },
            Type::Int => int.map(Value::Int).ok_or_else(|| expected("integer")),
            Type::Int64 => int.map(Value::Int64).ok_or_else(|| expected("integer")),
            Type::Duration => int.map(Value::Duration).ok_or_else(|| expected("integer")),
            // Go keeps the low bits of what is too large.
            #[expect(clippy::cast_possible_truncation, reason = "Go keeps the low bits, too")]
            Type::Int32 => int.map(|int| Value::Int32(int as i32)).ok_or_else(|| expected("integer")),
            #[expect(clippy::cast_possible_truncation, reason = "Go keeps the low bits, too")]
            Type::Uint8 => {
                uint.map(|uint| Value::Uint8(uint as u8)).ok_or_else(|| expected("unsigned integer"))
            }
            Type::Uint64 => uint.map(Value::Uint64).ok_or_else(|| expected("unsigned integer")),
            Type::Float64 => {
                number.and_then(|number| number.float).map(Value::Float64).ok_or_else(|| expected("float"))
            }
            Type::Bytes | Type::List(_) | Type::Dict | Type::StringMap | Type::Object(_) => {
                Err(format!("can't handle {operand} for arg of type {wanted}"))
            }
        };
        found.map_err(|text| self.failed(text))
    }

    /// The value as an argument for a parameter of the type `wanted`.
    pub(super) fn fitting(&self, value: Evaluated, wanted: Type) -> Result<Value, Stop> {
        match (value.value, wanted) {
            (Value::Missing, wanted) if wanted.can_be_nil() => Ok(zero(wanted)),
            (Value::Missing, wanted) => Err(self.failed(format!("invalid value; expected {wanted}"))),
            (value, Type::Any | Type::Reflected) => Ok(value),
            (value, wanted) => match value.type_of() {
                Some(kind) if kind == wanted => Ok(value),
                kind => {
                    let kind = kind.unwrap_or(Type::Any);
                    Err(self.failed(format!("wrong type for value; expected {wanted}; got {kind}")))
                }
            },
        }
    }
}

/// The zero value of a type that nil fits.
fn zero(wanted: Type) -> Value {
    match wanted {
        Type::Reflected => Value::Missing,
        Type::List(element) => Value::List(crate::template::List::nil(element)),
        Type::Dict => Value::Dict(crate::template::Dict::nil()),
        Type::Bytes => Value::Bytes(crate::template::Text::default()),
        Type::StringMap => Value::StringMap(crate::template::StringMap::default()),
        Type::Any
        | Type::Bool
        | Type::Int
        | Type::Int64
        | Type::Int32
        | Type::Uint8
        | Type::Uint64
        | Type::Float64
        | Type::Duration
        | Type::String
        | Type::Object(_) => Value::Nil,
    }
}
