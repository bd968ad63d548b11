//! A walk over a rule's tree, inner things first.

use regorus::unstable::{Expr, Literal, LiteralStmt, Query, Rule, RuleBody, RuleHead};

/// What is told of on the way.
pub(crate) trait Visitor {
    /// An expression; `statement` when it is a whole statement by itself, negated or not.
    fn expression(&mut self, _expr: &Expr, _statement: bool) {}

    /// A statement; `bare` when it is a rule's whole body, written without braces.
    fn statement(&mut self, _statement: &LiteralStmt, _bare: bool) {}
}

/// Walks everything in `rule`.
pub(crate) fn rule(rule: &Rule, visitor: &mut dyn Visitor) {
    match rule {
        Rule::Default { args, value, .. } => {
            args.iter().for_each(|arg| expression(arg, false, visitor));
            expression(value, false, visitor);
        }
        Rule::Spec { head, bodies, .. } => {
            match head {
                RuleHead::Compr { refr, assign, .. } => {
                    head_indexes(refr, visitor);
                    assign.iter().for_each(|assign| expression(&assign.value, false, visitor));
                }
                RuleHead::Set { refr, key, .. } => {
                    head_indexes(refr, visitor);
                    key.iter().for_each(|key| expression(key, false, visitor));
                }
                RuleHead::Func { args, assign, .. } => {
                    args.iter().for_each(|arg| expression(arg, false, visitor));
                    assign.iter().for_each(|assign| expression(&assign.value, false, visitor));
                }
            }
            bodies.iter().for_each(|part| body(part, visitor));
        }
    }
}

/// The name that a head defines is no reference; what stands in its brackets is.
fn head_indexes(refr: &Expr, visitor: &mut dyn Visitor) {
    match refr {
        Expr::RefDot { refr, .. } => head_indexes(refr, visitor),
        Expr::RefBrack { refr, index, .. } => {
            head_indexes(refr, visitor);
            expression(index, false, visitor);
        }
        _ => {}
    }
}

fn body(body: &RuleBody, visitor: &mut dyn Visitor) {
    body.assign.iter().for_each(|assign| expression(&assign.value, false, visitor));
    query(&body.query, is_bare(&body.query), visitor);
}

/// Whether a body is one statement without braces. In Rego v0 the span of what follows `else` begins
/// with that word, and braces are a must there.
pub(crate) fn is_bare(query: &Query) -> bool {
    let text = query.span.text();
    !text.starts_with('{') && !text.starts_with("else")
}

fn query(query: &Query, bare: bool, visitor: &mut dyn Visitor) {
    for statement in &query.stmts {
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                key.iter().for_each(|key| expression(key, false, visitor));
                expression(value, false, visitor);
                expression(collection, false, visitor);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => {
                expression(expr, true, visitor);
            }
            Literal::Every { domain, query: inner, .. } => {
                expression(domain, false, visitor);
                self::query(inner, false, visitor);
            }
        }
        statement.with_mods.iter().for_each(|with| expression(&with.r#as, false, visitor));
        visitor.statement(statement, bare);
    }
}

fn expression(expr: &Expr, statement: bool, visitor: &mut dyn Visitor) {
    let mut inner = |expr: &Expr| expression(expr, false, visitor);
    match expr {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => {}
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| inner(item)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
            inner(key);
            inner(value);
        }),
        Expr::ArrayCompr { term, query: body, .. } | Expr::SetCompr { term, query: body, .. } => {
            inner(term);
            query(body, false, visitor);
        }
        Expr::ObjectCompr { key, value, query: body, .. } => {
            inner(key);
            inner(value);
            query(body, false, visitor);
        }
        Expr::Call { params, .. } => params.iter().for_each(|param| inner(param)),
        Expr::UnaryExpr { expr, .. } => inner(expr),
        Expr::RefDot { refr, .. } => base(refr, visitor),
        Expr::RefBrack { refr, index, .. } => {
            base(refr, visitor);
            expression(index, false, visitor);
        }
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => {
            inner(lhs);
            inner(rhs);
        }
        Expr::Membership { key, value, collection, .. } => {
            key.iter().for_each(|key| inner(key));
            inner(value);
            inner(collection);
        }
    }
    visitor.expression(expr, statement);
}

/// A reference is told of once, as a whole; of its base only what is no part of its name.
fn base(refr: &Expr, visitor: &mut dyn Visitor) {
    match refr {
        Expr::Var { .. } => {}
        Expr::RefDot { refr, .. } => base(refr, visitor),
        Expr::RefBrack { refr, index, .. } => {
            base(refr, visitor);
            expression(index, false, visitor);
        }
        _ => expression(refr, false, visitor),
    }
}
