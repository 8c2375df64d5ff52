//! The visits of a run: each host's task is started when its turn comes, and what it comes to is handed on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use storage::HostId;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::row::row;
use super::turns::{Admitted, Turns};
use crate::Failure;
use crate::phase::timed;
use crate::recorder::{Inbox, Ticket};
use crate::unseal::{Unsealed, unseal};
use crate::visit::{Brought, Fleet, Line, Visitee, visit};
use crate::work_dir::WorkDir;

/// A host whose turn has not come yet.
pub(super) struct Waiting {
    /// Which one of the run's hosts it is.
    pub(super) index: usize,
    /// Its row.
    pub(super) id: HostId,
    /// Whom to visit.
    pub(super) host: Visitee,
}

/// A host on the way.
struct UnderWay {
    index: usize,
    id: HostId,
    known_dir: Option<WorkDir>,
    began: Instant,
}

type Result<T> = std::result::Result<T, Failure>;

/// Everybody who is under way.
pub(super) struct Crew<'a> {
    fleet: Arc<Fleet>,
    turns: Arc<Turns>,
    inbox: Inbox,
    /// Ends the visits when the run is interrupted or takes too long, and also when the database fails.
    ending: CancellationToken,
    stop: &'a CancellationToken,
    started: &'a mut (dyn FnMut(usize) + Send),
    tasks: JoinSet<Result<(Brought, Unsealed)>>,
    under_way: HashMap<Id, UnderWay>,
}

impl<'a> Crew<'a> {
    pub(super) fn new(
        fleet: Arc<Fleet>,
        turns: Turns,
        inbox: Inbox,
        stop: &'a CancellationToken,
        started: &'a mut (dyn FnMut(usize) + Send),
    ) -> Crew<'a> {
        let (ending, tasks) = (stop.child_token(), JoinSet::new());
        Crew { fleet, turns: Arc::new(turns), inbox, ending, stop, started, tasks, under_way: HashMap::new() }
    }

    /// Visits, but not for longer than a run may take.
    pub(super) async fn visit_in_time(self, hosts: Vec<Waiting>) {
        let (ending, limit) = (self.ending.clone(), self.fleet.deadlines.run);
        let visiting = std::pin::pin!(self.visit(hosts));
        let Some(limit) = limit else { return visiting.await };
        let mut visiting = visiting;
        if timeout(limit, &mut visiting).await.is_err() {
            ending.cancel();
            visiting.await;
        }
    }

    /// Returns when every host's row is on its way to the database, or the database has failed.
    ///
    /// A host's task is large, so there are no more of them than hosts that can be dialled.
    async fn visit(mut self, hosts: Vec<Waiting>) {
        let turns = self.turns.clone();
        for next in hosts {
            let admitted = loop {
                tokio::select! {
                    biased;
                    () = self.ending.cancelled() => break None,
                    Some(ended) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => self.record(ended).await,
                    admitted = turns.admit() => break Some(admitted),
                }
            };
            match admitted {
                Some(admitted) => self.send_out(next, admitted),
                None => self.hand_on(next.index, next.id, None, Err(Failure::Cancelled), Duration::ZERO).await,
            }
        }
        while let Some(ended) = self.tasks.join_next_with_id().await {
            self.record(ended).await;
        }
    }

    fn send_out(&mut self, next: Waiting, admitted: Admitted) {
        let Waiting { index, id, host } = next;
        (self.started)(index);
        let known_dir = host.remembered_dir.clone();
        let (fleet, turns, ending) = (self.fleet.clone(), self.turns.clone(), self.ending.clone());
        let task = self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = ending.cancelled() => Err(Failure::Cancelled),
                result = turn(fleet, host, &turns, admitted) => result,
            }
        });
        self.under_way.insert(task.id(), UnderWay { index, id, known_dir, began: Instant::now() });
    }

    /// A panic in a visit is this host's failure alone.
    async fn record(&mut self, ended: std::result::Result<(Id, Result<(Brought, Unsealed)>), JoinError>) {
        let (task, result) = match ended {
            Ok((task, result)) => (task, result),
            Err(error) => (error.id(), Err(Failure::Internal(format!("the visit's task failed: {error}")))),
        };
        let known = self.under_way.remove(&task).expect("every task is noted when it is started");
        let UnderWay { index, id, known_dir, began } = known;
        self.hand_on(index, id, known_dir.as_ref(), result, began.elapsed()).await;
    }

    async fn hand_on(
        &mut self,
        host: usize,
        id: HostId,
        known_dir: Option<&WorkDir>,
        mut result: Result<(Brought, Unsealed)>,
        duration: Duration,
    ) {
        if matches!(result, Err(Failure::Cancelled)) && !self.stop.is_cancelled() {
            result = Err(self.fleet.deadlines.run.map_or(Failure::Cancelled, Failure::RunTimeout));
        }
        let memory = result.as_mut().ok().and_then(|(brought, _)| brought.memory.take());
        let ticket = Ticket { host, memory };
        // The recorder is gone only after a failed commit: then nothing that is brought can be kept.
        if self.inbox.send((ticket, row(id, known_dir, result, duration))).await.is_err() {
            self.ending.cancel();
        }
    }
}

async fn turn(fleet: Arc<Fleet>, host: Visitee, turns: &Turns, admitted: Admitted) -> Result<(Brought, Unsealed)> {
    host.access.as_ref().map_err(|found| Failure::NoAccess(found.clone()))?;
    let (mut line, job) = turns.connect(admitted, timed(&host.name, "dial", Line::open(&fleet, &host))).await?;
    // Not through a jump host: who has a job must not wait for one of its places, which others keep who wait for jobs.
    if job.came_late && host.target.through.is_none() {
        drop(line);
        line = Line::open(&fleet, &host).await?;
    }
    let mut nonce = sample::Nonce([0; 16]);
    getrandom::fill(&mut nonce.0).map_err(|error| Failure::Internal(format!("no random numbers: {error}")))?;
    // Boxed: of the hosts under way many are only being dialled, and need no room for a visit.
    let brought = Box::pin(visit(&fleet, &host, line, nonce)).await?;
    // Opening is pure computation: as many at a time as there are cores, away from the threads that serve sockets.
    let _core = turns.core().await;
    let opened = tokio::task::spawn_blocking(move || {
        let unsealed = unseal(&fleet.keys, host.names(), &brought.call, &brought.answer);
        (brought, unsealed)
    });
    opened.await.map_err(|error| Failure::Internal(format!("opening the envelopes failed: {error}")))
}
