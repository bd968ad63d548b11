//! Fields, map entries and methods.

use super::{At, Evaluated, Execution, Stop};
use crate::template::tree::Operand;
use crate::template::value::Value;

impl<'t> Execution<'t, '_> {
    /// `.a.b`, from dot.
    pub(super) fn field(
        &mut self,
        dot: &Evaluated,
        operand: &'t Operand,
        names: &'t [String],
        words: &'t [Operand],
        last: Option<Evaluated>,
    ) -> Result<Evaluated, Stop> {
        self.at = Some(At::Operand(operand));
        self.field_chain(dot, dot.clone(), operand, names, words, last)
    }

    /// One name after the other; the last one gets the arguments, should it be a method.
    pub(super) fn field_chain(
        &mut self,
        dot: &Evaluated,
        mut receiver: Evaluated,
        operand: &'t Operand,
        names: &'t [String],
        words: &'t [Operand],
        last: Option<Evaluated>,
    ) -> Result<Evaluated, Stop> {
        let Some((name, before)) = names.split_last() else {
            return Ok(receiver);
        };
        for name in before {
            receiver = self.member(dot, name, operand, &[], None, receiver)?;
        }
        self.member(dot, name, operand, words, last, receiver)
    }

    fn member(
        &mut self,
        dot: &Evaluated,
        name: &'t str,
        operand: &'t Operand,
        words: &'t [Operand],
        last: Option<Evaluated>,
        receiver: Evaluated,
    ) -> Result<Evaluated, Stop> {
        self.charge(1 + name.len() as u64 / 64)?;
        let has_arguments = words.len() > 1 || last.is_some();
        let found = match &receiver.value {
            Value::Missing => return Ok(Evaluated::missing()),
            Value::Nil => {
                return Err(self.failed(format!("nil pointer evaluating {}.{name}", receiver.type_name())));
            }
            Value::Dict(dict) => {
                dict.get(name.as_bytes()).map(|value| Evaluated { value, through_interface: true })
            }
            Value::StringMap(map) => {
                map.entries().get(name.as_bytes()).map(|text| Evaluated::of(Value::String(text.clone())))
            }
            Value::Object(object) => {
                if let Some(method) = object.method(name) {
                    return self.method(dot, method, object, operand, name, words, last);
                }
                let mut fields = object.fields().into_iter();
                let Some((_, value)) = fields.find(|(field, _)| *field == name) else {
                    return Err(self.no_field(name, &receiver));
                };
                if has_arguments {
                    return Err(
                        self.failed(format!("{name} has arguments but cannot be invoked as function"))
                    );
                }
                return Ok(Evaluated { through_interface: matches!(value, Value::Nil), value });
            }
            Value::Bool(_)
            | Value::Int(_)
            | Value::Int64(_)
            | Value::Int32(_)
            | Value::Uint8(_)
            | Value::Uint64(_)
            | Value::Float64(_)
            | Value::Duration(_)
            | Value::String(_)
            | Value::Bytes(_)
            | Value::List(_) => return Err(self.no_field(name, &receiver)),
        };
        if has_arguments {
            return Err(self.failed(format!("{name} is not a method but has arguments")));
        }
        Ok(found.unwrap_or_else(Evaluated::missing))
    }

    fn no_field(&self, name: &str, receiver: &Evaluated) -> Stop {
        self.failed(format!("can't evaluate field {name} in type {}", receiver.type_name()))
    }
}
