//! Software RAID and ZFS pools: `/proc/mdstat`, `/proc/spl/kstat/zfs/*/state`.
//!
//! Sources: md(4), the kernel's `md_seq_show`, zpoolconcepts(7). Hardware RAID has no file of the kernel's.

use sample::{Array, most};

use super::Tree;

const POOLS: &str = "proc/spl/kstat/zfs";

/// Longest name and state that are believed; the kernel's are below 32 bytes, ZFS's below 256.
const LONGEST: usize = 256;

/// What a pool can be. Source: `zpool_state_to_name`, `spa_state_to_name`.
const POOL_STATES: &[&str] =
    &["ONLINE", "DEGRADED", "FAULTED", "OFFLINE", "UNAVAIL", "REMOVED", "SUSPENDED", "CLOSED", "SPLIT", "DESTROYED"];

/// All that could be read, degraded ones first if there are more than a sample may have.
pub(super) fn read(tree: &Tree) -> Option<Vec<Array>> {
    let md = tree.text("proc/mdstat").map(|text| parse_mdstat(&text));
    let zfs = pools(tree);
    if md.is_none() && zfs.is_none() {
        return None;
    }
    let arrays: Vec<Array> = md.into_iter().chain(zfs).flatten().collect();
    Some(if arrays.len() > most::ARRAYS { cut(arrays) } else { arrays })
}

fn cut(arrays: Vec<Array>) -> Vec<Array> {
    let (mut arrays, well): (Vec<Array>, Vec<Array>) = arrays.into_iter().partition(|array| array.degraded);
    arrays.extend(well);
    arrays.truncate(most::ARRAYS);
    arrays
}

/// The pools; nothing where ZFS is too old to tell their states (before 0.8).
fn pools(tree: &Tree) -> Option<Vec<Array>> {
    let names = tree.names(POOLS)?;
    let folders: Vec<String> = names.into_iter().filter(|name| tree.path(POOLS).join(name).is_dir()).collect();
    let pools: Vec<Array> = folders.iter().filter_map(|name| pool(tree, name)).collect();
    (folders.is_empty() || !pools.is_empty()).then_some(pools)
}

fn pool(tree: &Tree, name: &str) -> Option<Array> {
    let text = tree.text(format!("{POOLS}/{name}/state"))?;
    let state = *POOL_STATES.iter().find(|state| **state == text.trim())?;
    let degraded = state != "ONLINE";
    Some(Array { name: name.to_owned(), kind: "zfs".to_owned(), state: state.to_owned(), degraded, ..Array::default() })
}

fn parse_mdstat(text: &str) -> Vec<Array> {
    let mut arrays = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((name, rest)) = header(line) else { continue };
        let mut details = Vec::new();
        // Everything about an array is indented.
        while let Some(detail) = lines.next_if(|line| line.starts_with(char::is_whitespace)) {
            details.push(detail);
        }
        arrays.extend(array(name, rest, &details));
    }
    arrays
}

/// The name and the rest of `md0 : active raid1 sdb1[1] sda1[0]`.
fn header(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once(" : ")?;
    let plausible = name.starts_with("md") && name.len() <= LONGEST && name.bytes().all(|byte| byte.is_ascii_graphic());
    plausible.then_some((name, rest))
}

fn array(name: &str, rest: &str, details: &[&str]) -> Option<Array> {
    let mut words = rest.split_ascii_whitespace();
    let running = match words.next()? {
        "active" => true,
        "inactive" | "broken" => false,
        _ => return None,
    };
    if !running && is_container(details) {
        return None;
    }
    let state = state(rest);
    // RAID 0 and linear have no such pair: they are whole or gone.
    let pair = details.iter().find_map(|line| line.split_ascii_whitespace().find_map(device_pair));
    let degraded = !running || pair.is_some_and(|(wanted, working)| working < wanted);
    let (devices, active_devices) = pair.unzip();
    Some(Array { name: name.to_owned(), kind: "md".to_owned(), state, degraded, devices, active_devices })
}

/// The first word and, where there is one, what stands in parentheses after it: `active (auto-read-only)`.
fn state(rest: &str) -> String {
    let mut words = rest.split_ascii_whitespace();
    let first = words.next().unwrap_or_default();
    match words.next() {
        Some(mode @ ("(read-only)" | "(auto-read-only)")) => format!("{first} {mode}"),
        Some(_) | None => first.to_owned(),
    }
}

/// A set of disks that a BIOS made (IMSM, DDF) is shown as an array that is never active; the arrays inside are shown
/// too, as `super external:/md127/0`.
fn is_container(details: &[&str]) -> bool {
    let mut words = details.iter().flat_map(|line| line.split_ascii_whitespace());
    words.any(|word| word.strip_prefix("external:").is_some_and(|kind| !kind.starts_with(['/', '-'])))
}

/// `[2/1]`: how many devices are wanted, and how many work.
fn device_pair(word: &str) -> Option<(u32, u32)> {
    let (wanted, working) = word.strip_prefix('[')?.strip_suffix(']')?.split_once('/')?;
    Some((wanted.parse().ok()?, working.parse().ok()?))
}

#[cfg(test)]
mod tests;
