//! What processes had used at an earlier moment, of this run or of the one before, to tell what they used since.

use sample::Boot;

use super::stat::{Process, Usage};
use crate::measure::Asked;

/// Ticks of CPU time per second, as all of the kernel's files count them. Source: USER_HZ in Linux's
/// asm-generic/param.h.
const TICKS_PER_SECOND: u64 = 100;
const TICK_MS: u64 = 1000 / TICKS_PER_SECOND;
/// Shortest window: a tick in half a second is 2 %.
const SHORTEST_MS: u64 = 500;
/// Longest note: some 150,000 processes.
const LONGEST: u64 = 4 << 20;

/// What all processes had used at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look {
    boot: Boot,
    /// Id, start and ticks of each, by id.
    used: Vec<(u32, u64, u64)>,
}

impl Look {
    /// What these have used.
    pub(super) fn at(boot: Boot, processes: &[Process]) -> Look {
        let used = |process: &Process| process.usage.map(|usage| (process.pid, usage.start, usage.ticks));
        Look { boot, used: processes.iter().filter_map(used).collect() }
    }

    /// What the run before noted, if it was in this boot.
    pub(super) fn noted(asked: &Asked<'_>, now: &Boot) -> Option<Look> {
        let look = Look::decode(&String::from_utf8(asked.notes.read(&name(asked), LONGEST)?).ok()?)?;
        (look.boot.id == now.id && look.boot.elapsed_ms <= now.elapsed_ms).then_some(look)
    }

    /// Notes it for the next run.
    pub(super) fn note(&self, asked: &Asked<'_>) {
        let text = self.encode();
        if text.len() as u64 <= LONGEST {
            asked.notes.write(&name(asked), text.as_bytes());
        }
    }

    /// The time since then, if it is long enough to measure in.
    pub(super) fn window_ms(&self, now: &Boot) -> Option<u64> {
        let passed = now.elapsed_ms.checked_sub(self.boot.elapsed_ms)?;
        (now.id == self.boot.id && passed >= SHORTEST_MS).then_some(passed)
    }

    /// CPU time since then, in percent of one CPU. A process that started since then has used all it has; one that
    /// was there and was not seen is not judged.
    pub(super) fn cpu_percent(&self, pid: u32, usage: Usage, window_ms: u64) -> Option<f64> {
        let seen = self.used.binary_search_by_key(&pid, |used| used.0).ok().map(|at| self.used[at]);
        let before = match seen {
            Some((_, start, ticks)) if start == usage.start => ticks,
            // A start is cut to whole ticks.
            _ if usage.start >= self.boot.elapsed_ms / TICK_MS => 0,
            _ => return None,
        };
        let ticks = usage.ticks.checked_sub(before)?;
        Some(ticks as f64 * TICK_MS as f64 / window_ms as f64 * 100.0)
    }

    /// One line for the moment, then one for each process.
    fn encode(&self) -> String {
        let mut text = format!("{} {}\n", self.boot.elapsed_ms, self.boot.id);
        text.reserve(self.used.len() * 20);
        for (pid, start, ticks) in &self.used {
            text.push_str(&format!("{pid} {start} {ticks}\n"));
        }
        text
    }

    /// Nothing from a text that is not whole.
    fn decode(text: &str) -> Option<Look> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (elapsed_ms, id) = lines.next()?.split_once(' ')?;
        let boot = Boot { id: id.to_owned(), elapsed_ms: elapsed_ms.parse().ok()? };
        let used = lines.map(entry).collect::<Option<Vec<_>>>()?;
        used.is_sorted_by(|a, b| a.0 < b.0).then_some(Look { boot, used })
    }
}

fn entry(line: &str) -> Option<(u32, u64, u64)> {
    let mut numbers = line.split(' ');
    let entry = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    numbers.next().is_none().then_some(entry)
}

/// One for each server: what it is told of is the time since its own last sample. Homes that several machines share
/// have one for each of them too.
fn name(asked: &Asked<'_>) -> String {
    format!("processes-{}", asked.target)
}
