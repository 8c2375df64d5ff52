//! What stands beside an alert: how its value went, what was running, how fast a filesystem fills.

use std::time::Duration;

use rules::{FreeSpace, Instance};
use sample::{HostName, Metric, Timestamp, TopProcess};

use crate::{HostId, Store, StoreError, Untreated};

impl Store {
    /// Returns the row of a host, by its name.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn host_id(&self, _name: &HostName) -> Result<Option<HostId>, StoreError> {
        todo!()
    }

    /// Returns the newest sample and the newest outcome of a host that was not cancelled, treated or not.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn newest_rows(&self, _host: HostId) -> Result<Vec<Untreated>, StoreError> {
        todo!()
    }

    /// Returns the highest value of a metric in each of `parts` equal parts of the time from `from` to `to`. Nothing for
    /// a part without a value; no parts for a metric of which there is no column to read.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn trend(
        &self,
        _host: &HostName,
        _metric: Metric,
        _instance: &Instance,
        (_from, _to): (Timestamp, Timestamp),
        _parts: usize,
    ) -> Result<Vec<Option<f64>>, StoreError> {
        todo!()
    }

    /// Returns the biggest processes of a host's newest sample that is not younger than `at`.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn top_processes(&self, _host: &HostName, _at: Timestamp) -> Result<Vec<TopProcess>, StoreError> {
        todo!()
    }

    /// Returns what was available on a filesystem from `from` to `until`, both included, oldest first: at most `most`
    /// points, spread evenly.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn free_space(
        &self,
        _host: HostId,
        _mount: &str,
        (_from, _until): (Timestamp, Timestamp),
        _most: usize,
    ) -> Result<Vec<FreeSpace>, StoreError> {
        todo!()
    }

    /// Returns the usual time between the beginnings of two runs: the median of the last twenty. Nothing if there are
    /// fewer than three.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn usual_interval(&self) -> Result<Option<Duration>, StoreError> {
        todo!()
    }

    /// Returns when the last run that ended began, whatever came of it.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn last_finished_run(&self) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }
}
