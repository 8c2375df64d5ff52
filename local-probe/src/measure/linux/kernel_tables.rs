//! How full tables of the kernel are: `/proc/sys`. Sources: proc_sys_fs(5), nf_conntrack-sysctl.rst of Linux.

use sample::Usage;

use super::Tree;

/// Open file handles. systemd sets the limit so high that it is none; the share in use is then next to nothing.
pub(super) fn file_handles(tree: &Tree) -> Option<Usage> {
    parse_handles(&tree.text("proc/sys/fs/file-nr")?)
}

/// Tracked connections; nothing where the module is not loaded, or in a container, which can't see the limit.
pub(super) fn conntrack(tree: &Tree) -> Option<Usage> {
    let of = |name: &str| tree.number(format!("proc/sys/net/netfilter/nf_conntrack_{name}"));
    usage(of("count")?, of("max")?)
}

/// Allocated, of those free, and at most. Since Linux 2.6 none is free.
fn parse_handles(file_nr: &str) -> Option<Usage> {
    let columns: Vec<u64> = file_nr.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let [allocated, free, most] = columns.try_into().ok()?;
    usage(allocated.checked_sub(free)?, most)
}

/// A limit of 0 is none.
fn usage(used: u64, limit: u64) -> Option<Usage> {
    let fits = |count: u64| i64::try_from(count).is_ok();
    (limit > 0 && fits(used) && fits(limit)).then_some(Usage { used, limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_its_own_numbers_and_what_is_no_number_is_absent() {
        let tables = |host: &str| (file_handles(&Tree::of(host)), conntrack(&Tree::of(host)));
        let usage = |used, limit| Some(Usage { used, limit });
        assert_eq!(tables("small-vm"), (usage(1376, 9_223_372_036_854_775_807), usage(214, 65536)));
        assert_eq!(tables("linux-3.10"), (usage(2080, 379_870), None));
        assert_eq!(tables("hostile"), (None, None));
        assert_eq!(tables("none"), (None, None));
    }

    #[test]
    fn handles_that_are_free_are_not_in_use() {
        assert_eq!(parse_handles("1024\t24\t8192\n"), Some(Usage { used: 1000, limit: 8192 }));
    }

    #[test]
    fn odd_numbers_are_absent() {
        for odd in ["", "1 0", "1 0 2 3", "1 2 3", "1 0 0", "1 0 9223372036854775808", "-1 0 5", "1 0 x"] {
            assert_eq!(parse_handles(odd), None, "{odd}");
        }
        assert_eq!(usage(5, 0), None, "no limit");
    }

    #[test]
    fn handles_of_this_machine_are_in_use() {
        let handles = file_handles(&Tree::live()).unwrap();
        assert!((1..handles.limit).contains(&handles.used), "{handles:?}");
    }
}
