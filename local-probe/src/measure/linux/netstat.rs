//! Connections that listening sockets dropped: `/proc/net/netstat`, which has a line of names and then one of values
//! for each protocol. Kernels add columns anywhere, so they are found by name.

use super::Tree;

pub(super) fn listen_drops(tree: &Tree) -> Option<u64> {
    column(&tree.text("proc/net/netstat")?, "TcpExt:", "ListenDrops")
}

fn column(netstat: &str, protocol: &str, name: &str) -> Option<u64> {
    let mut lines = netstat.lines().map(str::split_ascii_whitespace);
    let mut next = || {
        lines.find_map(|mut words| {
            let first = words.next()?;
            (first == protocol).then_some(words)
        })
    };
    let (mut names, mut values) = (next()?, next()?);
    let place = names.position(|at| at == name)?;
    values.nth(place)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_is_found_by_its_name_wherever_it_stands() {
        assert_eq!(listen_drops(&Tree::of("small-vm")), Some(42));
        assert_eq!(listen_drops(&Tree::of("linux-3.10")), Some(7));
    }

    #[test]
    fn a_line_of_values_cut_short_is_absent() {
        assert_eq!((listen_drops(&Tree::of("hostile")), listen_drops(&Tree::of("none"))), (None, None));
        assert_eq!(column("TcpExt: A ListenDrops\nIpExt: 1 2\n", "TcpExt:", "ListenDrops"), None);
    }
}
