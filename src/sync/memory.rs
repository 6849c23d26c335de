//! What a follower's rounds have seen within the overlap, so that an import of ten minutes ago is not compared again at
//! each commit.
//!
//! The memory must hide no change. So it stores pairs of an id and a timestamp, each as often as changes.sql returns
//! it: an author and an article that both name article 7 are two pairs. It stores no pair that is younger than the
//! resolution of its timestamp: a row with a time in whole seconds may get the same second again. And in each round a
//! hundred of the ids that it would skip are compared anyway, in the next round the next hundred: a transaction that
//! was open for a long time may commit a pair that was seen before.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::{SignedDuration, Timestamp};

use crate::document::ids::{Differences, DocumentId, IdList, Side};
use crate::document::timestamp;
use crate::spool;

/// As many pairs as are remembered: some 5 MiB. What does not fit is compared again.
const MOST: usize = 200_000;

/// Ids that are compared in a round although they were seen: one request to the server.
const COMPARED_AGAIN: usize = 100;

/// Clocks are ahead by less than this. A row of the year 2099 was not stamped by the clock, and is remembered at once.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// The pairs that rounds have seen.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pairs: HashSet<u64>,
    /// Up to which id those that were seen have been compared again.
    compared_up_to: Option<DocumentId>,
}

/// What one round sees, beside what rounds before it have seen.
pub(super) struct Seeing<'a> {
    before: Option<&'a Memory>,
    now: Timestamp,
    /// Each pair of this round, with how many of its kind came before it.
    pairs: HashSet<u64>,
    remembered: HashSet<u64>,
    changed: IdList,
    passed_over: Next,
}

impl<'a> Seeing<'a> {
    /// `now`: when the round's snapshot was taken.
    pub(super) fn new(before: Option<&'a Memory>, now: Timestamp) -> Self {
        let after = before.and_then(|before| before.compared_up_to.clone());
        Self {
            before,
            now,
            pairs: HashSet::new(),
            remembered: HashSet::new(),
            changed: IdList::new(),
            passed_over: Next::after(after),
        }
    }

    /// changes.sql names this id with this time.
    pub(super) fn add(&mut self, id: DocumentId, at: Timestamp) -> spool::Result<()> {
        let pair = self.pair(&id, at);
        if let Some(pair) = pair.filter(|_| self.may_be_remembered(at)) {
            self.remembered.insert(pair);
        }
        let seen = |pair| {
            self.before
                .is_some_and(|before| before.pairs.contains(&pair))
        };
        match pair.is_some_and(seen) {
            true => self.passed_over.add(id),
            false => self.changed.push(&id)?,
        }
        Ok(())
    }

    /// The change log names this id: nothing is remembered, since a log names each change once.
    pub(super) fn add_logged(&mut self, id: &DocumentId) -> spool::Result<()> {
        self.changed.push(id)
    }

    /// The ids to compare, and what the next round may pass over.
    pub(super) fn end(mut self) -> spool::Result<(Changed, Memory)> {
        let mut again: Vec<DocumentId> = self.passed_over.end().into_iter().collect();
        let mut listed = IdList::new();
        for id in &again {
            listed.push(id)?;
        }
        let mut only_again = HashSet::new();
        self.changed.settle_uncounted()?;
        listed.settle_uncounted()?;
        for side in Differences::of(&self.changed, &listed)? {
            if let Side::Right(id) = side? {
                only_again.insert(id);
            }
        }
        again.retain(|id| only_again.contains(id));
        let memory = Memory {
            pairs: self.remembered,
            compared_up_to: again.last().cloned(),
        };
        let changed = Changed {
            new: self.changed,
            again,
        };
        Ok((changed, memory))
    }

    /// A pair, told from an equal one that came before it; none when there are too many.
    fn pair(&mut self, id: &DocumentId, at: Timestamp) -> Option<u64> {
        if self.pairs.len() >= MOST {
            return None;
        }
        (0_u32..).find_map(|nth| {
            let mut hash = DefaultHasher::new();
            (id.as_str(), at.as_nanosecond(), nth).hash(&mut hash);
            let pair = hash.finish();
            self.pairs.insert(pair).then_some(pair)
        })
    }

    fn may_be_remembered(&self, at: Timestamp) -> bool {
        !timestamp::may_be_after(at, self.now) || at > self.now + A_DAY
    }
}

/// What is to be compared in a round.
pub(super) struct Changed {
    /// What changed, as many as there are.
    pub(super) new: IdList,
    /// Some that were seen before.
    pub(super) again: Vec<DocumentId>,
}

/// The first ids after a certain one, starting again from the first id after the last.
struct Next {
    after: Option<DocumentId>,
    behind: BTreeSet<DocumentId>,
    from_the_start: BTreeSet<DocumentId>,
}

impl Next {
    fn after(after: Option<DocumentId>) -> Self {
        Self {
            after,
            behind: BTreeSet::new(),
            from_the_start: BTreeSet::new(),
        }
    }

    fn add(&mut self, id: DocumentId) {
        let is_behind = self.after.as_ref().is_some_and(|after| id > *after);
        let ids = match is_behind {
            true => &mut self.behind,
            false => &mut self.from_the_start,
        };
        ids.insert(id);
        if ids.len() > COMPARED_AGAIN {
            ids.pop_last();
        }
    }

    fn end(self) -> impl IntoIterator<Item = DocumentId> {
        let ids = self.behind.into_iter().chain(self.from_the_start);
        ids.take(COMPARED_AGAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The ids that a round compares which sees these pairs at 12:00:10, and what it remembers.
    fn round(before: Option<&Memory>, pairs: &[(i64, &str)]) -> (Vec<DocumentId>, Memory) {
        let mut seeing = Seeing::new(before, at("2026-11-24T12:00:10Z"));
        for (id, time) in pairs {
            let time = at(&format!("2026-11-24T{time}Z"));
            seeing.add((*id).into(), time).unwrap();
        }
        let (changed, memory) = seeing.end().unwrap();
        let new = changed.new.first(usize::MAX).unwrap();
        (new.into_iter().chain(changed.again).collect(), memory)
    }

    /// Without the ids that are compared anyway: a memory of so many ids that these come late.
    fn is_passed_over(before: &[(i64, &str)], pair: (i64, &str)) -> bool {
        let now = at("2026-11-24T12:00:10Z");
        let (_, memory) = round(None, before);
        let mut seeing = Seeing::new(Some(&memory), now);
        for (id, time) in before.iter().chain([&pair]) {
            let time = at(&format!("2026-11-24T{time}Z"));
            seeing.add((*id).into(), time).unwrap();
        }
        seeing.changed.is_empty()
    }

    #[test]
    fn a_pair_that_was_seen_is_passed_over_and_a_new_one_is_not() {
        let (ids, memory) = round(None, &[(7, "11:59:00"), (8, "11:58:00.5")]);
        assert_eq!(ids, [DocumentId::from(7), DocumentId::from(8)]);
        let mut seeing = Seeing::new(Some(&memory), at("2026-11-24T12:00:11Z"));
        for (id, time) in [(7, "2026-11-24T11:59:00Z"), (8, "2026-11-24T11:58:00.6Z")] {
            seeing.add(id.into(), at(time)).unwrap();
        }
        let new = seeing.end().unwrap().0.new;
        assert_eq!(new.first(2).unwrap(), [DocumentId::from(8)]);
    }

    #[test]
    fn an_older_timestamp_of_another_source_is_new() {
        // Article 7 was saved at 11:59; its author, stamped 11:50, commits now.
        assert!(!is_passed_over(&[(7, "11:59:00")], (7, "11:50:00")));
        // And the same instant a second time.
        assert!(!is_passed_over(&[(7, "11:59:00")], (7, "11:59:00")));
    }

    #[test]
    fn what_is_as_young_as_its_digits_are_coarse_is_not_remembered() {
        for (time, is_remembered) in [
            ("12:00:10", false),
            ("12:00:09", true),
            ("12:00:09.999", true),
            ("12:00:10.000001", false),
            ("12:00:00", false),
            ("11:59:00", true),
            ("13:00:00.5", false),
        ] {
            let (_, memory) = round(None, &[(7, time)]);
            assert_eq!(!memory.pairs.is_empty(), is_remembered, "{time}");
        }
        let mut seeing = Seeing::new(None, at("2026-11-24T12:00:10Z"));
        seeing.add(7.into(), at("2099-01-01T00:00:00Z")).unwrap();
        assert!(!seeing.end().unwrap().1.pairs.is_empty());
    }

    #[test]
    fn what_is_passed_over_is_compared_again_a_hundred_at_a_time() {
        let pairs: Vec<(i64, &str)> = (0..250).map(|id| (id, "11:00:00.5")).collect();
        let (all, mut memory) = round(None, &pairs);
        assert_eq!(all.len(), 250);
        let mut compared = Vec::new();
        for _ in 0..5 {
            let (ids, next) = round(Some(&memory), &pairs);
            assert_eq!(ids.len(), COMPARED_AGAIN);
            compared.push(ids[0].to_string());
            memory = next;
        }
        assert_eq!(compared, ["0", "100", "200", "50", "150"]);
    }

    #[test]
    fn a_memory_is_bounded() {
        let mut seeing = Seeing::new(None, at("2026-11-24T12:00:10Z"));
        for id in 0..(MOST as i64 + 10) {
            let time = at("2026-11-24T11:00:00.5Z");
            seeing.add(id.into(), time).unwrap();
        }
        let (mut changed, memory) = seeing.end().unwrap();
        changed.new.settle().unwrap();
        assert_eq!(changed.new.len(), MOST as u64 + 10);
        assert_eq!(memory.pairs.len(), MOST);
    }
}
