//! The kernels that are installed, beside the one that runs.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::super::mounts;
use super::Tree;

/// Where kernels without modules of their own beside them are.
const BOOT: &str = "boot";

/// Where each kernel has a folder of modules.
const MODULES: [&str; 2] = ["lib/modules", "usr/lib/modules"];

/// The longest release that is named: utsname(2) has room for 64 bytes.
const LONGEST: usize = 64;

/// Why this kernel should give way to another; nothing in the inner place if none waits, and in the outer one if the
/// host does not show which it has.
pub(super) fn reason(tree: &Tree, running: &str) -> Option<Option<String>> {
    let with_modules: Vec<String> = MODULES.iter().flat_map(|folder| releases(tree, folder, "")).collect();
    let shows_boot = shows_boot(tree);
    let images = images(tree, shows_boot);
    let has_modules = with_modules.iter().any(|release| release == running);
    // Kernels with no modules at all have no folder either: only others of the same make show that there was one.
    if !has_modules && with_modules.iter().any(|other| flavour(other) == flavour(running)) {
        return Some(Some(format!("the modules of the running kernel {running} are gone")));
    }
    // Where /boot is not looked at, newer images may be there, unless they are kept with the modules.
    let has_image = images.iter().any(|(release, _)| release == running);
    if !(has_image || has_modules && shows_boot) {
        return None;
    }
    let is_newer = |release: &str| flavour(release) == flavour(running) && numbers(release) > numbers(running);
    let mut newer: Vec<(String, i64)> = images.into_iter().filter(|(release, _)| is_newer(release)).collect();
    if !newer.is_empty() {
        let booted = boot_time(tree)?;
        newer.retain(|(_, came)| *came > booted);
    }
    let newest = newer.into_iter().max_by_key(|(release, _)| numbers(release));
    Some(newest.map(|(newest, _)| format!("kernel {newest} is installed, {running} runs")))
}

/// The images and when they came, in seconds: the change of the inode, since packages keep the time of the build as
/// that of the content. Of two copies the earlier counts; the other may have been made anew.
fn images(tree: &Tree, with_boot: bool) -> Vec<(String, i64)> {
    let prefixes = ["vmlinuz-", "vmlinux-"].into_iter().filter(|_| with_boot);
    let in_boot = prefixes.flat_map(|prefix| {
        releases(tree, BOOT, prefix).map(move |release| (format!("{BOOT}/{prefix}{release}"), release))
    });
    // Fedora, Arch and systemd's kernel-install keep the image with the modules.
    let with_modules = MODULES.into_iter().flat_map(|folder| {
        releases(tree, folder, "").map(move |release| (format!("{folder}/{release}/vmlinuz"), release))
    });
    let mut images: Vec<(String, i64)> = Vec::new();
    for (path, release) in in_boot.chain(with_modules) {
        let Ok(file) = fs::metadata(tree.path(path)) else { continue };
        match images.iter_mut().find(|(known, _)| *known == release) {
            Some((_, came)) => *came = file.ctime().min(*came),
            None => images.push((release, file.ctime())),
        }
    }
    images
}

/// Whether `/boot` can be looked at without mounting what is to come there. systemd mounts the partition that the
/// machine boots from when somebody wants something of it, and takes it away again two minutes later.
/// Source: systemd-gpt-auto-generator(8).
fn shows_boot(tree: &Tree) -> bool {
    let mounts = mounts::parse(tree.mountinfo().unwrap_or_default());
    let is_there = |mount: &&mounts::Mount| mount.point.strip_prefix(b"/").is_some_and(|path| path == BOOT.as_bytes());
    let there: Vec<_> = mounts.iter().filter(is_there).collect();
    let is_covered = |mount: &mounts::Mount| there.iter().any(|other| other.parent == mount.id);
    !there.iter().any(|mount| mount.fs_type == "autofs" && !is_covered(mount))
}

/// What follows the prefix in the names in a folder, if it can be a kernel's release.
fn releases<'a>(tree: &Tree, folder: &str, prefix: &'a str) -> impl Iterator<Item = String> + use<'a> {
    let names = tree.names(folder).unwrap_or_default().into_iter();
    let release = move |name: String| name.strip_prefix(prefix).map(str::to_owned);
    names.filter_map(release).filter(|name| {
        name.len() <= LONGEST
            && name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_graphic())
    })
}

/// The letters in a release: `amd`, `cloud amd`, `generic`, `el x`, `arch`, `arch lts`. Debian's marks for the release
/// it was built for come and go within a flavour.
fn flavour(release: &str) -> Vec<&str> {
    let words = release.split(|c: char| !c.is_ascii_alphabetic());
    words.filter(|word| !word.is_empty() && !["deb", "bpo"].contains(word)).collect()
}

/// The numbers before the first word: `[6, 1, 0, 13]` of `6.1.0-13-amd64`, `[5, 14, 0, 362, 8, 1]` of
/// `5.14.0-362.8.1.el9_3.x86_64`. By its order with text, `el9` would be newer than `8.1`.
fn numbers(release: &str) -> Vec<u64> {
    release.split(['.', '-', '+', '_', '~']).map_while(|number| number.parse().ok()).collect()
}

/// Seconds since 1970.
fn boot_time(tree: &Tree) -> Option<i64> {
    tree.text("proc/stat")?.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}
