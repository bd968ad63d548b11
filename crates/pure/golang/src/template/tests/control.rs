//! Controls and templates. The expectations are what Go 1.26 says.

use super::check;

#[test]
fn if_and_with() {
    check(&[
        ("{{if true}}y{{end}}", "y"),
        ("{{if false}}y{{else}}n{{end}}", "n"),
        ("{{if 0}}y{{else if 0.0}}z{{else}}n{{end}}", "n"),
        (r#"{{if ""}}y{{else}}n{{end}}"#, "n"),
        ("{{if .a}}y{{end}}", "y"),
        ("{{if .b}}y{{else}}n{{end}}", "n"),
        ("{{if .nope}}y{{else}}n{{end}}", "n"),
        ("{{if list}}y{{else}}n{{end}}", "n"),
        ("{{if list 0}}y{{end}}", "y"),
        ("{{if dict}}y{{else}}n{{end}}", "n"),
        ("{{if nothing}}y{{else}}n{{end}}", "n"),
        ("{{if ints}}y{{else}}n{{end}}", "n"),
        (r#"{{if bytes ""}}y{{else}}n{{end}}"#, "n"),
        ("{{if u8 0}}y{{else}}n{{end}}", "n"),
        ("{{if dur 1}}y{{end}}", "y"),
        ("{{if nil}}y{{end}}", r#"template: n:1:5: executing "n" at <nil>: nil is not a command"#),
        ("{{if 'a'}}y{{end}}", "y"),
        ("{{with .a}}{{.}}{{end}}", "alpha"),
        ("{{with .b}}{{.}}{{else}}{{.a}}{{end}}", "alpha"),
        ("{{with .b}}1{{else with .a}}2{{.}}{{else}}3{{end}}", "2alpha"),
        ("{{with .b}}1{{else with .nope}}2{{.}}{{else}}3{{.a}}{{end}}", "3alpha"),
        ("{{with $}}{{.a}}{{end}}", "alpha"),
        (r#"{{with dict "a" 1}}{{.a}}{{$.a}}{{end}}"#, "1alpha"),
        ("{{if and .a .b}}y{{else}}n{{end}}", "n"),
        ("{{if or .b .a}}y{{end}}", "y"),
        ("{{if not .b}}y{{end}}", "y"),
        ("{{if .a}}{{if .b}}1{{else}}2{{end}}{{else}}3{{end}}", "2"),
        ("{{if .a | not}}y{{else}}n{{end}}", "n"),
    ]);
}

#[test]
fn range() {
    check(&[
        ("{{range list 1 2 3}}{{.}},{{end}}", "1,2,3,"),
        (r#"{{range $i, $e := list "a" "b"}}{{$i}}{{$e}}{{.}} {{end}}"#, "0aa 1bb "),
        (r#"{{range $e := strs "a" "b"}}{{$e}}{{end}}"#, "ab"),
        ("{{range list}}x{{else}}empty{{end}}", "empty"),
        ("{{range .nope}}x{{else}}empty{{end}}", "empty"),
        ("{{range nothing}}x{{else}}e{{end}}", "e"),
        (r#"{{range dict "b" 1 "a" 2}}{{.}}{{end}}"#, "21"),
        (r#"{{range $k, $v := dict "b" 1 "a" 2}}{{$k}}={{$v}} {{end}}"#, "a=2 b=1 "),
        (
            r#"{{range $k, $v := .}}{{$k}}={{printf "%q" $v}} {{end}}"#,
            r#"a="alpha" b="" bin="\xff\x00z" e="é<&>'\"" n="7" x.y="dotted" "#,
        ),
        ("{{range 3}}{{.}}{{end}}", "012"),
        ("{{range $i := 3}}{{$i}}{{end}}", "012"),
        (
            "{{range $i, $j := 3}}{{$i}}{{end}}",
            r#"template: n:1:18: executing "n" at <3>: can't use 3 to iterate over more than one variable"#,
        ),
        ("{{range 0}}x{{else}}e{{end}}", "e"),
        ("{{range -1}}x{{else}}e{{end}}", "e"),
        (r#"{{range i64 2}}{{printf "%T" .}}{{end}}"#, "int64int64"),
        (r#"{{range u8 2}}{{printf "%T" .}}{{end}}"#, "uint8uint8"),
        (r#"{{range u64 2}}{{printf "%T" .}}{{end}}"#, "uint64uint64"),
        (r#"{{range i32 2}}{{printf "%T" .}}{{end}}"#, "int32int32"),
        ("{{range dur 2}}{{.}}{{end}}", "0s1ns"),
        (
            r#"{{range "abc"}}{{end}}"#,
            r#"template: n:1:8: executing "n" at <"abc">: range can't iterate over abc"#,
        ),
        ("{{range .a}}{{end}}", r#"template: n:1:8: executing "n" at <.a>: range can't iterate over alpha"#),
        ("{{range 1.5}}{{end}}", r#"template: n:1:8: executing "n" at <1.5>: range can't iterate over 1.5"#),
        (
            "{{range true}}{{end}}",
            r#"template: n:1:8: executing "n" at <true>: range can't iterate over true"#,
        ),
        (
            r#"{{range $i, $e := "abc"}}{{end}}"#,
            r#"template: n:1:18: executing "n" at <"abc">: range can't iterate over abc"#,
        ),
        (r#"{{range bytes "ab"}}{{.}} {{end}}"#, "97 98 "),
        (r#"{{range $i, $b := bytes "ab"}}{{$i}}{{$b}} {{end}}"#, "097 198 "),
        ("{{range list 1 2 3 4}}{{if eq . 3}}{{break}}{{end}}{{.}}{{end}}", "12"),
        ("{{range list 1 2 3 4}}{{if eq . 3}}{{continue}}{{end}}{{.}}{{end}}", "124"),
        ("{{range list 1 2}}{{range list 3 4}}{{if eq . 4}}{{break}}{{end}}{{.}}{{end}}|{{end}}", "3|3|"),
        ("{{range list 1 2}}{{range list}}{{else}}{{break}}{{end}}{{.}}{{end}}", "12"),
        ("{{range list 1 2}}{{range list}}{{else}}{{continue}}{{end}}{{.}}{{end}}", ""),
        ("{{range list 1 2}}{{with .}}{{$x := 1}}{{continue}}{{end}}{{.}}{{end}}!", "!"),
        ("{{$x := 0}}{{range list 1 2}}{{$x = .}}{{end}}{{$x}}", "2"),
        (r#"{{range list 1 "a" nil 2.5}}{{.}},{{end}}"#, "1,a,<no value>,2.5,"),
        (
            r#"{{range list "a"}}{{.x}}{{end}}"#,
            r#"template: n:1:20: executing "n" at <.x>: can't evaluate field x in type interface {}"#,
        ),
        (
            r#"{{range $e := list "a"}}{{$e.x}}{{end}}"#,
            r#"template: n:1:28: executing "n" at <$e.x>: can't evaluate field x in type interface {}"#,
        ),
        (
            "{{range list nil}}{{.x}}{{end}}",
            r#"template: n:1:20: executing "n" at <.x>: nil pointer evaluating interface {}.x"#,
        ),
        (
            "{{range $e := list nil}}{{$e.x}}{{end}}",
            r#"template: n:1:28: executing "n" at <$e.x>: nil pointer evaluating interface {}.x"#,
        ),
        (r#"{{range list nil}}{{print .}}{{printf "%v" .}}{{end}}"#, "<nil><nil>"),
        (
            r#"{{range strs "a"}}{{.x}}{{end}}"#,
            r#"template: n:1:20: executing "n" at <.x>: can't evaluate field x in type string"#,
        ),
        (r#"{{range list (dict "x" 1) (dict "x" 2)}}{{.x}}{{end}}"#, "12"),
        (
            "{{range $i, $e := list 1}}{{$i}}{{end}}{{range nilstrs}}{{else}}z{{end}}{{range nildict}}{{else}}y{{end}}",
            "0zy",
        ),
        (
            "{{range . }}{{.x}}{{end}}",
            r#"template: n:1:14: executing "n" at <.x>: can't evaluate field x in type string"#,
        ),
        ("{{range list 1 2}}a{{- /* */ -}} b{{end}}", "abab"),
        ("{{range $i, $c := list 1 2}}{{if $i}}, {{end}}{{$c}}{{end}}", "1, 2"),
        ("{{range $x, $y := nothing}}{{else}}{{$x}}{{$y}}{{end}}", "<no value><no value>"),
        ("{{range $x := list}}{{else}}{{$x}}{{end}}", "[]"),
        (
            r#"{{range boom "x"}}{{end}}"#,
            r#"template: n:1:8: executing "n" at <boom "x">: error calling boom: boom x"#,
        ),
    ]);
}

#[test]
fn templates() {
    check(&[
        (r#"{{define "x"}}[{{.}}]{{end}}{{template "x" .a}}{{template "x"}}"#, "[alpha][<no value>]"),
        (r#"{{template "x" 1}}{{define "x"}}{{$}}{{.}}{{end}}"#, "11"),
        (r#"{{define "x"}}{{.y}}{{end}}{{template "x" .}}"#, "<no value>"),
        (
            "{{define \"x\"}}{{.y.z}}{{end}}\n{{template \"x\" dict \"y\" 1}}",
            r#"template: n:1:18: executing "x" at <.y.z>: can't evaluate field z in type interface {}"#,
        ),
        (r#"{{block "x" .a}}({{.}}){{end}}"#, "(alpha)"),
        (r#"{{block "x" .a}}({{.}}){{end}}{{template "x" 2}}"#, "(alpha)(2)"),
        (r#"{{define "x"}}{{end}}{{template "x" .a}}|"#, "|"),
        (r#"{{template "x" $y := 1}}{{define "x"}}{{.}}{{end}}{{$y}}"#, "11"),
        (
            r#"{{define "a"}}{{template "b" .}}{{end}}{{define "b"}}{{.x.y.z}}{{end}}{{template "a" dict "x" (dict "y" 3)}}"#,
            r#"template: n:1:57: executing "b" at <.x.y.z>: can't evaluate field z in type interface {}"#,
        ),
        (
            r#"{{define "a%s"}}{{.x.y}}{{end}}{{template "a%s" dict "x" 1}}"#,
            r#"template: n:1:20: executing "a%s" at <.x.y>: can't evaluate field y in type interface {}"#,
        ),
        (r#"{{define "r"}}{{.}}{{if lt . 5}}{{template "r" 9}}{{end}}{{end}}{{template "r" 1}}"#, "19"),
        (
            r#"{{template "nope" .a.x}}"#,
            r#"template: n:1:11: executing "n" at <{{template "nope" .a.x}}>: template "nope" not defined"#,
        ),
        (
            r#"{{template "nope" .}}"#,
            r#"template: n:1:11: executing "n" at <{{template "nope" .}}>: template "nope" not defined"#,
        ),
        (r#"{{define `raw`}}r{{end}}{{template "raw"}}"#, "r"),
        (r#"{{if true}}{{template "q" 1 | print 2}}{{end}}{{define "q"}}{{.}}{{end}}"#, "2 1"),
        (r#"{{$x := 1}}{{template "q"}}{{define "q"}}{{$}}{{end}}"#, "<no value>"),
        (r#"{{range list 1 2}}{{block "b" .}}<{{.}}>{{end}}{{end}}"#, "<1><2>"),
        (
            r#"{{template "é\x41" 1}}{{define "éA"}}{{.x}}{{end}}"#,
            r#"template: n:1:41: executing "éA" at <.x>: can't evaluate field x in type int"#,
        ),
    ]);
}
