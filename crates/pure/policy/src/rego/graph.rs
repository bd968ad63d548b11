//! Which rule needs which: cycles are refused, and so are chains deep enough to exhaust a stack.

use std::collections::BTreeMap;

use regorus::unstable::Span;

use super::module::Problem;

/// Longest chain of rules that need each other.
const MAX_DEPTH: usize = 40;

/// Rules by path, with what each needs.
#[derive(Default)]
pub(crate) struct Graph {
    rules: BTreeMap<String, (Span, BTreeMap<String, Span>)>,
}

/// A rule being visited, what it needs and was not looked at yet, and the longest chain seen below it.
type Frame<'a> = (&'a str, Vec<(&'a str, &'a Span)>, usize);

#[derive(Clone, Copy)]
enum State {
    Entered,
    Depth(usize),
}

impl Graph {
    /// Adds what one definition of `rule` needs.
    pub(crate) fn add(&mut self, rule: String, place: Span, needs: BTreeMap<String, Span>) {
        let (_, known) = self.rules.entry(rule).or_insert_with(|| (place, BTreeMap::new()));
        for (target, span) in needs {
            known.entry(target).or_insert(span);
        }
    }

    /// Recursion, and chains that are too deep.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut states = BTreeMap::new();
        for rule in self.rules.keys() {
            self.visit(rule, &mut states, &mut problems);
        }
        problems
    }

    /// Depth-first with a stack of its own, so that a long chain cannot exhaust ours.
    fn visit<'a>(
        &'a self,
        rule: &'a str,
        states: &mut BTreeMap<&'a str, State>,
        problems: &mut Vec<Problem>,
    ) {
        if states.contains_key(rule) {
            return;
        }
        let mut stack: Vec<Frame<'_>> = vec![self.frame(rule)];
        states.insert(rule, State::Entered);
        while let Some((rule, open, depth)) = stack.last_mut() {
            let Some((target, span)) = open.pop() else {
                let (rule, depth) = (*rule, *depth + 1);
                states.insert(rule, State::Depth(depth));
                stack.pop();
                if let Some((_, _, deepest)) = stack.last_mut() {
                    *deepest = (*deepest).max(depth);
                }
                if depth == MAX_DEPTH + 1 {
                    let place = self.rules.get(rule).map(|(span, _)| span);
                    problems.extend(place.map(|span| {
                        Problem::at(span, format!("{rule} needs a chain of more than {MAX_DEPTH} rules"))
                    }));
                }
                continue;
            };
            match states.get(target) {
                Some(State::Entered) => {
                    problems
                        .push(Problem::at(span, format!("{target} is recursive, which Rego does not allow")));
                }
                Some(State::Depth(known)) => *depth = (*depth).max(*known),
                None => {
                    states.insert(target, State::Entered);
                    let frame = self.frame(target);
                    stack.push(frame);
                }
            }
        }
    }

    fn frame<'a>(&'a self, rule: &'a str) -> Frame<'a> {
        let needs = self.rules.get(rule).map(|(_, needs)| needs);
        (rule, needs.into_iter().flatten().map(|(target, span)| (target.as_str(), span)).collect(), 0)
    }
}
