//! What the comparison with Go cannot show: limits, and texts without data.

use super::functions;
use crate::template::{Entry, Environment, ExecuteError, Limit, Limits, ParseError, Template, Value};

fn render_within(text: &str, limits: Limits) -> Result<String, ExecuteError> {
    let template = Template::parse("n", text, functions()).unwrap();
    let mut counter = 0_u8;
    let mut random = |buffer: &mut [u8]| {
        for byte in buffer {
            counter = counter.wrapping_mul(37).wrapping_add(11);
            *byte = counter;
        }
    };
    let now = "2026-11-21T12:34:56.789Z".parse().unwrap();
    let environment = Environment { now, random: &mut random, limits };
    let data = Value::map_of_strings([("secret", "hunter2"), ("json", r#"{"hunter2"}"#)]);
    template.execute(&data, environment).map(|output| String::from_utf8(output.to_vec()).unwrap())
}

fn render(text: &str) -> Result<String, ExecuteError> {
    render_within(text, Limits::default())
}

fn check_limit(text: &str, limit: Limit) {
    assert_eq!(render(text).unwrap_err().limit(), Some(limit), "{text}");
}

#[test]
fn what_grows_is_paid_for_before_it_is_made() {
    for text in [
        r#"{{ repeat 9223372036854775807 "ab" }}"#,
        r#"{{ repeat 100000000 "a" | len }}"#,
        "{{ until 9223372036854775807 | len }}",
        "{{ untilStep -9223372036854775808 9223372036854775807 1 | len }}",
        "{{ seq 1000000000000 }}",
        r#"{{ indent 9223372036854775807 "a" }}"#,
        r#"{{ nindent 100000000 "a\nb" | len }}"#,
        "{{ randAlphaNum 9223372036854775807 }}",
        "{{ randBytes 9223372036854775807 }}",
        r#"{{ replace "a" (repeat 100000 "b") (repeat 1000 "a") | len }}"#,
        r#"{{ join (repeat 100000 "b") (until 1000) | len }}"#,
        r#"{{ wrapWith 1 (repeat 100000 "b") (repeat 1000 "a") | len }}"#,
        r#"{{ regexReplaceAll "a" (repeat 1000 "a") (repeat 100000 "b") | len }}"#,
        r#"{{ $x := "a" }}{{ range until 64 }}{{ $x = cat $x $x }}{{ end }}"#,
        r#"{{ $x := list 1 }}{{ range until 64 }}{{ $x = concat $x $x }}{{ end }}"#,
    ] {
        check_limit(text, Limit::Memory);
    }
}

#[test]
fn what_takes_long_is_charged() {
    for text in
        [r#"{{ bcrypt "x" }}"#, r#"{{ htpasswd "x" "y" }}"#, r#"{{ derivePassword 1 "long" "a" "b" "c" }}"#]
    {
        let few = Limits { steps: 100_000, ..Limits::default() };
        assert_eq!(render_within(text, few).unwrap_err().limit(), Some(Limit::Steps), "{text}");
    }
    check_limit(r#"{{ range until 1000 }}{{ regexMatch "(\\pL{50}){10}" "x" }}{{ end }}"#, Limit::Steps);
    check_limit(r#"{{ regexFindAll ".*[^A-Z]|[A-Z]" (repeat 500000 "A") -1 | len }}"#, Limit::Steps);
    check_limit("{{ uniq (until 5000) | len }}", Limit::Steps);
}

#[test]
fn maps_that_hold_themselves_are_no_end() {
    const CIRCLE: &str = r#"{{ $d := dict }}{{ $_ := set $d "d" $d }}"#;
    let other = r#"{{ $e := dict }}{{ $_ := set $e "d" $e }}"#;
    for tail in ["{{ toJson $d }}", "{{ deepCopy $d | len }}", "{{ toString $d }}", "{{ $d | quote }}"] {
        check_limit(&format!("{CIRCLE}{tail}"), Limit::Depth);
    }
    check_limit(&format!("{CIRCLE}{other}{{{{ deepEqual $d $e }}}}"), Limit::Depth);
    check_limit(&format!("{CIRCLE}{other}{{{{ merge $d $e | len }}}}"), Limit::Depth);
    check_limit(&format!("{{{{ fromJson \"{}\" }}}}", "[".repeat(5000)), Limit::Depth);
}

#[test]
fn what_everybody_may_read_holds_no_data() {
    for text in [
        "{{ fail .secret }}",
        "{{ mustFromJson .json }}",
        r#"{{ mustToDate "2006" .secret }}"#,
        r#"{{ mustDateModify .secret (toDate "2006" "2020") }}"#,
        r#"{{ mustRegexFind (cat "(" .secret) "a" }}"#,
        r#"{{ regexFind (cat "(" .secret) "a" }}"#,
        "{{ semver .secret }}",
        r#"{{ semverCompare .secret "1.0.0" }}"#,
        r#"{{ urlParse (printf "http://%s:port/" .secret) }}"#,
        r#"{{ urlJoin (dict "userinfo" (cat .secret "<")) }}"#,
    ] {
        let error = render(text).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert!(render("{{ fail .secret }}").unwrap_err().detailed().ends_with("error calling fail: hunter2"));
}

#[test]
fn clock_and_randomness_come_from_outside() {
    assert_eq!(
        render(r#"{{ now.Format "2006-01-02T15:04:05.000Z07:00" }}"#).unwrap(),
        "2026-11-21T12:34:56.789Z"
    );
    assert_eq!(render(r#"{{ ago (toDate "2006-01-02" "2026-11-20") }}"#).unwrap(), "36h34m57s");
    assert_eq!(render("{{ randAlphaNum 12 }}").unwrap(), render("{{ randAlphaNum 12 }}").unwrap());
    assert_ne!(render("{{ randAlphaNum 12 }}").unwrap(), render("{{ randAlphaNum 12 | upper }}x").unwrap());
}

#[test]
fn what_differs_each_time_is_marked() {
    let deterministic = |text: &str| Template::parse("n", text, functions()).unwrap().is_deterministic();
    for name in ["now", "uuidv4", "randAlpha 1", "bcrypt .secret", r#"shuffle "ab""#, "htmlDate 0"] {
        assert!(!deterministic(&format!("{{{{ if false }}}}{{{{ {name} }}}}{{{{ end }}}}")), "{name}");
    }
    assert!(deterministic(r#"{{ .secret | sha256sum | b64enc }}{{ derivePassword 1 "pin" "" "" "" }}"#));
}

#[test]
fn refused_names_say_why() {
    for (name, entry) in functions().entries() {
        let Entry::Refused(why) = entry else { continue };
        let error = Template::parse("n", &format!("{{{{ {name} }}}}"), functions()).unwrap_err();
        assert!(matches!(&error, ParseError::Refused { function, .. } if function == name), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}
