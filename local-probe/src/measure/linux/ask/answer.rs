//! The side that may hang: threads that ask, and one that tells what they heard.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::statvfs;
use rustix::io::Errno;

use super::{Counts, Told, line};

/// How often to look at those that have not answered.
const TURN: Duration = Duration::from_millis(50);
/// So many turns without an answer are a mount that hangs. Turns are counted and not the time: on a host so busy
/// that no thread of ours comes to run, none passes.
const PATIENCE: u32 = 30;
/// Most threads, and most mounts that may hang before the rest goes unasked.
const MOST_WORKERS: usize = 256;
/// What a worker needs of a stack is a path.
const STACK: usize = 64 << 10;
/// Most bytes of questions.
const LONGEST_INPUT: u64 = 64 << 20;

/// What is said of a mount whose server, program or disk is gone: an sshfs that has ended or was cut off, a share of
/// NFS that its server does not know any more, a share whose server does not answer, a disk that can't be read.
const GONE: &[Errno] = &[
    Errno::NOTCONN,
    Errno::CONNABORTED,
    Errno::STALE,
    Errno::IO,
    Errno::HOSTDOWN,
    Errno::HOSTUNREACH,
    Errno::TIMEDOUT,
    Errno::SHUTDOWN,
];

enum News {
    /// The mount of this number is about to be asked.
    Asks(usize),
    Heard(usize, Told),
}

/// Asks the mount points on `input`, each ended by a zero byte, and tells of each on a line of `output`.
///
/// # Errors
/// Nobody asks, or nobody listens any more.
pub fn answer_for_mounts(input: impl Read, mut output: impl Write) -> io::Result<()> {
    let mut questions = Vec::new();
    input.take(LONGEST_INPUT).read_to_end(&mut questions)?;
    // What comes after the last zero byte is cut off, or nothing.
    let ends = questions.iter().rposition(|byte| *byte == 0);
    let points = ends.into_iter().flat_map(|end| questions[..end].split(|byte| *byte == 0)).map(<[u8]>::to_vec);
    ask_all(points.collect(), ask_one, |number, told| {
        output.write_all(line(number, &told).as_bytes())?;
        output.flush()
    })
}

/// Asks one mount. May never return.
pub(super) fn ask_one(point: &[u8]) -> Told {
    match statvfs(OsStr::from_bytes(point)) {
        Ok(counts) => Told::Counts(Counts {
            fragment_bytes: counts.f_frsize,
            blocks: counts.f_blocks,
            free: counts.f_bfree,
            available: counts.f_bavail,
            inodes: counts.f_files,
            inodes_free: counts.f_ffree,
        }),
        Err(error) if GONE.contains(&error) => Told::Broken,
        Err(_) => Told::Failed,
    }
}

/// Asks all of them and tells of each as soon as it answers, or is known to hang. Begins with one thread; as long as
/// there is silence, as many again help it.
///
/// # Errors
/// That of `tell`, which ends it.
pub(super) fn ask_all<A>(
    points: Vec<Vec<u8>>,
    ask: A,
    mut tell: impl FnMut(usize, Told) -> io::Result<()>,
) -> io::Result<()>
where
    A: Fn(&[u8]) -> Told + Clone + Send + 'static,
{
    let (send, news) = mpsc::channel();
    let mut open = points.len();
    let mut crew = Crew { points: points.into(), next: Arc::default(), workers: 0, ask, send };
    crew.hire(1);
    let mut waiting_for = BTreeMap::new();
    let (mut turn, mut silence, mut hanging) = (Instant::now(), true, 0);
    while open > 0 && hanging < crew.workers {
        match news.recv_timeout(TURN) {
            Ok(News::Asks(number)) => drop(waiting_for.insert(number, 0)),
            // One that was told to hang may still answer: then its worker goes on with others.
            Ok(News::Heard(number, told)) if waiting_for.remove(&number).is_some() => {
                tell(number, told)?;
                (open, silence) = (open - 1, false);
            }
            Ok(News::Heard(..)) => hanging -= 1,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        if turn.elapsed() >= TURN {
            for number in out_of_patience(&mut waiting_for) {
                tell(number, Told::Hangs)?;
                (open, hanging) = (open - 1, hanging + 1);
            }
            if silence {
                crew.hire(crew.workers);
            }
            (turn, silence) = (Instant::now(), true);
        }
    }
    Ok(())
}

/// Counts one more turn for each, and takes out those that have had them all.
fn out_of_patience(waiting_for: &mut BTreeMap<usize, u32>) -> Vec<usize> {
    waiting_for.values_mut().for_each(|turns| *turns += 1);
    waiting_for.extract_if(.., |_, turns| *turns > PATIENCE).map(|(number, _)| number).collect()
}

/// The threads that ask.
struct Crew<A> {
    points: Arc<[Vec<u8>]>,
    next: Arc<AtomicUsize>,
    workers: usize,
    ask: A,
    send: Sender<News>,
}

impl<A: Fn(&[u8]) -> Told + Clone + Send + 'static> Crew<A> {
    /// Adds as many threads, or fewer where there is no work for them or the host gives none.
    fn hire(&mut self, more: usize) {
        let unasked = self.points.len().saturating_sub(self.next.load(Ordering::Relaxed));
        for _ in 0..more.min(unasked).min(MOST_WORKERS - self.workers) {
            let (points, next) = (Arc::clone(&self.points), Arc::clone(&self.next));
            let (ask, send) = (self.ask.clone(), self.send.clone());
            let work = move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(point) = points.get(number) else { return };
                    let listens = send.send(News::Asks(number)).is_ok();
                    if !listens || send.send(News::Heard(number, ask(point))).is_err() {
                        return;
                    }
                }
            };
            if thread::Builder::new().stack_size(STACK).spawn(work).is_err() {
                return;
            }
            self.workers += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::Receiver;

    use super::*;

    const ANSWER: Told =
        Told::Counts(Counts { fragment_bytes: 1, blocks: 10, free: 5, available: 5, inodes: 0, inodes_free: 0 });

    /// What is told of so many mounts of which those with these numbers hang, and how long it took.
    fn asked(count: usize, hang: fn(usize) -> bool) -> (BTreeMap<usize, Told>, Duration) {
        let (held, never) = mpsc::channel::<()>();
        let never: Arc<Mutex<Receiver<()>>> = Arc::new(Mutex::new(never));
        let points = (0..count).map(|number| number.to_string().into_bytes()).collect();
        let (mut all, began) = (BTreeMap::new(), Instant::now());
        let ask = move |point: &[u8]| {
            let number = std::str::from_utf8(point).unwrap().parse().unwrap();
            // Until the other end is gone; all but one wait for the lock.
            if hang(number) {
                never.lock().unwrap().recv().unwrap_err();
            }
            ANSWER
        };
        ask_all(points, ask, |number, told| {
            assert_eq!(all.insert(number, told), None);
            Ok(())
        })
        .unwrap();
        drop(held);
        (all, began.elapsed())
    }

    #[test]
    fn mounts_that_hang_are_told_as_such_in_time_and_the_others_answer() {
        let (all, took) = asked(300, |number| number % 10 == 3);
        assert_eq!(all.len(), 300);
        for (number, told) in all {
            assert_eq!(told, if number % 10 == 3 { Told::Hangs } else { ANSWER }, "{number}");
        }
        assert!(took > Duration::from_millis(1500) && took < Duration::from_secs(4), "{took:?}");
    }

    #[test]
    fn of_more_mounts_that_hang_than_there_may_be_threads_the_rest_is_unknown() {
        let (all, took) = asked(MOST_WORKERS + 50, |_| true);
        assert_eq!((all.len(), took < Duration::from_secs(5)), (MOST_WORKERS, true));
    }

    #[test]
    fn mounts_that_answer_are_asked_by_few_threads_and_at_once() {
        let (all, took) = asked(2000, |_| false);
        assert_eq!(all.len(), 2000);
        assert!(took < Duration::from_secs(1), "{took:?}");
    }

    #[test]
    fn the_paths_on_the_input_are_asked_and_one_that_is_cut_off_is_not() {
        let told = |input: &[u8]| {
            let mut output = Vec::new();
            answer_for_mounts(input, &mut output).unwrap();
            String::from_utf8(output).unwrap()
        };
        let root = told(b"/\0/no/such/path\0\0/pro");
        let lines: Vec<_> = root.lines().collect();
        assert!(lines[0].starts_with("0 ") && lines[0].split(' ').count() == 7, "{root}");
        assert_eq!(lines[1..], ["1 failed", "2 failed"]);
        assert_eq!((told(b""), told(b"/")), (String::new(), String::new()));
    }

    #[test]
    fn it_ends_when_nobody_listens() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert_eq!(answer_for_mounts(b"/\0/\0".as_slice(), Gone).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
