//! What the administrator wants to be mounted, from `/etc/fstab`. Source: fstab(5).

use std::collections::HashMap;

use super::mounts::unescape;

/// Mount points, each with whether it is meant for reading alone.
#[derive(Debug, Default)]
pub(super) struct Fstab {
    read_only: HashMap<Vec<u8>, bool>,
}

impl Fstab {
    /// The list in the text of the file. Lines that are none are left out.
    pub(super) fn parse(text: &[u8]) -> Fstab {
        let mut read_only = HashMap::new();
        for (point, is_read_only) in text.split(|byte| *byte == b'\n').filter_map(parse_line) {
            // What is listed twice may be mounted either way.
            *read_only.entry(point).or_default() |= is_read_only;
        }
        Fstab { read_only }
    }

    /// Whether it is listed, and to be written.
    pub(super) fn wants_to_write(&self, point: &[u8]) -> bool {
        self.read_only.get(point) == Some(&false)
    }
}

fn parse_line(line: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let source = fields.next()?;
    let point = unescape(fields.next()?);
    let (_fs_type, options) = (fields.next()?, fields.next().unwrap_or_default());
    let is_path = !source.starts_with(b"#") && point.starts_with(b"/");
    let is_read_only = options.split(|byte| *byte == b',').any(|option| option == b"ro");
    is_path.then(|| (without_slash_at_the_end(point), is_read_only))
}

fn without_slash_at_the_end(mut point: Vec<u8>) -> Vec<u8> {
    while point.len() > 1 && point.ends_with(b"/") {
        point.pop();
    }
    point
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::tree::Tree;

    fn of(host: &str) -> Fstab {
        Fstab::parse(&Tree::of(host).bytes("etc/fstab").unwrap())
    }

    #[test]
    fn mount_points_are_to_be_written_unless_their_options_say_ro() {
        let server = of("server-128");
        for point in ["/", "/boot", "/boot/efi", "/var/lib/docker", "/data/1", "/data/2", "/data/3", "/media/dvd"] {
            assert!(server.wants_to_write(point.as_bytes()), "{point}");
        }
        for point in ["/data/4", "/data", "/srv/projects", "none", ""] {
            assert!(!server.wants_to_write(point.as_bytes()), "{point}");
        }
        assert!(of("linux-3.10").wants_to_write(b"/") && !of("container-lxcfs").wants_to_write(b"/"));
    }

    #[test]
    fn damaged_lines_are_left_out_and_odd_names_are_kept() {
        let hostile = of("hostile");
        for point in [b"/not-utf8-\xff".as_slice(), b"/line\nbreak\ttab", br"/odd\9", b"/a"] {
            assert!(hostile.wants_to_write(point), "{}", point.escape_ascii());
        }
        for point in [b"/".as_slice(), b"/old", b"/old/", b"relative"] {
            assert!(!hostile.wants_to_write(point), "{}", point.escape_ascii());
        }
    }

    #[test]
    fn what_is_listed_twice_is_to_be_written_only_if_both_say_so() {
        let twice = Fstab::parse(b"/dev/a /m ext4 ro\n/dev/b /m ext4 rw\n/dev/a /n ext4 noauto\n/dev/b /n/ ext4 rw");
        assert!(!twice.wants_to_write(b"/m") && twice.wants_to_write(b"/n"));
    }
}
