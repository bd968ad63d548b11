//! The sealer against a real API server: `sealwardd sealer` as a process, with the rights that
//! `deploy/sealer` gives its service account.

mod attacks;
mod drop_in;
mod healing;
mod http_api;
mod http_metrics;
mod http_scene;
mod interop;
mod key_lifecycle;
mod keys;
mod kubeseal_name;
mod matrix;
mod opening;
mod outage;
mod profiles;
mod scene;
mod service;
mod swap;
mod upstream;
mod upstream_cases;
mod writing;
