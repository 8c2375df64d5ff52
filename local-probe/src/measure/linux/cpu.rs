//! CPU time from the counters of `/proc/stat`, and the model of the CPUs. Source: proc_stat(5).

use sample::{CoreCounters, CpuCounters};

use super::Tree;

/// The counters since boot.
pub(super) fn read(tree: &Tree) -> Option<CpuCounters> {
    parse(&tree.text("proc/stat")?)
}

/// The model of the first CPU.
pub(super) fn model(_tree: &Tree) -> Option<String> {
    None
}

/// The counters in the text of `/proc/stat`. Time of guests is already inside `user` and `nice`, so the two guest
/// columns are not read.
fn parse(stat: &str) -> Option<CpuCounters> {
    let all = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let [user, nice, system, idle, iowait, irq, softirq, steal] = columns(all)?;
    let cores = stat.lines().filter_map(core).take(sample::most::CPUS).collect();
    Some(CpuCounters { user, nice, system, idle, iowait, irq, softirq, steal, cores })
}

/// The line of one CPU. Each that is online has one.
fn core(line: &str) -> Option<CoreCounters> {
    let (number, rest) = line.strip_prefix("cpu")?.split_once(' ')?;
    let [user, nice, system, idle, iowait, irq, softirq, steal] = columns(rest)?;
    let busy =
        [user, nice, system, irq, softirq, steal].iter().try_fold(0_u64, |sum, ticks| sum.checked_add(*ticks))?;
    Some(CoreCounters { number: number.parse().ok()?, busy, idle: idle.checked_add(iowait)? })
}

fn columns(line: &str) -> Option<[u64; 8]> {
    let columns: Vec<u64> = line.split_ascii_whitespace().take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
    columns.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_has_its_place_and_guests_count_once() {
        let stat = "cpu  9 8 7 6 5 4 3 2 9 8\ncpu0 9 8 7 6 5 4 3 2 9 8\nintr 1 2\n";
        let cores = vec![CoreCounters { number: 0, busy: 33, idle: 11 }];
        let expected =
            CpuCounters { user: 9, nice: 8, system: 7, idle: 6, iowait: 5, irq: 4, softirq: 3, steal: 2, cores };
        assert_eq!(parse(stat), Some(expected));
    }

    #[test]
    fn real_files_are_understood_and_nonsense_is_absent() {
        let cores = |host: &str| read(&Tree::of(host)).map(|cpu| cpu.cores.len());
        assert_eq!((cores("small-vm"), cores("linux-3.10"), cores("container-lxcfs")), (Some(2), Some(1), Some(1)));
        assert_eq!((cores("hostile"), cores("none")), (None, None));
    }
}
