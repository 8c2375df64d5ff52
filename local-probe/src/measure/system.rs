//! What `sysinfo` reads right, and the boot.

use std::fs;

use rustix::time::{ClockId, clock_gettime};
use sample::{Boot, Facts, Load, Memory, Swap};
use sysinfo::{MemoryRefreshKind, System};

/// Longest text of a fact. Real ones are much shorter; a sample with one over 4096 bytes would be refused whole.
const LONGEST_TEXT: usize = 256;

/// Memory and swap.
pub(super) fn memory_and_swap() -> (Option<Memory>, Option<Swap>) {
    let Ok(mut system) = System::new() else { return (None, None) };
    system.refresh_memory_specifics(MemoryRefreshKind::everything());
    let memory =
        Memory { total_bytes: system.total_memory(), available_bytes: system.available_memory(), ..Memory::default() };
    let swap = Swap { total_bytes: system.total_swap(), free_bytes: system.free_swap() };
    // Without the kernel's figure sysinfo adds up its own, which is 0 for a file cut short: 100 % in use.
    let known = fs::read_to_string("/proc/meminfo").is_ok_and(|meminfo| has_available(&meminfo));
    let memory = Some(memory).filter(|memory| known && memory.total_bytes > 0 && fits(memory.total_bytes));
    (memory, Some(swap).filter(|swap| swap.total_bytes > 0 && fits(swap.total_bytes)))
}

/// Load averages.
pub(super) fn load() -> Option<Load> {
    let load = System::load_average().ok()?;
    let sane = [load.one, load.five, load.fifteen].iter().all(|value| value.is_finite() && *value >= 0.0);
    sane.then_some(Load { one: load.one, five: load.five, fifteen: load.fifteen })
}

/// Seconds since boot; in a container with its own `/proc/uptime`, since its start.
pub(super) fn uptime_seconds() -> Option<u64> {
    System::uptime().ok().filter(|seconds| fits(*seconds))
}

/// Which boot this is, and how long ago it began.
pub(super) fn boot() -> Option<Boot> {
    let id = text(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?)?;
    let since = clock_gettime(ClockId::Boottime);
    let elapsed_ms = u64::try_from(since.tv_sec).ok()? * 1000 + u64::try_from(since.tv_nsec).ok()? / 1_000_000;
    Some(Boot { id, elapsed_ms })
}

/// What the host says it is.
pub(super) fn facts() -> Facts {
    let os = match (System::name().ok(), System::os_version().ok()) {
        (Some(name), Some(version)) => Some(format!("{name} {version}")),
        (name, _) => name,
    };
    Facts {
        hostname: host_name(),
        os: os.and_then(text),
        kernel: System::kernel_version().ok().and_then(text),
        architecture: text(System::cpu_arch()),
        ..Facts::default()
    }
}

/// The kernel's name for this host.
pub(crate) fn host_name() -> Option<String> {
    System::host_name().ok().and_then(text)
}

fn has_available(meminfo: &str) -> bool {
    meminfo.lines().any(|line| line.starts_with("MemAvailable:"))
}

/// A text worth reporting: not empty, cut to size.
pub(super) fn text(raw: String) -> Option<String> {
    let trimmed = raw.trim();
    let end = trimmed.floor_char_boundary(LONGEST_TEXT);
    (end > 0).then(|| trimmed[..end].to_owned())
}

/// A sample counts in signed 64-bit integers.
fn fits(count: u64) -> bool {
    i64::try_from(count).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_does_not_estimate_available_memory_is_recognised() {
        assert!(has_available(include_str!("../../testdata/hosts/small-vm/proc/meminfo")));
        assert!(!has_available(include_str!("../../testdata/hosts/linux-3.10/proc/meminfo")));
    }

    #[test]
    fn texts_are_trimmed_cut_and_absent_when_empty() {
        assert_eq!(text(" \n".into()), None);
        assert_eq!(text("web1\n".into()), Some("web1".into()));
        assert_eq!(text("é".repeat(200)).map(|cut| cut.len()), Some(256));
    }
}
