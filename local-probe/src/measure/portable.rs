//! Every other platform: what sysinfo knows of it. On Linux it is compiled for its tests alone.

use std::thread;
use std::time::Duration;

use sample::{Counters, Facts, Readings};

use super::{Asked, system};

/// A measurement that is under way.
pub(super) struct Begun {
    _nothing_yet: (),
}

impl Begun {
    /// Begins what takes time.
    pub(super) fn begin(_asked: &Asked<'_>) -> Begun {
        Begun { _nothing_yet: () }
    }

    /// Reads the rest.
    pub(super) fn finish(self) -> (Facts, Readings, Counters) {
        thread::sleep(Duration::ZERO);
        let readings =
            Readings { load: system::load(), uptime_seconds: system::uptime_seconds(), ..Readings::default() };
        (system::facts(), readings, Counters::default())
    }
}
