//! First pass over the text: what regorus' parser reads differently from OPA's.
//!
//! A newline before `(` starts a new statement in OPA and a call in regorus; and the later bodies of
//! `rule {…} {…}` (Rego v0) are lost in regorus. Both are rewritten on the same lines, so that places in
//! messages stay true.

use regorus::unstable::{Lexer, Source, Token, TokenKind};

use super::module::{MAX_COLUMN, Problem};

/// Words behind which `(` continues the statement.
const CONTINUING: [&str; 11] =
    ["not", "in", "with", "as", "if", "some", "every", "default", "import", "package", "else"];

/// A token with the range of bytes it stands in, delimiters included.
struct Piece {
    kind: TokenKind,
    start: usize,
    end: usize,
    line: u32,
}

/// `text` so that regorus reads it as OPA does.
pub(crate) fn rewrite(file: &str, text: &str, chained_bodies: bool) -> Result<String, Problem> {
    let pieces = pieces(file, text)?;
    let mut inserts: Vec<(usize, String)> = statement_breaks(text, &pieces);
    if chained_bodies {
        inserts.extend(repeated_heads(text, &pieces));
    }
    inserts.sort_by_key(|(at, _)| *at);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, insert) in inserts {
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(&insert);
        from = at;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Ok(out)
}

fn pieces(file: &str, text: &str) -> Result<Vec<Piece>, Problem> {
    let source =
        Source::from_contents(file.to_owned(), text.to_owned()).map_err(|e| Problem::parse(file, &e))?;
    let mut lexer = Lexer::new(&source);
    lexer.set_max_col(MAX_COLUMN);
    let mut pieces = Vec::new();
    loop {
        let Token(kind, span) = lexer.next_token().map_err(|error| Problem::parse(file, &error))?;
        if kind == TokenKind::Eof {
            return Ok(pieces);
        }
        let quotes = usize::from(matches!(kind, TokenKind::String | TokenKind::RawString));
        pieces.push(Piece {
            kind,
            start: (span.start as usize).saturating_sub(quotes),
            end: span.end as usize + quotes,
            line: span.line,
        });
    }
}

impl Piece {
    fn text<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    fn ends_an_operand(&self, text: &str) -> bool {
        match self.kind {
            TokenKind::Ident => !CONTINUING.contains(&self.text(text)),
            TokenKind::String | TokenKind::RawString | TokenKind::Number => true,
            TokenKind::Symbol => matches!(self.text(text), ")" | "]" | "}"),
            TokenKind::Eof => false,
        }
    }
}

fn statement_breaks(text: &str, pieces: &[Piece]) -> Vec<(usize, String)> {
    let pairs = pieces.iter().zip(pieces.iter().skip(1));
    pairs
        .filter(|(before, piece)| {
            piece.kind == TokenKind::Symbol
                && piece.text(text) == "("
                && text.get(before.end..piece.start).is_some_and(|gap| gap.contains('\n'))
                && before.ends_an_operand(text)
        })
        .map(|(_, piece)| (piece.start, ";".to_owned()))
        .collect()
}

/// Where `} {` continues a rule with another body: the rule's head again, on the same line.
fn repeated_heads(text: &str, pieces: &[Piece]) -> Vec<(usize, String)> {
    let mut inserts = Vec::new();
    let mut depth = 0_usize;
    let mut head: Option<(usize, usize)> = None; // pieces of the current rule's head, once its body began
    let mut start = 0;
    let mut after_else = false;
    for (index, piece) in pieces.iter().enumerate() {
        let word = if piece.kind == TokenKind::Symbol || piece.kind == TokenKind::Ident {
            piece.text(text)
        } else {
            ""
        };
        let before = index.checked_sub(1).and_then(|index| pieces.get(index));
        let before_word = before.map(|before| before.text(text)).unwrap_or_default();
        if depth == 0 {
            let first_on_line = before.is_none_or(|before| before.line < piece.line);
            match word {
                "{" if matches!(before_word, "=" | ":=") => {}
                "{" if after_else => after_else = false,
                "{" => match head {
                    Some((from, to)) if before_word == "}" => {
                        inserts.push((piece.start, format!("{} ", head_text(text, pieces.get(from..to)))));
                    }
                    _ => head = Some((start, index)),
                },
                "else" => after_else = true,
                _ if piece.kind == TokenKind::Ident && first_on_line && !continues(before_word) => {
                    (start, head, after_else) = (index, None, false);
                }
                _ => {}
            }
        }
        match word {
            "{" | "[" | "(" | "set(" => depth += 1,
            "}" | "]" | ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    inserts
}

fn continues(before: &str) -> bool {
    matches!(
        before,
        "=" | ":=" | "." | "|" | "&" | "+" | "-" | "*" | "/" | "%" | "," | "default" | "import" | "package"
    )
}

/// The head on one line, its gaps as one blank each and its comments left out.
fn head_text(text: &str, pieces: Option<&[Piece]>) -> String {
    let mut out = String::new();
    let mut end = None;
    for piece in pieces.unwrap_or_default() {
        if end.is_some_and(|end| end < piece.start) {
            out.push(' ');
        }
        out.push_str(piece.text(text));
        end = Some(piece.end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        assert_eq!(rewrite("t.rego", text, true).unwrap(), expect);
    }

    #[test]
    fn a_bracket_on_a_new_line_starts_a_statement() {
        check("p { x := input.a\n  (x - 1) > 2 }", "p { x := input.a\n  ;(x - 1) > 2 }");
        check("p { x :=\n  (1 + 2) }", "p { x :=\n  (1 + 2) }");
        check("p { count(x)\n(y) }", "p { count(x)\n;(y) }");
        check("p { not\n(y) }", "p { not\n(y) }");
        check("p { x == \"a(\nb\" }".replace('\n', " ").as_str(), "p { x == \"a( b\" }");
        check("p { f(x) # (\n}", "p { f(x) # (\n}");
    }

    #[test]
    fn chained_bodies_repeat_the_head() {
        check("f(x) { x == 1 } { x == 2 }", "f(x) { x == 1 } f(x) { x == 2 }");
        check(
            "v[{\"msg\": m}] { m := 1 }\n{ m := 2 }",
            "v[{\"msg\": m}] { m := 1 }\nv[{\"msg\": m}] { m := 2 }",
        );
        check("a = 1 { x } { y } { z }", "a = 1 { x } a = 1 { y } a = 1 { z }");
        check("a = {\"k\": 1} { x }", "a = {\"k\": 1} { x }");
        check("a = {\"k\": 1} { x } { y }", "a = {\"k\": 1} { x } a = {\"k\": 1} { y }");
        check("a = 1 { x } else = {\"b\": 2} { y }", "a = 1 { x } else = {\"b\": 2} { y }");
        check("a { x }\nb { y }", "a { x }\nb { y }");
        check("a { {1} == {1} }", "a { {1} == {1} }");
        check("f(x, # why\n  y) { x } { y }", "f(x, # why\n  y) { x } f(x, y) { y }");
        check("default a = {\"x\": 1}\na { b }", "default a = {\"x\": 1}\na { b }");
        check("x = `}\n{` { y }", "x = `}\n{` { y }");
    }
}
