//! What each command does.

use std::cell::Cell;
use std::fs::{self, DirBuilder};
use std::io::{self, IsTerminal};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::{Environment, HostKeyPolicy};
use storage::RunLock;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::args::{Args, Command, Place, RunArgs};
use super::error::{CommandError, Ending};
use super::report::{Printer, print};
use super::{key_report, logging, trust};
use crate::keys;
use crate::prepare::Setting;
use crate::probe_file::Places;
use crate::run::Summary;

/// Does what the command line says.
///
/// # Errors
/// The command could not do its work; the error knows its exit status.
pub fn execute(args: Args) -> Result<Ending, CommandError> {
    let to_be_read = matches!(args.command, Some(Command::Check)) || io::stderr().is_terminal();
    logging::start(args.place.verbose, to_be_read);
    let Args { place, run, command } = args;
    if command.is_some() && run != RunArgs::default() {
        let hint = "fleet-collector run --host …, or without a command";
        return Err(CommandError::usage("the options of a run stand behind `run`", Some(hint.to_owned())));
    }
    match command.unwrap_or(Command::Run(run)) {
        Command::Run(run) => in_runtime(run_or_schedule(&place, &run)),
        Command::Check => check(&place),
        Command::Keygen(args) => keygen(&place, args.rotate),
        Command::Trust(args) => {
            let setting = setting(&place, args.hosts.clone(), None)?;
            make_private(&setting.state_dir)?;
            in_runtime(trust::trust(&setting, &args))
        }
    }
}

async fn run_or_schedule(place: &Place, args: &RunArgs) -> Result<Ending, CommandError> {
    let printer = Printer::new(args.format, place.verbose > 0);
    let interrupt = schedule::Interrupt::listen().map_err(|error| CommandError::could_not_run(&error))?;
    let Some(expression) = &args.schedule else {
        let summary = run_once(place, args, printer, interrupt.token.clone()).await?;
        let signal = interrupt.signal().filter(|_| summary.cancelled);
        return Ok(signal.map_or(Ending::of(&summary), Ending::Interrupted));
    };
    let schedule = schedule::Schedule::parse(expression, args.timezone.as_deref())?;
    // What is wrong now is told now, not in the first night.
    setting(place, args.hosts.clone(), args.jobs)?.prepare()?;
    let interrupted = Cell::new(false);
    schedule::run(&schedule, interrupt.token.clone(), || async {
        // config.xml is read again for each run, as it would be from crontab.
        match run_once(place, args, printer, interrupt.token.clone()).await {
            Ok(summary) => interrupted.set(summary.cancelled),
            Err(error) => tracing::error!(hint = error.hint(), "{error}"),
        }
    })
    .await?;
    Ok(interrupt.signal().filter(|_| interrupted.get()).map_or(Ending::Done, Ending::Interrupted))
}

async fn run_once(
    place: &Place,
    args: &RunArgs,
    printer: Printer,
    stop: CancellationToken,
) -> Result<Summary, CommandError> {
    let setting = setting(place, args.hosts.clone(), args.jobs)?;
    let run = setting.prepare()?;
    make_private(&setting.state_dir)?;
    let _lock = RunLock::take(&run.database, "collector")?;
    let summary = run.execute(stop, Arc::new(printer)).await?;
    printer.summary(&summary);
    Ok(summary)
}

fn check(place: &Place) -> Result<Ending, CommandError> {
    let setting = setting(place, Vec::new(), None)?;
    print(&format!("config    {}", setting.config.path.display()));
    print(&format!("state     {}", setting.state_dir.display()));
    print(&format!("database  {}", setting.database().display()));
    let policy = match setting.config.collector.host_keys {
        HostKeyPolicy::Strict => "strict",
        HostKeyPolicy::AcceptNew => "accept-new",
    };
    print(&format!("host keys {} ({policy})", setting.known_hosts().display()));
    let run = setting.prepare()?;
    let mut ending = Ok(Ending::Done);
    for (host, visitee) in setting.config.hosts.iter().zip(&run.hosts) {
        let key = host.identity_file.as_ref().map(|path| format!("key {}", path.display()));
        let agent = host.agent.as_ref().map(|_| "agent".to_owned());
        let password = host.password.as_ref().map(|_| "password".to_owned());
        let login = [key, agent, password].into_iter().flatten().collect::<Vec<_>>().join(", then ");
        let (name, user, address, port) = (&host.name, &host.username, &host.address, host.port);
        let pinned = if run.fleet.trust.knows(&visitee.target) { "host key on file" } else { "no host key on file" };
        let rules = host.rules.len();
        print(&format!("host      {name}: {user}@{address} port {port}, {login}, {pinned}, {rules} rules"));
        if let Err(found) = &visitee.access {
            print(&format!("          {found}"));
            ending = Err(CommandError::usage("some hosts can't be logged in to, see above", None));
        }
    }
    for probe in run.fleet.probes.iter() {
        print(&format!("probe     {}, {} bytes, sha256 {}", probe.architecture, probe.bytes.len(), probe.sha256));
    }
    for line in key_report::lines(&run.fleet.keys, &setting)? {
        print(&line);
    }
    ending
}

fn keygen(place: &Place, rotate: bool) -> Result<Ending, CommandError> {
    let state_dir = config::state_dir(place.state_dir.clone(), &Environment::of_this_process());
    make_private(&state_dir)?;
    if rotate {
        let (new, old) = keys::rotate(&state_dir)?;
        print(&format!("{}: key {new}", keys::private_path(&state_dir).display()));
        print(&format!("{}: key {old}, for what waits on the hosts", keys::former_path(&state_dir, old).display()));
        return Ok(Ending::Done);
    }
    let id = keys::generate(&state_dir)?;
    print(&format!("{}: key {id}", keys::private_path(&state_dir).display()));
    Ok(Ending::Done)
}

fn setting(place: &Place, patterns: Vec<String>, jobs: Option<u16>) -> Result<Setting, CommandError> {
    let environment = Environment::of_this_process();
    let path = config::locate(place.config.clone(), &environment, Path::exists);
    let config = config::load(&path)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let state_dir = config::state_dir(place.state_dir.clone(), &environment);
    Ok(Setting { config, state_dir, patterns, jobs: jobs.map(usize::from), places: places() })
}

fn places() -> Places {
    let probe_dir = std::env::var_os("FLEET_PROBE_DIR").map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let program_dir = program.as_deref().and_then(Path::parent).unwrap_or(Path::new(".")).to_owned();
    Places { probe_dir, program_dir }
}

/// Makes the state folder if it is missing. Whoever can write there can replace known host keys and history.
fn make_private(dir: &Path) -> Result<(), CommandError> {
    let other_one = Some("choose another one with --state-dir".to_owned());
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir).and_then(|()| fs::metadata(dir));
    let mode = match made {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) => {
            let message = format!("cannot make the state folder {}: {error}", dir.display());
            return Err(CommandError::usage(message, other_one));
        }
    };
    if mode & 0o002 != 0 {
        let message = format!("everybody can write to the state folder {} (mode {:04o})", dir.display(), mode & 0o7777);
        return Err(CommandError::usage(message, Some(format!("chmod o-w {}", dir.display()))));
    }
    Ok(())
}

fn in_runtime(work: impl Future<Output = Result<Ending, CommandError>>) -> Result<Ending, CommandError> {
    let runtime = Runtime::new().map_err(|error| CommandError::could_not_run(&error))?;
    let ending = runtime.block_on(work);
    // What is still being computed for a host that was given up is not waited for.
    runtime.shutdown_background();
    ending
}
