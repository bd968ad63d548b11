//! No error says in public what the data holds.

use super::{ExecuteError, Limits, Template, execute, functions};

fn error(text: &str) -> ExecuteError {
    let template = Template::parse("n", text, &functions()).unwrap();
    execute(&template, Limits::default()).unwrap_err()
}

#[test]
fn public_texts() {
    let check = |text: &str, public: &str| {
        let error = error(text);
        assert_eq!(error.to_string(), public, "{text}");
        assert!(!error.to_string().contains("alpha"), "{text}");
        assert!(!format!("{error:?}").contains("alpha"), "{text}");
    };
    check("{{boom .a}}", r#"template: n:1:2: executing "n" at <boom .a>: error calling boom"#);
    check(
        "{{range .a}}{{end}}",
        r#"template: n:1:8: executing "n" at <.a>: range can't iterate over a value of type string"#,
    );
    check(
        "{{eq (list .a) (list .a)}}",
        r#"template: n:1:2: executing "n" at <eq (list .a) (list .a)>: error calling eq: non-comparable type"#,
    );
    check(
        "{{eq (list .a) .}}",
        r#"template: n:1:2: executing "n" at <eq (list .a) .>: error calling eq: non-comparable types"#,
    );
    check(
        "{{index . 1}}",
        r#"template: n:1:2: executing "n" at <index . 1>: error calling index: value has type int; should be string"#,
    );
    check(
        "{{index .a (len .a | print | len | slice .a | len)}}{{index .a 77}}",
        r#"template: n:1:54: executing "n" at <index .a 77>: error calling index: index out of range"#,
    );
    check(
        "{{.a | call}}",
        r#"template: n:1:7: executing "n" at <call>: error calling call: non-function of type string"#,
    );
    check("{{.a.x}}", r#"template: n:1:4: executing "n" at <.a.x>: can't evaluate field x in type string"#);
}

#[test]
fn values_are_not_printed_by_debug() {
    let shown = format!("{:?}", super::data());
    assert!(!shown.contains("alpha") && !shown.contains("97, 108"), "{shown}");
}
