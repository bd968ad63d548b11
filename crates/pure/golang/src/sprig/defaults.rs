//! Defaults, choices and what the types of values are (source followed: `defaults.go` and `reflect.go` of
//! sprig v3.3.0).

use super::equal::deep_equal;
use crate::template::{Call, Function, FunctionError, Type, Value};

type Answer = Result<Value, FunctionError>;

const A: Type = Type::Any;
const S: Type = Type::String;

/// The functions of this module.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("default", &[A], |call| {
        let given = call.rest(1).first().filter(|given| given.is_true());
        Ok(given.unwrap_or(call.value(0)).clone())
    })
    .variadic(A),
    Function::new("empty", &[A], |call| Ok((!call.value(0).is_true()).into())),
    Function::new("coalesce", &[], |call| {
        Ok(call.arguments().iter().find(|value| value.is_true()).cloned().unwrap_or(Value::Nil))
    })
    .variadic(A),
    Function::new("all", &[], |call| Ok(call.arguments().iter().all(Value::is_true).into())).variadic(A),
    Function::new("any", &[], |call| Ok(call.arguments().iter().any(Value::is_true).into())).variadic(A),
    Function::new("ternary", &[A, A, Type::Bool], |call| {
        let index = if call.bool(2)? { 0 } else { 1 };
        Ok(call.value(index).clone())
    }),
    Function::new("fail", &[S], |call| Err(FunctionError::with_data(call.str(0)?))),
    Function::new("typeOf", &[A], |call| Ok(type_of(call.value(0)).into())),
    Function::new("typeIs", &[S, A], |call| Ok((call.str(0)? == type_of(call.value(1))).into())),
    Function::new("typeIsLike", &[S, A], |call| {
        let (wanted, found) = (call.str(0)?, type_of(call.value(1)));
        Ok((wanted == found || found.strip_prefix('*').is_some_and(|found| found == wanted)).into())
    }),
    Function::new("kindOf", &[A], |call| Ok(kind_of(call.value(0)).into())),
    Function::new("kindIs", &[S, A], |call| Ok((call.str(0)? == kind_of(call.value(1))).into())),
    Function::new("deepEqual", &[A, A], equal),
];

fn type_of(value: &Value) -> String {
    value.type_of().map_or_else(|| "<nil>".to_owned(), |found| found.to_string())
}

fn kind_of(value: &Value) -> &'static str {
    value.type_of().map_or("invalid", Type::kind)
}

fn equal(call: &mut Call<'_>) -> Answer {
    Ok(deep_equal(call, call.value(0), call.value(1))?.into())
}
