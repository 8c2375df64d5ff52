//! Processes: how many, the biggest, and those that are wanted.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::time::Instant;

use sample::{Processes, TopProcess, WantedProcess};
use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System, UpdateKind};

use super::{Asked, text};

/// As many by CPU time, and as many by memory.
const TOP: usize = 5;

/// A first look at the processes.
pub(super) struct Begun {
    at: Instant,
    seen: HashSet<Pid>,
}

impl Begun {
    /// Looks, where a second look will follow: use of the CPU is what happened in between.
    pub(super) fn begin(asked: &Asked<'_>, system: Option<&mut System>) -> Begun {
        let seen = system.filter(|_| asked.spot).map_or_else(HashSet::new, |system| {
            look(asked, system);
            system.processes().keys().copied().collect()
        });
        Begun { at: Instant::now(), seen }
    }

    pub(super) fn finish(
        self,
        asked: &Asked<'_>,
        system: &mut System,
    ) -> (Option<Processes>, Option<Vec<WantedProcess>>) {
        look(asked, system);
        let all: Vec<&Process> = system.processes().values().collect();
        let count = |which: &dyn Fn(&Process) -> bool| {
            let count = all.iter().filter(|process| which(process)).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        if all.is_empty() {
            return (None, None);
        }
        let wanted = asked.scope.processes.iter().map(|wish| WantedProcess {
            name: wish.name.clone(),
            min: wish.min,
            count: count(&|process| process.name() == OsStr::new(&wish.name)),
        });
        let wanted: Vec<WantedProcess> = wanted.collect();
        let processes = Processes {
            total: count(&|_| true),
            zombies: count(&|process| process.status() == ProcessStatus::Zombie),
            blocked: count(&|process| process.status() == ProcessStatus::UninterruptibleDiskSleep),
            window_ms: asked.spot.then(|| u64::try_from(self.at.elapsed().as_millis()).ok()).flatten(),
            top: self.top(&all),
        };
        (Some(processes), Some(wanted).filter(|wanted| !wanted.is_empty()))
    }

    fn top(&self, all: &[&Process]) -> Vec<TopProcess> {
        let mut all: Vec<TopProcess> = all.iter().filter_map(|process| self.described(process)).collect();
        all.sort_by_key(|process| std::cmp::Reverse(process.memory_bytes));
        let mut rest = all.split_off(TOP.min(all.len()));
        let by_cpu = |process: &TopProcess| process.cpu_percent.unwrap_or(-1.0);
        let mut most_cpu: Vec<u32> = Vec::new();
        {
            let mut by_time: Vec<&TopProcess> = all.iter().chain(&rest).collect();
            by_time.sort_by(|a, b| by_cpu(b).total_cmp(&by_cpu(a)));
            most_cpu.extend(by_time.iter().filter(|p| by_cpu(p) > 0.0).take(TOP).map(|process| process.pid));
        }
        rest.retain(|process| most_cpu.contains(&process.pid));
        all.extend(rest);
        all
    }

    fn described(&self, process: &Process) -> Option<TopProcess> {
        let pid = process.pid();
        let cpu = f64::from(process.cpu_usage());
        let arguments: Vec<_> = process.cmd().iter().map(|word| word.to_string_lossy()).collect();
        Some(TopProcess {
            pid: pid.as_u32(),
            name: text(process.name().to_string_lossy().into_owned())?,
            cpu_percent: (self.seen.contains(&pid) && cpu.is_finite() && cpu >= 0.0).then_some(cpu),
            memory_bytes: process.memory(),
            arguments: text(arguments.join(" ")),
        })
    }
}

fn look(asked: &Asked<'_>, system: &mut System) {
    // Threads would count as processes otherwise.
    let wanted = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
    let wanted = if asked.scope.process_arguments { wanted.with_cmd(UpdateKind::OnlyIfNotSet) } else { wanted };
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
}
