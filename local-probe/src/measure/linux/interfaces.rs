//! What network interfaces did since boot: `/proc/net/dev`, and `/sys/class/net` for what they are.
//!
//! Told are those that lead out of the host, and no byte twice. Of interfaces made of others (a bond, a bridge, a
//! VLAN), the lower ones are told: they are what fails, and what has a speed. Where the upper one is the hardware
//! (Azure's network card over its virtual function, a switch's ports over their processor's), it is told instead.
//! Tunnels (`wg0`, `tun0`, `ppp0`) are told though their bytes leave by another one, since what went through them
//! can't be seen there.

use sample::{InterfaceCounters, most};

use super::Tree;

/// Longest name, in bytes; the kernel has 16.
const LONGEST_NAME: usize = 255;

/// What leads to virtual machines and containers of this host, and what the kernel or a program makes for its own
/// ends. Only where there is no hardware behind it.
const INSIDE: &[&str] = &[
    "veth",
    "docker",
    "br-",
    "virbr",
    "vnet",
    "tap",
    "macvtap",
    "cali",
    "cni",
    "cilium",
    "lxc",
    "lxd",
    "flannel",
    "kube-",
    "nodelocaldns",
    "weave",
    "vxlan",
    "genev_sys",
    "podman",
    "fwbr",
    "fwln",
    "fwpr",
    "ovs-",
    "dummy",
    "ifb",
    "nlmon",
    "bonding_masters",
];
/// Tunnels that are there as soon as the kernel's module is, and lead nowhere.
const TUNNELS_OF_MODULES: &[&str] =
    &["lo", "tunl0", "sit0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6tnl0", "ip6gre0", "ip6_vti0", "teql0"];

pub(super) fn read(tree: &Tree) -> Option<Vec<InterfaceCounters>> {
    let rows = parse(&tree.text("proc/net/dev")?);
    let outward = rows.into_iter().filter(|row| leads_out(tree, &row.name));
    Some(outward.take(most::DEVICES).map(|row| described(tree, row)).collect())
}

/// The counters of all interfaces. Lines that are none, such as the two of the heading, are left out.
fn parse(net_dev: &str) -> Vec<InterfaceCounters> {
    net_dev.lines().filter_map(row).collect()
}

/// Old kernels put no space after the colon, and names of theirs may have one (`eth0:1`). What the card itself had no
/// room for is among the dropped.
fn row(line: &str) -> Option<InterfaceCounters> {
    let (name, counters) = line.rsplit_once(':')?;
    let is_name = |name: &&str| (1..=LONGEST_NAME).contains(&name.len()) && !name.contains('/');
    let name = Some(name.trim_start_matches(' ')).filter(is_name)?;
    let counters: Vec<u64> = counters.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let (&[received_bytes, received_packets, received_errors, received_dropped], rest) =
        counters.split_first_chunk()?;
    let &[sent_bytes, sent_packets, sent_errors, sent_dropped] = rest.get(4..)?.first_chunk()?;
    Some(InterfaceCounters {
        name: name.to_owned(),
        received_bytes,
        received_packets,
        received_errors,
        received_dropped,
        sent_bytes,
        sent_packets,
        sent_errors,
        sent_dropped,
        ..InterfaceCounters::default()
    })
}

fn leads_out(tree: &Tree, name: &str) -> bool {
    if TUNNELS_OF_MODULES.contains(&name) {
        return false;
    }
    let entries = tree.names(folder(name)).unwrap_or_default();
    if is_hardware(tree, name) {
        return !entries.iter().filter_map(|entry| entry.strip_prefix("upper_")).any(|upper| is_hardware(tree, upper));
    }
    let is_inside = INSIDE.iter().any(|prefix| name.starts_with(prefix));
    !is_inside && !is_made_of_others(tree, name, &entries)
}

fn is_hardware(tree: &Tree, name: &str) -> bool {
    // A link to it is enough, wherever it leads.
    tree.path(folder(name)).join("device").symlink_metadata().is_ok()
}

/// `entries` are those of its folder in sysfs.
fn is_made_of_others(tree: &Tree, name: &str, entries: &[String]) -> bool {
    // Linux before 3.13 has no links to the lower interfaces, and a container may have no sysfs.
    entries.iter().any(|entry| entry.starts_with("lower_") || entry == "bridge" || entry == "bonding")
        || ["proc/net/bonding", "proc/net/vlan"].iter().any(|list| tree.path(list).join(name).exists())
}

fn folder(name: &str) -> String {
    format!("sys/class/net/{name}")
}

/// With what the interface is. The number is 0 where sysfs is not there to ask.
fn described(tree: &Tree, row: InterfaceCounters) -> InterfaceCounters {
    let file = |entry: &str| format!("{}/{entry}", folder(&row.name));
    let up = match tree.text(file("operstate")).as_deref().map(str::trim) {
        Some("up") => Some(true),
        Some("down" | "lowerlayerdown" | "notpresent" | "dormant" | "testing") => Some(false),
        _ => None,
    };
    // In millions; −1, or its 32 bits, where the link has no speed or the driver does not know it.
    let speed = tree.number(file("speed")).filter(|speed| (1..u64::from(u32::MAX)).contains(speed));
    let index = tree.number(file("ifindex")).and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
    InterfaceCounters { index, up, link_bits_per_second: speed.map(|speed| speed * 1_000_000), ..row }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(host: &str) -> Option<Vec<String>> {
        Some(read(&Tree::of(host))?.into_iter().map(|one| one.name).collect())
    }

    #[test]
    fn each_column_has_its_place_and_the_link_is_described() {
        let expected = InterfaceCounters {
            name: "eth0".into(),
            index: 2,
            up: Some(true),
            link_bits_per_second: Some(1_000_000_000),
            received_bytes: 1,
            received_packets: 2,
            received_errors: 3,
            received_dropped: 4,
            sent_bytes: 9,
            sent_packets: 10,
            sent_errors: 11,
            sent_dropped: 12,
        };
        assert_eq!(read(&Tree::of("small-vm")).unwrap()[0], expected);
    }

    #[test]
    fn bytes_count_once_what_leads_into_the_host_is_left_out_and_hardware_is_not() {
        // No docker0, no bridge with its tap, no veth; wg0 is a tunnel, and tap-card a card that somebody named so.
        assert_eq!(names("small-vm").unwrap(), ["eth0", "wg0", "tap-card"]);
        // The two cards of a bond with a VLAN and a bridge on it, and Azure's card without its virtual function.
        assert_eq!(names("server-128").unwrap(), ["ens1f0", "ens1f1", "eth7"]);
    }

    #[test]
    fn a_link_without_a_speed_or_a_state_has_none() {
        let described: Vec<_> = read(&Tree::of("small-vm")).unwrap();
        let (wg0, card) = (&described[1], &described[2]);
        assert_eq!((wg0.up, wg0.link_bits_per_second, wg0.index), (None, None, 5));
        assert_eq!((card.up, card.link_bits_per_second), (Some(false), None));
    }

    #[test]
    fn an_old_kernels_list_is_read_and_its_bonds_and_vlans_are_known_from_proc() {
        let old = read(&Tree::of("linux-3.10")).unwrap();
        let told: Vec<_> = old.iter().map(|one| (one.name.as_str(), one.received_bytes, one.sent_bytes)).collect();
        assert_eq!(told, [("eth0", 123_456_789, 9_876_543), ("eth0:1", 1, 9), ("eth1", 5, 6)]);
        assert_eq!((old[0].index, old[0].link_bits_per_second, old[1].index), (2, None, 0));
    }

    #[test]
    fn damaged_lines_are_left_out_odd_names_are_kept_and_no_list_is_absent() {
        assert_eq!(names("hostile").unwrap(), ["\u{1b}]0;x", "\u{fffd}eth"]);
        assert_eq!(names("none"), None);
        assert_eq!(names("container-lxcfs").unwrap(), ["eth0"]);
    }
}
