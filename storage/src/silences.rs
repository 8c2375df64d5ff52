//! Silences that people add.

use rules::Silence;
use rusqlite::{Row, params};
use sample::Timestamp;

use crate::error::readable;
use crate::{Store, StoreError, row};

impl Store {
    /// Keeps a silence, whose `id` is ignored, and returns its number. Its texts are made plain: people read them in a
    /// terminal.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn add_silence(&mut self, silence: &Silence, now: Timestamp) -> Result<i64, StoreError> {
        let Silence { id: _, host, metric, instance, starts, ends, author, comment } = silence;
        self.write(|db| {
            let mut insert = db.prepare_cached(
                "INSERT INTO silence (host, metric, instance, starts_ms, ends_ms, author, comment, created_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id",
            )?;
            let [host, metric, instance, author, comment] =
                [host, metric, instance, author, comment].map(|text| sample::plain(text));
            let (starts, ends, now) = (starts.as_millis(), ends.as_millis(), now.as_millis());
            let values = params![host, metric, instance, starts, ends, author, comment, now];
            Ok(insert.query_row(values, |row| row.get(0))?)
        })
    }

    /// Returns the silences that end at `since` or later, in the order of their numbers.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn silences(&self, since: Timestamp) -> Result<Vec<Silence>, StoreError> {
        self.read(|db| {
            let mut select = db.prepare_cached(SILENCES)?;
            let found = select.query_map([since.as_millis()], silence)?;
            found.filter_map(|found| readable(found).transpose()).collect()
        })
    }

    /// Ends a silence now; one that is to come is forgotten. Returns false if there is none with this number that lasts or
    /// is to come.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn end_silence(&mut self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.write(|db| {
            // One that was never in force must not look like one that has just ended.
            let mut delete = db.prepare_cached("DELETE FROM silence WHERE id = ?1 AND starts_ms >= ?2")?;
            let mut update = db.prepare_cached("UPDATE silence SET ends_ms = ?2 WHERE id = ?1 AND ends_ms > ?2")?;
            let values = params![id, now.as_millis()];
            Ok(delete.execute(values)? + update.execute(values)? == 1)
        })
    }
}

pub(crate) const SILENCES: &str = "
    SELECT id, host, metric, instance, starts_ms, ends_ms, author, comment FROM silence
    WHERE ends_ms >= ?1 ORDER BY id";

fn silence(found: &Row<'_>) -> rusqlite::Result<Silence> {
    Ok(Silence {
        id: found.get(0)?,
        host: found.get(1)?,
        metric: found.get(2)?,
        instance: found.get(3)?,
        starts: row::time(found, 4)?,
        ends: row::time(found, 5)?,
        author: found.get(6)?,
        comment: found.get(7)?,
    })
}
