//! `encoding/json`: reading into and writing from the values of templates.

mod decode;
mod encode;

use self::encode::Style;
use crate::template::{Call, Function, FunctionError, Type, Value};

type Answer = Result<Value, FunctionError>;

const A: Type = Type::Any;
const S: Type = Type::String;

/// The functions of this module.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("fromJson", &[S], |call| Ok(decode::decode(call, call.text(0)?.as_bytes())?.0)),
    Function::new("mustFromJson", &[S], |call| {
        let (value, problem) = decode::decode(call, call.text(0)?.as_bytes())?;
        problem.map_or(Ok(value), |problem| Err(FunctionError::with_data_or(problem, "the text is not JSON")))
    }),
    Function::new("toJson", &[A], |call| encode_or_nothing(call, Style { pretty: false, html: true })),
    Function::new("mustToJson", &[A], |call| encode(call, Style { pretty: false, html: true })),
    Function::new("toPrettyJson", &[A], |call| encode_or_nothing(call, Style { pretty: true, html: true })),
    Function::new("mustToPrettyJson", &[A], |call| encode(call, Style { pretty: true, html: true })),
    Function::new("toRawJson", &[A], |call| encode(call, Style { pretty: false, html: false })),
    Function::new("mustToRawJson", &[A], |call| encode(call, Style { pretty: false, html: false })),
];

fn encode(call: &mut Call<'_>, style: Style) -> Answer {
    Ok(encode::encode(call, call.value(0), style)?.into())
}

/// sprig swallows the error and gives the empty text; a limit is still a limit.
fn encode_or_nothing(call: &mut Call<'_>, style: Style) -> Answer {
    match encode(call, style) {
        Err(FunctionError::Failed { .. }) => Ok("".into()),
        other => other,
    }
}
