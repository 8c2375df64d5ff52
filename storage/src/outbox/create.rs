//! Making mails: what is told to whom, and what that replaces and settles.

use std::collections::BTreeSet;

use rules::Held;
use rusqlite::{Connection, params};
use sample::Timestamp;

use super::NewMail;
use crate::error::Failure;
use crate::{Store, StoreError};

impl Store {
    /// Keeps mails to be delivered from now on, with what they tell, and that these incidents are settled, with the reason
    /// why nobody was told if nobody was. Deliveries that are replaced become `superseded`: only those that wait for
    /// their first attempt or another one, never one that the server may have taken. All of it in one transaction. A
    /// recipient that is given twice gets one.
    ///
    /// # Errors
    /// A mail has no recipient or a Message-ID that is taken; an incident is unknown, or was settled meanwhile; the
    /// database can't be written.
    pub fn create_mails(
        &mut self,
        mails: &[NewMail],
        settled: &[(i64, Option<Held>)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(|db| {
            let mut replaced = BTreeSet::new();
            mails.iter().try_for_each(|mail| create(db, mail, &mut replaced, now))?;
            empty(db, &replaced)?;
            settled.iter().try_for_each(|(incident, untold)| settle(db, *incident, untold.as_ref(), now))
        })
    }
}

/// The list of two states is that of the partial index `delivery_waiting`. A mail of another kind says something else.
pub(crate) const SUPERSEDE: &str = "
    UPDATE delivery INDEXED BY delivery_waiting SET state = 'superseded', ended_ms = ?3
    WHERE recipient = ?1 AND state IN ('pending', 'retry') AND mail_id < ?2
    AND (SELECT kind FROM mail WHERE id = mail_id) = (SELECT kind FROM mail WHERE id = ?2)
    RETURNING mail_id";

pub(crate) const MAILED: &str = "UPDATE event SET mail_id = ?2 WHERE incident_id = ?1 AND mail_id IS NULL";

/// What a mail that nobody will ever get told is told by the next one that tells of the incident, or by none so far.
pub(crate) const MOVE_ON: &str = "
    UPDATE event SET mail_id = (
        SELECT min(notice.mail_id) FROM notice WHERE notice.incident_id = event.incident_id AND notice.mail_id > ?1
    ) WHERE mail_id = ?1";

fn create(db: &Connection, mail: &NewMail, replaced: &mut BTreeSet<i64>, now: Timestamp) -> Result<(), Failure> {
    if mail.recipients.is_empty() {
        return Err(StoreError::NoRecipient { message_id: mail.message_id.clone() }.into());
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO mail (kind, message_id, subject, content, created_ms) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id",
    )?;
    let values = params![mail.kind.name(), mail.message_id, mail.subject, mail.content, now.as_millis()];
    let mail_row: i64 = insert.query_row(values, |row| row.get(0))?;
    for (recipient, replaces) in &mail.recipients {
        if *replaces {
            let mut supersede = db.prepare_cached(SUPERSEDE)?;
            let ended =
                supersede.query_map(params![recipient.as_str(), mail_row, now.as_millis()], |row| row.get(0))?;
            for mail in ended {
                replaced.insert(mail?);
            }
        }
        let mut insert = db.prepare_cached(
            "INSERT INTO delivery (mail_id, recipient, state, next_attempt_ms) VALUES (?1, ?2, 'pending', ?3)
             ON CONFLICT (mail_id, recipient) DO NOTHING",
        )?;
        insert.execute(params![mail_row, recipient.as_str(), now.as_millis()])?;
    }
    for (incident, kind, severity) in &mail.notices {
        require_unsettled(db, *incident)?;
        let mut insert =
            db.prepare_cached("INSERT INTO notice (incident_id, mail_id, kind, severity) VALUES (?1, ?2, ?3, ?4)")?;
        insert.execute(params![incident, mail_row, kind.name(), severity.name()])?;
        db.prepare_cached(MAILED)?.execute(params![incident, mail_row])?;
    }
    Ok(())
}

/// Forgets what those mails say that were replaced for all of their recipients: while mail is down for long, each change
/// of a large fleet makes another one.
fn empty(db: &Connection, replaced: &BTreeSet<i64>) -> Result<(), Failure> {
    let mut gone = Vec::new();
    for mail in replaced {
        let mut select = db.prepare_cached("SELECT 1 FROM delivery WHERE mail_id = ?1 AND state <> 'superseded'")?;
        if !select.exists([mail])? {
            gone.push(*mail);
        }
    }
    for mail in &gone {
        db.prepare_cached("DELETE FROM notice WHERE mail_id = ?1")?.execute([mail])?;
        db.prepare_cached("UPDATE mail SET content = x'' WHERE id = ?1")?.execute([mail])?;
    }
    for mail in &gone {
        db.prepare_cached(MOVE_ON)?.execute([mail])?;
    }
    Ok(())
}

/// What was settled since it was read is not told once more.
fn require_unsettled(db: &Connection, incident: i64) -> Result<(), Failure> {
    let mut select = db.prepare_cached("SELECT 1 FROM incident WHERE id = ?1 AND settled_ms IS NULL")?;
    if select.exists([incident])? { Ok(()) } else { Err(StoreError::AlreadySettled { incident }.into()) }
}

fn settle(db: &Connection, incident: i64, untold: Option<&Held>, now: Timestamp) -> Result<(), Failure> {
    let mut update =
        db.prepare_cached("UPDATE incident SET settled_ms = ?2, untold = ?3 WHERE id = ?1 AND settled_ms IS NULL")?;
    match update.execute(params![incident, now.as_millis(), untold.map(Held::name)])? {
        1 => Ok(()),
        _ => Err(StoreError::AlreadySettled { incident }.into()),
    }
}
