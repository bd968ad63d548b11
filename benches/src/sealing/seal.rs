//! Sealing Secrets: one process a file, and one call for all.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;
use sealward_controlplane::ControlPlane;
use serde_json::json;

use super::{Args, Programs, fleet};
use crate::process::timed;
use crate::table::Table;

/// Secret number `index`, of three values as such a thing has: a user, a password, a small file.
pub(super) fn secret(namespace: &str, index: usize) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": format!("secret-{index}"), "namespace": namespace},
        "stringData": {
            "username": format!("user-{index}"),
            "password": format!("a password of {index}, as long as such a password is"),
            "settings.ini": "key = value of a line\n".repeat(40),
        },
    })
}

pub(super) fn measure(programs: &Programs, args: &Args, table: &mut Table) -> Result<()> {
    // Its folder goes away with it; nothing here asks its API server.
    let plane = ControlPlane::start(sealward_controlplane::Options::default())?;
    let folder = plane.folder().join("bench");
    fs::create_dir_all(&folder)?;
    let key = fleet::key(0)?;
    let certificate = folder.join("cert.pem");
    fs::write(&certificate, &key.certificate)?;
    let all = folder.join("all.json");
    let mut text = String::new();
    for index in 0..args.objects {
        let secret = secret("bench", index).to_string();
        fs::write(folder.join(format!("{index}.json")), &secret)?;
        text.push_str(&secret);
        text.push('\n');
    }
    fs::write(&all, text)?;

    let ours = |input: &Path, output: &Path| {
        let mut command = Command::new(&programs.sealward);
        command.arg("seal").arg("--cert").arg(&certificate).arg("-f").arg(input).arg("-w").arg(output);
        command
    };
    let theirs = |input: &Path, output: &Path| {
        let mut command = Command::new(&programs.kubeseal);
        command.arg("--cert").arg(&certificate).arg("-f").arg(input).arg("-w").arg(output);
        command
    };
    let each = |command: &dyn Fn(&Path, &Path) -> Command| -> Result<_> {
        let start = Instant::now();
        for index in 0..args.objects {
            timed(&mut command(&folder.join(format!("{index}.json")), &folder.join("out.json")))?;
        }
        Ok(start.elapsed())
    };
    let (our_each, their_each) = (each(&ours)?, each(&theirs)?);
    let out = folder.join("out.json");
    let (our_all, their_all) = (timed(&mut ours(&all, &out))?, timed(&mut theirs(&all, &out))?);
    let count = args.objects;
    table.times(&format!("seal {count} Secrets, a process for each"), our_each, their_each);
    table.times(&format!("seal {count} Secrets, one call"), our_all, their_all);
    table.times(&format!("seal {count} Secrets: our one call, their process for each"), our_all, their_each);
    Ok(())
}
