//! Who was told what of an incident: by which mails, and how far they came.

use rules::{NoticeKind, Reach, Told};
use rusqlite::{Connection, Row};

use crate::error::{Failure, readable};
use crate::row;

/// A mail that was refused for good, or dropped by hand, counts as told: otherwise new ones would be made without end. So
/// does the last word about an incident once it was given up; the digest names it. Any other that was given up does not,
/// nor does one that waits, for it may be replaced, or was. One that
/// may have been taken and was given up counts as told.
///
/// In the order in which the mails were made: an older one may have been sent again after a younger one.
macro_rules! counts_as_told {
    () => {
        "(state IN ('sent', 'unknown', 'sending', 'failed', 'suppressed')
          OR state = 'expired' AND (maybe_taken > 0 OR notice.kind IN ('over', 'missed', 'happened')))"
    };
}

macro_rules! select_told {
    () => {
        "SELECT delivery.recipient, coalesce(sent_ms, delivery.ended_ms, tried_ms, next_attempt_ms), notice.kind,
            notice.severity, notice.incident_id, iif(maybe_taken > 0 AND state <> 'sent', 'unknown', state)"
    };
}

/// Of what a recipient was told of an incident only the first word, the last, and that it is over: nobody decides by
/// what lies between, and after a year of reminders that is nearly all.
pub(crate) const TOLD_OF_UNSETTLED: &str = concat!(
    "
    WITH said AS MATERIALIZED (
        SELECT notice.incident_id AS incident, recipient, min(notice.mail_id) AS first, max(notice.mail_id) AS last,
            max(iif(notice.kind IN ('over', 'missed', 'happened'), notice.mail_id, NULL)) AS closing
        FROM incident INDEXED BY incident_unsettled CROSS JOIN notice ON notice.incident_id = incident.id
        CROSS JOIN delivery ON delivery.mail_id = notice.mail_id
        WHERE settled_ms IS NULL AND ",
    counts_as_told!(),
    "
        GROUP BY notice.incident_id, recipient
    )
    ",
    select_told!(),
    " FROM said
    CROSS JOIN notice ON notice.incident_id = incident AND notice.mail_id IN (first, last, closing)
    CROSS JOIN delivery ON delivery.mail_id = notice.mail_id AND delivery.recipient = said.recipient
    ORDER BY notice.incident_id, notice.mail_id"
);
pub(crate) const TOLD_OF_ONE: &str = concat!(
    select_told!(),
    " FROM notice CROSS JOIN delivery ON delivery.mail_id = notice.mail_id WHERE notice.incident_id = ?1 AND ",
    counts_as_told!(),
    " ORDER BY notice.mail_id"
);

pub(super) fn told(found: &Row<'_>) -> rusqlite::Result<Told> {
    Ok(Told {
        recipient: row::parsed(found, 0)?,
        at: row::time(found, 1)?,
        kind: row::named(found, 2, &NoticeKind::ALL, NoticeKind::name)?,
        severity: row::parsed(found, 3)?,
        reach: match found.get::<_, String>(5)?.as_str() {
            "sent" => Reach::Delivered,
            "failed" => Reach::Refused,
            "suppressed" => Reach::Dropped,
            "expired" => Reach::GivenUp,
            _ => Reach::Maybe,
        },
    })
}

pub(super) fn told_of(db: &Connection, incident: i64) -> Result<Vec<Told>, Failure> {
    let mut select = db.prepare_cached(TOLD_OF_ONE)?;
    let found = select.query_map([incident], told)?.filter_map(|found| readable(found).transpose());
    found.collect()
}
