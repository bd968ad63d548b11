//! One parsed module.

use std::num::{NonZeroU32, NonZeroUsize};

use regorus::unstable::{Expr, Parser, Ref, Rule, RuleHead, Source as RegoText, Span};

use super::tokens;

/// Lines may be longer than regorus' own bound, because rewriting lengthens them.
pub(crate) const MAX_COLUMN: NonZeroU32 = match NonZeroU32::new(16_384) {
    Some(width) => width,
    None => NonZeroU32::MIN,
};
/// A module's size before rewriting.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// And after it.
pub(crate) const MAX_REWRITTEN: NonZeroUsize = match NonZeroUsize::new(4 * MAX_BYTES) {
    Some(bytes) => bytes,
    None => NonZeroUsize::MIN,
};
pub(crate) const MAX_LINES: NonZeroUsize = match NonZeroUsize::new(20_000) {
    Some(lines) => lines,
    None => NonZeroUsize::MIN,
};

/// The two syntaxes of Rego.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// Before OPA 1.0: bodies without `if`.
    V0,
    /// Since OPA 1.0.
    V1,
}

/// A module as text.
#[derive(Debug, Clone)]
pub(crate) struct Source<'a> {
    /// Its name in messages.
    pub(crate) file: &'a str,
    /// Rego.
    pub(crate) text: &'a str,
    /// Its syntax.
    pub(crate) version: Version,
}

/// What is wrong with a module, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) message: String,
}

impl Problem {
    /// A problem where `span` begins; its own line and column may speak of a token further on.
    pub(crate) fn at(span: &Span, message: impl Into<String>) -> Self {
        let before = span.source.contents().get(..span.start as usize).unwrap_or_default();
        let column = before.chars().rev().take_while(|rune| *rune != '\n').count() + 1;
        let line = before.matches('\n').count() + 1;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let file = span.source.file().clone();
        Self { file, line: number(line), column: number(column), message: message.into() }
    }

    pub(crate) fn file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, column: 0, message: message.into() }
    }

    /// From regorus' framed error text (`--> file:line:col`, excerpt, `error: …`).
    pub(crate) fn parse(file: &str, error: &impl std::fmt::Display) -> Self {
        let text = format!("{error:#}");
        let place = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
        let mut parts = place.unwrap_or_default().rsplitn(3, ':');
        let column = parts.next().and_then(|part| part.parse().ok()).unwrap_or_default();
        let line = parts.next().and_then(|part| part.parse().ok()).unwrap_or_default();
        let file = parts.next().unwrap_or(file);
        Self { file: file.into(), line, column, message: reason(&text) }
    }
}

/// The sentence behind `error:` in a framed error, or the whole text in one line.
pub(crate) fn reason(text: &str) -> String {
    let sentence = text.rsplit_once("error: ").map_or(text, |(_, sentence)| sentence);
    sentence.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A parsed module with its text.
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) version: Version,
    /// Rewritten by [`tokens`]; the parsed tree's places are places in it.
    pub(crate) text: String,
    pub(crate) tree: regorus::unstable::Module,
    /// `data.…` of its package.
    pub(crate) package: Vec<String>,
    /// Local name → `data.…` or `input.…` path.
    pub(crate) imports: Vec<(String, Vec<String>)>,
}

impl Module {
    /// Parses a module.
    pub(crate) fn parse(source: &Source<'_>) -> Result<Self, Problem> {
        let Source { file, text, version } = *source;
        if text.len() > MAX_BYTES {
            return Err(Problem::file(file, format!("module is larger than {MAX_BYTES} bytes")));
        }
        let text = tokens::rewrite(file, text, version == Version::V0)?;
        let rego =
            RegoText::from_contents_with_limits(file.to_owned(), text.clone(), MAX_REWRITTEN, MAX_LINES)
                .map_err(|error| Problem::parse(file, &error))?;
        let mut parser = Parser::new(&rego).map_err(|error| Problem::parse(file, &error))?;
        parser.set_max_col(MAX_COLUMN);
        if version == Version::V1 {
            parser.enable_rego_v1().map_err(|error| Problem::parse(file, &error))?;
        }
        let tree = parser.parse().map_err(|error| Problem::parse(file, &error))?;
        let mut package = vec!["data".to_owned()];
        package.extend(static_path(&tree.package.refr).unwrap_or_default());
        if package.len() < 2 || package.iter().any(|part| !is_word(part)) {
            return Err(Problem::at(
                &tree.package.span,
                "a package is named by plain words with dots between them",
            ));
        }
        let imports = tree
            .imports
            .iter()
            .filter_map(|import| {
                let path = static_path(&import.refr)?;
                let name = import.r#as.as_ref().map(|span| span.text().to_owned());
                Some((name.or_else(|| path.last().cloned())?, path))
            })
            .collect();
        Ok(Self { file: file.into(), version, text, tree, package, imports })
    }

    /// Its rules with the names they define.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (Vec<String>, &Rule)> {
        self.tree.policy.iter().map(|rule| (self.rule_path(rule), rule.as_ref()))
    }

    /// Whether it defines `name`, and only as a partial set.
    pub(crate) fn has_set(&self, name: &str) -> bool {
        let mut path = self.package.clone();
        path.push(name.to_owned());
        let mut definitions = self.rules().filter(|(rule, _)| *rule == path).map(|(_, rule)| rule).peekable();
        let some = definitions.peek().is_some();
        some && definitions.all(|rule| matches!(rule, Rule::Spec { head: RuleHead::Set { .. }, .. }))
    }

    /// The static part of what a rule defines, from `data` on.
    fn rule_path(&self, rule: &Rule) -> Vec<String> {
        let head = match rule {
            Rule::Default { refr, .. } => refr,
            Rule::Spec { head, .. } => head_ref(head),
        };
        let mut path = self.package.clone();
        path.extend(static_prefix(head));
        path
    }
}

pub(crate) fn head_ref(head: &RuleHead) -> &Ref<Expr> {
    match head {
        RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. } => refr,
    }
}

pub(crate) fn is_word(text: &str) -> bool {
    let mut runes = text.chars();
    runes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && runes.all(|rune| rune.is_ascii_alphanumeric() || rune == '_')
}

/// `a.b["c"]` as its parts, if it is nothing but names.
pub(crate) fn static_path(expr: &Expr) -> Option<Vec<String>> {
    let (path, whole) = prefix(expr)?;
    whole.then_some(path)
}

/// The leading names of a reference; empty when it starts with something else.
pub(crate) fn static_prefix(expr: &Expr) -> Vec<String> {
    prefix(expr).map(|(path, _)| path).unwrap_or_default()
}

fn prefix(expr: &Expr) -> Option<(Vec<String>, bool)> {
    match expr {
        Expr::Var { span, .. } => Some((vec![span.text().to_owned()], true)),
        Expr::RefDot { refr, field, .. } => {
            let (mut path, whole) = prefix(refr)?;
            if whole {
                path.push(field.0.text().to_owned());
            }
            Some((path, whole))
        }
        Expr::RefBrack { refr, index, .. } => {
            let (mut path, whole) = prefix(refr)?;
            match index.as_ref() {
                Expr::String { value, .. } | Expr::RawString { value, .. } if whole => {
                    path.push(value.as_string().map(|text| text.to_string()).unwrap_or_default());
                    Some((path, true))
                }
                _ => Some((path, false)),
            }
        }
        _ => None,
    }
}
