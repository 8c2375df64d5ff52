//! What a visit does about the spools its request names as former ones.

use std::path::PathBuf;

use sample::SpoolId;
use sample::wire::{Limits, Request, SpoolOwner};

use crate::home::Home;
use crate::spool::Spool;
use crate::target;

/// What goes home with the fresh envelope: the oldest first, without a gap.
pub(crate) struct Luggage {
    /// Taken along.
    pub(crate) envelopes: Vec<Vec<u8>>,
    /// How many stay behind because of the limits.
    pub(crate) held: usize,
    most: usize,
    room: u64,
}

/// What was found in former spools.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Former {
    /// How many still hold something, or can't be looked into.
    pub(crate) holding: u32,
    /// Envelopes that were lost in those that are gone now.
    pub(crate) lost: u64,
}

impl Luggage {
    /// As much as the limits leave beside a fresh envelope of this length.
    pub(crate) fn beside(fresh: usize, limits: &Limits) -> Luggage {
        let most = usize::try_from(limits.envelopes).unwrap_or(usize::MAX).saturating_sub(1);
        Luggage { envelopes: Vec::new(), held: 0, most, room: limits.bytes.saturating_sub(fresh as u64) }
    }

    /// Takes what there is room for. Behind one that has to stay, all stay.
    pub(crate) fn add(&mut self, waiting: Vec<Vec<u8>>) {
        for envelope in waiting {
            let left = self.room.checked_sub(envelope.len() as u64);
            match left.filter(|_| self.held == 0 && self.envelopes.len() < self.most) {
                Some(left) => {
                    self.room = left;
                    self.envelopes.push(envelope);
                }
                None => self.held += 1,
            }
        }
    }
}

/// Ends the feeding of the former spools, deletes what the server has of them, packs what waits there, the oldest
/// owner's first, and removes those that are empty.
///
/// `witness` is what [`Spool::settle`] needs. One that can't be used is passed over.
pub(crate) fn empty(home: &Home, request: &Request, witness: Option<(SpoolId, u64)>, luggage: &mut Luggage) -> Former {
    let mut found = Former::default();
    for folder in folders(home, request) {
        match Spool::open_former(&folder).and_then(|mut spool| {
            spool.settle(&request.acknowledgements, witness)?;
            Ok(spool)
        }) {
            Ok(spool) if spool.is_empty() => {
                found.lost = found.lost.saturating_add(spool.untold());
                spool.remove();
            }
            Ok(spool) => {
                found.holding += 1;
                luggage.add(spool.into_waiting());
            }
            Err(_) => found.holding += 1,
        }
    }
    found
}

/// The folders of former spools that exist, each once. The one that is fed now is never among them.
fn folders(home: &Home, request: &Request) -> Vec<PathBuf> {
    let fed = target::folder(request.key, &request.host);
    let mut names: Vec<String> = Vec::new();
    for SpoolOwner { key, host } in &request.former {
        let name = target::folder(*key, host);
        if name != fed && !names.contains(&name) {
            names.push(name);
        }
    }
    let paths = names.into_iter().map(|name| home.spools().join(name));
    paths.filter(|path| path.symlink_metadata().is_ok_and(|found| found.is_dir())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_without_a_gap() {
        let packed = |envelopes, bytes| {
            let mut luggage = Luggage::beside(10, &Limits { envelopes, bytes });
            luggage.add(vec![vec![0; 10], vec![0; 20]]);
            luggage.add(vec![vec![0; 5]]);
            (luggage.envelopes.len(), luggage.held)
        };
        assert_eq!(packed(4, 45), (3, 0));
        assert_eq!(packed(4, 44), (2, 1));
        assert_eq!(packed(4, 39), (1, 2), "the third would fit, but not in order");
        assert_eq!(packed(2, 45), (1, 2));
        assert_eq!([packed(1, 45), packed(0, 45), packed(4, 0)], [(0, 3); 3]);
    }
}
