//! What stands between delimiters: keywords and what follows them.

use super::{Kind, List, Node, NodeKind, ParseError, Parser, Part};
use crate::template::tree::Branch;

impl Parser<'_> {
    /// The left delimiter is read.
    pub(super) fn action(&mut self) -> Result<Part, ParseError> {
        let item = self.next_non_space();
        let node = match item.kind {
            Kind::Block => self.block()?,
            Kind::Break => self.jump("break", item.position, NodeKind::Break)?,
            Kind::Continue => self.jump("continue", item.position, NodeKind::Continue)?,
            Kind::Else => return self.otherwise(),
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Part::End);
            }
            Kind::If => self.branch("if")?,
            Kind::Range => self.branch("range")?,
            Kind::Template => self.invocation()?,
            Kind::With => self.branch("with")?,
            _ => {
                self.back();
                let position = self.peek().position;
                let pipeline = self.pipeline("command", Kind::RightDelim)?;
                Node { position, kind: NodeKind::Action(pipeline) }
            }
        };
        Ok(Part::Node(node))
    }

    fn jump(&mut self, word: &str, position: usize, kind: NodeKind) -> Result<Node, ParseError> {
        let item = self.next_non_space();
        if item.kind != Kind::RightDelim {
            return self.unexpected(&item, &format!("{{{{{word}}}}}"));
        }
        if self.scope.ranges == 0 {
            return self.error(format_args!("{{{{{word}}}}} outside {{{{range}}}}"));
        }
        Ok(Node { position, kind })
    }

    /// `else`; an `if` or `with` behind it is left for the branch that it continues.
    fn otherwise(&mut self) -> Result<Part, ParseError> {
        if !matches!(self.peek_non_space().kind, Kind::If | Kind::With) {
            self.expect(Kind::RightDelim, "else")?;
        }
        Ok(Part::Else)
    }

    /// `if`, `range` or `with`, whose word is read.
    fn branch(&mut self, word: &str) -> Result<Node, ParseError> {
        self.deeper(|parser| {
            let declared = parser.scope.variables.len();
            let branch = parser.branch_body(word)?;
            parser.scope.forget(declared);
            let position = branch.pipeline.position;
            let kind = match word {
                "if" => NodeKind::If(branch),
                "range" => NodeKind::Range(branch),
                _ => NodeKind::With(branch),
            };
            Ok(Node { position, kind })
        })
    }

    fn branch_body(&mut self, word: &str) -> Result<Branch, ParseError> {
        let pipeline = self.pipeline(word, Kind::RightDelim)?;
        let ranges = usize::from(word == "range");
        self.scope.ranges += ranges;
        let (list, end) = self.list()?;
        self.scope.ranges -= ranges;
        let otherwise = match end {
            Part::Else => Some(self.alternative(word)?),
            Part::End | Part::Node(_) => None,
        };
        Ok(Branch { pipeline, list, otherwise })
    }

    /// What follows `else`. `{{else if}}` is `{{else}}{{if}}` with one `{{end}}` for both.
    fn alternative(&mut self, word: &str) -> Result<List, ParseError> {
        let next = self.peek().kind;
        if (word == "if" && next == Kind::If) || (word == "with" && next == Kind::With) {
            self.next();
            return Ok(List { nodes: vec![self.branch(word)?] });
        }
        let (list, end) = self.list()?;
        match end {
            Part::End => Ok(list),
            other => self.error(format_args!("expected end; found {}", other.text().unwrap_or_default())),
        }
    }

    /// `{{block "name" pipeline}}…{{end}}`: a definition and its use.
    fn block(&mut self) -> Result<Node, ParseError> {
        const CONTEXT: &str = "block clause";
        let item = self.next_non_space();
        let name = self.template_name(&item, CONTEXT)?;
        let pipeline = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let (list, end, line) = self.deeper(|parser| {
            parser.scoped(|parser| {
                let (list, end) = parser.list()?;
                Ok((list, end, parser.line()))
            })
        })?;
        self.must_end(&end, CONTEXT)?;
        self.add(name.clone(), list, line)?;
        let kind = NodeKind::Template { name, pipeline: Some(pipeline) };
        Ok(Node { position: item.position, kind })
    }

    /// `{{template "name" pipeline}}`.
    fn invocation(&mut self) -> Result<Node, ParseError> {
        const CONTEXT: &str = "template clause";
        let item = self.next_non_space();
        let name = self.template_name(&item, CONTEXT)?;
        let mut pipeline = None;
        if self.next_non_space().kind != Kind::RightDelim {
            self.back();
            // Its variables persist until the end of what it stands in.
            pipeline = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        }
        Ok(Node { position: item.position, kind: NodeKind::Template { name, pipeline } })
    }
}
