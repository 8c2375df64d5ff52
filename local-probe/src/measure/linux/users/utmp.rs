//! The file of those who are logged in. Source: utmp(5), and glibc's bits/utmp.h.

use super::Tree;

/// The size of a record: where `long` and times have 64 bits in it, there are 16 bytes more.
const RECORD: usize = if cfg!(any(target_arch = "aarch64", target_arch = "loongarch64")) { 400 } else { 384 };
const USER_PROCESS: i16 = 7;

/// A login at a terminal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Login {
    /// The process it was written for: a shell, or what watches over one.
    pub(super) pid: u32,
}

/// The logins; nothing where nobody keeps such a file.
pub(super) fn read(tree: &Tree) -> Option<Vec<Login>> {
    let file = ["run/utmp", "var/run/utmp"].into_iter().find_map(|path| tree.bytes(path))?;
    parse(&file)
}

fn parse(file: &[u8]) -> Option<Vec<Login>> {
    let records = file.chunks_exact(RECORD);
    // A part of a record is one of another system, or about to be written.
    if !records.remainder().is_empty() {
        return None;
    }
    Some(records.filter_map(login).collect())
}

/// Type and process come first, whatever the size.
fn login(record: &[u8]) -> Option<Login> {
    let (kind, pid) = (record.first_chunk::<2>()?, record[4..].first_chunk::<4>()?);
    let pid = u32::try_from(i32::from_ne_bytes(*pid)).ok()?;
    (i16::from_ne_bytes(*kind) == USER_PROCESS && pid > 0).then_some(Login { pid })
}

#[cfg(test)]
pub(super) fn record(kind: i16, pid: i32) -> Vec<u8> {
    let mut record = vec![0; RECORD];
    record[..2].copy_from_slice(&kind.to_ne_bytes());
    record[4..8].copy_from_slice(&pid.to_ne_bytes());
    record[8..13].copy_from_slice(b"pts/0");
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_told_from_boots_and_from_those_who_left() {
        let file = [record(2, 0), record(7, 812), record(8, 900), record(7, 0), record(7, -5), record(6, 20)].concat();
        assert_eq!(parse(&file), Some(vec![Login { pid: 812 }]));
        assert_eq!(parse(b""), Some(vec![]));
        assert_eq!(parse(&file[..file.len() - 1]), None);
    }
}
