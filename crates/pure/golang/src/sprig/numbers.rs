//! sprig's arithmetic (source followed: `numeric.go` and `functions.go` of sprig v3.3.0).

use super::convert::{float64, int64};
use super::decimal::Decimal;
use crate::strconv;
use crate::template::{Call, Function, FunctionError, List, Type, Value};

type Answer = Result<Value, FunctionError>;

const A: Type = Type::Any;
const I: Type = Type::Int;

/// The functions of this module.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("atoi", &[Type::String], |call| Ok(Value::Int(atoi(&call.str(0)?)))),
    Function::new("int", &[A], |call| Ok(Value::Int(int64(call.value(0))))),
    Function::new("int64", &[A], |call| Ok(Value::Int64(int64(call.value(0))))),
    Function::new("float64", &[A], |call| Ok(Value::Float64(float64(call.value(0))))),
    Function::new("toDecimal", &[A], |call| {
        let text = call.sprint(std::slice::from_ref(call.value(0)))?;
        let text = str::from_utf8(&text).unwrap_or_default();
        Ok(Value::Int64(strconv::parse_int(text, 8).unwrap_or_default()))
    }),
    Function::new("add1", &[A], |call| Ok(Value::Int64(int64(call.value(0)).wrapping_add(1)))),
    Function::new("add", &[], |call| fold(call, 0, i64::wrapping_add)).variadic(A),
    Function::new("sub", &[A, A], |call| {
        Ok(Value::Int64(int64(call.value(0)).wrapping_sub(int64(call.value(1)))))
    }),
    Function::new("mul", &[A], |call| fold(call, 1, i64::wrapping_mul)).variadic(A),
    Function::new("div", &[A, A], |call| divided(call, i64::wrapping_div)),
    Function::new("mod", &[A, A], |call| divided(call, i64::wrapping_rem)),
    Function::new("max", &[A], |call| fold(call, i64::MIN, i64::max)).variadic(A),
    Function::new("biggest", &[A], |call| fold(call, i64::MIN, i64::max)).variadic(A),
    Function::new("min", &[A], |call| fold(call, i64::MAX, i64::min)).variadic(A),
    Function::new("maxf", &[A], |call| extreme(call, true)).variadic(A),
    Function::new("minf", &[A], |call| extreme(call, false)).variadic(A),
    Function::new("floor", &[A], |call| Ok(Value::Float64(float64(call.value(0)).floor()))),
    Function::new("ceil", &[A], |call| Ok(Value::Float64(float64(call.value(0)).ceil()))),
    Function::new("round", &[A, I], round).variadic(Type::Float64),
    Function::new("add1f", &[A], |call| {
        let sum = Decimal::from_float(float64(call.value(0)))?.add(&Decimal::from_float(1.0)?);
        Ok(Value::Float64(sum.to_float()))
    }),
    Function::new("addf", &[], |call| decimal(call, Some(0.0), |left, right| Ok(left.add(right))))
        .variadic(A),
    Function::new("subf", &[A], |call| decimal(call, None, |left, right| Ok(left.sub(right)))).variadic(A),
    Function::new("mulf", &[A], |call| decimal(call, None, |left, right| Ok(left.mul(right)))).variadic(A),
    Function::new("divf", &[A], |call| decimal(call, None, Decimal::div)).variadic(A),
    Function::new("until", &[I], |call| {
        let count = call.int(0)?;
        integers(call, 0, count, if count < 0 { -1 } else { 1 })
    }),
    Function::new("untilStep", &[I, I, I], |call| {
        let (start, stop, step) = (call.int(0)?, call.int(1)?, call.int(2)?);
        integers(call, start, stop, step)
    }),
    Function::new("seq", &[], seq).variadic(I),
];

/// `strconv.Atoi` whose error nobody looks at: the nearest number when it is too large.
fn atoi(text: &str) -> i64 {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX })
}

fn fold(call: &mut Call<'_>, start: i64, operation: fn(i64, i64) -> i64) -> Answer {
    Ok(Value::Int64(call.arguments().iter().map(int64).fold(start, operation)))
}

fn divided(call: &mut Call<'_>, operation: fn(i64, i64) -> i64) -> Answer {
    let (left, right) = (int64(call.value(0)), int64(call.value(1)));
    if right == 0 {
        return Err(FunctionError::new("runtime error: integer divide by zero"));
    }
    Ok(Value::Int64(operation(left, right)))
}

/// `math.Max` and `math.Min`: unlike Rust's they let NaN win, unless there is an infinity on their side.
fn extreme(call: &mut Call<'_>, largest: bool) -> Answer {
    let limit = if largest { f64::INFINITY } else { f64::NEG_INFINITY };
    let pick = |left: f64, right: f64| {
        if left == limit || right == limit {
            limit
        } else if left.is_nan() || right.is_nan() {
            f64::NAN
        } else if left == 0.0 && right == 0.0 {
            if left.is_sign_negative() == largest { right } else { left }
        } else if (left > right) == largest {
            left
        } else {
            right
        }
    };
    let first = float64(call.value(0));
    Ok(Value::Float64(call.rest(1).iter().map(float64).fold(first, pick)))
}

fn round(call: &mut Call<'_>) -> Answer {
    let (value, places) = (float64(call.value(0)), call.int(1)?);
    let round_on = if call.arguments().len() > 2 { call.float(2)? } else { 0.5 };
    let places = i32::try_from(places).unwrap_or(if places < 0 { i32::MIN } else { i32::MAX });
    let power = if places < 0 { 1.0 / 10_f64.powi(places.saturating_neg()) } else { 10_f64.powi(places) };
    let digit = power * value;
    // `math.Modf` has no fraction for an infinity but NaN.
    let fraction = if digit.is_infinite() { f64::NAN } else { digit.fract() };
    let rounded = if fraction >= round_on { digit.ceil() } else { digit.floor() };
    Ok(Value::Float64(rounded / power))
}

/// Go's `execDecimalOp`: from left to right in decimals, then back to a float.
fn decimal(
    call: &mut Call<'_>,
    start: Option<f64>,
    operation: impl Fn(&Decimal, &Decimal) -> Result<Decimal, FunctionError>,
) -> Answer {
    let skip = usize::from(start.is_none());
    let mut result = Decimal::from_float(start.unwrap_or_else(|| float64(call.value(0))))?;
    for value in call.rest(skip) {
        call.charge(result.cost())?;
        result = operation(&result, &Decimal::from_float(float64(value))?)?;
    }
    call.charge(result.cost())?;
    Ok(Value::Float64(result.to_float()))
}

/// The numbers from `start` up or down to `stop`, which is left out. Paid for before they are made.
fn steps(call: &mut Call<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, FunctionError> {
    let (distance, step) = (i128::from(stop) - i128::from(start), i128::from(step));
    let backwards = distance < 0;
    if step == 0 || distance == 0 || backwards != (step < 0) {
        return Ok(Vec::new());
    }
    let count = distance.unsigned_abs().div_ceil(step.unsigned_abs());
    let size = usize::try_from(count).unwrap_or(usize::MAX);
    call.reserve(size.saturating_mul(size_of::<Value>()))?;
    let count = i128::try_from(count).unwrap_or(i128::MAX);
    Ok((0..count).filter_map(|index| i64::try_from(i128::from(start) + index * step).ok()).collect())
}

fn integers(call: &mut Call<'_>, start: i64, stop: i64, step: i64) -> Answer {
    let numbers = steps(call, start, stop, step)?;
    Ok(Value::List(List::new(&I, numbers.into_iter().map(Value::Int).collect())))
}

fn seq(call: &mut Call<'_>) -> Answer {
    let numbers = (0..call.arguments().len()).map(|index| call.int(index)).collect::<Result<Vec<_>, _>>()?;
    let direction = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (start, step, end) = match *numbers.as_slice() {
        [end] => (1, direction(1, end), end),
        [start, end] => (start, direction(start, end), end),
        [start, step, end] if end < start && step > 0 => return Ok("".into()),
        [start, step, end] => (start, step, end),
        _ => return Ok("".into()),
    };
    let numbers = steps(call, start, end.wrapping_add(direction(start, end)), step)?;
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Ok(texts.join(" ").into())
}
