//! The container that the probe runs in, and its limits. Found as systemd-detect-virt(1) finds it, and by two signs
//! more: files of lxcfs in the place of the kernel's, and the name of our control group.

use sample::Container;

use super::{Tree, control_groups};

/// The names that systemd knows; others are `container-other`.
const KNOWN: &[&str] = &["lxc", "lxc-libvirt", "systemd-nspawn", "docker", "podman", "rkt", "wsl", "proot", "pouch"];

pub(super) fn read(tree: &Tree) -> Option<Container> {
    let kind = kind(tree)?.to_owned();
    let limits = control_groups::limits(tree);
    Some(Container {
        kind,
        cpu_limit: limits.cpus,
        memory_limit_bytes: limits.memory.map(|memory| memory.bytes).filter(|bytes| i64::try_from(*bytes).is_ok()),
    })
}

/// Whether the memory of `/proc/meminfo` is that of the container: a program (lxcfs) writes the file.
pub(super) fn has_meminfo_of_its_own(tree: &Tree) -> bool {
    let mounts = String::from_utf8_lossy(tree.mountinfo().unwrap_or_default());
    mounts.lines().any(|line| {
        let point = line.split(' ').nth(4);
        let fs_type = line.split_once(" - ").map(|(_, rest)| rest);
        point == Some("/proc/meminfo") && fs_type.is_some_and(|fs_type| fs_type.starts_with("fuse"))
    })
}

fn kind(tree: &Tree) -> Option<&'static str> {
    if exists(tree, "proc/vz") && !exists(tree, "proc/bc") {
        return Some("openvz");
    }
    let release = tree.text("proc/sys/kernel/osrelease").unwrap_or_default();
    if release.contains("Microsoft") || release.contains("WSL") {
        return Some("wsl");
    }
    match said(tree).as_deref() {
        // Some images say so of themselves, whatever runs them.
        Some("oci") => Some(by_files(tree).unwrap_or("container-other")),
        Some(name) => Some(KNOWN.iter().find(|known| **known == name).unwrap_or(&"container-other")),
        None => by_files(tree)
            .or_else(|| has_meminfo_of_its_own(tree).then_some("lxc"))
            .or_else(|| by_control_group(&tree.text("proc/self/cgroup")?))
            .or_else(|| is_below_the_root_of_control_groups(tree).then_some("container-other")),
    }
}

/// What the container's manager, or its first process, says.
fn said(tree: &Tree) -> Option<String> {
    let line = |path: &str| Some(tree.text(path)?.lines().next()?.trim().to_owned()).filter(|name| !name.is_empty());
    line("run/host/container-manager").or_else(|| line("run/systemd/container")).or_else(|| {
        let environment = tree.text("proc/1/environ")?;
        let name = environment.split('\0').find_map(|variable| variable.strip_prefix("container="))?;
        (!name.is_empty()).then(|| name.to_owned())
    })
}

/// Docker's comes last: the file may have got into an image.
fn by_files(tree: &Tree) -> Option<&'static str> {
    let files = [("run/.containerenv", "podman"), (".dockerenv", "docker")];
    files.into_iter().find(|(file, _)| exists(tree, file)).map(|(_, kind)| kind)
}

fn by_control_group(list: &str) -> Option<&'static str> {
    let signs = [
        ("/kubepods", "container-other"),
        ("/docker/", "docker"),
        ("/docker-", "docker"),
        ("/libpod-", "podman"),
        ("/lxc/", "lxc"),
        ("/lxc.payload", "lxc"),
    ];
    signs.into_iter().find(|(sign, _)| list.contains(sign)).map(|(_, kind)| kind)
}

/// The real root has no type.
fn is_below_the_root_of_control_groups(tree: &Tree) -> bool {
    exists(tree, "sys/fs/cgroup/cgroup.controllers") && exists(tree, "sys/fs/cgroup/cgroup.type")
}

fn exists(tree: &Tree, path: &str) -> bool {
    tree.path(path).exists()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn with(files: &[(&str, &str)]) -> Option<&'static str> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        kind(&Tree::at(folder.path()))
    }

    #[test]
    fn a_container_is_told_with_its_limits_and_a_host_is_none() {
        let container = |kind: &str, cpu_limit, memory_limit_bytes| {
            Some(Container { kind: kind.to_owned(), cpu_limit, memory_limit_bytes })
        };
        assert_eq!(read(&Tree::of("container-v2")), container("docker", Some(1.5), Some(2 << 30)));
        assert_eq!(read(&Tree::of("container-v1")), container("container-other", Some(0.5), Some(512 << 20)));
        assert_eq!(read(&Tree::of("container-lxcfs")), container("lxc", None, Some(4 << 30)));
        for host in ["small-vm", "server-128", "linux-3.10", "zfs", "none", "hostile"] {
            assert_eq!(read(&Tree::of(host)), None, "{host}");
        }
    }

    #[test]
    fn each_sign_is_understood_as_systemd_understands_it() {
        let manager = "run/host/container-manager";
        assert_eq!(with(&[(manager, "systemd-nspawn\n"), (".dockerenv", "")]), Some("systemd-nspawn"));
        assert_eq!(with(&[("run/systemd/container", "incus\n")]), Some("container-other"));
        assert_eq!(with(&[("proc/1/environ", "A=b\0container=lxc\0")]), Some("lxc"));
        assert_eq!(with(&[("proc/1/environ", "container=oci\0"), ("run/.containerenv", "")]), Some("podman"));
        assert_eq!(with(&[("proc/1/environ", "container=oci\0")]), Some("container-other"));
        assert_eq!(with(&[("proc/1/environ", "xcontainer=lxc\0")]), None);
        assert_eq!(with(&[("run/.containerenv", ""), (".dockerenv", "")]), Some("podman"));
        assert_eq!(with(&[("proc/vz/version", "")]), Some("openvz"));
        assert_eq!(with(&[("proc/vz/version", ""), ("proc/bc/0", "")]), None);
        let wsl = "5.15.167.4-microsoft-standard-WSL2\n";
        assert_eq!(with(&[("proc/sys/kernel/osrelease", wsl)]), Some("wsl"));
        let libpod = "0::/machine.slice/libpod-0a.scope/container\n";
        assert_eq!(with(&[("proc/self/cgroup", libpod)]), Some("podman"));
        assert_eq!(with(&[("proc/self/cgroup", "0::/user.slice/user-0.slice/session-1.scope\n")]), None);
        let root = "sys/fs/cgroup/cgroup.controllers";
        assert_eq!(with(&[(root, ""), ("sys/fs/cgroup/cgroup.type", "domain\n")]), Some("container-other"));
        assert_eq!(with(&[(root, "")]), None);
    }
}
