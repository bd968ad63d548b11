//! `-w`: the whole new file or the whole old one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use sealward_acceptance::binary;

use super::workplace::{PLANTED, Workplace, key, sample};

#[test]
fn the_file_is_replaced_as_a_whole_and_keeps_its_mode() {
    let place = Workplace::new();
    place.file("secret.yaml", &sample("secret.yaml"));
    fs::set_permissions(place.path().join("secret.yaml"), Permissions::from_mode(0o640)).unwrap();
    let before = fs::metadata(place.path().join("secret.yaml")).unwrap();
    assert_eq!(place.sealed(&["-f", "secret.yaml", "-w", "secret.yaml"], ""), "");
    let after = fs::metadata(place.path().join("secret.yaml")).unwrap();
    assert_eq!(after.permissions().mode() & 0o7777, 0o640);
    assert_ne!(after.ino(), before.ino(), "put in its place, not written over");
    let text = place.read("secret.yaml");
    assert!(
        text.starts_with("apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n") && !text.contains(PLANTED)
    );
    assert_eq!(place.names(), ["secret.yaml"]);
}

#[test]
fn the_name_says_the_format_unless_a_flag_does() {
    let place = Workplace::new();
    for (file, flags, json) in [
        ("a.yaml", vec![], false),
        ("b.json", vec![], true),
        ("c", vec![], false),
        ("d.yaml", vec!["-o", "json"], true),
        ("e.json", vec!["-o", "yaml"], false),
    ] {
        place.sealed(&[&["-w", file][..], &flags].concat(), &sample("secret.yaml"));
        assert_eq!(place.read(file).starts_with('{'), json, "{file}");
    }
}

#[test]
fn a_link_stays_and_its_target_is_written_wherever_it_lies() {
    let place = Workplace::new();
    let elsewhere = Workplace::new();
    elsewhere.file("target.yaml", "old");
    symlink(elsewhere.path().join("target.yaml"), place.path().join("link.yaml")).unwrap();
    place.sealed(&["-w", "link.yaml"], &sample("secret.yaml"));
    assert!(place.path().join("link.yaml").is_symlink());
    assert!(elsewhere.read("target.yaml").contains("kind: SealedSecret"));
    assert_eq!((place.names(), elsewhere.names()), (vec!["link.yaml".into()], vec!["target.yaml".into()]));

    symlink("nowhere", place.path().join("dangling.yaml")).unwrap();
    let ran = place.seal(&["-w", "dangling.yaml"], &sample("secret.yaml"));
    let expect = "error: cannot write dangling.yaml\n  caused by: cannot follow dangling.yaml\n  \
                  caused by: No such file or directory (os error 2)\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (1, expect));
}

#[test]
fn a_failure_leaves_the_old_file() {
    let place = Workplace::new();
    place.file("out.yaml", "old");
    let bad = format!(
        "{}---\n{}",
        sample("secret.yaml"),
        sample("secret.yaml").replace("kind: Secret", "kind: Pod")
    );
    let ran = place.seal(&["-w", "out.yaml"], &bad);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.starts_with("error: <stdin>:17:1: expected a Secret but found v1 Pod\n"),
        "{}",
        ran.stderr
    );
    assert_eq!((place.read("out.yaml").as_str(), place.names()), ("old", vec!["out.yaml".to_owned()]));
    for (target, expect) in [
        ("no/such/x.yaml", "error: cannot write no/such/x.yaml\n  caused by: "),
        (".", "error: cannot write .\n  caused by: it is a folder\n"),
        ("/dev/full", "error: cannot write /dev/full\n  caused by: No space left on device (os error 28)\n"),
    ] {
        let ran = place.seal(&["-w", target], &sample("secret.yaml"));
        assert!(ran.code == 1 && ran.stderr.starts_with(expect), "{target}: {}", ran.stderr);
    }
}

/// A limit on the size of files fails a write half-way, as a full disk does; the shell has the signal ignored
/// that comes with it.
#[test]
fn a_disk_that_is_full_half_way_leaves_the_old_file_and_nothing_else() {
    let place = Workplace::new();
    place.file("out.yaml", "old");
    let large = sample("secret.yaml").replace("\"0644\"", &format!("\"{}\"", "x".repeat(8000)));
    let mut command = place.command("sh".as_ref());
    command.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "sh"]).arg(binary("sealward").unwrap());
    command.args(["seal", "--cert", &key("rsa-2048.crt"), "-w", "out.yaml"]);
    let ran = place.run(&mut command, &large);
    let expect = "error: cannot write out.yaml\n  \
                  caused by: cannot write \"out.yaml\"; nothing was changed\n  \
                  caused by: File too large (os error 27)\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (1, expect));
    assert_eq!((place.read("out.yaml").as_str(), place.names()), ("old", vec!["out.yaml".to_owned()]));
}

#[test]
fn devices_and_pipes_are_written_to() {
    let place = Workplace::new();
    assert_eq!(place.sealed(&["-w", "/dev/null"], &sample("secret.yaml")), "");
    let piped = place.sealed(&["-w", "/dev/stdout"], &sample("secret.yaml"));
    assert!(piped.contains("kind: SealedSecret"), "{piped}");
    let mut command = place.command("sh".as_ref());
    command.args(["-c", "exec \"$@\" >/dev/full", "sh"]).arg(binary("sealward").unwrap());
    command.args(["seal", "--cert", &key("rsa-2048.crt")]);
    let ran = place.run(&mut command, &sample("secret.yaml"));
    let expect = "error: cannot write to stdout\n  caused by: No space left on device (os error 28)\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (1, expect));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Workplace::new();
    let many = (0..400).map(|_| sample("secret.yaml")).collect::<Vec<_>>().join("---\n");
    let mut command = place.command("bash".as_ref());
    command.args(["-c", "set -o pipefail; \"$@\" | head -c 10 >/dev/null", "bash"]);
    command.arg(binary("sealward").unwrap()).args(["seal", "--cert", &key("rsa-2048.crt")]);
    let ran = place.run(&mut command, &many);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}
