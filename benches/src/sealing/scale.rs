//! Many objects, then rest; many namespaces; a restart among objects that are opened already.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::controllers::{Controller, NO_LIMIT, Whose};
use super::fleet::{ACCOUNT, Fleet};
use super::{Args, Programs};
use crate::table::Table;

const LIMIT: Duration = Duration::from_secs(1800);

/// How long nothing happens when idleness is measured.
const REST: Duration = Duration::from_secs(30);

pub(super) async fn measure(programs: &Programs, args: &Args, table: &mut Table) -> Result<()> {
    many(programs, args, table).await?;
    restart(programs, args, table).await?;
    namespaces(programs, args, table).await
}

async fn many(programs: &Programs, args: &Args, table: &mut Table) -> Result<()> {
    let count = args.many;
    let mut figures = Vec::new();
    for whose in [Whose::Ours, Whose::Theirs] {
        let fleet = Fleet::new(programs, 1, count).await?;
        let mut controller = Controller::start(whose, programs, &fleet, &NO_LIMIT.map(str::to_owned))?;
        fleet.all_synced(LIMIT).await?;
        let done = controller.process.usage()?;
        tokio::time::sleep(REST).await;
        figures.push((done, controller.process.usage()?));
    }
    let [(ours, our_rest), (theirs, their_rest)] = figures.as_slice() else { return Ok(()) };
    table.numbers(&format!("{count} objects: CPU until all are opened"), "s", ours.cpu, theirs.cpu);
    table.numbers(&format!("{count} objects: memory at its peak"), "MB", our_rest.peak, their_rest.peak);
    table.numbers(
        &format!("{count} objects: memory after 30 s of rest"),
        "MB",
        our_rest.resident,
        their_rest.resident,
    );
    let text = |seconds: f64| format!("{seconds:.2} s");
    table.row(
        &format!("{count} objects: CPU during 30 s of rest"),
        &text(our_rest.cpu - ours.cpu),
        &text(their_rest.cpu - theirs.cpu),
        "",
    );
    Ok(())
}

/// Writes of the second start of each controller, from the audit log, and what it costs.
async fn restart(programs: &Programs, args: &Args, table: &mut Table) -> Result<()> {
    let count = args.restart;
    let mut figures = Vec::new();
    for whose in [Whose::Ours, Whose::Theirs] {
        let fleet = Fleet::new(programs, 1, count).await?;
        drop({
            let controller = Controller::start(whose, programs, &fleet, &NO_LIMIT.map(str::to_owned))?;
            fleet.all_synced(LIMIT).await?;
            controller
        });
        let before = writes(&fleet)?;
        let start = Instant::now();
        let mut controller = Controller::start(whose, programs, &fleet, &NO_LIMIT.map(str::to_owned))?;
        controller.wait_ready(LIMIT)?;
        // It has looked at everything when it rests: no CPU time for two seconds.
        let mut last = controller.process.usage()?.cpu;
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let now = controller.process.usage()?.cpu;
            if now - last < 0.05 || start.elapsed() > LIMIT {
                break;
            }
            last = now;
        }
        figures.push((start.elapsed(), controller.process.usage()?.cpu, writes(&fleet)? - before));
    }
    let [(our_time, our_cpu, our_writes), (their_time, their_cpu, their_writes)] = figures.as_slice() else {
        return Ok(());
    };
    let what = format!("restart among {count} that are opened");
    table.row(&format!("{what}: writes"), &our_writes.to_string(), &their_writes.to_string(), "");
    table.times(&format!("{what}: until at rest (2 s of it the look)"), *our_time, *their_time);
    table.numbers(&format!("{what}: CPU"), "s", *our_cpu, *their_cpu);
    Ok(())
}

/// Requests of the controllers' account that changed something.
fn writes(fleet: &Fleet) -> Result<usize> {
    let events = fleet.plane.audit_events()?;
    let ours = |user: &str| user.ends_with(&format!(":{ACCOUNT}"));
    let changes = ["create", "update", "patch", "delete"];
    let counted = |event: &&sealward_controlplane::AuditEvent| {
        ours(&event.user) && changes.contains(&event.verb.as_str()) && event.group != "authorization.k8s.io"
    };
    Ok(events.iter().filter(counted).count())
}

async fn namespaces(programs: &Programs, args: &Args, table: &mut Table) -> Result<()> {
    let count = args.namespaces;
    let fleet = Fleet::new(programs, 1, 10).await?;
    let names: Vec<String> = (0..count).map(|number| format!("many-{number}")).collect();
    let objects = names
        .iter()
        .map(|name| serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    fleet.create_namespaces(objects.collect()).await?;
    let flags = ["--all-namespaces=false".to_owned(), format!("--additional-namespaces={}", names.join(","))];
    let start = |whose| -> Result<Duration> {
        let start = Instant::now();
        let controller = Controller::start(whose, programs, &fleet, &flags)?;
        controller.wait_ready(LIMIT)?;
        Ok(start.elapsed())
    };
    let (ours, theirs) = (start(Whose::Ours)?, start(Whose::Theirs)?);
    table.times(
        &format!("start to ready with {count} namespaces named, default limit on requests"),
        ours,
        theirs,
    );
    Ok(())
}
