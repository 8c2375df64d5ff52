//! CPU time from the counters of `/proc/stat`. Source: proc_stat(5).

/// The counters of the line `cpu`, in clock ticks since boot, over all CPUs.
///
/// Time of guests is already inside `user` and `nice`, so the two guest columns are not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ticks {
    busy: [u64; 6],
    /// Idle, and idle while input or output was outstanding.
    idle: [u64; 2],
}

impl Ticks {
    /// The counters in the text of `/proc/stat`.
    pub(super) fn parse(stat: &str) -> Option<Ticks> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let counters: Vec<u64> = line.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        let [user, nice, system, idle, rest @ ..] = counters.as_slice() else { return None };
        // Kernels before 2.6.11 have fewer columns: what they don't count is in the others.
        let column = |n: usize| rest.get(n).copied().unwrap_or(0);
        let (iowait, irq, softirq, steal) = (column(0), column(1), column(2), column(3));
        Some(Ticks { busy: [*user, *nice, *system, irq, softirq, steal], idle: [*idle, iowait] })
    }

    /// Share of the time from `earlier` to here that was busy, percent. Absent when no tick has passed, or when
    /// the counters began anew in between.
    ///
    /// Idle and iowait may step back a little (proc_stat(5)): a counter that does counts as unchanged.
    pub(super) fn busy_percent_since(&self, earlier: &Ticks) -> Option<f64> {
        if self.total() <= earlier.total() {
            return None;
        }
        let busy = grown(&earlier.busy, &self.busy);
        let all = busy.saturating_add(grown(&earlier.idle, &self.idle));
        (all > 0).then(|| busy as f64 / all as f64 * 100.0)
    }

    fn total(&self) -> u64 {
        self.busy.iter().chain(&self.idle).fold(0, |sum, ticks| sum.saturating_add(*ticks))
    }
}

/// Number of logical CPUs that are online: each has its own line in `/proc/stat`.
pub(super) fn online(stat: &str) -> Option<u32> {
    let is_cpu =
        |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    u32::try_from(stat.lines().filter(is_cpu).count()).ok().filter(|count| *count > 0)
}

fn grown(earlier: &[u64], later: &[u64]) -> u64 {
    earlier.iter().zip(later).fold(0, |sum, (a, b)| sum.saturating_add(b.saturating_sub(*a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDINARY: &str = include_str!("../../testdata/proc/ordinary/stat");
    const CONTAINER: &str = include_str!("../../testdata/proc/container/stat");
    const LINUX_3_10: &str = include_str!("../../testdata/proc/linux-3.10/stat");
    const HOSTILE: &str = include_str!("../../testdata/proc/hostile/stat");

    fn between(earlier: &str, later: &str) -> Option<f64> {
        Ticks::parse(later).unwrap().busy_percent_since(&Ticks::parse(earlier).unwrap())
    }

    #[test]
    fn busy_is_everything_but_idle_and_iowait_and_guests_count_once() {
        //           user nice system idle iowait irq softirq steal guest guest_nice
        let later = "cpu  1030 100 210 9030 530 5 5 20 1030 100";
        assert_eq!(between("cpu  1000 100 200 9000 500 0 0 0 1000 100", later), Some(70.0 / 130.0 * 100.0));
    }

    #[test]
    fn a_counter_that_steps_back_counts_as_unchanged() {
        assert_eq!(between("cpu 100 0 0 1000 50 0 0 0 0 0", "cpu 110 0 0 1010 48 0 0 0 0 0"), Some(50.0));
    }

    #[test]
    fn no_tick_or_a_fresh_start_of_the_counters_is_absent_and_not_zero() {
        let stat = "cpu 100 0 0 1000 50 0 0 0 0 0";
        assert_eq!(between(stat, stat), None);
        assert_eq!(between(stat, "cpu 5 0 0 40 0 0 0 0 0 0"), None);
    }

    #[test]
    fn real_files_are_understood() {
        assert_eq!((Ticks::parse(ORDINARY).unwrap().total(), online(ORDINARY)), (2_148_377, Some(2)));
        assert_eq!((Ticks::parse(LINUX_3_10).unwrap().total(), online(LINUX_3_10)), (28_913_346, Some(1)));
        // lxcfs numbers the CPUs a container may use from 0.
        assert_eq!((Ticks::parse(CONTAINER).unwrap().total(), online(CONTAINER)), (540_300, Some(1)));
    }

    #[test]
    fn damaged_files_are_absent() {
        for damaged in [HOSTILE, "", "cpu", "cpu 1 2 3", "cpu 1 2 3 -4 5", "cpu 99999999999999999999 0 0 0", "intr 1"] {
            assert_eq!(Ticks::parse(damaged), None, "{damaged:?}");
        }
        assert_eq!(online(""), None);
    }
}
