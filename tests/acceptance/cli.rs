//! `sealward` as a command: what it writes where, and how it ends. No cluster.

mod kubeseal;
mod kubeseal_better;
mod lint_paths;
mod lint_sarif;
mod policy_folders;
mod pre_commit;
mod refusals;
mod render_errors;
mod sealing;
mod workplace;
mod writing;
