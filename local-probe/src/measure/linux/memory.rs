//! Memory and swap: `/proc/meminfo`, ZFS's cache, and the container's limit. Source: proc_meminfo(5).

use sample::{Container, Memory, Swap};

use super::control_groups::{self, MemoryLimit};
use super::{Tree, container};

pub(super) fn read(tree: &Tree, container: Option<&Container>) -> (Option<Memory>, Option<Swap>) {
    let Some(meminfo) = tree.text("proc/meminfo") else { return (None, None) };
    let own = container::has_meminfo_of_its_own(tree);
    let memory = parse(&meminfo).map(|memory| {
        if own {
            // The figures are the container's already; the cache of ZFS and the groups' files are the machine's.
            return Memory { of_container: true, ..memory };
        }
        let memory = arc(tree).map_or(memory, |arc| with_arc(memory, &arc));
        // On a host of its own, only our session may be limited.
        let limit = container.and_then(|_| control_groups::limits(tree).memory);
        limit.map_or(memory, |limit| within(memory, &limit))
    });
    (memory, swap(&meminfo))
}

/// Absent where total or what makes up the available memory is missing.
fn parse(meminfo: &str) -> Option<Memory> {
    let value = |key: &str| value(meminfo, key);
    let total_bytes = value("MemTotal").filter(|total| *total > 0)?;
    let (buffers, cached, shared) = (value("Buffers"), value("Cached"), value("Shmem"));
    let page_cache = cached.zip(buffers).and_then(|(cached, buffers)| cached.checked_add(buffers));
    let cached_bytes = page_cache.zip(shared).and_then(|(cache, shared)| cache.checked_sub(shared));
    // The kernel's own estimate came with Linux 3.14.
    let estimate = || value("MemFree")?.checked_add(cached_bytes?)?.checked_add(value("SReclaimable")?);
    let available = value("MemAvailable").or_else(estimate)?;
    Some(Memory {
        total_bytes,
        // Seen under lxcfs: more available than there is.
        available_bytes: available.min(total_bytes),
        cached_bytes,
        shared_bytes: shared,
        ..Memory::default()
    })
}

fn swap(meminfo: &str) -> Option<Swap> {
    let (total_bytes, free_bytes) = (value(meminfo, "SwapTotal")?, value(meminfo, "SwapFree")?);
    (total_bytes > 0 && free_bytes <= total_bytes).then_some(Swap { total_bytes, free_bytes })
}

/// The bytes of a line such as `MemTotal:        8134440 kB`, where a kB has 1024 bytes. The database counts in signed
/// 64-bit integers.
fn value(meminfo: &str, key: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1024).filter(|bytes| i64::try_from(*bytes).is_ok())
}

/// The cache of ZFS, in bytes.
struct Arc {
    size: u64,
    /// It does not shrink below this.
    least: u64,
}

/// Each line of arcstats is a name, a type and a value.
fn arc(tree: &Tree) -> Option<Arc> {
    let text = tree.text("proc/spl/kstat/zfs/arcstats")?;
    let value = |key: &str| {
        let mut lines = text.lines().map(str::split_ascii_whitespace);
        let value = lines.find_map(|mut words| (words.next()? == key).then(|| words.nth(1))?)?;
        value.parse::<u64>().ok().filter(|bytes| i64::try_from(*bytes).is_ok())
    };
    Some(Arc { size: value("size")?, least: value("c_min")? })
}

/// The kernel does not count this cache as available, though programs get what they need of it.
fn with_arc(memory: Memory, arc: &Arc) -> Memory {
    let shrinkable = arc.size.saturating_sub(arc.least);
    Memory {
        available_bytes: memory.available_bytes.saturating_add(shrinkable).min(memory.total_bytes),
        zfs_arc_bytes: Some(arc.size),
        ..memory
    }
}

/// The figures of the container, if it may use less than the machine has. What it could still get is bounded by what
/// the machine has to give.
fn within(machine: Memory, limit: &MemoryLimit) -> Memory {
    if limit.bytes >= machine.total_bytes {
        return machine;
    }
    Memory {
        total_bytes: limit.bytes,
        available_bytes: limit.available_bytes.min(machine.available_bytes),
        of_container: true,
        // These are the machine's.
        cached_bytes: None,
        shared_bytes: None,
        zfs_arc_bytes: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1024;

    fn of(host: &str) -> (Option<Memory>, Option<Swap>) {
        let tree = Tree::of(host);
        read(&tree, container::read(&tree).as_ref())
    }

    #[test]
    fn available_is_the_kernels_estimate_and_shared_memory_is_not_cache() {
        let memory = Memory {
            total_bytes: 8_134_440 * KIB,
            available_bytes: 5_210_044 * KIB,
            cached_bytes: Some((4_700_120 + 210_100 - 120_000) * KIB),
            shared_bytes: Some(120_000 * KIB),
            ..Memory::default()
        };
        let swap = Swap { total_bytes: 2_097_148 * KIB, free_bytes: 2_000_000 * KIB };
        assert_eq!(of("small-vm"), (Some(memory), Some(swap)));
    }

    #[test]
    fn without_the_kernels_estimate_it_is_free_buffers_cache_and_slab_without_shared_memory() {
        let memory = of("linux-3.10").0.unwrap();
        let available = (74_060 + 948 + 620_116 + 51_872 - 13_096) * KIB;
        assert_eq!((memory.total_bytes, memory.available_bytes), (1_017_096 * KIB, available));
    }

    #[test]
    fn the_cache_of_zfs_is_available_but_for_what_it_keeps() {
        let memory = of("zfs").0.unwrap();
        assert_eq!(memory.total_bytes, 65_842_328 * KIB);
        assert_eq!(memory.available_bytes, 12_000_000 * KIB + 32_000_000_000 - 2_106_954_496);
        assert_eq!(memory.zfs_arc_bytes, Some(32_000_000_000));
        let all = Memory { total_bytes: 100, available_bytes: 90, ..Memory::default() };
        assert_eq!(with_arc(all, &Arc { size: 50, least: 5 }).available_bytes, 100, "never more than there is");
        assert_eq!(with_arc(all, &Arc { size: 5, least: 50 }).available_bytes, 90);
    }

    #[test]
    fn where_a_program_writes_meminfo_for_the_container_zfs_and_limits_change_nothing() {
        let (memory, swap) = of("container-lxcfs");
        let expected = Memory {
            total_bytes: 4_194_304 * KIB,
            available_bytes: 4_000_000 * KIB,
            cached_bytes: Some((310_000 - 1024) * KIB),
            shared_bytes: Some(1024 * KIB),
            zfs_arc_bytes: None,
            of_container: true,
        };
        assert_eq!((memory, swap), (Some(expected), None));
    }

    #[test]
    fn the_limit_of_a_container_counts_where_it_is_below_the_machines_memory() {
        let memory = of("container-v2").0.unwrap();
        assert_eq!((memory.total_bytes, memory.available_bytes), (2 << 30, (400 << 20) + 4096));
        assert!(memory.of_container && memory.cached_bytes.is_none());
        let tree = Tree::of("container-v2");
        assert_eq!(read(&tree, None).0.unwrap().total_bytes, 8_134_440 * KIB, "the limit of a group is not the host's");
        let machine = Memory { total_bytes: 1000, available_bytes: 10, ..Memory::default() };
        let limit = |bytes| MemoryLimit { bytes, available_bytes: 900 };
        assert_eq!(within(machine, &limit(999)).available_bytes, 10, "the machine has no more to give");
        assert_eq!(within(machine, &limit(1000)), machine);
    }

    #[test]
    fn what_is_cut_short_damaged_or_too_large_is_absent() {
        assert_eq!((of("none"), of("hostile")), ((None, None), (None, None)));
        assert_eq!(parse("MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 1 kB\nCached: 20 kB\n"), None);
        assert_eq!(parse("MemTotal: 0 kB\nMemAvailable: 0 kB\n"), None);
        assert_eq!(value("MemTotal: 99999999999999999 kB", "MemTotal"), None);
        assert_eq!(swap("SwapTotal: 10 kB\nSwapFree: 11 kB\n"), None);
    }
}
