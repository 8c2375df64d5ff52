//! The mails a run would make now, without making them.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use rules::{AlertKey, Ledger, Outages, Recipient, Watch};
use sample::{HostName, Timestamp};
use storage::{HostId, LiveAlert, NewEvent, Slice, Store, StoreError};

use crate::collector_watch::watch_collector;
use crate::compose::Letter;
use crate::digest::heartbeats;
use crate::evaluate::Watches;
use crate::run::{Desk, RunError, with_history};
use crate::setting::Setting;
use crate::surroundings::Surroundings;
use crate::tell::{Known, Telling, telling};

/// What a run would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// The mails it would make, each with its recipients.
    pub letters: Vec<(Vec<Recipient>, Letter)>,
    /// Deliveries of mails that exist already and wait for their turn.
    pub waiting: usize,
}

/// Returns what a run would do. It takes no lock, treats no row and makes no mail. A database of an
/// older version is brought up to date, as by every program that opens it.
///
/// # Errors
/// The database, or a template.
pub fn dry_run(setting: &Setting, around: &Surroundings<'_>) -> Result<Forecast, RunError> {
    let now = (around.now)();
    let store = match Store::open_existing(&setting.database, now) {
        Err(StoreError::NoDatabase { .. } | StoreError::NoFolder { .. }) => return Ok(Forecast::default()),
        opened => opened?,
    };
    let desk = Desk::new(&store, setting)?;
    let known = judged(&store, &desk, around.slice, now)?;
    let problems = known.incidents.iter().filter(|incident| incident.is_open()).count();
    let Telling { mails, .. } = telling(&store, &desk, known, now)?;
    let recipients = |all: Vec<(Recipient, bool)>| all.into_iter().map(|(recipient, _)| recipient).collect();
    let mut letters: Vec<_> = mails.into_iter().map(|mail| (recipients(mail.recipients), mail.letter)).collect();
    let told: BTreeSet<Recipient> = letters.iter().flat_map(|(all, _)| all).cloned().collect();
    letters.extend(heartbeats(&store, &desk, (problems, &told), now)?);
    Ok(Forecast { letters, waiting: store.undelivered()? })
}

/// What would be known after every row was treated. What is remembered of hosts is kept in memory alone.
fn judged(store: &Store, desk: &Desk<'_>, slice: usize, now: Timestamp) -> Result<Known, RunError> {
    let mut ledger = Ledger::new(store.unsettled_incidents()?);
    let (mut names, mut watches, mut after) = (HashMap::new(), Watches::new(), None);
    loop {
        let backlog = store.untreated(after, slice)?;
        let Some(last) = backlog.last() else { break };
        after = Some(last);
        let rows = backlog.rows;
        let new: BTreeSet<HostId> =
            rows.iter().map(|row| row.host().0).filter(|id| !watches.contains_key(id)).collect();
        watches.extend(store.watches(&new.into_iter().collect::<Vec<_>>())?);
        names.extend(rows.iter().map(|row| (row.host().0, row.host().1.clone())));
        let judged = with_history(store, |history| desk.judges.slice(&rows, &mut watches, history))?;
        record(&mut ledger, &judged, &names);
    }
    let live = store.live_alerts()?;
    names.extend(live.iter().filter_map(|alert| alert.host.clone()));
    let withdrawn = desk.judges.withdrawn(live.clone(), &desk.book.fleet(), now);
    record(&mut ledger, &withdrawn, &names);
    let mut watch = store.fleet_watch()?;
    let ourselves = watch_collector(store.last_finished_run()?, &mut watch, &desk.book.fleet(), desk.book.cycle, now);
    record(&mut ledger, &ourselves, &names);
    catch_up(&mut ledger, &names, &watches, &watch);
    let suspects = suspects(&live, &watches, &withdrawn);
    let suspects = suspects.filter_map(|host| names.get(&host).cloned()).collect();
    Ok(Known { incidents: ledger.incidents, suspects })
}

/// Gives what is open the values that a run would find on file.
fn catch_up(ledger: &mut Ledger, names: &HashMap<HostId, HostName>, watches: &Watches, fleet: &Watch) {
    let ids: HashMap<&HostName, HostId> = names.iter().map(|(id, name)| (name, *id)).collect();
    ledger.catch_up(|host, key| match host {
        Some(host) => watches.get(ids.get(host)?)?.alerts.get(key),
        None => fleet.alerts.get(key),
    });
}

/// The hosts that may be down: by their rows, and where there are none by what is on file.
fn suspects<'a>(
    live: &'a [LiveAlert],
    watches: &'a Watches,
    withdrawn: &'a Slice,
) -> impl Iterator<Item = HostId> + 'a {
    let on_file = live.iter().filter_map(|alert| Some((alert.host.as_ref()?.0, &alert.key, &alert.state)));
    let on_file = on_file.filter(|(host, _, _)| !watches.contains_key(host));
    let of_rows = watches.iter().flat_map(|(host, watch)| watch.alerts.iter().map(|(key, state)| (*host, key, state)));
    let is_withdrawn = |host: HostId, key: &AlertKey| {
        let of_host = withdrawn.hosts.iter().filter(|changes| changes.host == Some(host));
        of_host.flat_map(|changes| &changes.alerts).any(|(withdrawn, _)| withdrawn == key)
    };
    let pending = on_file.chain(of_rows).filter(|(_, _, state)| state.is_pending());
    let visits = pending.filter(|(_, key, _)| Outages::are_foretold_by(key.rule.metric));
    visits.filter(move |(host, key, _)| !is_withdrawn(*host, key)).map(|(host, _, _)| host)
}

fn record(ledger: &mut Ledger, slice: &Slice, names: &HashMap<HostId, HostName>) {
    let nobody = rules::Telling::default();
    for changes in &slice.hosts {
        let host = changes.host.and_then(|host| names.get(&host));
        for NewEvent { key, event, telling, .. } in &changes.events {
            ledger.record(host, key, event, telling.as_ref().unwrap_or(&nobody));
        }
    }
}

impl Forecast {
    /// The mails as a person reads them.
    pub fn to_text(&self, from: &Recipient) -> String {
        let mut text = String::new();
        for (recipients, letter) in &self.letters {
            let to: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
            let Letter { subject, text: body, .. } = letter;
            text += &format!("From: {from}\nTo: {}\nSubject: {subject}\n\n{body}", to.join(", "));
        }
        let made = match self.letters.len() {
            0 => "no new mail".to_owned(),
            1 => "1 new mail".to_owned(),
            count => format!("{count} new mails"),
        };
        write!(text, "{made} would be made; {} deliveries of earlier mails wait", self.waiting)
            .expect("writing to memory does not fail");
        text
    }
}
