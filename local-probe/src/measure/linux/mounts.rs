//! What is mounted, from `/proc/self/mountinfo`. Source: proc_pid_mountinfo(5).
//!
//! The list is bytes: mount points need not be UTF-8.

/// One line of mountinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) id: u32,
    /// The mount it is mounted on.
    pub(super) parent: u32,
    /// major:minor. All bind mounts and all subvolumes of one filesystem share it.
    pub(super) device: (u32, u32),
    /// Where it is mounted, an absolute path.
    pub(super) point: Vec<u8>,
    /// What holds for this mount alone, such as `rw,noatime`.
    options: Vec<u8>,
    /// Such as `ext4` or `fuse.sshfs`.
    pub(super) fs_type: String,
    /// What is mounted, such as `/dev/sda1` or `server:/export`.
    pub(super) source: Vec<u8>,
    /// What holds for the filesystem wherever it is mounted.
    super_options: Vec<u8>,
}

impl Mount {
    /// The mount point as text. What is not UTF-8 in it becomes U+FFFD.
    pub(super) fn name(&self) -> String {
        String::from_utf8_lossy(&self.point).into_owned()
    }

    /// Whether this mount has the option, such as `ro`.
    pub(super) fn has(&self, option: &str) -> bool {
        contains(&self.options, option)
    }

    /// Whether its filesystem has the option, wherever it is mounted.
    pub(super) fn filesystem_has(&self, option: &str) -> bool {
        contains(&self.super_options, option)
    }
}

/// Whether an option is in a list such as `rw,upperdir=/x`, also with a value.
fn contains(options: &[u8], wanted: &str) -> bool {
    let name = |option: &'_ [u8]| option.split(|byte| *byte == b'=').next() == Some(wanted.as_bytes());
    options.split(|byte| *byte == b',').any(name)
}

/// The mounts in the text of mountinfo. Lines that are none are left out.
pub(super) fn parse(mountinfo: &[u8]) -> Vec<Mount> {
    mountinfo.split(|byte| *byte == b'\n').filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let id = number(fields.next()?)?;
    let parent = number(fields.next()?)?;
    let mut device = fields.next()?.splitn(2, |byte| *byte == b':');
    let device = (number(device.next()?)?, number(device.next()?)?);
    let point = unescape(fields.nth(1)?);
    let options = fields.next()?.to_vec();
    // After the mount options come any number of optional fields, ended by a dash.
    fields.find(|field| *field == b"-")?;
    let fs_type = String::from_utf8_lossy(&unescape(fields.next()?)).into_owned();
    let source = unescape(fields.next()?);
    let super_options = fields.next().unwrap_or_default().to_vec();
    let mount = Mount { id, parent, device, point, options, fs_type, source, super_options };
    mount.point.starts_with(b"/").then_some(mount)
}

fn number(field: &[u8]) -> Option<u32> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

/// The kernel writes space, tab, line break and backslash as a backslash and three octal digits; so does fstab(5).
pub(super) fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        if let (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) = (first, tail) {
            bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_of_options_are_read_by_whole_names() {
        let line = br"9 1 8:1 /sub /a\040b ro,noatime shared:1 master:2 - ext4 /dev/sda1 rw,errors=remount-ro";
        let mount = &parse(line)[0];
        assert_eq!((mount.point.as_slice(), mount.source.as_slice()), (b"/a b".as_slice(), b"/dev/sda1".as_slice()));
        assert!(mount.has("ro") && mount.has("noatime") && !mount.has("rw") && !mount.has("atime"));
        assert!(mount.filesystem_has("rw") && mount.filesystem_has("errors") && !mount.filesystem_has("ro"));
    }

    #[test]
    fn lines_that_are_cut_short_are_left_out() {
        let whole = "9 1 8:1 / /a rw - ext4 /dev/sda1 rw";
        let last_that_counts = whole.find(" rw - ").unwrap() + " rw - ext4 ".len();
        for end in 0..last_that_counts {
            assert_eq!(parse(&whole.as_bytes()[..end]), [], "{}", &whole[..end]);
        }
        assert_eq!(parse(whole.as_bytes()).len(), 1);
    }
}
