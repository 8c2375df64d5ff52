//! Lists of packages, of dpkg and of archives, read without keeping them. Source: deb-control(5).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Longer than any archive's list: Debian's largest has 50 MB, Ubuntu's of security updates 30.
const LONGEST_LIST: u64 = 256 << 20;

/// What is kept of a line. Names and versions are far shorter; lists of files and of dependencies are not needed.
const LONGEST_LINE: u64 = 4096;

/// The fields of a package that matter here; empty where it has none.
#[derive(Default)]
pub(super) struct Package {
    pub(super) name: Vec<u8>,
    pub(super) version: Vec<u8>,
    pub(super) architecture: Vec<u8>,
    /// dpkg's three words: what is wanted, whether all is well, what there is.
    status: Vec<u8>,
}

/// Shows each package of the file. Its memory is used again for the next.
pub(super) fn each(path: &Path, mut show: impl FnMut(&Package)) -> io::Result<()> {
    let mut list = BufReader::with_capacity(64 << 10, File::open(path)?.take(LONGEST_LIST));
    let mut package = Package::default();
    let mut line = Vec::new();
    let mut begins = true;
    loop {
        line.clear();
        if (&mut list).take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let ends = line.pop_if(|last| *last == b'\n').is_some();
        if begins && ends && line.is_empty() {
            package.finish(&mut show);
        } else if begins {
            package.take(&line);
        }
        begins = ends;
    }
    if list.get_ref().limit() == 0 {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than any list"));
    }
    package.finish(&mut show);
    Ok(())
}

impl Package {
    fn take(&mut self, line: &[u8]) {
        let fields: [(&[u8], &mut Vec<u8>); 4] = [
            (b"Package:", &mut self.name),
            (b"Version:", &mut self.version),
            (b"Architecture:", &mut self.architecture),
            (b"Status:", &mut self.status),
        ];
        for (key, value) in fields {
            if let Some(text) = line.strip_prefix(key) {
                value.clear();
                value.extend_from_slice(text.trim_ascii());
            }
        }
    }

    fn finish(&mut self, show: &mut impl FnMut(&Package)) {
        if !self.name.is_empty() && !self.version.is_empty() {
            show(self);
        }
        for value in [&mut self.name, &mut self.version, &mut self.architecture, &mut self.status] {
            value.clear();
        }
    }

    /// Whether its files are on the disk, set up or not. Of others dpkg still knows configuration files.
    pub(super) fn is_installed(&self) -> bool {
        let state = self.status.split(|byte| *byte == b' ').nth(2).unwrap_or_default();
        let there: [&[u8]; 5] =
            [b"installed", b"triggers-pending", b"triggers-awaited", b"half-configured", b"unpacked"];
        there.contains(&state)
    }
}
