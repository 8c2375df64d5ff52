//! Swapping, and processes killed for want of memory: `/proc/vmstat`.

use super::Tree;

/// What is counted there; absent where the kernel does not count it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Vmstat {
    pub(super) swap_in_bytes: Option<u64>,
    pub(super) swap_out_bytes: Option<u64>,
    pub(super) oom_kills: Option<u64>,
}

pub(super) fn read(tree: &Tree) -> Vmstat {
    let page_bytes = u64::try_from(rustix::param::page_size()).ok();
    tree.text("proc/vmstat").map_or_else(Vmstat::default, |text| parse(&text, page_bytes))
}

/// Swapping is counted in pages, which have 4 KiB, or up to 64 KiB on ARM and POWER.
fn parse(vmstat: &str, page_bytes: Option<u64>) -> Vmstat {
    let count = |key: &str| {
        let mut values = vmstat.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        values.next()?.trim().parse::<u64>().ok()
    };
    let bytes = |key: &str| count(key)?.checked_mul(page_bytes?);
    Vmstat { swap_in_bytes: bytes("pswpin"), swap_out_bytes: bytes("pswpout"), oom_kills: count("oom_kill") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(host: &str, page_bytes: u64) -> Vmstat {
        parse(&Tree::of(host).text("proc/vmstat").unwrap(), Some(page_bytes))
    }

    #[test]
    fn pages_are_told_in_bytes_of_this_machines_pages() {
        let expected = |page: u64| Vmstat {
            swap_in_bytes: Some(1200 * page),
            swap_out_bytes: Some(33_000 * page),
            oom_kills: Some(3),
        };
        assert_eq!(parsed("small-vm", 4096), expected(4096));
        assert_eq!(parsed("small-vm", 65_536), expected(65_536));
    }

    #[test]
    fn what_an_old_kernel_does_not_count_is_absent_and_so_is_nonsense() {
        let old = Vmstat { swap_in_bytes: Some(12 * 4096), swap_out_bytes: Some(96 * 4096), oom_kills: None };
        assert_eq!(parsed("linux-3.10", 4096), old);
        assert_eq!((parsed("hostile", 4096), read(&Tree::of("none"))), (Vmstat::default(), Vmstat::default()));
    }
}
