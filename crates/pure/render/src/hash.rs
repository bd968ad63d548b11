//! The suffix that names of generated objects get. Source: kustomize `api/hasher/hasher.go`.

use sealward_document::{Node, Value, double_quoted};
use sha2::{Digest, Sha256};

use crate::resource::{Resource, scalar_text};

/// Ten characters made of the kind, the type and the data of a ConfigMap or Secret.
pub(crate) fn suffix(resource: &Resource) -> String {
    let data = |field| resource.root.get(field);
    let mut parts: Vec<(&str, String)> = vec![
        ("data", data("data").map_or_else(|| "\"\"".to_owned(), json)),
        ("kind", quoted(resource.kind())),
        // Upstream looks for a field called `metadata/name`, which no object has.
        ("name", quoted("")),
    ];
    let (more, of_type) = match resource.kind() {
        "Secret" => ("stringData", Some(data("type").map(scalar_text).unwrap_or_default())),
        _ => ("binaryData", None),
    };
    parts.extend(data(more).filter(|node| node.as_map().is_some()).map(|node| (more, json(node))));
    parts.extend(of_type.map(|of_type| ("type", quoted(&of_type))));
    parts.sort();
    let parts: Vec<_> = parts.iter().map(|(key, value)| format!("{}:{value}", quoted(key))).collect();
    let digest = Sha256::digest(format!("{{{}}}", parts.join(",")));
    let hex: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    hex.chars().map(without_words).collect()
}

/// Characters that cannot make up a word that offends.
fn without_words(character: char) -> char {
    match character {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    }
}

/// As Go's `encoding/json` writes it: keys sorted.
fn json(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Secret(_) => quoted(""),
        Value::List(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(",")),
        Value::Map(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by(|a, b| a.key.cmp(&b.key));
            let fields: Vec<_> =
                fields.iter().map(|field| format!("{}:{}", quoted(&field.key), json(&field.node))).collect();
            format!("{{{}}}", fields.join(","))
        }
    }
}

/// As Go's `encoding/json` quotes text: what HTML or JavaScript could take amiss is escaped.
fn quoted(text: &str) -> String {
    double_quoted(text, |character| match character {
        '\u{8}' => Some("\\b".to_owned()),
        '\u{c}' => Some("\\f".to_owned()),
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
            Some(format!("\\u{:04x}", u32::from(character)))
        }
        _ => None,
    })
}
