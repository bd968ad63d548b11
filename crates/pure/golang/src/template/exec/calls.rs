//! Calls of functions and methods.

use std::rc::Rc;

use super::{At, Evaluated, Execution, Stop};
use crate::template::call::{Call, FunctionError};
use crate::template::function::Function;
use crate::template::tree::{Callee, Form, Operand};
use crate::template::types::Type;
use crate::template::value::{Object, Value};

impl<'t> Execution<'t, '_> {
    /// `words` are the name and the arguments; none when the name stands as an argument itself.
    pub(super) fn function(
        &mut self,
        dot: &Evaluated,
        callee: &Callee,
        at: At<'t>,
        words: &'t [Operand],
        last: Option<Evaluated>,
    ) -> Result<Evaluated, Stop> {
        let words = words.get(1..).unwrap_or_default();
        self.check_count(callee.name, callee.function, words.len(), last.is_some())?;
        match callee.form {
            Form::Plain => {
                let arguments = self.arguments(dot, callee.function, words, last)?;
                self.run(callee.function, callee.name, None, &arguments, at)
            }
            Form::And => self.until(dot, words, last, false),
            Form::Or => self.until(dot, words, last, true),
            Form::Call => self.call_value(dot, callee, words, last, at),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a call is just that: who, what, where, with what")]
    pub(super) fn method(
        &mut self,
        dot: &Evaluated,
        method: &'static Function,
        receiver: &Rc<dyn Object>,
        operand: &'t Operand,
        name: &'t str,
        words: &'t [Operand],
        last: Option<Evaluated>,
    ) -> Result<Evaluated, Stop> {
        let words = words.get(1..).unwrap_or_default();
        self.check_count(name, method, words.len(), last.is_some())?;
        let arguments = self.arguments(dot, method, words, last)?;
        self.run(method, name, Some(receiver.as_ref()), &arguments, At::Operand(operand))
    }

    fn check_count(&self, name: &str, function: &Function, words: usize, last: bool) -> Result<(), Stop> {
        let wanted = function.parameters().len();
        let given = words + usize::from(last);
        if function.rest().is_some() {
            if given < wanted {
                // Go counts without the pipeline's value here.
                return Err(self
                    .failed(format!("wrong number of args for {name}: want at least {wanted} got {words}")));
            }
        } else if given != wanted {
            return Err(self.failed(format!("wrong number of args for {name}: want {wanted} got {given}")));
        }
        Ok(())
    }

    fn arguments(
        &mut self,
        dot: &Evaluated,
        function: &Function,
        words: &'t [Operand],
        last: Option<Evaluated>,
    ) -> Result<Vec<Value>, Stop> {
        let wanted =
            |index: usize| function.parameters().get(index).copied().or(function.rest()).unwrap_or(Type::Any);
        let mut arguments = Vec::with_capacity(words.len() + 1);
        for (index, word) in words.iter().enumerate() {
            arguments.push(self.argument(dot, wanted(index), word)?);
        }
        if let Some(last) = last {
            arguments.push(self.fitting(last, wanted(words.len()))?);
        }
        Ok(arguments)
    }

    fn run(
        &mut self,
        function: &Function,
        name: &str,
        receiver: Option<&dyn Object>,
        arguments: &[Value],
        at: At<'t>,
    ) -> Result<Evaluated, Stop> {
        let size: usize = arguments.iter().map(Value::size).sum();
        self.charge(1 + size as u64 / 64)?;
        let mut call = Call {
            name: function.name(),
            arguments,
            receiver,
            budget: &mut self.budget,
            now: self.now,
            random: &mut *self.random,
        };
        let result = (function.body())(&mut call).and_then(|value| self.accepted(value));
        result.map(Evaluated::of).map_err(|error| {
            self.at = Some(at);
            self.error_calling(name, error)
        })
    }

    /// The result of a function, paid for, and not nested too deep.
    fn accepted(&mut self, value: Value) -> Result<Value, FunctionError> {
        self.budget.reserve(value.size())?;
        if value.depth() > self.budget.limits().depth {
            return Err(crate::template::Limit::Depth.into());
        }
        Ok(value)
    }

    /// `and` and `or`: the first argument whose truth is `truth`, or the last one; what follows it is not
    /// evaluated.
    fn until(
        &mut self,
        dot: &Evaluated,
        words: &'t [Operand],
        last: Option<Evaluated>,
        truth: bool,
    ) -> Result<Evaluated, Stop> {
        let mut value = Value::Missing;
        for word in words {
            value = self.argument(dot, Type::Reflected, word)?;
            if value.is_true() == truth {
                return Ok(Evaluated::of(value));
            }
        }
        match last {
            Some(last) => Ok(Evaluated::of(self.fitting(last, Type::Reflected)?)),
            None => Ok(Evaluated::of(value)),
        }
    }

    /// `call`: no value of a template is a function, so this fails as Go does for such values.
    fn call_value(
        &mut self,
        dot: &Evaluated,
        callee: &Callee,
        words: &'t [Operand],
        last: Option<Evaluated>,
        at: At<'t>,
    ) -> Result<Evaluated, Stop> {
        let arguments = self.arguments(dot, callee.function, words, last)?;
        let called = arguments.first().unwrap_or(&Value::Missing);
        let error = match (called.type_of(), words.first()) {
            (None, _) => FunctionError::new("call of nil"),
            (Some(kind), Some(word)) => FunctionError::new(format!("non-function {word} of type {kind}")),
            (Some(kind), None) => {
                let name = match called {
                    Value::String(text) => text.to_str_lossy().into_owned(),
                    _ => format!("<{kind} Value>"),
                };
                FunctionError::with_data_or(
                    format!("non-function {name} of type {kind}"),
                    format!("non-function of type {kind}"),
                )
            }
        };
        self.at = Some(at);
        Err(self.error_calling(callee.name, error))
    }
}
