//! Peers that are no sshd, or one that has no time for us.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::World;

/// A server that sends the first so many clients away with these words, and hands all others on to a port.
struct Doorman {
    port: u16,
    sent_away: Arc<AtomicUsize>,
}

impl Doorman {
    fn before(target: u16, words: &'static [u8], turns: usize) -> Doorman {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent_away = Arc::new(AtomicUsize::new(0));
        let count = sent_away.clone();
        // Ends with the test process.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                if count.load(Ordering::SeqCst) < turns {
                    count.fetch_add(1, Ordering::SeqCst);
                    if !words.is_empty() {
                        client.write_all(words).unwrap();
                        client.shutdown(Shutdown::Write).unwrap();
                        // A connection that is closed with something unread takes our words with it.
                        drop(client.read_to_end(&mut Vec::new()));
                    }
                } else {
                    std::thread::spawn(move || hand_on(client, target));
                }
            }
        });
        Doorman { port, sent_away }
    }

    fn client(&self, world: &World, address: &str) -> String {
        let (port, identity) = (self.port, world.sshd.identity().display().to_string());
        format!(r#"<client ip="{address}" port="{port}" username="{}" identity-file="{identity}"/>"#, harness::USER)
    }
}

fn hand_on(mut client: TcpStream, target: u16) {
    let mut server = TcpStream::connect(("127.0.0.1", target)).unwrap();
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        drop(std::io::copy(&mut from, &mut to));
        drop(to.shutdown(Shutdown::Both));
    });
    drop(std::io::copy(&mut server, &mut client));
    drop(client.shutdown(Shutdown::Both));
}

#[test]
fn a_host_that_is_short_of_logins_is_asked_once_more() {
    for words in [&b"Exceeded MaxStartups\r\n"[..], b"Not allowed at this time\r\n", b""] {
        let world = World::new(&["127.0.6.1"]);
        let (once, always) =
            (Doorman::before(world.sshd.port, words, 1), Doorman::before(world.sshd.port, words, usize::MAX));
        let clients = once.client(&world, "127.0.6.1") + &always.client(&world, "127.0.6.2");
        world.server.configure(&format!("<config>{clients}</config>"));
        let line = |address: &str, port| format!("[{address}]:{port} {}", world.sshd.host_key());
        let known_hosts = line("127.0.6.1", once.port) + &line("127.0.6.2", always.port);
        std::fs::write(world.server.state("known_hosts"), known_hosts).unwrap();
        world.server.collector(&[]).expect(3);
        assert_eq!(world.outcomes(), ["127.0.6.1 ok", "127.0.6.2 throttled"]);
        assert_eq!(always.sent_away.load(Ordering::SeqCst), 2, "once more, and no more");
    }
}

/// Takes connections and resets each at once. Ends with the test process.
fn resetting() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = taken.clone();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap().block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, Ordering::Relaxed);
                client.set_zero_linger().unwrap();
            }
        });
    });
    (port, taken)
}

#[test]
fn a_host_that_resets_connections_is_short_of_logins_whenever_the_reset_is_seen() {
    let world = World::new(&["127.0.6.1"]);
    let (port, taken) = resetting();
    let clients: String = (1..=100)
        .map(|number| format!(r#"<client ip="127.9.7.{number}" port="{port}" username="x" password="x"/>"#) + "\n")
        .collect();
    world.server.configure(&format!("<config>{clients}</config>"));
    world.server.collector(&[]).expect(3);
    assert_eq!(world.server.sql("SELECT kind, count(*) FROM outcome GROUP BY kind"), ["throttled|100"]);
    assert_eq!(taken.load(Ordering::Relaxed), 200, "each is asked once more");
    let words = world.server.sql("SELECT DISTINCT detail FROM outcome ORDER BY detail");
    assert!(words.iter().all(|words| words.ends_with("before the host said a word")), "{words:?}");
}

/// Visits so many hosts whose names nobody answers for, and last one whose name /etc/hosts tells. Returns `kind count`
/// of the outcomes.
fn visit_with_a_silent_resolver(slow: usize) -> (World, Vec<String>) {
    let world = World::new(&["127.0.6.6"]);
    let slow: String =
        (0..slow).map(|number| format!("<client ip=\"slow{number}.test\" username=\"x\" password=\"x\"/>\n")).collect();
    let (port, identity) = (world.sshd.port, world.sshd.identity());
    let good = format!(
        r#"<client ip="good.test" port="{port}" username="{}" identity-file="{}"/>"#,
        harness::USER,
        identity.display()
    );
    world.server.configure(&format!("<config><collector dial-timeout=\"2s\"/>{slow}{good}</config>"));
    let line = world.sshd.known_hosts_line("good.test");
    std::fs::write(world.server.state("known_hosts"), line).unwrap();
    let (resolv_conf, hosts) = (world.dir.path().join("resolv.conf"), world.dir.path().join("hosts"));
    std::fs::write(&resolv_conf, "nameserver 127.0.6.7\noptions timeout:30 attempts:3\n").unwrap();
    std::fs::write(&hosts, "127.0.6.6 good.test\n").unwrap();
    let collector = world.server.command("fleet-collector", &[]);
    let script = "mount --bind \"$1\" /etc/resolv.conf && mount --bind \"$2\" /etc/hosts && exec \"$3\"";
    let mut namespace = Command::new("unshare");
    namespace.args(["-m", "/bin/sh", "-c", script, "sh"]).arg(&resolv_conf).arg(&hosts).arg(collector.get_program());
    namespace.env_clear().envs(collector.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let began = Instant::now();
    harness::Finished::from(namespace.stdin(Stdio::null()).output().unwrap()).expect(3);
    assert!(began.elapsed() < harness::PATIENCE, "{:?}", began.elapsed());
    let kinds = world.server.sql("SELECT kind || ' ' || count(*) FROM outcome GROUP BY kind ORDER BY kind");
    (world, kinds)
}

#[test]
fn a_resolver_that_never_answers_holds_nobody_else_up() {
    let silent = UdpSocket::bind("127.0.6.7:53").unwrap();
    let (_, kinds) = visit_with_a_silent_resolver(400);
    assert_eq!(kinds, ["dns_failed 400", "ok 1"]);
    let mut query = [0; 512];
    assert!(silent.recv(&mut query).is_ok_and(|length| length > 0), "it was asked");

    // More names than there are threads to wait with: that is our fault and not that of the names.
    let (world, kinds) = visit_with_a_silent_resolver(600);
    assert_eq!(kinds, ["dns_failed 512", "internal 89"]);
    let details =
        world.server.sql("SELECT DISTINCT substr(detail, instr(detail, ': ')) FROM outcome WHERE kind = 'internal'");
    let told = ": this server is short of sockets, ports or threads: all its resolver threads wait for answers about \
                other names";
    assert_eq!(details, [told]);
}

#[test]
fn what_answers_instead_of_ssh_is_quoted() {
    let world = World::new(&[]);
    let doorman = Doorman::before(0, b"220 mail.example.org ESMTP\x1b[2J\r\n", usize::MAX);
    world.server.configure(&format!("<config>{}</config>", doorman.client(&world, "127.0.6.3")));
    world.server.collector(&[]).expect(3);
    assert_eq!(world.outcomes(), ["127.0.6.3 handshake_failed"]);
    let detail = world.server.value("SELECT detail FROM outcome");
    assert_eq!(detail, r#"no SSH server: it says "220 mail.example.org ESMTP\u{1b}[2J""#);
    assert_eq!(doorman.sent_away.load(Ordering::SeqCst), 1, "it is not asked again");

    // One that waits for us to speak is quoted too, when the time is over.
    let silent = TcpListener::bind("127.0.6.4:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        let (mut client, _) = silent.accept().unwrap();
        client.write_all(b"220 mail.example.org ESMTP\r\n").unwrap();
        drop(client.read_to_end(&mut Vec::new()));
    });
    world.server.configure(&format!(
        r#"<config><collector handshake-timeout="1s"/>
           <client ip="127.0.6.4" port="{port}" username="x" password="x"/></config>"#
    ));
    world.server.collector(&[]).expect(3);
    assert_eq!(world.outcomes(), ["127.0.6.4 handshake_failed"]);
    answering.join().unwrap();
}

#[test]
fn a_greeting_without_end_is_not_listened_to() {
    let world = World::new(&[]);
    for piece in [&[b'A'; 4096][..], &b"not yet\r\n".repeat(400)] {
        let listener = TcpListener::bind("127.0.6.5:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let piece = piece.to_vec();
        let talking = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut sent = 0_usize;
            while client.write_all(&piece).is_ok() {
                sent += piece.len();
            }
            sent
        });
        let client = format!(r#"<client ip="127.0.6.5" port="{port}" username="x" password="x"/>"#);
        world.server.configure(&format!("<config>{client}</config>"));
        world.server.collector(&[]).expect(3);
        assert_eq!(world.outcomes(), ["127.0.6.5 handshake_failed"]);
        // What the system's buffers take without anybody reading is all.
        assert!(talking.join().unwrap() < 16 << 20);
    }
}
