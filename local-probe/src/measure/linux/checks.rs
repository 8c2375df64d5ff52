//! Custom checks of the host's own: the programs in `~/.config/fleet-health/checks.d`, by the convention of Nagios
//! plugins. They run as the account that the probe runs as, and without arguments.

mod perfdata;
mod trust;
mod verdict;

use std::env;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use sample::{Check, CheckState, most};

use super::{Asked, programs};

/// The folder of checks, below the home.
const FOLDER: &str = ".config/fleet-health/checks.d";
/// How long all checks may take together: the collector gives the visit's one command 30 s.
const BUDGET: Duration = Duration::from_secs(20);
/// Until when those are waited for that were killed last.
const SLACK: Duration = Duration::from_millis(500);
/// How many run at the same time.
const AT_ONCE: usize = 4;
/// Most of a check's output that is looked at.
const MOST_OUTPUT: usize = 64 * 1024;
/// Longest that all checks may be in a sample, in bytes: an envelope holds 256 KiB, and there is more to tell.
const MOST_TOLD: usize = 96 * 1024;
/// How long the output of those may be that come behind so much.
const SHORT_LINE: usize = 80;
/// Most entries of the folder that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// Checks that are under way.
pub(super) struct Begun {
    /// None where there is no folder for them, or they are not wanted.
    running: Option<Running>,
}

struct Running {
    names: Vec<String>,
    found: Receiver<(usize, Check)>,
    until: Instant,
}

/// Where checks are, and how long they may take.
#[derive(Clone, Debug)]
struct Plan {
    home: PathBuf,
    each: Duration,
    all: Duration,
}

impl Begun {
    pub(super) fn begin(asked: &Asked<'_>) -> Begun {
        // As sshd and cron set it, from passwd(5).
        let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute() && asked.scope.checks);
        let each = Duration::from_millis(u64::from(asked.scope.check_timeout_ms));
        Begun { running: home.and_then(|home| Running::begin(Plan { home, each, all: BUDGET })) }
    }

    /// What the checks found, by name. Absent without a folder for them, and where they are not wanted.
    pub(super) fn finish(self) -> Option<Vec<Check>> {
        self.running.map(Running::finish)
    }
}

impl Running {
    fn begin(plan: Plan) -> Option<Running> {
        let names = names(&plan.home.join(FOLDER))?;
        let (send, found) = mpsc::channel();
        let until = Instant::now() + plan.all;
        let shared = Arc::new((names.clone(), plan, AtomicUsize::new(0)));
        for _ in 0..AT_ONCE.min(names.len()) {
            let (shared, send) = (Arc::clone(&shared), send.clone());
            let work = move || {
                let (names, plan, next) = &*shared;
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(name) = names.get(at) else { return };
                    if send.send((at, check(plan, name, until))).is_err() {
                        return;
                    }
                }
            };
            if thread::Builder::new().spawn(work).is_err() {
                // Fewer threads are slower; with none each check is told as not run.
                break;
            }
        }
        Some(Running { names, found, until: until + SLACK })
    }

    fn finish(self) -> Vec<Check> {
        let mut checks: Vec<Option<Check>> = vec![None; self.names.len()];
        for _ in 0..self.names.len() {
            let left = self.until.saturating_duration_since(Instant::now());
            match self.found.recv_timeout(left) {
                Ok((at, check)) => checks[at] = Some(check),
                Err(_late_or_no_worker_left) => break,
            }
        }
        let hangs = |name: &String| unknown(name, "it could not be started in time".to_owned());
        let checks = checks.into_iter().zip(&self.names);
        shortened(checks.map(|(check, name)| check.unwrap_or_else(|| hangs(name))).collect())
    }
}

/// Checks that fit into a sample. Of those beyond what is left, the state and the beginning of the output is told.
fn shortened(mut checks: Vec<Check>) -> Vec<Check> {
    let mut told = 0;
    for check in &mut checks {
        let length = serde_json::to_vec(check).map_or(MOST_TOLD, |json| json.len());
        if told + length <= MOST_TOLD {
            told += length;
        } else {
            check.values.clear();
            check.output.truncate(check.output.floor_char_boundary(SHORT_LINE));
        }
    }
    checks
}

/// The names of checks in a folder, sorted; the first ones if there are more than a sample holds. What an editor or a
/// package manager leaves behind (`disk~`, `.disk.swp`, `disk,v`) is none.
fn names(folder: &Path) -> Option<Vec<String>> {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    let name = |entry: DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        // A link that leads nowhere is a check that somebody misses.
        let is_one = fs::metadata(entry.path()).map_or(true, |found| found.is_file());
        (is_one && name.bytes().all(plain) && !name.starts_with('.')).then_some(name)
    };
    let entries = fs::read_dir(folder).ok()?;
    let mut names: Vec<String> = entries.flatten().take(MOST_ENTRIES).filter_map(name).collect();
    names.sort();
    names.truncate(most::WATCHED);
    Some(names)
}

fn check(plan: &Plan, name: &str, until: Instant) -> Check {
    let path = plan.home.join(FOLDER).join(name);
    if let Some(objection) = trust::objection(&path, &plan.home) {
        return unknown(name, format!("not run: {objection}"));
    }
    let began = Instant::now();
    let left = until.saturating_duration_since(began);
    if left.is_zero() {
        return unknown(name, format!("not run: others took the {} for all checks", verdict::duration(plan.all)));
    }
    let limit = plan.each.min(left);
    let mut command = programs::command(&path);
    command.env("HOME", &plan.home);
    let ended = programs::run(&mut command, began + limit, MOST_OUTPUT);
    verdict::of(name, ended, limit)
}

/// A check that did not come to a judgement.
fn unknown(name: &str, output: String) -> Check {
    Check { name: name.to_owned(), state: CheckState::Unknown, output, duration_ms: 0, values: Vec::new() }
}

#[cfg(test)]
mod tests;
