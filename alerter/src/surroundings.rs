//! What a run takes from the world outside.

use sample::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::deliver::Timeouts;

/// How many rows are treated in one transaction: a backlog of weeks is neither taken into memory at once nor lost
/// when the run is killed.
const SLICE: usize = 5000;

/// How a run behaves towards the world outside.
pub struct Surroundings<'a> {
    /// The clock.
    pub now: &'a dyn Fn() -> Timestamp,
    /// Ends the run: between two pieces of work, and while it waits for the SMTP server.
    pub stop: &'a CancellationToken,
    /// How long the SMTP server may take.
    pub timeouts: Timeouts,
    /// How many rows are treated in one transaction.
    pub slice: usize,
}

impl<'a> Surroundings<'a> {
    /// Those of the program.
    pub fn new(now: &'a dyn Fn() -> Timestamp, stop: &'a CancellationToken) -> Surroundings<'a> {
        Surroundings { now, stop, timeouts: Timeouts::default(), slice: SLICE }
    }
}
