//! Camel, snake and kebab case, titles and swapped case (xstrings v1.5, goutils v1.1 and `strings.Title`).

use super::runes::{
    RUNE_ERROR, is_digit, is_letter, is_lower, is_punct, is_title, is_upper, map_runes, runes, to_lower,
    to_title, to_upper,
};

/// `strings.Title`: the first rune of each word in title case.
pub(crate) fn title(text: &[u8]) -> Vec<u8> {
    let mut previous = ' ';
    map_runes(text, |rune| {
        let starts = separates(previous);
        previous = rune;
        if starts { to_title(rune) } else { rune }
    })
}

fn separates(rune: char) -> bool {
    if rune.is_ascii() {
        return !rune.is_ascii_alphanumeric() && rune != '_';
    }
    !is_letter(rune) && !is_digit(rune) && rune.is_whitespace()
}

/// `goutils.Uncapitalize`: the first rune of each word in lower case.
pub(crate) fn untitle(text: &[u8]) -> Vec<u8> {
    let mut starts = true;
    map_runes(text, |rune| {
        if rune.is_whitespace() {
            starts = true;
            rune
        } else if std::mem::take(&mut starts) {
            to_lower(rune)
        } else {
            rune
        }
    })
}

/// `goutils.SwapCase`: upper to lower, lower to upper, and to title case where a word starts.
pub(crate) fn swap_case(text: &[u8]) -> Vec<u8> {
    let mut space = true;
    map_runes(text, |rune| {
        if is_upper(rune) || is_title(rune) {
            space = false;
            to_lower(rune)
        } else if is_lower(rune) {
            if std::mem::take(&mut space) { to_title(rune) } else { to_upper(rune) }
        } else {
            space = rune.is_whitespace();
            rune
        }
    })
}

fn is_connector(rune: char) -> bool {
    rune == '-' || rune == '_' || rune.is_whitespace()
}

/// `xstrings.ToPascalCase`.
pub(crate) fn pascal_case(text: &[u8]) -> Vec<u8> {
    let mut out = String::new();
    let mut rest = runes(text).map(|(rune, _)| rune).peekable();
    let mut current = None;
    let mut first_upper = false;
    for rune in rest.by_ref() {
        if is_connector(rune) {
            // Kept in hand as well: when nothing but connectors comes, the last one is written twice.
            out.push(rune);
            current = Some(rune);
            continue;
        }
        first_upper = is_upper(rune);
        current = Some(to_upper(rune));
        break;
    }
    let Some(mut current) = current else { return out.into_bytes() };
    for rune in rest {
        let previous = current;
        current = rune;
        if is_connector(current) && is_connector(previous) {
            out.push(previous);
            continue;
        }
        if is_connector(previous) {
            first_upper = is_upper(current);
            current = to_upper(current);
            continue;
        }
        if first_upper {
            if is_upper(current) {
                current = to_lower(current);
            } else {
                first_upper = false;
            }
        }
        out.push(previous);
    }
    out.push(current);
    out.into_bytes()
}

#[derive(Clone, Copy, PartialEq)]
enum Word {
    Invalid,
    Number,
    UpperCase,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// `xstrings.ToSnakeCase` and `ToKebabCase`, by connector.
pub(crate) fn lower_with(text: &[u8], connector: char) -> Vec<u8> {
    let all: Vec<char> = runes(text).map(|(rune, _)| rune).collect();
    let mut cutter = Cutter { rest: &all, connector, out: String::new() };
    cutter.run();
    cutter.out.into_bytes()
}

struct Cutter<'a> {
    rest: &'a [char],
    connector: char,
    out: String,
}

impl<'a> Cutter<'a> {
    fn run(&mut self) {
        let (mut kind, mut word) = self.next();
        while !self.rest.is_empty() {
            if kind != Word::Connector {
                self.write(kind, word);
            }
            let (previous, last) = (kind, word);
            (kind, word) = self.next();
            match previous {
                Word::Number => (kind, word) = self.after_number(kind, word),
                Word::Connector => self.write(previous, last),
                Word::Punctuation => {}
                Word::Invalid | Word::UpperCase | Word::Alphabet | Word::Other => {
                    if kind != Word::Number {
                        self.connect(kind, false);
                    } else if !self.rest.is_empty() {
                        let number = word;
                        (kind, word) = self.next();
                        if kind == Word::Alphabet {
                            self.out.push(self.connector);
                            self.write(Word::Number, number);
                            (kind, word) = self.after_number(kind, word);
                        } else {
                            self.write(Word::Number, number);
                            self.connect(kind, false);
                        }
                    }
                }
            }
        }
        self.write(kind, word);
    }

    /// Lower-case letters and digits behind a number belong to it.
    fn after_number(&mut self, mut kind: Word, mut word: &'a [char]) -> (Word, &'a [char]) {
        while matches!(kind, Word::Alphabet | Word::Number) {
            self.write(kind, word);
            (kind, word) = self.next();
        }
        self.connect(kind, true);
        (kind, word)
    }

    fn connect(&mut self, before: Word, unless_over: bool) {
        let over = unless_over && before == Word::Invalid;
        if !over && !matches!(before, Word::Connector | Word::Punctuation) {
            self.out.push(self.connector);
        }
    }

    fn write(&mut self, kind: Word, word: &[char]) {
        let plain = !matches!(kind, Word::UpperCase | Word::Connector);
        self.out.extend(word.iter().map(|rune| match *rune {
            rune if plain => rune,
            rune if is_connector(rune) => self.connector,
            rune if is_upper(rune) => to_lower(rune),
            rune => rune,
        }));
    }

    /// The next run of runes of one kind.
    fn next(&mut self) -> (Word, &'a [char]) {
        let Some(first) = self.rest.first().copied() else { return (Word::Invalid, &[]) };
        let kind = kind_of(first);
        let count = match kind {
            Word::UpperCase => self.upper_case_word(),
            _ => self.rest.iter().take_while(|rune| belongs(kind, **rune)).count(),
        };
        let (word, rest) = self.rest.split_at(count.max(1).min(self.rest.len()));
        self.rest = rest;
        (kind, word)
    }

    /// `ABC` of `ABCdef` is `AB`: the last capital starts the next word.
    fn upper_case_word(&self) -> usize {
        let capitals = self.rest.iter().take_while(|rune| is_upper(**rune)).count();
        let behind = self.rest.get(capitals).copied();
        match (capitals, behind) {
            (1, Some(rune)) if is_letter(rune) => {
                let tail = self.rest.iter().skip(1);
                1 + tail.take_while(|rune| is_letter(**rune) && !is_upper(**rune)).count()
            }
            (2.., Some(rune)) if is_letter(rune) => capitals - 1,
            _ => capitals,
        }
    }
}

fn kind_of(rune: char) -> Word {
    match rune {
        RUNE_ERROR => Word::Other,
        rune if is_connector(rune) => Word::Connector,
        rune if is_punct(rune) => Word::Punctuation,
        rune if is_upper(rune) => Word::UpperCase,
        rune if is_letter(rune) => Word::Alphabet,
        rune if rune.is_numeric() => Word::Number,
        _ => Word::Other,
    }
}

fn belongs(kind: Word, rune: char) -> bool {
    match kind {
        Word::Connector => is_connector(rune),
        Word::Punctuation => is_punct(rune),
        Word::Alphabet => is_letter(rune) && !is_upper(rune),
        Word::Number => rune.is_numeric(),
        Word::Invalid | Word::UpperCase | Word::Other => {
            !is_connector(rune) && !is_letter(rune) && !rune.is_numeric() && !is_punct(rune)
        }
    }
}
