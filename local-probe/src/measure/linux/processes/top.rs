//! The processes that use most.

use sample::TopProcess;

use super::stat::{Process, Usage};
use super::table::Table;

/// How many by CPU time, and how many by memory.
const EACH: usize = 5;
/// Longest command line that is told, in bytes.
const LONGEST_ARGUMENTS: usize = 512;

/// Whom to leave out, and what to tell of the others.
pub(super) struct Question<'a> {
    /// This process. It and those it started would not be there but for the visit.
    pub(super) own: u32,
    pub(super) page_size: u64,
    /// CPU time in percent, where that is known.
    pub(super) cpu_percent: &'a dyn Fn(u32, Usage) -> Option<f64>,
    /// Where the arguments are, if they are to be told.
    pub(super) arguments: Option<&'a Table>,
}

struct Candidate<'a> {
    process: &'a Process,
    cpu_percent: Option<f64>,
    memory_bytes: u64,
}

/// Those with the most CPU time, then those with the most memory that are not among them. None that used nothing.
pub(super) fn choose(question: &Question<'_>, processes: &[Process]) -> Vec<TopProcess> {
    let others = processes.iter().filter(|one| one.pid != question.own && one.parent != Some(question.own));
    let candidates: Vec<Candidate<'_>> = others.filter_map(|process| question.measure(process)).collect();
    let by_cpu = largest(&candidates, |one| one.cpu_percent.unwrap_or(0.0));
    let mut by_memory = largest(&candidates, |one| one.memory_bytes as f64);
    by_memory.retain(|one| by_cpu.iter().all(|other| other.process.pid != one.process.pid));
    by_cpu.into_iter().chain(by_memory).map(|one| question.describe(one)).collect()
}

/// The few of which there is most, and any at all.
fn largest<'a>(candidates: &'a [Candidate<'a>], amount: fn(&Candidate<'_>) -> f64) -> Vec<&'a Candidate<'a>> {
    let mut some: Vec<_> = candidates.iter().filter(|one| amount(one) > 0.0).collect();
    some.sort_by(|a, b| amount(b).total_cmp(&amount(a)));
    some.truncate(EACH);
    some
}

impl Question<'_> {
    fn measure<'a>(&self, process: &'a Process) -> Option<Candidate<'a>> {
        let usage = process.usage?;
        let memory_bytes = usage.pages.checked_mul(self.page_size).filter(|bytes| i64::try_from(*bytes).is_ok())?;
        Some(Candidate { process, cpu_percent: (self.cpu_percent)(process.pid, usage), memory_bytes })
    }

    fn describe(&self, candidate: &Candidate<'_>) -> TopProcess {
        let name = String::from_utf8_lossy(&candidate.process.name).into_owned();
        TopProcess {
            pid: candidate.process.pid,
            name: if name.is_empty() { "?".to_owned() } else { name },
            cpu_percent: candidate.cpu_percent,
            memory_bytes: candidate.memory_bytes,
            arguments: self.arguments.and_then(|table| arguments(table, candidate.process)),
        }
    }
}

/// The beginning of the command line, with spaces between the arguments.
fn arguments(table: &Table, process: &Process) -> Option<String> {
    let mut buffer = [0; LONGEST_ARGUMENTS];
    let read = table.arguments(process, &mut buffer)?;
    let end = read.iter().rposition(|byte| *byte != 0)? + 1;
    let spaced: Vec<u8> = read[..end].iter().map(|byte| if *byte == 0 { b' ' } else { *byte }).collect();
    let mut text = String::from_utf8_lossy(&spaced).into_owned();
    text.truncate(text.floor_char_boundary(LONGEST_ARGUMENTS));
    Some(text)
}
