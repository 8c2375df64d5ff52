//! CPU time from the counters of `/proc/stat`, and the model of the CPUs. Source: proc_stat(5).

use sample::{CoreCounters, CpuCounters};

use super::Tree;
use super::system::text;

/// The counters since boot.
pub(super) fn read(tree: &Tree) -> Option<CpuCounters> {
    parse(&tree.text("proc/stat")?)
}

/// The model of the first CPU: those of a phone or a small board may differ.
pub(super) fn model(tree: &Tree) -> Option<String> {
    parse_model(&tree.text("proc/cpuinfo")?)
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

/// The model in the text of `/proc/cpuinfo`, whose words differ by architecture. ARM has numbers in place of a name;
/// its `model name`, where a kernel has one, is only that of the instruction set.
fn parse_model(cpuinfo: &str) -> Option<String> {
    let value = |key: &str| {
        let values = cpuinfo.lines().filter_map(|line| line.split_once(':')).filter(|(name, _)| name.trim() == key);
        values.map(|(_, value)| value.trim()).find(|value| !value.is_empty())
    };
    let hexadecimal = |key: &str| u32::from_str_radix(value(key)?.strip_prefix("0x")?, 16).ok();
    let arm = || arm_model(hexadecimal("CPU implementer")?, hexadecimal("CPU part")?);
    let name = arm()
        .or_else(|| value("model name"))
        .or_else(|| value("Model Name")) // LoongArch
        .or_else(|| value("cpu model")) // MIPS
        .or_else(|| value("uarch")) // RISC-V
        .or_else(|| value("cpu").filter(|name| name.starts_with("POWER")))?; // elsewhere `cpu` is a family
    text(name.to_owned())
}

/// The name of an ARM CPU of a server or a board that runs one. Source: MIDR_EL1 in the manuals, and lscpu(1).
fn arm_model(implementer: u32, part: u32) -> Option<&'static str> {
    Some(match (implementer, part) {
        (0x41, 0xb76) => "ARM1176",
        (0x41, 0xc07) => "Cortex-A7",
        (0x41, 0xc08) => "Cortex-A8",
        (0x41, 0xc09) => "Cortex-A9",
        (0x41, 0xc0f) => "Cortex-A15",
        (0x41, 0xd03) => "Cortex-A53",
        (0x41, 0xd04) => "Cortex-A35",
        (0x41, 0xd05) => "Cortex-A55",
        (0x41, 0xd07) => "Cortex-A57",
        (0x41, 0xd08) => "Cortex-A72",
        (0x41, 0xd09) => "Cortex-A73",
        (0x41, 0xd0b) => "Cortex-A76",
        (0x41, 0xd0c) => "Neoverse-N1",
        (0x41, 0xd40) => "Neoverse-V1",
        (0x41, 0xd49) => "Neoverse-N2",
        (0x41, 0xd4f) => "Neoverse-V2",
        (0x41, 0xd83) => "Neoverse-V3AE",
        (0x41, 0xd84) => "Neoverse-V3",
        (0x41, 0xd8e) => "Neoverse-N3",
        (0x43, 0x0a1) => "ThunderX",
        (0x43, 0x0af) => "ThunderX2",
        (0x48, 0xd01) => "Kunpeng-920",
        (0x50, 0x000) => "X-Gene",
        (0xc0, 0xac3) => "Ampere-1",
        (0xc0, 0xac4) => "Ampere-1a",
        _ => return None,
    })
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

    #[test]
    fn numbers_of_cpus_may_have_gaps_and_a_column_too_much_changes_nothing() {
        let cpu = read(&Tree::of("server-128")).unwrap();
        assert_eq!((cpu.cores.len(), cpu.user, cpu.steal), (128, 91_280_544, 0));
        let numbers: Vec<u32> = cpu.cores.iter().map(|core| core.number).collect();
        // CPUs 13 and 77 were taken out, 128 and 129 came in their place.
        let expected: Vec<u32> = (0..130).filter(|number| ![13, 77].contains(number)).collect();
        assert_eq!(numbers, expected);
        assert_eq!(cpu.cores[127], CoreCounters { number: 129, busy: 800_000 + 129 * 64, idle: 9_129_129 });
    }

    #[test]
    fn the_model_is_told_in_the_words_of_each_architecture() {
        let model = |host: &str| model(&Tree::of(host));
        assert_eq!(model("server-128").as_deref(), Some("AMD EPYC 7763 64-Core Processor"));
        assert_eq!(model("linux-3.10").as_deref(), Some("Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz"));
        assert_eq!((model("hostile"), model("none")), (Some("x".repeat(256)), None));
        let pi =
            "processor\t: 0\nmodel name\t: ARMv7 Processor rev 4 (v7l)\nCPU implementer\t: 0x41\nCPU part\t: 0xd03\n";
        assert_eq!(parse_model(pi).as_deref(), Some("Cortex-A53"));
        let graviton = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n";
        assert_eq!(parse_model(graviton).as_deref(), Some("Neoverse-V2"));
        let unknown = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xfff\nmodel\t: 2\ncpu\t: 7\n";
        assert_eq!(parse_model(unknown), None);
        let power = "processor\t: 0\ncpu\t\t: POWER9 (architected), altivec supported\n";
        assert_eq!(parse_model(power).as_deref(), Some("POWER9 (architected), altivec supported"));
    }
}
