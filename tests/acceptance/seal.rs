//! The sealer against a real API server: `sealwardd sealer` as a process, with the rights that
//! `deploy/sealer` gives its service account.

mod interop;
mod keys;
mod opening;
mod outage;
mod scene;
mod service;
mod writing;
