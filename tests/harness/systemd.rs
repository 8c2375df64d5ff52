//! systemd as the first process of a host that has booted.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{PATIENCE, Reaped, eventually, run};
use crate::requirements;

/// Cgroups are the machine's: those of this one are below one of its own, so that it sees no others. Its name is `$1`.
const CGROUP: &str = "set -e; mount -t tmpfs tmpfs .; cd \"$PWD\"; mkdir cgroup; mount -t cgroup2 cgroup2 cgroup; \
                      mkdir \"cgroup/$1\"; echo $$ > \"cgroup/$1/cgroup.procs\"; umount cgroup; \
                      exec unshare --cgroup --mount --pid --uts --ipc --fork /bin/sh -c \"$2\" sh \"$3\"";

/// The machine's own files, with what is written kept in memory. The units come as a shell archive in `$1`. What the
/// kernel has only once, such as sysctl and the console, is out of reach.
const BOOT: &str = "set -e; mkdir upper work root; \
                    mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root; cd root; \
                    mount -t proc proc proc; mount --bind proc/sys proc/sys; mount -o remount,bind,ro proc/sys; \
                    mount -t tmpfs tmpfs run; mount -t sysfs -o ro sysfs sys; mount -t cgroup2 cgroup2 sys/fs/cgroup; \
                    mount -t tmpfs tmpfs dev; \
                    for device in null zero full random urandom; do touch dev/$device; mount --bind /dev/$device dev/$device; done; \
                    rm -rf etc/systemd/system var/log/journal; mkdir -p etc/systemd/system var/log/journal; \
                    (cd etc/systemd/system; eval \"$1\"); \
                    mkdir old; pivot_root . old; cd /; umount -l old; \
                    exec env -i container=test PATH=/usr/bin:/bin /lib/systemd/systemd --unit=test.target --log-target=null --show-status=no";

/// A systemd with a journal, in namespaces of its own. It sees the machine's files, and changes none of them.
pub struct Systemd {
    /// Waits for the first process.
    process: Reaped,
    init: u32,
    cgroup: String,
}

impl Systemd {
    /// Boots into these units of services, given as name and lines of `[Service]`, and waits until each has started or
    /// failed.
    pub fn boot(dir: &Path, services: &[(&str, &str)]) -> Systemd {
        requirements::demand_all();
        fs::create_dir_all(dir).unwrap();
        let cgroup = format!("fleet-health{}", dir.to_string_lossy().replace('/', "-"));
        let mut target = "[Unit]\nDefaultDependencies=no\nWants=systemd-journald.service\n".to_owned();
        let mut script = String::new();
        let mut write = |name: &str, content: &str| script += &format!("cat > '{name}' <<'END'\n{content}\nEND\n");
        for (name, lines) in services {
            let unit = "[Unit]\nDefaultDependencies=no\nAfter=systemd-journald.service\n[Service]";
            write(name, &format!("{unit}\n{lines}"));
            target += &format!("Wants={name}\n");
        }
        write("test.target", &target);
        let log = fs::File::create(dir.join("log")).unwrap();
        let mut command = Command::new("unshare");
        command.args(["--mount", "/bin/sh", "-c", CGROUP, "sh", &cgroup, BOOT, &script]).current_dir(dir);
        let process = Reaped::spawn(command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log));
        let mut systemd = Systemd { process, init: 0, cgroup };
        systemd.await_boot(&dir.join("log"));
        systemd
    }

    fn await_boot(&mut self, log: &Path) {
        let mut log_of_ours = fs::OpenOptions::new().append(true).open(log).unwrap();
        let children = format!("/proc/{0}/task/{0}/children", self.process.pid());
        eventually("the first process", || {
            assert!(!self.process.has_ended(), "{}", fs::read_to_string(log).unwrap());
            let child = fs::read_to_string(&children).unwrap_or_default();
            self.init = child.trim().parse().unwrap_or_default();
            let name = fs::read_to_string(format!("/proc/{}/comm", self.init)).unwrap_or_default();
            name == "systemd\n"
        });
        eventually("systemd", || {
            assert!(!self.process.has_ended(), "{}", fs::read_to_string(log).unwrap());
            let state = self.command("systemctl").arg("is-system-running").output().unwrap();
            log_of_ours.write_all(&state.stdout).unwrap();
            matches!(state.stdout.as_slice(), b"running\n" | b"degraded\n")
        });
    }

    /// A command that runs inside, as root, without an environment.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init.to_string(), "--mount", "--pid", "--cgroup", "--uts", "--ipc", "--"]);
        command.arg(program.as_ref()).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        command
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        // All others go with the first process.
        if self.init != 0 {
            run(Command::new("kill").args(["-KILL", &self.init.to_string()]));
        }
        self.process.kill();
        // Only what no process is in any more can be removed, which takes a moment.
        let remove = "mount -t cgroup2 cgroup2 /mnt && cd /mnt && [ ! -d \"$1\" ] || find \"$1\" -depth -type d -exec rmdir {} +";
        let removed = || {
            let mut unshare = Command::new("unshare");
            unshare.args(["--mount", "/bin/sh", "-c", remove, "sh", &self.cgroup]).stderr(Stdio::null());
            unshare.status().is_ok_and(|status| status.success())
        };
        let began = Instant::now();
        while !removed() && began.elapsed() < PATIENCE {
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}
