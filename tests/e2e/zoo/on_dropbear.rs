//! Hosts of dropbear. Each server takes five logins at a time from one address, of which some
//! may be waiting, so there are several of them.

use std::path::Path;

use harness::Home;

use super::exhibit::{Exhibit, host};

/// The hosts of each server, with what is done in its mount namespace before.
pub(super) fn exhibits(dir: &Path) -> [(Option<&'static str>, Vec<Exhibit>); 3] {
    let ash = dir.join("dropbear-ash").join("ash");
    std::fs::create_dir_all(ash.parent().expect("it has one")).unwrap();
    std::os::unix::fs::symlink("/usr/bin/busybox", &ash).unwrap();
    let usual = vec![
        host("dropbear-bash", "ok"),
        host("dropbear-busybox", "ok").shell(ash.display().to_string()),
        host("dropbear-rc-echoes", "ok").file(".bashrc", "echo Welcome; cd /"),
    ];
    let unusual = vec![
        host("dropbear-fish", "ok").shell("/usr/bin/fish"),
        host("dropbear-tcsh", "ok").shell("/usr/bin/tcsh"),
        host("dropbear-rbash", "shell_unusable").shell("/bin/rbash").says("restricted"),
    ];
    // Nothing can be written anywhere.
    let nowhere = "for place in /var/tmp /dev/shm; do mount -t tmpfs -o ro tmpfs $place; done";
    let places = vec![
        host("dropbear-no-place", "no_work_dir").home(Home::ReadOnly).says("/dev/shm: "),
        host("dropbear-zsh", "ok").shell("/usr/bin/zsh"),
        host("dropbear-nologin", "shell_unusable").shell("/usr/sbin/nologin"),
    ];
    [(None, usual), (None, unusual), (Some(nowhere), places)]
}
