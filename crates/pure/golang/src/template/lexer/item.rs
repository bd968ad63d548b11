//! The items of a template's text, and how error texts name them.

use std::borrow::Cow;

use crate::strconv::quote;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::template) enum Kind {
    Error,
    Bool,
    /// A printable ASCII character without a meaning of its own, such as the comma.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Kind {
    fn is_keyword(self) -> bool {
        matches!(
            self,
            Self::Block
                | Self::Break
                | Self::Continue
                | Self::Dot
                | Self::Define
                | Self::Else
                | Self::End
                | Self::If
                | Self::Nil
                | Self::Range
                | Self::Template
                | Self::With
        )
    }
}

/// A piece of the text.
#[derive(Debug, Clone)]
pub(in crate::template) struct Item<'a> {
    pub(in crate::template) kind: Kind,
    /// Where it starts, in bytes.
    pub(in crate::template) position: usize,
    pub(in crate::template) text: Cow<'a, str>,
    /// The line where it starts, from 1.
    pub(in crate::template) line: usize,
}

impl std::fmt::Display for Item<'_> {
    /// As error texts name it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind {
            Kind::Eof => formatter.write_str("EOF"),
            Kind::Error => formatter.write_str(&self.text),
            kind if kind.is_keyword() => write!(formatter, "<{}>", self.text),
            _ if self.text.len() > 10 => {
                let shown: String = self.text.chars().take(10).collect();
                write!(formatter, "{}...", quote(&shown))
            }
            _ => formatter.write_str(&quote(&self.text)),
        }
    }
}
