//! `range`.

use super::{At, Evaluated, Execution, Flow, Node, Stop};
use crate::fmt::print_formatted;
use crate::sink::Sink;
use crate::template::tree::Branch;
use crate::template::types::Type;
use crate::template::value::Value;

impl<'t> Execution<'t, '_> {
    pub(super) fn range(
        &mut self,
        dot: &Evaluated,
        branch: &'t Branch,
        node: &'t Node,
    ) -> Result<Flow, Stop> {
        self.at = Some(At::Node(node));
        self.deeper(|execution| {
            let mark = execution.variables.len();
            let value = execution.pipeline(dot, &branch.pipeline)?;
            let flow = if execution.iterate(&value.value, branch)? {
                Flow::Through
            } else {
                match &branch.otherwise {
                    Some(otherwise) => execution.walk(dot, otherwise)?,
                    None => Flow::Through,
                }
            };
            execution.variables.truncate(mark);
            // In the else part, a continue goes on with the range around this one; a break goes no further than
            // here, as in Go.
            Ok(if flow == Flow::Break { Flow::Through } else { flow })
        })
    }

    /// Whether there was anything to iterate over.
    fn iterate(&mut self, value: &Value, branch: &'t Branch) -> Result<bool, Stop> {
        match value {
            Value::Missing => Ok(false),
            Value::Int(count) => self.count(value, *count, Value::Int, branch),
            Value::Int64(count) => self.count(value, *count, Value::Int64, branch),
            Value::Duration(count) => self.count(value, *count, Value::Duration, branch),
            Value::Int32(count) => self.count(
                value,
                i64::from(*count),
                |at| Value::Int32(at.try_into().unwrap_or_default()),
                branch,
            ),
            Value::Uint8(count) => self.count(
                value,
                i64::from(*count),
                |at| Value::Uint8(at.try_into().unwrap_or_default()),
                branch,
            ),
            Value::Uint64(count) => {
                let limit = i64::try_from(*count).unwrap_or(i64::MAX);
                self.count(value, limit, |at| Value::Uint64(at.try_into().unwrap_or_default()), branch)
            }
            Value::Bytes(bytes) => {
                let items = bytes.as_bytes().iter().map(|byte| Evaluated::of(Value::Uint8(*byte)));
                self.each(indexed(items), branch)
            }
            Value::List(list) => {
                let through_interface = *list.element() == Type::Any;
                let items =
                    list.items().iter().map(|item| Evaluated { value: item.clone(), through_interface });
                self.each(indexed(items), branch)
            }
            Value::Dict(dict) => {
                // The map can change on the way, so its entries are taken out first.
                self.charge(dict.len() as u64 / 4)?;
                let entries = dict
                    .entries()
                    .into_iter()
                    .map(|(key, value)| (Value::String(key), Evaluated { value, through_interface: true }));
                self.each(entries, branch)
            }
            Value::StringMap(map) => {
                let entries = map.entries().iter().map(|(key, value)| {
                    (Value::String(key.clone()), Evaluated::of(Value::String(value.clone())))
                });
                self.each(entries, branch)
            }
            Value::Nil | Value::Bool(_) | Value::Float64(_) | Value::String(_) | Value::Object(_) => {
                let kind = value.type_of().map(|kind| kind.to_string()).unwrap_or_default();
                let public = format!("range can't iterate over a value of type {kind}");
                Err(self.failed_with_data(format!("range can't iterate over {}", shown(value)), public))
            }
        }
    }

    /// From 0 to below `count`.
    fn count(
        &mut self,
        value: &Value,
        count: i64,
        element: impl Fn(i64) -> Value,
        branch: &'t Branch,
    ) -> Result<bool, Stop> {
        if branch.pipeline.variables.len() > 1 {
            let end = "to iterate over more than one variable";
            let kind = value.type_of().map(|kind| kind.to_string()).unwrap_or_default();
            let public = format!("can't use a value of type {kind} {end}");
            return Err(self.failed_with_data(format!("can't use {} {end}", shown(value)), public));
        }
        self.each((0..count).map(|at| (Value::Missing, Evaluated::of(element(at)))), branch)
    }

    fn each(
        &mut self,
        entries: impl Iterator<Item = (Value, Evaluated)>,
        branch: &'t Branch,
    ) -> Result<bool, Stop> {
        let mark = self.variables.len();
        let mut any = false;
        for (index, element) in entries {
            any = true;
            self.charge(1)?;
            self.bind(Evaluated::of(index), &element, branch)?;
            let flow = self.walk(&element, &branch.list)?;
            self.variables.truncate(mark);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(any)
    }

    /// Sets the variables of the range: with one, the element; with two, the index comes first.
    fn bind(&mut self, index: Evaluated, element: &Evaluated, branch: &'t Branch) -> Result<(), Stop> {
        let pipeline = &branch.pipeline;
        let values = match pipeline.variables.len() {
            0 => return Ok(()),
            1 => vec![element.clone()],
            _ => vec![index, element.clone()],
        };
        if pipeline.assigns {
            for (name, value) in pipeline.variables.iter().zip(values) {
                self.assign(name, value)?;
            }
            return Ok(());
        }
        let top = self.variables.len().saturating_sub(values.len());
        for (variable, value) in self.variables.iter_mut().skip(top).zip(values) {
            variable.value = value;
        }
        Ok(())
    }
}

fn indexed(items: impl Iterator<Item = Evaluated>) -> impl Iterator<Item = (Value, Evaluated)> {
    items.enumerate().map(|(at, item)| (Value::Int(i64::try_from(at).unwrap_or(i64::MAX)), item))
}

/// A value as Go's `%v` quotes it in an error.
fn shown(value: &Value) -> String {
    const ENOUGH: usize = 1 << 20;
    let mut out = Sink::new(ENOUGH);
    print_formatted(&mut out, b"%v", std::slice::from_ref(value));
    String::from_utf8_lossy(&out.into_bytes()).into_owned()
}
