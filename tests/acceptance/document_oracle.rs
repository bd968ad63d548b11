//! Documents mean what kubectl makes of them: our reader beside Kubernetes' own, the Go program of
//! `tools/yaml-oracle`.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use sealward_document::yaml;
use serde_json::Value;

/// The oracle: `SEALWARD_YAML_ORACLE`, or built by Go.
static ORACLE: LazyLock<PathBuf> = LazyLock::new(|| {
    if let Some(path) = std::env::var_os("SEALWARD_YAML_ORACLE") {
        return path.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let binary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("yaml-oracle");
    let built = Command::new("go")
        .args(["build", "-mod=readonly", "-o"])
        .args([&binary])
        .arg(".")
        .current_dir(root.join("tools/yaml-oracle"))
        .status()
        .expect("Go is needed to build tools/yaml-oracle; install it or set SEALWARD_YAML_ORACLE");
    assert!(built.success(), "tools/yaml-oracle does not build");
    binary
});

type Answer = Result<Vec<Value>, String>;

/// What Kubernetes' decoder makes of each case.
fn theirs(cases: &[String]) -> Vec<Answer> {
    let mut process = Command::new(&*ORACLE).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let input: Vec<u8> = cases
        .iter()
        .flat_map(|case| [&u32::try_from(case.len()).unwrap().to_be_bytes()[..], case.as_bytes()].concat())
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let answers = lines.map(|line| answer(&line.unwrap())).collect();
    writer.join().unwrap();
    assert!(process.wait().unwrap().success());
    answers
}

fn answer(line: &str) -> Answer {
    let json: Value = serde_json::from_str(line).unwrap();
    match json.get("error") {
        Some(error) => Err(error.as_str().unwrap().to_owned()),
        None => Ok(json["documents"].as_array().unwrap().iter().map(plain).collect()),
    }
}

fn ours(case: &str) -> Answer {
    let documents = yaml::read("case", case.as_bytes()).map_err(|error| error.to_string())?;
    let said = documents.iter().filter(|document| !document.is_null());
    Ok(said.map(|document| plain(&document.expose_json())).collect())
}

/// Numbers as the API server reads them: `1.0`, `1e0` and `1` are one.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                serde_json::from_str(&format!("{float:.0}").replace("-0", "0")).unwrap()
            }
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        _ => value.clone(),
    }
}

const SCALARS: &str = "
y Y yes Yes YES yES on On ON oN true True TRUE tRUE n N no No NO nO off Off OFF false False FALSE
~ null Null NULL nULL none None nil
0 1 -1 +1 00 01 07 08 09 0644 00644 -0644 +0644 0o644 0O644 -0o7 0o8 0o 0x1F 0X1f -0x1f +0x1f 0x 0xg
0b101 0B101 -0b101 +0b101 0b2 0b 0b+1 0b-1 -0b+1 -0b-1 1_000 1__000 _1 1_ -_1 0x_1f 0_7 1_0.5 1_e3
1:30 1:30:00 190:20:30.15 -1:30 1.0 1. .5 -.5 +.5 0.5 00.5 1.5e3 1e3 1E3 1e+3 1e-3 1e 1e+ e1 .e1 1.e1 .5e1
.5_0 ._5 5_.5 5._5 .5_ 12e03 1e999 -1e999 1e-999 1e20 1e21 1e22 0.1e-6 1e-7 123456789.123
9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615
18446744073709551616 123456789012345678901234567890 1.2345678901234567e18 4503599627370497.5 -0 -0.0 0.0 +0
.inf .Inf .INF +.inf -.inf .iNF inf .nan .NaN .NAN .Nan nan 0x1.8p1 0x1p-2 1f 1d 1L 100m 1Gi 1.2.3 10.0.0.1 v1.2
2001-01-01 2001-1-1 2001-01-01T00:00:00Z 2001-13-45 20:00 1-2 1,000 1;2 << = . .. - + -- ++ +- / \\ *a &a !a %a
a:b a#b a?b -a ?a :a a: é ü😀 $x <x (x ;x ^x _x a'b a\"b 'a' \"a\" 'it''s' \"\\t\\n\\x41\\u00e9\\U0001F600\\/\"
\"\\0\\a\\b\\e\\f\\r\\v\\N\\_\\L\\P\\ \" \"\\q\" \"\\ud83d\" !!str !!int !!null !!map
";

const DOCUMENTS: &[&str] = &[
    "",
    "# only a comment\n",
    "---\n",
    "---\n---\n# x\n---\na: 1\n",
    "a: 1\n---\nb: 2\n--- # c\nc: 3\n",
    "a: 1\n--- b\n",
    "a: 1\n----\n",
    "a: 1\r\n---\r\nb: |\r\n  x\r\n  y\r\n",
    "\u{feff}a: 1\n---\n\u{feff}b: 1\n",
    "a: 1\n...\n",
    "null\n---\n~\n---\na: 1",
    "a: 1\na: 2\nb: {c: 1, c: 2}\n",
    "base: &b {x: 1, z: 2}\nv: {<<: *b, x: 3}\nw: {x: 3, <<: *b}\n",
    "a: &a {x: 1}\nb: &b {x: 2, z: 3}\nv: {<<: [*a, *b]}\nw:\n  <<: *a\n  <<: *b\n",
    "a: &a [1]\nv: {<<: *a}\n",
    "v: {<<: 1}\n",
    "v: {\"<<\": {a: 1}}\n",
    "v: {!!merge <<: {a: 1}}\n",
    "a: &x 1\nb: *x\nc: &x 2\nd: *x\n",
    "a: *x\n",
    "a: &x [*x]\n",
    "a: &x {b: 1}\n*x : 2\n",
    "k: &x text\nm: {*x : 1}\n",
    "? a\n: b\n? c\n",
    "? {a: b}\n: c\n",
    "? [a]\n: c\n",
    "~: a\n",
    ": a\n",
    "a: |\n  x\n   y\n\n  z\n\n\nb: |-\n  x\n\nc: |+\n  x\n\nd: >\n  x\n  y\n\n  z\n   k\n  l\ne: >-\n  x\nf: |2\n   x\n",
    "a: |\n  x\n  ",
    "a: |\n  x",
    "a: |+\n\n\nb: >\n\n  x\n",
    "a: |\n  \tx\n",
    "a: x\n  y\n\n  z\nb: 'x\n\n  y'\nc: \"x\\\n  y\n  z\"\n",
    "a: [1, [2, 3], {b: c}, d: e, ]\nb: {c: 1, d, e: }\n",
    "- a\n- - b\n  - c\n-\n  d: e\n- \n",
    "a:\n- 1\n- 2\nb:\n  - 3\n",
    "a: b: c\n",
    "a:\n\tb: 1\n",
    "a: 1\n\t\nb: 2\n",
    "a: 1 # c\nb: 'x' # c\nc: x#y\n",
    "a: @x\n",
    "a: `x`\n",
    "a: %x\n",
    "a: \"x\n",
    "a: {b: 1\n",
    "a: [1, 2\n",
    "  a: 1\n  b: 2\n",
    "just text\n",
    "- 1\n",
    "a: \u{7}\n",
    "{\"a\": 1, \"b\": [1.0, 1e3, -0, \"\\u00e9\\/\\ud83d\\ude00\"], \"a\": 2}",
    "{\"a\": 1}\n{\"b\": 2}\n",
    "{\"a\": 1}{\"b\": 2}",
    "{\"a\": 1}\n---\n{\"b\": 2}\n---\nc: 3\n",
    "{a: 1, b: [yes, 0644]}\n",
    "{\"a\": 1,}\n",
    "{\"a\":\t1}\n",
    "{\"a\": 01}\n",
    "[{\"a\": \"yes\"}]\n",
    "{}\n",
    "[]\n",
    "v: !!binary aGk=\nw: !!binary |\n  aGVs\n  bG8=\n",
    "v: !!binary '*'\n",
    "v: !!int '12'\nw: !!float 1\nx: !!bool 'yes'\ny: !!null ''\nz: !!str 12\n",
    "v: !!int a\n",
    "v: !!float 18446744073709551615\n",
    "v: !!timestamp 2001-01-01\nw: !custom 12\nx: ! 12\ny: !!map {a: 1}\nz: !!seq [1]\n",
];

/// What this reader refuses although kubectl reads it, and why nobody misses it.
const REFUSED: &[(&str, &str)] = &[
    ("a: 1\n...\nb: 2\n", "kubectl drops `b` without a word"),
    ("  a: 1\nb: 2\n", "kubectl drops `b` without a word"),
    ("a: {b:}\n", "the key is `b:` to kubectl and `b` to YAML 1.2"),
    ("a: [b, ?c]\n", "`?` makes a mapping to kubectl and text to YAML 1.2"),
    ("a: [-]\n", "YAML 1.2 has no such text"),
    ("a: 'x\u{2028}y'\n", "a line break in YAML 1.1, a character in YAML 1.2"),
];

fn scalars() -> Vec<String> {
    let words = SCALARS.split_whitespace();
    words
        .flat_map(|word| {
            [format!("v: {word}\n"), format!("{word}: v\n"), format!("v: [{word}]\n"), format!("- {word}\n")]
        })
        .collect()
}

/// Equal meaning where both read; where kubectl does not read, neither do we.
fn check(cases: &[String]) {
    let answers = theirs(cases);
    assert_eq!(answers.len(), cases.len());
    let mut differ = Vec::new();
    for (case, theirs) in cases.iter().zip(&answers) {
        let ours = ours(case);
        let same = match (&ours, theirs) {
            (Ok(ours), Ok(theirs)) => ours == theirs,
            (Err(_), Err(_)) => true,
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        };
        if !same {
            differ.push(format!("{case:?}: ours {ours:?}, kubectl's {theirs:?}"));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), cases.len(), differ.join("\n"));
}

#[test]
fn document_scalars_mean_what_kubectl_says() {
    let cases: Vec<String> =
        scalars().into_iter().filter(|case| !TIGHT.iter().any(|tight| case.contains(tight))).collect();
    assert!(cases.len() > 700, "{}", cases.len());
    check(&cases);
}

/// Scalars of the table that are refused in some of their places, as in [`REFUSED`].
const TIGHT: &[&str] = &["[?a", "[a:]", "[!a]", "[-]"];

#[test]
fn document_streams_mean_what_kubectl_says() {
    check(&DOCUMENTS.iter().map(|case| (*case).to_owned()).collect::<Vec<_>>());
}

#[test]
fn document_what_is_refused_on_purpose_is_refused() {
    let cases: Vec<String> = REFUSED.iter().map(|(case, _)| (*case).to_owned()).collect();
    for ((case, why), theirs) in REFUSED.iter().zip(theirs(&cases)) {
        assert!(theirs.is_ok(), "kubectl refuses {case:?} too");
        assert!(ours(case).is_err(), "{case:?} is read: {why}");
    }
}

/// A small generator of numbers (Marsaglia's xorshift), so that a failing case comes back.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const TOKENS: &str = concat!(
    "a¦b¦key¦- ¦- ¦? ¦: ¦: ¦:¦\n¦\n¦\n  ¦\n  ¦\n    ¦\n- ¦\n  - ¦'¦\"¦|¦|-¦|+¦|2¦>¦>-¦>+¦#¦ # c¦&x¦",
    "*x¦<<: *x¦!!str ¦!!int ¦!foo ¦[¦]¦{¦}¦,¦, ¦1¦0644¦yes¦~¦null¦\t¦ ¦  ¦x y¦\\n¦\\¦%¦@¦`¦---¦...¦",
    "é¦=¦-¦--¦word¦.5¦1e3¦a: 1¦b: [1, 2]¦c: {d: e}¦- x¦key: value¦\n---\n¦",
    "key: |\n    text\n    more\n¦k: \"q\\tz\"¦'it''s'¦\r\n¦",
);

const SAMPLE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x   # comment\n  labels: {a: b, \"c\": 'd'}\n\
    data:\n  a: |\n    line one\n      indented\n\n    last\n  b: >-\n    folded text\n    goes on\n\n    here\n\
    \x20 c: 'it''s'\n  d: plain text\n    continued\nlist:\n- a\n-   b: 1\n    c: yes\n- - x\n  - y\n- [p, q, {r: s}]\n\
    anchor: &z\n  m: 1\nuse:\n  <<: *z\n  n: 0644\nempty:\ntilde: ~\n";

fn generated(dice: &mut Dice) -> String {
    let tokens: Vec<&str> = TOKENS.split_terminator('¦').collect();
    if dice.below(2) == 0 {
        return (0..=dice.below(13)).map(|_| dice.pick(&tokens)).collect();
    }
    let mut text: Vec<char> = SAMPLE.chars().collect();
    for _ in 0..=dice.below(3) {
        let at = dice.below(text.len() - 4);
        match dice.below(3) {
            0 => drop(text.splice(at..at, dice.pick(&tokens).chars())),
            1 => drop(text.drain(at..=at + dice.below(3))),
            _ => text[at] = dice.pick(&tokens).chars().next().unwrap(),
        }
    }
    text.into_iter().collect()
}

/// What both read, both read alike; what only one reads is refused on one side and does no harm.
#[test]
fn document_generated_text_never_has_two_meanings() {
    let mut dice = Dice(0x5ea1_3a2d);
    let cases: Vec<String> = (0..20_000).map(|_| generated(&mut dice)).collect();
    let mut read = 0;
    for (case, theirs) in cases.iter().zip(theirs(&cases)) {
        if let (Ok(ours), Ok(theirs)) = (ours(case), theirs) {
            assert_eq!(ours, theirs, "{case:?}");
            read += 1;
        }
    }
    assert!(read > 2_000, "only {read} of the cases were read by both");
}
