//! Files that are there after a power cut, or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::process::{Resource, getrlimit};

/// The name a file has while it is written. One is enough in each folder, since a lock admits one writer; what a
/// crash leaves behind goes with the next write.
pub(crate) const UNFINISHED: &str = "unfinished";

/// Writes a file so that after a crash at any point it has its old content or the new.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = folder.join(UNFINISHED);
    remove(&unfinished)?;
    let written = write_new(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, folder.join(name)));
    if written.is_err() {
        // Half a file must not keep the last blocks of a full disk. Why the writing failed matters more than this.
        drop(remove(&unfinished));
    }
    written?;
    sync(folder)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    create(path, bytes)?.sync_all()
}

/// Makes a file that is ours alone and does not exist yet. It need not be there after a power cut.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> io::Result<File> {
    // Beyond the limit the kernel would end the process by a signal. Source: setrlimit(2), RLIMIT_FSIZE.
    if getrlimit(Resource::Fsize).current.is_some_and(|limit| limit < bytes.len() as u64) {
        return Err(rustix::io::Errno::FBIG.into());
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    Ok(file)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes a folder for ourselves alone, and its entry in its parent durable. One that exists is fine.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Reads a regular file of at most `most` bytes. Neither follows a symbolic link nor waits for a pipe's writer.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {most} bytes")));
    }
    Ok(bytes)
}

pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_is_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a", b"a longer first content").unwrap();
        // Left behind by a crash.
        fs::write(folder.path().join(UNFINISHED), b"something much longer than what is written next").unwrap();
        write(folder.path(), "a", b"second").unwrap();
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"second");
        assert_eq!(fs::metadata(folder.path().join("a")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_folders_and_long_files_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), b"12345").unwrap();
        symlink(path("file"), path("link")).unwrap();
        assert_eq!(read(&path("file"), 5).unwrap(), b"12345");
        assert_eq!(read(&path("file"), 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(read(&path("link"), 5).is_err());
        assert_eq!(read(folder.path(), 5).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
