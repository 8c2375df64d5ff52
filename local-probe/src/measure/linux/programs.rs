//! Runs programs of the host, with an end in sight: whatever a program does, nobody waits for it beyond its time.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use sample::Timestamp;

use super::Tree;

mod hanging;

pub(super) use hanging::Keeper;

/// Where programs of the host are looked for: not where an account's PATH may lead.
const FOLDERS: [&str; 4] = ["usr/bin", "bin", "usr/sbin", "sbin"];
/// What they get as their own PATH.
const PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin";
/// How long a program is left alone between two looks at it, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// How long a killed program may take to go. One that waits for a disk stays, and is left to init.
const DYING: Duration = Duration::from_millis(100);
/// How much of standard error is kept.
const MOST_COMPLAINT: usize = 4096;

/// What became of a program.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) how: How,
    /// The beginning of its standard output.
    pub(super) output: Vec<u8>,
    /// Whether that is all of it.
    pub(super) whole: bool,
    /// The beginning of its standard error.
    pub(super) complaint: Vec<u8>,
    pub(super) took: Duration,
    /// The process group, where something in it was still there a moment after it was killed.
    pub(super) left: Option<u32>,
}

/// How a program ended.
#[derive(Debug)]
pub(super) enum How {
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// Not in time; it was killed, and its process group with it.
    Overdue,
    /// It was not started: since then one hangs that was killed.
    Hangs(Timestamp),
    /// It could not be started, or its end not be seen.
    Failed(io::Error),
}

/// Where a program of the host is.
pub(super) fn find(tree: &Tree, name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| tree.path(folder).join(name)).find(|path| path.is_file())
}

/// A program of the host in surroundings that are the same everywhere. It gets nothing of the visit: neither the
/// session's input and output nor its environment.
pub(super) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", PATH).env("LC_ALL", "C").current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that what it starts can be ended with it.
    command.process_group(0);
    command
}

/// Runs a program until it ends or is killed, and keeps `most` bytes of its output. What it leaves behind when it ends
/// by itself goes on, and is not waited for even if it holds the pipe open.
fn run(command: &mut Command, until: Instant, most: usize) -> Ended {
    let began = Instant::now();
    let started = command.spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return Ended::without_start(How::Failed(error), began.elapsed()),
    };
    let mut output = Stream::of(child.stdout.take(), most);
    let mut complaint = Stream::of(child.stderr.take(), MOST_COMPLAINT);
    let how = watch(&mut child, until, &mut output, &mut complaint);
    let left = if matches!(how, How::Overdue) { kill(&mut child) } else { None };
    let took = began.elapsed();
    Ended { how, output: output.kept, whole: output.whole, complaint: complaint.kept, took, left }
}

fn watch(child: &mut Child, until: Instant, output: &mut Stream<impl Read>, complaint: &mut Stream<impl Read>) -> How {
    let mut pause = FIRST_PAUSE;
    loop {
        // Looked at before its output is read: then all that an ended one wrote is read.
        let ended = child.try_wait();
        let kept = output.read() | complaint.read();
        match ended {
            Ok(Some(status)) => {
                output.read_what_is_there();
                complaint.read_what_is_there();
                return how(status);
            }
            Ok(None) if Instant::now() < until => {}
            Ok(None) => return How::Overdue,
            // Where whoever called us ignores SIGCHLD, nobody hears of ends, and its number may be another's by now.
            Err(error) => return How::Failed(error),
        }
        if kept {
            pause = FIRST_PAUSE;
        } else {
            thread::sleep(pause.min(until.saturating_duration_since(Instant::now())));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Ends a program that was not waited for yet, and so still has its number, and those it started. Returns their process
/// group unless all are gone soon.
fn kill(child: &mut Child) -> Option<u32> {
    let number = child.id();
    let group = Pid::from_raw(i32::try_from(number).ok()?)?;
    // It may have ended just now.
    kill_process_group(group, Signal::KILL).unwrap_or_default();
    let until = Instant::now() + DYING;
    loop {
        // The number of a group is nobody else's as long as something is in it.
        let is_there = matches!(child.try_wait(), Ok(None)) || test_kill_process_group(group).is_ok();
        if !is_there {
            return None;
        }
        if Instant::now() >= until {
            return Some(number);
        }
        thread::sleep(FIRST_PAUSE);
    }
}

fn how(status: ExitStatus) -> How {
    status.code().map_or_else(|| How::Signalled(status.signal().unwrap_or_default()), How::Exited)
}

impl Ended {
    fn without_start(how: How, took: Duration) -> Ended {
        Ended { how, output: Vec::new(), whole: false, complaint: Vec::new(), took, left: None }
    }

    /// All it printed, if it ended with status 0 and that was not too much.
    pub(super) fn answer(self) -> Option<Vec<u8>> {
        (matches!(self.how, How::Exited(0)) && self.whole).then_some(self.output)
    }
}

/// A line that a program printed, as it travels: trimmed, cut to so many bytes, and without control characters, each of
/// which would take six bytes in a sample.
pub(super) fn line(text: &str, longest: usize) -> String {
    let plain = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    let mut line: String = text.trim().chars().map(plain).take(longest).collect();
    line.truncate(line.floor_char_boundary(longest));
    line
}

/// Our end of a pipe, which is never waited for.
struct Stream<R> {
    /// None once it has ended.
    pipe: Option<R>,
    kept: Vec<u8>,
    most: usize,
    whole: bool,
}

impl<R: Read + AsFd> Stream<R> {
    fn of(pipe: Option<R>, most: usize) -> Stream<R> {
        let pipe = pipe.filter(|pipe| {
            let flags = fcntl_getfl(pipe).and_then(|flags| fcntl_setfl(pipe, flags | OFlags::NONBLOCK));
            flags.is_ok()
        });
        Stream { pipe, kept: Vec::new(), most, whole: true }
    }
}

impl<R: Read> Stream<R> {
    /// Reads a piece, keeps what there is room for and throws away the rest. Returns whether something was kept: whoever
    /// writes more than that is read as slowly as one who writes nothing, and has to wait for us.
    fn read(&mut self) -> bool {
        let Some(pipe) = &mut self.pipe else { return false };
        let mut piece = [0; 64 * 1024];
        match pipe.read(&mut piece) {
            Ok(count @ 1..) => {
                let room = self.most - self.kept.len();
                self.whole &= count <= room;
                self.kept.extend_from_slice(&piece[..count.min(room)]);
                room > 0
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => false,
            Ok(_) | Err(_) => {
                self.pipe = None;
                false
            }
        }
    }

    /// Reads until the pipe is empty. What others go on to write into it can't make this endless.
    fn read_what_is_there(&mut self) {
        while self.whole && self.read() {}
    }
}

/// Work in a thread of its own, which is not waited for beyond its time: starting a program may hang, too, where its
/// file is on a server that is gone.
pub(super) struct Pending<T> {
    answer: Receiver<T>,
    until: Instant,
}

impl<T: Send + 'static> Pending<T> {
    /// Begins work that ends by itself at `until`, if all goes well.
    pub(super) fn begin(until: Instant, work: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let (send, answer) = mpsc::channel();
        // Without a thread there is no answer; without somebody who waits nobody needs it.
        drop(thread::Builder::new().spawn(move || drop(send.send(work()))));
        Pending { answer, until: until + 5 * DYING }
    }

    /// What came of it, if it came in time.
    pub(super) fn finish(self) -> Option<T> {
        self.answer.recv_timeout(self.until.saturating_duration_since(Instant::now())).ok()
    }
}

#[cfg(test)]
mod tests;
