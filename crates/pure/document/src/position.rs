//! From places in characters to places in bytes, and back.

/// A text and the byte at which every 64th of its characters starts, so that a place is found
/// without walking the whole text.
pub(crate) struct Characters<'a> {
    text: &'a str,
    marks: Option<Vec<usize>>,
}

const STRIDE: usize = 64;

impl<'a> Characters<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let marks =
            (!text.is_ascii()).then(|| text.char_indices().step_by(STRIDE).map(|(byte, _)| byte).collect());
        Self { text, marks }
    }

    /// The byte at which character `index` starts; the length for a place past the end.
    pub(crate) fn byte(&self, index: usize) -> usize {
        let Some(marks) = &self.marks else {
            return index.min(self.text.len());
        };
        let Some(&mark) = marks.get(index / STRIDE) else {
            return self.text.len();
        };
        let rest = self.text.get(mark..).unwrap_or_default();
        rest.char_indices().nth(index % STRIDE).map_or(self.text.len(), |(byte, _)| mark + byte)
    }

    /// The text from character `index` on.
    pub(crate) fn from(&self, index: usize) -> &'a str {
        self.text.get(self.byte(index)..).unwrap_or_default()
    }
}

/// A place that moves forward through a text and knows its line and column.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    byte: usize,
    line: u32,
    column: u32,
}

impl<'a> Cursor<'a> {
    /// At the start of `text`, which is line `line`.
    pub(crate) fn new(text: &'a str, line: u32) -> Self {
        Self { text, byte: 0, line, column: 1 }
    }

    /// Line and column of `byte`, which must not lie before a byte asked for earlier.
    pub(crate) fn place(&mut self, byte: usize) -> (u32, u32) {
        for character in self.text.get(self.byte..byte).unwrap_or_default().chars() {
            if character == '\n' {
                self.line = self.line.saturating_add(1);
                self.column = 1;
            } else {
                self.column = self.column.saturating_add(1);
            }
        }
        self.byte = self.byte.max(byte);
        (self.line, self.column)
    }
}

/// A count as a line or column number.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
