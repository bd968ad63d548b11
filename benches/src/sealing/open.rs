//! Opening SealedSecrets that stand in a cluster without Secrets: from the start of the process to the last status.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::controllers::{Controller, NO_LIMIT, Whose};
use super::fleet::Fleet;
use super::{Args, Programs, floor};
use crate::process::Usage;
use crate::table::{Table, say};

/// How long a controller may take for all of it.
const LIMIT: Duration = Duration::from_secs(900);

pub(super) async fn measure(programs: &Programs, args: &Args, table: &mut Table) -> Result<()> {
    let count = args.objects;
    let bare = floor::writes(&Fleet::new(programs, 1, count).await?).await?;
    for keys in [1, 10] {
        let ours = open(Whose::Ours, programs, keys, count, &NO_LIMIT).await?;
        let theirs = open(Whose::Theirs, programs, keys, count, &NO_LIMIT).await?;
        let what = format!("open {count} SealedSecrets, {keys} key(s), no limit on requests");
        table.times(&what, ours.took, theirs.took);
        table.numbers(&format!("{what}: CPU"), "s", ours.usage.cpu, theirs.usage.cpu);
        table.numbers(&format!("{what}: memory at its peak"), "MB", ours.usage.peak, theirs.usage.peak);
        if keys == 1 {
            let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
            let ratio = ours.took.as_secs_f64() / bare.as_secs_f64();
            table.row(
                &format!("floor: the same writes for {count}, by a bare client"),
                &seconds(bare),
                "",
                &format!("ours is {ratio:.2} of it"),
            );
        }
    }
    let few = 100.min(count);
    let ours = open(Whose::Ours, programs, 1, few, &[]).await?;
    let theirs = open(Whose::Theirs, programs, 1, few, &[]).await?;
    table.times(&format!("open {few} SealedSecrets as installed, default flags"), ours.took, theirs.took);
    Ok(())
}

struct Opened {
    took: Duration,
    usage: Usage,
}

async fn open(
    whose: Whose,
    programs: &Programs,
    keys: usize,
    count: usize,
    flags: &[&str],
) -> Result<Opened> {
    let fleet = Fleet::new(programs, keys, count).await?;
    let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
    let start = Instant::now();
    let mut controller = Controller::start(whose, programs, &fleet, &flags)?;
    fleet.all_synced(LIMIT).await?;
    let took = start.elapsed();
    let usage = controller.process.usage()?;
    say(&format!("{}: {count} opened in {:.2} s", whose.name(), took.as_secs_f64()));
    Ok(Opened { took, usage })
}
