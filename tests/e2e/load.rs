//! Load made on purpose shows up in the right column, with the right size.
//!
//! Others may load the machine at the same time, so nothing is compared but with what the kernel said meanwhile.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use harness::{Reaped, eventually};

use crate::World;
use crate::compared::{busy_loop, cpu_ticks, meanwhile, range};

const HOST: &str = "127.0.42.1";
const BLOCK: u64 = 1 << 30;
/// What others may take or give back between two looks at all of memory.
const UNSEEN: f64 = (BLOCK / 4) as f64;

/// A program that has allocated and touched a block of memory.
fn block_of_memory() -> Reaped {
    let program = format!("block = b'x' * {BLOCK}; print('ready', flush=True); import signal; signal.pause()");
    let mut command = Command::new("python3");
    command.args(["-c", &program]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut process = Reaped::spawn(&mut command);
    let mut line = String::new();
    BufReader::new(process.stdout()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    process
}

fn number(world: &World, query: &str) -> f64 {
    world.server.value(query).parse().unwrap_or_else(|_| panic!("no number: {query}"))
}

/// The bytes behind this name in a file of lines such as `VmRSS:  12 kB`.
fn kilobytes(path: &str, name: &str) -> f64 {
    let text = fs::read_to_string(path).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    value.trim().strip_suffix(" kB").unwrap().parse::<f64>().unwrap() * 1024.0
}

/// Visits the host, and returns what memory was available by the kernel from the least to the most, after comparing
/// what the probe says of it with that.
fn visit(world: &World) -> (f64, f64) {
    let look = || kilobytes("/proc/meminfo", "MemAvailable");
    let (least, most) = range(meanwhile(look, || drop(world.server.collector(&[]).expect(0))));
    let told = number(world, "SELECT memory_available_bytes FROM latest");
    assert!((least - UNSEEN..=most + UNSEEN).contains(&told), "{told}, the kernel: {least} to {most}");
    (least, most)
}

#[test]
fn a_busy_loop_and_a_block_of_memory_are_seen_by_pid_and_in_the_sums() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    let (least_before, most_before) = visit(&world);
    let told_before = number(&world, "SELECT memory_available_bytes FROM latest");
    let busy = busy_loop();
    let block = block_of_memory();
    eventually("two seconds of CPU time", || cpu_ticks(&busy) >= 200);
    let ticks_before = cpu_ticks(&busy);
    let (least, most) = visit(&world);
    let ticks_after = cpu_ticks(&busy);

    let of = |column: &str, process: &Reaped| {
        number(&world, &format!("SELECT {column} FROM latest_process WHERE pid = {}", process.pid()))
    };
    // It began after the first visit, so all of its time lies in the window.
    let window_ms = number(&world, "SELECT process_window_ms FROM latest");
    let ticks = of("cpu_percent", &busy) / 100.0 * window_ms / 10.0;
    let possible = ticks_before as f64 - 1.0..=ticks_after as f64 + 1.0;
    assert!(possible.contains(&ticks), "{ticks} ticks, the kernel: {possible:?}");
    let resident = of("memory_bytes", &block);
    let by_kernel = kilobytes(&format!("/proc/{}/status", block.pid()), "VmRSS");
    // It waits for a signal and touches nothing. The kernel adds up in batches of pages.
    assert!(resident >= BLOCK as f64 && (resident - by_kernel).abs() < 1e6, "{resident}, the kernel: {by_kernel}");
    // On a machine with nothing else to do: three quarters of the block or more.
    let taken = told_before - number(&world, "SELECT memory_available_bytes FROM latest");
    let by_kernel = least_before - most - UNSEEN..=most_before - least + UNSEEN;
    assert!(by_kernel.contains(&taken), "{taken}, the kernel: {by_kernel:?}");
    assert_eq!(world.server.sql("SELECT DISTINCT arguments FROM latest_process"), [""], "nobody asked for them");
}
