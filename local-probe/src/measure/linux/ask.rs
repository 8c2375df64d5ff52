//! Asks mounts how full they are, by a process of its own that may hang in the place of this one.
//!
//! statvfs(2) on a dead NFS server, FUSE program or disk can sleep for ever, beyond the reach of a signal. A process
//! with such a thread never quite ends, and holds its files open: the SSH session of this one could not close. So
//! all mounts, those of local disks too, are asked by a child that holds two pipes and nothing of the session. It is
//! the same program, called with a word that is not in its help; it costs a millisecond of CPU time. This process
//! waits for what it tells, kills it, and goes on whether it has ended or not.

mod answer;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{self, Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

pub use answer::answer_for_mounts;
use answer::{ask_all, ask_one};

use super::holding::may_hang;
use super::mounts::Mount;

/// The word that makes this program the one that asks.
pub const ASK_MOUNTS: &str = "statfs";
/// The running program, also after its file was removed. A unit test's own program is the runner of all tests, which
/// must not be started by one of them: it asks by threads of its own, like a host that starts no child.
pub(super) const PROGRAM: &str = if cfg!(test) { "" } else { "/proc/self/exe" };
/// How long all mounts may take together. One that hangs is known after 1.6 s, so only a host on which the child
/// hardly comes to run takes this long: what it has not told by then is unknown, and does not count as hanging.
const BUDGET: Duration = Duration::from_secs(5);
/// How long a child may take to end when it is done or was killed.
const TO_END: Duration = Duration::from_millis(200);
/// Most bytes that a child may tell of one mount.
const LONGEST_LINE: u64 = 256;

/// What a mount answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Counts(Counts),
    /// An error by which neither is said how full it is nor that it is gone, such as a permission that is missing.
    Failed,
    /// An error by which its server, program or disk is gone.
    Broken,
    /// Nothing, for so long that it hangs.
    Hangs,
}

/// What statvfs(3) counts, in fragments and inodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) fragment_bytes: u64,
    pub(super) blocks: u64,
    pub(super) free: u64,
    pub(super) available: u64,
    pub(super) inodes: u64,
    pub(super) inodes_free: u64,
}

/// Questions that are under way.
pub(super) struct Asking {
    told: Receiver<(usize, Told)>,
    questions: usize,
    deadline: Instant,
    child: Option<Child>,
}

/// What came of them.
#[derive(Debug)]
pub(super) struct Answers {
    /// For each mount; nothing where it is not known, or the mount was not asked.
    pub(super) told: Vec<Option<Told>>,
    /// The process that hangs in the place of this one, if it could not be killed.
    pub(super) left_behind: Option<u32>,
}

impl Asking {
    /// Begins to ask each of them.
    pub(super) fn start(mounts: &[Mount]) -> Asking {
        let (send, told) = mpsc::channel();
        let questions = mounts.len();
        let mut asking = Asking { told, questions, deadline: Instant::now() + BUDGET, child: None };
        if questions > 0 {
            asking.child = start_child();
            // A host that gives no thread tells nothing. The child ends when nobody listens.
            drop(match asking.child.as_mut().and_then(|child| Some((child.stdin.take()?, child.stdout.take()?))) {
                Some((input, output)) => {
                    let points: Vec<Vec<u8>> = mounts.iter().map(|mount| mount.point.clone()).collect();
                    thread::Builder::new().spawn(move || converse(&points, input, output, &send))
                }
                // Without a child those that are likely to hang are not asked.
                None => {
                    let safe = mounts.iter().enumerate().filter(|(_, mount)| !may_hang(mount));
                    let (numbers, points) = safe.map(|(number, mount)| (number, mount.point.clone())).unzip();
                    thread::Builder::new().spawn(move || ask_here(points, numbers, &send))
                }
            });
        }
        asking
    }

    /// What was told within the budget. Nothing is waited for beyond it.
    pub(super) fn finish(mut self) -> Answers {
        let mut told = vec![None; self.questions];
        let mut open = self.questions;
        while open > 0 {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let Ok((number, answer)) = self.told.recv_timeout(left) else { break };
            if let Some(place) = told.get_mut(number).filter(|place| place.is_none()) {
                *place = Some(answer);
                open -= 1;
            }
        }
        let hangs = told.contains(&Some(Told::Hangs));
        let left_behind = match self.child.as_mut() {
            Some(child) => end(child, open > 0 || hangs).then_some(child.id()),
            // Threads that hang keep this process.
            None => hangs.then(process::id),
        };
        Answers { told, left_behind }
    }
}

fn start_child() -> Option<Child> {
    let mut command = Command::new(PROGRAM);
    command.arg(ASK_MOUNTS).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().ok()
}

/// Hands the child its questions and passes on what it tells, until it ends or says something else.
fn converse(points: &[Vec<u8>], mut input: impl Write, output: impl Read, send: &Sender<(usize, Told)>) {
    let questions: Vec<u8> = points.iter().flat_map(|point| point.iter().copied().chain([0])).collect();
    if input.write_all(&questions).is_err() {
        return;
    }
    drop(input);
    let mut output = BufReader::new(output.take(points.len() as u64 * LONGEST_LINE));
    let mut line = String::new();
    while output.read_line(&mut line).is_ok() {
        // What is cut off could be read as a smaller number.
        let Some(told) = line.strip_suffix('\n').and_then(parse) else { return };
        if send.send(told).is_err() {
            return;
        }
        line.clear();
    }
}

/// Asks those by threads of this process, and tells of each under its number.
fn ask_here(points: Vec<Vec<u8>>, numbers: Vec<usize>, send: &Sender<(usize, Told)>) {
    let passed_on = ask_all(points, ask_one, |at, told| {
        send.send((numbers[at], told)).map_err(|_gone| io::ErrorKind::BrokenPipe.into())
    });
    // Whoever asked has gone on without the rest.
    drop::<io::Result<()>>(passed_on);
}

/// Whether the child is still there, after a moment.
fn end(child: &mut Child, kill: bool) -> bool {
    if kill {
        // One that has just ended can't be killed, and need not be.
        drop(child.kill());
    }
    let began = Instant::now();
    while matches!(child.try_wait(), Ok(None)) {
        if began.elapsed() >= TO_END {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// One line of what a child tells.
fn line(number: usize, told: &Told) -> String {
    match told {
        Told::Counts(Counts { fragment_bytes, blocks, free, available, inodes, inodes_free }) => {
            format!("{number} {fragment_bytes} {blocks} {free} {available} {inodes} {inodes_free}\n")
        }
        Told::Failed => format!("{number} failed\n"),
        Told::Broken => format!("{number} broken\n"),
        Told::Hangs => format!("{number} hangs\n"),
    }
}

fn parse(line: &str) -> Option<(usize, Told)> {
    let (number, rest) = line.split_once(' ')?;
    let told = match rest {
        "failed" => Told::Failed,
        "broken" => Told::Broken,
        "hangs" => Told::Hangs,
        counts => {
            let counts: Vec<u64> = counts.split(' ').map(|count| count.parse().ok()).collect::<Option<_>>()?;
            let [fragment_bytes, blocks, free, available, inodes, inodes_free] = counts[..] else { return None };
            Told::Counts(Counts { fragment_bytes, blocks, free, available, inodes, inodes_free })
        }
    };
    Some((number.parse().ok()?, told))
}

#[cfg(test)]
mod tests {
    use super::super::mounts;
    use super::*;

    const COUNTS: Counts =
        Counts { fragment_bytes: 4096, blocks: u64::MAX, free: 3, available: 2, inodes: 1, inodes_free: 0 };

    #[test]
    fn what_a_child_tells_is_read_as_it_was_told_and_anything_else_ends_it() {
        for told in [Told::Counts(COUNTS), Told::Failed, Told::Broken, Told::Hangs] {
            assert_eq!(parse(line(17, &told).trim_end()), Some((17, told)));
        }
        for odd in ["", "1", "1 2 3 4 5 6", "1 2 3 4 5 6 7 8", "-1 failed", "1 2 3 4 5 6 -7", "1 fails", "1  hangs"] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_child_that_is_cut_off_or_talks_nonsense_is_believed_up_to_there() {
        let told = |output: &str| {
            let (send, receive) = mpsc::channel();
            let mut questions = Vec::new();
            converse(&[b"/a".to_vec(), b"/b".to_vec()], &mut questions, output.as_bytes(), &send);
            assert_eq!(questions, b"/a\0/b\0");
            drop(send);
            receive.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(told("1 failed\n0 hangs\n"), [(1, Told::Failed), (0, Told::Hangs)]);
        assert_eq!(told("1 failed\n0 hung\n0 failed\n"), [(1, Told::Failed)]);
        assert_eq!(told(&"1 failed\n".repeat(1000)).len(), 2 * 256 / "1 failed\n".len());
        assert_eq!(told("1 failed\n0 4096 9 8 7 6 5"), [(1, Told::Failed)]);
    }

    #[test]
    fn a_host_that_starts_no_child_is_asked_by_threads_for_all_that_is_not_likely_to_hang() {
        let list =
            b"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:9 / /proc rw - nfs4 a:/ rw\n3 1 8:3 / /none rw - xfs /dev/c rw";
        let asking = Asking::start(&mounts::parse(list));
        assert!(asking.child.is_none());
        let Answers { told, left_behind } = asking.finish();
        assert!(matches!(told[..], [Some(Told::Counts(_)), None, Some(Told::Failed)]), "{told:?}");
        assert_eq!(left_behind, None);
    }
}
