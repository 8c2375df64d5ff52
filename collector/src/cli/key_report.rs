//! What `check` says about keys: which there are, and who still needs the former ones.

use std::collections::HashSet;
use std::iter;

use config::Host;
use sample::HostName;
use storage::{Store, StoreError};

use crate::clock;
use crate::keys::KeyRing;
use crate::prepare::Setting;

/// How many hosts are named before the rest are only counted.
const NAMED: usize = 3;

/// One line for the current key, and one for each former key, the oldest first.
pub(super) fn lines(keys: &KeyRing, setting: &Setting) -> Result<Vec<String>, StoreError> {
    let mut lines = vec![format!("key       {}", keys.current.id)];
    if keys.former.is_empty() {
        return Ok(lines);
    }
    let waiting = unsettled(keys, setting)?;
    for former in &keys.former {
        let need = match waiting.as_slice() {
            [] => format!("no host needs it any more: rm {}", former.path.display()),
            hosts => format!("may still be needed for {}", named(hosts)),
        };
        lines.push(format!("former    {}: {need}", former.id));
    }
    Ok(lines)
}

/// The configured hosts whose last answer under the current key has not shown that nothing waits there for another. A
/// host of which nothing is known may have been visited before the database was lost. But one that is disabled, as
/// hosts are that others only go through, has most likely never been visited then.
fn unsettled<'a>(keys: &KeyRing, setting: &'a Setting) -> Result<Vec<&'a HostName>, StoreError> {
    let enabled = |host: &&Host| host.enabled;
    let store = match Store::open_existing(&setting.database(), clock::now()) {
        Ok(store) => store,
        Err(StoreError::NoDatabase { .. }) => {
            return Ok(setting.config.hosts.iter().filter(enabled).map(|host| &host.name).collect());
        }
        Err(error) => return Err(error),
    };
    let settled: HashSet<HostName> = store.settled_hosts(keys.current.id)?.into_iter().collect();
    let mut unsettled = Vec::new();
    for host in setting.config.hosts.iter().filter(|host| !settled.contains(&host.name)) {
        if host.enabled || was_visited(&store, host)? {
            unsettled.push(&host.name);
        }
    }
    Ok(unsettled)
}

fn was_visited(store: &Store, host: &Host) -> Result<bool, StoreError> {
    let names: Vec<&HostName> = iter::once(&host.name).chain(&host.formerly).collect();
    Ok(store.known_host(&names)?.is_some_and(|record| record.visited.is_some()))
}

fn named(hosts: &[&HostName]) -> String {
    let first: Vec<&str> = hosts.iter().take(NAMED).map(|name| name.as_str()).collect();
    match hosts.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hosts_are_named_and_the_rest_counted() {
        let hosts: Vec<HostName> = ["a", "b", "c", "d", "e"].map(|name| name.parse().unwrap()).into();
        let hosts: Vec<&HostName> = hosts.iter().collect();
        assert_eq!(named(&hosts[..3]), "a, b, c");
        assert_eq!(named(&hosts), "a, b, c and 2 more");
    }
}
