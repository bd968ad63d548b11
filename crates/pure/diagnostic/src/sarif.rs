//! For code scanning: SARIF 2.1.0 (OASIS, sarif-v2.1.0-os).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Diagnostic, Report, Rule, RuleSource};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One run with its rules and results, indented, with a line break at its end.
///
/// A result's fingerprint does not hold its line, so that it stays the same when lines move.
pub fn write(report: &Report<'_>) -> String {
    let rules = rules(report);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let results: Vec<Value> = report
        .diagnostics
        .iter()
        .map(|found| {
            let subject = subject(found);
            let occurrence = seen.entry(subject.clone()).and_modify(|count| *count += 1).or_default();
            result(found, &rules, &format!("{subject}\0{occurrence}"))
        })
        .collect();
    let mut run = json!({
        "tool": { "driver": {
            "name": report.tool,
            "version": report.version,
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": rules.values().map(|(_, rule)| rule).collect::<Vec<_>>(),
        } },
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    if let Some(run) = run.as_object_mut() {
        let mut properties = json!({ "filesRead": report.files });
        if let (Some(RuleSource { name, digest }), Some(fields)) =
            (report.rule_set, properties.as_object_mut())
        {
            fields.insert("ruleSet".to_owned(), json!(digest));
            fields.insert("ruleSource".to_owned(), json!(name));
        }
        run.insert("properties".to_owned(), properties);
    }
    format!("{:#}\n", json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] }))
}

/// Each rule by id with its index: those that were applied, and those that only results name.
fn rules(report: &Report<'_>) -> BTreeMap<String, (usize, Value)> {
    let mut rules: BTreeMap<String, (usize, Value)> = BTreeMap::new();
    for found in report.diagnostics {
        let (id, severity) = (found.rule.clone(), found.severity);
        let unlisted = Rule { summary: id.clone(), id, description: None, help_uri: None, severity };
        rules.insert(found.rule.clone(), (0, described(&unlisted)));
    }
    for rule in report.rules {
        rules.insert(rule.id.clone(), (0, described(rule)));
    }
    for (index, (place, _)) in rules.values_mut().enumerate() {
        *place = index;
    }
    rules
}

/// A reportingDescriptor; code scanning shows `shortDescription` in lists and `help` beside a result.
fn described(rule: &Rule) -> Value {
    let description = rule.description.as_ref().unwrap_or(&rule.summary);
    let mut text = description.clone();
    let mut markdown = description.clone();
    if let Some(uri) = &rule.help_uri {
        text.push_str(&format!("\nSee {uri}"));
        markdown.push_str(&format!("\n\n[More about `{}`]({uri})", rule.id));
    }
    let mut described = json!({
        "id": rule.id,
        "shortDescription": { "text": sentence(&rule.summary) },
        "fullDescription": { "text": sentence(description) },
        "help": { "text": text, "markdown": markdown },
        "defaultConfiguration": { "level": rule.severity.as_str() },
    });
    if let (Some(uri), Some(fields)) = (&rule.help_uri, described.as_object_mut()) {
        fields.insert("helpUri".to_owned(), json!(uri));
    }
    described
}

/// SARIF asks that descriptions end in a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn result(found: &Diagnostic, rules: &BTreeMap<String, (usize, Value)>, fingerprinted: &str) -> Value {
    let text = match &found.hint {
        Some(hint) => format!("{}\n{hint}", found.message),
        None => found.message.clone(),
    };
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&found.origin.path), "uriBaseId": "%SRCROOT%" },
        },
    });
    if let (Some(region), Some(physical)) = (region(found), location.get_mut("physicalLocation")) {
        physical.as_object_mut().map(|fields| fields.insert("region".to_owned(), region));
    }
    if let (Some(object), Some(fields)) = (&found.object, location.as_object_mut()) {
        fields.insert("logicalLocations".to_owned(), json!([{ "fullyQualifiedName": object }]));
    }
    json!({
        "ruleId": found.rule,
        "ruleIndex": rules.get(&found.rule).map_or(0, |(index, _)| *index),
        "level": found.severity.as_str(),
        "message": { "text": text },
        "locations": [location],
        "partialFingerprints": { "sealward/v1": fingerprint(fingerprinted) },
    })
}

fn region(found: &Diagnostic) -> Option<Value> {
    match (found.origin.line, found.origin.column) {
        (0, _) => None,
        (line, 0) => Some(json!({ "startLine": line })),
        (line, column) => Some(json!({ "startLine": line, "startColumn": column })),
    }
}

fn subject(found: &Diagnostic) -> String {
    let object = found.object.as_deref().unwrap_or_default();
    [&found.rule, &*found.origin.path, object, &found.message].join("\0")
}

fn fingerprint(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A relative path as a URI reference (RFC 3986): all but unreserved characters and `/` escaped.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
