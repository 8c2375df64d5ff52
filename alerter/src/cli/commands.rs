//! What each command does.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use config::Environment;
use rules::Recipient;
use schedule::Interrupt;
use tokio::runtime::Runtime;
use tokio::task;
use tokio_util::sync::CancellationToken;

use super::args::{Args, Command, Place, RunArgs};
use super::error::{CommandError, Ending};
use super::logging;
use crate::clock::now;
use crate::deliver::Timeouts;
use crate::{Report, Setting, Surroundings, check, digest, dry_run, run, test_mail};

/// Does what the command line says.
///
/// # Errors
/// The command could not do its work; the error knows its exit status.
pub fn execute(args: Args) -> Result<Ending, CommandError> {
    let to_be_read = matches!(args.command, Some(Command::Check)) || io::stderr().is_terminal();
    logging::start(args.place.verbose, to_be_read);
    let Args { place, run, command } = args;
    match command.unwrap_or(Command::Run(run)) {
        Command::Run(RunArgs { dry_run: true, .. }) => forecast(&place),
        Command::Run(args) => {
            let runtime = Runtime::new().map_err(|error| CommandError::could_not_run(&error))?;
            runtime.block_on(run_or_schedule(&place, &args))
        }
        Command::Check => {
            let checked = check(&read_setting(&place)?)?;
            print(checked.text.trim_end());
            if checked.mistakes.is_empty() { Ok(Ending::Done) } else { Err(CommandError::mistakes(&checked.mistakes)) }
        }
        Command::TestMail { to } => send_test_mail(&place, &to),
        Command::Digest { days } => send_digest(&place, days),
    }
}

async fn run_or_schedule(place: &Place, args: &RunArgs) -> Result<Ending, CommandError> {
    let interrupt = Interrupt::listen().map_err(|error| CommandError::could_not_run(&error))?;
    let Some(expression) = &args.schedule else {
        return run_once(place, &interrupt).await;
    };
    let schedule = schedule::Schedule::parse(expression, args.timezone.as_deref())?;
    // What is wrong now is told now, not in the first night.
    for mistake in check(&read_setting(place)?)?.mistakes {
        tracing::error!("it goes without this: {mistake}");
    }
    tracing::info!("waiting for the times of the schedule");
    let interrupted = Cell::new(None);
    schedule::run(&schedule, interrupt.token.clone(), || async {
        // config.xml is read again for each run, as it would be from crontab.
        match run_once(place, &interrupt).await {
            Ok(Ending::Interrupted(signal)) => interrupted.set(Some(signal)),
            Ok(Ending::Done | Ending::NotAllDelivered) => {}
            Err(error) => tracing::error!(hint = error.hint(), "{error}"),
        }
    })
    .await?;
    Ok(interrupted.get().map_or(Ending::Done, Ending::Interrupted))
}

/// The work is done on a thread where it may block; signals are heard meanwhile.
async fn run_once(place: &Place, interrupt: &Interrupt) -> Result<Ending, CommandError> {
    let stop = interrupt.token.clone();
    let setting = setting(place)?;
    let database = setting.database.clone();
    let work = task::spawn_blocking(move || run(&setting, &Surroundings::new(&now, &stop)));
    let report = work.await.map_err(|error| CommandError::could_not_run(&error))??;
    let ending = Ending::of(&report);
    if ending != Ending::Done || place.verbose > 0 || io::stdout().is_terminal() {
        print(&summary(&report, &database));
    }
    // A signal that came when the work was done already changed nothing about it.
    let signal = interrupt.signal().filter(|_| report.cut_short);
    Ok(signal.map_or(ending, Ending::Interrupted))
}

fn summary(report: &Report, database: &Path) -> String {
    if !report.has_database {
        return format!("no database {} yet: the first run of fleet-collector makes it", database.display());
    }
    let Report { rows, events, mails, undelivered, .. } = report;
    let sent = report.deliveries.sent;
    format!("{rows} rows treated, {events} events, {mails} new mails, {sent} sent, {undelivered} not delivered yet")
}

fn forecast(place: &Place) -> Result<Ending, CommandError> {
    let (setting, stop) = (setting(place)?, CancellationToken::new());
    print(&dry_run(&setting, &Surroundings::new(&now, &stop))?.to_text(&setting.config.smtp.from));
    Ok(Ending::Done)
}

fn send_digest(place: &Place, days: u32) -> Result<Ending, CommandError> {
    let (setting, stop) = (setting(place)?, CancellationToken::new());
    let report = digest(&setting, &Surroundings::new(&now, &stop), days)?;
    if place.verbose > 0 || io::stdout().is_terminal() {
        print(&summary(&report, &setting.database));
    }
    Ok(Ending::of(&report))
}

fn send_test_mail(place: &Place, to: &Recipient) -> Result<Ending, CommandError> {
    let smtp = setting(place)?.config.smtp;
    let sent = test_mail(&smtp, to, Timeouts::default(), now(), &mut |line| print(line))?;
    Ok(if sent { Ending::Done } else { Ending::NotAllDelivered })
}

/// Warns of templates that can't be used once, not with every mail.
fn setting(place: &Place) -> Result<Setting, CommandError> {
    let setting = read_setting(place)?;
    for mistake in &setting.template_mistakes {
        tracing::warn!("the built-in template takes its place: {mistake}");
    }
    Ok(setting)
}

fn read_setting(place: &Place) -> Result<Setting, CommandError> {
    let environment = Environment::of_this_process();
    let config = config::locate(place.config.clone(), &environment, Path::exists);
    let state_dir = config::state_dir(place.state_dir.clone(), &environment);
    Ok(Setting::load(&config, &state_dir)?)
}

fn print(text: &str) {
    // A closed standard output (`| head`) never ends a run: what can't be printed is in the database.
    drop(writeln!(io::stdout(), "{text}"));
}
