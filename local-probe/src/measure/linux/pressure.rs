//! Pressure stall information: `/proc/pressure`. Source: the kernel's Documentation/accounting/psi.rst.

use sample::PressureCounters;

use super::Tree;

/// Absent before Linux 4.20, and where it is switched off (`psi=0`): then there is no file, or it can't be read.
pub(super) fn read(tree: &Tree) -> Option<PressureCounters> {
    let [cpu, memory, io] =
        ["cpu", "memory", "io"].map(|what| tree.text(format!("proc/pressure/{what}")).unwrap_or_default());
    // `full` of the CPU means nothing for a whole system, though newer kernels have the line.
    let pressure = PressureCounters {
        cpu_some_us: total(&cpu, "some"),
        memory_some_us: total(&memory, "some"),
        memory_full_us: total(&memory, "full"),
        io_some_us: total(&io, "some"),
        io_full_us: total(&io, "full"),
    };
    Some(pressure).filter(|pressure| *pressure != PressureCounters::default())
}

/// The microseconds on the line of that kind.
fn total(text: &str, kind: &str) -> Option<u64> {
    let mut words = text.lines().map(str::split_ascii_whitespace).find_map(|mut line| {
        let first = line.next()?;
        (first == kind).then_some(line)
    })?;
    words.find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_and_full_of_the_cpu_is_not() {
        let expected = PressureCounters {
            cpu_some_us: Some(4_798_969_507),
            memory_some_us: Some(21_134_946),
            memory_full_us: Some(10_118_872),
            io_some_us: Some(300_782_671),
            io_full_us: Some(103_063_856),
        };
        assert_eq!(read(&Tree::of("small-vm")), Some(expected));
    }

    #[test]
    fn a_kernel_without_it_has_none_and_damaged_lines_are_absent() {
        assert_eq!((read(&Tree::of("linux-3.10")), read(&Tree::of("none"))), (None, None));
        let expected = PressureCounters { memory_full_us: Some(7), ..PressureCounters::default() };
        assert_eq!(read(&Tree::of("hostile")), Some(expected));
    }
}
