//! What must be true after a command.

use serde_json::Value;

use super::command::{Command, Outcome, Reach};
use super::sight::{Around, Seen, Sight};
use super::walk::Walk;
use super::world::{Definition, NAMES};

/// As many documents as that may go without a word, in the program's default.
const ALLOWED_LOSS: f64 = 0.2;

impl Walk {
    /// `before` is what was there on each server when it began; none where that is not known, because what was killed may
    /// still have had its effect.
    pub async fn judge(
        &self,
        command: Command,
        reach: &Reach,
        before: Option<&[Sight]>,
        outcome: &Outcome,
        after: &[Sight],
    ) {
        let allowed = self.allowed_at_each(command, reach, before, outcome).await;
        for (i, allowed) in reach.sites.iter().zip(allowed) {
            let before = before.map(|before| &before[*i]);
            let part = outcome.at(self.sites[*i].name);
            self.judge_at(command, before, &part, &allowed, &after[*i])
                .await;
        }
        for i in 0..self.sites.len() {
            if let Some(before) = before.filter(|_| !reach.sites.contains(&i)) {
                assert_eq!(before[i], after[i], "{command:?} was not for this server");
            }
        }
        self.expect_agreement(command, reach, outcome, after);
    }

    /// The same of one server.
    async fn judge_at(
        &self,
        command: Command,
        before: Option<&Sight>,
        outcome: &Outcome,
        allowed: &[i32],
        after: &Sight,
    ) {
        let code = outcome.code.expect("what was killed is not judged");
        assert!(
            allowed.contains(&code),
            "{command:?} ended with {code}, and may end with {allowed:?}\n{}",
            outcome.said
        );
        self.expect_sane(before, after);
        if let Some(before) = before {
            self.expect_together(command, before, after);
            match code {
                0 => self.expect_moved(command, before, after),
                3 if !outcome.interrupted => self.expect_untouched(command, before, after),
                _ => {}
            }
        }
        if code == 0 && !outcome.disturbed {
            self.expect_done(command, outcome, after).await;
        }
    }

    /// With which codes it may end.
    pub(super) async fn allowed(
        &self,
        command: Command,
        before: &Sight,
        disturbed: bool,
    ) -> Vec<i32> {
        let Some(follows) = self.can_be_followed(before) else {
            return match command {
                Command::Sync { .. } | Command::Apply { .. } => vec![0, 3],
                _ => self.allowed_anyhow(command, before, disturbed).await,
            };
        };
        match command {
            Command::Apply { any_loss } => {
                let refused = !any_loss && !follows && self.is_loss(before).await;
                may_end(refused, disturbed)
            }
            Command::Sync { .. } => may_end(!follows, false),
            _ => self.allowed_anyhow(command, before, disturbed).await,
        }
    }

    /// The same of the commands that do not ask by which definition an index was built.
    async fn allowed_anyhow(&self, command: Command, before: &Sight, disturbed: bool) -> Vec<i32> {
        let refused = match command {
            Command::Reindex { any_loss, .. } => {
                let refused = !any_loss && self.is_loss(before).await;
                return may_end(refused, disturbed);
            }
            Command::Verify => return self.verified(before, disturbed).await,
            Command::Clean | Command::Sync { .. } | Command::Apply { .. } => false,
            Command::Rollback => {
                let some = NAMES.map(|name| {
                    let others = before.all[name].others.values();
                    let ours = others.filter(|seen| !self.is_decoy(seen));
                    ours.map(|seen| self.were_live.contains(&seen.created_at))
                        .collect::<Vec<_>>()
                });
                if some.iter().all(|some| some.contains(&true)) {
                    false
                } else if some.iter().all(Vec::is_empty) {
                    true
                } else {
                    // Builds that were live for a moment between a kill and the next look: the program knows, we do not.
                    return vec![0, 3];
                }
            }
        };
        may_end(refused, false)
    }

    /// How `verify` may end.
    async fn verified(&self, before: &Sight, disturbed: bool) -> Vec<i32> {
        if NAMES.iter().any(|name| before.live(name).is_none()) {
            return vec![3];
        }
        for name in NAMES {
            let live = before.live(name).map(|live| &live.documents);
            if live != Some(&self.expected(name, "TRUE").await) && !disturbed {
                return vec![5];
            }
        }
        // The settings may differ.
        vec![0, 5]
    }

    /// Whether `sync` can go on from what is live; none where that cannot be known.
    pub(super) fn can_be_followed(&self, before: &Sight) -> Option<bool> {
        let ours = |name| {
            before.live(name).is_some_and(|live: &Seen| {
                !live.documents.is_empty() && !self.foreign.contains(&live.created_at)
            })
        };
        if !NAMES.into_iter().all(ours) {
            return Some(false);
        }
        let live = before.identity("articles");
        let built_by = self.built_by(live);
        match self.in_place.get(live) {
            Some(None) if self.definition.is_cheap_from(built_by) => None,
            Some(None) => Some(false),
            Some(Some(definition)) => Some(*definition == self.definition),
            None => Some(built_by == self.definition),
        }
    }

    /// By which definition a generation was built: the one that was in force when it was made.
    fn built_by(&self, created_at: &str) -> Definition {
        let made: jiff::Timestamp = created_at.parse().unwrap();
        let then = self.definitions.iter().rev().find(|(at, _)| *at <= made);
        then.expect("no generation is older than the walk").1
    }

    /// Whether a build would lose too much of what is live.
    async fn is_loss(&self, before: &Sight) -> bool {
        for name in NAMES {
            let live = before.live(name).map_or(0, |live| live.documents.len());
            let found = self.expected(name, "TRUE").await.len();
            let lost = live.saturating_sub(found) as f64 / live.max(1) as f64;
            if lost > ALLOWED_LOSS {
                return true;
            }
        }
        false
    }

    /// The documents that an index must hold.
    async fn expected(&self, name: &str, condition: &str) -> Vec<Value> {
        let sql = self.definition.expected_sql(name, condition);
        let rows = self.scene.database.column(&sql).await;
        let mut documents: Vec<Value> = rows
            .iter()
            .map(|row| serde_json::from_str(row).unwrap())
            .collect();
        documents.sort_by_key(|document| document["id"].to_string());
        documents
    }

    /// It lies under a name like ours, and somebody else made it there.
    pub(super) fn is_decoy(&self, seen: &Seen) -> bool {
        self.foreign.contains(&seen.created_at) && !self.were_live.contains(&seen.created_at)
    }

    /// Whatever happens: what was live once is live, and nothing of somebody else's is touched.
    fn expect_sane(&self, before: Option<&Sight>, after: &Sight) {
        let decoys = self
            .foreign
            .iter()
            .filter(|made| !self.were_live.contains(*made));
        let uids = after.all["articles"].others.values();
        let there: Vec<&str> = uids.map(|seen| seen.created_at.as_str()).collect();
        let kept = decoys
            .filter(|decoy| there.contains(&decoy.as_str()))
            .count();
        assert!(kept >= 1, "an index of somebody else's is gone: {after:?}");
        let Some(before) = before else { return };
        for name in NAMES {
            let had = before.live(name).map_or(0, |live| live.documents.len());
            let has = after.live(name).map_or(0, |live| live.documents.len());
            assert!(
                had == 0 || has > 0,
                "{name} is empty now: {before:?}\n{after:?}"
            );
        }
    }

    /// Both indexes are swapped, or none is.
    fn expect_together(&self, command: Command, before: &Sight, after: &Sight) {
        let changed = NAMES.map(|name| {
            before.live(name).is_some() && before.identity(name) != after.identity(name)
        });
        let both_there = NAMES.iter().all(|name| before.live(name).is_some());
        // A rollback goes to what there is: a run that was killed while it deleted may have left one of the two.
        if both_there && command != Command::Rollback {
            assert_eq!(changed[0], changed[1], "{command:?}: {before:?}\n{after:?}");
        }
    }

    /// What a command that ended well must have moved.
    fn expect_moved(&self, command: Command, before: &Sight, after: &Sight) {
        match command {
            Command::Reindex { retain, .. } => {
                for name in NAMES {
                    assert_ne!(before.identity(name), after.identity(name));
                    let ours = self.ours(&after.all[name]);
                    let kept = ours.filter(|seen| !self.may_be_at_work(seen)).count();
                    assert!(kept <= retain, "{kept} kept: {after:?}");
                    let live_before = before.live(name).filter(|live| !live.documents.is_empty());
                    if let (1.., Some(live)) = (retain, live_before) {
                        let kept = self
                            .ours(&after.all[name])
                            .any(|seen| seen.created_at == live.created_at);
                        assert!(
                            kept,
                            "what was live before is not kept: {before:?}\n{after:?}"
                        );
                    }
                }
            }
            Command::Rollback => {
                let (old, new) = (before.live("articles"), after.live("articles"));
                let former = before.all["articles"].others.values();
                let mut former = former.filter(|seen| Some(*seen) == new);
                assert!(
                    former.next().is_some() || old == new,
                    "live is something else than a former generation: {before:?}\n{after:?}"
                );
            }
            Command::Clean | Command::Sync { .. } => {
                for name in NAMES {
                    assert_eq!(before.identity(name), after.identity(name));
                    for seen in self.ours(&before.all[name]) {
                        let stays = after.all[name].others.values().any(|now| now == seen);
                        let was_live = self.were_live.contains(&seen.created_at);
                        assert!(stays || !was_live, "{seen:?} is gone: {after:?}");
                    }
                }
            }
            Command::Apply { .. } => {}
            Command::Verify => assert_eq!(before, after),
        }
    }

    /// A refusal leaves everything as it was.
    fn expect_untouched(&self, command: Command, before: &Sight, after: &Sight) {
        for name in NAMES {
            // Of two indexes one may be followed where the other is refused.
            if !matches!(command, Command::Sync { .. }) {
                assert_eq!(
                    before.live(name),
                    after.live(name),
                    "{command:?} was refused"
                );
            }
        }
    }

    /// What is live now is what the command has promised.
    async fn expect_done(&self, command: Command, outcome: &Outcome, after: &Sight) {
        let honest = format!(
            "updated_at GLOB '????-??-?? ??:??:??.??????' AND updated_at >= '{}'",
            self.began
        );
        for name in NAMES {
            let live = after.live(name).map(|live| live.documents.as_slice());
            let live = live.unwrap_or_default();
            match command {
                Command::Reindex { .. }
                | Command::Apply { .. }
                | Command::Sync {
                    compare: "all" | "auto",
                } => {
                    let expected = self.expected(name, "TRUE").await;
                    assert_eq!(live, expected, "{command:?}: {name}\n{}", outcome.said);
                }
                Command::Sync { compare: "ids" } => {
                    let expected = self.expected(name, "TRUE").await;
                    assert_eq!(ids(live), ids(&expected), "{name}\n{}", outcome.said);
                }
                // Where there is nothing that names what changed, all of it is compared.
                Command::Sync { .. } if name == "articles" && !self.definition.has_changes => {
                    let expected = self.expected(name, "TRUE").await;
                    assert_eq!(live, expected, "{command:?}: {name}\n{}", outcome.said);
                }
                Command::Sync { .. } => {}
                Command::Rollback | Command::Clean | Command::Verify => continue,
            }
            let by_ids_alone = command == Command::Sync { compare: "ids" }
                && name == "articles"
                && !self.definition.has_changes;
            if by_ids_alone {
                continue;
            }
            // Whoever stamps a row when writing it is found by every depth.
            for document in self.expected(name, &honest).await {
                assert!(
                    live.contains(&document),
                    "{command:?}: {name} lacks {document}\n{}",
                    outcome.said
                );
            }
            if name != "articles" {
                continue;
            }
            let hidden = self.definition.hidden_sql(&honest);
            for id in self.scene.database.column(&hidden).await {
                let gone: Value = serde_json::from_str(&id).unwrap();
                assert!(
                    live.iter().all(|document| document["id"] != gone),
                    "{command:?}: {id} should be gone\n{}",
                    outcome.said
                );
            }
        }
        let built_by = || self.built_by(after.identity("articles"));
        match command {
            Command::Reindex { .. } => assert_eq!(built_by(), self.definition),
            Command::Apply { .. } => assert!(
                self.definition.is_cheap_from(built_by()),
                "{:?} is live, and {:?} is wanted",
                built_by(),
                self.definition
            ),
            _ => {}
        }
    }

    /// A build that was never live, of a run that held the lock of a file which another one has replaced since: it is left
    /// alone for an hour, as nobody knows whether that run is still alive.
    fn may_be_at_work(&self, seen: &Seen) -> bool {
        let made: jiff::Timestamp = seen.created_at.parse().unwrap();
        let is_of_another_file = self.restored_at.is_some_and(|restored| made <= restored);
        is_of_another_file && !self.were_live.contains(&seen.created_at)
    }

    fn ours<'a>(&self, around: &'a Around) -> impl Iterator<Item = &'a Seen> {
        around.others.values().filter(|seen| !self.is_decoy(seen))
    }
}

fn may_end(refused: bool, disturbed: bool) -> Vec<i32> {
    match refused {
        _ if disturbed => vec![0, 3],
        true => vec![3],
        false => vec![0],
    }
}

fn ids(documents: &[Value]) -> Vec<&Value> {
    documents.iter().map(|document| &document["id"]).collect()
}
