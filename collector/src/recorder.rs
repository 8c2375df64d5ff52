//! The store's own thread: visits come in by a bounded channel and are committed in groups.
//!
//! Nothing else touches the database during a run. Groups form by themselves: while one is being committed, the
//! next one gathers, so a small fleet gets a commit per host and a large one few of them.

use std::io;
use std::thread::{self, JoinHandle};

use storage::{RunId, Store, StoreError, Visit};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::run::Reserved;

const MAX_GROUP: usize = 256;

/// A visit that was committed, with the number of its samples that were new.
pub struct Committed {
    /// Which one of the run's hosts it was.
    pub host: usize,
    /// The outcome as committed.
    pub outcome: sample::Outcome,
    /// How many samples were not known yet.
    pub new_samples: usize,
}

/// What goes along with a visit to be committed.
pub struct Ticket {
    /// Which one of the run's hosts it is.
    pub host: usize,
    /// The memory its answer takes, until it is committed.
    pub memory: Option<Reserved>,
}

/// Takes visits to be committed.
pub type Inbox = Sender<(Ticket, Visit)>;

/// Starts the thread. It ends when all senders are gone or a commit fails, and hands the store back.
///
/// `committed` is called on that thread after each commit, in the order of the visits.
///
/// # Errors
/// The system starts no thread.
pub fn start(
    mut store: Store,
    run: RunId,
    mut committed: impl FnMut(Committed) + Send + 'static,
) -> io::Result<(Inbox, JoinHandle<Result<Store, StoreError>>)> {
    let (inbox, mut visits) = channel(MAX_GROUP);
    let thread = thread::Builder::new().name("recorder".to_owned()).spawn(move || {
        while let Some((tickets, group)) = next_group(&mut visits) {
            let counts = store.record_visits(run, &group)?;
            for ((ticket, visit), new_samples) in tickets.into_iter().zip(group).zip(counts) {
                committed(Committed { host: ticket.host, outcome: visit.outcome, new_samples });
            }
        }
        Ok(store)
    })?;
    Ok((inbox, thread))
}

fn next_group(visits: &mut Receiver<(Ticket, Visit)>) -> Option<(Vec<Ticket>, Vec<Visit>)> {
    let first = visits.blocking_recv()?;
    let mut group = vec![first];
    while group.len() < MAX_GROUP
        && let Ok(next) = visits.try_recv()
    {
        group.push(next);
    }
    Some(group.into_iter().unzip())
}
