//! Real programs that end well, badly, late and never.

use std::fs;

use rustix::process::kill_process;
use rustix::time::{ClockId, Timespec, clock_gettime};

use super::*;

fn shell(script: &str, limit_ms: u64, most: usize) -> Ended {
    let mut sh = command(Path::new("/bin/sh"));
    run(sh.args(["-c", script]), Instant::now() + Duration::from_millis(limit_ms), most)
}

/// Whether a process is there and has not ended: nobody may be there to take note of its end.
fn is_alive(number: &str) -> bool {
    fs::read_to_string(format!("/proc/{number}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn end(number: &str) {
    // With nobody to read its pipe it may have ended by itself.
    kill_process(Pid::from_raw(number.parse().unwrap()).unwrap(), Signal::KILL).unwrap_or_default();
}

/// Longer than anything here takes that is not held up.
const LONG: u64 = 20_000;

#[test]
fn a_program_is_told_by_its_status_and_what_it_printed() {
    let ended = shell("echo out; echo err >&2; exit 3", LONG, 100);
    assert!(matches!(ended.how, How::Exited(3)), "{ended:?}");
    assert_eq!((&ended.output[..], ended.whole, &ended.complaint[..]), (&b"out\n"[..], true, &b"err\n"[..]));
    assert_eq!(ended.answer(), None);
    assert_eq!(shell("echo fine", LONG, 100).answer().unwrap(), b"fine\n");
    assert!(matches!(shell("kill -9 $$", LONG, 100).how, How::Signalled(9)));
    assert!(matches!(run(&mut command(Path::new("/no/such")), Instant::now(), 9).how, How::Failed(_)));
}

#[test]
fn a_program_gets_nothing_of_the_visit() {
    let ended = shell("env | sort; pwd; readlink /proc/self/fd/0", LONG, 1000);
    let said = String::from_utf8(ended.output).unwrap();
    assert_eq!(said, "LC_ALL=C\nPATH=/usr/bin:/bin:/usr/sbin:/sbin\nPWD=/\n/\n/dev/null\n");
    let spool = tempfile::NamedTempFile::new().unwrap();
    let ended = shell("for fd in /proc/$$/fd/*; do readlink $fd; done", LONG, 10_000);
    let open = String::from_utf8(ended.output).unwrap();
    assert!(open.contains("/dev/null\n") && !open.contains(spool.path().to_str().unwrap()), "{open}");
}

#[test]
fn one_that_ignores_being_asked_to_end_is_killed_in_time_with_what_it_started() {
    let ended = shell("trap '' TERM; sleep 1000 & echo $!; echo begun >&2; while :; do wait; done", 1000, 100);
    assert!(matches!(ended.how, How::Overdue), "{ended:?}");
    assert_eq!(ended.complaint, b"begun\n");
    assert!(ended.took < Duration::from_secs(10), "{ended:?}");
    let child = String::from_utf8(ended.output).unwrap().trim().to_owned();
    let began = Instant::now();
    while is_alive(&child) {
        assert!(began.elapsed() < Duration::from_secs(20), "{child} lives on");
        thread::yield_now();
    }
}

#[test]
fn one_that_has_ended_is_not_waited_for_because_something_it_left_holds_the_pipe() {
    let began = Instant::now();
    let ended = shell("(sleep 30 & echo $! >&2); echo done", LONG, 100);
    assert!(matches!(ended.how, How::Exited(0)), "{ended:?}");
    assert_eq!(ended.output, b"done\n");
    assert!(began.elapsed() < Duration::from_secs(15));
    let left = String::from_utf8(ended.complaint).unwrap().trim().to_owned();
    assert!(is_alive(&left), "it ended by itself, so what it left is its own affair");
    end(&left);
}

#[test]
fn a_flood_is_cut_and_one_without_end_is_ended() {
    let long = shell("head -c 3000000 /dev/zero", LONG, 1000);
    assert!(matches!(long.how, How::Exited(0)), "{:?}", long.how);
    assert_eq!((long.output.len(), long.whole), (1000, false));
    let endless = shell("cat /dev/zero & cat /dev/zero >&2", 1000, 1000);
    assert!(matches!(endless.how, How::Overdue), "{:?}", endless.how);
    assert_eq!((endless.output.len(), endless.complaint.len()), (1000, MOST_COMPLAINT));
}

#[test]
fn a_flood_costs_next_to_nothing() {
    let before = clock_gettime(ClockId::ThreadCPUTime);
    let ended = shell("exec cat /dev/zero", 1000, 1000);
    let after = clock_gettime(ClockId::ThreadCPUTime);
    assert!(matches!(ended.how, How::Overdue) && !ended.whole, "{:?}", ended.how);
    let nanoseconds = |time: Timespec| time.tv_sec * 1_000_000_000 + time.tv_nsec;
    let took = nanoseconds(after) - nanoseconds(before);
    assert!(took < 30_000_000, "{took} ns of CPU time");
}

#[test]
fn one_that_ends_and_leaves_a_flood_behind_has_ended() {
    let ended = shell("cat /dev/zero & echo $! >&2", LONG, 1000);
    assert!(matches!(ended.how, How::Exited(0)), "{:?}", ended.how);
    end(String::from_utf8(ended.complaint).unwrap().trim());
}

#[test]
fn one_that_closes_its_output_is_still_waited_for() {
    let ended = shell("exec >&- 2>&-; sleep 0.2; exit 2", LONG, 1000);
    assert!(matches!(ended.how, How::Exited(2)), "{ended:?}");
}

#[test]
fn work_that_hangs_is_not_waited_for_beyond_its_time() {
    let (never, wait) = mpsc::channel::<()>();
    let pending = Pending::begin(Instant::now(), move || wait.recv().is_ok());
    assert_eq!(pending.finish(), None);
    drop(never);
    assert_eq!(Pending::begin(Instant::now() + DYING, || 5).finish(), Some(5));
}

#[test]
fn a_line_is_cut_and_has_no_control_characters() {
    assert_eq!(line(" a\tb\u{1b}[31m\0\n", 100), "a b\u{fffd}[31m\u{fffd}");
    assert_eq!(line(&"é".repeat(1000), 5), "éé");
    assert_eq!(line(&"\0".repeat(1000), 5), "\u{fffd}");
}

#[test]
fn programs_are_found_in_the_systems_own_places_alone() {
    assert_eq!(find(&Tree::live(), "sh").unwrap(), Path::new("/usr/bin/sh"));
    assert_eq!(find(&Tree::live(), "no-such-program"), None);
    assert_eq!(find(&Tree::of("none"), "sh"), None);
}
