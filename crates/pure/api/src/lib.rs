//! Wire types and every contract string, each in one home.
//!
//! ```text
//! bitnami     SealedSecret and what its users' scripts match
//! flux        GitRepository, Kustomization
//! gatekeeper  ConstraintTemplate, Constraint
//! ruleset     RuleSet: the rules a cluster enforces (sealward.dev)
//! rendering   Rendering: which file and commit each applied object came from (sealward.dev)
//! meta        Condition, shared by all status blocks
//! names       field managers, service accounts, labels and annotations of ours
//! ```
//!
//! **Invariant:** plain data. Unknown fields that matter are kept so that they can be refused by name;
//! nothing here decides.

pub mod bitnami;
pub mod flux;
pub mod gatekeeper;
pub mod meta;
pub mod names;
pub mod rendering;
pub mod ruleset;
