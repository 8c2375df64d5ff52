//! How much of the hosts' answers lies in memory at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for answers, shared by all visits of a run.
///
/// A host whose spool is full has 8 MiB to tell. When the server was away for long, all of them have, and a visit
/// takes an answer home as a whole. So those who have much to tell take turns.
#[derive(Clone)]
pub struct Memory(Arc<Semaphore>);

/// Part of the room. Given back on drop.
#[derive(Debug)]
pub struct Reserved(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

const KIB: u64 = 1024;
/// Four full spools. Opened and decoded, an answer takes about three times its size.
const ROOM: u64 = 36 * 1024 * KIB;
/// An answer of this size is not counted: with as many jobs as usual, these are 4 MiB in all.
const SMALL: u64 = 64 * KIB;

impl Memory {
    /// All of the room.
    pub fn new() -> Memory {
        Memory(Arc::new(Semaphore::new(usize::try_from(ROOM / KIB).expect("it is a small number"))))
    }

    /// Whether an answer of this size has to be reserved room for.
    pub fn counts(bytes: u64) -> bool {
        bytes > SMALL
    }

    /// Waits for room for an answer of so many bytes.
    pub async fn reserve(&self, bytes: u64) -> Reserved {
        // Never more than all there is, or it would wait for ever.
        let kib = u32::try_from(bytes.min(ROOM).div_ceil(KIB)).expect("the room in KiB is a small number");
        let permit = self.0.clone().acquire_many_owned(kib).await;
        Reserved(permit.expect("this semaphore is never closed"))
    }
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn large_answers_take_turns_and_one_larger_than_the_room_still_gets_its_turn() {
        let memory = Memory::new();
        let first = memory.reserve(ROOM / 2 + KIB).await;
        let patience = Duration::from_secs(3600);
        assert!(timeout(patience, memory.reserve(ROOM / 2 + KIB)).await.is_err());
        let small = memory.reserve(KIB).await;
        drop((first, small));
        drop(memory.reserve(u64::MAX).await);
        memory.reserve(ROOM).await;
    }
}
