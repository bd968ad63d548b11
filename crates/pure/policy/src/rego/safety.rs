//! Whether every variable of a rule gets a value: OPA's "var x is unsafe".
//!
//! regorus refuses a name that it has never seen; one that is declared, or only compared, it lets pass,
//! and finds out when the rule runs. Here statements are taken in any order, as OPA reorders them, each
//! as soon as what it needs is known; a variable that none gives a value is refused at load.
//! Source: OPA `v1/ast/compile.go`, `reorderBodyForSafety` and `outputVars…`.

use std::cell::Cell;
use std::collections::BTreeSet;

use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt, Query, Rule, RuleHead, Span};

/// Most expressions looked at in one rule, each time counted: bodies nested in bodies multiply.
const MAX_STEPS: u32 = 1_000_000;

/// What a rule sees beside its own variables.
pub(crate) struct Safety<'a> {
    /// Whether a name is a rule, an import, `input` or `data`.
    pub(crate) is_global: &'a dyn Fn(&str) -> bool,
    /// Whether a call with this many arguments has its result as the last of them.
    pub(crate) gives_last: &'a dyn Fn(&Expr, usize) -> bool,
    /// Whether it names a function, as `with` may put one in place of another.
    pub(crate) is_function: &'a dyn Fn(&Expr) -> bool,
    steps: Cell<u32>,
}

/// Variables by name; what is declared hides what is global.
#[derive(Clone, Default)]
struct Scope {
    bound: BTreeSet<String>,
    declared: BTreeSet<String>,
}

/// What a statement needs and does not have yet, and what it gives once it has that.
#[derive(Default)]
struct Step<'m> {
    lacks: Vec<&'m Span>,
    gives: BTreeSet<String>,
}

impl<'a> Safety<'a> {
    /// A check of one rule.
    pub(crate) fn new(
        is_global: &'a dyn Fn(&str) -> bool,
        gives_last: &'a dyn Fn(&Expr, usize) -> bool,
        is_function: &'a dyn Fn(&Expr) -> bool,
    ) -> Self {
        Self { is_global, gives_last, is_function, steps: Cell::new(0) }
    }

    /// Where variables stand that nothing gives a value, and what to say of each.
    pub(crate) fn problems<'m>(&self, rule: &'m Rule) -> Vec<(&'m Span, String)> {
        let lacking = self.rule(rule);
        if self.steps.get() >= MAX_STEPS {
            return vec![(rule.span(), "the rule is nested too deeply to be checked".into())];
        }
        let mut told = BTreeSet::new();
        lacking
            .into_iter()
            .filter(|span| told.insert(span.text()))
            .map(|span| (span, format!("var {} is unsafe: nothing gives it a value", span.text())))
            .collect()
    }

    fn rule<'m>(&self, rule: &'m Rule) -> Vec<&'m Span> {
        let Rule::Spec { head, bodies, .. } = rule else { return Vec::new() };
        let mut scope = Scope::default();
        let mut outputs: Vec<&Expr> = Vec::new();
        match head {
            RuleHead::Compr { refr, assign, .. } => {
                head_indexes(refr, &mut outputs);
                outputs.extend(assign.iter().map(|assign| assign.value.as_ref()));
            }
            RuleHead::Set { refr, key, .. } => {
                head_indexes(refr, &mut outputs);
                outputs.extend(key.iter().map(AsRef::as_ref));
            }
            RuleHead::Func { args, assign, .. } => {
                let mut given = Step::default();
                args.iter().for_each(|arg| self.pattern(arg, &scope, &mut given));
                scope.declared.extend(given.gives.iter().cloned());
                scope.bound = given.gives;
                outputs.extend(assign.iter().map(|assign| assign.value.as_ref()));
            }
        }
        if bodies.is_empty() {
            return self.outputs(&outputs, &scope);
        }
        let of_body = |body: &'m regorus::unstable::RuleBody| {
            let own: Vec<&Expr> = body.assign.iter().map(|assign| assign.value.as_ref()).collect();
            let outputs = if own.is_empty() && !body.is_else { outputs.clone() } else { own };
            self.query(&body.query, &scope, &outputs)
        };
        bodies.iter().flat_map(of_body).collect()
    }

    /// What a body, and what is made of it, lacks.
    fn query<'m>(&self, query: &'m Query, outer: &Scope, outputs: &[&'m Expr]) -> Vec<&'m Span> {
        let mut scope = outer.clone();
        let declared = declared(query);
        scope.bound.retain(|name| !declared.contains(name));
        scope.declared.extend(declared);
        let mut open: Vec<&LiteralStmt> = query.stmts.iter().collect();
        loop {
            let before = open.len();
            open.retain(|statement| {
                let step = self.statement(statement, &scope);
                let waits = !step.lacks.is_empty();
                if !waits {
                    scope.bound.extend(step.gives);
                }
                waits
            });
            if open.is_empty() {
                return self.outputs(outputs, &scope);
            }
            if open.len() == before {
                return open.iter().flat_map(|statement| self.statement(statement, &scope).lacks).collect();
            }
        }
    }

    /// OPA moves what a head is made of to the end of the body, where it may give values too.
    fn outputs<'m>(&self, outputs: &[&'m Expr], scope: &Scope) -> Vec<&'m Span> {
        let mut step = Step::default();
        outputs.iter().for_each(|output| self.value(output, scope, &mut step));
        step.lacks
    }

    fn statement<'m>(&self, statement: &'m LiteralStmt, scope: &Scope) -> Step<'m> {
        let mut step = Step::default();
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                self.value(collection, scope, &mut step);
                key.iter().chain([value]).for_each(|pattern| self.pattern(pattern, scope, &mut step));
            }
            Literal::Expr { expr, .. } => self.expression(expr, scope, &mut step),
            Literal::NotExpr { expr, .. } => {
                // What is negated gives nothing, and what it iterates over must be known.
                self.value(expr, scope, &mut step);
                let given = std::mem::take(&mut step.gives);
                indexes(expr, &mut |span| {
                    if given.contains(span.text()) {
                        step.lacks.push(span);
                    }
                });
            }
            Literal::Every { key, value, domain, query, .. } => {
                self.value(domain, scope, &mut step);
                let mut inner = scope.clone();
                for name in key.iter().chain([value]).map(|span| span.text().to_owned()) {
                    inner.bound.insert(name.clone());
                    inner.declared.insert(name);
                }
                inner.bound.extend(step.gives.iter().cloned());
                step.lacks.extend(self.query(query, &inner, &[]));
            }
        }
        for with in statement.with_mods.iter().filter(|with| !(self.is_function)(&with.r#as)) {
            self.value(&with.r#as, scope, &mut step);
        }
        step
    }

    fn expression<'m>(&self, expr: &'m Expr, scope: &Scope, step: &mut Step<'m>) {
        match expr {
            Expr::AssignExpr { op: AssignOp::ColEq, lhs, rhs, .. } => {
                self.value(rhs, scope, step);
                self.pattern(lhs, scope, step);
            }
            Expr::AssignExpr { lhs, rhs, .. } => self.unify(lhs, rhs, scope, step),
            Expr::Call { fcn, params, .. } if (self.gives_last)(fcn, params.len()) => {
                if let Some((last, given)) = params.split_last() {
                    given.iter().for_each(|param| self.value(param, scope, step));
                    self.pattern(last, scope, step);
                }
            }
            _ => self.value(expr, scope, step),
        }
    }

    /// The side whose value is known gives the other its values; of two lists or objects, part by part.
    fn unify<'m>(&self, lhs: &'m Expr, rhs: &'m Expr, scope: &Scope, step: &mut Step<'m>) {
        for (known, other) in [(lhs, rhs), (rhs, lhs)] {
            let mut value = Step::default();
            self.value(known, scope, &mut value);
            if value.lacks.is_empty() {
                step.gives.extend(value.gives);
                return self.pattern(other, scope, step);
            }
        }
        match (lhs, rhs) {
            (Expr::Array { items: left, .. }, Expr::Array { items: right, .. }) => {
                left.iter().zip(right).for_each(|(left, right)| self.unify(left, right, scope, step));
            }
            (Expr::Object { fields: left, .. }, Expr::Object { fields: right, .. }) => {
                let pairs = left.iter().zip(right);
                pairs.for_each(|((_, _, left), (_, _, right))| self.unify(left, right, scope, step));
            }
            _ => {
                self.value(lhs, scope, step);
                self.value(rhs, scope, step);
            }
        }
    }

    /// A place where a variable without a value gets one.
    fn pattern<'m>(&self, expr: &'m Expr, scope: &Scope, step: &mut Step<'m>) {
        match expr {
            Expr::Var { span, .. } => {
                if span.text() != "_" && !self.knows(span.text(), scope) {
                    step.gives.insert(span.text().to_owned());
                }
            }
            Expr::Array { items, .. } => items.iter().for_each(|item| self.pattern(item, scope, step)),
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
                self.value(key, scope, step);
                self.pattern(value, scope, step);
            }),
            _ => self.value(expr, scope, step),
        }
    }

    /// A place where every variable needs a value; the index of a reference gives one.
    fn value<'m>(&self, expr: &'m Expr, scope: &Scope, step: &mut Step<'m>) {
        self.steps.set(self.steps.get().saturating_add(1));
        if self.steps.get() >= MAX_STEPS {
            return;
        }
        let mut all = |parts: &[&'m Expr]| parts.iter().for_each(|part| self.value(part, scope, step));
        match expr {
            Expr::Var { span, .. } => {
                let name = span.text();
                if name != "_" && !self.knows(name, scope) && !step.gives.contains(name) {
                    step.lacks.push(span);
                }
            }
            Expr::RefDot { refr, .. } => all(&[refr]),
            Expr::RefBrack { refr, index, .. } => {
                self.value(refr, scope, step);
                self.pattern(index, scope, step);
            }
            Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| all(&[item])),
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| all(&[key, value])),
            Expr::Call { params, .. } => params.iter().for_each(|param| all(&[param])),
            Expr::UnaryExpr { expr, .. } => all(&[expr]),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => all(&[lhs, rhs]),
            Expr::Membership { key, value, collection, .. } => {
                key.iter().for_each(|key| all(&[key]));
                all(&[value, collection]);
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                let lacks = self.query(query, &with(scope, &step.gives), &[term]);
                step.lacks.extend(lacks);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                let lacks = self.query(query, &with(scope, &step.gives), &[key, value]);
                step.lacks.extend(lacks);
            }
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. } => {}
        }
    }

    fn knows(&self, name: &str, scope: &Scope) -> bool {
        scope.bound.contains(name) || (!scope.declared.contains(name) && (self.is_global)(name))
    }
}

/// The names that are new in a body.
fn declared(query: &Query) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut patterns: Vec<&Expr> = Vec::new();
    for statement in &query.stmts {
        match &statement.literal {
            Literal::SomeVars { vars, .. } => {
                names.extend(vars.iter().map(|span| span.text().to_owned()));
            }
            Literal::SomeIn { key, value, .. } => {
                patterns.extend(key.iter().chain([value]).map(AsRef::as_ref));
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => {
                if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr.as_ref() {
                    patterns.push(lhs);
                }
            }
            Literal::Every { .. } => {}
        }
    }
    patterns.iter().for_each(|pattern| add_names(pattern, &mut names));
    names
}

/// The names in a pattern, global or not.
fn add_names(pattern: &Expr, names: &mut BTreeSet<String>) {
    match pattern {
        Expr::Var { span, .. } => drop(names.insert(span.text().to_owned())),
        Expr::Array { items, .. } => items.iter().for_each(|item| add_names(item, names)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| add_names(value, names)),
        _ => {}
    }
}

fn with(scope: &Scope, gives: &BTreeSet<String>) -> Scope {
    let mut scope = scope.clone();
    scope.bound.extend(gives.iter().cloned());
    scope
}

/// The expressions in the brackets of what a head defines.
fn head_indexes<'m>(refr: &'m Expr, outputs: &mut Vec<&'m Expr>) {
    match refr {
        Expr::RefDot { refr, .. } => head_indexes(refr, outputs),
        Expr::RefBrack { refr, index, .. } => {
            head_indexes(refr, outputs);
            outputs.push(index);
        }
        _ => {}
    }
}

/// The variables in brackets, those of nested bodies left out.
fn indexes<'m>(expr: &'m Expr, visit: &mut dyn FnMut(&'m Span)) {
    match expr {
        Expr::RefDot { refr, .. } => indexes(refr, visit),
        Expr::RefBrack { refr, index, .. } => {
            indexes(refr, visit);
            match index.as_ref() {
                Expr::Var { span, .. } => visit(span),
                other => indexes(other, visit),
            }
        }
        Expr::Array { items, .. } | Expr::Set { items, .. } => {
            items.iter().for_each(|item| indexes(item, visit))
        }
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
            indexes(key, visit);
            indexes(value, visit);
        }),
        Expr::Call { params, .. } => params.iter().for_each(|param| indexes(param, visit)),
        Expr::UnaryExpr { expr, .. } => indexes(expr, visit),
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => {
            indexes(lhs, visit);
            indexes(rhs, visit);
        }
        Expr::Membership { key, value, collection, .. } => {
            key.iter().for_each(|key| indexes(key, visit));
            indexes(value, visit);
            indexes(collection, visit);
        }
        _ => {}
    }
}
