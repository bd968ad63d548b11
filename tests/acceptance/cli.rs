//! `sealward` as a command: what it writes where, and how it ends. No cluster.

mod pre_commit;
mod refusals;
mod sealing;
mod workplace;
mod writing;
