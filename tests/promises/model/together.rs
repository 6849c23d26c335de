//! How a command may end at each of several servers, and what they must have in common after it.

use super::command::{Command, Outcome, Reach};
use super::sight::{Seen, Sight};
use super::walk::Walk;
use super::world::NAMES;

/// Nobody knows whether it is refused.
const EITHER: [i32; 2] = [0, 3];

impl Walk {
    /// With which codes the command may end at each server that it was run at.
    pub async fn allowed_at_each(
        &self,
        command: Command,
        reach: &Reach,
        before: Option<&[Sight]>,
        outcome: &Outcome,
    ) -> Vec<Vec<i32>> {
        let mut alone = Vec::new();
        for i in &reach.sites {
            alone.push(match before {
                Some(before) => self.allowed(command, &before[*i], outcome.disturbed).await,
                None if command == Command::Verify => vec![0, 3, 5],
                None => EITHER.to_vec(),
            });
        }
        let mut allowed = match before {
            Some(before) if reach.sites.len() > 1 => self.together(command, reach, before, alone),
            _ => alone,
        };
        if let Some(away) = outcome.away {
            for (i, allowed) in reach.sites.iter().zip(&mut allowed) {
                let follows = before.and_then(|before| self.can_be_followed(&before[*i]));
                match command {
                    _ if *i == away => *allowed = vec![1],
                    Command::Reindex { .. } | Command::Apply { .. } if reach.requires_one => {}
                    Command::Apply { .. } if follows == Some(true) => {}
                    // Whether it is to be rebuilt, nobody knows.
                    Command::Apply { .. } if follows.is_none() => allowed.push(1),
                    _ if command.swaps_together() => *allowed = vec![1],
                    _ => {}
                }
            }
        }
        if outcome.interrupted {
            for allowed in &mut allowed {
                allowed.push(130);
            }
        }
        allowed
    }

    /// The same where all servers are there: what keeps one from a swap keeps all from it.
    fn together(
        &self,
        command: Command,
        reach: &Reach,
        before: &[Sight],
        alone: Vec<Vec<i32>>,
    ) -> Vec<Vec<i32>> {
        let sights: Vec<&Sight> = reach.sites.iter().map(|i| &before[*i]).collect();
        // A server that is followed in place has no part in a swap.
        let takes_part = |sight: &&Sight| match command {
            Command::Reindex { .. } => !reach.requires_one,
            Command::Apply { .. } => {
                !reach.requires_one && self.can_be_followed(sight) != Some(true)
            }
            Command::Rollback => true,
            Command::Sync { .. } | Command::Verify | Command::Clean => false,
        };
        let parts: Vec<bool> = sights.iter().map(takes_part).collect();
        let of_parts = || {
            let each = alone.iter().zip(&parts);
            each.filter(|(_, takes_part)| **takes_part)
                .map(|(codes, _)| codes)
        };
        let joint = match command {
            Command::Rollback => self.of_a_rollback(&sights, &alone),
            _ if of_parts().any(|codes| *codes == [3]) => vec![3],
            _ if of_parts().any(|codes| codes.len() > 1) => EITHER.to_vec(),
            _ => vec![0],
        };
        let each = alone.iter().zip(&parts);
        each.map(|(codes, takes_part)| match takes_part {
            // It may be one that is followed in place after all.
            true if codes.len() > 1 => EITHER.to_vec(),
            true => joint.clone(),
            false => codes.clone(),
        })
        .collect()
    }

    /// It is surely made where all answer with one generation, and have one former generation, the same; and where one of them has
    /// just gone back alone to what the others still have.
    fn of_a_rollback(&self, sights: &[&Sight], alone: &[Vec<i32>]) -> Vec<i32> {
        if alone.iter().all(|codes| *codes == [3]) {
            return vec![3];
        }
        let formers = |sight: &Sight| {
            NAMES.map(|name| {
                let others = sight.all[name].others.values();
                // What another program made before is common to them only where one run found it on all.
                let ours = others.filter(|seen| !self.is_decoy(seen));
                let built_as = ours.map(|seen| {
                    let is_certain = self.were_live.contains(&seen.created_at)
                        && !self.foreign.contains(&seen.created_at);
                    (is_certain, sight.built_as(seen).map(str::to_owned))
                });
                built_as.collect::<Vec<_>>()
            })
        };
        let all = formers(sights[0]);
        let have_one = all.iter().all(|all| matches!(all.as_slice(), [(true, _)]));
        let surely = have_one
            && alone.iter().all(|codes| *codes == [0])
            && sights.iter().all(|sight| formers(sight) == all)
            && are_at_one(sights);
        match surely || self.is_to_be_finished(sights) {
            true => vec![0],
            false => EITHER.to_vec(),
        }
    }

    fn is_to_be_finished(&self, sights: &[&Sight]) -> bool {
        let Some(gone) = self.half_back else {
            return false;
        };
        let has = |sight: &Sight, name: &str, goal: &str| {
            let around = &sight.all[name];
            let formers = around.others.values();
            let formers = formers.filter(|seen| self.were_live.contains(&seen.created_at));
            let mut there = formers.chain(&around.live);
            there.any(|seen| sight.built_as(seen) == Some(goal))
        };
        NAMES.iter().all(|name| {
            let live = sights[gone].live(name);
            let ours = live.filter(|seen| !self.foreign.contains(&seen.created_at));
            let goal = ours.and_then(|seen| sights[gone].built_as(seen));
            goal.is_some_and(|goal| sights.iter().all(|sight| has(sight, name, goal)))
        })
    }

    /// What a command has made of all servers together.
    pub fn expect_agreement(
        &self,
        command: Command,
        reach: &Reach,
        outcome: &Outcome,
        after: &[Sight],
    ) {
        let codes = reach
            .sites
            .iter()
            .map(|i| outcome.at(self.sites[*i].name).code);
        let codes: Vec<Option<i32>> = codes.collect();
        let went = codes.iter().filter(|code| **code == Some(0)).count();
        let sights: Vec<&Sight> = reach.sites.iter().map(|i| &after[*i]).collect();
        let swaps_all = matches!(command, Command::Reindex { .. } | Command::Rollback);
        if sights.len() < 2 || !swaps_all {
            return;
        }
        if !reach.requires_one {
            assert!(
                went == 0 || went == codes.len(),
                "{command:?} was made at some servers: {codes:?}\n{}",
                outcome.said
            );
        }
        if went == codes.len() {
            assert!(
                are_at_one(&sights),
                "after {command:?} the servers answer with different generations: {sights:?}\n{}",
                outcome.said
            );
        }
    }
}

/// Whether all answer with generations of the same run.
fn are_at_one(sights: &[&Sight]) -> bool {
    let live = |sight: &Sight| {
        let built_as = |seen: &Seen| sight.built_as(seen).map(str::to_owned);
        NAMES.map(|name| sight.live(name).and_then(built_as))
    };
    let first = live(sights[0]);
    first.iter().all(Option::is_some) && sights.iter().all(|sight| live(sight) == first)
}
