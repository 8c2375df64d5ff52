//! What each command does.

use std::cell::Cell;
use std::fs::{self, DirBuilder};
use std::io::{self, IsTerminal};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use config::Environment;
use schedule::{Interrupt, Schedule};
use storage::{RunLock, StuckMail};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use super::args::{Args, Command, Format, Place, RunArgs};
use super::check::check;
use super::clean::clean;
use super::error::{CommandError, Ending};
use super::import::import;
use super::outlet::Outlet;
use super::report::{Printer, print};
use super::{logging, trust};
use crate::prepare::Setting;
use crate::probe_file::Places;
use crate::run::RunError;
use crate::{clock, keys};

/// What a reader of the results gets after a signal, who may be about to read them.
const PATIENCE_AT_END: Duration = Duration::from_secs(2);
/// How long a schedule waits for him after each run.
const PATIENCE_IN_SCHEDULE: Duration = Duration::from_secs(10);

/// Does what the command line says, and tells on standard error why if it can't.
pub fn main(args: Args) -> ExitCode {
    let format = args.place.log_format;
    execute(args).map_or_else(
        |error| {
            error.tell(format);
            ExitCode::from(error.status())
        },
        ExitCode::from,
    )
}

/// Does what the command line says.
///
/// # Errors
/// The command could not do its work; the error knows its exit status.
pub fn execute(args: Args) -> Result<Ending, CommandError> {
    let place = args.place.clone();
    let for_people = matches!(args.command, Some(Command::Check | Command::Import(_)));
    logging::start(place.verbose, for_people || io::stderr().is_terminal(), place.log_format);
    dispatch(args).map_err(|error| error.repeating(&place))
}

fn dispatch(args: Args) -> Result<Ending, CommandError> {
    let Args { place, run, command } = args;
    if command.is_some() && run != RunArgs::default() {
        let hint = "fleet-collector run --host …, or without a command";
        return Err(CommandError::usage("the options of a run stand behind `run`", Some(hint.to_owned())));
    }
    match command.unwrap_or(Command::Run(run)) {
        Command::Run(run) => in_runtime(run_or_schedule(&place, &run)),
        Command::Check => check(&setting(&place, Vec::new(), None)?),
        Command::Keygen(args) => keygen(&place, args.rotate),
        Command::Trust(args) => {
            let setting = setting(&place, args.hosts.clone(), None)?;
            make_private(&setting.state_dir)?;
            in_runtime(trust::trust(&setting, &args, &place))
        }
        Command::Import(args) => import(&args),
        Command::Clean(args) => in_runtime(clean(setting(&place, args.hosts.clone(), None)?, args, &place)),
    }
}

async fn run_or_schedule(place: &Place, args: &RunArgs) -> Result<Ending, CommandError> {
    let interrupt = Interrupt::listen().map_err(|error| CommandError::could_not_run(&error))?;
    let outlet = Outlet::start().map_err(|error| CommandError::could_not_run(&error))?;
    let Some(expression) = &args.schedule else {
        return run_once(place, args, &interrupt, &outlet).await;
    };
    let schedule = Schedule::parse(expression, args.timezone.as_deref())?;
    // What is wrong now is told now, not in the first night.
    setting(place, args.hosts.clone(), args.jobs)?.prepare()?;
    let interrupted = Cell::new(None);
    tell_next(&schedule, args, &outlet);
    schedule::run(&schedule, interrupt.token.clone(), || async {
        // config.xml is read again for each run, as it would be from crontab.
        match run_once(place, args, &interrupt, &outlet).await.map_err(|error| error.repeating(place)) {
            Ok(Ending::Interrupted(signal)) => interrupted.set(Some(signal)),
            Ok(Ending::Done | Ending::SomeFailed) => {}
            Err(error) => {
                tracing::error!(hint = error.hint(), "{error}");
                interrupted.set(interrupt.signal());
            }
        }
        if !interrupt.token.is_cancelled() {
            tell_next(&schedule, args, &outlet);
        }
    })
    .await?;
    Ok(interrupted.get().map_or(Ending::Done, Ending::Interrupted))
}

/// Says when the next run is, to somebody who sits there and waits.
fn tell_next(schedule: &Schedule, args: &RunArgs, outlet: &Outlet) {
    if args.format == Some(Format::Json) || !io::stdout().is_terminal() {
        return;
    }
    let now = UNIX_EPOCH + Duration::from_millis(clock::now().as_millis().unsigned_abs());
    if let Some(next) = schedule.next_after(now.into()) {
        outlet.print(format!("next run at {}", next.format("%Y-%m-%d %H:%M:%S UTC")));
    }
}

async fn run_once(
    place: &Place,
    args: &RunArgs,
    interrupt: &Interrupt,
    outlet: &Outlet,
) -> Result<Ending, CommandError> {
    if let Some(signal) = wait_a_while(args.splay, interrupt).await? {
        return Ok(Ending::Interrupted(signal));
    }
    let setting = setting(place, args.hosts.clone(), args.jobs)?;
    let run = setting.prepare()?;
    make_private(&setting.state_dir)?;
    let lock = RunLock::take(&run.database, "collector")?;
    let printer = Arc::new(Printer::new(args.format, place, outlet.clone()));
    let ended = run.execute(interrupt.token.clone(), printer.clone()).await;
    // Whoever reads the results may take a long time for it, and the next run need not wait.
    drop(lock);
    if let Ok(summary) = &ended {
        printer.summary(summary);
        summary.stuck_mail.iter().for_each(tell_stuck_mail);
    }
    let results_lost = printer.loses_results(enough_waiting(args, interrupt)).await;
    let summary = match (ended, interrupt.signal()) {
        (Err(RunError::Interrupted), Some(signal)) => return Ok(Ending::Interrupted(signal)),
        (ended, _) => ended?,
    };
    if results_lost {
        return Err(CommandError::results_lost());
    }
    // A signal that came when the work was done already changed nothing about it.
    let signal = interrupt.signal().filter(|_| printer.cut_short());
    Ok(signal.map_or(Ending::of(&summary), Ending::Interrupted))
}

/// Cron mails it by a way of its own, and whoever watches cron sees the exit status.
fn tell_stuck_mail(stuck: &StuckMail) {
    let StuckMail { deliveries, since } = *stuck;
    let noun = if deliveries == 1 { "delivery" } else { "deliveries" };
    tracing::error!(deliveries, "mail is stuck: {deliveries} {noun} since {since}; see fleet outbox");
}

/// Ends when a reader had the time he is given for what was printed: as much as he likes until a signal comes. In a
/// schedule the next run is of more use.
async fn enough_waiting(args: &RunArgs, interrupt: &Interrupt) {
    let signal = interrupt.token.cancelled();
    match args.schedule {
        Some(_) => drop(timeout(PATIENCE_IN_SCHEDULE, signal).await),
        None => signal.await,
    }
    sleep(PATIENCE_AT_END).await;
}

/// Lets a random part of the time pass. Returns the signal that came meanwhile.
async fn wait_a_while(splay: Option<Duration>, interrupt: &Interrupt) -> Result<Option<u8>, CommandError> {
    let Some(most) = splay else { return Ok(None) };
    let random = getrandom::u32().map_err(|error| CommandError::could_not_run(&error))?;
    let wait = most.mul_f64(f64::from(random) / f64::from(u32::MAX));
    tracing::info!(seconds = wait.as_secs(), "waiting a while, as --splay has it");
    Ok(timeout(wait, interrupt.token.cancelled()).await.ok().and_then(|()| interrupt.signal()))
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
