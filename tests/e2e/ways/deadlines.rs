//! Deadlines and places on each hop.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use collector::run::HostReport;
use harness::{SshdOptions, USER, fill_queue};
use tokio_util::sync::CancellationToken;

use super::{Watched, behind, visit};

/// Long enough for healthy hosts on a busy machine.
const SHORT: Duration = Duration::from_secs(3);

/// A listener that accepts and says nothing.
fn mute(address: &str) -> (TcpListener, u16) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn a_silent_host_behind_a_jump_host_ends_at_the_deadline_of_its_dial() {
    let mut watched = Watched::new();
    let gate = watched.bastion("gate");
    let deep = watched.sshd("deep", SshdOptions::default());
    let (silent, port) = mute("127.0.5.31");
    let _full_queue = fill_queue(silent.local_addr().unwrap());
    watched.add_direct("gate", &gate, "127.0.5.30");
    watched.add("silent", &deep, ("127.0.5.31", port));
    watched.add_behind("good", &deep, "127.0.5.32");
    let mut setting = watched.setting(behind("gate"));
    setting.config.collector.deadlines.dial = SHORT;
    let outcomes = visit(&setting);
    let told = format!("connect_timeout: 127.0.5.31 port {port}, by way of gate: no answer within 3 s");
    assert_eq!(outcomes["silent"], told);
    assert_eq!([&outcomes["gate"], &outcomes["good"]], ["ok"; 2]);
}

#[test]
fn silent_hosts_behind_a_jump_host_hold_no_job() {
    let mut watched = Watched::new();
    let gate = watched.bastion("gate");
    let deep = watched.sshd("deep", SshdOptions::default());
    let (silent, port) = mute("127.0.5.43");
    let _full_queue = fill_queue(silent.local_addr().unwrap());
    watched.add_direct("gate", &gate, "127.0.5.42");
    for name in ["silent1", "silent2", "silent3"] {
        watched.add(name, &deep, ("127.0.5.43", port));
    }
    watched.add_behind("good", &deep, "127.0.5.44");
    let mut setting = watched.setting(behind("gate"));
    setting.config.collector.deadlines.dial = SHORT;
    setting.jobs = Some(1);
    let order = Arc::new(Mutex::new(Vec::new()));
    let hears = order.clone();
    let observer = Arc::new(move |report: &HostReport| hears.lock().unwrap().push(report.host.to_string()));
    let run = setting.prepare().unwrap().execute(CancellationToken::new(), observer);
    tokio::runtime::Runtime::new().unwrap().block_on(run).unwrap();
    let order = order.lock().unwrap();
    assert_eq!(order.len(), 5);
    assert!(order[..2].contains(&"good".to_owned()), "{order:?}");
}

#[test]
fn a_mute_jump_host_ends_at_the_deadline_of_its_handshake_for_all_behind_it() {
    let mut watched = Watched::new();
    let deep = watched.sshd("deep", SshdOptions::default());
    let (_gate, port) = mute("127.0.5.33");
    watched.add("gate", &deep, ("127.0.5.33", port));
    watched.known_hosts += &format!("[127.0.5.33]:{port} {}", deep.host_key());
    watched.add_behind("deep1", &deep, "127.0.5.34");
    watched.add_behind("deep2", &deep, "127.0.5.35");
    let mut setting = watched.setting(behind("gate"));
    setting.config.collector.deadlines.handshake = SHORT;
    let outcomes = visit(&setting);
    assert_eq!(outcomes["gate"], "handshake_timeout: no SSH handshake within 3 s");
    for host in ["deep1", "deep2"] {
        let told = "jump_failed: jump host gate: handshake_timeout: no SSH handshake within 3 s";
        assert_eq!(outcomes[host], told);
    }
}

#[test]
fn a_mute_jump_host_behind_a_jump_host_is_the_one_that_is_named() {
    let mut watched = Watched::new();
    let outer = watched.bastion("outer");
    let deep = watched.sshd("deep", SshdOptions::default());
    let (_inner, port) = mute("127.0.5.37");
    watched.add_direct("outer", &outer, "127.0.5.36");
    watched.add("inner", &deep, ("127.0.5.37", port));
    watched.known_hosts += &format!("inner {}", deep.host_key());
    watched.add_behind("deep", &deep, "127.0.5.38");
    let mut setting = watched.setting(|host| {
        let jump = match host.name.as_str() {
            "inner" => "outer",
            "deep" => "inner",
            _ => return,
        };
        host.jump = Some(jump.parse().unwrap());
    });
    setting.config.collector.deadlines.handshake = SHORT;
    let outcomes = visit(&setting);
    assert_eq!(outcomes["outer"], "ok");
    assert_eq!(outcomes["inner"], "handshake_timeout: no SSH handshake within 3 s");
    let told = "jump_failed: jump host inner: handshake_timeout: no SSH handshake within 3 s";
    assert_eq!(outcomes["deep"], told);
}

#[test]
fn more_hosts_at_once_than_a_jump_host_has_descriptors_are_all_connected_to() {
    let mut watched = Watched::new();
    let prepare = Some("ulimit -n 300".to_owned());
    let gate = watched.sshd("gate", SshdOptions { forwards: true, prepare, ..SshdOptions::default() });
    let (listener, port) = mute("127.0.5.40");
    let connected = Arc::new(AtomicUsize::new(0));
    let count = connected.clone();
    // Ends with the test process.
    std::thread::spawn(move || {
        for client in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            let mut client: TcpStream = client.unwrap();
            std::thread::spawn(move || drop(client.read_to_end(&mut Vec::new())));
        }
    });
    watched.add_direct("gate", &gate, "127.0.5.39");
    for number in 0..400 {
        watched.add(&format!("deep{number}"), &gate, ("127.0.5.40", port));
    }
    let mut setting = watched.setting(behind("gate"));
    setting.jobs = Some(400);
    setting.config.collector.deadlines.handshake = SHORT;
    let mut outcomes = visit(&setting);
    assert_eq!(outcomes.remove("gate").as_deref(), Some("ok"));
    let others: Vec<_> = outcomes.values().filter(|outcome| !outcome.starts_with("handshake_timeout")).collect();
    assert_eq!((outcomes.len(), others), (400, Vec::new()));
    assert_eq!(connected.load(Ordering::SeqCst), 400);
}

#[test]
fn the_line_to_try_by_hand_goes_all_the_way_also_for_a_jump_host() {
    let mut watched = Watched::new();
    let (outer, inner) = (watched.bastion("outer"), watched.bastion("inner"));
    watched.add_direct("outer", &outer, "127.0.5.44");
    // The wrong key.
    watched.add("inner", &outer, ("127.0.5.45", inner.port));
    watched.known_hosts += &format!("inner {}", inner.host_key());
    watched.add_behind("deep", &inner, "127.0.5.46");
    let setting = watched.setting(|host| match host.name.as_str() {
        "inner" => host.jump = Some("outer".parse().unwrap()),
        "deep" => host.jump = Some("inner".parse().unwrap()),
        _ => {}
    });
    let outcomes = visit(&setting);
    let by_hand = format!("by hand: ssh -J {USER}@127.0.5.44:{} -p {} -i ", outer.port, inner.port);
    assert!(outcomes["deep"].starts_with("jump_failed: jump host inner: auth_failed"), "{outcomes:?}");
    assert!(outcomes["deep"].contains(&by_hand) && outcomes["inner"].contains(&by_hand), "{outcomes:?}");
}
