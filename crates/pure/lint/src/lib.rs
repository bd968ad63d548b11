//! What is wrong in a GitOps repository, before anything of it reaches a cluster.
//!
//! ```text
//! Snapshot ──▶ Sources: every YAML and JSON file, read once ──▶ rules on source files ──┐
//!     │                                                                                 ├─▶ Vec<Diagnostic>
//!     └──▶ Rendered: each Flux Kustomization, and each kustomization that none includes ─┘
//!                    ──▶ policy, misplacement, plaintext from patches
//! ```
//!
//! **Invariants:** a finding shows no Secret's value: excerpts are masked by the spans of what a Secret,
//! a patch of one, or a SealedSecret (where plaintext may stand by mistake) holds, and a file that cannot
//! be read as YAML is not quoted at all once it speaks of Secrets. The verdict on
//! a manifest is the cluster's: the same `policy` code on the same input.

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
    /// Whether findings at this path are wanted; the whole snapshot is read in any case, because what a
    /// file means depends on the kustomization that includes it.
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

/// Everything that is wrong in `snapshot`, sorted by place; each finding once, however many
/// kustomizations lead to it.
pub fn lint(snapshot: &Snapshot, options: &Options<'_>) -> Vec<Diagnostic> {
    let sources = Sources::read(snapshot);
    let rendered = Rendered::render(snapshot, &sources);
    let mut found = Vec::new();
    for source in &sources.files {
        rules::on_source(source, snapshot, &mut found);
    }
    rules::on_rendered(&sources, &rendered, options, &mut found);
    found.retain(|diagnostic| (options.wanted)(&diagnostic.origin.path));
    Diagnostic::sort(&mut found);
    let mut seen = BTreeSet::new();
    found.retain(|diagnostic| {
        seen.insert((diagnostic.rule.clone(), diagnostic.origin.clone(), diagnostic.message.clone()))
    });
    found
}

/// Whether a file of this name is looked at: YAML, JSON, or a kustomization.
pub fn reads(path: &str) -> bool {
    sources::is_candidate(path)
}

/// The rules on source files, for reports; the cluster's come with the rule set.
pub fn rules() -> Vec<Rule> {
    rules::index()
}

#[cfg(test)]
mod tests;
