//! A FUSE filesystem that answers as a test wants it to, or not at all. Source: linux/fuse.h.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::Namespace;

const STATFS: u32 = 17;
const INIT: u32 = 26;
const NO_SUCH_FILE: i32 = -2;
/// The kernel reads into no less.
const BUFFER: usize = 1 << 20;

/// A test that would wait for ever fails after this time.
const HANGS_AT_MOST: Duration = Duration::from_secs(30);

/// What it says of itself, in blocks of 4096 bytes and in inodes.
const BLOCKS: u64 = 1000;
const FREE: u64 = 400;
const AVAILABLE: u64 = 300;
const INODES: u64 = 50;
const INODES_FREE: u64 = 20;

/// A mounted filesystem. The kernel gives up all its requests when this is dropped, so that nothing hangs any longer.
pub(crate) struct Fuse {
    device: Arc<File>,
    pub(crate) point: PathBuf,
    /// The requests that wait for an answer; none once all are answered at once.
    waiting: Arc<Mutex<Option<Vec<Request>>>>,
}

struct Request {
    operation: u32,
    number: u64,
}

impl Fuse {
    /// One that is mounted there and looks at no request, like a program that was stopped.
    pub(crate) fn stopped(namespace: &Namespace, point: &Path) -> Fuse {
        std::fs::create_dir(point).expect("a mount point");
        let device = OpenOptions::new().read(true).write(true).open("/dev/fuse").expect("FUSE, and root");
        let mut mount = namespace.command("mount");
        mount.args(["-i", "-t", "fuse.slow", "-o", "fd=0,rootmode=40000,user_id=0,group_id=0", "slow"]).arg(point);
        mount.stdin(Stdio::from(device.try_clone().expect("a descriptor")));
        assert!(mount.status().expect("mount runs").success());
        let fuse =
            Fuse { device: Arc::new(device), point: point.to_owned(), waiting: Arc::new(Mutex::new(Some(Vec::new()))) };
        let init = next(&fuse.device).expect("a request");
        assert_eq!(init.operation, INIT);
        // Version 7.31, no features, 64 KiB at once, times in nanoseconds.
        let mut body = [7_u32, 31, 0, 0, 0, 64 << 10, 1].map(u32::to_ne_bytes).concat();
        body.resize(64, 0);
        reply(&fuse.device, init.number, &body);
        fuse
    }

    /// From now on it takes in all requests, and does not answer them: their senders can't be killed any more.
    pub(crate) fn takes_requests(&self) {
        let (device, waiting) = (Arc::clone(&self.device), Arc::clone(&self.waiting));
        let (at_the_end, unanswered) = (Arc::downgrade(&device), Arc::clone(&waiting));
        thread::spawn(move || {
            thread::park_timeout(HANGS_AT_MOST);
            at_the_end.upgrade().into_iter().for_each(|device| answer_all(&device, &unanswered));
        });
        thread::spawn(move || {
            while let Some(request) = next(&device) {
                let mut waiting = waiting.lock().expect("nobody panics");
                match waiting.as_mut() {
                    Some(waiting) => waiting.push(request),
                    None => answer(&device, &request),
                }
            }
        });
    }

    /// How many wait to be told how full it is.
    pub(crate) fn waiting(&self) -> usize {
        let is_one = |request: &&Request| request.operation == STATFS;
        self.waiting.lock().expect("nobody panics").iter().flatten().filter(is_one).count()
    }

    /// From now on it answers.
    pub(crate) fn answers(&self) {
        answer_all(&self.device, &self.waiting);
    }

    pub(crate) fn name(&self) -> &str {
        self.point.to_str().expect("a plain path")
    }

    /// What has to be measured of it.
    pub(crate) fn measured(&self) -> sample::Filesystem {
        sample::Filesystem {
            mount: self.name().to_owned(),
            fs_type: "fuse.slow".to_owned(),
            source: Some("slow".to_owned()),
            size_bytes: BLOCKS * 4096,
            used_bytes: (BLOCKS - FREE) * 4096,
            avail_bytes: AVAILABLE * 4096,
            inodes: Some(INODES),
            inodes_free: Some(INODES_FREE),
            ..sample::Filesystem::default()
        }
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        // The thread that reads holds the device open: an answer to all ends what waits for it.
        self.answers();
    }
}

/// Answers what waits, and from now on everything at once.
fn answer_all(device: &File, waiting: &Mutex<Option<Vec<Request>>>) {
    let waiting = waiting.lock().expect("nobody panics").take();
    waiting.iter().flatten().for_each(|request| answer(device, request));
}

/// It tells how full it is, and holds nothing.
fn answer(device: &File, request: &Request) {
    if request.operation == STATFS {
        reply(device, request.number, &counts());
    } else {
        say(device, request.number, NO_SUCH_FILE, &[]);
    }
}

fn counts() -> Vec<u8> {
    let mut body = [BLOCKS, FREE, AVAILABLE, INODES, INODES_FREE].map(u64::to_ne_bytes).concat();
    body.extend([4096_u32, 255, 4096].map(u32::to_ne_bytes).concat());
    body.resize(80, 0);
    body
}

/// The next request; none once nothing is mounted any more.
fn next(mut device: &File) -> Option<Request> {
    let mut buffer = vec![0; BUFFER];
    let length = device.read(&mut buffer).ok()?;
    assert!(length >= 40, "a header is 40 bytes");
    let operation = u32::from_ne_bytes(buffer[4..8].try_into().expect("four bytes"));
    let number = u64::from_ne_bytes(buffer[8..16].try_into().expect("eight bytes"));
    Some(Request { operation, number })
}

fn reply(device: &File, number: u64, body: &[u8]) {
    say(device, number, 0, body);
}

fn say(mut device: &File, number: u64, error: i32, body: &[u8]) {
    let length = u32::try_from(16 + body.len()).expect("a short answer");
    let mut answer = [length.to_ne_bytes(), error.to_ne_bytes()].concat();
    answer.extend(number.to_ne_bytes());
    answer.extend(body);
    // Whoever asked may be gone.
    drop(device.write(&answer));
}
