//! What a set of modules calls and refers to, checked before anything is evaluated: regorus finds an
//! unknown function only when it reaches it, and a recursive one ends the process.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{AssignOp, BUILTINS, Expr, Literal, LiteralStmt, Rule, RuleHead, Span};

use super::graph::Graph;
use super::module::{Module, Problem, static_path, static_prefix};
use super::safety::Safety;
use super::shims;
use super::walk::{self, Visitor};

/// Which `data` documents modules may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Data {
    /// `data.lib` only, as in a template.
    Libraries,
    /// Everything, as in tests.
    All,
}

/// Everything wrong with the references of `modules`, in the order of their places.
pub(crate) fn check(modules: &[Module], data: Data) -> Vec<Problem> {
    let index = Index::of(modules);
    let mut graph = Graph::default();
    let mut problems = Vec::new();
    for module in modules {
        for (_, path) in &module.imports {
            let span =
                module.tree.imports.iter().find(|import| static_path(&import.refr).as_ref() == Some(path));
            let Some(span) = span.map(|import| &import.span) else { continue };
            let parts: Vec<&str> = path.iter().map(String::as_str).collect();
            match parts.as_slice() {
                ["data" | "input", ..] | ["rego", "v1"] | ["future", "keywords"] => {}
                ["future", "keywords", "if" | "in" | "every" | "contains"] => {}
                // Such as future.keywords.not, which changes what `not` means.
                _ => problems.push(Problem::at(span, format!("import {} is not supported", parts.join(".")))),
            }
            index.allowed(path, data, span, &mut problems);
        }
        for (path, rule) in module.rules() {
            let mut checker = Checker {
                module,
                index: &index,
                data,
                locals: local_names(rule),
                targets: BTreeMap::new(),
                problems: &mut problems,
            };
            walk::rule(rule, &mut checker);
            checker.variables(rule);
            let targets = checker.targets;
            graph.add(path.join("."), rule.span().clone(), targets);
        }
    }
    problems.extend(graph.problems());
    problems.sort();
    problems.dedup();
    problems
}

/// Variables that a rule declares: arguments, `:=`, `some`, `every`.
pub(crate) fn local_names(rule: &Rule) -> BTreeSet<String> {
    let mut locals = Locals::default();
    if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = rule {
        args.iter().for_each(|arg| locals.pattern(arg));
    }
    walk::rule(rule, &mut locals);
    locals.names
}

#[derive(Default)]
struct Locals {
    names: BTreeSet<String>,
}

impl Locals {
    fn pattern(&mut self, expr: &Expr) {
        match expr {
            Expr::Var { span, .. } => {
                self.names.insert(span.text().to_owned());
            }
            Expr::Array { items, .. } => items.iter().for_each(|item| self.pattern(item)),
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| self.pattern(value)),
            _ => {}
        }
    }
}

impl Visitor for Locals {
    fn expression(&mut self, expr: &Expr, _: bool) {
        if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr {
            self.pattern(lhs);
        }
    }

    fn statement(&mut self, statement: &LiteralStmt, _: bool) {
        match &statement.literal {
            Literal::SomeVars { vars, .. } => {
                self.names.extend(vars.iter().map(|span| span.text().to_owned()))
            }
            Literal::SomeIn { key, value, .. } => {
                key.iter().for_each(|key| self.pattern(key));
                self.pattern(value);
            }
            Literal::Every { key, value, .. } => {
                self.names.extend(key.iter().chain([value]).map(|span| span.text().to_owned()));
            }
            Literal::Expr { .. } | Literal::NotExpr { .. } => {}
        }
    }
}

/// What the modules define.
struct Index {
    rules: BTreeSet<Vec<String>>,
    /// Arities by path.
    functions: BTreeMap<Vec<String>, BTreeSet<usize>>,
}

impl Index {
    fn of(modules: &[Module]) -> Self {
        let mut index = Self { rules: BTreeSet::new(), functions: BTreeMap::new() };
        for (path, rule) in modules.iter().flat_map(Module::rules) {
            let arity = match rule {
                Rule::Spec { head: RuleHead::Func { args, .. }, .. } => Some(args.len()),
                Rule::Default { args, .. } if !args.is_empty() => Some(args.len()),
                Rule::Spec { .. } | Rule::Default { .. } => None,
            };
            if let Some(arity) = arity {
                index.functions.entry(path.clone()).or_default().insert(arity);
            }
            index.rules.insert(path);
        }
        index
    }

    /// The rules that a reference touches: what it lies in, or what lies in it.
    fn touched(&self, path: &[String]) -> impl Iterator<Item = &Vec<String>> {
        self.rules.iter().filter(move |rule| rule.starts_with(path) || path.starts_with(rule))
    }

    fn allowed(&self, path: &[String], data: Data, span: &Span, problems: &mut Vec<Problem>) {
        if data == Data::All || path.first().is_none_or(|first| first != "data") {
            return;
        }
        let problem = match path.get(1).map(String::as_str) {
            Some("lib") if self.touched(path).next().is_some() => return,
            Some("lib") => format!("{} is defined by no library of this template", path.join(".")),
            Some("inventory") => {
                "data.inventory is not supported: a rule sees only the object under review and its namespace"
                    .into()
            }
            Some(other) => format!("data.{other} cannot be seen from a template, only data.lib"),
            None => "data as a whole cannot be seen from a template, only data.lib".into(),
        };
        problems.push(Problem::at(span, problem));
    }
}

struct Checker<'a> {
    module: &'a Module,
    index: &'a Index,
    data: Data,
    locals: BTreeSet<String>,
    /// Rules that this one needs, and where.
    targets: BTreeMap<String, Span>,
    problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    /// Every variable needs something that gives it a value; regorus finds the rest when it gets there.
    fn variables(&mut self, rule: &Rule) {
        let is_global = |name: &str| name == "input" || self.resolve(&[name.to_owned()]).is_some();
        let gives_last = |callee: &Expr, given: usize| {
            let arities = static_path(callee).map(|path| self.arities(&path)).unwrap_or_default();
            // What is not known is told of as such, not by what it might have given.
            let fits = given.checked_sub(1).is_some_and(|fewer| arities.contains(&fewer));
            arities.is_empty() || (fits && !arities.contains(&given))
        };
        let is_function = |expr: &Expr| static_path(expr).is_some_and(|path| !self.arities(&path).is_empty());
        let unsafe_variables = Safety::new(&is_global, &gives_last, &is_function).problems(rule);
        self.problems.extend(unsafe_variables.into_iter().map(|(span, text)| Problem::at(span, text)));
    }

    /// How many arguments the function of this name takes: one of these modules', or a built-in.
    fn arities(&self, path: &[String]) -> BTreeSet<usize> {
        if let Some(known) = self.resolve(path).and_then(|target| self.index.functions.get(&target)) {
            return known.clone();
        }
        let name = path.join(".");
        let builtin = || BUILTINS.get(name.as_str()).map(|(_, arity)| usize::from(*arity));
        shims::arity(&name).or_else(builtin).into_iter().collect()
    }

    /// The path from `data` or `input` on of a name written in the module, if it is no local variable.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        if let Some((_, import)) = self.module.imports.iter().find(|(name, _)| name == first) {
            return Some(import.iter().chain(rest).cloned().collect());
        }
        if first == "data" {
            return Some(path.to_vec());
        }
        let mut own = self.module.package.clone();
        own.push(first.clone());
        let known = self.index.rules.iter().any(|rule| rule.starts_with(&own));
        own.extend(rest.iter().cloned());
        known.then_some(own)
    }

    fn call(&mut self, callee: &Expr, span: &Span, given: usize, statement: bool) {
        let Some(path) = static_path(callee) else { return };
        let name = path.join(".");
        let resolved = self.resolve(&path);
        if let Some((target, arities)) =
            resolved.as_ref().and_then(|target| Some((target, self.index.functions.get(target)?)))
        {
            let fits = |count: usize| arities.contains(&count);
            let output = given.checked_sub(1).filter(|_| statement);
            if !fits(given) && !output.is_some_and(fits) {
                let known: Vec<String> = arities.iter().map(ToString::to_string).collect();
                self.problems
                    .push(Problem::at(span, format!("{name} takes {} arguments", known.join(" or "))));
            }
            self.targets.entry(target.join(".")).or_insert_with(|| span.clone());
            return;
        }
        let problem = if let Some(reason) = shims::refusal(&name) {
            format!("built-in {name} is refused: {reason}")
        } else if name == "print" {
            return;
        } else if let Some(arity) =
            shims::arity(&name).or_else(|| BUILTINS.get(name.as_str()).map(|(_, arity)| usize::from(*arity)))
        {
            if given == arity || (statement && given == arity + 1) {
                return;
            }
            format!("built-in {name} takes {arity} arguments, not {given}")
        } else {
            format!(
                "unknown function {name}: neither a rule of these modules nor a built-in that is supported"
            )
        };
        self.problems.push(Problem::at(span, problem));
    }

    fn reference(&mut self, expr: &Expr) {
        let path = static_prefix(expr);
        let Some(first) = path.first() else { return };
        if self.locals.contains(first) {
            return;
        }
        let Some(target) = self.resolve(&path) else { return };
        if !target.starts_with(&self.module.package) {
            self.index.allowed(&target, self.data, expr.span(), self.problems);
        }
        for rule in self.index.touched(&target) {
            self.targets.entry(rule.join(".")).or_insert_with(|| expr.span().clone());
        }
    }
}

impl Visitor for Checker<'_> {
    fn expression(&mut self, expr: &Expr, statement: bool) {
        match expr {
            Expr::Call { fcn, params, span, .. } => self.call(fcn, span, params.len(), statement),
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => self.reference(expr),
            _ => {}
        }
    }

    fn statement(&mut self, statement: &LiteralStmt, _: bool) {
        if self.data == Data::All {
            return;
        }
        for with in &statement.with_mods {
            let path = static_prefix(&with.refr);
            if path.first().is_some_and(|first| first == "data") {
                self.index.allowed(&path, self.data, &with.span, self.problems);
            }
        }
    }
}
