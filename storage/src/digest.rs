//! What a summary of some time tells.

use rules::{Recipient, Severity};
use rusqlite::{Connection, params};
use sample::{HostName, Timestamp};

use crate::error::{Failure, readable};
use crate::{Store, StoreError, row};

/// Most entries of each list: what is more is only counted.
const MOST: usize = 100;

/// What happened in some time, its end included and its beginning not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Incidents that began, by severity, the least severe first.
    pub opened: [u64; 3],
    /// Incidents that ended, in the same order.
    pub ended: [u64; 3],
    /// Incidents that go on now, whenever they began, in the same order.
    pub open: [u64; 3],
    /// Deliveries that a server took.
    pub sent: u64,
    /// Deliveries that were refused for good or given up.
    pub lost: u64,
    /// The newest of those, at most 100.
    pub lost_mails: Vec<LostMail>,
    /// Runs of the collector that began.
    pub runs: u64,
    /// Hosts that were visited and never well, in the order of their names, at most 100.
    pub without_a_good_visit: Vec<HostName>,
    /// How many there are of those.
    pub hosts_without_a_good_visit: u64,
    /// Hosts that were visited.
    pub hosts: u64,
}

/// A mail that did not get to a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostMail {
    /// To whom.
    pub recipient: Recipient,
    /// Its subject.
    pub subject: String,
    /// When it was made.
    pub created: Timestamp,
    /// `failed`: refused for good; `expired`: given up.
    pub state: String,
    /// The server's last answer, or what went wrong.
    pub reply: Option<String>,
}

impl Store {
    /// Returns what happened after `from` and up to `to`.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn digest(&self, from: Timestamp, to: Timestamp) -> Result<Digest, StoreError> {
        let between = (from, to);
        self.read(|db| {
            let (hosts, bad) = visits(db, between)?;
            Ok(Digest {
                opened: by_severity(db, OPENED, between)?,
                ended: by_severity(db, ENDED, between)?,
                open: by_severity(db, OPEN, between)?,
                sent: count(db, SENT, between)?,
                lost: count(db, LOST, between)?,
                lost_mails: lost_mails(db, between)?,
                runs: count(db, RUNS, between)?,
                hosts,
                hosts_without_a_good_visit: u64::try_from(bad.len()).unwrap_or(u64::MAX),
                without_a_good_visit: bad.into_iter().take(MOST).collect(),
            })
        })
    }
}

pub(crate) const OPENED: &str = "
    SELECT severity, count(*) FROM incident INDEXED BY incident_by_time
    WHERE opened_ms > ?1 AND opened_ms <= ?2 GROUP BY severity";
pub(crate) const ENDED: &str = "
    SELECT severity, count(*) FROM incident INDEXED BY incident_by_end
    WHERE ended_ms IS NOT NULL AND ended_ms > ?1 AND ended_ms <= ?2 GROUP BY severity";
/// All that go on: neither time is asked for.
pub(crate) const OPEN: &str = "
    SELECT severity, count(*) FROM incident INDEXED BY incident_open
    WHERE ended_ms IS NULL AND (?1 IS NOT NULL OR ?2 IS NOT NULL) GROUP BY severity";
pub(crate) const SENT: &str = "
    SELECT count(*) FROM delivery INDEXED BY delivery_sent WHERE state = 'sent' AND sent_ms > ?1 AND sent_ms <= ?2";
pub(crate) const LOST: &str = "
    SELECT count(*) FROM delivery INDEXED BY delivery_lost
    WHERE state IN ('failed', 'expired') AND ended_ms > ?1 AND ended_ms <= ?2";
pub(crate) const LOST_MAILS: &str = "
    SELECT recipient, subject, created_ms, state, last_reply
    FROM delivery INDEXED BY delivery_lost CROSS JOIN mail ON mail.id = mail_id
    WHERE state IN ('failed', 'expired') AND ended_ms > ?1 AND ended_ms <= ?2 ORDER BY ended_ms DESC LIMIT ?3";
/// There are as many runs as visits of one host: to read them all takes no time.
pub(crate) const RUNS: &str = "SELECT count(*) FROM run WHERE started_ms > ?1 AND started_ms <= ?2";
pub(crate) const VISITS: &str = "
    SELECT host.name, max(kind = 'ok') FROM run
    CROSS JOIN outcome ON run_id = run.id CROSS JOIN host ON host.id = host_id
    WHERE started_ms > ?1 AND started_ms <= ?2 AND kind <> 'cancelled'
    GROUP BY host.id ORDER BY host.name";

fn count(db: &Connection, select: &str, (from, to): (Timestamp, Timestamp)) -> Result<u64, Failure> {
    let mut select = db.prepare_cached(select)?;
    Ok(select.query_row(params![from.as_millis(), to.as_millis()], |found| row::unsigned(found, 0))?)
}

fn by_severity(db: &Connection, select: &str, (from, to): (Timestamp, Timestamp)) -> Result<[u64; 3], Failure> {
    let mut select = db.prepare_cached(select)?;
    let mut counts = [0; 3];
    let mut rows = select.query(params![from.as_millis(), to.as_millis()])?;
    while let Some(found) = rows.next()? {
        let Some(severity) = readable(row::parsed::<Severity>(found, 0))? else { continue };
        let place = Severity::ALL.into_iter().position(|one| one == severity);
        if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
            *count = row::unsigned(found, 1)?;
        }
    }
    Ok(counts)
}

fn lost_mails(db: &Connection, (from, to): (Timestamp, Timestamp)) -> Result<Vec<LostMail>, Failure> {
    let mut select = db.prepare_cached(LOST_MAILS)?;
    let limit = i64::try_from(MOST).unwrap_or(i64::MAX);
    let found = select.query_map(params![from.as_millis(), to.as_millis(), limit], |found| {
        let (recipient, created) = (row::parsed(found, 0)?, row::time(found, 2)?);
        Ok(LostMail { recipient, subject: found.get(1)?, created, state: found.get(3)?, reply: found.get(4)? })
    })?;
    found.filter_map(|found| readable(found).transpose()).collect()
}

/// How many hosts were visited, and those of them that no visit ended well of.
fn visits(db: &Connection, (from, to): (Timestamp, Timestamp)) -> Result<(u64, Vec<HostName>), Failure> {
    let mut select = db.prepare_cached(VISITS)?;
    let mut rows = select.query(params![from.as_millis(), to.as_millis()])?;
    let (mut hosts, mut bad) = (0, Vec::new());
    while let Some(found) = rows.next()? {
        hosts += 1;
        if !found.get::<_, bool>(1)? {
            bad.extend(readable(row::parsed::<HostName>(found, 0))?);
        }
    }
    Ok((hosts, bad))
}
