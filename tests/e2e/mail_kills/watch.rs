//! How far a run has come, by the database.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use harness::{Reaped, Step};
use rusqlite::{Connection, OpenFlags};

use super::Phase;
use super::aim::Aim;
use crate::paper::Paper;

/// Looks at the database while a run is under way.
pub(super) struct Watch {
    db: Connection,
    aim: Arc<Aim>,
    untreated_before: i64,
    last_mail_before: i64,
}

impl Watch {
    pub(super) fn new(paper: &Paper, aim: &Arc<Aim>) -> Watch {
        let db = Connection::open_with_flags(paper.server.state("fleet.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        db.busy_timeout(harness::PATIENCE).unwrap();
        let (untreated_before, last_mail_before) = Watch::read(&db);
        Watch { db, aim: aim.clone(), untreated_before, last_mail_before }
    }

    fn read(db: &Connection) -> (i64, i64) {
        let sql =
            "SELECT (SELECT count(*) FROM sample WHERE treated_ms IS NULL), (SELECT coalesce(max(id), 0) FROM mail)";
        db.prepare_cached(sql).unwrap().query_one([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    }

    pub(super) fn phase(&self) -> Phase {
        // Before the database: whoever was met has made its mails before.
        let was_met = self.aim.was_met.load(Ordering::SeqCst);
        let (untreated, last_mail) = Watch::read(&self.db);
        match (was_met, last_mail > self.last_mail_before) {
            (true, _) => Phase::At(Step::Greeting),
            (false, true) => Phase::BeforeConnecting,
            (false, false) if untreated == 0 => Phase::MakingMails,
            (false, false) if untreated < self.untreated_before => Phase::BetweenSlices,
            (false, false) => Phase::Evaluating,
        }
    }

    /// Returns once the run has come to this phase, or beyond it.
    pub(super) fn until(&self, phase: Phase, alerter: &mut Reaped) {
        while self.phase() < phase && !alerter.has_ended() {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}
