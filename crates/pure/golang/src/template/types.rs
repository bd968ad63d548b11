//! The names and relations of the Go types that templates meet.

use std::fmt;

/// A Go type: of a value, of a list's elements, or of a function's parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`: takes everything.
    Any,
    /// `reflect.Value`: a parameter of the built-in functions, which look at values as they stand.
    Reflected,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `int64`.
    Int64,
    /// `int32`, which is also `rune`.
    Int32,
    /// `uint8`, which is also `byte`.
    Uint8,
    /// `uint64`.
    Uint64,
    /// `float64`.
    Float64,
    /// `time.Duration`.
    Duration,
    /// `string`.
    String,
    /// `[]uint8`.
    Bytes,
    /// `[]T`.
    List(&'static Type),
    /// `map[string]interface {}`.
    Dict,
    /// `map[string]string`.
    StringMap,
    /// A struct or a pointer to one, by its name (`time.Time`, `*semver.Version`).
    Object(&'static str),
}

impl Type {
    /// `[]interface {}`.
    pub const ANYS: Self = Self::List(&Self::Any);
    /// `[]string`.
    pub const STRINGS: Self = Self::List(&Self::String);
    /// `[]int`.
    pub const INTS: Self = Self::List(&Self::Int);

    /// Whether nil can be given where this type is expected (`canBeNil` in Go's `text/template`).
    pub fn can_be_nil(self) -> bool {
        match self {
            Self::Any | Self::Reflected | Self::Bytes | Self::List(_) | Self::Dict | Self::StringMap => true,
            Self::Object(name) => name.starts_with('*'),
            Self::Bool
            | Self::Int
            | Self::Int64
            | Self::Int32
            | Self::Uint8
            | Self::Uint64
            | Self::Float64
            | Self::Duration
            | Self::String => false,
        }
    }

    /// The name of its `reflect.Kind`, as sprig's `kindOf` prints it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Any => "interface",
            Self::Reflected => "struct",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 | Self::Duration => "int64",
            Self::Int32 => "int32",
            Self::Uint8 => "uint8",
            Self::Uint64 => "uint64",
            Self::Float64 => "float64",
            Self::String => "string",
            Self::Bytes | Self::List(_) => "slice",
            Self::Dict | Self::StringMap => "map",
            Self::Object(name) if name.starts_with('*') => "ptr",
            Self::Object(_) => "struct",
        }
    }
}

impl fmt::Display for Type {
    /// As Go's `reflect.Type` prints it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Any => "interface {}",
            Self::Reflected => "reflect.Value",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Int32 => "int32",
            Self::Uint8 => "uint8",
            Self::Uint64 => "uint64",
            Self::Float64 => "float64",
            Self::Duration => "time.Duration",
            Self::String => "string",
            Self::Bytes => "[]uint8",
            Self::Dict => "map[string]interface {}",
            Self::StringMap => "map[string]string",
            Self::Object(name) => name,
            Self::List(element) => return write!(formatter, "[]{element}"),
        })
    }
}
