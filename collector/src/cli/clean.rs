//! `fleet-collector clean`: removes everything of ours from hosts, and says for each what became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use sample::{HostName, Nonce};
use storage::{HostRecord, RunLock, Store};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::args::{CleanArgs, Place};
use super::ask::confirmed;
use super::error::{CommandError, Ending};
use super::hint::as_called;
use super::report::print;
use crate::clean::{Cleaned, Traces, clean as clean_host};
use crate::prepare::Setting;
use crate::ssh::Session;
use crate::visit::{Fleet, Line, Visitee};
use crate::{Failure, clock};

type Result<T> = std::result::Result<T, Failure>;

/// `place` is what the hints repeat.
pub(super) async fn clean(
    mut setting: Setting,
    args: CleanArgs,
    place: &Place,
) -> std::result::Result<Ending, CommandError> {
    // A host that is not visited any more is the one most likely to be cleaned.
    setting.config.hosts.iter_mut().for_each(|host| host.enabled = true);
    let run = setting.prepare()?;
    let names: Vec<HostName> = run.hosts.iter().map(|host| host.name.clone()).collect();
    if !args.yes && !confirmed(&question(&names), "name the hosts with care, then add --yes")? {
        print("nothing was removed");
        return Ok(Ending::SomeFailed);
    }
    let _lock = RunLock::take(&run.database, "collector")?;
    let records = Store::open(&run.database, clock::now())?.host_records(&names, clock::now())?;
    let (mut tasks, jobs) = (JoinSet::new(), Arc::new(Semaphore::new(run.jobs.min(run.sockets))));
    for (host, record) in run.hosts.into_iter().zip(records) {
        let (fleet, jobs, force) = (run.fleet.clone(), jobs.clone(), args.force);
        tasks.spawn(async move {
            let _job = jobs.acquire_owned().await.expect("this semaphore is never closed");
            let cleaned = visit(&fleet, &host, &record, force).await;
            (host.name, cleaned)
        });
    }
    let mut counts = BTreeMap::from([(true, 0_usize), (false, 0)]);
    while let Some(cleaned) = tasks.join_next().await {
        let (host, cleaned) = cleaned.map_err(|error| CommandError::could_not_run(&error))?;
        let (clean, told) = tell(&host, &cleaned);
        *counts.entry(clean).or_default() += 1;
        print(&as_called(&told, place));
    }
    print(&format!("{} of {} hosts clean", counts[&true], names.len()));
    Ok(if counts[&false] == 0 { Ending::Done } else { Ending::SomeFailed })
}

fn question(names: &[HostName]) -> String {
    const NAMED: usize = 10;
    let named: Vec<&str> = names.iter().take(NAMED).map(HostName::as_str).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("Remove probe, keys and spool from {}{more}?", named.join(", "))
}

async fn visit(fleet: &Fleet, host: &Visitee, record: &HostRecord, force: bool) -> Result<Cleaned> {
    let access = host.access.as_ref().map_err(|found| Failure::NoAccess(found.clone()))?;
    let mut nonce = Nonce([0; 16]);
    getrandom::fill(&mut nonce.0).map_err(|error| Failure::Internal(format!("no random numbers: {error}")))?;
    let remembered = record.work_dir.as_deref().and_then(|dir| dir.parse().ok());
    let traces = Traces {
        wanted: access.wanted_dir.as_ref(),
        remembered: remembered.as_ref(),
        acknowledgements: &record.acknowledgements,
        nonce,
        limit: fleet.deadlines.command,
    };
    host.target.open_way().await?;
    let line = Line::open(fleet, host).await?;
    let all = async {
        let stream = match line {
            Line::Dialled(stream) => stream,
            Line::Shared(session) => return clean_host(&session, &traces, force).await,
        };
        let mut session = Session::open(stream, &host.target, fleet.trust.clone(), fleet.deadlines.handshake).await?;
        session.log_in(&access.login, fleet.deadlines.authentication).await?;
        let cleaned = clean_host(&session, &traces, force).await;
        session.close().await;
        cleaned
    };
    let limit = fleet.deadlines.host;
    tokio::time::timeout(limit, all).await.map_err(|_elapsed| Failure::HostTimeout(limit))?
}

/// Whether the host is clean, and what is said of it.
fn tell(host: &HostName, cleaned: &Result<Cleaned>) -> (bool, String) {
    match cleaned {
        Ok(Cleaned::Removed(places)) if places.is_empty() => (true, format!("{host}: nothing of ours is there")),
        Ok(Cleaned::Removed(places)) => (true, format!("{host}: removed {}", places.join(", "))),
        Ok(Cleaned::Foreign(files)) => {
            let hint = "look at them; what is to stay must lie elsewhere, then run this again";
            (false, format!("{host}: left as it is, these are not ours: {}\n  hint: {hint}", files.join(", ")))
        }
        Ok(Cleaned::Waiting(count)) => {
            let found = format!("measurements that no run has taken home wait there: {count}");
            let hint = format!("fleet-collector run --host {host} takes them home; --force gives them up");
            (false, format!("{host}: left as it is, {found}\n  hint: {hint}"))
        }
        Ok(Cleaned::Left(places)) => (false, format!("{host}: could not be removed: {}", places.join(", "))),
        Err(failure) => {
            let hint = failure.kind().hint().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
            (false, format!("{host}: {}: {failure}{}", failure.kind(), hint.replace("NAME", host.as_str())))
        }
    }
}
