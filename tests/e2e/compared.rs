//! What the probe says, beside what other programs say of the same host at the same moment.
//!
//! `cargo test -p tests --test e2e -- --nocapture compared::` prints the table that stands in the documentation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use harness::{NodeExporter, Reaped, Scrape, eventually, run};
use sample::{Baseline, Counters};

use crate::World;

const HOST: &str = "127.0.41.1";
const TICKS_PER_SECOND: u64 = 100;
/// A name that no other process of this machine has.
const CROWD: &str = "fleet-crowd";

/// What goes up and down: others at work on this machine may move it both ways during one visit.
struct Look {
    /// Mount point to (used, available) in bytes, by `df`.
    df: BTreeMap<String, (f64, f64)>,
    /// The line `Mem:` of `free -b`.
    free: Vec<f64>,
    loads: Vec<f64>,
}

impl Look {
    fn take() -> Look {
        let numbers = |line: &str| line.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
        let df = run(Command::new("df").args(["-P", "-B1", "-x", "tmpfs"]));
        let mounts = df.lines().skip(1).map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
        let free = run(Command::new("free").arg("-b"));
        Look {
            df: mounts.map(|word| (word[5].to_owned(), (word[2].parse().unwrap(), word[3].parse().unwrap()))).collect(),
            free: numbers(free.lines().find(|line| line.starts_with("Mem:")).unwrap()),
            loads: numbers(&fs::read_to_string("/proc/loadavg").unwrap()),
        }
    }
}

/// Looks again and again, first before it happens and last after it.
pub(crate) fn meanwhile<T>(look: impl Fn() -> T, happens: impl FnOnce() + Send) -> Vec<T> {
    thread::scope(|scope| {
        let mut seen = vec![look()];
        let happening = scope.spawn(happens);
        while !happening.is_finished() {
            seen.push(look());
            thread::park_timeout(Duration::from_millis(20));
        }
        happening.join().unwrap();
        seen.push(look());
        seen
    })
}

/// The least and the most of these.
pub(crate) fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    values.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), one| (least.min(one), most.max(one)))
}

/// What others said just before a visit, or just after it.
struct Others {
    uptime: f64,
    /// `cpu some` to its total in microseconds, and so on.
    pressure: BTreeMap<String, f64>,
    node: Scrape,
}

impl Others {
    fn ask(exporter: &NodeExporter) -> Others {
        let uptime = run(Command::new("cat").arg("/proc/uptime"));
        Others {
            uptime: uptime.split_ascii_whitespace().next().unwrap().parse().unwrap(),
            pressure: ["cpu", "memory", "io"].into_iter().flat_map(pressure).collect(),
            node: exporter.scrape(),
        }
    }
}

fn pressure(what: &str) -> Vec<(String, f64)> {
    let text = fs::read_to_string(format!("/proc/pressure/{what}")).unwrap();
    let total = |line: &str| line.rsplit_once("total=").unwrap().1.parse().unwrap();
    text.lines().map(|line| (format!("{what} {}", line.split(' ').next().unwrap()), total(line))).collect()
}

/// The probe's values, the others' before and after, and how far outside of these they may lie.
struct Table {
    rows: String,
    wrong: Vec<String>,
}

impl Table {
    /// A value that changes while it is looked at lies between what was seen before and after, in either direction.
    fn compare(&mut self, what: &str, probe: f64, (other, before, after): (&str, f64, f64), allowed: f64) {
        let (low, high) = (before.min(after), before.max(after));
        let off = (low - probe).max(probe - high).max(0.0);
        writeln!(self.rows, "| {what} | {probe:.2} | {other} | {before:.2} – {after:.2} | {off:.2} | {allowed} |")
            .unwrap();
        // `contains` and not a comparison alone: a value that is no number is wrong.
        if !(0.0..=allowed).contains(&off) {
            self.wrong.push(format!("{what}: {probe}, {other}: {before} – {after}"));
        }
    }
}

/// A program that keeps one CPU busy. It goes before others who want that too, by so much that it has more than half
/// of a CPU beside ten of them, and not by so much that two such loops would stop all else.
pub(crate) fn busy_loop() -> Reaped {
    // The kernel shares CPUs among sessions first (sched(7), autogroups), where it was built to.
    let script = "[ ! -e /proc/$$/autogroup ] || echo -10 > /proc/$$/autogroup; while :; do :; done";
    Reaped::spawn(Command::new("nice").args(["-n", "-10", "setsid", "/bin/sh", "-c", script]).stdin(Stdio::null()))
}

/// What it has used, in ticks.
pub(crate) fn cpu_ticks(process: &Reaped) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.pid())).unwrap();
    let after_name: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().collect();
    after_name[11].parse::<u64>().unwrap() + after_name[12].parse::<u64>().unwrap()
}

#[test]
fn the_probe_says_what_df_free_uptime_nproc_ps_the_kernel_and_node_exporter_say() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], &format!("<defaults><process name=\"{CROWD}\"/></defaults>"));
    let sleep = world.dir.path().join(CROWD);
    symlink("/bin/sleep", &sleep).unwrap();
    let _crowd: Vec<_> = (0..5).map(|_| Reaped::spawn(Command::new(&sleep).arg("600"))).collect();
    let exporter = NodeExporter::start();
    let busy = busy_loop();
    let before_first = exporter.scrape();
    world.server.collector(&[]).expect(0);
    let after_first = exporter.scrape();
    eventually("three seconds of CPU time", || cpu_ticks(&busy) >= 3 * TICKS_PER_SECOND);
    let before = Others::ask(&exporter);
    let seen = meanwhile(Look::take, || drop(world.server.collector(&[]).expect(0)));
    let after = Others::ask(&exporter);

    let mut table = Table { rows: String::new(), wrong: Vec::new() };
    steady(&world, &before, &after, &mut table);
    disks(&world, &seen, (&before, &after), &mut table);
    memory_and_load(&world, &seen, (&before, &after), &mut table);
    // The visits themselves are busier than the time between them; the probe looks within each of them.
    let inner = busy_percent(&after_first, &before.node);
    let outer = busy_percent(&before_first, &after.node);
    table.compare("CPU busy, %", latest(&world, "cpu_percent"), ("node_exporter", inner, outer), 3.0);
    assert_eq!(latest(&world, "cpu_is_spot"), 0.0);
    let baseline = Baseline::decode(&world.server.value("SELECT counters FROM baseline")).unwrap();
    counters(baseline.counters(), &before, &after, &mut table);
    println!(
        "| value | probe | other | before – after | outside by | allowed |\n|---|---|---|---|---|---|\n{}",
        table.rows
    );
    assert_eq!(table.wrong, Vec::<String>::new());
}

fn latest(world: &World, column: &str) -> f64 {
    world.server.value(&format!("SELECT {column} FROM latest")).parse().unwrap_or(f64::NAN)
}

fn steady(world: &World, before: &Others, after: &Others, table: &mut Table) {
    let uptime = ("uptime", before.uptime, after.uptime);
    table.compare("uptime, s", latest(world, "uptime_seconds"), uptime, 1.0);
    let cpus: f64 = run(&mut Command::new("nproc")).trim().parse().unwrap();
    table.compare("logical CPUs", latest(world, "logical_cpus"), ("nproc", cpus, cpus), 0.0);
    let listed = run(Command::new("ps").args(["-C", CROWD, "-o", "pid="])).lines().count() as f64;
    let counted = world.server.value("SELECT count FROM latest_wanted_process").parse().unwrap();
    table.compare("processes of one name", counted, ("ps -C", listed, listed), 0.0);
    let handles = |others: &Others| others.node.value("node_filefd_allocated");
    // The visit itself opens some.
    let by_node = ("node_exporter", handles(before), handles(after));
    table.compare("file handles", latest(world, "file_handles_used"), by_node, 500.0);
}

fn disks(world: &World, seen: &[Look], (before, after): (&Others, &Others), table: &mut Table) {
    let mounts = world.server.sql("SELECT mount, used_percent, avail_bytes FROM latest_filesystem");
    assert!(mounts.iter().any(|line| line.starts_with("/|")), "{mounts:?}");
    for line in mounts {
        let [mount, percent, avail] = line.split('|').collect::<Vec<_>>().try_into().unwrap();
        let by_df: Vec<(f64, f64)> = seen.iter().filter_map(|look| look.df.get(mount).copied()).collect();
        // Some are in the namespace of the sshd alone.
        if by_df.is_empty() {
            continue;
        }
        let (least, most) = range(by_df.iter().map(|(used, avail)| used / (used + avail) * 100.0));
        table.compare(&format!("disk {mount}, %"), percent.parse().unwrap(), ("df -P", least, most), 0.05);
        let gib = f64::from(1 << 30);
        let by_mount = format!("mountpoint=\"{mount}\"");
        let by_node = [before, after].map(|others| others.node.sum("node_filesystem_avail_bytes", &[&by_mount]) / gib);
        let (least, most) = range(by_node.into_iter().chain(by_df.iter().map(|(_, avail)| avail / gib)));
        let by_node = ("node_exporter, df", least, most);
        table.compare(&format!("disk {mount}, GiB available"), avail.parse::<f64>().unwrap() / gib, by_node, 0.01);
    }
}

fn memory_and_load(world: &World, seen: &[Look], (before, after): (&Others, &Others), table: &mut Table) {
    let by_free = seen.iter().map(|look| (look.free[0] - look.free[5]) / look.free[0] * 100.0);
    let by_node = [before, after].map(|others| {
        let total = others.node.value("node_memory_MemTotal_bytes");
        (total - others.node.value("node_memory_MemAvailable_bytes")) / total * 100.0
    });
    let used = latest(world, "memory_used_percent");
    let (least, most) = range(by_free.clone());
    table.compare("memory used, %", used, ("free -b", least, most), 1.0);
    let (least, most) = range(by_node.into_iter().chain(by_free));
    table.compare("memory used, %", used, ("node_exporter, free", least, most), 1.0);
    // The kernel makes new ones every five seconds, so none is missed, and each of a visit is among those seen.
    for (index, column) in ["load1", "load5", "load15"].into_iter().enumerate() {
        let (least, most) = range(seen.iter().map(|look| look.loads[index]));
        table.compare(column, latest(world, column), ("/proc/loadavg", least, most), 0.0);
    }
}

/// Between two scrapes, as node_exporter's own dashboards and ours count it: all but idle and iowait.
fn busy_percent(before: &Scrape, after: &Scrape) -> f64 {
    let grown =
        |labels: &[&str]| after.sum("node_cpu_seconds_total", labels) - before.sum("node_cpu_seconds_total", labels);
    let idle = grown(&[r#"mode="idle""#]) + grown(&[r#"mode="iowait""#]);
    (1.0 - idle / grown(&[])) * 100.0
}

/// Counters only grow: each lies between what was seen before the visit and after it.
fn counters(counters: &Counters, before: &Others, after: &Others, table: &mut Table) {
    let cpu = counters.cpu.as_ref().unwrap();
    let modes =
        [("user", cpu.user), ("nice", cpu.nice), ("system", cpu.system), ("idle", cpu.idle), ("steal", cpu.steal)];
    for (mode, ticks) in modes {
        let label = format!("mode=\"{mode}\"");
        let seconds = |others: &Others| others.node.sum("node_cpu_seconds_total", &[&label]);
        let by_node = ("node_exporter", seconds(before), seconds(after));
        // Each CPU's share of a tick is cut off.
        table.compare(&format!("CPU {mode}, s"), ticks as f64 / TICKS_PER_SECOND as f64, by_node, 0.05);
    }
    let stalls = counters.pressure.as_ref().unwrap();
    let stalls = [
        ("cpu some", stalls.cpu_some_us),
        ("memory some", stalls.memory_some_us),
        ("memory full", stalls.memory_full_us),
        ("io some", stalls.io_some_us),
        ("io full", stalls.io_full_us),
    ];
    for (name, total) in stalls {
        let by_kernel = ("/proc/pressure", before.pressure[name], after.pressure[name]);
        table.compare(&format!("pressure {name}, µs"), total.unwrap() as f64, by_kernel, 0.0);
    }
    let single = [
        ("OOM kills", counters.oom_kills, "node_vmstat_oom_kill"),
        ("TCP listen drops", counters.listen_drops, "node_netstat_TcpExt_ListenDrops"),
    ];
    for (what, count, name) in single {
        let by_node = ("node_exporter", before.node.value(name), after.node.value(name));
        table.compare(what, count.unwrap() as f64, by_node, 0.0);
    }
    devices(counters, before, after, table);
}

fn devices(counters: &Counters, before: &Others, after: &Others, table: &mut Table) {
    let mut compare = |device: &str, what: &str, count: u64, name: &str| {
        let name = format!("{name}{{device=\"{device}\"}}");
        let by_node = ("node_exporter", before.node.value(&name), after.node.value(&name));
        table.compare(&format!("{device} {what}"), count as f64, by_node, 0.0);
    };
    let disks = counters.disks.as_ref().unwrap();
    assert!(!disks.is_empty());
    for disk in disks {
        compare(&disk.name, "reads", disk.reads, "node_disk_reads_completed_total");
        compare(&disk.name, "writes", disk.writes, "node_disk_writes_completed_total");
        compare(&disk.name, "bytes read", disk.read_bytes, "node_disk_read_bytes_total");
        compare(&disk.name, "bytes written", disk.written_bytes, "node_disk_written_bytes_total");
    }
    for interface in counters.interfaces.as_ref().unwrap() {
        let of = |what: &str| format!("node_network_{what}_total");
        compare(&interface.name, "bytes received", interface.received_bytes, &of("receive_bytes"));
        compare(&interface.name, "bytes sent", interface.sent_bytes, &of("transmit_bytes"));
        compare(&interface.name, "receive errors", interface.received_errors, &of("receive_errs"));
        compare(&interface.name, "receive drops", interface.received_dropped, &of("receive_drop"));
    }
}
