//! systemd's units: those that failed, and those that are wanted.
//!
//! systemctl is asked, so that what is told is what `systemctl --failed` tells; D-Bus itself would be another library
//! in the probe.

use std::path::Path;
use std::time::{Duration, Instant};

use sample::{Scope, SystemdUnit, most};

use super::programs::{self, Keeper, Pending};
use super::{Asked, Tree};

/// How long systemd may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest answer: a thousand failed units with long descriptions.
const MOST: usize = 256 * 1024;
/// Longest word for a state; real ones have a dozen letters.
const LONGEST_STATE: usize = 64;

/// A question to systemd that is under way.
pub(super) struct Begun {
    /// None where systemd is not what started the system.
    asking: Option<Asking>,
}

struct Asking {
    failed: Pending<Option<Vec<u8>>>,
    wanted: Vec<String>,
    /// None where none is wanted.
    states: Option<Pending<Option<Vec<u8>>>>,
}

/// What `systemctl show` says of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    id: String,
    load: String,
    active: String,
}

impl Begun {
    pub(super) fn begin(asked: &Asked<'_>, tree: &Tree) -> Begun {
        // As sd_booted(3) does it.
        let booted = tree.path("run/systemd/system").is_dir();
        let systemctl = programs::find(tree, "systemctl").filter(|_| booted);
        Begun {
            asking: systemctl
                .map(|systemctl| Asking::begin(&systemctl, &asked.scope.units, &Keeper::new(asked.notes, tree))),
        }
    }

    /// Absent without systemd, and where it did not tell in time what failed.
    pub(super) fn finish(self) -> Option<Vec<SystemdUnit>> {
        self.asking?.finish()
    }
}

impl Asking {
    fn begin(systemctl: &Path, wanted: &[String], keeper: &Keeper) -> Asking {
        let wanted: Vec<String> = wanted.iter().filter(|name| is_plain(name)).take(Scope::MOST).cloned().collect();
        let list = ["list-units", "--state=failed", "--all", "--plain", "--no-legend", "--no-pager", "--full"];
        let show = ["show", "--property=Id,LoadState,ActiveState", "--"];
        let show = show.into_iter().chain(wanted.iter().map(String::as_str));
        Asking {
            failed: ask(systemctl, list.into_iter(), keeper),
            states: (!wanted.is_empty()).then(|| ask(systemctl, show, keeper)),
            wanted,
        }
    }

    fn finish(self) -> Option<Vec<SystemdUnit>> {
        let failed = parse_list(&text(&self.failed.finish()??));
        // Without an answer about the wanted ones, those that failed are told all the same.
        let states = self.states.and_then(|states| states.finish()?);
        let states = states.map(|shown| parse_show(&text(&shown))).unwrap_or_default();
        Some(join(failed, &self.wanted, &states))
    }
}

fn ask<'a>(systemctl: &Path, arguments: impl Iterator<Item = &'a str>, keeper: &Keeper) -> Pending<Option<Vec<u8>>> {
    let keeper = keeper.clone();
    let mut command = programs::command(systemctl);
    command.args(arguments);
    let until = Instant::now() + PATIENCE;
    Pending::begin(until, move || keeper.run("systemctl", &mut command, until, MOST).answer())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether systemctl takes the name for that of one unit: no option, pattern or path, and no template. One name it does
/// not take would keep it from answering for those behind it.
fn is_plain(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b":_.\\@-".contains(&c);
    let template = name.starts_with('@') || name.ends_with('@') || name.contains("@.");
    (1..=Scope::LONGEST_NAME).contains(&name.len())
        && !name.starts_with(['-', '.'])
        && name.bytes().all(plain)
        && !template
}

/// The failed units of `systemctl list-units`: name, load state, active state, sub state, description. Before them
/// some versions print a mark, also with `--plain`.
fn parse_list(list: &str) -> Vec<SystemdUnit> {
    let unit = |line: &str| {
        let mut words = line.split_ascii_whitespace().skip_while(|word| matches!(*word, "●" | "*" | "×" | "○" | "↻"));
        let (name, load, active) = (words.next()?, words.next()?, words.next()?);
        let is_one = active == "failed" && name.len() <= Scope::LONGEST_NAME && load.len() <= LONGEST_STATE;
        is_one.then(|| SystemdUnit {
            name: name.into(),
            load_state: load.into(),
            active_state: active.into(),
            wanted: false,
        })
    };
    list.lines().filter_map(unit).collect()
}

/// The units of `systemctl show`: a block for each, with an empty line between two.
fn parse_show(shown: &str) -> Vec<State> {
    let mut states = Vec::new();
    for block in shown.split("\n\n") {
        let mut state = State::default();
        for (key, value) in block.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "Id" => state.id = value.to_owned(),
                "LoadState" => state.load = value.to_owned(),
                "ActiveState" => state.active = value.to_owned(),
                _ => {}
            }
        }
        let told = [&state.load, &state.active].iter().all(|word| (1..=LONGEST_STATE).contains(&word.len()));
        if told && !state.id.is_empty() {
            states.push(state);
        }
    }
    states
}

/// The wanted units by the names they were asked for, then those that failed beside them, as many as a sample holds.
/// A wanted one that systemctl does not tell of is left out.
fn join(failed: Vec<SystemdUnit>, wanted: &[String], states: &[State]) -> Vec<SystemdUnit> {
    let in_order = wanted.len() == states.len();
    let is_of = |name: &str, state: &State| state.id == name || state.id.strip_suffix(".service") == Some(name);
    let mut units: Vec<SystemdUnit> = Vec::new();
    let mut wanted_ids = Vec::new();
    for (at, name) in wanted.iter().enumerate() {
        // It answers in the order of the question, and an alias by the unit's own name.
        let state = if in_order { states.get(at) } else { states.iter().find(|state| is_of(name, state)) };
        let Some(state) = state else { continue };
        wanted_ids.push(state.id.as_str());
        if units.iter().all(|unit| unit.name != *name) {
            let (load_state, active_state) = (state.load.clone(), state.active.clone());
            units.push(SystemdUnit { name: name.clone(), load_state, active_state, wanted: true });
        }
    }
    for unit in failed {
        let is_known = wanted_ids.contains(&unit.name.as_str()) || units.iter().any(|known| known.name == unit.name);
        if !is_known && units.len() < most::WATCHED {
            units.push(unit);
        }
    }
    units
}

#[cfg(test)]
mod tests;
