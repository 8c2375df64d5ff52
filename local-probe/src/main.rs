//! `fleet-probe`: the program a collector places on a monitored host.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the program's own output")]

use std::env;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use local_probe::{Home, ProbeError, VERSION};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setpriority_process, setrlimit, umask};

/// How long one call may take altogether. The collector gives up sooner.
const PATIENCE: Duration = Duration::from_secs(60);

/// As `nice -n 19`.
const LOWEST_PRIORITY: i32 = 19;

const COULD_NOT_RUN: u8 = 1;
const USAGE: u8 = 2;

const HELP: &str = "\
fleet-probe measures this host and seals the result for a Fleet Health server.

Usage:
  fleet-probe run        one request on standard input, the answer on standard output (for fleet-collector)
  fleet-probe sample     take a sample now and keep it until the server fetches it (for this host's crontab)
  fleet-probe --version
  fleet-probe --help

It writes only in the folder it lies in and opens no network connection. It reads what the kernel tells, and starts
systemctl, chronyc where chrony keeps the clock, the programs in ~/.config/fleet-health/checks.d, and journalctl where
log lines are wanted.
Exit codes: 0 done, 1 could not run, 2 wrong usage or no server has been here yet.
";

fn main() -> ExitCode {
    let mut args = env::args_os();
    let called_as = args.next();
    let args: Vec<_> = args.collect();
    let words: Vec<_> = args.iter().map(|arg| arg.to_str()).collect();
    let find_home = || {
        protect();
        Home::find(called_as.as_deref())
    };
    let done = match words[..] {
        [Some("run")] => {
            find_home().and_then(|home| local_probe::run(&home, io::stdin(), io::stdout())).map_err(|e| vec![e])
        }
        [Some("sample")] => find_home().map_err(|error| vec![error]).and_then(|home| local_probe::sample(&home)),
        #[cfg(target_os = "linux")]
        [Some(local_probe::ASK_MOUNTS)] => return ask_mounts(),
        #[cfg(target_os = "linux")]
        [Some(local_probe::CHECKS)] => return look_at_checks(None),
        #[cfg(target_os = "linux")]
        [Some(local_probe::CHECKS), Some(name)] => return look_at_checks(Some(name)),
        [Some("--version")] => {
            println!("fleet-probe {VERSION}");
            Ok(())
        }
        [Some("--help")] => {
            print!("{HELP}");
            Ok(())
        }
        _ => {
            eprintln!("fleet-probe: expected one of: run, sample, --version, --help");
            return ExitCode::from(USAGE);
        }
    };
    done.map_or_else(|errors| report(&errors), |()| ExitCode::SUCCESS)
}

/// What another process of this program starts it for. It may hang for ever, so it keeps no folder busy.
#[cfg(target_os = "linux")]
fn ask_mounts() -> ExitCode {
    be_known_by_name();
    let told = env::set_current_dir("/").and_then(|()| local_probe::answer_for_mounts(io::stdin(), io::stdout()));
    told.map_or(ExitCode::from(COULD_NOT_RUN), |()| ExitCode::SUCCESS)
}

/// The same, for the host's own checks.
#[cfg(target_os = "linux")]
fn look_at_checks(name: Option<&str>) -> ExitCode {
    be_known_by_name();
    ExitCode::from(local_probe::answer_for_checks(name, io::stdout()))
}

/// The path that such a process was started by does not give it the program's name.
#[cfg(target_os = "linux")]
fn be_known_by_name() {
    drop(std::fs::write("/proc/self/comm", "fleet-probe"));
}

/// Sets what must hold before anything is read: the host's own work comes first, files for ourselves alone, no core
/// dump, an end in sight.
fn protect() {
    // Measuring is right at any priority, so a kernel that refuses this is no error. Threads made later inherit it.
    setpriority_process(None, LOWEST_PRIORITY).unwrap_or_default();
    umask(Mode::from_raw_mode(0o077));
    let lowered = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    debug_assert!(lowered.is_ok(), "everybody may lower a limit");
    local_probe::exit_after(PATIENCE);
}

fn report(errors: &[ProbeError]) -> ExitCode {
    for error in errors {
        eprintln!("fleet-probe: {}", error.one_line());
    }
    let no_target = errors.iter().any(|error| matches!(error, ProbeError::NoTarget));
    ExitCode::from(if no_target { USAGE } else { COULD_NOT_RUN })
}
