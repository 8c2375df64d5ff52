use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::{fs, time::Instant};

use super::*;

/// As `tcp 0.0.0.0 22`.
fn shown(listeners: &[Listener]) -> Vec<String> {
    listeners.iter().map(|one| format!("{} {} {}", one.protocol, one.address, one.port)).collect()
}

fn listeners(host: &str) -> Option<Vec<String>> {
    read(&Tree::of(host)).map(|all| shown(&all))
}

fn host_with_tcp(table: &str) -> (tempfile::TempDir, Tree) {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("proc/net")).unwrap();
    fs::write(root.path().join("proc/net/tcp"), table).unwrap();
    let tree = Tree::at(root.path());
    (root, tree)
}

#[test]
fn what_listens_is_listed_once_by_protocol_and_port() {
    let expected = [
        "tcp 0.0.0.0 22",
        "tcp :: 22",
        "tcp 127.0.0.1 25",
        "tcp ::1 25",
        "tcp 127.0.0.1 8005", // bound to ::ffff:127.0.0.1
        "tcp 2001:db8::17 8443",
        "udp 0.0.0.0 68",
        "udp 127.0.0.1 323",
        "udp ::1 323",
        "udp fe80::5054:ff:fe12:3456 546",
    ];
    assert_eq!(listeners("small-vm").unwrap(), expected);
}

#[test]
fn a_kernel_without_ip_version_6_and_odd_lines_are_no_obstacle() {
    assert_eq!(listeners("linux-3.10").unwrap(), ["tcp 0.0.0.0 22", "tcp 0.0.0.0 80", "udp 0.0.0.0 123"]);
    assert_eq!(listeners("hostile").unwrap(), ["tcp 0.0.0.0 22", "tcp 255.255.255.255 65535"]);
    assert_eq!(listeners("none"), None);
}

#[test]
fn a_table_that_may_not_be_read_makes_no_shorter_list() {
    let (root, tree) = host_with_tcp("   0: 00000000:0016 00000000:0000 0A 0\n");
    assert_eq!(shown(&read(&tree).unwrap()), ["tcp 0.0.0.0 22"]);
    fs::create_dir(root.path().join("proc/net/udp")).unwrap();
    assert_eq!(read(&tree), None);
}

#[test]
fn of_many_connections_only_the_first_are_read_and_of_too_many_listeners_the_low_ports_are_kept() {
    let mut table = String::from("  sl  local_address rem_address   st\n");
    for port in (1..=3000).rev() {
        writeln!(table, "   0: 0100007F:{port:04X} 00000000:0000 0A 0").unwrap();
    }
    for number in 0..100_000 {
        writeln!(table, "{number:4}: 0100007F:0016 0100007F:{:04X} 01 00000000:00000000", number % 65536).unwrap();
    }
    // Where the kernel would not show it: it is not read that far.
    table.push_str("   0: 0200007F:0001 00000000:0000 0A 0\n");
    let (_root, tree) = host_with_tcp(&table);
    let started = Instant::now();
    let found = read(&tree).unwrap();
    assert!(started.elapsed().as_millis() < 1000);
    assert_eq!((found.len(), found[0].port, found.last().unwrap().port), (most::LISTENERS, 1, 1024));
    assert_eq!(found.iter().filter(|one| one.port == 1).count(), 1);
}

#[test]
fn a_table_that_never_ends_is_absent() {
    let (root, tree) = host_with_tcp("");
    std::os::unix::fs::symlink("/dev/zero", root.path().join("proc/net/udp")).unwrap();
    assert_eq!(read(&tree), None);
}

#[test]
fn sockets_that_this_test_opens_are_listed_and_those_it_connects_are_not() {
    let tcp = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 9), 0)).unwrap();
    let udp = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let connected = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    let to_peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    to_peer.connect((Ipv4Addr::LOCALHOST, 9)).unwrap();
    let found = shown(&read(&Tree::live()).unwrap());
    let line = |protocol: &str, at: std::net::SocketAddr| format!("{protocol} {} {}", at.ip(), at.port());
    assert!(found.contains(&line("tcp", tcp.local_addr().unwrap())), "{found:?}");
    assert!(found.contains(&line("udp", udp.local_addr().unwrap())), "{found:?}");
    assert!(!found.contains(&line("tcp", connected.local_addr().unwrap())), "{found:?}");
    assert!(!found.contains(&line("udp", to_peer.local_addr().unwrap())), "{found:?}");
}
