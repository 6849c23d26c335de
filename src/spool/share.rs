//! One spool for several servers: the space of a batch is given back when each has taken it.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::{Batch, Spool, give_back};

/// Where batches go when they are complete: to each server that takes them.
#[derive(Debug, Default)]
pub struct Outlet {
    takers: Vec<mpsc::UnboundedSender<Batch>>,
    pieces: Option<Arc<Mutex<Pieces>>>,
}

/// What one server takes: the spool, and the batches that are complete.
#[derive(Debug)]
pub struct Inlet {
    /// Where they lie.
    pub spool: Spool,
    /// Which they are.
    pub batches: mpsc::UnboundedReceiver<Batch>,
}

/// A spool that so many servers take from, each at its own pace.
pub fn share(spool: &Spool, servers: usize) -> (Outlet, Vec<Inlet>) {
    let pieces = (servers > 1).then(|| Arc::new(Mutex::new(Pieces::of(servers))));
    let mut takers = Vec::with_capacity(servers);
    let mut inlets = Vec::with_capacity(servers);
    for place in 0..servers {
        let (ready, batches) = mpsc::unbounded_channel();
        takers.push(ready);
        let taker = pieces.as_ref().map(|pieces| {
            Arc::new(Taker {
                place,
                pieces: Arc::clone(pieces),
                file: Arc::clone(&spool.file),
            })
        });
        let spool = Spool {
            taker,
            ..spool.clone()
        };
        inlets.push(Inlet { spool, batches });
    }
    (Outlet { takers, pieces }, inlets)
}

impl Outlet {
    /// For a read that nobody takes anything of.
    pub fn nowhere() -> Outlet {
        Outlet::default()
    }

    /// Announces a batch to each server. One that has ended takes none any more.
    pub fn send(&self, batch: Batch) {
        if let Some(pieces) = &self.pieces {
            locked(pieces).announce(&batch);
        }
        for taker in &self.takers {
            let _ = taker.send(batch.clone());
        }
    }
}

/// One server's part in a spool. Dropping it takes all that is left: a server that was left behind needs nothing more.
#[derive(Debug)]
pub(super) struct Taker {
    place: usize,
    pieces: Arc<Mutex<Pieces>>,
    file: Arc<File>,
}

impl Taker {
    /// This server has taken that range. Returns what nobody needs any more.
    pub(super) fn take(&self, batch: &Batch) -> Option<(u64, u64)> {
        locked(&self.pieces).take(self.place, batch)
    }
}

impl Drop for Taker {
    fn drop(&mut self) {
        for (offset, bytes) in locked(&self.pieces).leave(self.place) {
            give_back(&self.file, offset, bytes);
        }
    }
}

fn locked(pieces: &Mutex<Pieces>) -> MutexGuard<'_, Pieces> {
    // Counts are whole after each change.
    pieces.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was announced and is not given back yet, by where it begins. A server may have had a batch cut into smaller ones, so
/// bytes are counted.
#[derive(Debug)]
struct Pieces {
    present: Vec<bool>,
    open: BTreeMap<u64, Piece>,
}

#[derive(Debug)]
struct Piece {
    bytes: u64,
    taken: Vec<u64>,
}

impl Pieces {
    fn of(servers: usize) -> Pieces {
        Pieces {
            present: vec![true; servers],
            open: BTreeMap::new(),
        }
    }

    fn announce(&mut self, batch: &Batch) {
        let piece = Piece {
            bytes: batch.bytes,
            taken: vec![0; self.present.len()],
        };
        self.open.insert(batch.offset, piece);
    }

    fn take(&mut self, place: usize, batch: &Batch) -> Option<(u64, u64)> {
        let (offset, piece) = self.open.range_mut(..=batch.offset).next_back()?;
        piece.taken[place] += batch.bytes;
        let (offset, bytes) = (*offset, piece.bytes);
        piece.is_free(&self.present).then(|| {
            self.open.remove(&offset);
            (offset, bytes)
        })
    }

    fn leave(&mut self, place: usize) -> Vec<(u64, u64)> {
        self.present[place] = false;
        let free: Vec<(u64, u64)> = self
            .open
            .iter()
            .filter(|(_, piece)| piece.is_free(&self.present))
            .map(|(offset, piece)| (*offset, piece.bytes))
            .collect();
        for (offset, _) in &free {
            self.open.remove(offset);
        }
        free
    }
}

impl Piece {
    fn is_free(&self, present: &[bool]) -> bool {
        let mut each = self.taken.iter().zip(present);
        each.all(|(taken, present)| !present || *taken >= self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(offset: u64, bytes: u64) -> Batch {
        Batch {
            index: 0,
            number: 1,
            offset,
            bytes,
            documents: 1,
            first_id: String::new(),
            last_id: String::new(),
        }
    }

    #[test]
    fn a_batch_is_given_back_when_each_server_has_taken_it_whole_or_in_pieces() {
        let mut pieces = Pieces::of(2);
        pieces.announce(&batch(0, 10));
        pieces.announce(&batch(10, 6));
        assert_eq!(pieces.take(0, &batch(0, 10)), None);
        assert_eq!(pieces.take(1, &batch(4, 6)), None);
        assert_eq!(pieces.take(1, &batch(0, 4)), Some((0, 10)));
        assert_eq!(pieces.take(1, &batch(10, 6)), None);
        assert_eq!(pieces.take(0, &batch(10, 6)), Some((10, 6)));
        assert!(pieces.open.is_empty());
    }

    #[test]
    fn a_server_that_leaves_holds_nothing_back() {
        let mut pieces = Pieces::of(3);
        pieces.announce(&batch(0, 10));
        pieces.announce(&batch(10, 10));
        assert_eq!(pieces.take(0, &batch(0, 10)), None);
        assert_eq!(pieces.take(2, &batch(0, 10)), None);
        assert_eq!(pieces.leave(1), [(0, 10)]);
        assert_eq!(pieces.take(2, &batch(10, 10)), None);
        assert_eq!(pieces.take(0, &batch(10, 10)), Some((10, 10)));
    }
}
