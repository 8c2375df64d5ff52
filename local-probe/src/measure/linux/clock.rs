//! Whether something keeps the clock right.
//!
//! The kernel knows (adjtimex(2)), but rustix and nix have no safe call for it, and the crates that have one are small,
//! young and bring much. systemd-timesyncd says the same in a file: with each answer it believes, it sets the kernel's
//! estimate of the error to 0 and touches `/run/systemd/timesync/synchronized`. From then on the kernel lets the error
//! grow by 500 ppm, and above 16 s it takes the clock for unsynchronized. So a touch says for 32,000 s what the kernel
//! says. Sources: systemd's `timesyncd-manager.c` (239 and later), the kernel's `NTP_PHASE_LIMIT` and `MAXFREQ`.
//!
//! Where chronyd runs, it is asked by chronyc(1), which everybody may. Under ntpd and others the answer is absent: their
//! drift files are written on other occasions too, or can't be read by all.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use super::Tree;
use super::programs::{self, How, Keeper};
use crate::measure::now;
use crate::notes::Notes;

/// How long after it was set the kernel believes a clock: 16 s of error, 500 µs more each second.
const BELIEVED: Duration = Duration::from_secs(32_000);

/// Exists as long as timesyncd runs: systemd makes it before the start and removes it after the end.
const FOLDER: &str = "run/systemd/timesync";

/// What chronyd makes when it starts: its folder, which nobody else may look into, or on older systems a file alone. They
/// may stay when it has ended: then chronyc finds nobody to ask.
const CHRONYD: [&str; 2] = ["run/chrony", "run/chronyd.pid"];
/// How long chronyc may take. It waits for an answer of this host's own chronyd.
const PATIENCE: Duration = Duration::from_millis(500);
/// More than the one line it prints.
const MOST: usize = 4096;
/// What chronyd calls its own clock, when it is told to do without others.
const ITSELF: &str = "7F7F0101";

pub(super) fn synchronized(tree: &Tree, notes: &Notes) -> Option<bool> {
    synchronized_at(tree, now()).or_else(|| by_chrony(tree, &Keeper::new(notes, tree)))
}

fn by_chrony(tree: &Tree, keeper: &Keeper) -> Option<bool> {
    CHRONYD.iter().find(|file| tree.path(file).exists())?;
    let mut command = programs::command(&programs::find(tree, "chronyc")?);
    command.args(["-n", "-c", "tracking"]);
    let ended = keeper.run("chronyc", &mut command, Instant::now() + PATIENCE, MOST);
    match ended.how {
        How::Exited(0) => tracking(&String::from_utf8_lossy(&ended.output)),
        How::Exited(_) | How::Signalled(_) | How::Overdue | How::Hangs(_) | How::Failed(_) => None,
    }
}

/// The first field is what chronyd follows, the last one whether it does.
fn tracking(line: &str) -> Option<bool> {
    let mut fields = line.trim_end().split(',');
    let (followed, leap) = (fields.next()?, fields.next_back()?);
    match leap {
        "Normal" | "Insert second" | "Delete second" => Some(followed != ITSELF),
        "Not synchronised" => Some(false),
        _ => None,
    }
}

fn synchronized_at(tree: &Tree, now: SystemTime) -> Option<bool> {
    if !tree.path(FOLDER).is_dir() {
        return None;
    }
    let Ok(file) = fs::metadata(tree.path(FOLDER).join("synchronized")) else {
        return Some(false);
    };
    // In the future: the clock was set back behind timesyncd's back, or forth at the touch.
    let age = now.duration_since(file.modified().ok()?).ok()?;
    Some(age < BELIEVED)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_clock_is_synchronized_for_as_long_as_the_kernel_believes_what_timesyncd_told_it() {
        let root = tempfile::tempdir().unwrap();
        let tree = Tree::at(root.path());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_283_199);
        assert_eq!(synchronized_at(&tree, now), None, "timesyncd does not run");
        fs::create_dir_all(root.path().join(FOLDER)).unwrap();
        assert_eq!(synchronized_at(&tree, now), Some(false), "it runs, and has reached nobody yet");
        let file = File::create(root.path().join(FOLDER).join("synchronized")).unwrap();
        let after = |seconds| {
            file.set_modified(now - Duration::from_secs(seconds)).unwrap();
            synchronized_at(&tree, now)
        };
        assert_eq!((after(0), after(2048), after(31_999)), (Some(true), Some(true), Some(true)));
        assert_eq!((after(32_000), after(1_000_000_000)), (Some(false), Some(false)));
        file.set_modified(now + Duration::from_secs(60)).unwrap();
        assert_eq!(synchronized_at(&tree, now), None, "touched in the future");
    }

    #[test]
    fn chrony_says_whether_it_follows_another_clock_than_its_own() {
        // As chronyd 4.3 says it: without sources, with `local` alone, and with a server.
        let rest = "0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,1.000000000,1.000000000,0.0";
        assert_eq!(tracking(&format!("00000000,,0,{rest},Not synchronised\n")), Some(false));
        assert_eq!(tracking(&format!("7F7F0101,,10,{rest},Normal\n")), Some(false));
        assert_eq!(tracking(&format!("C0000201,192.0.2.1,3,{rest},Normal\n")), Some(true));
        assert_eq!(tracking(&format!("C0000201,192.0.2.1,3,{rest},Insert second\n")), Some(true));
        for other in ["", "506 Cannot talk to daemon\n", "a,b,c\n", "7F7F0101\n"] {
            assert_eq!(tracking(other), None, "{other:?}");
        }
    }

    #[test]
    fn hosts_without_timesyncd_or_chrony_do_not_tell() {
        let notes = Notes::in_folder(std::path::Path::new("/no/such"));
        assert_eq!(synchronized(&Tree::of("none"), &notes), None);
        assert_eq!(synchronized(&Tree::of("linux-3.10"), &notes), None);
    }
}
