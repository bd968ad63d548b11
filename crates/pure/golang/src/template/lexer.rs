//! Text into items (source followed: `text/template/parse/lex.go`).

mod item;

use std::borrow::Cow;

pub(super) use item::{Item, Kind};

use crate::fmt::unicode_name;
use crate::strconv::quote;

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];
/// A trim marker and the space beside it.
const MARKER: usize = 2;

/// What to do next: hand out an item, or go on in another state.
enum Step<'a> {
    Emit(Item<'a>),
    Text,
    LeftDelim,
    RightDelim,
}

pub(super) struct Lexer<'a> {
    input: &'a str,
    position: usize,
    start: usize,
    line: usize,
    start_line: usize,
    parens: usize,
    inside_action: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a str) -> Self {
        Self { input, position: 0, start: 0, line: 1, start_line: 1, parens: 0, inside_action: false }
    }

    /// The next item; after an error or the end, what Go gives then.
    pub(super) fn next_item(&mut self) -> Item<'a> {
        let mut step = if self.inside_action { self.inside_action() } else { Step::Text };
        loop {
            step = match step {
                Step::Emit(item) => return item,
                Step::Text => self.text(),
                Step::LeftDelim => self.left_delim(),
                Step::RightDelim => self.right_delim(),
            };
        }
    }

    fn rest(&self) -> &'a str {
        self.input.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        if next == '\n' {
            self.line += 1;
        }
        Some(next)
    }

    /// The pending text.
    fn pending(&self) -> &'a str {
        self.input.get(self.start..self.position).unwrap_or_default()
    }

    fn item(&mut self, kind: Kind) -> Item<'a> {
        let item =
            Item { kind, position: self.start, text: Cow::Borrowed(self.pending()), line: self.start_line };
        self.start = self.position;
        self.start_line = self.line;
        item
    }

    fn emit(&mut self, kind: Kind) -> Step<'a> {
        Step::Emit(self.item(kind))
    }

    /// Skips the pending text, which was not read by [`Lexer::next`], and counts its lines.
    fn ignore(&mut self) {
        self.count_lines();
        self.start = self.position;
        self.start_line = self.line;
    }

    fn count_lines(&mut self) {
        self.line += self.pending().matches('\n').count();
    }

    fn accept(&mut self, valid: &str) -> bool {
        let accepted = self.peek().is_some_and(|next| valid.contains(next));
        if accepted {
            self.next();
        }
        accepted
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    /// An error ends the scan: nothing is left to read.
    fn error(&mut self, text: impl Into<Cow<'a, str>>) -> Step<'a> {
        let item = Item { kind: Kind::Error, position: self.start, text: text.into(), line: self.start_line };
        self.start = 0;
        self.position = 0;
        self.input = "";
        Step::Emit(item)
    }

    fn text(&mut self) -> Step<'a> {
        let Some(found) = self.rest().find(LEFT) else {
            self.position = self.input.len();
            if self.position > self.start {
                self.count_lines();
                return self.emit(Kind::Text);
            }
            return self.emit(Kind::Eof);
        };
        if found > 0 {
            self.position += found;
            let mut trimmed = 0;
            if has_left_marker(self.input.get(self.position + LEFT.len()..).unwrap_or_default()) {
                trimmed = self.pending().len() - self.pending().trim_end_matches(SPACES).len();
            }
            self.position -= trimmed;
            self.count_lines();
            let item = self.item(Kind::Text);
            self.position += trimmed;
            self.ignore();
            if !item.text.is_empty() {
                return Step::Emit(item);
            }
        }
        Step::LeftDelim
    }

    /// Whether a right delimiter stands here, and whether with a trim marker.
    fn at_right_delim(&self) -> (bool, bool) {
        let rest = self.rest();
        if has_right_marker(rest) && rest.get(MARKER..).is_some_and(|rest| rest.starts_with(RIGHT)) {
            return (true, true);
        }
        (rest.starts_with(RIGHT), false)
    }

    fn left_delim(&mut self) -> Step<'a> {
        self.position += LEFT.len();
        let marker = if has_left_marker(self.rest()) { MARKER } else { 0 };
        if self.rest().get(marker..).is_some_and(|rest| rest.starts_with("/*")) {
            self.position += marker;
            self.ignore();
            return self.comment();
        }
        let item = self.item(Kind::LeftDelim);
        self.inside_action = true;
        self.position += marker;
        self.ignore();
        self.parens = 0;
        Step::Emit(item)
    }

    fn comment(&mut self) -> Step<'a> {
        self.position += "/*".len();
        let Some(found) = self.rest().find("*/") else {
            return self.error("unclosed comment");
        };
        self.position += found + "*/".len();
        let (delim, trim) = self.at_right_delim();
        if !delim {
            return self.error("comment ends before closing delimiter");
        }
        self.count_lines();
        self.item(Kind::Text);
        self.position += RIGHT.len() + if trim { MARKER } else { 0 };
        if trim {
            self.skip_spaces();
        }
        self.ignore();
        Step::Text
    }

    fn skip_spaces(&mut self) {
        self.position += self.rest().len() - self.rest().trim_start_matches(SPACES).len();
    }

    fn right_delim(&mut self) -> Step<'a> {
        let (_, trim) = self.at_right_delim();
        if trim {
            self.position += MARKER;
            self.ignore();
        }
        self.position += RIGHT.len();
        let item = self.item(Kind::RightDelim);
        if trim {
            self.skip_spaces();
            self.ignore();
        }
        self.inside_action = false;
        Step::Emit(item)
    }

    fn inside_action(&mut self) -> Step<'a> {
        if self.at_right_delim().0 {
            if self.parens == 0 {
                return Step::RightDelim;
            }
            return self.error("unclosed left paren");
        }
        let Some(next) = self.peek() else {
            return self.error("unclosed action");
        };
        if SPACES.contains(&next) {
            return self.space();
        }
        if next.is_ascii_digit() || next == '+' || next == '-' {
            return self.number();
        }
        if is_alphanumeric(next) {
            return self.identifier();
        }
        self.next();
        match next {
            '=' => self.emit(Kind::Assign),
            ':' if self.next() == Some('=') => self.emit(Kind::Declare),
            ':' => self.error("expected :="),
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted(Kind::String),
            '\'' => self.quoted(Kind::CharConstant),
            '`' => self.raw_string(),
            '$' => self.variable(),
            '.' => self.dot(),
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen)
            }
            ')' => match self.parens.checked_sub(1) {
                Some(parens) => {
                    self.parens = parens;
                    self.emit(Kind::RightParen)
                }
                None => self.error("unexpected right paren"),
            },
            ' '..='~' => self.emit(Kind::Char),
            _ => self.error(format!("unrecognized character in action: {}", unicode_name(next))),
        }
    }

    /// A run of spaces; one before `-}}` belongs to the delimiter.
    fn space(&mut self) -> Step<'a> {
        let mut count = 0;
        while self.peek().is_some_and(|next| SPACES.contains(&next)) {
            self.next();
            count += 1;
        }
        let last = self.input.get(self.position - 1..).unwrap_or_default();
        if has_right_marker(last) && last.get(MARKER..).is_some_and(|rest| rest.starts_with(RIGHT)) {
            self.position -= 1;
            if last.starts_with('\n') {
                self.line -= 1;
            }
            if count == 1 {
                return Step::RightDelim;
            }
        }
        self.emit(Kind::Space)
    }

    fn word(&mut self) {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
    }

    fn bad_character(&mut self) -> Step<'a> {
        let name = self.peek().map(unicode_name).unwrap_or_default();
        self.error(format!("bad character {name}"))
    }

    fn identifier(&mut self) -> Step<'a> {
        self.word();
        if !self.at_terminator() {
            return self.bad_character();
        }
        let kind = match self.pending() {
            "block" => Kind::Block,
            "break" => Kind::Break,
            "continue" => Kind::Continue,
            "define" => Kind::Define,
            "else" => Kind::Else,
            "end" => Kind::End,
            "if" => Kind::If,
            "nil" => Kind::Nil,
            "range" => Kind::Range,
            "template" => Kind::Template,
            "with" => Kind::With,
            "true" | "false" => Kind::Bool,
            _ => Kind::Identifier,
        };
        self.emit(kind)
    }

    fn dot(&mut self) -> Step<'a> {
        match self.rest().as_bytes().first() {
            Some(next) if !next.is_ascii_digit() => {
                if self.at_terminator() {
                    return self.emit(Kind::Dot);
                }
                self.field(Kind::Field)
            }
            // A dot can start a number.
            _ => {
                self.position -= 1;
                self.number()
            }
        }
    }

    fn variable(&mut self) -> Step<'a> {
        if self.at_terminator() {
            return self.emit(Kind::Variable);
        }
        self.field(Kind::Variable)
    }

    /// The name behind `.` or `$`.
    fn field(&mut self, kind: Kind) -> Step<'a> {
        self.word();
        if !self.at_terminator() {
            return self.bad_character();
        }
        self.emit(kind)
    }

    /// Whether a name may end here.
    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some(' ' | '\t' | '\r' | '\n' | '.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(_) => self.rest().starts_with(RIGHT),
        }
    }

    /// A string or a character, whose opening quote is read; the parser looks into it.
    fn quoted(&mut self, kind: Kind) -> Step<'a> {
        let (quote, unterminated) = match kind {
            Kind::CharConstant => ('\'', "unterminated character constant"),
            _ => ('"', "unterminated quoted string"),
        };
        loop {
            match self.next() {
                Some('\\') => {
                    if matches!(self.next(), None | Some('\n')) {
                        return self.error(unterminated);
                    }
                }
                None | Some('\n') => return self.error(unterminated),
                Some(next) if next == quote => return self.emit(kind),
                Some(_) => {}
            }
        }
    }

    fn raw_string(&mut self) -> Step<'a> {
        loop {
            match self.next() {
                None => return self.error("unterminated raw quoted string"),
                Some('`') => return self.emit(Kind::RawString),
                Some(_) => {}
            }
        }
    }

    fn number(&mut self) -> Step<'a> {
        if !self.scan_number() {
            return self.bad_number();
        }
        if !matches!(self.peek(), Some('+' | '-')) {
            return self.emit(Kind::Number);
        }
        if !self.scan_number() || !self.pending().ends_with('i') {
            return self.bad_number();
        }
        self.emit(Kind::Complex)
    }

    fn bad_number(&mut self) -> Step<'a> {
        self.error(format!("bad number syntax: {}", quote(self.pending())))
    }

    /// Not a perfect scanner: what is wrong beyond this, the parser notices.
    fn scan_number(&mut self) -> bool {
        const DECIMAL: &str = "0123456789_";
        const HEXADECIMAL: &str = "0123456789abcdefABCDEF_";
        self.accept("+-");
        let mut digits = DECIMAL;
        if self.accept("0") {
            if self.accept("xX") {
                digits = HEXADECIMAL;
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if (digits == DECIMAL && self.accept("eE")) || (digits == HEXADECIMAL && self.accept("pP")) {
            self.accept("+-");
            self.accept_run(DECIMAL);
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }
}

/// Letters, digits and the underscore. Digits outside ASCII are not taken.
fn is_alphanumeric(rune: char) -> bool {
    rune == '_' || rune.is_alphabetic() || rune.is_ascii_digit()
}

fn has_left_marker(text: &str) -> bool {
    matches!(text.as_bytes(), [b'-', b' ' | b'\t' | b'\r' | b'\n', ..])
}

fn has_right_marker(text: &str) -> bool {
    matches!(text.as_bytes(), [b' ' | b'\t' | b'\r' | b'\n', b'-', ..])
}
