//! What is wrong in a GitOps repository, before anything of it reaches a cluster.
//!
//! ```text
//! Snapshot ──▶ Sources: wanted files, kustomizations, Flux objects, Namespaces ──▶ rules on source files ──┐
//!     │                                                                                                    ├─▶ Findings
//!     └──▶ Rendered: each Flux Kustomization, and each kustomization that none includes, ─────────────────┘
//!                    of those that may reach a wanted file ──▶ policy, misplacement, plaintext from patches
//! ```
//!
//! **Invariants:** a finding shows no Secret's value: excerpts are masked by the spans of what a Secret,
//! a patch of one, or a SealedSecret (where plaintext may stand by mistake) holds, and a file that cannot
//! be read as YAML is not quoted at all once it speaks of Secrets. The verdict on
//! a manifest is the cluster's: the same `policy` code on the same input.

mod includes;
mod masks;
mod rendered;
mod rules;
mod sources;

use std::collections::BTreeSet;

use sealward_diagnostic::{Diagnostic, Rule};
use sealward_policy::CompiledRules;
use sealward_snapshot::Snapshot;

use rendered::Rendered;
use sources::Sources;

/// What is linted, and by what.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Whether findings at this path are wanted. Of the rest of the snapshot only what decides about such
    /// a file is looked at: the kustomizations that may include it, and the Namespaces.
    pub wanted: &'a dyn Fn(&str) -> bool,
    /// The cluster's rules.
    pub rules: Option<&'a CompiledRules>,
    /// What rules are told the time is, in nanoseconds since 1970; webhook and reconciler tell it too.
    pub now_ns: i64,
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("rules", &self.rules.map(CompiledRules::digest))
            .field("now_ns", &self.now_ns)
            .finish_non_exhaustive()
    }
}

/// What a run found.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Sorted by place; each once, however many kustomizations lead to it.
    pub diagnostics: Vec<Diagnostic>,
    /// How many wanted files were looked at.
    pub files: usize,
}

/// Everything that is wrong in the wanted files of `snapshot`.
pub fn lint(snapshot: &Snapshot, options: &Options<'_>) -> Findings {
    let mut sources = Sources::read(snapshot, options.wanted);
    let rendered = Rendered::render(snapshot, &sources, options.wanted);
    sources.add(snapshot, &rendered.covered);
    let mut found = Vec::new();
    let mut files = 0;
    for source in sources.files.iter().filter(|source| (options.wanted)(&source.path)) {
        files += 1;
        rules::on_source(source, snapshot, &mut found);
    }
    rules::on_rendered(&sources, &rendered, options, &mut found);
    found.retain(|diagnostic| (options.wanted)(&diagnostic.origin.path));
    Diagnostic::sort(&mut found);
    let mut seen = BTreeSet::new();
    found.retain(|diagnostic| {
        seen.insert((diagnostic.rule.clone(), diagnostic.origin.clone(), diagnostic.message.clone()))
    });
    Findings { diagnostics: found, files }
}

/// Whether a file of this name is looked at: YAML, JSON, or a kustomization.
pub fn reads(path: &str) -> bool {
    sources::is_candidate(path)
}

/// The rules that are applied, for reports: those on source files, and the cluster's of `set`.
pub fn rules(set: Option<&CompiledRules>) -> Vec<Rule> {
    let mut rules = rules::index();
    rules.extend(set.into_iter().flat_map(rules::of_cluster));
    rules
}

#[cfg(test)]
mod tests;
