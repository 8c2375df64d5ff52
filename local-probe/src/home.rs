//! The folder the probe lies in: the only one it writes to.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use envelope::PublicKey;
use rustix::process::geteuid;
use sample::KeyId;

use crate::durable;
use crate::error::ProbeError;
use crate::notes::Notes;
use crate::spool::former;

/// How long another version of the probe may go unused before it is removed.
const UNUSED_VERSION_STAYS: Duration = Duration::from_secs(7 * 24 * 3600);
/// The symbolic link to one version that the collector puts here, for the host's own crontab.
const LINK: &str = "fleet-probe";
const LONGEST_KEY_FILE: u64 = 16 * 1024;

/// The folder the probe lies in, checked to be its user's alone.
#[derive(Debug)]
pub struct Home {
    folder: PathBuf,
    program: OsString,
}

impl Home {
    /// The folder of the running program. `called_as` is its zeroth argument, needed where there is no `/proc`.
    ///
    /// # Errors
    /// The folder can't be found, belongs to another user, or others may read or write it.
    pub fn find(called_as: Option<&OsStr>) -> Result<Home, ProbeError> {
        let called_as = called_as.map(Path::new).filter(|path| path.components().count() > 1);
        let program = std::env::current_exe()
            .or_else(|error| called_as.map_or(Err(error), Path::canonicalize))
            .map_err(ProbeError::NoHome)?;
        Home::of(&program)
    }

    fn of(program: &Path) -> Result<Home, ProbeError> {
        let (Some(folder), Some(name)) = (program.parent(), program.file_name()) else {
            return Err(ProbeError::NoHome(io::ErrorKind::NotFound.into()));
        };
        let found = fs::metadata(folder).map_err(ProbeError::NoHome)?;
        let (path, me, mode) = (folder.to_owned(), geteuid().as_raw(), found.mode() & 0o777);
        if found.uid() != me {
            return Err(ProbeError::NotOurs { path, owner: found.uid(), me });
        }
        if mode & 0o077 != 0 {
            return Err(ProbeError::OpenToOthers { path, mode });
        }
        Ok(Home { folder: path, program: name.to_owned() })
    }

    /// Where the spools are.
    pub(crate) fn spools(&self) -> PathBuf {
        self.folder.join("spool")
    }

    /// What earlier runs have left.
    pub(crate) fn notes(&self) -> Notes {
        Notes::in_folder(&self.folder.join("notes"))
    }

    /// The public key the collector has put here, as it stands in its file.
    pub(crate) fn public_key(&self, id: KeyId) -> Result<PublicKey, ProbeError> {
        let path = self.folder.join("keys").join(format!("{id}.pub"));
        let pem = durable::read(&path, LONGEST_KEY_FILE)
            .map_err(|source| ProbeError::ReadKey { path: path.clone(), source })?;
        // Bytes that are not UTF-8 are no PEM either: the key's own parser says so.
        let key = PublicKey::from_pem(&String::from_utf8_lossy(&pem))
            .map_err(|source| ProbeError::NotAKey { path: path.clone(), source })?;
        let found = KeyId(key.id());
        if found == id { Ok(key) } else { Err(ProbeError::WrongKey { path, found }) }
    }

    /// Removes the public key of a server that has another one now, unless a spool of it is left.
    ///
    /// One that stays does no harm, so this does not fail.
    pub(crate) fn remove_former_key(&self, id: KeyId) {
        let path = self.folder.join("keys").join(format!("{id}.pub"));
        if path.exists() && former::any_of(id, &self.spools()).is_ok_and(|found| !found) {
            drop(fs::remove_file(path));
        }
    }

    /// Removes notes that nobody needs and versions of the probe that nobody has used for a week, and marks this one as
    /// in use. The version
    /// that the host's own crontab calls stays.
    ///
    /// A version that can't be removed does no harm but to take space, so this does not fail.
    pub(crate) fn tidy(&self, now: SystemTime) {
        self.notes().tidy(&self.spools(), now);
        let used = File::open(self.folder.join(&self.program)).and_then(|program| program.set_modified(now));
        if used.is_err() {
            // Where nobody can mark a version as used, the others only look unused.
            return;
        }
        // The host's crontab calls the one that the link points to, perhaps less often than once a week.
        let linked = fs::read_link(self.folder.join(LINK)).ok().and_then(|target| Some(target.file_name()?.to_owned()));
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name != self.program && Some(&name) != linked.as_ref() && is_version(&name) && is_unused(&entry, now) {
                let removed = fs::remove_file(entry.path());
                drop(removed);
            }
        }
    }
}

/// Whether this is the name the collector gives a probe: `probe-` and a digest.
fn is_version(name: &OsStr) -> bool {
    let digest = name.to_str().and_then(|name| name.strip_prefix("probe-"));
    digest.is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')))
}

fn is_unused(entry: &fs::DirEntry, now: SystemTime) -> bool {
    // An entry's metadata are its own, also those of a symbolic link.
    let Ok(found) = entry.metadata() else { return false };
    let used_at = found.modified().unwrap_or(now);
    found.is_file() && now.duration_since(used_at).is_ok_and(|unused| unused > UNUSED_VERSION_STAYS)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

    use super::*;
    use crate::measure::now;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn folder(mode: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        folder
    }

    fn home_with(files: &[(&str, Duration)]) -> (tempfile::TempDir, Home) {
        let folder = folder(0o700);
        for (name, age) in files {
            fs::write(folder.path().join(name), b"").unwrap();
            File::open(folder.path().join(name)).unwrap().set_modified(now() - *age).unwrap();
        }
        let home = Home::of(&folder.path().join(files[0].0)).unwrap();
        (folder, home)
    }

    /// Of the entry itself, also if it is a symbolic link.
    fn set_to_1970(path: &Path) {
        let long_ago = Timespec { tv_sec: 0, tv_nsec: 0 };
        let times = Timestamps { last_access: long_ago, last_modification: long_ago };
        utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    }

    #[test]
    fn versions_unused_for_a_week_go_and_nothing_else_does() {
        let (folder, home) = home_with(&[
            ("probe-00aa", 8 * DAY),
            ("probe-11bb", 8 * DAY),
            ("probe-22cc", 6 * DAY),
            ("probe-notes", 8 * DAY),
            ("probe-11bb.part", 8 * DAY),
            ("letter", 8 * DAY),
        ]);
        symlink("letter", folder.path().join("probe-33dd")).unwrap();
        fs::create_dir(folder.path().join("probe-44ee")).unwrap();
        for odd in ["probe-33dd", "probe-44ee"] {
            set_to_1970(&folder.path().join(odd));
        }
        home.tidy(now());
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        let expected =
            ["letter", "probe-00aa", "probe-11bb.part", "probe-22cc", "probe-33dd", "probe-44ee", "probe-notes"];
        assert_eq!(left, expected);
    }

    #[test]
    fn the_version_that_the_crontab_calls_stays() {
        let (folder, home) = home_with(&[("probe-00aa", DAY), ("probe-11bb", 400 * DAY), ("probe-22cc", 400 * DAY)]);
        let path = |name: &str| folder.path().join(name);
        symlink("probe-11bb", path(LINK)).unwrap();
        home.tidy(now());
        assert!(path(LINK).exists() && !path("probe-22cc").exists());
        fs::remove_file(path(LINK)).unwrap();
        home.tidy(now());
        assert!(!path("probe-11bb").exists());
    }

    #[test]
    fn a_run_marks_its_own_version_as_used() {
        let (folder, home) = home_with(&[("probe-00aa", 8 * DAY)]);
        home.tidy(now());
        let used = fs::metadata(folder.path().join("probe-00aa")).unwrap().modified().unwrap();
        assert!(now().duration_since(used).unwrap() < DAY);
    }

    #[test]
    fn a_folder_that_others_can_open_is_refused_with_the_command_that_closes_it() {
        let folder = folder(0o750);
        let error = Home::of(&folder.path().join("probe-00aa")).unwrap_err().one_line();
        let path = folder.path().display();
        assert_eq!(error, format!("{path} is open to others (mode 750): run chmod 700 {path}"));
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Home::of(&folder.path().join("probe-00aa")).unwrap();
    }
}
