//! Fields and variables. The expectations are what Go 1.26 says.

use super::check;

#[test]
fn fields() {
    check(&[
        ("{{.a}}", "alpha"),
        ("{{.b}}|", "|"),
        ("{{.nope}}", "<no value>"),
        ("{{.nope.x}}", "<no value>"),
        ("{{.nope.x.y}}", "<no value>"),
        ("{{.a.x}}", r#"template: n:1:4: executing "n" at <.a.x>: can't evaluate field x in type string"#),
        ("{{$.a}}", "alpha"),
        ("{{$.nope}}", "<no value>"),
        ("{{.a 1}}", r#"template: n:1:2: executing "n" at <.a>: a is not a method but has arguments"#),
        ("{{1 | .a}}", r#"template: n:1:6: executing "n" at <.a>: a is not a method but has arguments"#),
        ("{{print .nope}}", "<nil>"),
        (r#"{{printf "%v" .nope}}"#, "<nil>"),
        (r#"{{printf "%s" .nope}}"#, "%!s(<nil>)"),
        (r#"{{index . "x.y"}}"#, "dotted"),
        (r#"{{index . "nope"}}|"#, "|"),
        (
            r#"{{with dict "a" nil "b" (dict "c" 1) "l" (list nil 1)}}{{.a}}|{{.b.c}}|{{.b.d}}|{{.nope}}{{end}}"#,
            "<no value>|1|<no value>|<no value>",
        ),
        (
            r#"{{(dict "a" nil).a.x}}"#,
            r#"template: n:1:12: executing "n" at <nil>: nil pointer evaluating interface {}.x"#,
        ),
        (r#"{{(dict "a" nil).a}}"#, "<no value>"),
        (r#"{{$x := (dict "a" nil).a}}{{$x.x}}"#, "<no value>"),
        (
            r#"{{(dict "a" "s").a.x}}"#,
            r#"template: n:1:12: executing "n" at <"s">: can't evaluate field x in type interface {}"#,
        ),
        (
            r#"{{$x := (dict "a" "s").a}}{{$x.x}}"#,
            r#"template: n:1:30: executing "n" at <$x.x>: can't evaluate field x in type string"#,
        ),
        (
            r#"{{(dict "a" 1).a 2}}"#,
            r#"template: n:1:12: executing "n" at <1>: a is not a method but has arguments"#,
        ),
        (
            r#"{{with dict "a" 1}}{{.a 2}}{{end}}"#,
            r#"template: n:1:21: executing "n" at <.a>: a is not a method but has arguments"#,
        ),
        (
            r#"{{with dict "a" 1}}{{2 | .a}}{{end}}"#,
            r#"template: n:1:25: executing "n" at <.a>: a is not a method but has arguments"#,
        ),
        (r#"{{(dict "a" (dict "b" (list 1 2))).a.b}}"#, "[1 2]"),
        ("{{dict.x}}", "<no value>"),
        (
            "{{list.x}}",
            r#"template: n:1:2: executing "n" at <list>: can't evaluate field x in type []interface {}"#,
        ),
        (
            "{{nothing.x}}",
            r#"template: n:1:2: executing "n" at <nothing>: nil pointer evaluating interface {}.x"#,
        ),
        ("{{(nothing).x}}", "<no value>"),
        ("{{nothing}}", "<no value>"),
        ("{{print nothing}}", "<nil>"),
        ("{{print (nothing)}}", "<nil>"),
        ("{{nildict}}{{nildict.x}}", "map[]<no value>"),
        (
            "{{(ints 1 2).x}}",
            r#"template: n:1:10: executing "n" at <2>: can't evaluate field x in type []int"#,
        ),
        ("{{1 | print | print}}", "1"),
        ("{{(1)}}", "1"),
        ("{{((1))}}", "1"),
        (
            "{{(print 1 2).x}}",
            r#"template: n:1:11: executing "n" at <2>: can't evaluate field x in type string"#,
        ),
        ("{{(.a).x.y}}", r#"template: n:1:3: executing "n" at <.a>: can't evaluate field x in type string"#),
        ("{{(.nope).x.y}}", "<no value>"),
        (
            "{{.a.b.c}}",
            r#"template: n:1:4: executing "n" at <.a.b.c>: can't evaluate field b in type string"#,
        ),
        ("{{.\n a}}", r#"template: n:2: function "a" not defined"#),
        (
            "abc\ndef {{.a.x}}",
            r#"template: n:2:8: executing "n" at <.a.x>: can't evaluate field x in type string"#,
        ),
        ("é{{.a.x}}", r#"template: n:1:6: executing "n" at <.a.x>: can't evaluate field x in type string"#),
        (
            "{{/* é */}}\n\n  {{print .a.x.y}}",
            r#"template: n:3:12: executing "n" at <.a.x.y>: can't evaluate field x in type string"#,
        ),
        (
            r#"{{printf "%d" (.a.x)}}"#,
            r#"template: n:1:17: executing "n" at <.a.x>: can't evaluate field x in type string"#,
        ),
    ]);
}

#[test]
fn variables() {
    check(&[
        ("{{$x := 1}}{{$x}}", "1"),
        ("{{$x := 1}}{{$x = 2}}{{$x}}", "2"),
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{$x = 1}}", r#"template: n:1:7: executing "n" at <1>: undefined variable: $x"#),
        ("{{if true}}{{$x = 1}}{{end}}", r#"template: n:1:18: executing "n" at <1>: undefined variable: $x"#),
        ("{{$x := 1}}{{range $x = list 5 6}}{{$x}}{{end}}{{$x}}", "566"),
        ("{{$i := 9}}{{$x := 1}}{{range $i, $x = list 5 6}}{{$i}}{{$x}} {{end}}{{$i}}{{$x}}", "05 16 16"),
        ("{{range $q = list 1}}{{end}}", r#"template: n:1:18: executing "n" at <1>: undefined variable: $q"#),
        ("{{with $x := .a}}{{$x}}{{.}}{{end}}", "alphaalpha"),
        ("{{with $x := 0}}yes{{else}}{{$x}}{{end}}", "0"),
        ("{{if $x := .b}}a{{else if $y := .a}}{{$x}}{{$y}}{{end}}", "alpha"),
        ("{{$x := .}}{{$x.a}}", "alpha"),
        (r#"{{$x := dict "y" (dict "z" 1)}}{{$x.y.z}}{{$x.y.q}}"#, "1<no value>"),
        (
            "{{$x := 1}}{{$x.y}}",
            r#"template: n:1:15: executing "n" at <$x.y>: can't evaluate field y in type int"#,
        ),
        ("{{$ := 1}}{{$}}", "1"),
        ("{{$x := $x}}", r#"template: n:1:8: executing "n" at <$x>: undefined variable: $x"#),
        ("{{$x := 1 | print}}{{$x}}", "1"),
        (r#"{{$x := printf "%d" 3}}{{$x | printf "%s!"}}"#, "3!"),
        ("{{print ($x := 3)}}{{$x}}", "33"),
        ("{{$x := nothing}}{{$x}}{{$x.y}}", "<no value><no value>"),
        ("{{$x:=1}}{{$x := 2}}{{$x}}", "2"),
        ("{{$x:=1}}{{ $x }}{{$x|print}}", "11"),
        ("{{$a_b1 := 1}}{{$a_b1}}", "1"),
        ("{{$x := true}}{{if $x}}{{$y := 1}}{{$y}}{{end}}", "1"),
    ]);
}
