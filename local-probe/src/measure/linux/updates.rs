//! Security updates that wait, from apt's own lists: without the network, root or a program.
//!
//! Counted are installed packages, held ones too, for which a security archive lists a newer version. So the number is
//! what `apt list --upgradable` shows of those archives, whatever preferences say. It is absent
//! * where no security archive is listed, as on hosts without apt: neither dnf, zypper, pacman nor apk has lists that
//!   everybody can read cheaply and that say which updates are for security;
//! * where such a list is compressed (`Acquire::GzipIndexes`, in most container images): a part would be too few;
//! * where the newest one is more than [`STALE`] old. apt gives a list the archive's date, not that of its fetching.
//!   Archives with support change every few days (Debian's ends to be valid after seven), so nobody has looked since.

mod packages;
mod version;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use super::Tree;
use crate::measure::now;
use crate::notes::Notes;
use crate::target;

/// Age from which on a list says nothing about today.
const STALE: Duration = Duration::from_hours(14 * 24);

const LISTS: &str = "var/lib/apt/lists";
const STATUS: &str = "var/lib/dpkg/status";

const LONGEST_NOTE: u64 = 64 << 10;

/// The name of the note with the number for a state of the files: reading long lists costs tens of milliseconds. One for
/// each of the machines that share a home.
fn name_of_note() -> String {
    format!("security-updates-{}", target::machine_in_names())
}

pub(super) fn security(tree: &Tree, notes: &Notes) -> Option<u32> {
    waiting(tree, notes, now())
}

fn waiting(tree: &Tree, notes: &Notes, now: SystemTime) -> Option<u32> {
    let names = tree.names(LISTS)?;
    let lists: Vec<&str> = names.iter().map(String::as_str).filter(|name| is_of_security(name)).collect();
    let all_plain = lists.iter().all(|list| list.ends_with("_Packages"));
    if lists.is_empty() || !all_plain || !somebody_looked(tree, &names, &lists, now) {
        return None;
    }
    // Before the files are read: if they change meanwhile, the note is about a state that never comes back.
    let state = state(tree, &lists)?;
    if let Some(count) = noted(notes, &state) {
        return Some(count);
    }
    let count = count(tree, &lists).ok()??;
    notes.write(&name_of_note(), format!("{count}\n{state}").as_bytes());
    Some(count)
}

/// Whether a file in apt's folder is a list of packages of a security archive, compressed or not: the suite is called
/// `…-security`, or it is Debian's before version 11 (`debian-security`, suite `buster/updates`).
fn is_of_security(name: &str) -> bool {
    let Some((archive, rest)) = name.split_once("_dists_") else { return false };
    let Some((suite, list)) = rest.split_once('_') else { return false };
    let is_list = list.contains("_binary-") && list.contains("_Packages");
    let is_index_of_changes = list.ends_with(".diff_Index") || list.ends_with(".IndexDiff");
    let of_debian = archive.contains("debian-security") || archive.contains("security.debian.org");
    is_list && !is_index_of_changes && (suite.ends_with("-security") || of_debian)
}

/// Whether the newest of the archives is of these days.
fn somebody_looked(tree: &Tree, names: &[String], lists: &[&str], now: SystemTime) -> bool {
    let is_release_of = |name: &str, list: &str| {
        let stem = name.strip_suffix("InRelease").or_else(|| name.strip_suffix("Release"));
        stem.is_some_and(|stem| stem.contains("_dists_") && list.starts_with(stem))
    };
    let releases = names.iter().filter(|name| lists.iter().any(|list| is_release_of(name, list)));
    let dated = releases.map(String::as_str).chain(lists.iter().copied());
    let newest = dated.filter_map(|name| metadata(tree, &format!("{LISTS}/{name}"))?.modified().ok()).max();
    // In the future: one of the two clocks is wrong by a little, or this host's by much.
    newest.is_some_and(|newest| now.duration_since(newest).unwrap_or_default() <= STALE)
}

fn metadata(tree: &Tree, path: &str) -> Option<Metadata> {
    fs::metadata(tree.path(path)).ok().filter(Metadata::is_file)
}

/// What the count rests on, as text: the sizes and times of the files.
fn state(tree: &Tree, lists: &[&str]) -> Option<String> {
    let file = |path: &str| {
        let file = metadata(tree, path)?;
        Some(format!("{path} {} {}.{:09}\n", file.len(), file.mtime(), file.mtime_nsec()))
    };
    let lists = lists.iter().map(|list| file(&format!("{LISTS}/{list}")));
    [file(STATUS)].into_iter().chain(lists).collect()
}

fn noted(notes: &Notes, state: &str) -> Option<u32> {
    let note = String::from_utf8(notes.read(&name_of_note(), LONGEST_NOTE)?).ok()?;
    let (count, of_state) = note.split_once('\n')?;
    if of_state == state { count.parse().ok() } else { None }
}

/// A version of a package that is on the disk.
struct Installed {
    architecture: Vec<u8>,
    version: Vec<u8>,
    waits: bool,
}

/// Nothing where dpkg knows of no package.
fn count(tree: &Tree, lists: &[&str]) -> io::Result<Option<u32>> {
    let mut installed: HashMap<Vec<u8>, Vec<Installed>> = HashMap::new();
    packages::each(&tree.path(STATUS), |package| {
        if package.is_installed() {
            let (architecture, version) = (package.architecture.clone(), package.version.clone());
            installed.entry(package.name.clone()).or_default().push(Installed { architecture, version, waits: false });
        }
    })?;
    for list in lists {
        packages::each(&tree.path(format!("{LISTS}/{list}")), |listed| {
            for here in installed.get_mut(&listed.name).into_iter().flatten() {
                here.waits |= fits(&here.architecture, &listed.architecture)
                    && version::compare(&listed.version, &here.version) == Ordering::Greater;
            }
        })?;
    }
    let waiting = installed.values().flatten().filter(|package| package.waits).count();
    Ok(u32::try_from(waiting).ok().filter(|_| !installed.is_empty()))
}

/// A package may become one for all architectures, and one of its own again.
fn fits(installed: &[u8], listed: &[u8]) -> bool {
    installed == listed || installed == b"all" || listed == b"all"
}

#[cfg(test)]
mod tests;
