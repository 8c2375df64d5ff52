//! What has to be installed, and how.

use std::path::Path;
use std::process::{Command, Stdio};

/// A tool that the tests or the demo start.
#[derive(Debug, Clone, Copy)]
pub struct Requirement {
    /// The package of Debian and Ubuntu that brings it.
    pub package: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Whether the demo needs it too.
    pub for_demo: bool,
    present: Present,
}

/// How to see whether a tool is there.
#[derive(Debug, Clone, Copy)]
enum Present {
    At(&'static str),
    PythonModule(&'static str),
}

/// Everything the tests start.
const ALL: &[Requirement] = &[
    tool("openssh-server", "/usr/sbin/sshd", "sshd: the hosts to visit", true),
    tool("openssh-client", "/usr/bin/ssh-keygen", "ssh-keygen: their keys", true),
    tool("exim4-daemon-light", "/usr/sbin/exim4", "exim: the mail server", true),
    tool("openssl", "/usr/bin/openssl", "openssl: its certificate", true),
    tool("util-linux", "/usr/bin/unshare", "unshare: users of their own for the hosts", true),
    tool("procps", "/usr/bin/free", "free, ps, uptime: other opinions of what the probe measures", false),
    tool("iproute2", "/usr/bin/ip", "ip: network interfaces of a host's own", false),
    tool("chrony", "/usr/sbin/chronyd", "chronyd: a clock that is kept", false),
    tool("strace", "/usr/bin/strace", "strace: kills and errors at every system call", false),
    tool("faketime", "/usr/bin/faketime", "faketime: clocks that jump", false),
    tool("systemd", "/lib/systemd/systemd", "systemd: units that fail, and a journal", false),
    tool("libxml2-utils", "/usr/bin/xmllint", "xmllint: the example config against its schema", false),
    tool("dropbear-bin", "/usr/sbin/dropbear", "dropbear: hosts with another SSH server", false),
    tool("busybox", "/usr/bin/busybox", "busybox: a login shell", false),
    tool("fish", "/usr/bin/fish", "fish: a login shell", false),
    tool("tcsh", "/usr/bin/tcsh", "tcsh: a login shell", false),
    tool("zsh", "/usr/bin/zsh", "zsh: a login shell", false),
    tool(
        "prometheus-node-exporter",
        "/usr/bin/prometheus-node-exporter",
        "node_exporter: another opinion of what the probe measures",
        false,
    ),
    tool("python3", "/usr/bin/python3", "python3: another opinion of what a mail says", false),
    tool("e2fsprogs", "/usr/sbin/mkfs.ext4", "mkfs.ext4: a disk to fill", false),
    Requirement {
        package: "python3-cryptography",
        purpose: "the other implementation of the envelope",
        for_demo: false,
        present: Present::PythonModule("cryptography"),
    },
];

const fn tool(package: &'static str, path: &'static str, purpose: &'static str, for_demo: bool) -> Requirement {
    Requirement { package, purpose, for_demo, present: Present::At(path) }
}

impl Requirement {
    fn is_present(&self) -> bool {
        match self.present {
            Present::At(path) => Path::new(path).exists(),
            Present::PythonModule(module) => {
                let mut python = Command::new("python3");
                python.args(["-c", &format!("import {module}")]).stdout(Stdio::null()).stderr(Stdio::null());
                python.status().is_ok_and(|status| status.success())
            }
        }
    }
}

/// The tools that are not installed.
pub fn missing() -> Vec<Requirement> {
    ALL.iter().copied().filter(|tool| !tool.is_present()).collect()
}

/// Whether this process may make users and mounts.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

/// Panics with the line to run if this machine can't run the servers of the demo.
pub(crate) fn demand() {
    demand_tools(|tool| tool.for_demo);
}

/// Panics with the line to run if this machine can't run everything the tests start.
pub(crate) fn demand_all() {
    demand_tools(|_| true);
}

fn demand_tools(wanted: impl Fn(&Requirement) -> bool) {
    let missing: Vec<&str> = missing().iter().filter(|tool| wanted(tool)).map(|tool| tool.package).collect();
    assert!(missing.is_empty(), "missing tools; run: sudo apt-get install {}", missing.join(" "));
    assert!(
        is_root(),
        "test users and homes need root (in a namespace of their own); run: sudo -E env PATH=$PATH cargo xtask test"
    );
}
