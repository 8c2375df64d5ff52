//! Sockets that listen: `/proc/net/{tcp,tcp6,udp,udp6}`. Source: Linux's Documentation/networking/proc_net_tcp.rst.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use sample::{Listener, most};

use super::Tree;

/// Most that is read of a table.
const MOST_BYTES: u64 = 16 << 20;
/// The kernel shows all TCP sockets that listen before all that are connected (tcp_seq_next in its tcp_ipv4.c), so of
/// 100,000 connections only so many are read. Between the former older kernels show those that are being opened.
const CONNECTED_IN_A_ROW: usize = 1000;

/// By port, so that of too many the well-known ones are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Socket {
    protocol: Protocol,
    port: u16,
    address: IpAddr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Protocol {
    Tcp,
    Udp,
}

/// What a line of a table is about.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Listening(Socket),
    BeingOpened,
    Connected,
    /// The first line, or no line of a table.
    Other,
}

/// All that listen, TCP first, each by port; nothing if one of the tables may not be read, or there is none.
pub(super) fn read(tree: &Tree) -> Option<Vec<Listener>> {
    let mut found = Vec::new();
    let mut tables = 0;
    for (name, protocol) in
        [("tcp", Protocol::Tcp), ("tcp6", Protocol::Tcp), ("udp", Protocol::Udp), ("udp6", Protocol::Udp)]
    {
        match read_table(&tree.path(Path::new("proc/net").join(name)), protocol, &mut found) {
            Ok(()) => tables += 1,
            // A kernel without IPv6 has not that table.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(_) => return None,
        }
    }
    (tables > 0).then(|| found.into_iter().map(Listener::from).collect())
}

fn read_table(path: &Path, protocol: Protocol, found: &mut Vec<Socket>) -> io::Result<()> {
    let mut table = BufReader::with_capacity(1 << 16, File::open(path)?.take(MOST_BYTES));
    let (mut line, mut connected) = (Vec::new(), 0);
    while connected < CONNECTED_IN_A_ROW && table.read_until(b'\n', &mut line)? > 0 {
        match parse(&line, protocol) {
            Line::Listening(socket) => {
                connected = 0;
                if let Err(at) = found.binary_search(&socket) {
                    found.insert(at, socket);
                    found.truncate(most::LISTENERS);
                }
            }
            // Datagram sockets are in no order.
            Line::Connected if protocol == Protocol::Tcp => connected += 1,
            Line::Connected | Line::BeingOpened | Line::Other => {}
        }
        line.clear();
    }
    let ended = connected == CONNECTED_IN_A_ROW || table.get_ref().limit() > 0;
    if ended { Ok(()) } else { Err(ErrorKind::FileTooLarge.into()) }
}

/// Number, local address, remote address, state …
fn parse(line: &[u8], protocol: Protocol) -> Line {
    let Ok(text) = std::str::from_utf8(line) else { return Line::Other };
    let mut fields = text.split_ascii_whitespace().skip(1);
    let (Some(local), Some(remote), Some(state)) = (fields.next(), fields.next(), fields.next()) else {
        return Line::Other;
    };
    let (Some((address, port)), Some((_, peer))) = (end(local), end(remote)) else { return Line::Other };
    match (protocol, state) {
        // The state of a datagram socket without a peer has the number of TCP_CLOSE.
        (Protocol::Tcp, "0A") => Line::Listening(Socket { protocol, port, address }),
        (Protocol::Udp, "07") if peer == 0 => Line::Listening(Socket { protocol, port, address }),
        // TCP_SYN_RECV.
        (Protocol::Tcp, "03") => Line::BeingOpened,
        _ => Line::Connected,
    }
}

/// Address and port, such as `0100007F:0016`.
fn end(field: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = field.split_once(':')?;
    let address = match address.len() {
        8 => IpAddr::from(word(address)?),
        32 => {
            let mut bytes = [0; 16];
            for (at, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(address.get(at * 8..at * 8 + 8)?)?);
            }
            // What is bound to ::ffff:127.0.0.1 listens on 127.0.0.1.
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

/// Four bytes of an address. The kernel shows them as one number as this machine keeps it in memory.
fn word(digits: &str) -> Option<[u8; 4]> {
    u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
}

impl From<Socket> for Listener {
    fn from(socket: Socket) -> Listener {
        let protocol = match socket.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        Listener { protocol: protocol.to_owned(), address: socket.address.to_string(), port: socket.port }
    }
}

#[cfg(test)]
mod tests;
