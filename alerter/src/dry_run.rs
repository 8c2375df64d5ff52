//! The mails a run would make now, without making them.

use std::collections::HashMap;
use std::fmt::Write;

use rules::Recipient;
use sample::{HostName, Timestamp};
use storage::{AlertChange, HostId, Store, StoreError, Untreated};

use crate::compose::{self, Letter, Stationery, Told};
use crate::evaluate::{States, evaluate, withdraw_unwatched};
use crate::run::RunError;
use crate::setting::Setting;

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
pub fn dry_run(setting: &Setting, now: Timestamp) -> Result<Forecast, RunError> {
    let store = match Store::open_existing(&setting.database, now) {
        Err(StoreError::NoDatabase { .. } | StoreError::NoFolder { .. }) => return Ok(Forecast::default()),
        opened => opened?,
    };
    let owed = store.events_without_mail()?;
    let (names, changes) = changes(&store, setting, now)?;
    let owed = owed.iter().map(|record| (record.recipients.as_slice(), Told::of(record)));
    let coming = changes.iter().filter_map(|change| {
        let (event, _) = change.event.as_ref()?;
        let host = names.get(&change.host)?;
        let told = Told { host, key: &change.key, event, limit: change.limit, sample: None };
        (!change.recipients.is_empty()).then_some((change.recipients.as_slice(), told))
    });
    let installation = store.installation_id()?;
    let stationery = Stationery { installation: &installation, from: &setting.config.smtp.from };
    let sets = compose::by_recipients(owed.chain(coming));
    let letters = sets.into_iter().map(|(recipients, told)| {
        let letter = compose::letter(&told, &recipients, stationery, now)?;
        Ok((recipients, letter))
    });
    Ok(Forecast { letters: letters.collect::<Result<_, RunError>>()?, waiting: store.undelivered()? })
}

/// Every change that treating all rows would bring.
fn changes(
    store: &Store,
    setting: &Setting,
    now: Timestamp,
) -> Result<(HashMap<HostId, HostName>, Vec<AlertChange>), StoreError> {
    let records = store.alerts()?;
    // All at once: they are not marked, so a second slice would be the first one again.
    let rows = store.untreated(usize::MAX)?;
    let mut names: HashMap<HostId, HostName> =
        records.iter().map(|record| (record.host, record.name.clone())).collect();
    names.extend(rows.iter().map(|row| match row {
        Untreated::Sample { host, name, .. } | Untreated::Outcome { host, name, .. } => (*host, name.clone()),
    }));
    let (rules, mut states) = (setting.rules(), States::new(records));
    let mut changes = evaluate(&rules, &mut states, &rows, now).changes;
    changes.extend(withdraw_unwatched(&rules, &mut states, now).changes);
    Ok((names, changes))
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
