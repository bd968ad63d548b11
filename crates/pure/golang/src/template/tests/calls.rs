//! Calls and their arguments. The expectations are what Go 1.26 says.

use super::check;

#[test]
fn pipelines_and_calls() {
    check(&[
        (r#"{{.a | printf "%s-%s" "x"}}"#, "x-alpha"),
        (r#"{{printf "%s" .a | len}}"#, "5"),
        (r#"{{print 1 2 "a" "b" 3 4}}"#, "1 2ab3 4"),
        (r#"{{println 1 "a"}}"#, "1 a\n"),
        ("{{print}}|{{println}}", "|\n"),
        (r#"{{print "a" 1 nil true}}"#, "a1 <nil> true"),
        (
            "{{printf}}",
            r#"template: n:1:2: executing "n" at <printf>: wrong number of args for printf: want at least 1 got 0"#,
        ),
        ("{{printf 1}}", r#"template: n:1:9: executing "n" at <1>: expected string; found 1"#),
        (
            "{{1 | printf}}",
            r#"template: n:1:6: executing "n" at <printf>: wrong type for value; expected string; got int"#,
        ),
        (r#"{{printf "%d"}}"#, "%!d(MISSING)"),
        (r#"{{printf "%d" 1 2}}"#, "1%!(EXTRA int=2)"),
        ("{{printf nil}}", r#"template: n:1:9: executing "n" at <nil>: cannot assign nil to string"#),
        ("{{printf .nope}}", r#"template: n:1:9: executing "n" at <.nope>: invalid value; expected string"#),
        (
            "{{printf (list)}}",
            r#"template: n:1:10: executing "n" at <list>: wrong type for value; expected string; got []interface {}"#,
        ),
        ("{{len}}", r#"template: n:1:2: executing "n" at <len>: wrong number of args for len: want 1 got 0"#),
        (
            "{{len 1 2}}",
            r#"template: n:1:2: executing "n" at <len>: wrong number of args for len: want 1 got 2"#,
        ),
        (
            "{{1 | len 2}}",
            r#"template: n:1:6: executing "n" at <len>: wrong number of args for len: want 1 got 2"#,
        ),
        ("{{len 1}}", r#"template: n:1:2: executing "n" at <len 1>: error calling len: len of type int"#),
        (
            "{{len nil}}",
            r#"template: n:1:2: executing "n" at <len nil>: error calling len: reflect: call of reflect.Value.Type on zero Value"#,
        ),
        (
            "{{len .nope}}",
            r#"template: n:1:2: executing "n" at <len .nope>: error calling len: reflect: call of reflect.Value.Type on zero Value"#,
        ),
        (
            "{{len nothing}}",
            r#"template: n:1:2: executing "n" at <len nothing>: error calling len: len of nil pointer"#,
        ),
        (
            "{{len (nothing)}}",
            r#"template: n:1:2: executing "n" at <len (nothing)>: error calling len: reflect: call of reflect.Value.Type on zero Value"#,
        ),
        ("{{len .a}}", "5"),
        ("{{len .}}", "6"),
        ("{{len (list 1 2)}}", "2"),
        (r#"{{len (bytes "abc")}}"#, "3"),
        (
            "{{len true}}",
            r#"template: n:1:2: executing "n" at <len true>: error calling len: len of type bool"#,
        ),
        ("{{len dict}}", "0"),
        (r#"{{boom "x"}}"#, r#"template: n:1:2: executing "n" at <boom "x">: error calling boom: boom x"#),
        ("{{boom .a}}", r#"template: n:1:2: executing "n" at <boom .a>: error calling boom: boom alpha"#),
        (
            "{{print (boom .a)}}",
            r#"template: n:1:9: executing "n" at <boom .a>: error calling boom: boom alpha"#,
        ),
        ("{{.a | boom}}", r#"template: n:1:7: executing "n" at <boom>: error calling boom: boom alpha"#),
        (
            "{{print boom}}",
            r#"template: n:1:8: executing "n" at <boom>: wrong number of args for boom: want 1 got 0"#,
        ),
        (
            "{{boom}}",
            r#"template: n:1:2: executing "n" at <boom>: wrong number of args for boom: want 1 got 0"#,
        ),
        ("{{boom 1}}", r#"template: n:1:7: executing "n" at <1>: expected string; found 1"#),
        ("{{boom nil}}", r#"template: n:1:7: executing "n" at <nil>: cannot assign nil to string"#),
        ("{{boom true}}", r#"template: n:1:7: executing "n" at <true>: expected string; found true"#),
        (
            "{{boom (1)}}",
            r#"template: n:1:8: executing "n" at <1>: wrong type for value; expected string; got int"#,
        ),
        ("{{boom .nope}}", r#"template: n:1:7: executing "n" at <.nope>: invalid value; expected string"#),
        (
            "{{boom nothing}}",
            r#"template: n:1:7: executing "n" at <nothing>: wrong type for value; expected string; got interface {}"#,
        ),
        (
            "{{boom (nothing)}}",
            r#"template: n:1:8: executing "n" at <nothing>: invalid value; expected string"#,
        ),
        (
            "{{boom .}}",
            r#"template: n:1:7: executing "n" at <.>: wrong type for value; expected string; got map[string]string"#,
        ),
        (
            "{{size .}}",
            r#"template: n:1:7: executing "n" at <.>: wrong type for value; expected map[string]interface {}; got map[string]string"#,
        ),
        ("{{size nil}}", "0"),
        (
            "{{size 1}}",
            r#"template: n:1:7: executing "n" at <1>: can't handle 1 for arg of type map[string]interface {}"#,
        ),
        ("{{size (dict 1 2)}}", "1"),
        (
            "{{size nothing}}",
            r#"template: n:1:7: executing "n" at <nothing>: wrong type for value; expected map[string]interface {}; got interface {}"#,
        ),
        ("{{size .nope}}", "0"),
        ("{{i64 1}}", "1"),
        ("{{i64 1.0}}", "1"),
        ("{{i64 1.5}}", r#"template: n:1:6: executing "n" at <1.5>: expected integer; found 1.5"#),
        (r#"{{i64 "1"}}"#, r#"template: n:1:6: executing "n" at <"1">: expected integer; found "1""#),
        (
            "{{i64 (print 1)}}",
            r#"template: n:1:13: executing "n" at <1>: wrong type for value; expected int64; got string"#,
        ),
        (
            "{{i64 (1)}}",
            r#"template: n:1:7: executing "n" at <1>: wrong type for value; expected int64; got int"#,
        ),
        ("{{u64 -1}}", r#"template: n:1:6: executing "n" at <-1>: expected unsigned integer; found -1"#),
        ("{{u64 1}}", "1"),
        ("{{u8 300}}", "44"),
        ("{{i32 4294967297}}", "1"),
        ("{{f64 1}}", "1"),
        (r#"{{f64 "x"}}"#, r#"template: n:1:6: executing "n" at <"x">: expected float; found "x""#),
        ("{{f64 'a'}}", "97"),
        ("{{i64 'a'}}", "97"),
        ("{{flag 1}}", r#"template: n:1:7: executing "n" at <1>: expected bool; found 1"#),
        ("{{flag true}}", "true"),
        ("{{flag nil}}", r#"template: n:1:7: executing "n" at <nil>: cannot assign nil to bool"#),
        (
            "{{flag .a}}",
            r#"template: n:1:7: executing "n" at <.a>: wrong type for value; expected bool; got string"#,
        ),
        ("{{dur 1500000000}}", "1.5s"),
        (r#"{{ints 1 "a"}}"#, r#"template: n:1:9: executing "n" at <"a">: expected integer; found "a""#),
        ("{{ints 1 2 (len .a)}}", "[1 2 5]"),
        (
            "{{ints 1 (i64 2)}}",
            r#"template: n:1:14: executing "n" at <2>: wrong type for value; expected int; got int64"#,
        ),
        (
            "{{strs .a .nope}}",
            r#"template: n:1:10: executing "n" at <.nope>: invalid value; expected string"#,
        ),
        ("{{strs .a nil}}", r#"template: n:1:10: executing "n" at <nil>: cannot assign nil to string"#),
        ("{{strs 1}}", r#"template: n:1:7: executing "n" at <1>: expected string; found 1"#),
        ("{{list .a .nope nil}}", "[alpha <nil> <nil>]"),
        ("{{1 | list 2 | list 3}}", "[3 [2 1]]"),
        (r#"{{.a | strs "x"}}"#, "[x alpha]"),
        (
            r#"{{1 | strs "x"}}"#,
            r#"template: n:1:11: executing "n" at <"x">: wrong type for value; expected string; got int"#,
        ),
        ("{{true | flag}}", "true"),
        (r#"{{set (dict "a" 1) "b" 2}}"#, "map[a:1 b:2]"),
        ("{{set (dict) 1 2}}", r#"template: n:1:13: executing "n" at <1>: expected string; found 1"#),
        (r#"{{$d := dict}}{{set $d "x" 1 | len}}{{$d.x}}{{$d}}"#, "11map[x:1]"),
        (r#"{{$d := dict}}{{$e := $d}}{{$_ := set $d "x" 1}}{{$e}}"#, "map[x:1]"),
        (
            r#"{{set nildict "a" 1}}"#,
            r#"template: n:1:2: executing "n" at <set nildict "a" 1>: error calling set: assignment to entry in nil map"#,
        ),
        ("{{print 1 (print 2 (print 3))}}", "123"),
        (
            "{{(print 1) 2}}",
            r#"template: n:1:2: executing "n" at <(print 1) 2>: can't give argument to non-function print 1"#,
        ),
        ("{{1 2}}", r#"template: n:1:2: executing "n" at <1>: can't give argument to non-function 1"#),
        (
            r#"{{"a" 2}}"#,
            r#"template: n:1:2: executing "n" at <"a">: can't give argument to non-function "a""#,
        ),
        ("{{. 2}}", r#"template: n:1:2: executing "n" at <.>: can't give argument to non-function ."#),
        ("{{$ 2}}", r#"template: n:1:2: executing "n" at <$>: can't give argument to non-function $"#),
        ("{{true | print 1}}", "1 true"),
        ("{{nil | print}}", r#"template: n:1:2: executing "n" at <nil>: nil is not a command"#),
        ("{{print | print}}", ""),
        ("{{(.a) | print}}", "alpha"),
        (
            "{{1 | (print)}}",
            r#"template: n:1:2: executing "n" at <1>: can't give argument to non-function print"#,
        ),
        (r#"{{.a | len | printf "%03d"}}"#, "005"),
        (
            "{{call .a}}",
            r#"template: n:1:2: executing "n" at <call .a>: error calling call: non-function .a of type string"#,
        ),
        ("{{call nil}}", r#"template: n:1:2: executing "n" at <call nil>: error calling call: call of nil"#),
        (
            "{{call .nope}}",
            r#"template: n:1:2: executing "n" at <call .nope>: error calling call: call of nil"#,
        ),
        (
            "{{.a | call}}",
            r#"template: n:1:7: executing "n" at <call>: error calling call: non-function alpha of type string"#,
        ),
        (
            "{{1 | call}}",
            r#"template: n:1:6: executing "n" at <call>: error calling call: non-function <int Value> of type int"#,
        ),
        (
            "{{call 1 2}}",
            r#"template: n:1:2: executing "n" at <call 1 2>: error calling call: non-function 1 of type int"#,
        ),
        (
            "{{call}}",
            r#"template: n:1:2: executing "n" at <call>: wrong number of args for call: want at least 1 got 0"#,
        ),
        (
            "{{call print}}",
            r#"template: n:1:2: executing "n" at <call print>: error calling call: non-function print of type string"#,
        ),
        (
            "{{call (print .a)}}",
            r#"template: n:1:2: executing "n" at <call (print .a)>: error calling call: non-function print .a of type string"#,
        ),
        (
            "{{call nothing}}",
            r#"template: n:1:2: executing "n" at <call nothing>: error calling call: call of nil"#,
        ),
        (
            r#"{{print .a.x.y (boom "z")}}"#,
            r#"template: n:1:10: executing "n" at <.a.x.y>: can't evaluate field x in type string"#,
        ),
        (
            r#"{{printf "%s %s" (boom "1") (boom "2")}}"#,
            r#"template: n:1:18: executing "n" at <boom "1">: error calling boom: boom 1"#,
        ),
        ("{{print true.x}}", r#"template: n:1: unexpected . after term "true""#),
        ("{{html .e}}", "é&lt;&amp;&gt;&#39;&#34;"),
        ("{{.e | html}}", "é&lt;&amp;&gt;&#39;&#34;"),
        (r#"{{html "\x00a"}}"#, "�a"),
        (r#"{{html 1 "<"}}"#, "1&lt;"),
        ("{{html nil}}", "&lt;no value&gt;"),
        (r#"{{html .nope "a"}}"#, "&lt;no value&gt;a"),
        (r#"{{html (list "<")}}"#, "[&lt;]"),
        ("{{html}}|", "|"),
        ("{{js .e}}", r#"é\u003C\u0026\u003E\'\""#),
        (r#"{{js "a=b\\\n\x7f\u2028\U0001F600\u200b"}}"#, "a\\u003Db\\\\\\u000A\u{7f}\\u2028😀\\u200B"),
        ("{{js 1}}", "1"),
        ("{{urlquery .e}}", "%C3%A9%3C%26%3E%27%22"),
        (r#"{{urlquery "a b/c?d=e&f~_-."}}"#, "a+b%2Fc%3Fd%3De%26f~_-."),
        ("{{urlquery 1 2}}", "1+2"),
        ("{{urlquery .bin}}", "%FF%00z"),
    ]);
}

#[test]
fn and_or_not() {
    check(&[
        ("{{and 1 0}}", "0"),
        ("{{and 1 2}}", "2"),
        (r#"{{and 0 (boom "x")}}"#, "0"),
        (
            r#"{{and 1 (boom "x")}}"#,
            r#"template: n:1:9: executing "n" at <boom "x">: error calling boom: boom x"#,
        ),
        (r#"{{or 1 (boom "x")}}"#, "1"),
        (r#"{{or 0 ""}}|"#, "|"),
        ("{{or 0 2}}", "2"),
        (
            "{{and}}",
            r#"template: n:1:2: executing "n" at <and>: wrong number of args for and: want at least 1 got 0"#,
        ),
        (
            "{{or}}",
            r#"template: n:1:2: executing "n" at <or>: wrong number of args for or: want at least 1 got 0"#,
        ),
        ("{{1 | and 2}}", "1"),
        ("{{0 | and 2}}", "0"),
        ("{{1 | or 0}}", "1"),
        ("{{1 | and}}", "1"),
        (
            r#"{{boom "x" | or 1}}"#,
            r#"template: n:1:2: executing "n" at <boom "x">: error calling boom: boom x"#,
        ),
        ("{{and nil 1}}", "<no value>"),
        ("{{or nil 1}}", "1"),
        ("{{and nil}}", "<no value>"),
        ("{{or nil}}", "<no value>"),
        ("{{or .nope 1}}", "1"),
        ("{{and .nope}}", "<no value>"),
        ("{{and nothing 1}}", "<no value>"),
        ("{{not 1}}", "false"),
        ("{{not nil}}", "true"),
        ("{{not .nope}}", "true"),
        ("{{not}}", r#"template: n:1:2: executing "n" at <not>: wrong number of args for not: want 1 got 0"#),
        (
            "{{not 1 2}}",
            r#"template: n:1:2: executing "n" at <not>: wrong number of args for not: want 1 got 2"#,
        ),
        ("{{or (list) (dict) 3}}", "3"),
        ("{{and .a .b}}|", "|"),
        ("{{nothing | and 1}}", "<no value>"),
        ("{{.nope | or 0}}", "<no value>"),
        (
            "{{(and 1 .a).x}}",
            r#"template: n:1:9: executing "n" at <.a>: can't evaluate field x in type string"#,
        ),
        ("{{or 0 .a | len}}", "5"),
        (r#"{{and 1 1 1 0 (boom "x")}}"#, "0"),
    ]);
}
