//! Processes: how many, those that use most, and those that are wanted.
//!
//! A list that does not have all of them makes no number at all: too few zombies, or a wanted process that is there
//! and was not seen, would be worse.

mod earlier;
mod hidden;
mod stat;
mod table;
#[cfg(test)]
mod tests;
mod top;
mod wanted;

use rustix::param::page_size;
use sample::{Boot, Processes, WantedProcess};

use self::earlier::Look;
use self::stat::{Process, Usage};
use self::table::Table;
use super::{Asked, Tree, system};
pub(super) use hidden::are_others as are_others_hidden;

/// Most processes that are looked at twice in one run: the kernel takes 10 µs to tell of one.
const MOST_TWICE: usize = 5000;

/// What is compared with at the end.
pub(super) struct Begun {
    /// What processes had used in the run before, or at the beginning of a spot window.
    before: Option<Look>,
}

impl Begun {
    /// Looks at the processes if there is nothing to compare them with, a spot value is wanted, and they are not too
    /// many: then the next run will have something.
    pub(super) fn begin(asked: &Asked<'_>, tree: &Tree) -> Begun {
        Begun::begin_at(asked, tree, system::boot(), MOST_TWICE)
    }

    fn begin_at(asked: &Asked<'_>, tree: &Tree, now: Option<Boot>, most_twice: usize) -> Begun {
        let Some(now) = now else { return Begun { before: None } };
        let noted = Look::noted(asked, &now);
        let look = || Some(Look::at(now, &table(tree).filter(|table| table.len() <= most_twice)?.read()?));
        Begun { before: noted.or_else(|| asked.spot.then(look).flatten()) }
    }

    /// Counts them, and notes for the next run what they have used.
    pub(super) fn finish(self, asked: &Asked<'_>, tree: &Tree) -> (Option<Processes>, Option<Vec<WantedProcess>>) {
        self.finish_at(asked, tree, system::boot(), std::process::id())
    }

    fn finish_at(
        self,
        asked: &Asked<'_>,
        tree: &Tree,
        now: Option<Boot>,
        own: u32,
    ) -> (Option<Processes>, Option<Vec<WantedProcess>>) {
        let Some(table) = table(tree) else { return (None, None) };
        let Some(list) = table.read() else { return (None, None) };
        let window_ms = self.before.as_ref().zip(now.as_ref()).and_then(|(before, now)| before.window_ms(now));
        // After a window too short to measure in, the next one begins where this one began.
        if let Some(now) = now.filter(|_| self.before.is_none() || window_ms.is_some()) {
            Look::at(now, &list).note(asked);
        }
        let question = top::Question {
            own,
            page_size: page_size() as u64,
            cpu_percent: &|pid, usage: Usage| self.before.as_ref()?.cpu_percent(pid, usage, window_ms?),
            arguments: asked.scope.process_arguments.then_some(&table),
        };
        let count = |which: fn(&Process) -> bool| number(list.iter().filter(|process| which(process)).count());
        let processes = Processes {
            total: number(list.len()),
            zombies: count(Process::is_zombie),
            blocked: count(Process::is_blocked),
            window_ms,
            top: top::choose(&question, &list),
        };
        (Some(processes), wanted::count(asked.scope, &table, &list))
    }
}

/// Whether the process with this stat file has a terminal.
pub(super) fn has_terminal(pid: u32, stat: &[u8]) -> Option<bool> {
    stat::parse(pid, stat)?.has_terminal()
}

/// The list of processes; nothing if it does not have all of them.
fn table(tree: &Tree) -> Option<Table> {
    if hidden::are_others(tree) { None } else { Table::list(tree) }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
