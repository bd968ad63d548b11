//! Templates against what Go makes of them.

mod calls;
mod control;
mod data;
mod functions;
mod leaks;
mod lexical;
mod limits;
mod printing;
mod syntax;

use super::{
    Call, Dict, Environment, ExecuteError, Function, FunctionError, Functions, Limits, List, Template, Type,
    Value,
};

/// A few functions with the parameter and result types that matter to the engine.
static FUNCTIONS: &[Function] = &[
    Function::new("list", &[], |call| Ok(Value::list(call.arguments().to_vec()))).variadic(Type::Any),
    Function::new("strs", &[], |call| Ok(Value::List(List::new(&Type::String, call.arguments().to_vec()))))
        .variadic(Type::String),
    Function::new("ints", &[], |call| Ok(Value::List(List::new(&Type::Int, call.arguments().to_vec()))))
        .variadic(Type::Int),
    Function::new("dict", &[], dict).variadic(Type::Any),
    Function::new("set", &[Type::Dict, Type::String, Type::Any], set),
    Function::new("size", &[Type::Dict], |call| Ok(Value::Int(i64::try_from(call.dict(0)?.len()).unwrap()))),
    Function::new("nothing", &[], |_| Ok(Value::Nil)),
    Function::new("nilstrs", &[], |_| Ok(Value::List(List::nil(&Type::String)))),
    Function::new("nildict", &[], |_| Ok(Value::Dict(Dict::nil()))),
    Function::new("boom", &[Type::String], |call| {
        Err(FunctionError::with_data(format!("boom {}", call.str(0)?)))
    }),
    Function::new("bytes", &[Type::String], |call| Ok(Value::Bytes(call.text(0)?.clone()))),
    Function::new("i64", &[Type::Int64], same),
    Function::new("u64", &[Type::Uint64], same),
    Function::new("u8", &[Type::Uint8], same),
    Function::new("i32", &[Type::Int32], same),
    Function::new("f64", &[Type::Float64], same),
    Function::new("flag", &[Type::Bool], same),
    Function::new("dur", &[Type::Duration], same),
    Function::new("clock", &[], |call| Ok(Value::from(call.now().to_string()))).nondeterministic(),
    Function::new("double", &[Type::String], double),
];

fn same(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    Ok(call.value(0).clone())
}

fn dict(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let mut entries = Vec::new();
    for pair in call.arguments().chunks_exact(2) {
        entries.push((call.sprint(&pair[..1])?, pair[1].clone()));
    }
    Ok(Value::dict(entries))
}

fn set(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let dict = call.dict(0)?;
    call.insert(&dict, call.text(1)?.clone(), call.value(2).clone())?;
    Ok(Value::Dict(dict))
}

fn double(call: &mut Call<'_>) -> Result<Value, FunctionError> {
    let text = call.text(0)?;
    call.reserve(2 * text.len())?;
    Ok(Value::String(text.as_bytes().repeat(2).into()))
}

fn functions() -> Functions {
    Functions::builtin().with(FUNCTIONS).with_refused("env", "it reads the environment")
}

fn data() -> Value {
    let entries: [(&str, &[u8]); 6] = [
        ("a", b"alpha"),
        ("b", b""),
        ("n", b"7"),
        ("x.y", b"dotted"),
        ("e", "é<&>'\"".as_bytes()),
        ("bin", b"\xff\x00z"),
    ];
    Value::map_of_strings(entries)
}

fn execute(template: &Template, limits: Limits) -> Result<Vec<u8>, ExecuteError> {
    let mut random = |buffer: &mut [u8]| buffer.fill(7);
    let environment = Environment { now: jiff::Timestamp::UNIX_EPOCH, random: &mut random, limits };
    template.execute(&data(), environment).map(|out| out.to_vec())
}

/// What the template `n` of this text gives: its output, or the text of its error.
fn answer(text: &str) -> String {
    let template = match Template::parse("n", text, &functions()) {
        Ok(template) => template,
        Err(error) => return error.to_string(),
    };
    match execute(&template, Limits::default()) {
        Ok(out) => String::from_utf8(out).unwrap(),
        Err(error) => error.detailed(),
    }
}

fn check(cases: &[(&str, &str)]) {
    for (text, expect) in cases {
        assert_eq!(answer(text), *expect, "{text}");
    }
}

#[test]
fn refused_functions_are_named_at_parsing() {
    check(&[
        ("\n{{env \"HOME\"}}", "template: n:2: function \"env\" is not supported: it reads the environment"),
        ("{{1i}}", "template: n:1: complex numbers are not supported"),
        ("{{1+2i}}", "template: n:1: complex numbers are not supported"),
    ]);
}

#[test]
fn output_is_bytes() {
    let template = Template::parse("n", r#"{{.bin}}{{slice .e 1 2}}{{"\xfe"}}"#, &functions()).unwrap();
    assert_eq!(execute(&template, Limits::default()).unwrap(), b"\xff\x00z\xa9\xfe");
}

#[test]
fn used_functions_are_told() {
    let check = |text: &str, used: &[&str], deterministic: bool| {
        let template = Template::parse("n", text, &functions()).unwrap();
        assert_eq!(template.functions_used().collect::<Vec<_>>(), used, "{text}");
        assert_eq!(template.is_deterministic(), deterministic, "{text}");
    };
    check("{{.a}}", &[], true);
    check("{{.a | print | len}}", &["len", "print"], true);
    check("{{if false}}{{clock}}{{end}}", &["clock"], false);
    check("{{define \"x\"}}{{print (clock)}}{{end}}", &["clock", "print"], false);
}
