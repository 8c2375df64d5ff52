//! Whether `/proc` hides processes of others from us: its mount option `hidepid`. Source: proc(5), and
//! `has_pid_permissions` in Linux's fs/proc/base.c.

use super::Tree;

/// CAP_SYS_PTRACE of capabilities(7).
const MAY_TRACE: u64 = 1 << 19;

/// Whether processes of others are hidden.
pub(in super::super) fn are_others(tree: &Tree) -> bool {
    let mountinfo = String::from_utf8_lossy(tree.mountinfo().unwrap_or_default());
    let Some(options) = options_of_proc(&mountinfo) else { return false };
    hides(options, tree.text("proc/self/status").as_deref())
}

/// The options that all of the filesystem at `/proc` has: of several the last one is seen.
fn options_of_proc(mountinfo: &str) -> Option<&str> {
    let lines = mountinfo.lines().filter_map(|line| line.split_once(" - "));
    let mut on_proc = lines.filter(|(mount, _)| mount.split(' ').nth(4) == Some("/proc"));
    let (fs_type, rest) = on_proc.next_back()?.1.split_once(' ')?;
    (fs_type == "proc").then(|| rest.rsplit(' ').next())?
}

fn hides(options: &str, status: Option<&str>) -> bool {
    let value = |key: &str| options.split(',').filter_map(|option| option.split_once('=')).find(|pair| pair.0 == key);
    let by_group = match value("hidepid") {
        None | Some((_, "0" | "off")) => return false,
        // Then the option `gid` has no effect.
        Some((_, "4" | "ptraceable")) => false,
        Some(_) => true,
    };
    let Some(status) = status else { return true };
    let field = |key: &str| status.lines().find_map(|line| line.strip_prefix(key));
    let capabilities = field("CapEff:").and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    if capabilities.is_some_and(|bits| bits & MAY_TRACE != 0) {
        return false;
    }
    let trusted = value("gid").map_or("0", |(_, group)| group);
    // The last of the four is the group that counts for files.
    let own = field("Gid:").and_then(|ids| ids.split_ascii_whitespace().last());
    let others = field("Groups:").into_iter().flat_map(str::split_ascii_whitespace);
    !(by_group && own.into_iter().chain(others).any(|group| group == trusted))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: &str = "Name:\tx\nGid:\t65534\t65534\t65534\t65534\nGroups:\t27 100 \nCapEff:\t0000000000000000\n";
    const ROOT: &str = "Gid:\t0\t0\t0\t0\nGroups:\t0 \nCapEff:\t000001ffffffffff\n";

    #[test]
    fn the_last_proc_that_is_mounted_there_counts() {
        let under = "22 27 0:21 / /proc rw - proc proc rw\n";
        let over = "90 22 0:55 / /proc rw,nosuid shared:9 - proc proc rw,gid=27,hidepid=invisible\n";
        let elsewhere = "91 27 0:56 / /jail/proc rw - proc proc rw\n";
        assert_eq!(options_of_proc(under), Some("rw"));
        assert_eq!(options_of_proc(&[under, over, elsewhere].concat()), Some("rw,gid=27,hidepid=invisible"));
        for none in [elsewhere, "", "22 27 0:21 / /proc rw - tmpfs x hidepid=2", "22 27 / /proc"] {
            assert_eq!(options_of_proc(none), None, "{none}");
        }
    }

    #[test]
    fn processes_are_hidden_from_whom_the_option_says() {
        for shown in ["rw", "rw,hidepid=0", "rw,hidepid=off", "rw,gid=27,hidepid=2", "rw,gid=100,hidepid=noaccess"] {
            assert!(!hides(shown, Some(NOBODY)), "{shown}");
        }
        for hidden in
            ["rw,hidepid=1", "rw,hidepid=2", "rw,gid=10,hidepid=invisible", "rw,gid=27,hidepid=4", "hidepid=ptraceable"]
        {
            assert!(hides(hidden, Some(NOBODY)), "{hidden}");
            assert!(!hides(hidden, Some(ROOT)), "{hidden}");
            assert!(hides(hidden, None), "who we are can't be read: {hidden}");
        }
    }

    #[test]
    fn without_the_option_gid_it_is_the_group_of_root_that_sees_all() {
        let admin = NOBODY.replace("Groups:\t27", "Groups:\t0 27");
        assert!(!hides("rw,hidepid=2", Some(&admin)));
        assert!(hides("rw,hidepid=4", Some(&admin)));
    }
}
