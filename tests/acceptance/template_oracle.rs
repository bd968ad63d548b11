//! Templates give what Go gives: `sealward_golang::template` with sprig's functions beside the real ones, the
//! Go program of `tools/template-oracle`. The cases are in `testdata/templates`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealward_golang::sprig;
use sealward_golang::template::{Entry, Environment, Function, Limits, Template, Type, Value};
use serde_json::{Value as Json, json};

static ORACLE: LazyLock<PathBuf> =
    LazyLock::new(|| sealward_controlplane::tools::path("template-oracle").unwrap());

/// Where a template ends, in Go's words.
#[derive(Debug, PartialEq)]
enum Answer {
    Output(Vec<u8>),
    Parse(String),
    Execution(String),
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The data that `testdata/templates/README.md` lists.
fn data() -> BTreeMap<&'static str, &'static [u8]> {
    BTreeMap::from([
        ("a", b"abc".as_slice()),
        ("empty", b""),
        ("n", b"42"),
        ("text", b"The quick  brown fox"),
        ("unicode", "Grüße, 世界 ǆ".as_bytes()),
        ("lines", b"one\ntwo\n\nthree"),
        ("binary", b"\xff\xfe\0A\xc3"),
        ("json", br#"{"a":[1,2.5,"x<y>&z",true,null],"b":{"c":"d"},"e":1e21}"#),
        ("user-name", b"admin"),
    ])
}

/// Every case of every file: the file's name and the template.
fn cases() -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(root().join("testdata/templates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        for line in fs::read_to_string(&file).unwrap().lines() {
            if !line.is_empty() && !line.starts_with("# ") {
                cases.push((name.to_owned(), line.replace('⏎', "\n")));
            }
        }
    }
    cases
}

/// What Go makes of each template.
fn theirs(templates: &[&str]) -> Vec<Answer> {
    let mut process =
        Command::new(&*ORACLE).env("TZ", "UTC").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let data: serde_json::Map<String, Json> =
        data().into_iter().map(|(key, value)| (key.to_owned(), STANDARD.encode(value).into())).collect();
    let questions: String = templates
        .iter()
        .map(|text| format!("{}\n", json!({"name": "n", "text": text, "data": data})))
        .collect();
    let writer = std::thread::spawn(move || stdin.write_all(questions.as_bytes()).unwrap());
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let answers: Vec<_> = lines.map(|line| answer(&serde_json::from_str(&line.unwrap()).unwrap())).collect();
    writer.join().unwrap();
    assert!(process.wait().unwrap().success());
    assert_eq!(answers.len(), templates.len());
    answers
}

fn answer(json: &Json) -> Answer {
    let text = |key: &str| json.get(key).map(|text| text.as_str().unwrap().to_owned());
    if let Some(error) = text("parse_error") {
        return Answer::Parse(error);
    }
    match text("exec_error") {
        Some(error) => Answer::Execution(error),
        None => Answer::Output(STANDARD.decode(text("output").unwrap_or_default()).unwrap()),
    }
}

fn ours(text: &str) -> Answer {
    let template = match Template::parse("n", text, sprig::functions()) {
        Ok(template) => template,
        Err(error) => return Answer::Parse(error.to_string()),
    };
    let mut dice = Dice(0x5ea1_3a2d);
    let mut random = |buffer: &mut [u8]| buffer.iter_mut().for_each(|byte| *byte = dice.byte());
    let environment = Environment {
        now: "2026-11-21T12:00:00Z".parse().unwrap(),
        random: &mut random,
        limits: Limits::default(),
    };
    match template.execute(&Value::map_of_strings(data()), environment) {
        Ok(output) => Answer::Output(output.to_vec()),
        Err(error) => Answer::Execution(error.detailed()),
    }
}

/// Both give the same to each template.
fn check(cases: &[(String, String)]) {
    let templates: Vec<&str> = cases.iter().map(|(_, text)| text.as_str()).collect();
    let mut differ = Vec::new();
    for ((file, text), theirs) in cases.iter().zip(theirs(&templates)) {
        let ours = ours(text);
        if ours != theirs {
            differ.push(format!(
                "{file}: {text}\n    ours   {}\n    Go's   {}",
                shown(&ours),
                shown(&theirs)
            ));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), cases.len(), differ.join("\n"));
}

fn shown(answer: &Answer) -> String {
    match answer {
        Answer::Output(bytes) => format!("output {:?}", String::from_utf8_lossy(bytes)),
        Answer::Parse(text) => format!("parse error {text}"),
        Answer::Execution(text) => format!("execution error {text}"),
    }
}

#[test]
fn template_cases_give_what_go_gives() {
    let cases = cases();
    assert!(cases.len() > 700, "only {} cases", cases.len());
    check(&cases);
    println!("{} cases give what Go gives", cases.len());
}

/// The names in sprig's map as the controller uses it.
fn known_to_sprig() -> BTreeSet<String> {
    let output = Command::new(&*ORACLE).arg("functions").output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Names that sprig has and the controller takes out.
const TAKEN_OUT: &[&str] = &["env", "expandenv", "getHostByName"];

#[test]
fn template_functions_are_implemented_with_cases_or_refused() {
    let known = known_to_sprig();
    let cases = cases();
    let words: BTreeSet<&str> = cases
        .iter()
        .flat_map(|(_, text)| text.split(|rune: char| !rune.is_ascii_alphanumeric() && rune != '_'))
        .collect();
    for name in &known {
        match sprig::functions().find(name) {
            Some(Entry::Function(_)) => assert!(words.contains(name.as_str()), "{name} has no case"),
            Some(Entry::Refused(_)) => {
                let text = format!("{{{{ {name} }}}}");
                let error = Template::parse("n", &text, sprig::functions()).unwrap_err().to_string();
                assert!(error.contains(name.as_str()) && error.contains("not supported"), "{error}");
            }
            None => panic!("{name} is neither implemented nor refused"),
        }
    }
    for (name, _) in sprig::functions().entries() {
        assert!(known.contains(name) || TAKEN_OUT.contains(&name), "sprig has no {name}");
    }
}

/// A small generator of numbers (Marsaglia's xorshift), so that a failing case comes back.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }
}

/// Arguments for generated calls.
const ARGUMENTS: &[&str] = &[
    r#""""#,
    r#""abc""#,
    r#""Grüße ǆ""#,
    r#""a,b,,c""#,
    r#"",""#,
    r#""1.2.3""#,
    r#""42""#,
    r#""-7.50""#,
    r#""2h30m""#,
    r#""2006-01-02""#,
    r#""2020-02-29""#,
    r#""^[a-z]+""#,
    r#""(a)(b)?""#,
    r#""a*""#,
    r#""$1-$0""#,
    r#"">=1.2 <3""#,
    r#""http://u:p@h:80/p?q#f""#,
    r#""[]""#,
    r#""{\"a\":[1]}""#,
    r#""a/../b//c.txt""#,
    r#""YWJj""#,
    r#""k""#,
    r#""b""#,
    r#"" spaced  out ""#,
    r#""http://""#,
    ".text",
    ".lines",
    ".json",
    ".",
    ".a",
    ".missing",
    "nil",
    "0",
    "1",
    "2",
    "3",
    "7",
    "-1",
    "100",
    "1.5",
    "-2.25",
    "true",
    "false",
    "'x'",
    "(int64 5)",
    r#"(float64 "NaN")"#,
    "(list)",
    "(list 1 2 3)",
    r#"(list "b" "a" nil 1.5)"#,
    r#"(list "x" (list 1) (dict "k" 1))"#,
    "(until 4)",
    r#"(splitList "," "q,w,e")"#,
    "(dict)",
    r#"(dict "a" 1 "b" "x")"#,
    r#"(dict "a" (dict "b" (list 1)))"#,
    r#"(split "," "a,b")"#,
    r#"(semver "1.2.3-rc.1")"#,
    r#"(toDate "2006-01-02" "2020-02-29")"#,
];

/// Left out of the generated calls: `docs/templates.md` says how they differ (the order of a map's entries,
/// copies of versions), or they are slow by design, or give something else each time.
const NOT_GENERATED: &[&str] = &["keys", "values", "deepCopy", "mustDeepCopy", "derivePassword"];

fn fits(argument: &str, parameter: Type) -> bool {
    match parameter {
        Type::String => argument.starts_with('"') || (argument.starts_with('.') && argument.len() > 1),
        Type::Int => argument.parse::<i64>().is_ok(),
        Type::Bool => matches!(argument, "true" | "false"),
        Type::Dict => argument.starts_with("(dict"),
        Type::Object(_) => argument.starts_with("(toDate"),
        _ => true,
    }
}

/// A call with arguments that fit as a rule.
fn generated(dice: &mut Dice, function: &Function) -> String {
    let fixed = function.parameters().len();
    let count = fixed + function.rest().map_or(0, |_| dice.below(4));
    let mut text = format!("{{{{ {}", function.name());
    for index in 0..count {
        let parameter = function.parameters().get(index).copied().or(function.rest()).unwrap();
        let mut argument = dice.pick(ARGUMENTS);
        while !fits(argument, parameter) && dice.below(12) > 0 {
            argument = dice.pick(ARGUMENTS);
        }
        text.extend([" ", argument]);
    }
    text + dice.pick(&[" | toJson }}", " | quote }}", " }}"])
}

#[test]
fn template_generated_calls_give_what_go_gives() {
    let functions: Vec<&Function> = sprig::functions()
        .entries()
        .filter_map(|(name, entry)| match entry {
            Entry::Function(function) if function.is_deterministic() && !NOT_GENERATED.contains(&name) => {
                Some(function)
            }
            Entry::Function(_) | Entry::Refused(_) => None,
        })
        .collect();
    assert!(functions.len() > 150, "{}", functions.len());
    let mut dice = Dice(0x2026_1121);
    let cases: Vec<_> = (0..10_000)
        .map(|_| {
            let function = functions[dice.below(functions.len())];
            ("generated".to_owned(), generated(&mut dice, function))
        })
        .collect();
    check(&cases);
    println!("{} generated calls give what Go gives", cases.len());
}

/// The table in the manual, between its two marks.
fn table() -> String {
    let mut rows = vec!["| Function | Arguments | State |".to_owned(), "|---|---|---|".to_owned()];
    rows.extend(sprig::functions().entries().map(|(name, entry)| match entry {
        Entry::Refused(why) => format!("| `{name}` | | refused: {why} |"),
        Entry::Function(function) => {
            let fixed = function.parameters().iter().map(ToString::to_string);
            let rest = function.rest().map(|rest| format!("...{rest}"));
            let arguments: Vec<_> =
                fixed.chain(rest).map(|name| name.replace("interface {}", "any")).collect();
            let state = if function.is_deterministic() { "yes" } else { "yes, differs each time" };
            format!("| `{name}` | {} | {state} |", arguments.join(", "))
        }
    }));
    rows.join("\n") + "\n"
}

#[test]
fn template_manual_lists_every_function() {
    const MARKS: [&str; 2] = ["<!-- functions -->\n", "<!-- end of functions -->"];
    let path = root().join("docs/templates.md");
    let manual = fs::read_to_string(&path).unwrap();
    let (before, rest) = manual.split_once(MARKS[0]).unwrap();
    let (listed, behind) = rest.split_once(MARKS[1]).unwrap();
    let table = table();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, [before, MARKS[0], &table, MARKS[1], behind].concat()).unwrap();
        return;
    }
    assert_eq!(listed, table, "docs/templates.md is out of date: run this test with UPDATE_EXPECT=1");
}
