//! sprig's functions on dates, and what a time can be asked for (source followed: `date.go` of sprig v3.3.0).

use std::any::Any;
use std::rc::Rc;

use super::format::{day_name, format, month_name};
use super::time::{Time, Zone};
use super::{duration, parse};
use crate::strconv;
use crate::template::{Call, Function, FunctionError, Object, Type, Value, duration_text};

type Answer = Result<Value, FunctionError>;

const A: Type = Type::Any;
const S: Type = Type::String;
const TIME: &str = "time.Time";
const T: Type = Type::Object(TIME);
const DATE: &str = "2006-01-02";

/// The functions of this module. Those that fall back to the present time are marked for it, whatever they
/// are given.
pub(in super::super) static FUNCTIONS: &[Function] = &[
    Function::new("now", &[], |call| Ok(value(now(call)))).nondeterministic(),
    Function::new("date", &[S, A], |call| shown(call, Some(0), 1, None)).nondeterministic(),
    Function::new("dateInZone", &[S, A, S], |call| shown(call, Some(0), 1, Some(2))).nondeterministic(),
    Function::new("date_in_zone", &[S, A, S], |call| shown(call, Some(0), 1, Some(2))).nondeterministic(),
    Function::new("htmlDate", &[A], |call| shown(call, None, 0, None)).nondeterministic(),
    Function::new("htmlDateInZone", &[A, S], |call| shown(call, None, 0, Some(1))).nondeterministic(),
    Function::new("dateModify", &[S, T], |call| modified(call, false)),
    Function::new("date_modify", &[S, T], |call| modified(call, false)),
    Function::new("mustDateModify", &[S, T], |call| modified(call, true)),
    Function::new("must_date_modify", &[S, T], |call| modified(call, true)),
    Function::new("toDate", &[S, S], |call| Ok(value(read(call)?.unwrap_or_else(|_| Time::zero())))),
    Function::new("mustToDate", &[S, S], |call| {
        let read = read(call)?;
        read.map(value).map_err(|why| FunctionError::with_data_or(why, "the time does not fit its layout"))
    }),
    Function::new("unixEpoch", &[T], |call| Ok(argument(call, 0)?.seconds.to_string().into())),
    Function::new("ago", &[A], |call| {
        let now = now(call);
        let time = time_or_seconds(call.value(0), false).unwrap_or_else(|| now.clone());
        Ok(duration_text(duration::round_to_seconds(now.since(&time))).into())
    })
    .nondeterministic(),
    Function::new("duration", &[A], |call| {
        let seconds = match call.value(0) {
            Value::Int64(seconds) => *seconds,
            Value::String(text) => clamped(text.as_str().unwrap_or_default()),
            _ => 0,
        };
        Ok(duration_text(seconds.wrapping_mul(1_000_000_000)).into())
    }),
    Function::new("durationRound", &[A], |call| {
        let length = match call.value(0) {
            Value::Int64(nanoseconds) => *nanoseconds,
            Value::String(text) => duration::parse(&text.to_str_lossy()).unwrap_or_default(),
            other => time_in(other).map(|time| now(call).since(time)).unwrap_or_default(),
        };
        Ok(duration::rounded(length).into())
    })
    .nondeterministic(),
];

/// `strconv.ParseInt` whose error nobody looks at: the nearest number when it is too large.
fn clamped(text: &str) -> i64 {
    match strconv::parse_int(text, 10) {
        Ok(number) => number,
        Err(_) => text.parse::<i128>().map_or(0, |number| if number < 0 { i64::MIN } else { i64::MAX }),
    }
}

fn now(call: &Call<'_>) -> Time {
    Time::from_timestamp(call.now())
}

fn value(time: Time) -> Value {
    Value::Object(Rc::new(time))
}

/// The time that an object is, if it is one.
pub(in super::super) fn time_of(object: &dyn Object) -> Option<&Time> {
    object.as_any().downcast_ref::<Time>()
}

fn time_in(value: &Value) -> Option<&Time> {
    match value {
        Value::Object(object) => time_of(object.as_ref()),
        _ => None,
    }
}

fn argument<'a>(call: &Call<'a>, index: usize) -> Result<&'a Time, FunctionError> {
    time_in(call.value(index)).ok_or_else(|| FunctionError::new("the argument is no time"))
}

/// A time, or seconds since 1970 as sprig takes them.
fn time_or_seconds(value: &Value, narrow: bool) -> Option<Time> {
    match value {
        Value::Int(seconds) | Value::Int64(seconds) => Some(Time::unix(*seconds)),
        Value::Int32(seconds) if narrow => Some(Time::unix(i64::from(*seconds))),
        other => time_in(other).cloned(),
    }
}

/// `dateInZone`: the date argument in the layout, in a zone; an unknown zone is UTC, no date is now.
fn shown(call: &mut Call<'_>, layout: Option<usize>, date: usize, zone: Option<usize>) -> Answer {
    let time = time_or_seconds(call.value(date), true).unwrap_or_else(|| now(call));
    let zone = match zone {
        Some(index) => Zone::load(&call.str(index)?).unwrap_or(Zone::Utc),
        None => Zone::Utc,
    };
    match layout {
        Some(index) => formatted(call, &time.within(zone), index),
        None => Ok(format(&time.within(zone), DATE).into()),
    }
}

/// What a layout of an argument gives: at most ten times its length.
fn formatted(call: &mut Call<'_>, time: &Time, index: usize) -> Answer {
    let layout = call.str(index)?;
    call.reserve(layout.len().saturating_mul(10))?;
    call.charge(layout.len() as u64)?;
    Ok(format(time, &layout).into())
}

fn modified(call: &mut Call<'_>, must: bool) -> Answer {
    let (text, time) = (call.str(0)?, argument(call, 1)?);
    match duration::parse(&text) {
        Ok(length) => Ok(value(time.add(length))),
        Err(why) if must => Err(FunctionError::with_data_or(why, "the duration is not valid")),
        Err(_) => Ok(value(time.clone())),
    }
}

fn read(call: &mut Call<'_>) -> Result<Result<Time, String>, FunctionError> {
    let (layout, text) = (call.str(0)?, call.str(1)?);
    call.charge((layout.len() + text.len()) as u64)?;
    Ok(parse::parse(&layout, &text))
}

impl Object for Time {
    fn type_name(&self) -> &'static str {
        TIME
    }

    fn string(&self) -> Option<String> {
        Some(Self::string(self))
    }

    fn method(&self, name: &str) -> Option<&'static Function> {
        METHODS.iter().find(|method| method.name() == name)
    }

    fn equals(&self, other: &dyn Object) -> Option<bool> {
        Some(time_of(other).is_some_and(|other| other == self))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

static METHODS: &[Function] = &[
    Function::new("Unix", &[], |call| Ok(Value::Int64(receiver(call)?.seconds))),
    Function::new("UnixMilli", &[], |call| unix(call, 1_000)),
    Function::new("UnixMicro", &[], |call| unix(call, 1_000_000)),
    Function::new("UnixNano", &[], |call| unix(call, 1_000_000_000)),
    Function::new("Year", &[], |call| Ok(Value::Int(receiver(call)?.civil().year))),
    Function::new("Month", &[], |call| Ok(named("time.Month", month_name(receiver(call)?.civil().month)))),
    Function::new("Day", &[], |call| Ok(Value::Int(receiver(call)?.civil().day))),
    Function::new("YearDay", &[], |call| Ok(Value::Int(receiver(call)?.civil().year_day))),
    Function::new("Weekday", &[], |call| {
        Ok(named("time.Weekday", day_name(receiver(call)?.civil().weekday)))
    }),
    Function::new("Hour", &[], |call| Ok(Value::Int(receiver(call)?.civil().hour))),
    Function::new("Minute", &[], |call| Ok(Value::Int(receiver(call)?.civil().minute))),
    Function::new("Second", &[], |call| Ok(Value::Int(receiver(call)?.civil().second))),
    Function::new("Nanosecond", &[], |call| Ok(Value::Int(i64::from(receiver(call)?.nanoseconds)))),
    Function::new("String", &[], |call| Ok(receiver(call)?.string().into())),
    Function::new("IsZero", &[], |call| Ok(receiver(call)?.is_zero().into())),
    Function::new("UTC", &[], |call| Ok(value(receiver(call)?.within(Zone::Utc)))),
    Function::new("Format", &[S], |call| {
        let time = receiver(call)?;
        formatted(call, time, 0)
    }),
    Function::new("After", &[T], |call| Ok((compared(call)? > 0).into())),
    Function::new("Before", &[T], |call| Ok((compared(call)? < 0).into())),
    Function::new("Equal", &[T], |call| Ok((compared(call)? == 0).into())),
    Function::new("Compare", &[T], |call| Ok(Value::Int(compared(call)?))),
    Function::new("Sub", &[T], |call| Ok(Value::Duration(receiver(call)?.since(argument(call, 0)?)))),
    Function::new("AddDate", &[Type::Int, Type::Int, Type::Int], add_date),
];

fn receiver<'a>(call: &Call<'a>) -> Result<&'a Time, FunctionError> {
    call.receiver().and_then(time_of).ok_or_else(|| FunctionError::new("the receiver is no time"))
}

fn unix(call: &mut Call<'_>, parts: i64) -> Answer {
    let time = receiver(call)?;
    let fraction = i64::from(time.nanoseconds) / (1_000_000_000 / parts);
    Ok(Value::Int64(time.seconds.wrapping_mul(parts).wrapping_add(fraction)))
}

fn compared(call: &mut Call<'_>) -> Result<i64, FunctionError> {
    let (ours, theirs) = (receiver(call)?, argument(call, 0)?);
    let order = (ours.seconds, ours.nanoseconds).cmp(&(theirs.seconds, theirs.nanoseconds));
    Ok(order as i64)
}

fn add_date(call: &mut Call<'_>) -> Answer {
    let time = receiver(call)?;
    let civil = time.civil();
    let bounded = |index| call.int(index).map(|amount| amount.clamp(-10_000_000, 10_000_000));
    let date = (civil.year + bounded(0)?, civil.month + bounded(1)?, civil.day + bounded(2)?);
    let clock = (civil.hour, civil.minute, civil.second);
    Ok(value(Time::date(date, clock, time.nanoseconds, time.zone.clone())))
}

/// `time.Month` and `time.Weekday`: numbers that print as names.
#[derive(Debug)]
struct Named {
    type_name: &'static str,
    name: &'static str,
}

fn named(type_name: &'static str, name: &'static str) -> Value {
    Value::Object(Rc::new(Named { type_name, name }))
}

impl Object for Named {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn string(&self) -> Option<String> {
        Some(self.name.to_owned())
    }

    fn equals(&self, other: &dyn Object) -> Option<bool> {
        Some(other.as_any().downcast_ref::<Self>().is_some_and(|other| other.name == self.name))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
