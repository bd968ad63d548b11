//! Templates that want too much, or try to break the engine.

use super::{Limits, Template, execute, functions};
use crate::template::{Limit, ParseError};

fn limited(text: &str, limits: Limits) -> Option<Limit> {
    let template = Template::parse("n", text, &functions()).unwrap();
    execute(&template, limits).err().map(|error| error.limit().expect("a limit, nothing else"))
}

#[test]
fn what_goes_beyond_a_limit() {
    let check =
        |text: &str, limit: Limit| assert_eq!(limited(text, Limits::default()), Some(limit), "{text}");
    check("{{range 1000000000000}}{{end}}", Limit::Steps);
    check("{{range 10000}}{{range 10000}}x{{end}}{{end}}", Limit::Steps);
    check("{{range 20000}}{{printf \"%100d\" 1}}{{end}}", Limit::Output);
    check("{{printf \"%1000000d\" 1 | print}}{{printf \"%1000000d\" 1}}", Limit::Output);
    check("{{$x := \"ab\"}}{{range 40}}{{$x = double $x}}{{end}}", Limit::Memory);
    check("{{range 100}}{{$x := printf \"%1000000d\" 1}}{{end}}", Limit::Memory);
    check("{{$x := printf \"%1000000d%1000000d%1000000d\" 1 1 1}}{{html $x}}", Limit::Memory);
    check("{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}", Limit::Depth);
    check("{{$x := list}}{{range 200}}{{$x = list $x}}{{end}}", Limit::Depth);
    check("{{$d := dict}}{{$_ := set $d \"d\" $d}}{{$d}}", Limit::Depth);
    check("{{$d := dict}}{{$_ := set $d \"d\" $d}}{{print $d}}", Limit::Depth);
    check("{{$d := dict}}{{$_ := set $d \"d\" $d}}{{html $d}}", Limit::Depth);
    // A list that holds itself twice at each level is short to write and long to print.
    check("{{$x := list 1}}{{range 60}}{{$x = list $x $x}}{{end}}{{$x}}", Limit::Output);
}

#[test]
fn limits_are_as_given() {
    let check = |text: &str, limits: Limits, expect: Option<Limit>| {
        assert_eq!(limited(text, limits), expect, "{text}")
    };
    let limits = Limits::default();
    check("0123456789", Limits { output: 10, ..limits }, None);
    check("0123456789a", Limits { output: 10, ..limits }, Some(Limit::Output));
    check("{{range 10}}{{end}}", Limits { steps: 5, ..limits }, Some(Limit::Steps));
    check("{{(((1)))}}", Limits { depth: 4, ..limits }, None);
    check("{{((((1))))}}", Limits { depth: 4, ..limits }, Some(Limit::Depth));
    check("{{print \"0123456789\"}}", Limits { memory: 9, ..limits }, Some(Limit::Memory));
}

#[test]
fn chains_of_maps_are_let_go_without_recursion() {
    let text = "{{$head := dict}}{{$last := $head}}{{range 20000}}{{$next := dict}}{{$_ := set $last \"n\" $next}}\
                {{$last = $next}}{{end}}done";
    assert_eq!(limited(text, Limits::default()), None);
}

#[test]
fn deep_texts_are_refused_or_run() {
    let nested = |open: &str, middle: &str, close: &str, count: usize| {
        format!("{}{middle}{}", open.repeat(count), close.repeat(count))
    };
    let forms = [
        ("{{if true}}", "x", "{{end}}"),
        ("{{range 1}}", "x", "{{end}}"),
        ("{{with 1}}", "x", "{{else}}{{end}}"),
        ("{{block \"x\" 1}}", "x", "{{end}}"),
        ("{{if false}}{{else}}", "x", "{{end}}"),
    ];
    for (open, middle, close) in forms {
        let deep = Template::parse("n", &nested(open, middle, close, 100_000), &functions());
        assert!(matches!(deep, Err(ParseError::Unsupported { .. })), "{open}");
    }
    for (open, close) in [("(", ")"), ("(print ", ")"), ("(1 | print ", ")"), ("(and 1 ", ")")] {
        let deep = format!("{{{{{}}}}}", nested(open, "1", close, 100_000));
        assert!(
            matches!(Template::parse("n", &deep, &functions()), Err(ParseError::Unsupported { .. })),
            "{open}"
        );
        let allowed = format!("{{{{{}}}}}", nested(open, "1", close, 99));
        let template = Template::parse("n", &allowed, &functions()).unwrap();
        assert!(execute(&template, Limits::default()).is_ok(), "{open}");
    }
    let chain = format!("{{{{if false}}}}{}{{{{end}}}}", "{{else if false}}".repeat(100_000));
    assert!(matches!(Template::parse("n", &chain, &functions()), Err(ParseError::Unsupported { .. })));
}

#[test]
fn the_deepest_that_is_parsed_and_run_fits_the_stack() {
    let text = format!(
        "{}{{{{{}1{}}}}}{}",
        "{{if 1}}".repeat(50),
        "(print ".repeat(48),
        ")".repeat(48),
        "{{end}}".repeat(50)
    );
    let text =
        format!("{{{{define \"r\"}}}}{text}{{{{template \"r\" .}}}}{{{{end}}}}{{{{template \"r\" .}}}}");
    assert_eq!(limited(&text, Limits::default()), Some(Limit::Depth));
}

#[test]
fn many_variables_take_linear_time() {
    let mut text = String::new();
    for index in 0..30_000 {
        text.push_str(&format!("{{{{$v{index} := 1}}}}{{{{$v{index}}}}}"));
    }
    let template = Template::parse("n", &text, &functions()).unwrap();
    assert_eq!(execute(&template, Limits { steps: 100_000_000, ..Limits::default() }).unwrap().len(), 30_000);
}
