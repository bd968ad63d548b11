//! The schema of a template's parameters: OpenAPI v3 as Kubernetes' structural schemas use it.
//!
//! Unlike the API server we keep no unknown parameter to prune it later: it is refused, because a
//! misspelt parameter would silently leave the default in force.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value};

/// Deepest nesting of a schema.
const MAX_DEPTH: usize = 32;

/// A schema that is understood whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema {
    kind: Option<Kind>,
    nullable: bool,
    properties: BTreeMap<String, Schema>,
    required: Vec<String>,
    additional: Additional,
    items: Option<Box<Schema>>,
    allowed: Option<Vec<Value>>,
    pattern: Option<Pattern>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    exclusive_minimum: bool,
    exclusive_maximum: bool,
    multiple_of: Option<f64>,
    length: Bounds,
    count: Bounds,
    fields: Bounds,
    unique: bool,
    int_or_string: bool,
    default: Option<Value>,
}

#[derive(Debug, Clone)]
struct Pattern(Regex);

#[derive(Debug, Clone, Copy, Default)]
struct Bounds {
    least: Option<usize>,
    most: Option<usize>,
}

/// What a map may hold beside its named properties.
#[derive(Debug, Clone, Default)]
enum Additional {
    /// Nothing, where properties are named; anything, where none are.
    #[default]
    Unsaid,
    /// Anything.
    Any,
    /// Nothing.
    None,
    /// Values of this schema.
    Of(Box<Schema>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
    Text,
    Integer,
    Number,
    Boolean,
}

/// Keywords that describe and decide nothing.
const DESCRIBING: [&str; 7] = [
    "description",
    "title",
    "example",
    "format",
    "externalDocs",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
];

impl Schema {
    /// A schema that lets any object pass.
    pub(crate) fn anything() -> Self {
        Self { kind: Some(Kind::Object), additional: Additional::Any, ..Self::default() }
    }

    /// Reads a schema; what is not understood in it is an error.
    pub(crate) fn read(schema: &Value) -> Result<Self, String> {
        Self::at(schema, "openAPIV3Schema", 0)
    }

    fn at(schema: &Value, path: &str, depth: usize) -> Result<Self, String> {
        if depth > MAX_DEPTH {
            return Err(format!("{path}: deeper than {MAX_DEPTH} levels"));
        }
        let fields = schema.as_object().ok_or_else(|| format!("{path}: a schema is an object"))?;
        let mut out = Self::default();
        for (key, value) in fields {
            out.keyword(key, value, path, depth)?;
        }
        Ok(out)
    }

    fn keyword(&mut self, key: &str, value: &Value, path: &str, depth: usize) -> Result<(), String> {
        let wrong = |what: &str| format!("{path}.{key}: expected {what}");
        let flag = || value.as_bool().ok_or_else(|| wrong("true or false"));
        let number = || value.as_f64().ok_or_else(|| wrong("a number"));
        let size = || {
            value.as_u64().and_then(|size| usize::try_from(size).ok()).ok_or_else(|| wrong("a whole number"))
        };
        match key {
            "type" => self.kind = Some(Kind::read(value).ok_or_else(|| wrong("a type of JSON"))?),
            "nullable" => self.nullable = flag()?,
            "properties" => {
                let fields = value.as_object().ok_or_else(|| wrong("an object"))?;
                for (name, schema) in fields {
                    let schema = Self::at(schema, &format!("{path}.properties.{name}"), depth + 1)?;
                    self.properties.insert(name.clone(), schema);
                }
            }
            "required" => {
                let names = value.as_array().ok_or_else(|| wrong("a list of names"))?;
                self.required = names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            }
            "additionalProperties" => {
                self.additional = match value {
                    Value::Bool(true) => Additional::Any,
                    Value::Bool(false) => Additional::None,
                    schema => {
                        Additional::Of(Box::new(Self::at(schema, &format!("{path}.{key}"), depth + 1)?))
                    }
                }
            }
            "x-kubernetes-preserve-unknown-fields" if flag()? => self.additional = Additional::Any,
            "x-kubernetes-preserve-unknown-fields" => {}
            "x-kubernetes-int-or-string" => self.int_or_string = flag()?,
            "items" => self.items = Some(Box::new(Self::at(value, &format!("{path}.items"), depth + 1)?)),
            "enum" => self.allowed = Some(value.as_array().ok_or_else(|| wrong("a list"))?.clone()),
            "pattern" => {
                let text = value.as_str().ok_or_else(|| wrong("a regular expression"))?;
                let pattern = Regex::new(text).map_err(|_| wrong("a regular expression"))?;
                self.pattern = Some(Pattern(pattern));
            }
            "minimum" => self.minimum = Some(number()?),
            "maximum" => self.maximum = Some(number()?),
            "exclusiveMinimum" => self.exclusive_minimum = flag()?,
            "exclusiveMaximum" => self.exclusive_maximum = flag()?,
            "multipleOf" => self.multiple_of = Some(number()?).filter(|number| *number > 0.0),
            "minLength" => self.length.least = Some(size()?),
            "maxLength" => self.length.most = Some(size()?),
            "minItems" => self.count.least = Some(size()?),
            "maxItems" => self.count.most = Some(size()?),
            "minProperties" => self.fields.least = Some(size()?),
            "maxProperties" => self.fields.most = Some(size()?),
            "uniqueItems" => self.unique = flag()?,
            "default" => self.default = Some(value.clone()),
            _ if DESCRIBING.contains(&key) => {}
            _ => return Err(format!("{path}: keyword {key:?} is not supported")),
        }
        Ok(())
    }

    /// Puts the defaults of the schema into `value`, as the API server does.
    pub(crate) fn fill(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => self.fill_fields(fields),
            Value::Array(items) => {
                if let Some(schema) = &self.items {
                    items.iter_mut().for_each(|item| schema.fill(item));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn fill_fields(&self, fields: &mut Map<String, Value>) {
        for (name, schema) in &self.properties {
            if let Some(default) = schema.default.as_ref().filter(|_| !fields.contains_key(name)) {
                fields.insert(name.clone(), default.clone());
            }
        }
        for (name, value) in fields {
            match (self.properties.get(name), &self.additional) {
                (Some(schema), _) => schema.fill(value),
                (None, Additional::Of(schema)) => schema.fill(value),
                (None, Additional::Unsaid | Additional::Any | Additional::None) => {}
            }
        }
    }

    /// What in `value` does not fit, each with its path below `path`.
    pub(crate) fn check(&self, value: &Value, path: &str) -> Vec<String> {
        let mut problems = Vec::new();
        self.check_into(value, path, &mut problems);
        problems
    }

    fn check_into(&self, value: &Value, path: &str, out: &mut Vec<String>) {
        if value.is_null() && self.nullable {
            return;
        }
        if !self.fits_type(value) {
            let kind =
                if self.int_or_string { "an integer or a string" } else { self.kind.map_or("", Kind::name) };
            out.push(format!("{path}: expected {kind}"));
            return;
        }
        if self.allowed.as_ref().is_some_and(|allowed| !allowed.contains(value)) {
            let allowed: Vec<String> = self.allowed.iter().flatten().map(ToString::to_string).collect();
            out.push(format!("{path}: must be one of {}", allowed.join(", ")));
        }
        match value {
            Value::Object(fields) => self.check_fields(fields, path, out),
            Value::Array(items) => self.check_items(items, path, out),
            Value::String(text) => {
                self.length.check(text.chars().count(), "characters", path, out);
                if let Some(Pattern(pattern)) =
                    self.pattern.as_ref().filter(|Pattern(pattern)| !pattern.is_match(text))
                {
                    out.push(format!("{path}: must match {}", pattern.as_str()));
                }
            }
            Value::Number(number) => self.check_number(number.as_f64().unwrap_or_default(), path, out),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn fits_type(&self, value: &Value) -> bool {
        if self.int_or_string {
            return value.is_string() || value.is_i64() || value.is_u64();
        }
        match self.kind {
            None => !value.is_null(),
            Some(Kind::Object) => value.is_object(),
            Some(Kind::Array) => value.is_array(),
            Some(Kind::Text) => value.is_string(),
            Some(Kind::Integer) => value.is_i64() || value.is_u64(),
            Some(Kind::Number) => value.is_number(),
            Some(Kind::Boolean) => value.is_boolean(),
        }
    }

    fn check_fields(&self, fields: &Map<String, Value>, path: &str, out: &mut Vec<String>) {
        self.fields.check(fields.len(), "fields", path, out);
        for name in self.required.iter().filter(|name| !fields.contains_key(*name)) {
            out.push(format!("{path}.{name}: is required"));
        }
        for (name, value) in fields {
            let path = format!("{path}.{name}");
            match (self.properties.get(name), &self.additional) {
                (Some(schema), _) => schema.check_into(value, &path, out),
                (None, Additional::Of(schema)) => schema.check_into(value, &path, out),
                (None, Additional::Any) => {}
                (None, Additional::Unsaid) if self.kind.is_none() && self.properties.is_empty() => {}
                (None, Additional::Unsaid | Additional::None) => out.push(format!("{path}: unknown field")),
            }
        }
    }

    fn check_items(&self, items: &[Value], path: &str, out: &mut Vec<String>) {
        self.count.check(items.len(), "items", path, out);
        if let Some(schema) = &self.items {
            for (index, item) in items.iter().enumerate() {
                schema.check_into(item, &format!("{path}[{index}]"), out);
            }
        }
        let repeated = |(index, item): (usize, &Value)| items.iter().take(index).any(|before| before == item);
        if self.unique && items.iter().enumerate().any(repeated) {
            out.push(format!("{path}: items must differ"));
        }
    }

    fn check_number(&self, number: f64, path: &str, out: &mut Vec<String>) {
        let below = |least: f64| if self.exclusive_minimum { number <= least } else { number < least };
        let above = |most: f64| if self.exclusive_maximum { number >= most } else { number > most };
        if let Some(least) = self.minimum.filter(|least| below(*least)) {
            out.push(format!(
                "{path}: must be {} {least}",
                if self.exclusive_minimum { "more than" } else { "at least" }
            ));
        }
        if let Some(most) = self.maximum.filter(|most| above(*most)) {
            out.push(format!(
                "{path}: must be {} {most}",
                if self.exclusive_maximum { "less than" } else { "at most" }
            ));
        }
        if let Some(step) = self.multiple_of.filter(|step| (number / step).fract().abs() > f64::EPSILON) {
            out.push(format!("{path}: must be a multiple of {step}"));
        }
    }
}

impl Kind {
    fn read(value: &Value) -> Option<Self> {
        Some(match value.as_str()? {
            "object" => Self::Object,
            "array" => Self::Array,
            "string" => Self::Text,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "a list",
            Self::Text => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "true or false",
        }
    }
}

impl Bounds {
    fn check(self, size: usize, unit: &str, path: &str, out: &mut Vec<String>) {
        if let Some(least) = self.least.filter(|least| size < *least) {
            out.push(format!("{path}: needs at least {least} {unit}"));
        }
        if let Some(most) = self.most.filter(|most| size > *most) {
            out.push(format!("{path}: takes at most {most} {unit}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: Value, value: Value, expect: &[&str]) {
        assert_eq!(Schema::read(&schema).unwrap().check(&value, "parameters"), expect);
    }

    #[test]
    fn values_are_checked_against_their_schema() {
        let labels = json!({"type": "object", "required": ["labels"], "properties": {
            "labels": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {
                "key": {"type": "string", "pattern": "^[a-z./]+$", "maxLength": 20}}}}}});
        check(labels.clone(), json!({"labels": [{"key": "app"}]}), &[]);
        check(labels.clone(), json!({}), &["parameters.labels: is required"]);
        check(labels.clone(), json!({"labels": []}), &["parameters.labels: needs at least 1 items"]);
        check(
            labels.clone(),
            json!({"labels": [{"kye": "a"}]}),
            &["parameters.labels[0].kye: unknown field"],
        );
        check(
            labels.clone(),
            json!({"labels": [{"key": "A"}]}),
            &["parameters.labels[0].key: must match ^[a-z./]+$"],
        );
        check(labels, json!({"labels": "app"}), &["parameters.labels: expected a list"]);
        let number = json!({"type": "integer", "minimum": 1, "maximum": 5, "exclusiveMaximum": true});
        check(number.clone(), json!(5), &["parameters: must be less than 5"]);
        check(number.clone(), json!(0), &["parameters: must be at least 1"]);
        check(number, json!(1.5), &["parameters: expected an integer"]);
        check(json!({"enum": ["a", "b"]}), json!("c"), &["parameters: must be one of \"a\", \"b\""]);
        check(json!({"type": "string", "nullable": true}), json!(null), &[]);
        check(
            json!({"x-kubernetes-int-or-string": true}),
            json!(true),
            &["parameters: expected an integer or a string"],
        );
        check(json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}), json!({"x": 1}), &[]);
        check(
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"x": 1}),
            &["parameters.x: expected a string"],
        );
        check(
            json!({"type": "array", "uniqueItems": true}),
            json!([1, 1]),
            &["parameters: items must differ"],
        );
    }

    #[test]
    fn what_is_not_understood_in_a_schema_is_refused() {
        let refused = |schema: Value| Schema::read(&schema).unwrap_err();
        assert_eq!(refused(json!({"oneOf": []})), "openAPIV3Schema: keyword \"oneOf\" is not supported");
        assert_eq!(refused(json!({"type": "strnig"})), "openAPIV3Schema.type: expected a type of JSON");
        assert_eq!(
            refused(json!({"pattern": "("})),
            "openAPIV3Schema.pattern: expected a regular expression"
        );
    }

    #[test]
    fn defaults_are_filled_in() {
        let schema = json!({"type": "object", "properties": {
            "labels": {"type": "array", "default": ["a"]},
            "deep": {"type": "object", "properties": {"x": {"type": "integer", "default": 3}}}}});
        let mut value = json!({"deep": {}});
        Schema::read(&schema).unwrap().fill(&mut value);
        assert_eq!(value, json!({"deep": {"x": 3}, "labels": ["a"]}));
    }
}
