//! Load made on purpose shows up in the right column, with the right size.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use harness::{Reaped, eventually};

use crate::World;

const HOST: &str = "127.0.42.1";
const BLOCK: u64 = 1 << 30;

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
    world.server.value(query).parse().unwrap()
}

#[test]
fn a_busy_loop_and_a_block_of_memory_are_seen_by_pid_and_in_the_sums() {
    let world = World::new(&[HOST]);
    world.server.watch(&world.sshd, &[HOST], "");
    world.server.collector(&[]).expect(0);
    let available_before = number(&world, "SELECT memory_available_bytes FROM latest");
    let busy = Reaped::spawn(Command::new("/bin/sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()));
    let block = block_of_memory();
    let busy_ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", busy.pid())).unwrap();
        stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().nth(11).unwrap().parse::<u32>().unwrap()
    };
    eventually("two seconds of CPU time", || busy_ticks() >= 200);
    world.server.collector(&[]).expect(0);

    let of = |column: &str, process: &Reaped| {
        number(&world, &format!("SELECT {column} FROM latest_process WHERE pid = {}", process.pid()))
    };
    // It began after the first visit, so its share of the window is below that of the time since it began.
    let window_ms = number(&world, "SELECT process_window_ms FROM latest");
    let least = 2000.0 / window_ms * 100.0;
    let share = of("cpu_percent", &busy);
    assert!(share >= least - 1.0 && share <= 101.0, "{share} % of one CPU, at least {least}");
    let resident = of("memory_bytes", &block);
    let block_bytes = BLOCK as f64;
    assert!((block_bytes..block_bytes * 1.05).contains(&resident), "{resident}");
    let taken = available_before - number(&world, "SELECT memory_available_bytes FROM latest");
    assert!((block_bytes * 0.7..block_bytes * 1.6).contains(&taken), "{taken}");
    assert_eq!(world.server.sql("SELECT DISTINCT arguments FROM latest_process"), [""], "nobody asked for them");
}
