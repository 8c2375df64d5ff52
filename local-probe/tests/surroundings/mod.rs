//! Hosts of other kinds, made of namespaces of this one.

use std::path::Path;
use std::process::Command;

use crate::host::Host;

#[test]
fn without_proc_it_answers_with_what_is_left_and_makes_nothing_up() {
    let host = Host::new();
    let hide = "mount -t tmpfs none /proc && exec \"$0\" run";
    let mut unshare = Command::new("unshare");
    let command = unshare.args(["--map-root-user", "--mount", "sh", "-c", hide]).arg(host.probe());
    let answer = host.visit_by(command, &host.request());
    let sample = &answer.samples[0];
    let readings = &sample.readings;
    assert_eq!((readings.cpu, readings.memory, readings.swap, readings.load), (None, None, None, None));
    assert_eq!((readings.logical_cpus, &readings.filesystems, &sample.boot), (None, &None, &None));
    assert!(sample.facts.kernel.is_some(), "the kernel tells it without /proc");
    assert_eq!(answer.header.unspooled, None);
}

#[test]
fn a_kernel_that_does_not_say_what_memory_is_available_has_it_added_up() {
    let host = Host::new();
    let replace = "mount --bind \"$1\" /proc/meminfo && exec \"$0\" run";
    let readings_with = |kernel: &str| {
        let meminfo = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/hosts").join(kernel).join("proc/meminfo");
        let mut unshare = Command::new("unshare");
        unshare.args(["--map-root-user", "--mount", "sh", "-c", replace]).arg(host.probe()).arg(meminfo);
        host.visit_by(&mut unshare, &host.request()).samples.pop().unwrap().readings
    };
    let (old, new) = (readings_with("linux-3.10"), readings_with("small-vm"));
    let memory = old.memory.unwrap();
    let available = (74_060 + 948 + 620_116 + 51_872 - 13_096) * 1024;
    assert_eq!((memory.total_bytes, memory.available_bytes), (1_017_096 * 1024, available));
    assert_eq!(old.swap.unwrap().total_bytes, 839_676 * 1024);
    let memory = new.memory.unwrap();
    assert_eq!((memory.total_bytes, memory.available_bytes), (8_134_440 * 1024, 5_210_044 * 1024));
}

#[test]
fn a_bridge_is_told_by_its_port_and_what_stands_on_an_interface_by_that_one() {
    let host = Host::new();
    let build = "mount -t sysfs none /sys && ip link add uplink type veth peer name far && ip link set far up \
        && ip link set uplink up && ip link add bridge type bridge && ip link set uplink master bridge \
        && ip link add link far name upper type macvlan && exec \"$0\" run";
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "--net", "sh", "-c", build]).arg(host.probe());
    let answer = host.visit_by(&mut unshare, &host.request());
    let interfaces = answer.samples[0].counters.interfaces.clone().unwrap();
    let mut told: Vec<_> = interfaces.iter().map(|one| (one.name.as_str(), one.index > 0, one.up)).collect();
    told.sort_unstable();
    assert_eq!(told, [("far", true, Some(true)), ("uplink", true, Some(true))]);
}

/// A visit beside a chronyd that neither sets the machine's clock nor leaves its network namespace, and ends with its
/// host's process ids. It has the folder and the user that Debian gives it; the command comes once it answers.
fn beside_chronyd(host: &Host, conf: &str, command: &str) -> Option<bool> {
    let start = "mount -t tmpfs none /run && ip link set lo up && printf \"$2\" > /run/conf && \
        install -d -o _chrony -g _chrony -m 750 /run/chrony && /usr/sbin/chronyd -x -u _chrony -f /run/conf && \
        until chronyc -n tracking > /run/answer; do :; done && ";
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--net", "--pid", "--fork", "--mount-proc", "sh", "-c", &format!("{start}{command}")]);
    unshare.arg(host.probe()).arg(host.path("")).arg(conf);
    let answer = host.visit_by(&mut unshare, &host.request());
    answer.samples[0].readings.clock_synchronized
}

const BY_NOBODY: &str =
    "chown -R nobody \"$1\" && exec setpriv --reuid=nobody --regid=nogroup --clear-groups \"$0\" run";

#[test]
fn a_chronyd_without_a_clock_to_follow_keeps_none_right_and_says_so_to_every_account() {
    for command in ["exec \"$0\" run", BY_NOBODY] {
        let cannot_look = "setpriv --reuid=nobody --regid=nogroup --clear-groups test ! -e /run/chrony/chronyd.pid &&";
        let told =
            beside_chronyd(&Host::new(), "pidfile /run/chrony/chronyd.pid\n", &format!("{cannot_look} {command}"));
        assert_eq!(told, Some(false), "{command}");
    }
}

#[test]
fn a_chronyd_that_answers_nobody_is_absent() {
    assert_eq!(beside_chronyd(&Host::new(), "pidfile /run/chrony/chronyd.pid\ncmdport 0\n", BY_NOBODY), None);
}

#[test]
fn errors_in_the_log_are_told_by_the_next_sample_if_one_could_not_be_kept() {
    let host = Host::new();
    let mut request = host.request();
    request.scope.log_lines = 200;
    let error = format!("I/O error of disk {}", host.path("").display());
    // Without a journal; what goes wrong is logged by the kernel.
    let told = |request| {
        let mut unshare = Command::new("unshare");
        let run = "mount -t tmpfs none /run && exec \"$0\" run";
        let mut answer = host.visit_by(unshare.args(["--mount", "sh", "-c", run]).arg(host.probe()), request);
        let log = answer.samples.pop().expect("a fresh sample").readings.log.expect("the kernel's log, and root");
        log.lines.iter().filter(|line| line.message.contains(&error)).count()
    };
    assert_eq!(told(&request), 0);
    let fail = "mount -t tmpfs none /run && mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && \
        echo \"<3>$2\" > /dev/kmsg && ! \"$0\" sample";
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "sh", "-c", fail]).arg(host.probe()).arg(host.path("spool")).arg(&error);
    let failed = unshare.output().expect("unshare runs");
    assert!(failed.status.success(), "{failed:?}");
    assert_eq!([told(&request), told(&request)], [1, 0]);
}
