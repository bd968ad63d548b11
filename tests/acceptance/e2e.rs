//! The main job at both levels, as `cargo xtask demo` and `cargo xtask demo --node` walk it.

use sealward_acceptance::{Narrator, Options, journey, repository_root};
use sealward_controlplane::node;

/// Walks it; where it stops, what was told until then says most.
fn walk(options: &Options) {
    let mut narrator = Narrator::quiet();
    if let Err(error) = journey(options, &mut narrator) {
        panic!("{}\nerror: {error:#}", narrator.told());
    }
}

/// The only test that may use `deploy/overlays/local`, whose webhook has a fixed port.
#[test]
fn e2e_journey_on_a_control_plane() {
    walk(&Options::default());
}

#[test]
fn e2e_journey_on_a_node() {
    if !node::wanted().unwrap() {
        return;
    }
    let archive = repository_root().unwrap().join("dist/sealwardd.tar");
    assert!(
        archive.is_file(),
        "{} is missing: `cargo xtask test` builds it, or `cargo xtask image --debug`",
        archive.display()
    );
    walk(&Options { node: Some(archive), ..Options::default() });
}
