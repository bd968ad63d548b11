//! Built-in functions. The expectations are what Go 1.26 says.

use super::check;

#[test]
fn index_and_slice() {
    check(&[
        ("{{index (list 1 2) 0}}", "1"),
        (
            "{{index (list 1 2) 2}}",
            r#"template: n:1:2: executing "n" at <index (list 1 2) 2>: error calling index: reflect: slice index out of range"#,
        ),
        (
            "{{index (list 1 2) 3}}",
            r#"template: n:1:2: executing "n" at <index (list 1 2) 3>: error calling index: index out of range: 3"#,
        ),
        (
            "{{index (list 1 2) -1}}",
            r#"template: n:1:2: executing "n" at <index (list 1 2) -1>: error calling index: index out of range: -1"#,
        ),
        (
            r#"{{index (list 1 2) "a"}}"#,
            r#"template: n:1:2: executing "n" at <index (list 1 2) "a">: error calling index: cannot index slice/array with type string"#,
        ),
        (
            "{{index (list 1 2) nil}}",
            r#"template: n:1:2: executing "n" at <index (list 1 2) nil>: error calling index: cannot index slice/array with nil"#,
        ),
        (
            "{{index (list 1 2) .nope}}",
            r#"template: n:1:2: executing "n" at <index (list 1 2) .nope>: error calling index: cannot index slice/array with nil"#,
        ),
        (
            "{{index (list 1 2) 1.0}}",
            r#"template: n:1:2: executing "n" at <index (list 1 2) 1.0>: error calling index: cannot index slice/array with type float64"#,
        ),
        ("{{index (list 1 2) (u8 1)}}", "2"),
        ("{{index (list 1 2) (i64 1)}}", "2"),
        ("{{index (list (list 1 2)) 0 1}}", "2"),
        (r#"{{index (dict "a" 1) "a"}}"#, "1"),
        (r#"{{index (dict "a" 1) "b"}}"#, "<no value>"),
        (
            r#"{{index (dict "a" 1) 1}}"#,
            r#"template: n:1:2: executing "n" at <index (dict "a" 1) 1>: error calling index: value has type int; should be string"#,
        ),
        (
            r#"{{index (dict "a" 1) nil}}"#,
            r#"template: n:1:2: executing "n" at <index (dict "a" 1) nil>: error calling index: value is nil; should be of type string"#,
        ),
        (r#"{{index (dict "a" (dict "b" 2)) "a" "b"}}"#, "2"),
        (
            r#"{{index (dict "a" 1) "b" "c"}}"#,
            r#"template: n:1:2: executing "n" at <index (dict "a" 1) "b" "c">: error calling index: index of nil pointer"#,
        ),
        (
            r#"{{index . "nope" 0}}"#,
            r#"template: n:1:2: executing "n" at <index . "nope" 0>: error calling index: reflect: string index out of range"#,
        ),
        (r#"{{index . "a" 0}}"#, "97"),
        (
            r#"{{index . "a" 5}}"#,
            r#"template: n:1:2: executing "n" at <index . "a" 5>: error calling index: reflect: string index out of range"#,
        ),
        (
            r#"{{index . "a" 6}}"#,
            r#"template: n:1:2: executing "n" at <index . "a" 6>: error calling index: index out of range: 6"#,
        ),
        (
            "{{index . 1}}",
            r#"template: n:1:2: executing "n" at <index . 1>: error calling index: value has type int; should be string"#,
        ),
        (
            "{{index nil}}",
            r#"template: n:1:2: executing "n" at <index nil>: error calling index: index of untyped nil"#,
        ),
        (
            "{{index nil 1}}",
            r#"template: n:1:2: executing "n" at <index nil 1>: error calling index: index of untyped nil"#,
        ),
        (
            "{{index .nope 1}}",
            r#"template: n:1:2: executing "n" at <index .nope 1>: error calling index: index of untyped nil"#,
        ),
        (
            "{{index nothing 1}}",
            r#"template: n:1:2: executing "n" at <index nothing 1>: error calling index: index of untyped nil"#,
        ),
        (
            "{{index 1 1}}",
            r#"template: n:1:2: executing "n" at <index 1 1>: error calling index: can't index item of type int"#,
        ),
        ("{{index 1}}", "1"),
        (
            "{{index}}",
            r#"template: n:1:2: executing "n" at <index>: wrong number of args for index: want at least 1 got 0"#,
        ),
        ("{{index .a}}", "alpha"),
        (r#"{{index "abc" 1}}"#, "98"),
        (r#"{{index (strs "a" "b") 1}}"#, "b"),
        (r#"{{index (bytes "abc") 1}}"#, "98"),
        (
            r#"{{index (bytes "abc") 3}}"#,
            r#"template: n:1:2: executing "n" at <index (bytes "abc") 3>: error calling index: reflect: slice index out of range"#,
        ),
        ("{{1 | index (list 1 2)}}", "2"),
        ("{{index (list nil) 0}}", "<no value>"),
        (
            "{{index (list nil) 0 0}}",
            r#"template: n:1:2: executing "n" at <index (list nil) 0 0>: error calling index: index of nil pointer"#,
        ),
        (
            r#"{{(index (list "a") 0).x}}"#,
            r#"template: n:1:20: executing "n" at <0>: can't evaluate field x in type string"#,
        ),
        (
            "{{index true 1}}",
            r#"template: n:1:2: executing "n" at <index true 1>: error calling index: can't index item of type bool"#,
        ),
        (r#"{{index (dict "a" nil) "a"}}"#, "<no value>"),
        (r#"{{printf "%v" (index (dict) "a")}}"#, "<nil>"),
        (r#"{{slice "abc"}}"#, "abc"),
        (r#"{{slice "abc" 1}}"#, "bc"),
        (r#"{{slice "abc" 1 2}}"#, "b"),
        (
            r#"{{slice "abc" 1 2 3}}"#,
            r#"template: n:1:2: executing "n" at <slice "abc" 1 2 3>: error calling slice: cannot 3-index slice a string"#,
        ),
        (
            r#"{{slice "abc" 2 1}}"#,
            r#"template: n:1:2: executing "n" at <slice "abc" 2 1>: error calling slice: invalid slice index: 2 > 1"#,
        ),
        (
            r#"{{slice "abc" 4}}"#,
            r#"template: n:1:2: executing "n" at <slice "abc" 4>: error calling slice: index out of range: 4"#,
        ),
        (
            r#"{{slice "abc" 1 9}}"#,
            r#"template: n:1:2: executing "n" at <slice "abc" 1 9>: error calling slice: index out of range: 9"#,
        ),
        ("{{slice (list 1 2 3) 1}}", "[2 3]"),
        ("{{slice (list 1 2 3) 1 2}}", "[2]"),
        ("{{slice (list 1 2 3) 0 1 2}}", "[1]"),
        (
            "{{slice (list 1 2 3) 0 2 1}}",
            r#"template: n:1:2: executing "n" at <slice (list 1 2 3) 0 2 1>: error calling slice: invalid slice index: 2 > 1"#,
        ),
        (
            "{{slice (list 1 2 3) 0 1 2 3}}",
            r#"template: n:1:2: executing "n" at <slice (list 1 2 3) 0 1 2 3>: error calling slice: too many slice indexes: 4"#,
        ),
        (
            r#"{{slice (list 1 2 3) "a"}}"#,
            r#"template: n:1:2: executing "n" at <slice (list 1 2 3) "a">: error calling slice: cannot index slice/array with type string"#,
        ),
        (
            "{{slice nil}}",
            r#"template: n:1:2: executing "n" at <slice nil>: error calling slice: slice of untyped nil"#,
        ),
        (
            "{{slice .nope 1}}",
            r#"template: n:1:2: executing "n" at <slice .nope 1>: error calling slice: slice of untyped nil"#,
        ),
        (
            "{{slice 1}}",
            r#"template: n:1:2: executing "n" at <slice 1>: error calling slice: can't slice item of type int"#,
        ),
        (
            "{{slice dict}}",
            r#"template: n:1:2: executing "n" at <slice dict>: error calling slice: can't slice item of type map[string]interface {}"#,
        ),
        (r#"{{slice (bytes "abc") 1}}"#, "[98 99]"),
        (r#"{{slice (strs "a" "b") 1 | printf "%#v"}}"#, r#"[]string{"b"}"#),
        (
            "{{slice (list 1 2 3) -1}}",
            r#"template: n:1:2: executing "n" at <slice (list 1 2 3) -1>: error calling slice: index out of range: -1"#,
        ),
        (
            "{{slice}}",
            r#"template: n:1:2: executing "n" at <slice>: wrong number of args for slice: want at least 1 got 0"#,
        ),
        (
            "{{slice (list 1 2 3) nil}}",
            r#"template: n:1:2: executing "n" at <slice (list 1 2 3) nil>: error calling slice: cannot index slice/array with nil"#,
        ),
        ("{{1 | slice .a}}", "lpha"),
    ]);
}

#[test]
fn comparison() {
    check(&[
        ("{{eq 1 1}}", "true"),
        ("{{eq 1 2}}", "false"),
        ("{{eq 1 2 3 1}}", "true"),
        (
            "{{eq 1}}",
            r#"template: n:1:2: executing "n" at <eq 1>: error calling eq: missing argument for comparison"#,
        ),
        (
            "{{eq}}",
            r#"template: n:1:2: executing "n" at <eq>: wrong number of args for eq: want at least 1 got 0"#,
        ),
        (
            "{{eq 1 1.0}}",
            r#"template: n:1:2: executing "n" at <eq 1 1.0>: error calling eq: incompatible types for comparison: int and float64"#,
        ),
        (
            r#"{{eq 1 "1"}}"#,
            r#"template: n:1:2: executing "n" at <eq 1 "1">: error calling eq: incompatible types for comparison: int and string"#,
        ),
        (r#"{{eq "a" "a"}}"#, "true"),
        (r#"{{eq .a "alpha"}}"#, "true"),
        ("{{eq true true}}", "true"),
        (
            "{{eq true 1}}",
            r#"template: n:1:2: executing "n" at <eq true 1>: error calling eq: incompatible types for comparison: bool and int"#,
        ),
        ("{{eq 1 (i64 1)}}", "true"),
        ("{{eq 1 (u64 1)}}", "true"),
        ("{{eq (u64 1) 1}}", "true"),
        ("{{eq -1 (u64 1)}}", "false"),
        ("{{eq (u8 1) (u64 1)}}", "true"),
        ("{{eq 1.5 1.5}}", "true"),
        ("{{eq nil nil}}", "true"),
        ("{{eq nil 1}}", "false"),
        ("{{eq 1 nil}}", "false"),
        ("{{eq .nope nil}}", "true"),
        ("{{eq .nope 1}}", "false"),
        (r#"{{eq .nope ""}}"#, "false"),
        ("{{eq .nope .nope2}}", "true"),
        ("{{eq nothing nil}}", "true"),
        ("{{eq (list) nil}}", "false"),
        ("{{eq nilstrs nil}}", "true"),
        ("{{eq nilstrs nilstrs}}", "true"),
        (
            "{{eq (list) (list)}}",
            r#"template: n:1:2: executing "n" at <eq (list) (list)>: error calling eq: non-comparable type []: []interface {}"#,
        ),
        (
            "{{eq (list 1) (list 1)}}",
            r#"template: n:1:2: executing "n" at <eq (list 1) (list 1)>: error calling eq: non-comparable type [%!s(int=1)]: []interface {}"#,
        ),
        (
            "{{eq (list 1) 1}}",
            r#"template: n:1:2: executing "n" at <eq (list 1) 1>: error calling eq: incompatible types for comparison: []interface {} and int"#,
        ),
        (
            "{{eq 1 (list 1)}}",
            r#"template: n:1:2: executing "n" at <eq 1 (list 1)>: error calling eq: incompatible types for comparison: int and []interface {}"#,
        ),
        (
            "{{eq dict dict}}",
            r#"template: n:1:2: executing "n" at <eq dict dict>: error calling eq: non-comparable type map[]: map[string]interface {}"#,
        ),
        ("{{eq dict nildict}}", "false"),
        ("{{eq nildict nil}}", "true"),
        (
            "{{eq (list) dict}}",
            r#"template: n:1:2: executing "n" at <eq (list) dict>: error calling eq: non-comparable types []: []interface {}, map[string]interface {}: map[]"#,
        ),
        (
            r#"{{eq (bytes "a") (bytes "a")}}"#,
            r#"template: n:1:2: executing "n" at <eq (bytes "a") (bytes "a")>: error calling eq: non-comparable type a: []uint8"#,
        ),
        (
            r#"{{eq (bytes "a") "a"}}"#,
            r#"template: n:1:2: executing "n" at <eq (bytes "a") "a">: error calling eq: incompatible types for comparison: []uint8 and string"#,
        ),
        ("{{eq 'a' 97}}", "true"),
        ("{{eq (dur 1) 1}}", "true"),
        ("{{ne 1 2}}", "true"),
        ("{{ne 1 1}}", "false"),
        ("{{ne 1}}", r#"template: n:1:2: executing "n" at <ne>: wrong number of args for ne: want 2 got 1"#),
        (
            "{{ne 1 2 3}}",
            r#"template: n:1:2: executing "n" at <ne>: wrong number of args for ne: want 2 got 3"#,
        ),
        (
            r#"{{ne 1 "a"}}"#,
            r#"template: n:1:2: executing "n" at <ne 1 "a">: error calling ne: incompatible types for comparison: int and string"#,
        ),
        ("{{ne nil nil}}", "false"),
        ("{{lt 1 2}}", "true"),
        ("{{lt 2 1}}", "false"),
        ("{{lt 1.5 2.5}}", "true"),
        (r#"{{lt "a" "b"}}"#, "true"),
        (
            "{{lt 1 1.5}}",
            r#"template: n:1:2: executing "n" at <lt 1 1.5>: error calling lt: incompatible types for comparison: int and float64"#,
        ),
        (
            r#"{{lt 1 "a"}}"#,
            r#"template: n:1:2: executing "n" at <lt 1 "a">: error calling lt: incompatible types for comparison: int and string"#,
        ),
        (
            "{{lt true false}}",
            r#"template: n:1:2: executing "n" at <lt true false>: error calling lt: invalid type for comparison"#,
        ),
        (
            "{{lt nil 1}}",
            r#"template: n:1:2: executing "n" at <lt nil 1>: error calling lt: invalid type for comparison"#,
        ),
        (
            "{{lt 1 nil}}",
            r#"template: n:1:2: executing "n" at <lt 1 nil>: error calling lt: invalid type for comparison"#,
        ),
        (
            "{{lt 1 .nope}}",
            r#"template: n:1:2: executing "n" at <lt 1 .nope>: error calling lt: invalid type for comparison"#,
        ),
        (
            "{{lt (list) 1}}",
            r#"template: n:1:2: executing "n" at <lt (list) 1>: error calling lt: invalid type for comparison"#,
        ),
        ("{{lt -1 (u64 1)}}", "true"),
        ("{{lt (u64 1) -1}}", "false"),
        ("{{lt (u64 1) 2}}", "true"),
        ("{{lt (u64 1) (u8 2)}}", "true"),
        ("{{le 1 1}}", "true"),
        ("{{le 1 2}}", "true"),
        ("{{le 2 1}}", "false"),
        (
            "{{le true true}}",
            r#"template: n:1:2: executing "n" at <le true true>: error calling le: invalid type for comparison"#,
        ),
        ("{{gt 2 1}}", "true"),
        ("{{gt 1 1}}", "false"),
        (r#"{{gt "b" "a"}}"#, "true"),
        ("{{ge 1 1}}", "true"),
        ("{{ge 1 2}}", "false"),
        (
            r#"{{ge 1 "a"}}"#,
            r#"template: n:1:2: executing "n" at <ge 1 "a">: error calling ge: incompatible types for comparison: int and string"#,
        ),
        (
            "{{gt nil nil}}",
            r#"template: n:1:2: executing "n" at <gt nil nil>: error calling gt: invalid type for comparison"#,
        ),
        (
            "{{lt 1 2 3}}",
            r#"template: n:1:2: executing "n" at <lt>: wrong number of args for lt: want 2 got 3"#,
        ),
        ("{{2 | lt 1}}", "true"),
        (
            "{{eq .n 7}}",
            r#"template: n:1:2: executing "n" at <eq .n 7>: error calling eq: incompatible types for comparison: string and int"#,
        ),
        ("{{eq (len .a) 5}}", "true"),
        (r#"{{if eq .n "7"}}y{{end}}"#, "y"),
        ("{{le (dur 1) 2}}", "true"),
        ("{{eq (list nil) nil}}", "false"),
    ]);
}
