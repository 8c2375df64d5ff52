//! The kernel's files, below the root of this host or below that of a test's.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Most that is read of any one file: a hostile or broken one must not fill the memory.
const MOST: u64 = 16 << 20;

/// A root folder with `proc`, `sys`, `etc` … below it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    mountinfo: Arc<OnceLock<Option<Vec<u8>>>>,
}

impl Tree {
    /// This host's.
    pub(crate) fn live() -> Tree {
        Tree::below(Path::new("/"))
    }

    fn below(root: &Path) -> Tree {
        Tree { root: root.to_owned(), mountinfo: Arc::default() }
    }

    /// The one with its root there.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Tree {
        Tree::below(root)
    }

    /// One of the hosts in `testdata/hosts`.
    #[cfg(test)]
    pub(crate) fn of(host: &str) -> Tree {
        Tree::at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/hosts").join(host))
    }

    /// Where a path such as `proc/stat` is.
    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// The bytes of a file; nothing if it can't be read, or is too long to be one of the kernel's.
    pub(crate) fn bytes(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.path(path)).ok()?.take(MOST + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= MOST).then_some(bytes)
    }

    /// The list of mounts, read once: where there are thousands, the kernel needs 20 ms to write it.
    pub(crate) fn mountinfo(&self) -> Option<&[u8]> {
        self.mountinfo.get_or_init(|| self.bytes("proc/self/mountinfo")).as_deref()
    }

    /// The text of a file. What is not UTF-8 in it becomes U+FFFD, so that one odd name hides nothing else.
    pub(crate) fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let bytes = self.bytes(path)?;
        Some(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The one number in a file.
    pub(crate) fn number(&self, path: impl AsRef<Path>) -> Option<u64> {
        self.text(path)?.trim().parse().ok()
    }

    /// The names in a folder, sorted. Names that are not UTF-8 are left out: the kernel makes none.
    pub(crate) fn names(&self, path: impl AsRef<Path>) -> Option<Vec<String>> {
        let entries = fs::read_dir(self.path(path)).ok()?;
        let mut names: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        Some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_absent() {
        let tree = Tree::of("no-such-host");
        assert_eq!((tree.bytes("proc/stat"), tree.number("proc/x"), tree.names("sys")), (None, None, None));
    }

    #[test]
    fn a_file_that_never_ends_is_absent() {
        assert_eq!(Tree::live().bytes("dev/zero"), None);
    }
}
