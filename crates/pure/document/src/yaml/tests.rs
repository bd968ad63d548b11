use expect_test::expect;
use proptest::prelude::*;
use sealward_diagnostic::Origin;
use serde_json::json;

use super::*;
use crate::{MAX_BYTES, Value, json};

fn json_of(text: &str) -> serde_json::Value {
    read("t.yaml", text.as_bytes()).unwrap().remove(0).expose_json()
}

/// `text` as the value of a key.
fn check(text: &str, expect: serde_json::Value) {
    assert_eq!(json_of(&format!("v: {text}"))["v"], expect, "{text}");
}

fn refuse(text: &str, message: &str) {
    match read("t.yaml", text.as_bytes()) {
        Ok(nodes) => panic!("{text:?} was read as {nodes:?}"),
        Err(error) => assert_eq!(error.to_string(), message, "{text:?}"),
    }
}

#[test]
fn words_mean_what_yaml_1_1_says() {
    for word in ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"] {
        check(word, json!(true));
    }
    for word in ["n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"] {
        check(word, json!(false));
    }
    for word in ["", "~", "null", "Null", "NULL"] {
        check(word, json!(null));
    }
    for word in ["yES", "oN", "nULL", "yess", "~~", "'yes'", "\"yes\"", "!!str yes"] {
        assert!(json_of(&format!("v: {word}"))["v"].is_string(), "{word}");
    }
}

#[test]
fn numbers_mean_what_go_says() {
    check("0644", json!(420));
    check("0o644", json!(420));
    check("0x1F", json!(31));
    check("0b101", json!(5));
    check("-0b101", json!(-5));
    check("0b-11", json!(-3));
    check("1_000", json!(1000));
    check("08", json!(8));
    check("+1", json!(1));
    check("1.0", json!(1));
    check("1e3", json!(1000));
    check("-.5", json!(-0.5));
    check(".5_0", json!(0.5));
    check("._5", json!("._5"));
    check("1.2345678901234567e18", json!(1_234_567_890_123_456_800i64));
    check("18446744073709551615", json!(u64::MAX));
    check("-9223372036854775808", json!(i64::MIN));
    check("-9223372036854775809", json!(-9_223_372_036_854_775_808.0_f64));
    check("1e21", json!(1e21));
    for text in ["1:30", "1e999", "0x", "0b", "0o", "0b2", "1.2.3", "2001-01-01", "1e", "+", ".", "0x1.8p1"] {
        check(text, json!(text));
    }
}

#[test]
fn tags_convert_or_fail() {
    check("!!str 12", json!("12"));
    check("!!int '12'", json!(12));
    check("!!float 1", json!(1));
    check("!!bool 'yes'", json!(true));
    check("!!null ''", json!(null));
    check("!!binary aGk=", json!("hi"));
    check("!!timestamp 2001-01-01", json!("2001-01-01"));
    check("!custom 12", json!("12"));
    check("! 12", json!("12"));
    refuse("v: !!int secret", "t.yaml:1:4: cannot decode the value as a !!int");
    refuse("v: !!binary '*'", "t.yaml:1:4: !!binary value contains invalid base64 data");
    refuse("v: .inf", "t.yaml:1:4: infinities and NaN have no place in JSON: unsupported value");
}

#[test]
fn keys_become_text() {
    let text = "1: a\n0x10: b\n1.5: c\n1e6: d\ntrue: e\nno: f\n.inf: g\n~x: h\n";
    let expect = json!({"1": "a", "16": "b", "1.5": "c", "1e+06": "d", "true": "e", "false": "f", ".inf": "g", "~x": "h"});
    assert_eq!(json_of(text), expect);
    refuse("~: a", "t.yaml:1:1: unsupported map key: null");
    refuse("[a]: b", "t.yaml:1:1: invalid map key: a mapping or sequence");
    refuse("18446744073709551615: a", "t.yaml:1:1: unsupported map key: an integer beyond 63 bits");
}

#[test]
fn merge_keys_apply_where_they_stand() {
    let base = "base: &b {x: 1, y: 2}\nother: &o {x: 3, z: 4}\n";
    let merged = |text: &str| json_of(&format!("{base}v:\n{text}"))["v"].clone();
    assert_eq!(merged("  x: 0\n  <<: *b\n"), json!({"x": 1, "true": 2}));
    assert_eq!(merged("  <<: *b\n  x: 0\n"), json!({"x": 0, "true": 2}));
    assert_eq!(merged("  <<: [*b, *o]\n"), json!({"x": 1, "true": 2, "z": 4}));
    assert_eq!(merged("  \"<<\": {a: 1}\n"), json!({"<<": {"a": 1}}));
    refuse("v: {<<: 1}", "t.yaml:1:9: map merge requires map or sequence of maps as the value");
}

#[test]
fn duplicate_keys_are_told_and_the_last_counts() {
    let reading = read_each("t.yaml", b"a: 1\nb: {c: 1, c: 2}\na: 2\n\"1\": x\n1: z\n");
    let node = reading.documents[0].as_ref().unwrap();
    assert_eq!(node.expose_json(), json!({"a": 2, "b": {"c": 2}, "1": "z"}));
    let told: Vec<String> = reading
        .duplicates
        .iter()
        .map(|twice| format!("{} {} {}", twice.key, twice.first, twice.again))
        .collect();
    assert_eq!(told, ["c t.yaml:2:5 t.yaml:2:11", "a t.yaml:1:1 t.yaml:3:1", "1 t.yaml:4:1 t.yaml:5:1"]);
    assert_eq!(read_each("t", br#"{"a":1,"a":2}"#).duplicates.len(), 1);
}

#[test]
fn documents_are_divided_by_lines() {
    let check = |text: &str, expect: serde_json::Value| {
        let nodes = read("t", text.as_bytes()).unwrap();
        assert_eq!(
            serde_json::Value::Array(nodes.iter().map(Node::expose_json).collect()),
            expect,
            "{text:?}"
        );
    };
    check("", json!([]));
    check("# only\n---\n  # comments\n...\n", json!([]));
    check("a: 1\n--- # next\nb: 2\n---\n", json!([{"a": 1}, {"b": 2}]));
    check("\u{feff}a: 1\r\n---\r\nb: |\r\n  x\r\n  y\r\n", json!([{"a": 1}, {"b": "x\ny\n"}]));
    check("null\n---\n1", json!([null, 1]));
    check("{\"a\": 1}\n{\"b\": 2}", json!([{"a": 1}, {"b": 2}]));
    check("{\"a\": 1}\n---\n{b: 2}\n---\nc: 3", json!([{"a": 1}, {"b": 2}, {"c": 3}]));
    refuse("a: 1\n--- x\n", "t.yaml:2:4: invalid document separator");
    refuse("a: 1\n----\n", "t.yaml:2:4: invalid document separator");
    refuse("a: 1\n...\nb: 2\n", "t.yaml:3:1: content after the end of the document, which kubectl ignores");
    refuse("%YAML 1.2\n---\na: 1\n", "t.yaml:1:1: directives are not read by kubectl");
}

#[test]
fn json_means_what_json_says() {
    check(r#"{"a": "x"}"#, json!({"a": "x"}));
    assert_eq!(
        json_of(r#"{"a": "\/ \u00e9 \ud83d\ude00 \ud83d \"\\\b\f\n\r\t"}"#)["a"],
        "/ é 😀 \u{fffd} \"\\\u{8}\u{c}\n\r\t"
    );
    assert_eq!(
        json_of("{\"a\":\t[1.0, 1e2, -0, 1.5, true, null]}")["a"],
        json!([1, 100, 0, 1.5, true, null])
    );
    assert_eq!(json_of("[yes]"), json!([true]));
    refuse("{\"a\": 1,}}", "t.yaml:1:9: expected a key in double quotes");
    refuse("{\"a\" 1}", "t.yaml:1:6: expected `:` after the key");
    refuse("{\"a\": \"x\ny\"", "t.yaml:1:9: a control character must be escaped in a string");
    refuse("{\"a\": \"\\x\"}", "t.yaml:1:9: unknown escape in a string");
    refuse("{\"é\": \"\" x}", "t.yaml:1:10: expected `,` or `}` after the value");
}

#[test]
fn places_are_lines_columns_and_bytes() {
    let text = "é: &x\n  - a: 'ö'\n    b: |\n      t\nc: {d: e}\nempty:\nlast: 1\n";
    let node = read("t", text.as_bytes()).unwrap().remove(0);
    let at = |node: &Node| {
        (node.origin.line, node.origin.column, text.get(node.span.start..node.span.end).unwrap())
    };
    let item = &node.get("é").unwrap().as_list().unwrap()[0];
    assert_eq!(at(item), (2, 5, "a: 'ö'\n    b: |\n      t\n"));
    assert_eq!(at(item.get("a").unwrap()), (2, 8, "'ö'"));
    assert_eq!(at(item.get("b").unwrap()), (3, 8, "|\n      t\n"));
    assert_eq!(at(node.get("c").unwrap()), (5, 4, "{d: e}"));
    assert_eq!(at(node.at(&["c", "d"]).unwrap()), (5, 8, "e"));
    assert_eq!(at(node.get("empty").unwrap()), (6, 1, ""));
    assert_eq!(node.as_map().unwrap().field("last").unwrap().origin, Origin::new("t", 7, 1));
    let text = "a: 1\n---\n{\"b\": [1,\n \"x\"]}";
    let nodes = read("t", text.as_bytes()).unwrap();
    let x = &nodes[1].get("b").unwrap().as_list().unwrap()[1];
    assert_eq!((x.origin.to_string(), &text[x.span.start..x.span.end]), ("t:4:2".into(), "\"x\""));
    let nodes = read("t", "\u{feff}a: b".as_bytes()).unwrap();
    assert_eq!(nodes[0].get("a").unwrap().span, crate::Span { start: 6, end: 7 });
}

#[test]
fn errors_say_where_and_what() {
    refuse("a: b: c\n", "t.yaml:1:5: mapping values are not allowed in this context");
    refuse("ok: 1\n---\na:\n\tb: 1\n", "t.yaml:4:2: tabs disallowed within this context (block indentation)");
    refuse("a: 1\n\t\nb: 2", "t.yaml:2:1: found a tab that cannot start any token");
    refuse("a:\n-\tb: 1", "t.yaml:2:3: found a tab that cannot start any token");
    refuse("a: |\n  \tx\n", "t.yaml:2:3: found a tab that cannot start any token");
    refuse("a: *x\n", "t.yaml:1:4: while parsing node, found unknown anchor");
    refuse("a: &x [*x]\n", "t.yaml:1:8: the anchor's value contains itself");
    refuse("a: {b:}\n", "t.yaml:1:5: no space between `:` and what follows, so that the colon may be text");
    refuse("a: {b: |c}\n", "t.yaml:1:8: text that starts with `|` or `>` must be quoted");
    refuse("a: \u{2028}\n", "t.yaml:1:4: the character U+2028 is not allowed");
    refuse("a: 1\nb: \u{7}\n", "t.yaml:2:4: the character U+0007 is not allowed");
    let error = read("t.yaml", b"a: 1\n\xc3\xa9: \xff").unwrap_err();
    assert_eq!(error.to_string(), "t.yaml:2:4: invalid UTF-8 text");
}

#[test]
fn bombs_are_refused() {
    let laughs: String = (0..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".into(), |text, level| {
        let alias = format!("*a{level}");
        format!("{text}a{}: &a{} [{}]\n", level + 1, level + 1, vec![alias; 10].join(", "))
    });
    let message = |text: &str| read("t", text.as_bytes()).unwrap_err().message;
    assert!(message(&laughs).starts_with("the file holds more than 1000000 nodes"));
    let nested: String = (1..40).fold("a0: &a0 {k: v}\n".into(), |text, level| {
        format!("{text}a{level}: &a{level} {{<<: *a{}, l: *a{}}}\n", level - 1, level - 1)
    });
    assert!(message(&nested).starts_with("the file holds more than"));
    for text in
        ["[".repeat(200), "{\"a\":".repeat(200), "- ".repeat(200), "? ".repeat(200), "a: {".repeat(200)]
    {
        message(&text);
    }
    assert!(message(&format!("{}{}", "[".repeat(200), "]".repeat(200))).contains("nested deeper"));
    assert!(message(&"[".repeat(1 << 20)).contains("nested deeper"));
    assert!(message(&"a".repeat(MAX_BYTES + 1)).contains("more than the 16777216 that are read"));
    let many: String = (0..200_000).map(|index| format!("k{index}: v\n")).collect();
    assert_eq!(read("t", many.as_bytes()).unwrap()[0].as_map().unwrap().len(), 200_000);
}

#[test]
fn what_is_written_is_readable() {
    let text = "apiVersion: v1\nkind: X\nlist:\n- a: 1\n  b: [c, {d: e}]\n- - x\n  - []\nempty: {}\ntext: |\n  one\n    two\n\n  three\nkeep: \"x\\n\\n\"\nwords: ['yes', '012', '1:30', 1.2.3, '', ' x', '- a', 'a: b', \"a\\tb\", 10.0.0.1, 100m, --flag=x, '@', 2026-01-01]\n";
    let nodes = read("t", text.as_bytes()).unwrap();
    expect![[r#"
        apiVersion: v1
        kind: X
        list:
        - a: 1
          b:
          - c
          - d: e
        - - x
          - []
        empty: {}
        text: |
          one
            two

          three
        keep: |+
          x

        words:
        - "yes"
        - "012"
        - "1:30"
        - "1.2.3"
        - ""
        - " x"
        - "- a"
        - "a: b"
        - "a\tb"
        - "10.0.0.1"
        - 100m
        - --flag=x
        - "@"
        - "2026-01-01"
    "#]]
    .assert_eq(&write_redacted(&nodes));
    assert_eq!(read("t", write_redacted(&nodes).as_bytes()).unwrap(), nodes);
}

#[test]
fn secrets_show_only_when_exposed() {
    let origin = Origin::file("t");
    let secret = Node::made(Value::Secret("hunter2\nline".to_owned().into()), origin.clone());
    let map = [("a".to_owned(), secret)].into_iter().collect();
    let node = Node::made(Value::Map(map), origin);
    let documents = [node.clone(), node.clone()];
    assert_eq!(write_redacted(&documents), "a: \"[redacted]\"\n---\na: \"[redacted]\"\n");
    assert_eq!(write_exposed(&documents[..1]), "a: |-\n  hunter2\n  line\n");
    assert_eq!(json::write_redacted(&node), "{\n  \"a\": \"[redacted]\"\n}\n");
    assert_eq!(json::write_exposed(&node), "{\n  \"a\": \"hunter2\\nline\"\n}\n");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\n\t]{0,12}",
        "\\PC{0,6}",
        any::<String>(),
        "[0-9.+_:exobTZ -]{0,10}",
        proptest::sample::select(vec![
            "yes", "No", "~", "null", "<<", ".inf", "0644", "---", "...", "- ", "#", "a: b"
        ])
        .prop_map(str::to_owned),
        "[a-z]{120,400}",
    ]
}

fn any_node() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<u64>().prop_map(|value| json!(value)),
        any::<f64>().prop_filter_map("finite", crate::number::from_float).prop_map(serde_json::Value::Number),
        any_text().prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
            proptest::collection::btree_map(any_text(), inner, 0..6)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn writing_and_reading_is_identity(values in proptest::collection::vec(any_node(), 1..4)) {
        let nodes: Vec<Node> = values.iter().map(|value| Node::from_json(value, &Origin::file("t"))).collect();
        let yaml = write_exposed(&nodes);
        prop_assert_eq!(&read("t", yaml.as_bytes()).unwrap(), &nodes, "{}", yaml);
        let json = json::write_exposed(&nodes[0]);
        prop_assert_eq!(&read("t", json.as_bytes()).unwrap()[0], &nodes[0]);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read("t", &bytes);
    }

    #[test]
    fn no_text_makes_it_panic(text in "([-?:,\\[\\]{}#&*!|>'\"%@` \t\r\n]|---|\\.\\.\\.|<<|é|a|1|!!int|\\\\u|\u{feff}){0,40}") {
        for document in read_each("t", text.as_bytes()).documents.into_iter().flatten() {
            prop_assert!(document.span.start <= document.span.end && document.span.end <= text.len());
            prop_assert!(text.get(document.span.start..document.span.end).is_some());
        }
    }
}

#[test]
fn what_strangers_send_is_bounded_before_it_is_scanned() {
    let read = |text: &str| {
        let documents = super::read_within("f", text.as_bytes(), 100);
        documents.map(|documents| documents.len()).map_err(|error| error.message)
    };
    assert_eq!(read("a: 1\n---\n{\"b\": 2}\n"), Ok(2));
    // JSON is no matter of tokens.
    assert_eq!(read(&format!("{{\"a\": \"{}\"}}", "[,]".repeat(1_000))), Ok(1));
    let too_many = Err("the file holds more than 100 nodes".to_owned());
    assert_eq!(
        read(&format!("[{}0]", "0,".repeat(100))),
        Err("the file holds more than 100 nodes, aliases expanded".to_owned())
    );
    for piece in ["0,", "? ", ": ", "'' ", "\"\" ", "!a ", "&a ", "[", "{", "a #\n"] {
        assert_eq!(read(&format!("[a{}", piece.repeat(250))), too_many, "{piece:?}");
    }
    assert_eq!(
        read(&"a\n---\n".repeat(101)),
        Err("the file holds more than 100 nodes, aliases expanded".to_owned())
    );
}
