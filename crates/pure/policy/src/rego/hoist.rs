//! Second pass over the text, guided by the tree: what OPA's compiler moves before a statement.
//!
//! OPA evaluates the arguments of a negated call before the `not`: with `input.x` missing,
//! `not f(input.x)` and `not input.x > 3` are undefined there, and true in regorus. A plain negated
//! reference, and the direct operands of `==` and `=`, stay. So it is with the domain of `every`, which
//! regorus takes for empty when it is undefined. Calls of shims with the result as a last
//! argument (`sprintf("%v", [x], text)`) become unifications, because shims have no such form.
//! Source: OPA `v1/ast/compile.go`, `rewriteExprTerms` and `rewriteDynamics`; checked against OPA 1.22.

use std::collections::BTreeSet;

use regorus::unstable::{AssignOp, BoolOp, Expr, Literal, LiteralStmt, Rule, RuleHead, Span};

use super::module::{Module, Problem, Version, static_path};
use super::walk::{self, Visitor};
use super::{calls, shims};

/// The text to give to the engine.
pub(crate) fn rewrite(module: &Module) -> Result<String, Vec<Problem>> {
    let mut edits = Edits { text: &module.text, edits: Vec::new() };
    let mut next = 0;
    let mut problems = Vec::new();
    let names: BTreeSet<String> = module
        .rules()
        .filter_map(|(path, _)| path.get(module.package.len()).cloned())
        .chain(module.imports.iter().map(|(name, _)| name.clone()))
        .chain(["input".to_owned(), "data".to_owned()])
        .collect();
    for (_, rule) in module.rules() {
        let names = names.difference(&calls::local_names(rule)).cloned().collect();
        let mut hoister = Hoister {
            edits: &mut edits,
            next: &mut next,
            names,
            problems: &mut problems,
            version: module.version,
        };
        walk::rule(rule, &mut hoister);
        move_values_into_bodies(rule, &mut edits, &mut next);
    }
    if problems.is_empty() { Ok(edits.apply(0, module.text.len())) } else { Err(problems) }
}

struct Edit {
    start: usize,
    end: usize,
    text: String,
}

struct Edits<'a> {
    text: &'a str,
    /// Not overlapping; those at one place in order.
    edits: Vec<Edit>,
}

impl Edits<'_> {
    /// The text of `start..end` with the edits in it, which are used up.
    fn take(&mut self, start: usize, end: usize) -> String {
        let text = self.apply(start, end);
        self.edits.retain(|edit| edit.start < start || edit.end > end);
        text
    }

    fn apply(&self, start: usize, end: usize) -> String {
        let mut inside: Vec<&Edit> =
            self.edits.iter().filter(|edit| edit.start >= start && edit.end <= end).collect();
        inside.sort_by_key(|edit| edit.start); // stable: those at one place stay in order
        let mut out = String::new();
        let mut from = start;
        for edit in inside {
            out.push_str(self.text.get(from..edit.start).unwrap_or_default());
            out.push_str(&edit.text);
            from = edit.end;
        }
        out.push_str(self.text.get(from..end).unwrap_or_default());
        out
    }

    fn replace(&mut self, start: usize, end: usize, text: String) {
        self.edits.push(Edit { start, end, text });
    }

    /// Where `statement` ends. Spans of strings leave out their quotes, and with them those of the
    /// statements that end in one.
    fn end_of(&self, statement: &LiteralStmt) -> usize {
        let end = statement.span.end as usize;
        let quoted = self.text.get(end..).is_some_and(|rest| rest.starts_with(['"', '`']));
        end + usize::from(quoted)
    }

    /// Adds a statement after those from `first` to `last`; a body without braces gets them, unless the
    /// hoisting before gave it some.
    fn append_statement(&mut self, first: &LiteralStmt, last: &LiteralStmt, text: &str, bare: bool) {
        let (start, end) = (first.span.start as usize, self.end_of(last));
        let closing = self.edits.iter_mut().find(|edit| bare && edit.start == end && edit.end == end);
        match closing {
            Some(edit) => edit.text.insert_str(0, &format!("; {text}")),
            None if bare => {
                self.edits.insert(0, Edit { start, end: start, text: "{ ".to_owned() });
                self.replace(end, end, format!("; {text} }}"));
            }
            None => self.replace(end, end, format!("; {text}")),
        }
    }
}

/// In OPA a body whose value is undefined has failed, and the next `else` counts; regorus ends there
/// without a value. As the last statement of its body the value decides in both.
fn move_values_into_bodies(rule: &Rule, edits: &mut Edits<'_>, next: &mut usize) {
    let Rule::Spec { head, bodies, .. } = rule else { return };
    let mut value = match head {
        RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => assign.as_ref(),
        RuleHead::Set { .. } => None,
    };
    for pair in bodies.windows(2) {
        let [body, after] = pair else { continue };
        value = body.assign.as_ref().or(value);
        if let Some(assign) = value.take().filter(|_| after.is_else)
            && let (Some(first), Some(last)) = (body.query.stmts.first(), body.query.stmts.last())
        {
            let (from, to) = range(&assign.value);
            let name = format!("__value{next}");
            *next += 1;
            let text = edits.take(from, to);
            edits.replace(from, to, name.clone());
            edits.append_statement(first, last, &format!("{name} := {text}"), walk::is_bare(&body.query));
        }
    }
}

struct Hoister<'a, 'b> {
    edits: &'a mut Edits<'b>,
    next: &'a mut usize,
    /// Names that are references, not local variables.
    names: BTreeSet<String>,
    problems: &'a mut Vec<Problem>,
    version: Version,
}

/// The bytes an expression stands in, quotes included.
fn range(expr: &Expr) -> (usize, usize) {
    let span = expr.span();
    let quotes = usize::from(matches!(expr, Expr::String { .. } | Expr::RawString { .. }));
    ((span.start as usize).saturating_sub(quotes), span.end as usize + quotes)
}

impl Visitor for Hoister<'_, '_> {
    fn expression(&mut self, expr: &Expr, statement: bool) {
        let Expr::Call { fcn, params, .. } = expr else { return };
        let name = static_path(fcn).unwrap_or_default().join(".");
        let Some(arity) = shims::arity(&name).filter(|arity| statement && params.len() == arity + 1) else {
            return;
        };
        let Some(result) = params.get(arity) else { return };
        let (start, end) = range(expr);
        let (from, to) = range(result);
        let last =
            arity.checked_sub(1).and_then(|last| params.get(last)).map_or(from, |param| range(param).1);
        let result = self.edits.take(from, to);
        self.edits.replace(start, start, format!("{result} = "));
        self.edits.replace(last, end, ")".to_owned());
    }

    fn statement(&mut self, statement: &LiteralStmt, bare: bool) {
        let mut found = Vec::new();
        match &statement.literal {
            Literal::NotExpr { expr, .. } => self.negated(expr, &mut found),
            Literal::Every { domain, .. } => self.argument(domain, &mut found),
            Literal::SomeVars { .. } | Literal::SomeIn { .. } | Literal::Expr { .. } => {}
        }
        if found.is_empty() {
            return;
        }
        let (start, end) = (statement.span.start as usize, self.edits.end_of(statement));
        let with = statement.with_mods.first().map(|with| self.edits.apply(with.span.start as usize, end));
        let with = with.unwrap_or_default();
        let mut before = String::from(if bare && self.version == Version::V1 { "{ " } else { "" });
        for operand in found {
            if let Some(span) = wildcard(operand) {
                self.problems.push(Problem::at(
                    &span,
                    "var _ is unsafe inside `not`: name the variable with `some … in` before it",
                ));
            }
            let (from, to) = range(operand);
            let text = self.edits.take(from, to);
            let name = format!("__hoisted{}", self.next);
            *self.next += 1;
            before.push_str(&format!("{name} := {text} {with}; "));
            self.edits.replace(from, to, name);
        }
        self.edits.replace(start, start, before);
        if bare && self.version == Version::V1 {
            self.edits.replace(end, end, " }".to_owned());
        }
    }
}

impl Hoister<'_, '_> {
    /// What to move out of a negated expression.
    fn negated<'e>(&self, expr: &'e Expr, found: &mut Vec<&'e Expr>) {
        match expr {
            Expr::Call { params, .. } => params.iter().for_each(|param| self.argument(param, found)),
            Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. }
            | Expr::AssignExpr { op: AssignOp::Eq, lhs, rhs, .. } => {
                self.side(lhs, found);
                self.side(rhs, found);
            }
            Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::BinExpr { lhs, rhs, .. } => {
                self.argument(lhs, found);
                self.argument(rhs, found);
            }
            Expr::Membership { key, value, collection, .. } => {
                key.iter().for_each(|key| self.argument(key, found));
                self.argument(value, found);
                self.argument(collection, found);
            }
            _ => self.side(expr, found),
        }
    }

    /// An operand of an equality, or a plain reference: it stays, the calls and references in it go.
    fn side<'e>(&self, expr: &'e Expr, found: &mut Vec<&'e Expr>) {
        match expr {
            Expr::RefDot { refr, .. } => self.side(refr, found),
            Expr::RefBrack { refr, index, .. } => {
                self.side(refr, found);
                self.argument(index, found);
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().for_each(|item| self.argument(item, found));
            }
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
                self.argument(key, found);
                self.argument(value, found);
            }),
            Expr::Var { .. } => {}
            _ => self.argument(expr, found),
        }
    }

    /// An argument of a call: moved out if it can be undefined.
    fn argument<'e>(&self, expr: &'e Expr, found: &mut Vec<&'e Expr>) {
        match expr {
            Expr::Var { span, .. } if !self.names.contains(span.text()) => {}
            Expr::Var { .. }
            | Expr::RefDot { .. }
            | Expr::RefBrack { .. }
            | Expr::Call { .. }
            | Expr::BoolExpr { .. }
            | Expr::ArithExpr { .. }
            | Expr::BinExpr { .. }
            | Expr::Membership { .. } => found.push(expr),
            Expr::UnaryExpr { expr, .. } => self.argument(expr, found),
            Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. } => self.side(expr, found),
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::ArrayCompr { .. }
            | Expr::SetCompr { .. }
            | Expr::ObjectCompr { .. }
            | Expr::AssignExpr { .. } => {}
        }
    }
}

/// A wildcard in `expr`, outside comprehensions.
fn wildcard(expr: &Expr) -> Option<Span> {
    match expr {
        Expr::Var { span, .. } => (span.text() == "_").then(|| span.clone()),
        Expr::RefDot { refr, .. } => wildcard(refr),
        Expr::RefBrack { refr, index, .. } => wildcard(refr).or_else(|| wildcard(index)),
        Expr::Call { params, .. } => params.iter().find_map(|param| wildcard(param)),
        Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::BinExpr { lhs, rhs, .. } => wildcard(lhs).or_else(|| wildcard(rhs)),
        _ => None,
    }
}
