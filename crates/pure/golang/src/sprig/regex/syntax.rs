//! Go's syntax of regular expressions (source followed: `regexp/syntax/parse.go` of Go 1.26).

use super::{Translated, classes};

/// What Go says against a pattern: the rule and the text that breaks it.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) what: &'static str,
    pub(super) text: String,
}

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// The longest pattern that is read.
const LONGEST: usize = 64 << 10;
/// As deep as Go lets groups nest would be 1,000; the `regex` crate takes 250.
const DEEPEST: usize = 200;
const MOST_REPEATS: u64 = 1000;

/// Checks a pattern by Go's rules and spells it for the `regex` crate.
pub(super) fn translate(text: &str) -> Result<Translated> {
    let refused = |what| Err(Problem { what, text: text.to_owned() });
    if text.len() > LONGEST {
        return refused("expression too large");
    }
    let mut translator = Translator {
        whole: text,
        rest: text,
        out: String::with_capacity(text.len() * 2),
        names: vec![String::new()],
        groups: vec![Group::default()],
    };
    let mut last_repeat = None;
    while !translator.rest.is_empty() {
        last_repeat = translator.step(last_repeat)?;
        if translator.groups.len() > DEEPEST {
            return refused("expression nests too deeply");
        }
    }
    match translator.groups.as_slice() {
        [whole] => {
            Ok(Translated { pattern: translator.out, names: translator.names, weight: whole.weight() })
        }
        _ => refused("missing closing )"),
    }
}

/// One pair of parentheses that is open.
#[derive(Default)]
struct Group {
    /// What was written before the last atom.
    weight: u64,
    /// The last atom, when there is one that can be repeated.
    atom: Option<Atom>,
    /// The highest product of repetitions within.
    repeats: u64,
}

#[derive(Clone, Copy)]
struct Atom {
    weight: u64,
    repeats: u64,
}

impl Group {
    fn push(&mut self, atom: Atom) {
        self.weight = self.weight();
        self.repeats = self.repeats();
        self.atom = Some(atom);
    }

    fn weight(&self) -> u64 {
        self.weight.saturating_add(self.atom.map_or(0, |atom| atom.weight))
    }

    fn repeats(&self) -> u64 {
        self.repeats.max(self.atom.map_or(0, |atom| atom.repeats)).max(1)
    }

    fn bar(&mut self) {
        self.weight = self.weight();
        self.repeats = self.repeats();
        self.atom = None;
    }
}

struct Translator<'a> {
    whole: &'a str,
    rest: &'a str,
    out: String,
    names: Vec<String>,
    groups: Vec<Group>,
}

impl<'a> Translator<'a> {
    /// Translates one element. Gives back where it starts when it is a repetition.
    fn step(&mut self, last_repeat: Option<&'a str>) -> Result<Option<&'a str>> {
        let text = self.rest;
        match text.as_bytes().first() {
            Some(b'(') if text.starts_with("(?") => self.open_special()?,
            Some(b'(') => {
                self.names.push(String::new());
                self.open("(");
                self.advance(1);
            }
            Some(b'|') => {
                self.out.push('|');
                self.group().bar();
                self.advance(1);
            }
            Some(b')') => self.close()?,
            Some(b'^' | b'$' | b'.') => {
                let sign = text.get(..1).unwrap_or_default();
                self.atom(sign, 1);
                self.advance(1);
            }
            Some(b'[') => {
                let (class, rest) = classes::bracketed(text)?;
                self.class(&class, rest);
            }
            Some(b'*' | b'+' | b'?') => {
                let sign = text.get(..1).unwrap_or_default();
                self.repeat(sign, 1, None, last_repeat)?;
                return Ok(Some(text));
            }
            Some(b'{') => {
                if let Some((low, high, length)) = counts(text) {
                    let size = || Problem {
                        what: "invalid repeat count",
                        text: text.get(..length).unwrap_or(text).to_owned(),
                    };
                    let low = low.filter(|low| *low <= MOST_REPEATS).ok_or_else(size)?;
                    let high = high.map(|high| {
                        high.filter(|high| *high <= MOST_REPEATS && *high >= low).ok_or_else(size)
                    });
                    let high = high.transpose()?;
                    let sign = match high {
                        Some(high) => format!("{{{low},{high}}}"),
                        None => format!("{{{low},}}"),
                    };
                    self.repeat(&sign, length, Some((low, high.unwrap_or(low).max(1))), last_repeat)?;
                    return Ok(Some(text));
                }
                self.literal('{');
                self.advance(1);
            }
            Some(b'\\') => self.backslash()?,
            _ => {
                let mut runes = text.chars();
                if let Some(rune) = runes.next() {
                    self.literal(rune);
                }
                self.rest = runes.as_str();
            }
        }
        Ok(None)
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// The innermost group; there always is one.
    fn group(&mut self) -> &mut Group {
        if self.groups.is_empty() {
            self.groups.push(Group::default());
        }
        let last = self.groups.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "the line above makes sure that it is there")]
        &mut self.groups[last]
    }

    fn atom(&mut self, spelled: &str, weight: u64) {
        self.out.push_str(spelled);
        self.group().push(Atom { weight, repeats: 1 });
    }

    fn literal(&mut self, rune: char) {
        self.atom(&format!(r"\x{{{:X}}}", u32::from(rune)), 1);
    }

    /// Classes of Unicode are large automata.
    fn class(&mut self, class: &str, rest: &'a str) {
        let weight =
            if class.contains(r"\p") || class.contains('^') { 200 } else { 4 + class.len() as u64 / 4 };
        self.atom(class, weight);
        self.rest = rest;
    }

    fn open(&mut self, spelled: &str) {
        self.out.push_str(spelled);
        self.groups.push(Group::default());
    }

    fn close(&mut self) -> Result<()> {
        let closed = self.groups.pop().filter(|_| !self.groups.is_empty());
        let Some(closed) = closed else {
            return Err(Problem { what: "unexpected )", text: self.whole.to_owned() });
        };
        self.atom(")", 0);
        self.group().atom = Some(Atom { weight: 1 + closed.weight(), repeats: closed.repeats() });
        self.advance(1);
        Ok(())
    }

    fn repeat(
        &mut self,
        sign: &str,
        length: usize,
        counts: Option<(u64, u64)>,
        last_repeat: Option<&'a str>,
    ) -> Result<()> {
        let before = self.rest;
        self.advance(length);
        let lazy = self.rest.starts_with('?');
        if lazy {
            self.advance(1);
        }
        let rest = self.rest;
        let upto = |from: &str| from.get(..from.len() - rest.len()).unwrap_or(from).to_owned();
        if let Some(last) = last_repeat {
            return Err(Problem { what: "invalid nested repetition operator", text: upto(last) });
        }
        let Some(mut atom) = self.group().atom else {
            return Err(Problem { what: "missing argument to repetition operator", text: upto(before) });
        };
        if let Some((low, high)) = counts {
            atom.weight = atom.weight.saturating_mul(high);
            atom.repeats = atom.repeats.saturating_mul(high);
            if (low >= 2 || high >= 2) && atom.repeats > MOST_REPEATS {
                return Err(Problem { what: "invalid repeat count", text: upto(before) });
            }
        }
        self.group().atom = Some(atom);
        self.out.push_str(sign);
        if lazy {
            self.out.push('?');
        }
        Ok(())
    }

    /// `(?:`, `(?flags)`, `(?flags:` and named groups.
    fn open_special(&mut self) -> Result<()> {
        let text = self.rest;
        let named = text.strip_prefix("(?P<").or_else(|| text.strip_prefix("(?<"));
        if let Some(name) = named {
            return self.open_named(name);
        }
        let mut flags = String::new();
        let (mut negative, mut any) = (false, false);
        let mut runes = text.get(2..).unwrap_or_default().chars();
        while let Some(rune) = runes.next() {
            match rune {
                'i' | 'm' | 's' | 'U' => any = true,
                '-' if !negative => (negative, any) = (true, false),
                ':' | ')' if !negative || any => {
                    self.rest = runes.as_str();
                    match (rune, flags.is_empty()) {
                        (':', _) => self.open(&format!("(?{flags}:")),
                        (_, true) => {}
                        (_, false) => self.out.push_str(&format!("(?{flags})")),
                    }
                    return Ok(());
                }
                _ => break,
            }
            flags.push(rune);
        }
        let length = text.len() - runes.as_str().len();
        Err(Problem {
            what: "invalid or unsupported Perl syntax",
            text: text.get(..length).unwrap_or(text).to_owned(),
        })
    }

    fn open_named(&mut self, name: &'a str) -> Result<()> {
        let text = self.rest;
        let problem = |text: &str| Problem { what: "invalid named capture", text: text.to_owned() };
        let (name, rest) = name.split_once('>').ok_or_else(|| problem(text))?;
        let proper = |rune: char| rune == '_' || rune.is_ascii_alphanumeric();
        if name.is_empty() || !name.chars().all(proper) {
            return Err(problem(text.get(..text.len() - rest.len()).unwrap_or(text)));
        }
        self.names.push(name.to_owned());
        self.open("(");
        self.rest = rest;
        Ok(())
    }

    fn backslash(&mut self) -> Result<()> {
        let text = self.rest;
        for (sign, spelled) in [(r"\A", r"\A"), (r"\z", r"\z"), (r"\b", r"(?-u:\b)"), (r"\B", r"(?-u:\B)")] {
            if text.starts_with(sign) {
                self.atom(spelled, 1);
                self.advance(2);
                return Ok(());
            }
        }
        if text.starts_with(r"\C") {
            return Err(Problem { what: "invalid escape sequence", text: r"\C".to_owned() });
        }
        if let Some(quoted) = text.strip_prefix(r"\Q") {
            let (plain, rest) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
            plain.chars().for_each(|rune| self.literal(rune));
            self.rest = rest;
            return Ok(());
        }
        if let Some((class, rest)) = classes::unicode(text)? {
            self.class(&class, rest);
        } else if let Some((class, rest)) = classes::perl(text) {
            self.class(class, rest);
        } else {
            let (rune, rest) = escaped(text)?;
            self.literal(rune);
            self.rest = rest;
        }
        Ok(())
    }
}

/// `{2}`, `{2,}`, `{2,3}`: the numbers (inner `None` when too large) and the length; `None` for anything else.
fn counts(text: &str) -> Option<(Option<u64>, Option<Option<u64>>, usize)> {
    let (inner, rest) = text.strip_prefix('{')?.split_once('}')?;
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let proper = plain && (digits == "0" || !digits.starts_with('0'));
        proper.then(|| digits.parse::<u64>().ok().filter(|count| *count < 100_000_000))
    };
    let (low, high) = match inner.split_once(',') {
        None => (number(inner)?, Some(number(inner)?)),
        Some((low, "")) => (number(low)?, None),
        Some((low, high)) => (number(low)?, Some(number(high)?)),
    };
    Some((low, high, text.len() - rest.len()))
}

/// A character behind a backslash, and what follows (`parseEscape`).
pub(super) fn escaped(text: &str) -> Result<(char, &str)> {
    let mut runes = text.chars();
    runes.next();
    let Some(rune) = runes.next() else {
        return Err(Problem { what: "trailing backslash at end of expression", text: String::new() });
    };
    let rest = runes.as_str();
    let invalid = |rest: &str| Problem {
        what: "invalid escape sequence",
        text: text.get(..text.len() - rest.len()).unwrap_or(text).to_owned(),
    };
    let octal = |rest: &str| rest.bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    Ok(match rune {
        '0'..='7' if rune == '0' || octal(rest).min(1) == 1 => {
            let count = octal(rest);
            let (more, behind) = rest.split_at(count);
            let value = u32::from_str_radix(&format!("{rune}{more}"), 8).ok().and_then(char::from_u32);
            (value.ok_or_else(|| invalid(behind))?, behind)
        }
        'x' => hexadecimal(rest).map_err(invalid)?,
        'a' => ('\u{7}', rest),
        'f' => ('\u{c}', rest),
        'n' => ('\n', rest),
        'r' => ('\r', rest),
        't' => ('\t', rest),
        'v' => ('\u{b}', rest),
        rune if rune.is_ascii() && !rune.is_ascii_alphanumeric() => (rune, rest),
        _ => return Err(invalid(rest)),
    })
}

/// Behind `\x`: two digits, or any number of them in braces. Fails with where Go stops reading.
fn hexadecimal(text: &str) -> std::result::Result<(char, &str), &str> {
    let mut runes = text.chars();
    let braced = text.starts_with('{');
    if braced {
        runes.next();
    }
    let mut value = 0;
    for index in 0.. {
        let rune = runes.next();
        let rest = runes.as_str();
        match rune.and_then(|rune| rune.to_digit(16)) {
            Some(digit) => value = value * 16 + digit,
            None if braced && rune == Some('}') && index > 0 => {
                return char::from_u32(value).map(|rune| (rune, rest)).ok_or(rest);
            }
            None => return Err(rest),
        }
        if !braced && index == 1 {
            return char::from_u32(value).map(|rune| (rune, rest)).ok_or(rest);
        }
        if value > u32::from(char::MAX) {
            return Err(rest);
        }
    }
    Err(text)
}
