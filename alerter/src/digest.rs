//! The digest: a summary of a day or a week, on its own crontab line; and the sign of life.

use std::collections::BTreeSet;
use std::time::Duration;

use config::Config;
use rules::{EventKind, Incident, Recipient};
use sample::{OutcomeKind, Timestamp};
use storage::{
    DeliveryFilter, DeliveryRecord, HostStatus, IncidentFilter, LockError, MailKind, NewMail, RunLock, Store,
    StoreError,
};

use crate::compose::{self, ComposeError, Digest, Heartbeat, Letter, LostMail, Unvisited};
use crate::deliver::deliver;
use crate::run::{Desk, Report, RunError};
use crate::setting::Setting;
use crate::surroundings::Surroundings;
use crate::tell::TellError;

const DAY_MS: i64 = 24 * 3_600_000;

/// Mail that waits for so long is worth a word.
const LONG_WAIT: Duration = Duration::from_secs(3600);

/// As much of each list as is read. A mail shows fewer.
const MOST: usize = 10_000;

/// Makes the summary of so many days, and delivers what is due. If another instance is running, it leaves that to it.
///
/// # Errors
/// As [`crate::run`].
pub fn digest(setting: &Setting, around: &Surroundings<'_>, days: u32) -> Result<Report, RunError> {
    let now = (around.now)();
    let mut store = match Store::open_existing(&setting.database, now) {
        Err(StoreError::NoDatabase { .. } | StoreError::NoFolder { .. }) => return Ok(Report::default()),
        opened => opened?,
    };
    let desk = Desk::new(&store, setting)?;
    let mut summary = summary(&store, desk.config, (now.plus_millis(-DAY_MS * i64::from(days)), now))?;
    summary.mistakes = setting.template_mistakes.iter().map(ToString::to_string).collect();
    let write = |recipients: &[Recipient]| compose::digest(&summary, recipients, &desk.stationery, now);
    let letters = to_each(desk.config.told_of_the_fleet(), &write)?;
    let mails = keep(&mut store, MailKind::Digest, letters, now)?;
    let mut report = Report { has_database: true, mails, ..Report::default() };
    match RunLock::take(&setting.database, "alerter") {
        Ok(_lock) => report.deliveries = deliver(&mut store, desk.config, around)?,
        Err(LockError::Held { .. }) => return Ok(report),
        Err(error) => return Err(error.into()),
    }
    report.undelivered = store.undelivered()?;
    Ok(report)
}

/// Mails a sign of life if `<alerter heartbeat>` asks for one and it is time. Returns the number of mails made.
///
/// # Errors
/// The database, or the mail can't be made.
pub(crate) fn heartbeat(store: &mut Store, desk: &Desk<'_>, now: Timestamp) -> Result<usize, TellError> {
    let problems = store.incidents(&IncidentFilter { open: true, ..IncidentFilter::default() })?.len();
    let letters = heartbeats(store, desk, (problems, &BTreeSet::new()), now)?;
    keep(store, MailKind::Heartbeat, letters, now)
}

/// The signs of life that are due, each with who gets it: everybody who is told of the fleet, and got no mail at all for
/// so long. Whoever is `told` something now needs none.
///
/// # Errors
/// The database, or the mail can't be made.
pub(crate) fn heartbeats(
    store: &Store,
    desk: &Desk<'_>,
    (problems, told): (usize, &BTreeSet<Recipient>),
    now: Timestamp,
) -> Result<Vec<(Vec<Recipient>, Letter)>, TellError> {
    let config = desk.config;
    let Some(every) = config.alerter.heartbeat else { return Ok(Vec::new()) };
    let heard = store.heard_of_us(now - every, now)?;
    let mut lonely = config.told_of_the_fleet();
    lonely.retain(|recipient| !heard.contains(recipient) && !told.contains(recipient));
    if lonely.is_empty() {
        return Ok(Vec::new());
    }
    let hosts = config.hosts.iter().filter(|host| host.enabled).count();
    let heartbeat = Heartbeat { hosts, problems, last_run: store.last_finished_run()? };
    let write = |recipients: &[Recipient]| compose::heartbeat(&heartbeat, recipients, &desk.stationery, now);
    Ok(to_each(lonely, &write)?)
}

/// Writes a letter for each of them: one for all who get mail, and one for each command.
fn to_each(
    told: Vec<Recipient>,
    write: &dyn Fn(&[Recipient]) -> Result<Letter, ComposeError>,
) -> Result<Vec<(Vec<Recipient>, Letter)>, ComposeError> {
    let (commands, people): (Vec<_>, Vec<_>) = told.into_iter().partition(|recipient| recipient.notifier().is_some());
    let groups = std::iter::once(people).chain(commands.into_iter().map(|command| vec![command]));
    let letter = |recipients: Vec<Recipient>| {
        let letter = write(&recipients)?;
        Ok((recipients, letter))
    };
    groups.filter(|group| !group.is_empty()).map(letter).collect()
}

/// Keeps letters to be delivered, and returns their number.
fn keep(
    store: &mut Store,
    kind: MailKind,
    letters: Vec<(Vec<Recipient>, Letter)>,
    now: Timestamp,
) -> Result<usize, TellError> {
    // Signs of life that could not leave say nothing beside the newest one; each summary is of a time of its own.
    let replaces = kind == MailKind::Heartbeat;
    let mail = |(recipients, letter): (Vec<Recipient>, Letter)| {
        let Letter { message_id, subject, content, .. } = letter;
        let recipients = recipients.into_iter().map(|recipient| (recipient, replaces)).collect();
        NewMail { kind, message_id, subject, content, notices: Vec::new(), recipients }
    };
    let mails: Vec<NewMail> = letters.into_iter().map(mail).collect();
    store.create_mails(&mails, &[], now)?;
    Ok(mails.len())
}

fn summary(store: &Store, config: &Config, (from, to): (Timestamp, Timestamp)) -> Result<Digest, StoreError> {
    let open = store.incidents(&IncidentFilter { open: true, limit: Some(MOST), ..IncidentFilter::default() })?;
    let touched = IncidentFilter { since: Some(from), limit: Some(MOST), ..IncidentFilter::default() };
    let touched = store.incidents(&touched)?;
    // What happened in a moment was never a problem that could be over.
    let ended =
        |incident: &Incident| incident.ended.is_some_and(|end| end.at >= from && end.kind != EventKind::Happened);
    let closed = touched.iter().filter(|incident| ended(incident)).cloned().collect();
    let opened = touched.into_iter().filter(|incident| incident.opened >= from).collect();
    let deliveries = store.deliveries(DeliveryFilter::All, MOST)?;
    let recent = deliveries.iter().filter(|delivery| delivery.created >= from);
    let sent = recent.filter(|delivery| delivery.state == "sent").count() as u64;
    let lost = deliveries.into_iter().filter(|delivery| is_lost(delivery, (from, to))).map(lost_mail).collect();
    let hosts = config.hosts.iter().filter(|host| host.enabled).count();
    let (unvisited, mistakes) = (unvisited(store.status()?, config), Vec::new());
    Ok(Digest { from, to, hosts, open, opened, closed, unvisited, lost, sent, mistakes })
}

/// What was refused or given up, however old the mail is, and what waits for an hour or longer.
fn is_lost(delivery: &DeliveryRecord, (from, to): (Timestamp, Timestamp)) -> bool {
    match delivery.state.as_str() {
        "failed" | "expired" => delivery.ended.unwrap_or(delivery.created) >= from,
        "pending" | "retry" | "unknown" | "sending" => delivery.created + LONG_WAIT <= to,
        _ => false,
    }
}

fn lost_mail(delivery: DeliveryRecord) -> LostMail {
    let DeliveryRecord { recipient, subject, state, reply: reason, created, .. } = delivery;
    LostMail { recipient, subject, state, reason, created }
}

fn unvisited(status: Vec<HostStatus>, config: &Config) -> Vec<Unvisited> {
    let hosts = config.by_name();
    let failed = status.into_iter().filter(|host| hosts.get(&host.name).is_some_and(|host| host.enabled));
    let failed = failed.filter_map(|host| {
        let outcome = host.outcome.filter(|outcome| outcome.kind != OutcomeKind::Ok)?;
        Some(Unvisited { host: host.name, last_good: host.last_ok, outcome: outcome.kind.name().to_owned() })
    });
    failed.collect()
}
