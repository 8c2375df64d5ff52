//! The limits of our own control group and of those above it, as far up as we can see; inside a container that is the
//! container's. Source: cgroups(7), and the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.

use super::Tree;

/// From here on a limit of version 1 is none: it writes the most pages there can be.
const UNLIMITED: u64 = 1 << 60;
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

/// The folders of our group and all above it. Those that are not there (a container that sees its own group as the
/// root, but is told its place in the host) have no files to read.
fn groups_upward(root: &str, path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).take(DEEPEST).collect();
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
    fn of_nested_groups_the_smallest_limit_counts() {
        // The session's slice allows 1 GiB, of which 300 MiB are used, the container 2 GiB, of which all but 400 MiB.
        let expected = Limits {
            cpus: Some(1.5),
            memory: Some(MemoryLimit { bytes: 1 << 30, available_bytes: (400 << 20) + 4096 }),
        };
        assert_eq!(limits(&Tree::of("container-v2")), expected);
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
}
