//! What stays on a host, and what becomes of it when it is damaged there; and what a flood from hosts costs here.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use harness::{Account, Behaviour, Home, HostileServer, Server, SshdOptions, USER, run, with_peak};

use crate::World;

/// The probe in the home of this address.
fn probe(world: &World, address: &str) -> PathBuf {
    let place = world.sshd.home(address).join(".cache/fleet-health");
    fs::canonicalize(place.join("fleet-probe")).unwrap()
}

/// A world of these accounts, each of them watched under its own name. /run is its own.
fn world_of(accounts: &[Account]) -> World {
    let prepare = Some("mount -t tmpfs -o mode=1777 tmpfs /run; mkdir /run/sshd".to_owned());
    let world = World::with(SshdOptions { accounts: accounts.to_vec(), prepare, ..SshdOptions::default() });
    let (port, identity) = (world.sshd.port, world.sshd.identity());
    let client = |account: &Account| {
        let (name, identity) = (&account.name, identity.display());
        format!(
            "<client name=\"{name}\" ip=\"127.0.0.1\" port=\"{port}\" username=\"{name}\" identity-file=\"{identity}\"/>"
        )
    };
    world.server.watch(&world.sshd, &["127.0.0.1"], "");
    world.server.configure(&format!("<config>{}</config>", accounts.iter().map(client).collect::<String>()));
    world
}

/// Every file in the homes of the accounts and in the places open to all, as the host sees them.
fn files(world: &World, accounts: &[Account]) -> BTreeSet<String> {
    let open = ["/var/tmp", "/dev/shm", "/run"].map(PathBuf::from);
    let homes = accounts.iter().map(|account| world.sshd.account_home(&account.name));
    let inside = open.into_iter().chain(homes).map(|place| world.sshd.seen_inside(&place));
    run(Command::new("find").args(inside)).lines().map(str::to_owned).collect()
}

#[test]
fn a_host_keeps_the_work_directory_and_nothing_else() {
    let mut accounts: Vec<Account> =
        [("b", "/bin/bash"), ("d", "/bin/dash"), ("t", "/usr/bin/tcsh"), ("z", "/usr/bin/zsh")]
            .map(|(name, shell)| Account::new(name, shell))
            .into();
    // Homes that are refused after something was made in them.
    for (name, home) in [("n", "noexec"), ("f", "size=64k"), ("i", "nr_inodes=3")] {
        accounts.push(Account { home: Home::Tmpfs(home), ..Account::new(name, "/bin/dash") });
    }
    let world = world_of(&accounts);
    let before = files(&world, &accounts);
    for _ in 0..2 {
        world.server.collector(&[]).expect(0);
    }
    let after = files(&world, &accounts);
    let new: Vec<&String> = after.difference(&before).collect();
    let in_home = |path: &str| path.ends_with("/.cache") || path.contains("/.cache/fleet-health");
    let ours = |path: &str| {
        let whole = ["b", "d", "t", "z"].iter().any(|name| path.contains(&format!("/homes/{name}/")));
        if whole { in_home(path) } else { path.contains("/var/tmp/fleet-health.") }
    };
    assert_eq!(new.iter().find(|path| !ours(path)), None);
    let probes = |at: &str| new.iter().filter(|path| path.contains(at) && path.contains("/probe-")).count();
    assert_eq!((probes("/homes/"), probes("/var/tmp/")), (4, 3), "the search finds what is there");
}

#[test]
fn where_uploads_fail_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    run(Command::new("chmod").arg("755").arg(dir.path()));
    // As with a quota in the home, of which df knows nothing.
    let dd = dir.path().join("dd");
    fs::write(&dd, "#!/bin/sh\ncase $* in */homes/*) exec head -c 1000 > ${2#of=} ;; esac\nexec /bin/dd \"$@\"\n")
        .unwrap();
    fs::set_permissions(&dd, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("export PATH={}:/usr/bin:/bin\n", dir.path().display());
    let mut account = Account::new("q", "/bin/bash");
    account.files.push((".bashrc".to_owned(), path.into_bytes()));
    let accounts = [account];
    let world = world_of(&accounts);
    let before = files(&world, &accounts);
    world.server.collector(&[]).expect(0);
    let detail = world.server.value("SELECT detail FROM outcome");
    assert_eq!(detail.matches("1000 of ").count(), 2, "{detail}");
    let after = files(&world, &accounts);
    let new: Vec<&String> = after.difference(&before).collect();
    assert_eq!(new.iter().find(|path| !path.contains("/var/tmp/fleet-health.")), None);
    assert!(new.iter().any(|path| path.contains("/probe-")), "the search finds what is there");
}

#[test]
fn a_probe_damaged_on_the_host_is_replaced_in_the_next_visit() {
    let world = World::new(&["127.0.3.30"]);
    world.server.watch(&world.sshd, &["127.0.3.30"], "");
    world.server.collector(&[]).expect(0);
    let probe = probe(&world, "127.0.3.30");
    let whole = fs::read(&probe).unwrap();
    let with = |at: usize| {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        damaged
    };
    // The magic, the machine, the entry point, the program headers; and cut short.
    let damages =
        [with(0), with(18), with(26), with(33), whole[..whole.len() / 2].to_vec(), whole[..100].to_vec(), Vec::new()];
    for (number, damaged) in damages.iter().enumerate() {
        fs::write(&probe, damaged).unwrap();
        world.server.collector(&[]).expect(0);
        assert!(fs::read(&probe).unwrap() == whole, "damage {number}");
        assert_eq!(world.samples(), number + 2);
    }
}

#[test]
fn a_probe_version_that_nobody_used_for_a_week_is_removed() {
    let world = World::new(&["127.0.3.31"]);
    world.server.watch(&world.sshd, &["127.0.3.31"], "");
    world.server.collector(&[]).expect(0);
    let place = world.sshd.home("127.0.3.31").join(".cache/fleet-health");
    let old = |digit: &str, days: u32| {
        let path = place.join(format!("probe-{}", digit.repeat(64)));
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        run(Command::new("chown").arg("--reference").arg(&place).arg(&path));
        run(Command::new("touch").args(["-a", "-m", "-d", &format!("{days} days ago")]).arg(&path));
        path
    };
    let (unused, recent) = (old("a", 8), old("b", 3));
    world.server.collector(&[]).expect(0);
    assert!(!unused.exists());
    assert!(recent.exists());
}

#[test]
fn sixty_four_hosts_that_push_as_fast_as_they_can_cost_less_than_128_mib() {
    const MIB: u64 = 1024 * 1024;
    let floods = [Behaviour::EndlessOutput, Behaviour::EndlessErrors, Behaviour::EndlessAnswer, Behaviour::EndlessLine];
    let dir = tempfile::tempdir().unwrap();
    let hosts = HostileServer::start(&dir.path().join("hosts"), &floods.repeat(16));
    let server = Server::new(&dir.path().join("server"));
    let identity = hosts.identity();
    let client = |(ip, behaviour): (String, Behaviour)| {
        let (identity, port) = (identity.display(), hosts.port);
        format!(
            "<client name=\"{behaviour:?}-{ip}\" ip=\"{ip}\" port=\"{port}\" username=\"{USER}\" identity-file=\"{identity}\"/>\n"
        )
    };
    let clients: String = hosts.addresses().map(client).collect();
    server.configure(&format!("<config>\n<collector command-timeout=\"20s\"/>\n{clients}</config>\n"));
    let known: String = hosts.addresses().map(|(ip, _)| hosts.known_hosts_line(&ip, hosts.port)).collect();
    fs::write(server.state("known_hosts"), known).unwrap();

    let command = server.command("fleet-collector", &[]);
    let (status, peak) = with_peak(&command, |run| {
        run.stdout(Stdio::null()).stderr(Stdio::null());
    });
    assert_eq!(status.code(), Some(3));
    println!("peak: {} MiB", peak / MIB);
    assert!(peak < 128 * MIB, "{} MiB", peak / MIB);
    // Each of them flooded us, and was cut off for it.
    let each = server.sql(
        "SELECT substr(host.name, 1, instr(host.name, '-') - 1) || ' ' || kind || ' ' || count(*) FROM outcome
         JOIN host ON host.id = host_id GROUP BY substr(host.name, 1, instr(host.name, '-') - 1), kind ORDER BY 1",
    );
    let expected = [
        "EndlessAnswer command_timeout 16",
        "EndlessErrors shell_unusable 16",
        "EndlessLine handshake_failed 16",
        "EndlessOutput shell_unusable 16",
    ];
    assert_eq!(each, expected);
}
