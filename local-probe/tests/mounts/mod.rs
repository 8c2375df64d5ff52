//! Mounts that hang, fill up and go read-only: real ones, in a namespace that nobody else sees. They need root.

mod checks;
mod fuse;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fuse::Fuse;
use sample::wire::Request;
use sample::{Filesystem, Readings};

use crate::host::Host;

/// A visit to a host with a mount that hangs takes 1.7 s. All tests at once may need the two CPUs at that time.
const LONGEST_VISIT: Duration = Duration::from_secs(5);

/// Mounts of our own. They go with the process that holds them.
pub(crate) struct Namespace {
    holder: Child,
}

impl Namespace {
    fn new() -> Namespace {
        let mut holder = Command::new("unshare");
        holder.args(["--mount", "sh", "-c", "echo ready && exec cat"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = holder.spawn().expect("unshare runs: apt-get install util-linux");
        let mut line = String::new();
        BufReader::new(holder.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n", "a mount namespace needs root");
        Namespace { holder }
    }

    /// A command among these mounts.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id())).arg(program);
        command
    }

    fn run(&self, script: &str, argument: &Path) {
        let done = self.command("sh").args(["-ec", script, "sh"]).arg(argument).output().expect("sh runs");
        assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// What one visit finds, and how long it takes.
    fn visit(&self, host: &Host, request: &Request) -> (Readings, Duration) {
        let began = Instant::now();
        let mut answer = host.visit_by(self.command(host.probe()).arg("run"), request);
        (answer.samples.pop().expect("a fresh sample").readings, began.elapsed())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        drop(self.holder.wait());
    }
}

/// A request that wants network filesystems, and no spot value.
fn curious(host: &Host) -> Request {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a boot id");
    let scope = sample::Scope { network_filesystems: true, ..sample::Scope::default() };
    Request { known_boot: Some(boot.trim().to_owned()), scope, ..host.request() }
}

fn of(readings: &Readings, point: &Path) -> Option<Filesystem> {
    let mut all = readings.filesystems.as_ref().expect("a list of filesystems").iter();
    all.find(|fs| Path::new(&fs.mount) == point).cloned()
}

/// The note of what hangs, if there is one.
fn note(host: &Host) -> Option<serde_json::Value> {
    let mut notes = fs::read_dir(host.path("notes")).ok()?.map(|entry| entry.expect("an entry").path());
    let is_it =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("stuck-mounts-"));
    Some(serde_json::from_slice(&fs::read(notes.find(is_it)?).expect("a note")).expect("JSON"))
}

/// Waits for something that is about to be so.
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn a_mount_that_hangs_is_told_as_stuck_in_time_and_leaves_one_process_however_often_it_is_visited() {
    let (host, namespace) = (Host::new(), Namespace::new());
    let fuse = Fuse::stopped(&namespace, &host.path("slow"));
    fuse.takes_requests();
    // The answer is read to its end: a process that still held the session's descriptors would keep this waiting.
    let (first, took) = namespace.visit(&host, &curious(&host));
    assert!(took < LONGEST_VISIT, "{took:?}");
    let [stuck] = first.stuck_mounts.as_deref().unwrap() else { panic!("{first:?}") };
    assert_eq!((stuck.mount.as_str(), stuck.fs_type.as_str(), fuse.waiting()), (fuse.name(), "fuse.slow", 1));
    assert!(of(&first, Path::new("/")).is_some() && of(&first, &fuse.point).is_none(), "{first:?}");
    let process = format!("/proc/{}", note(&host).expect("a note")["hanging"][0]["process"]["pid"]);
    assert!(fs::exists(&process).expect("a folder"));
    for _ in 0..2 {
        let (again, took) = namespace.visit(&host, &curious(&host));
        assert_eq!((&again.stuck_mounts, fuse.waiting()), (&first.stuck_mounts, 1), "nobody has asked again");
        assert!(of(&again, Path::new("/")).is_some() && took < LONGEST_VISIT, "{took:?}");
    }
    fuse.answers();
    // Its first thread has ended long ago, and stays until somebody waits for it.
    let threads = || fs::read_dir(format!("{process}/task")).map_or(0, |threads| threads.count());
    eventually("it ends once it is answered", || threads() <= 1);
    let (after, _) = namespace.visit(&host, &curious(&host));
    assert_eq!((of(&after, &fuse.point), after.stuck_mounts, note(&host)), (Some(fuse.measured()), Some(vec![]), None));
}

#[test]
fn a_mount_whose_program_is_stopped_is_asked_each_time_and_measured_once_it_goes_on() {
    let (host, namespace) = (Host::new(), Namespace::new());
    let fuse = Fuse::stopped(&namespace, &host.path("slow"));
    let (first, took) = namespace.visit(&host, &curious(&host));
    assert_eq!(
        (first.stuck_mounts.as_deref().unwrap().len(), first.stuck_mounts.as_deref().unwrap()[0].mount.as_str()),
        (1, fuse.name())
    );
    assert!(took < LONGEST_VISIT, "{took:?}");
    let hanging = note(&host).expect("a note")["hanging"][0].clone();
    assert!(hanging["process"].is_null(), "it could be killed: {hanging}");
    let (second, _) = namespace.visit(&host, &curious(&host));
    assert_eq!(second.stuck_mounts, first.stuck_mounts, "it hangs since it was first seen to");
    fuse.answers();
    fuse.takes_requests();
    let (after, _) = namespace.visit(&host, &curious(&host));
    assert_eq!((of(&after, &fuse.point), after.stuck_mounts, note(&host)), (Some(fuse.measured()), Some(vec![]), None));
}

#[test]
fn a_mount_whose_program_has_ended_is_told_as_stuck_though_it_answers_at_once() {
    let (host, namespace) = (Host::new(), Namespace::new());
    let fuse = Fuse::stopped(&namespace, &host.path("slow"));
    let point = fuse.point.clone();
    drop(fuse);
    let (first, _) = namespace.visit(&host, &curious(&host));
    let [stuck] = first.stuck_mounts.as_deref().unwrap() else { panic!("{first:?}") };
    assert_eq!((Path::new(&stuck.mount), stuck.fs_type.as_str()), (point.as_path(), "fuse.slow"));
    assert!(of(&first, Path::new("/")).is_some() && of(&first, &point).is_none(), "{first:?}");
    let (second, _) = namespace.visit(&host, &curious(&host));
    assert_eq!(second.stuck_mounts, first.stuck_mounts, "since it was first seen");
    namespace.run("umount \"$1\"", &point);
    let (after, _) = namespace.visit(&host, &curious(&host));
    assert_eq!((of(&after, &point), after.stuck_mounts, note(&host)), (None, Some(vec![]), None));
}

#[test]
fn network_and_fuse_filesystems_are_not_asked_unless_somebody_wants_them() {
    let (host, namespace) = (Host::new(), Namespace::new());
    let fuse = Fuse::stopped(&namespace, &host.path("slow"));
    fuse.takes_requests();
    let (readings, _) = namespace.visit(&host, &host.request());
    assert_eq!(
        (of(&readings, &fuse.point), readings.stuck_mounts.map(|all| all.len()), fuse.waiting()),
        (None, Some(0), 0)
    );
}

/// The last four columns but one of `df`, for each mount point: all, used, available.
fn df(namespace: &Namespace, option: &str, point: &Path) -> [u64; 3] {
    let output = namespace.command("df").args(["-P", option]).arg(point).output().expect("df runs");
    let text = String::from_utf8(output.stdout).expect("plain text");
    let line: Vec<&str> = text.lines().nth(1).expect("a line").split_ascii_whitespace().collect();
    [1, 2, 3].map(|column| line[column].parse().expect("a number"))
}

/// Makes a filesystem of 64 MiB in a file, with that much in it, and mounts it at `disk` beside.
const MAKE_DISK: &str = "cd \"$1\" && truncate -s 64M image && mkfs.ext4 -q image && mkdir disk && \
    mount -o loop image disk && head -c 30000000 /dev/zero > disk/file && mkdir disk/a disk/b && sync -f disk";

#[test]
fn a_disk_that_was_filled_has_the_numbers_of_df() {
    let (host, namespace) = (Host::new(), Namespace::new());
    namespace.run(MAKE_DISK, &host.path(""));
    let (readings, _) = namespace.visit(&host, &host.request());
    let disk = of(&readings, &host.path("disk")).expect("the disk");
    let [size, used, available] = df(&namespace, "-B1", &host.path("disk"));
    assert_eq!((disk.size_bytes, disk.used_bytes, disk.avail_bytes), (size, used, available));
    assert!(used > 30_000_000, "{used}");
    let percent = used as f64 / (used + available) as f64 * 100.0;
    assert!((disk.used_percent().expect("a size") - percent).abs() < 0.05, "{disk:?}, df: {percent} %");
    let [inodes, inodes_used, inodes_free] = df(&namespace, "-i", &host.path("disk"));
    assert_eq!((disk.inodes, disk.inodes_free), (Some(inodes), Some(inodes_free)));
    assert_eq!(inodes - inodes_free, inodes_used);
    assert!(disk.source.is_some_and(|source| source.starts_with("/dev/loop")) && !disk.read_only);
}

#[test]
fn a_disk_that_went_read_only_is_unexpectedly_so_after_an_error_or_if_fstab_wants_to_write_it() {
    let (host, namespace) = (Host::new(), Namespace::new());
    namespace.run(MAKE_DISK, &host.path(""));
    let state = || {
        let disk = of(&namespace.visit(&host, &host.request()).0, &host.path("disk")).expect("the disk");
        (disk.read_only, disk.unexpectedly_read_only)
    };
    assert_eq!(state(), (false, false));
    namespace.run("mount -o remount,ro \"$1/disk\"", &host.path(""));
    assert_eq!(state(), (true, false), "nobody has said that it should be written");
    namespace.run(
        "echo \"/dev/x $1disk ext4 defaults 0 2\" > \"$1/fstab\" && mount --bind \"$1/fstab\" /etc/fstab",
        &host.path(""),
    );
    assert_eq!(state(), (true, true));
    namespace.run("mount -o remount,rw \"$1/disk\" && umount /etc/fstab", &host.path(""));
    assert_eq!(state(), (false, false));
    // As if a write had failed.
    namespace.run("mount -o remount,errors=remount-ro \"$1/disk\" && ! mount -o remount,abort \"$1/disk\" || ! touch \"$1/disk/x\"", &host.path(""));
    assert_eq!(state(), (true, true));
}
