//! The limits of the control groups above our session, as far up as we can see; inside a container that is the
//! container's. What limits our session alone says nothing of the others. Source: cgroups(7), systemd.special(7), and
//! the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.

use super::Tree;

/// From here on a limit of version 1 is none: it writes the most pages there can be.
const UNLIMITED: u64 = 1 << 60;
/// What systemd, also that in a container, makes for sessions, services, and itself.
const OF_SYSTEMD: [&str; 3] = ["user.slice", "system.slice", "init.scope"];
/// How the names of groups begin that are a container's, wherever its manager runs.
const OF_CONTAINERS: [&str; 6] = ["docker-", "libpod-", "crio-", "cri-containerd-", "kubepods", "lxc.payload"];
/// Deepest nesting that is looked at.
const DEEPEST: usize = 64;

/// What the groups allow; absent where nothing is limited.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Limits {
    /// CPUs' worth of time.
    pub(super) cpus: Option<f64>,
    pub(super) memory: Option<MemoryLimit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MemoryLimit {
    /// The smallest of all.
    pub(super) bytes: u64,
    /// What the group that is nearest to its limit could still get, its inactive file cache included.
    pub(super) available_bytes: u64,
}

/// Where the files of one version are, and how they are called.
struct Version {
    memory_root: &'static str,
    memory_limit: &'static str,
    memory_in_use: &'static str,
    inactive_file: &'static str,
}

const ONE: Version = Version {
    memory_root: "sys/fs/cgroup/memory",
    memory_limit: "memory.limit_in_bytes",
    memory_in_use: "memory.usage_in_bytes",
    inactive_file: "total_inactive_file",
};
const TWO: Version = Version {
    memory_root: "sys/fs/cgroup",
    memory_limit: "memory.max",
    memory_in_use: "memory.current",
    inactive_file: "inactive_file",
};

pub(super) fn limits(tree: &Tree) -> Limits {
    let list = tree.text("proc/self/cgroup").unwrap_or_default();
    if tree.path("sys/fs/cgroup/cgroup.controllers").exists() {
        let groups = groups_upward(TWO.memory_root, path_of(&list, ""));
        return Limits {
            cpus: smallest(groups.iter().filter_map(|group| quota(tree.text(format!("{group}/cpu.max"))?.trim()))),
            memory: memory(tree, &groups, &TWO),
        };
    }
    let cpu = groups_upward("sys/fs/cgroup/cpu", path_of(&list, "cpu"));
    let quota = |group: &String| {
        let file = |name: &str| tree.text(format!("{group}/{name}"));
        quota(&format!("{} {}", file("cpu.cfs_quota_us")?.trim(), file("cpu.cfs_period_us")?.trim()))
    };
    let memory_groups = groups_upward(ONE.memory_root, path_of(&list, "memory"));
    Limits { cpus: smallest(cpu.iter().filter_map(quota)), memory: memory(tree, &memory_groups, &ONE) }
}

/// Our group of the hierarchy with that controller, in the text of `/proc/self/cgroup`; that of version 2 has none.
fn path_of<'a>(list: &'a str, controller: &str) -> &'a str {
    let paths = list.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        controllers.split(',').any(|at| at == controller).then_some(path)
    });
    // A group outside of the part that we see begins with `/..`: of that only the root is known.
    paths.into_iter().next().filter(|path| !path.split('/').any(|part| part == "..")).unwrap_or_default()
}

/// The folders of the group above our session, and of all above that. Those that are not there (a container that sees
/// its own group as the root, but is told its place in the host) have no files to read.
fn groups_upward(root: &str, path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).take(DEEPEST).collect();
    // Without a view of its own, a container of a service's lies below `system.slice`.
    let is_of_container = |part: &&str| OF_CONTAINERS.iter().any(|beginning| part.starts_with(beginning));
    let containers = parts.iter().rposition(is_of_container).map_or(0, |last| last + 1);
    let own = parts[containers..].iter().position(|part| OF_SYSTEMD.contains(part));
    let parts = &parts[..own.map_or(parts.len(), |own| containers + own)];
    (0..=parts.len()).rev().map(|depth| [&[root], &parts[..depth]].concat().join("/")).collect()
}

/// `max 100000` or `150000 100000`: so much time in each period. A quota of −1 is none.
fn quota(cpu_max: &str) -> Option<f64> {
    let (quota, period) = cpu_max.split_once(' ')?;
    let (quota, period) = (quota.parse::<u32>().ok()?, period.parse::<u32>().ok()?);
    (quota > 0 && period > 0).then(|| f64::from(quota) / f64::from(period))
}

fn smallest(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.min_by(f64::total_cmp)
}

fn memory(tree: &Tree, groups: &[String], version: &Version) -> Option<MemoryLimit> {
    let limits = groups.iter().filter_map(|group| {
        let bytes = tree.number(format!("{group}/{}", version.memory_limit))?;
        let limited = (1..UNLIMITED).contains(&bytes);
        limited.then(|| Some(MemoryLimit { bytes, available_bytes: available(tree, group, version, bytes)? }))?
    });
    limits.reduce(|a, b| MemoryLimit {
        bytes: a.bytes.min(b.bytes),
        available_bytes: a.available_bytes.min(b.available_bytes),
    })
}

fn available(tree: &Tree, group: &str, version: &Version, limit: u64) -> Option<u64> {
    let in_use = tree.number(format!("{group}/{}", version.memory_in_use))?;
    let statistics = tree.text(format!("{group}/memory.stat"))?;
    let cache = statistics.lines().find_map(|line| line.strip_prefix(version.inactive_file)?.strip_prefix(' '))?;
    Some(limit.saturating_sub(in_use.saturating_sub(cache.trim().parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_a_container_count_and_those_of_a_session_in_it_do_not() {
        // The container may use 2 GiB, of which 400 MiB are left; sessions in it 1 GiB, and one CPU.
        let expected = Limits {
            cpus: Some(1.5),
            memory: Some(MemoryLimit { bytes: 2 << 30, available_bytes: (400 << 20) + 4096 }),
        };
        assert_eq!(limits(&Tree::of("container-v2")), expected);
    }

    #[test]
    fn of_nested_groups_the_smallest_limit_counts() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let file = root.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write("proc/self/cgroup", "0::/pod/inner\n");
        write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
        for (group, cpu, bytes, in_use) in
            [("pod", "200000 100000", 4000, 3500), ("pod/inner", "max 100000", 2000, 1000)]
        {
            write(&format!("sys/fs/cgroup/{group}/cpu.max"), cpu);
            write(&format!("sys/fs/cgroup/{group}/memory.max"), &bytes.to_string());
            write(&format!("sys/fs/cgroup/{group}/memory.current"), &in_use.to_string());
            write(&format!("sys/fs/cgroup/{group}/memory.stat"), "inactive_file 100\n");
        }
        let memory = MemoryLimit { bytes: 2000, available_bytes: 600 };
        assert_eq!(limits(&Tree::at(root.path())), Limits { cpus: Some(2.0), memory: Some(memory) });
    }

    #[test]
    fn limits_of_version_1_are_read_where_the_container_sees_them() {
        let memory = MemoryLimit { bytes: 512 << 20, available_bytes: (512 - 200 + 50) << 20 };
        assert_eq!(limits(&Tree::of("container-v1")), Limits { cpus: Some(0.5), memory: Some(memory) });
    }

    #[test]
    fn no_limit_is_absent() {
        for host in ["small-vm", "linux-3.10", "none", "hostile"] {
            assert_eq!(limits(&Tree::of(host)), Limits::default(), "{host}");
        }
        assert_eq!((quota("max 100000"), quota("-1 100000"), quota("0 1"), quota("1 0")), (None, None, None, None));
    }

    #[test]
    fn a_path_out_of_the_part_we_see_is_not_followed() {
        assert_eq!(path_of("0::/../../secret\n", ""), "");
        assert_eq!(path_of("5:cpu,cpuacct:/a\n4:memory:/b:c\n0::/d\n", "memory"), "/b:c");
        assert_eq!(groups_upward("r", "/a/b"), ["r/a/b", "r/a", "r"]);
    }

    #[test]
    fn what_systemd_makes_in_a_container_is_left_out_and_what_it_made_for_the_container_is_not() {
        for (path, innermost) in [
            ("/user.slice/user-0.slice/session-1.scope", "r"),
            ("/system.slice/cron.service", "r"),
            ("/init.scope", "r"),
            ("/lxc.payload.web1/user.slice/user-0.slice/session-1.scope", "r/lxc.payload.web1"),
            ("/lxc/web1/system.slice/ssh.service", "r/lxc/web1"),
            ("/user.slice/user-7.slice/lxc.payload.web1/init.scope", "r/user.slice/user-7.slice/lxc.payload.web1"),
            ("/system.slice/docker-c0ffee.scope", "r/system.slice/docker-c0ffee.scope"),
            ("/system.slice/docker-c0ffee.scope/init.scope", "r/system.slice/docker-c0ffee.scope"),
            ("/kubepods.slice/kubepods-pod1.slice/crio-1.scope", "r/kubepods.slice/kubepods-pod1.slice/crio-1.scope"),
        ] {
            assert_eq!(groups_upward("r", path)[0], innermost, "{path}");
        }
    }
}
