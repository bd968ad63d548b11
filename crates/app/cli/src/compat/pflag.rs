//! Command lines as Go's `github.com/spf13/pflag` reads them, and variables as kubeseal's `pkg/pflagenv` does.
//!
//! Boolean flags take a value only after `=`; all others take the next argument, whatever it looks like. Flags and
//! other arguments may be mixed; `--` ends the flags. A variable stands for a flag that the command line does not
//! have; lists of both are joined, and a variable's value that does not fit is passed over.

use std::collections::BTreeMap;

/// What a flag takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// `true` without a value.
    Switch,
    /// Any text.
    Text,
    /// Texts with commas between them, in CSV's quotes; may be repeated.
    List,
    /// May be repeated, taken as it is.
    Repeated,
    /// A whole number.
    Number,
    /// A text that this function accepts.
    Checked(fn(&str) -> Result<(), String>),
}

/// A flag that there is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) short: Option<char>,
    pub(super) kind: Kind,
    /// What it is worth when nobody gives it.
    pub(super) default: &'static str,
    /// What help says; empty for flags that help leaves out.
    pub(super) usage: &'static str,
}

/// Why a command line is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FlagError {
    /// `-h`, which is no flag: usage is asked for.
    Help,
    /// What is wrong, in pflag's words.
    Wrong(String),
}

/// The values of all flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values {
    values: BTreeMap<&'static str, Vec<String>>,
}

impl Values {
    /// Reads variables by `variable(name of the flag)` and then the command line.
    pub(super) fn read(
        flags: &[Flag],
        arguments: impl IntoIterator<Item = String>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, FlagError> {
        let mut values = Self::default();
        for flag in flags {
            if let Some(value) = variable(flag.name) {
                // As upstream, which does not look at the result.
                let _ = values.set(flag, &value);
            }
        }
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix("--") {
                Some("") => break,
                Some(long) => values.long(flags, long, &mut arguments)?,
                None => match argument.strip_prefix('-') {
                    Some(short) if !short.is_empty() => values.short(flags, short, &mut arguments)?,
                    _ => {}
                },
            }
        }
        Ok(values)
    }

    /// The text of `flag`, or its default.
    pub(super) fn text(&self, flag: &Flag) -> &str {
        self.values.get(flag.name).and_then(|values| values.last()).map_or(flag.default, String::as_str)
    }

    /// Whether it is set.
    pub(super) fn switch(&self, flag: &Flag) -> bool {
        parse_bool(self.text(flag)) == Some(true)
    }

    /// All that a list holds.
    pub(super) fn list(&self, flag: &Flag) -> Vec<String> {
        self.values.get(flag.name).cloned().unwrap_or_default()
    }

    /// Whether anybody gave it.
    pub(super) fn is_given(&self, flag: &Flag) -> bool {
        self.values.contains_key(flag.name)
    }

    fn long(
        &mut self,
        flags: &[Flag],
        text: &str,
        rest: &mut impl Iterator<Item = String>,
    ) -> Result<(), FlagError> {
        if text.starts_with(['-', '=']) {
            return Err(FlagError::Wrong(format!("bad flag syntax: --{text}")));
        }
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let flag = flags.iter().find(|flag| flag.name == name);
        let flag = flag.ok_or_else(|| FlagError::Wrong(format!("unknown flag: --{name}")))?;
        let value = match value {
            None if matches!(flag.kind, Kind::Switch) => Some("true".to_owned()),
            None => rest.next(),
            given => given,
        };
        let value = value.ok_or_else(|| FlagError::Wrong(format!("flag needs an argument: --{name}")))?;
        self.set(flag, &value)
    }

    fn short(
        &mut self,
        flags: &[Flag],
        all: &str,
        rest: &mut impl Iterator<Item = String>,
    ) -> Result<(), FlagError> {
        let mut left = all;
        while let Some(letter) = left.chars().next() {
            let after = left.get(letter.len_utf8()..).unwrap_or_default();
            let Some(flag) = flags.iter().find(|flag| flag.short == Some(letter)) else {
                return Err(match letter {
                    'h' => FlagError::Help,
                    _ => FlagError::Wrong(format!("unknown shorthand flag: '{letter}' in -{left}")),
                });
            };
            if let Some(value) = after.strip_prefix('=').filter(|value| !value.is_empty()) {
                return self.set(flag, value);
            }
            if matches!(flag.kind, Kind::Switch) {
                self.set(flag, "true")?;
                left = after;
                continue;
            }
            let value = if after.is_empty() { rest.next() } else { Some(after.to_owned()) };
            let value = value
                .ok_or_else(|| FlagError::Wrong(format!("flag needs an argument: '{letter}' in -{left}")))?;
            return self.set(flag, &value);
        }
        Ok(())
    }

    fn set(&mut self, flag: &Flag, value: &str) -> Result<(), FlagError> {
        let wrong = |problem: String| {
            let name = match flag.short {
                Some(letter) => format!("-{letter}, --{}", flag.name),
                None => format!("--{}", flag.name),
            };
            FlagError::Wrong(format!("invalid argument {value:?} for {name:?} flag: {problem}"))
        };
        let values = match flag.kind {
            Kind::Switch if parse_bool(value).is_none() => {
                return Err(wrong(format!("strconv.ParseBool: parsing {value:?}: invalid syntax")));
            }
            Kind::Number if value.parse::<i64>().is_err() => {
                return Err(wrong(format!("strconv.ParseInt: parsing {value:?}: invalid syntax")));
            }
            Kind::Checked(check) => {
                check(value).map_err(wrong)?;
                vec![value.to_owned()]
            }
            Kind::List => comma_separated(value).map_err(wrong)?,
            Kind::Switch | Kind::Number | Kind::Text | Kind::Repeated => vec![value.to_owned()],
        };
        let all = self.values.entry(flag.name).or_default();
        if !matches!(flag.kind, Kind::List | Kind::Repeated) {
            all.clear();
        }
        all.extend(values);
        Ok(())
    }
}

/// `strconv.ParseBool`.
fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// One line of CSV.
fn comma_separated(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            '"' => return Err("parse error: bare \" in non-quoted field".to_owned()),
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    if quoted {
        return Err("parse error: extraneous or missing \" in quoted-field".to_owned());
    }
    fields.push(field);
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn flag(name: &'static str, short: Option<char>, kind: Kind) -> Flag {
        Flag { name, short, kind, default: "d", usage: "" }
    }

    const FLAGS: [Flag; 5] = [
        flag("raw", None, Kind::Switch),
        flag("format", Some('o'), Kind::Text),
        flag("from-file", None, Kind::List),
        flag("as-group", None, Kind::Repeated),
        flag("v", Some('v'), Kind::Number),
    ];

    fn read(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Values, FlagError> {
        Values::read(&FLAGS, arguments.iter().map(|&text| text.to_owned()), |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn check(arguments: &[&str], name: &str, expect: Result<&[&str], &str>) {
        let found = read(arguments, &[]);
        let index = FLAGS.iter().position(|flag| flag.name == name).unwrap();
        let found = found.map(|values| values.list(&FLAGS[index])).map_err(|error| match error {
            FlagError::Help => "help".to_owned(),
            FlagError::Wrong(problem) => problem,
        });
        assert_eq!(
            found,
            expect.map(|all| all.iter().map(|&text| text.to_owned()).collect()).map_err(str::to_owned)
        );
    }

    #[test]
    fn values_stand_in_all_the_places_that_pflag_takes() {
        check(&["--format", "yaml"], "format", Ok(&["yaml"]));
        check(&["--format=yaml"], "format", Ok(&["yaml"]));
        check(&["--format="], "format", Ok(&[""]));
        check(&["-o", "yaml"], "format", Ok(&["yaml"]));
        check(&["-oyaml"], "format", Ok(&["yaml"]));
        check(&["-o=yaml"], "format", Ok(&["yaml"]));
        check(&["-o", "json", "x", "-o", "yaml"], "format", Ok(&["yaml"]));
        check(&["--format", "--raw"], "format", Ok(&["--raw"]));
        check(&["--", "--format", "yaml"], "format", Ok(&[]));
        check(&["--raw", "false"], "raw", Ok(&["true"]));
        check(&["--raw=F"], "raw", Ok(&["F"]));
        check(&["--from-file", "a,\"b,\"\"c\"", "--from-file=d"], "from-file", Ok(&["a", "b,\"c", "d"]));
        check(&["--as-group", "a,b", "--as-group", "c"], "as-group", Ok(&["a,b", "c"]));
        check(&["-"], "raw", Ok(&[]));
    }

    #[test]
    fn wrong_ones_are_said_in_pflags_words() {
        check(&["--nope"], "raw", Err("unknown flag: --nope"));
        check(&["--nope=1"], "raw", Err("unknown flag: --nope"));
        check(&["-x"], "raw", Err("unknown shorthand flag: 'x' in -x"));
        check(&["-xyz"], "raw", Err("unknown shorthand flag: 'x' in -xyz"));
        check(&["--format"], "raw", Err("flag needs an argument: --format"));
        check(&["-o"], "raw", Err("flag needs an argument: 'o' in -o"));
        check(&["--=x"], "raw", Err("bad flag syntax: --=x"));
        check(&["---x"], "raw", Err("bad flag syntax: ---x"));
        check(&["-h"], "raw", Err("help"));
        check(
            &["--raw=maybe"],
            "raw",
            Err(
                "invalid argument \"maybe\" for \"--raw\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
        );
        check(
            &["-v=a"],
            "v",
            Err(
                "invalid argument \"a\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"a\": invalid syntax",
            ),
        );
    }

    #[test]
    fn the_command_line_beats_variables_and_joins_their_lists() {
        let variables = [("format", "yaml"), ("raw", "junk"), ("from-file", "a")];
        let values = read(&["--format", "json", "--from-file", "b"], &variables).unwrap();
        assert_eq!(values.text(&FLAGS[1]), "json");
        assert_eq!(values.list(&FLAGS[2]), ["a", "b"]);
        assert!(!values.is_given(&FLAGS[0]) && !values.switch(&FLAGS[0]));
        assert_eq!(read(&[], &variables).unwrap().text(&FLAGS[1]), "yaml");
        assert_eq!(read(&[], &[]).unwrap().text(&FLAGS[1]), "d");
    }
}
