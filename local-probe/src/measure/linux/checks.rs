//! Custom checks of the host's own: the programs in `~/.config/fleet-health/checks.d`, by the convention of Nagios
//! plugins. They run as the account that the probe runs as, and without arguments.
//!
//! Links may lead to a server that is gone. So whatever follows one, in the folder's name or in it, is done by a child:
//! this process would never end otherwise, and hold the visit's session open.

mod apart;
mod perfdata;
mod trust;
mod verdict;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

pub use apart::{CHECKS, answer_for_checks};
use sample::{Check, CheckState};

use super::programs::{self, How, Keeper, Pending};
use super::{Asked, Tree, ask};

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
/// How long the folder may take to tell what is in it.
const LOOK: Duration = Duration::from_secs(5);
/// Longest list of names: as many as a sample holds, each as long as a file's name can be.
const MOST_NAMES: usize = 128 * 1024;
/// What is told in the place of all checks, where their folder does not answer.
const ALL: &str = "checks.d";

/// Checks that are under way.
pub(super) struct Begun {
    /// None where they are not wanted.
    pending: Option<Pending<Option<Vec<Check>>>>,
}

/// Where checks are, and how long they may take.
#[derive(Clone, Debug)]
struct Plan {
    home: PathBuf,
    keeper: Keeper,
    each: Duration,
    all: Duration,
}

struct Running {
    names: Vec<String>,
    found: Receiver<(usize, Check)>,
    until: Instant,
}

impl Begun {
    pub(super) fn begin(asked: &Asked<'_>) -> Begun {
        let home = apart::home().filter(|_| asked.scope.checks);
        let each = Duration::from_millis(u64::from(asked.scope.check_timeout_ms));
        let keeper = Keeper::new(asked.notes, &Tree::live());
        let plan = home.map(|home| Plan { home, keeper, each, all: BUDGET });
        Begun { pending: plan.map(|plan| Pending::begin(Instant::now() + BUDGET + SLACK, move || plan.run())) }
    }

    /// What the checks found, by name. Absent without a folder for them, and where they are not wanted.
    pub(super) fn finish(self) -> Option<Vec<Check>> {
        self.pending?.finish()?
    }
}

impl Plan {
    /// Runs all checks there are. Absent without a folder for them.
    fn run(self) -> Option<Vec<Check>> {
        let until = Instant::now() + self.all;
        match self.names() {
            Ok(names) => Some(Running::begin(self, names?, until).finish()),
            Err(hangs) => Some(vec![hangs]),
        }
    }

    fn names(&self) -> Result<Option<Vec<String>>, Check> {
        let Some(mut command) = self.child() else { return Ok(apart::names(&self.home)) };
        let ended = self.keeper.run(ALL, &mut command, Instant::now() + LOOK.min(self.all), MOST_NAMES);
        match ended.how {
            How::Exited(0) => Ok(Some(String::from_utf8_lossy(&ended.output).lines().map(str::to_owned).collect())),
            How::Exited(_) | How::Signalled(_) | How::Failed(_) => Ok(None),
            How::Overdue => Err(unknown(ALL, "the folder of checks does not answer".to_owned())),
            How::Hangs(since) => Err(unknown(ALL, format!("the folder of checks does not answer since {since}"))),
        }
    }

    /// The program that becomes a check.
    fn starter(&self, name: &str) -> Result<Command, String> {
        if let Some(mut child) = self.child() {
            child.arg(name);
            return Ok(child);
        }
        let mut command = programs::command(&apart::trusted(&self.home, name)?);
        command.env("HOME", &self.home);
        Ok(command)
    }

    /// The program that looks at checks in the place of this one. Without /proc this one has to do it.
    fn child(&self) -> Option<Command> {
        let program = Path::new(ask::PROGRAM);
        let mut command = programs::command(program);
        command.arg(CHECKS).env("HOME", &self.home);
        program.exists().then_some(command)
    }
}

impl Running {
    fn begin(plan: Plan, names: Vec<String>, until: Instant) -> Running {
        let (send, found) = mpsc::channel();
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
        Running { names, found, until: until + SLACK }
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

fn check(plan: &Plan, name: &str, until: Instant) -> Check {
    let mut command = match plan.starter(name) {
        Ok(command) => command,
        Err(objection) => return unknown(name, objection),
    };
    let began = Instant::now();
    let left = until.saturating_duration_since(began);
    if left.is_zero() {
        return unknown(name, format!("not run: others took the {} for all checks", verdict::duration(plan.all)));
    }
    let limit = plan.each.min(left);
    let ended = plan.keeper.run(&format!("{ALL}/{name}"), &mut command, began + limit, MOST_OUTPUT);
    verdict::of(name, ended, limit)
}

/// A check that did not come to a judgement.
fn unknown(name: &str, output: String) -> Check {
    Check { name: name.to_owned(), state: CheckState::Unknown, output, duration_ms: 0, values: Vec::new() }
}

#[cfg(test)]
mod tests;
