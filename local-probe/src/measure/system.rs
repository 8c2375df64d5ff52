//! What `sysinfo` reads right on every platform, and the boot.

use sample::{Boot, Facts};
use sysinfo::System;

/// Longest text of a fact. Real ones are much shorter; a sample with one over 4096 bytes would be refused whole.
const LONGEST_TEXT: usize = 256;

/// Seconds since boot; in a container with its own `/proc/uptime`, since its start.
pub(super) fn uptime_seconds() -> Option<u64> {
    System::uptime().ok().filter(|seconds| fits(*seconds))
}

/// Which boot this is, and how long ago it began.
#[cfg(target_os = "linux")]
pub(super) fn boot() -> Option<Boot> {
    use rustix::time::{ClockId, clock_gettime};

    let id = text(std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?)?;
    let since = clock_gettime(ClockId::Boottime);
    let elapsed_ms = u64::try_from(since.tv_sec).ok()? * 1000 + u64::try_from(since.tv_nsec).ok()? / 1_000_000;
    Some(Boot { id, elapsed_ms })
}

/// Other kernels tell the time of their boot, which moves when the clock is set: that names no boot.
#[cfg(not(target_os = "linux"))]
pub(super) fn boot() -> Option<Boot> {
    None
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

/// A text worth reporting: not empty, cut to size.
pub(super) fn text(raw: String) -> Option<String> {
    let trimmed = raw.trim();
    let end = trimmed.floor_char_boundary(LONGEST_TEXT);
    (end > 0).then(|| trimmed[..end].to_owned())
}

/// A sample counts in signed 64-bit integers.
pub(super) fn fits(count: u64) -> bool {
    i64::try_from(count).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_cut_and_absent_when_empty() {
        assert_eq!(text(" \n".into()), None);
        assert_eq!(text("web1\n".into()), Some("web1".into()));
        assert_eq!(text("é".repeat(200)).map(|cut| cut.len()), Some(256));
    }
}
