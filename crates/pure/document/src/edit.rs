//! A text with some of its values changed: comments, order, quotes and indentation of all else stay.

use std::ops::Range;

use crate::{Field, Map, Node, Value, yaml};

/// What stands in a text instead of the bytes of `at`.
struct Splice {
    at: Range<usize>,
    text: String,
}

/// The YAML or JSON `text` changed as little as makes its documents read as `after`: texts are replaced where they
/// stand, and new keys come after the last one of their mapping.
///
/// `None` when that cannot be done, as for removed keys or new ones in mappings of flow style: then the documents must
/// be written anew. What is returned was read again and is equal to `after`.
pub fn edited(path: &str, text: &str, after: &[Node]) -> Option<String> {
    let before = yaml::read(path, text.as_bytes()).ok()?;
    if before.len() != after.len() {
        return None;
    }
    let mut splices = Vec::new();
    for (before, after) in before.iter().zip(after) {
        changes(text, before, after, &mut splices)?;
    }
    splices.sort_by_key(|splice| splice.at.start);
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for splice in &splices {
        out.push_str(text.get(done..splice.at.start)?);
        out.push_str(&splice.text);
        done = splice.at.end;
    }
    out.push_str(text.get(done..)?);
    let again = yaml::read(path, out.as_bytes()).ok()?;
    (again == after).then_some(out)
}

fn changes(text: &str, before: &Node, after: &Node, splices: &mut Vec<Splice>) -> Option<()> {
    if before == after {
        return Some(());
    }
    match (&before.value, &after.value) {
        (Value::Map(old), Value::Map(new)) => {
            if old.iter().any(|field| new.get(&field.key).is_none()) {
                return None;
            }
            for field in new {
                match old.get(&field.key) {
                    Some(node) => changes(text, node, &field.node, splices)?,
                    None => splices.push(insertion(text, old, field)?),
                }
            }
            Some(())
        }
        (Value::String(_), Value::String(new)) => {
            let at = before.span.start..before.span.end;
            let written = text.get(at.clone()).filter(|written| !written.is_empty())?;
            if written.contains('\n') {
                return None;
            }
            splices.push(Splice { at, text: scalar(written, new) });
            Some(())
        }
        _ => None,
    }
}

/// `new` in the quotes that the old text had.
fn scalar(written: &str, new: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_' | '.');
    match written.chars().next() {
        Some('"') => serde_json::Value::from(new).to_string(),
        Some('\'') if new.chars().all(plain) => format!("'{new}'"),
        _ if new.starts_with(|c: char| c.is_ascii_alphabetic()) && new.chars().all(plain) => new.to_owned(),
        _ => serde_json::Value::from(new).to_string(),
    }
}

/// A line (or several) for `field` after the last one of the block mapping `old`.
fn insertion(text: &str, old: &Map, field: &Field) -> Option<Splice> {
    let first = &old.iter().next()?.origin;
    let line = text.lines().nth(usize::try_from(first.line).ok()?.checked_sub(1)?)?;
    let indent = usize::try_from(first.column).ok()?.checked_sub(1)?;
    if !line.get(..indent)?.bytes().all(|byte| byte == b' ') {
        return None;
    }
    let end = old.iter().last()?.node.span.end;
    let before = text.get(..end).filter(|before| !before.is_empty())?;
    let at = match text.get(end..)?.find('\n') {
        _ if before.ends_with('\n') => end,
        Some(rest) => end + rest + 1,
        None => text.len(),
    };
    let mut map = Map::default();
    map.insert(field.key.as_str(), field.node.clone());
    let block = yaml::write_redacted(&[Node::made(Value::Map(map), field.origin.clone())]);
    let mut lines = if text.get(..at)?.ends_with('\n') { String::new() } else { "\n".to_owned() };
    for line in block.lines() {
        lines.extend(std::iter::repeat_n(' ', if line.is_empty() { 0 } else { indent }));
        lines.push_str(line);
        lines.push('\n');
    }
    Some(Splice { at: at..at, text: lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` with `spec.sealed` given these texts.
    fn check(text: &str, items: &[(&str, &str)], expect: Option<&str>) {
        let mut after = yaml::read("f", text.as_bytes()).unwrap();
        let origin = after[0].origin.clone();
        let spec = after[0].as_map_mut().unwrap().get_mut("spec").unwrap();
        let sealed = spec.child_map("sealed").unwrap();
        for (key, value) in items {
            sealed.insert(*key, Node::text(*value, origin.clone()));
        }
        assert_eq!(edited("f", text, &after).as_deref(), expect, "{text}");
    }

    #[test]
    fn values_change_in_place_and_new_keys_come_last() {
        let text = "# top\nspec:\n  # why\n  sealed:\n    a: AgB1 # one\n    'b': \"AgB2\"\n  z: {y: 1}\n";
        check(
            text,
            &[("a", "AgC/+="), ("b", "AgD"), ("c", "AgE"), ("d", "AgF")],
            Some(
                "# top\nspec:\n  # why\n  sealed:\n    a: AgC/+= # one\n    'b': \"AgD\"\n    c: AgE\n    d: AgF\n  \
                 z: {y: 1}\n",
            ),
        );
        check("spec:\n  sealed:\n    a: x", &[("b", "z")], Some("spec:\n  sealed:\n    a: x\n    b: z\n"));
        check(
            "spec:\n  sealed:\n    a: 'x'\n",
            &[("a", "y: z")],
            Some("spec:\n  sealed:\n    a: \"y: z\"\n"),
        );
        check(
            "{\"spec\": {\"sealed\": {\"a\": \"x\"}}}",
            &[("a", "y")],
            Some("{\"spec\": {\"sealed\": {\"a\": \"y\"}}}"),
        );
    }

    #[test]
    fn what_cannot_be_spliced_is_left_to_be_written_anew() {
        check("spec: {sealed: {a: x}}\n", &[("b", "y")], None);
        check("spec:\n  sealed: {}\n", &[("b", "y")], None);
        check("spec:\n  sealed:\n    a: |\n      x\n", &[("a", "y")], None);
        check("spec:\n  sealed: &s\n    a: x\nother: *s\n", &[("a", "y")], None);
    }

    #[test]
    fn later_documents_are_edited_in_their_place() {
        let text = "a: x\n---\n# second\nb: old # kept\n";
        let mut after = yaml::read("f", text.as_bytes()).unwrap();
        let origin = after[1].origin.clone();
        after[1].as_map_mut().unwrap().insert("b", Node::text("new", origin));
        assert_eq!(edited("f", text, &after).as_deref(), Some("a: x\n---\n# second\nb: new # kept\n"));
        after.pop();
        assert_eq!(edited("f", text, &after), None);
    }
}
