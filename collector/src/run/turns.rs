//! Who may do what at once: sockets, dials, jobs, cores.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use crate::Failure;

/// What a run may do at once.
///
/// A host comes in by a *door*: it is dialled, and waits there, connected, for a *job*. Doors are few, so that no
/// crowd of open connections waits for sshd to lose patience. A host that does not answer at once leaves the door to
/// the next one and waits outside; so silent hosts hold neither doors nor jobs, all of them wait at the same time,
/// and a run with many of them is longer by one dial deadline.
pub(super) struct Turns {
    sockets: Arc<Semaphore>,
    doors: Arc<Semaphore>,
    jobs: Semaphore,
    cores: Semaphore,
}

/// A host that has come to a door.
pub(super) struct Admitted {
    _socket: OwnedSemaphorePermit,
    door: OwnedSemaphorePermit,
}

/// A place among those who work. Given back on drop.
pub(super) struct Job<'a> {
    /// Whether the connection waited so long for it that sshd may have given it up.
    pub(super) came_late: bool,
    _job: SemaphorePermit<'a>,
    _socket: OwnedSemaphorePermit,
}

/// More hosts under way than this would only take memory.
const MOST_SOCKETS: usize = 4096;
/// A host that answers later waits outside. Longer than most round trips.
const PROMPT: Duration = Duration::from_millis(250);
/// sshd soon gives up on a connection that says nothing.
const STALE: Duration = Duration::from_secs(5);

impl Turns {
    pub(super) fn new(jobs: usize, sockets: usize) -> Turns {
        let cores = available_parallelism().map_or(1, usize::from);
        let sockets = sockets.clamp(1, MOST_SOCKETS);
        let jobs = jobs.min(sockets);
        Turns {
            sockets: Arc::new(Semaphore::new(sockets)),
            doors: Arc::new(Semaphore::new(2 * jobs)),
            jobs: Semaphore::new(jobs),
            cores: Semaphore::new(cores),
        }
    }

    /// Waits until one more host may be dialled.
    pub(super) async fn admit(&self) -> Admitted {
        let socket = own(&self.sockets).await;
        Admitted { _socket: socket, door: own(&self.doors).await }
    }

    /// Dials, and waits for a job with what it brings.
    ///
    /// # Errors
    /// Those of the dial.
    pub(super) async fn connect<S>(
        &self,
        admitted: Admitted,
        dial: impl Future<Output = Result<S, Failure>>,
    ) -> Result<(S, Job<'_>), Failure> {
        let Admitted { _socket, door } = admitted;
        let mut dial = std::pin::pin!(dial);
        let (stream, dialled, door) = match timeout(PROMPT, &mut dial).await {
            Ok(stream) => (stream?, Instant::now(), door),
            Err(_elapsed) => {
                drop(door);
                let (stream, dialled) = (dial.await?, Instant::now());
                (stream, dialled, own(&self.doors).await)
            }
        };
        let _job = self.jobs.acquire().await.expect("these semaphores are never closed");
        drop(door);
        Ok((stream, Job { came_late: dialled.elapsed() > STALE, _job, _socket }))
    }

    /// Waits for a core to compute on.
    pub(super) async fn core(&self) -> SemaphorePermit<'_> {
        self.cores.acquire().await.expect("these semaphores are never closed")
    }
}

async fn own(semaphore: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    semaphore.clone().acquire_owned().await.expect("these semaphores are never closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOBS: usize = 2;

    #[tokio::test(start_paused = true)]
    async fn hosts_that_answer_late_leave_their_doors_to_others_and_all_wait_at_once() {
        let turns = Arc::new(Turns::new(JOBS, 1000));
        let began = Instant::now();
        let mut silent = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (admitted, turns) = (turns.admit().await, turns.clone());
            silent.spawn(async move {
                let dial = async {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                    Err::<(), _>(Failure::Cancelled)
                };
                turns.connect(admitted, dial).await.is_err()
            });
        }
        assert!(silent.join_all().await.into_iter().all(|failed| failed));
        // 100 hosts through four doors, a quarter of a second each, then the last one's dial.
        assert!(began.elapsed() < Duration::from_millis(25 * 250 + 10_100), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_connections_wait_for_jobs_than_there_are_doors() {
        let turns = Turns::new(JOBS, 1000);
        let mut working = Vec::new();
        for _ in 0..JOBS {
            working.push(turns.connect(turns.admit().await, async { Ok(()) }).await.map_err(drop).unwrap());
        }
        let mut waiting: Vec<_> = Vec::new();
        for _ in 0..2 * JOBS {
            let admitted = turns.admit().await;
            waiting.push(Box::pin(turns.connect(admitted, async { Ok(()) })));
        }
        for connection in &mut waiting {
            assert!(timeout(Duration::ZERO, connection.as_mut()).await.is_err());
        }
        assert!(timeout(Duration::from_secs(60), turns.admit()).await.is_err());
        working.clear();
        let ((), first) = waiting.remove(0).await.map_err(drop).unwrap();
        assert!(first.came_late);
        assert!(timeout(Duration::from_secs(1), turns.admit()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_slow_to_answer_and_then_waits_for_a_door_comes_late_too() {
        let turns = Turns::new(1, 1000);
        let slow = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(())
        };
        let mut slow = Box::pin(turns.connect(turns.admit().await, slow));
        assert!(timeout(Duration::from_millis(300), &mut slow).await.is_err());
        let doors = [turns.admit().await, turns.admit().await];
        assert!(timeout(Duration::from_secs(7), &mut slow).await.is_err());
        drop(doors);
        let ((), job) = slow.await.map_err(drop).unwrap();
        assert!(job.came_late);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_sockets_are_open_than_the_system_allows() {
        let turns = Turns::new(64, 3);
        let three = [turns.admit().await, turns.admit().await, turns.admit().await];
        assert!(timeout(Duration::from_secs(60), turns.admit()).await.is_err());
        drop(three);
        turns.admit().await;
    }
}
