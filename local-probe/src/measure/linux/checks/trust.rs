//! Whether a check may be run: only one that nobody but this account and root can have written.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::process::geteuid;

/// Why a check below this home must not be run, or can't be, with what mends it.
pub(super) fn objection(path: &Path, home: &Path) -> Option<String> {
    let real = match (fs::canonicalize(path), fs::canonicalize(home)) {
        (Ok(path), Ok(home)) => way(&path, &home),
        (Err(error), _) | (_, Err(error)) => return Some(format!("{} can't be read: {error}", path.display())),
    };
    let named = way(path, home);
    let writable = named.iter().find_map(|step| open_to_others(step, false));
    // Behind links it may lie elsewhere, even below /var/tmp, where nobody can move what is ours.
    let writable = writable.or_else(|| real.iter().find_map(|step| open_to_others(step, true)));
    writable.or_else(|| {
        if !path.is_file() {
            return Some(format!("{} is no file", path.display()));
        }
        let runs = access(path, Access::EXEC_OK).is_ok();
        (!runs).then(|| format!("{0} can't be executed: run chmod u+x {0}", path.display()))
    })
}

/// A file and the folders it lies in, up to the home and including that, or up to the root.
fn way(path: &Path, home: &Path) -> Vec<PathBuf> {
    let mut way: Vec<PathBuf> = Vec::new();
    for step in path.ancestors() {
        way.push(step.to_owned());
        if step == home {
            break;
        }
    }
    way
}

fn open_to_others(step: &Path, sticky_is_fine: bool) -> Option<String> {
    let shown = step.display();
    let found = match fs::metadata(step) {
        Ok(found) => found,
        Err(error) => return Some(format!("{shown} can't be read: {error}")),
    };
    if found.uid() != 0 && found.uid() != geteuid().as_raw() {
        return Some(format!("{shown} belongs to user {}, neither to this account nor to root", found.uid()));
    }
    let sticky = sticky_is_fine && found.is_dir() && found.mode() & 0o1000 != 0;
    let writable = found.mode() & 0o022 != 0 && !sticky;
    writable.then(|| format!("others can write to {shown} (mode {:o}): run chmod go-w {shown}", found.mode() & 0o7777))
}
