//! `semver`, `semverCompare` and what a version can be asked for.

use std::any::Any;
use std::cmp::Ordering;
use std::rc::Rc;

use super::constraint::Constraints;
use super::version::Version;
use crate::template::{Call, Function, FunctionError, Object, Type, Value};

type Answer = Result<Value, FunctionError>;

const S: Type = Type::String;
const POINTER: &str = "*semver.Version";
const V: Type = Type::Object(POINTER);

/// The functions of this module.
pub(in super::super) static FUNCTIONS: &[Function] = &[
    Function::new("semver", &[S], |call| Ok(pointer(parse(call, 0)?))),
    Function::new("semverCompare", &[S, S], |call| {
        let constraint = call.text(0)?;
        // Bounds what the regular expressions look at.
        call.charge(100 + constraint.len() as u64 * 8)?;
        let constraints = Constraints::parse(&constraint.to_str_lossy())
            .map_err(|why| FunctionError::with_data_or(why, "the constraint is not valid"))?;
        let version = parse(call, 1)?;
        Ok(constraints.check(&version).into())
    }),
];

fn parse(call: &mut Call<'_>, index: usize) -> Result<Version, FunctionError> {
    let text = call.text(index)?;
    call.charge(20 + text.len() as u64 / 4)?;
    Version::parse(&text.to_str_lossy())
        .map_err(|why| FunctionError::with_data_or(why, "the version is not valid"))
}

fn pointer(version: Version) -> Value {
    Value::Object(Rc::new(Held { version, type_name: POINTER }))
}

/// A version as a value: `*semver.Version`, or `semver.Version` where Go hands out the struct.
#[derive(Debug)]
struct Held {
    version: Version,
    type_name: &'static str,
}

/// The version that an object is, if it is one.
pub(in super::super) fn version_of(object: &dyn Object) -> Option<&Version> {
    object.as_any().downcast_ref::<Held>().map(|held| &held.version)
}

impl Object for Held {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn string(&self) -> Option<String> {
        Some(self.version.to_string())
    }

    fn method(&self, name: &str) -> Option<&'static Function> {
        let all = METHODS.iter().chain(POINTER_METHODS.iter().filter(|_| self.type_name == POINTER));
        all.into_iter().find(|method| method.name() == name)
    }

    /// Pointers are equal when they are the same; the struct itself by its fields.
    fn equals(&self, other: &dyn Object) -> Option<bool> {
        let other = other.as_any().downcast_ref::<Self>()?;
        Some(if self.type_name == POINTER {
            std::ptr::eq(self, other)
        } else {
            self.version == other.version
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

static METHODS: &[Function] = &[
    Function::new("Major", &[], |call| receiver(call).map(|version| Value::Uint64(version.major))),
    Function::new("Minor", &[], |call| receiver(call).map(|version| Value::Uint64(version.minor))),
    Function::new("Patch", &[], |call| receiver(call).map(|version| Value::Uint64(version.patch))),
    Function::new("Prerelease", &[], |call| receiver(call).map(|version| version.prerelease.clone().into())),
    Function::new("Metadata", &[], |call| receiver(call).map(|version| version.metadata.clone().into())),
    Function::new("String", &[], |call| receiver(call).map(|version| version.to_string().into())),
    Function::new("IncMajor", &[], |call| next(call, "IncMajor")),
    Function::new("IncMinor", &[], |call| next(call, "IncMinor")),
    Function::new("IncPatch", &[], |call| next(call, "IncPatch")),
];

/// What only a pointer to a version has.
static POINTER_METHODS: &[Function] = &[
    Function::new("Original", &[], |call| receiver(call).map(|version| version.original.clone().into())),
    Function::new("Compare", &[V], |call| compared(call).map(|order| Value::Int(order as i64))),
    Function::new("Equal", &[V], |call| compared(call).map(|order| order.is_eq().into())),
    Function::new("LessThan", &[V], |call| compared(call).map(|order| order.is_lt().into())),
    Function::new("LessThanEqual", &[V], |call| compared(call).map(|order| order.is_le().into())),
    Function::new("GreaterThan", &[V], |call| compared(call).map(|order| order.is_gt().into())),
    Function::new("GreaterThanEqual", &[V], |call| compared(call).map(|order| order.is_ge().into())),
];

fn receiver<'a>(call: &Call<'a>) -> Result<&'a Version, FunctionError> {
    call.receiver().and_then(version_of).ok_or_else(|| FunctionError::new("the receiver is no version"))
}

fn next(call: &mut Call<'_>, part: &'static str) -> Answer {
    let version = receiver(call)?.next(part);
    Ok(Value::Object(Rc::new(Held { version, type_name: "semver.Version" })))
}

fn compared(call: &mut Call<'_>) -> Result<Ordering, FunctionError> {
    let Value::Object(other) = call.value(0) else {
        return Err(super::super::lists::nil_pointer());
    };
    let other = version_of(other.as_ref()).ok_or_else(|| FunctionError::new("the argument is no version"))?;
    Ok(receiver(call)?.compare(other))
}
