//! Go's `fmt.Sprintf` (source followed: `fmt/print.go` and `fmt/format.go` of Go 1.26).

use crate::sink::Sink;
use crate::strconv;
use crate::verb::{Flags, Printable, print_value};

/// What a verb prints: the types that OPA hands to `fmt.Sprintf`.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// An `int64`.
    Integer(i64),
    /// A `*big.Int` in decimal digits, with `-` in front when negative.
    BigInteger(String),
    /// A `float64`; finite.
    Float(f64),
    /// A `string`.
    Text(String),
}

impl Argument {
    /// The name of its Go type, as `%T` and Go's error texts print it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Integer(_) => "int64",
            Self::BigInteger(_) => "*big.Int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
        }
    }
}

/// `format` with its verbs replaced by `arguments`, as Go's `fmt.Sprintf` does it. What does not fit is
/// told inside the text: `%!d(string=x)`, `%!v(MISSING)`, `%!(EXTRA int64=1)`, `%!(NOVERB)`,
/// `%!(BADWIDTH)`, `%!(BADPREC)`, `%!d(BADINDEX)`.
///
/// ```
/// use sealward_golang::fmt::{Argument, sprintf};
/// assert_eq!(sprintf("%s: %d", &[Argument::Text("replicas".into()), Argument::Integer(3)]), "replicas: 3");
/// assert_eq!(sprintf("%s %v", &[Argument::Text("a".into())]), "a %!v(MISSING)");
/// ```
pub fn sprintf(format: &str, arguments: &[Argument]) -> String {
    let mut out = Sink::new(usize::MAX);
    print_formatted(&mut out, format.as_bytes(), arguments);
    String::from_utf8_lossy(&out.into_bytes()).into_owned()
}

/// `format` with its verbs replaced by `arguments`, as [`sprintf`].
pub(crate) fn print_formatted<A: Printable>(out: &mut Sink, format: &[u8], arguments: &[A]) {
    let mut printer = Printer { rest: format, arguments, next: 0, reordered: false, good: true, out };
    while printer.step() {}
    printer.extra();
}

/// `rune` under `%#U`: `U+00E9 'é'`.
pub(crate) fn unicode_name(rune: char) -> String {
    let shown = if strconv::is_print(rune) { format!(" '{rune}'") } else { String::new() };
    format!("U+{:04X}{shown}", u32::from(rune))
}

struct Printer<'a, A> {
    /// What of the format is still to be read.
    rest: &'a [u8],
    arguments: &'a [A],
    /// Index of the argument that the next verb takes.
    next: usize,
    /// Whether an explicit index was seen anywhere.
    reordered: bool,
    /// Whether the explicit indexes of the current verb make sense.
    good: bool,
    out: &'a mut Sink,
}

/// Widths and precisions beyond this are refused.
const TOO_LARGE: usize = 1_000_000;

impl<A: Printable> Printer<'_, A> {
    /// Prints up to and including the next verb; false at the end.
    fn step(&mut self) -> bool {
        let Some(plain) = self.rest.iter().position(|byte| *byte == b'%') else {
            self.out.push_bytes(self.rest);
            return false;
        };
        self.out.push_bytes(self.rest.get(..plain).unwrap_or_default());
        self.advance(plain + 1);
        self.good = true;
        let mut flags = self.flags();
        let indexed = self.index();
        let indexed = self.width(&mut flags, indexed);
        let indexed = self.precision(&mut flags, indexed);
        if !indexed {
            self.index();
        }
        let Some(verb) = self.rune() else {
            self.out.push("%!(NOVERB)");
            return false;
        };
        self.verb(verb, flags);
        !self.out.is_overflown()
    }

    /// Reads a character; a byte that starts none is U+FFFD.
    fn rune(&mut self) -> Option<char> {
        let first = self.rest.get(..self.rest.len().min(4))?.utf8_chunks().next()?;
        let rune = first.valid().chars().next();
        self.advance(rune.map_or(1, char::len_utf8));
        Some(rune.unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn verb(&mut self, verb: char, flags: Flags) {
        if verb == '%' {
            self.out.push("%");
        } else if !self.good {
            self.out.push(&format!("%!{verb}(BADINDEX)"));
        } else if let Some(argument) = self.arguments.get(self.next) {
            self.next += 1;
            let flags = if matches!(verb, 'v' | 'w') { flags.for_v() } else { flags };
            print_value(self.out, argument, verb, &flags);
        } else {
            self.out.push(&format!("%!{verb}(MISSING)"));
        }
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        loop {
            match self.rest.first() {
                Some(b'#') => flags.sharp = true,
                Some(b'0') => flags.zero = true,
                Some(b'+') => flags.plus = true,
                Some(b'-') => flags.minus = true,
                Some(b' ') => flags.space = true,
                _ => return flags,
            }
            self.advance(1);
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Reads `[n]`; true when one that is well formed was there.
    fn index(&mut self) -> bool {
        if !self.rest.starts_with(b"[") {
            return false;
        }
        self.reordered = true;
        let end = self.rest.iter().position(|byte| *byte == b']');
        let Some(end) = end.filter(|_| self.rest.len() >= 3) else {
            self.advance(1);
            self.good = false;
            return false;
        };
        let number = self.rest.get(1..end).unwrap_or_default();
        let parsed = Some(number).filter(|digits| digits.iter().all(u8::is_ascii_digit));
        let parsed = parsed.and_then(|digits| str::from_utf8(digits).ok()?.parse::<usize>().ok());
        self.advance(end + 1);
        let Some(number) = parsed else {
            self.good = false;
            return false;
        };
        match number.checked_sub(1).filter(|index| *index < self.arguments.len()) {
            Some(index) => self.next = index,
            None => self.good = false,
        }
        true
    }

    /// Reads digits; `None` when there are none or the number is too large (then all is consumed).
    fn number(&mut self) -> Option<usize> {
        let mut number = None;
        while let Some(digit) = self.rest.first().copied().filter(u8::is_ascii_digit) {
            let before: usize = number.unwrap_or_default();
            if before > TOO_LARGE {
                self.rest = &[];
                return None;
            }
            number = Some(before * 10 + usize::from(digit - b'0'));
            self.advance(1);
        }
        number
    }

    /// Takes an argument for `*`.
    fn star(&mut self) -> Option<i64> {
        let argument = self.arguments.get(self.next)?;
        self.next += 1;
        let fits = |number: &i64| usize::try_from(number.unsigned_abs()).is_ok_and(|size| size <= TOO_LARGE);
        argument.as_integer().filter(fits)
    }

    fn width(&mut self, flags: &mut Flags, indexed: bool) -> bool {
        if self.rest.starts_with(b"*") {
            self.advance(1);
            match self.star() {
                None => self.out.push("%!(BADWIDTH)"),
                Some(width) => {
                    if width < 0 {
                        flags.minus = true;
                        flags.zero = false;
                    }
                    flags.width = usize::try_from(width.unsigned_abs()).ok();
                }
            }
            return false;
        }
        flags.width = self.number();
        if indexed && flags.width.is_some() {
            self.good = false;
        }
        indexed
    }

    fn precision(&mut self, flags: &mut Flags, indexed: bool) -> bool {
        if !self.rest.starts_with(b".") || self.rest.len() < 2 {
            return indexed;
        }
        self.advance(1);
        if indexed {
            self.good = false;
        }
        let indexed = self.index();
        if self.rest.starts_with(b"*") {
            self.advance(1);
            let precision = self.star().and_then(|number| usize::try_from(number).ok());
            if precision.is_none() {
                self.out.push("%!(BADPREC)");
            }
            flags.precision = precision;
            return false;
        }
        flags.precision = Some(self.number().unwrap_or_default());
        indexed
    }

    /// Names the arguments that no verb took.
    fn extra(&mut self) {
        let left = self.arguments.get(self.next..).unwrap_or_default();
        if self.reordered || left.is_empty() {
            return;
        }
        self.out.push("%!(EXTRA ");
        for (index, argument) in left.iter().enumerate() {
            if index > 0 {
                self.out.push(", ");
            }
            if let Some(name) = argument.type_name() {
                self.out.push(&name);
                self.out.push("=");
            }
            print_value(self.out, argument, 'v', &Flags::default());
        }
        self.out.push(")");
    }
}

#[cfg(test)]
mod tests;
