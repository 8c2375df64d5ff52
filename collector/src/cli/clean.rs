//! `fleet-collector clean`: removes everything of ours from hosts, and says for each what became of it.

use std::collections::{HashMap, HashSet};
use std::iter;
use std::sync::Arc;

use sample::wire::SpoolOwner;
use sample::{HostName, Nonce};
use storage::{HostRecord, RunLock, Store, StoreError};
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinError, JoinSet};

use super::args::{CleanArgs, Place};
use super::ask::confirmed;
use super::error::{CommandError, Ending};
use super::hint::as_called;
use super::report::print;
use crate::clean::{Cleaned, Traces, clean as clean_host};
use crate::prepare::Setting;
use crate::run::Run;
use crate::visit::{Fleet, Line, Visitee, in_session};
use crate::{Failure, clock};

type Result<T> = std::result::Result<T, Failure>;

/// `place` is what the hints repeat.
pub(super) async fn clean(
    mut setting: Setting,
    args: CleanArgs,
    place: &Place,
) -> std::result::Result<Ending, CommandError> {
    // A host that is not visited any more is the one most likely to be cleaned.
    let was_disabled = |host: &mut config::Host| !std::mem::replace(&mut host.enabled, true);
    let disabled = setting.config.hosts.iter_mut().filter_map(|host| was_disabled(host).then(|| host.name.clone()));
    let disabled: HashSet<HostName> = disabled.collect();
    let run = setting.prepare()?;
    let names: Vec<HostName> = run.hosts.iter().map(|host| host.name.clone()).collect();
    if !args.yes && !confirmed(&question(&names), "name the hosts with care, then add --yes")? {
        print("nothing was removed");
        return Ok(Ending::SomeFailed);
    }
    let _lock = RunLock::take(&run.database, "collector")?;
    let mut clean = 0;
    let told = |host: &HostName, cleaned: &Result<Cleaned>| {
        let (is_clean, told) = tell(host, disabled.contains(host), cleaned);
        clean += usize::from(is_clean);
        print(&as_called(&told, place));
    };
    clean_all(run, args.force, told).await?;
    print(&format!("{clean} of {} hosts clean", names.len()));
    Ok(if clean == names.len() { Ending::Done } else { Ending::SomeFailed })
}

/// Cleans every host of the run, and hands each one's end to `told`.
async fn clean_all(
    run: Run,
    force: bool,
    mut told: impl FnMut(&HostName, &Result<Cleaned>),
) -> std::result::Result<(), StoreError> {
    let records = records(&run)?;
    let jobs = Arc::new(Semaphore::new(run.jobs.min(run.sockets)));
    let (mut tasks, mut under_way) = (JoinSet::new(), HashMap::new());
    for (host, record) in run.hosts.into_iter().zip(records) {
        let (name, fleet, jobs) = (host.name.clone(), run.fleet.clone(), jobs.clone());
        let task = tasks.spawn(async move {
            let _job = jobs.acquire_owned().await.expect("this semaphore is never closed");
            visit(&fleet, &host, record.as_ref(), force).await
        });
        under_way.insert(task.id(), name);
    }
    while let Some(ended) = tasks.join_next_with_id().await {
        let (task, cleaned) = end(ended);
        let host = under_way.remove(&task).expect("every task is noted when it is started");
        told(&host, &cleaned);
    }
    Ok(())
}

/// A panic is this host's failure alone.
fn end(ended: std::result::Result<(Id, Result<Cleaned>), JoinError>) -> (Id, Result<Cleaned>) {
    ended.unwrap_or_else(|error| (error.id(), Err(Failure::Internal(format!("the visit's task failed: {error}")))))
}

/// What is on file about the hosts, under their names or the former ones. Makes no rows, which would keep the next run
/// from letting a history go on under a new name.
fn records(run: &Run) -> std::result::Result<Vec<Option<HostRecord>>, StoreError> {
    let store = match Store::open_existing(&run.database, clock::now()) {
        Ok(store) => store,
        Err(StoreError::NoDatabase { .. }) => return Ok(run.hosts.iter().map(|_| None).collect()),
        Err(error) => return Err(error),
    };
    let record = |host: &Visitee| {
        let names: Vec<&HostName> = iter::once(&host.name).chain(&host.formerly).collect();
        store.known_host(&names)
    };
    run.hosts.iter().map(record).collect()
}

fn question(names: &[HostName]) -> String {
    const NAMED: usize = 10;
    let named: Vec<&str> = names.iter().take(NAMED).map(HostName::as_str).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("Remove probe, keys and spool from {}{more}?", named.join(", "))
}

async fn visit(fleet: &Fleet, host: &Visitee, record: Option<&HostRecord>, force: bool) -> Result<Cleaned> {
    let access = host.access.as_ref().map_err(|found| Failure::NoAccess(found.clone()))?;
    let mut nonce = Nonce([0; 16]);
    getrandom::fill(&mut nonce.0).map_err(|error| Failure::Internal(format!("no random numbers: {error}")))?;
    let remembered = record.and_then(|record| record.work_dir.as_deref()?.parse().ok());
    let mut owners = fleet.keys.former_owners(&host.name, host.formerly.as_ref());
    owners.push(SpoolOwner { key: fleet.keys.current.id, host: host.name.clone() });
    let traces = Traces {
        wanted: access.wanted_dir.as_ref(),
        remembered: remembered.as_ref(),
        acknowledgements: record.map_or(&[], |record| &record.acknowledgements),
        owners: &owners,
        nonce,
        limit: fleet.deadlines.command,
    };
    let line = Line::open(fleet, host).await?;
    in_session(fleet, host, line, async |session| clean_host(session, &traces, force).await).await
}

/// Whether the host is clean, and what is said of it.
fn tell(host: &HostName, disabled: bool, cleaned: &Result<Cleaned>) -> (bool, String) {
    match cleaned {
        Ok(Cleaned::Removed(places)) if places.is_empty() => (true, format!("{host}: nothing of ours is there")),
        Ok(Cleaned::Removed(places)) => (true, format!("{host}: removed {}", places.join(", "))),
        Ok(Cleaned::Foreign(files)) => {
            let hint = "look at them; what is to stay must lie elsewhere, then run this again";
            (false, format!("{host}: left as it is, these are not ours: {}\n  hint: {hint}", files.join(", ")))
        }
        Ok(Cleaned::Shared(spools)) => {
            let found = format!("for spools of another server or host: {}", spools.join(", "));
            let hint = "clean that one too; a spool that no server has the key of is to be removed by hand";
            (false, format!("{host}: its own spool is gone; probe and keys stay {found}\n  hint: {hint}"))
        }
        Ok(Cleaned::Waiting(count)) => {
            let found = format!("measurements that no run has taken home wait there: {count}");
            let first = if disabled { "set enabled to true in config.xml, then " } else { "" };
            let hint = format!("{first}fleet-collector run --host {host} takes them home; --force gives them up");
            (false, format!("{host}: left as it is, {found}\n  hint: {hint}"))
        }
        Ok(Cleaned::Left(places)) => (false, format!("{host}: could not be removed: {}", places.join(", "))),
        Err(failure) => {
            let hint = failure.kind().hint().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
            (false, format!("{host}: {}: {failure}{}", failure.kind(), hint.replace("NAME", host.as_str())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_the_failure_of_its_host_alone() {
        let mut tasks = JoinSet::new();
        let task = tasks.spawn(async { panic!("of one host") }).id();
        let (ended, cleaned) = end(tasks.join_next_with_id().await.unwrap());
        assert_eq!(ended, task);
        let (clean, told) = tell(&"web1".parse().unwrap(), false, &cleaned);
        assert!(!clean && told.starts_with("web1: internal: the visit's task failed"), "{told}");
    }
}
