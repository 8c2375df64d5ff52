//! How much of the hosts' answers lies in memory at once.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for large answers, shared by all visits of a run.
///
/// A host whose spool is full has 8 MiB to tell. When the server was away for days, all of them have. What each host is
/// asked for first ([`USUAL`](crate::visit::USUAL)) is not counted: 64 at once come to 32 MiB, if all have that much.
#[derive(Clone)]
pub struct Memory(Arc<Semaphore>);

/// Part of the room. Given back on drop.
#[derive(Debug)]
pub struct Reserved(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

const KIB: u64 = 1024;
/// Three full spools. Opened and decoded, an answer takes about three times its size.
const ROOM: u64 = 27 * 1024 * KIB;

impl Memory {
    /// All of the room.
    pub fn new() -> Memory {
        Memory(Arc::new(Semaphore::new(usize::try_from(ROOM / KIB).expect("it is a small number"))))
    }

    /// Room for an answer of so many bytes, if there is any left.
    pub fn reserve(&self, bytes: u64) -> Option<Reserved> {
        let kib = u32::try_from(bytes.div_ceil(KIB)).ok()?;
        self.0.clone().try_acquire_many_owned(kib).ok().map(Reserved)
    }
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visit::EVERYTHING;

    #[test]
    fn three_hosts_with_full_spools_have_room_and_a_fourth_one_when_one_of_them_is_done() {
        let memory = Memory::new();
        let [first, _second, _third] = [(); 3].map(|()| memory.reserve(EVERYTHING.bytes).unwrap());
        assert!(memory.reserve(EVERYTHING.bytes).is_none());
        drop(first);
        assert!(memory.reserve(EVERYTHING.bytes).is_some());
        assert!(memory.reserve(u64::MAX).is_none());
    }
}
