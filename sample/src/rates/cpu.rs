//! CPU use between two readings of the counters.

use std::collections::HashMap;

use crate::readings::percent;
use crate::{CoreCounters, Cpu, CpuCounters};

/// How far idle and iowait may step back and still count as unchanged: 3 seconds, as node_exporter has it. More means
/// that the counters began anew.
const SMALL_STEP: u64 = 300;
const TICK_MS: u64 = 10;

impl CpuCounters {
    /// CPU use between `before` and here, which are `window_ms` apart. Absent when no tick has passed, when CPUs came
    /// or went in between, and when the counters stepped back, or further ahead than time did.
    pub fn since(&self, before: &CpuCounters, window_ms: u64) -> Option<Cpu> {
        let user = grown(self.user, before.user)?.checked_add(grown(self.nice, before.nice)?)?;
        let kernel = grown(self.system, before.system)?.checked_add(grown(self.irq, before.irq)?)?;
        let system = kernel.checked_add(grown(self.softirq, before.softirq)?)?;
        let steal = grown(self.steal, before.steal)?;
        let iowait = grown_or_steady(self.iowait, before.iowait)?;
        let idle = grown_or_steady(self.idle, before.idle)?;
        let busy = user.checked_add(system)?.checked_add(steal)?;
        let total = busy.checked_add(idle)?.checked_add(iowait)?;
        if total == 0 || !same_cores(&self.cores, &before.cores) || total > most_ticks(window_ms, self.cores.len()) {
            return None;
        }
        let share = |ticks| Some(percent(ticks, total));
        Some(Cpu {
            busy_percent: percent(busy, total),
            window_ms,
            spot: false,
            user_percent: share(user),
            system_percent: share(system),
            iowait_percent: share(iowait),
            steal_percent: share(steal),
            busiest_core_percent: busiest(&self.cores, &before.cores),
        })
    }
}

fn grown(now: u64, before: u64) -> Option<u64> {
    now.checked_sub(before)
}

fn grown_or_steady(now: u64, before: u64) -> Option<u64> {
    if before.saturating_sub(now) <= SMALL_STEP { Some(now.saturating_sub(before)) } else { None }
}

/// More ticks than this do not fit into the window: half as many again as there can be, and a second for each CPU,
/// since the counters and the time are not read at the same moment.
fn most_ticks(window_ms: u64, cores: usize) -> u64 {
    let cores = u64::try_from(cores.max(1)).unwrap_or(u64::MAX);
    (window_ms / TICK_MS / 2 * 3).saturating_add(100).saturating_mul(cores)
}

fn same_cores(now: &[CoreCounters], before: &[CoreCounters]) -> bool {
    now.iter().map(|core| core.number).eq(before.iter().map(|core| core.number))
}

/// A CPU whose counters stepped back is left out.
fn busiest(now: &[CoreCounters], before: &[CoreCounters]) -> Option<f64> {
    let before: HashMap<u32, &CoreCounters> = before.iter().map(|core| (core.number, core)).collect();
    let share = |core: &CoreCounters| {
        let before = before.get(&core.number)?;
        let (busy, idle) = (grown(core.busy, before.busy)?, grown_or_steady(core.idle, before.idle)?);
        let total = busy.checked_add(idle).filter(|total| *total > 0)?;
        Some(percent(busy, total))
    };
    now.iter().filter_map(share).max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks([user, nice, system, idle, iowait, irq, softirq, steal]: [u64; 8]) -> CpuCounters {
        CpuCounters { user, nice, system, idle, iowait, irq, softirq, steal, cores: Vec::new() }
    }

    fn cores(all: &[(u32, u64, u64)]) -> Vec<CoreCounters> {
        all.iter().copied().map(CoreCounters::from).collect()
    }

    #[test]
    fn busy_is_everything_but_idle_and_iowait() {
        let before = ticks([1000, 100, 200, 9000, 500, 0, 0, 0]);
        let cpu = ticks([1030, 110, 210, 9030, 530, 2, 3, 15]).since(&before, 1000).unwrap();
        // 40 user, 15 system, 15 steal, 30 iowait, 30 idle
        assert_eq!(cpu.busy_percent, 70.0 / 130.0 * 100.0);
        assert_eq!((cpu.user_percent, cpu.system_percent), (Some(40.0 / 130.0 * 100.0), Some(15.0 / 130.0 * 100.0)));
        assert_eq!((cpu.iowait_percent, cpu.steal_percent), (Some(30.0 / 130.0 * 100.0), Some(15.0 / 130.0 * 100.0)));
        assert_eq!((cpu.window_ms, cpu.spot, cpu.busiest_core_percent), (1000, false, None));
    }

    #[test]
    fn idle_time_that_steps_back_a_little_counts_as_unchanged_and_more_is_a_fresh_start() {
        let before = ticks([100, 0, 0, 1000, 350, 0, 0, 0]);
        let busy = |iowait| Some(ticks([110, 0, 0, 1010, iowait, 0, 0, 0]).since(&before, 1000)?.busy_percent);
        assert_eq!((busy(348), busy(50), busy(49)), (Some(50.0), Some(50.0), None));
    }

    #[test]
    fn nothing_is_told_when_counters_step_back_jump_ahead_or_stand_still() {
        let before = ticks([100, 50, 50, 1000, 50, 0, 0, 40]);
        let since = |now| ticks(now).since(&before, 1000);
        assert_eq!(since([100, 50, 50, 1000, 50, 0, 0, 40]), None, "no tick has passed");
        assert_eq!(since([5, 0, 0, 40, 0, 0, 0, 0]), None, "they began anew");
        assert_eq!(since([110, 50, 50, 1090, 50, 0, 0, 39]), None, "steal stepped back");
        assert_eq!(since([100, 50, 50, 1000 + 251, 50, 0, 0, 40]), None, "2.5 s of one CPU in a second");
        assert!(since([100, 50, 50, 1000 + 250, 50, 0, 0, 40]).is_some());
        assert_eq!(since([u64::MAX, 50, 50, u64::MAX, 50, 0, 0, 40]), None);
    }

    #[test]
    fn the_busiest_core_is_told_and_nothing_when_cores_came_or_went() {
        let with =
            |total, all: &[(u32, u64, u64)]| CpuCounters { cores: cores(all), ..ticks([total, 0, 0, 0, 0, 0, 0, 0]) };
        let before = with(0, &[(0, 10, 90), (1, 10, 90), (3, 90, 90)]);
        let now = with(200, &[(0, 60, 140), (1, 85, 115), (3, 80, 190)]);
        let cpu = now.since(&before, 1000).unwrap();
        assert_eq!(cpu.busiest_core_percent, Some(75.0), "the counters of CPU 3 stepped back");
        assert_eq!(with(200, &[(0, 60, 140), (1, 85, 115)]).since(&before, 1000), None);
        assert_eq!(with(200, &[(0, 60, 140), (1, 85, 115), (2, 80, 190)]).since(&before, 1000), None);
    }
}
