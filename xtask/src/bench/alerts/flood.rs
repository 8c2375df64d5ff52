//! What the hosts of a flood measure: each thing is over its limit now and then, for every host at other times.

use harness::Measured;

/// Each metric's breaches: every so many samples, for so many of them, over so much.
struct Wave {
    every: u64,
    lasting: u64,
    /// So that the metrics of a host are not over their limits together.
    shift: u64,
}

const CPU: Wave = Wave { every: 288, lasting: 6, shift: 0 };
const MEMORY: Wave = Wave { every: 360, lasting: 9, shift: 101 };
const DISK: Wave = Wave { every: 480, lasting: 24, shift: 211 };
const INODES: Wave = Wave { every: 600, lasting: 12, shift: 307 };
const LOAD: Wave = Wave { every: 200, lasting: 5, shift: 53 };

/// One host in so many is over a limit at the end.
const OPEN_AT_THE_END: u64 = 20;
/// Since so many samples.
const OPEN_FOR: u64 = 20;

impl Wave {
    /// How far into a breach this sample is.
    fn breach(&self, host: u64, index: u64) -> Option<u64> {
        // Spreads the hosts over the whole of the wave (Knuth's multiplicative hash).
        let phase = host.wrapping_mul(2_654_435_761) + self.shift;
        let at = (index + phase) % self.every;
        (at < self.lasting).then_some(at)
    }
}

/// The sample with this index, of so many, of a host.
pub(super) fn measured(host: u64, index: u64, of: u64) -> Measured {
    let unrest = ((index * 7 + host * 3) % 20) as f64 / 10.0;
    let disk = match DISK.breach(host, index) {
        // Up to the worse of its two limits and back.
        Some(into) if (8..16).contains(&into) => 97.0,
        Some(_) => 88.0,
        None if host.is_multiple_of(OPEN_AT_THE_END) && index + OPEN_FOR >= of => 91.0,
        None => 55.0,
    };
    let over = |wave: &Wave, breach, usual| if wave.breach(host, index).is_some() { breach } else { usual };
    Measured {
        cpu_percent: over(&CPU, 96.0, 20.0) + unrest,
        memory_percent: over(&MEMORY, 93.0, 45.0) + unrest,
        disk_percent: disk + unrest / 10.0,
        inodes_percent: over(&INODES, 94.0, 9.0),
        load_per_cpu: over(&LOAD, 6.0, 0.4) + unrest / 10.0,
    }
}

/// The newest sample of a host: each time another twentieth of the fleet is over a limit, and that of the time before
/// is not any more.
pub(super) fn newest(host: u64, round: u64) -> Measured {
    let quiet = Measured::default();
    if (host + round).is_multiple_of(20) { Measured { memory_percent: 93.0, ..quiet } } else { quiet }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as a week has at one in five minutes.
    const WEEK: u64 = 2016;

    fn begins(host: u64, is_over: impl Fn(&Measured) -> bool) -> u64 {
        let over: Vec<bool> = (0..WEEK).map(|index| is_over(&measured(host, index, WEEK))).collect();
        over.windows(2).filter(|pair| !pair[0] && pair[1]).count() as u64
    }

    #[test]
    fn every_host_comes_over_its_limits_a_few_times_a_day() {
        for host in 0..500 {
            let each = [
                begins(host, |found| found.cpu_percent > 90.0),
                begins(host, |found| found.memory_percent > 90.0),
                begins(host, |found| found.disk_percent > 85.0),
                begins(host, |found| found.inodes_percent > 90.0),
                begins(host, |found| found.load_per_cpu > 4.0),
            ];
            assert!(each.iter().all(|count| *count > 0), "host {host}: {each:?}");
            assert!((14..50).contains(&each.iter().sum::<u64>()), "host {host}: {each:?}");
        }
    }

    #[test]
    fn a_twentieth_of_the_hosts_is_over_a_limit_at_the_end() {
        let last = |host| measured(host, WEEK - 1, WEEK).disk_percent > 85.0;
        let open = (0..500).filter(|host| last(*host)).count();
        assert!((25..75).contains(&open), "{open} of 500");
    }

    #[test]
    fn of_the_newest_samples_each_time_other_hosts_are_over_a_limit() {
        let over =
            |round| (0..100).filter(move |host| newest(*host, round).memory_percent > 90.0).collect::<Vec<u64>>();
        assert_eq!(over(0), [0, 20, 40, 60, 80]);
        assert_eq!(over(1), [19, 39, 59, 79, 99]);
    }
}
