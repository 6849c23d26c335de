//! The state of a follower, for its HTTP endpoints.

mod metrics;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// The state of a follower, shared with its listener.
#[derive(Clone, Debug, Default)]
pub struct State(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// Why it cannot follow; `None` while it can.
    trouble: Option<String>,
    /// Whether every index had a first round.
    ready: bool,
    indexes: BTreeMap<String, Figures>,
}

/// The figures of one index.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Rounds that were done.
    pub rounds: u64,
    /// Rounds that failed.
    pub failures: u64,
    /// Documents sent.
    pub sent: u64,
    /// Documents deleted.
    pub deleted: u64,
    /// Documents in the live index after the last round.
    pub documents: u64,
    /// Everything committed before is in the index.
    pub followed_to: Option<Timestamp>,
    /// Whether nothing was committed since edits were looked for.
    pub saw_edits: bool,
    /// Whether changes.sql shows every edit; where not, only a comparison finds it.
    pub tracks_edits: Option<bool>,
    /// What cannot be seen, or not cheaply.
    pub blind_spots: Vec<String>,
    /// Whether its change log does not hold every write, which a person has to mend.
    pub log_is_broken: bool,
}

impl Inner {
    fn why_not_ready(&self) -> Option<String> {
        if let Some(reason) = &self.trouble {
            return Some(reason.clone());
        }
        if !self.ready {
            return Some("the first round has not ended yet".to_owned());
        }
        let (live_uid, broken) = self.indexes.iter().find(|(_, one)| one.log_is_broken)?;
        Some(format!("{live_uid}: {}", broken.blind_spots.join("; ")))
    }
}

impl State {
    /// It cannot follow, for this reason. True where that is news.
    pub fn trouble(&self, reason: &str) -> bool {
        let mut inner = self.lock();
        let news = inner.trouble.as_deref() != Some(reason);
        inner.trouble = Some(reason.to_owned());
        news
    }

    /// It follows. True where that is news.
    pub fn follows(&self) -> bool {
        let mut inner = self.lock();
        let news = inner.trouble.take().is_some() || !inner.ready;
        inner.ready = true;
        news
    }

    /// Nothing was committed until `at`: every index whose edits were looked for still holds them all.
    pub fn is_up_to_date(&self, at: Timestamp) {
        let mut inner = self.lock();
        for figures in inner
            .indexes
            .values_mut()
            .filter(|figures| figures.saw_edits)
        {
            figures.followed_to = Some(at);
        }
    }

    /// For each index, one line for each kind of change that it cannot detect although it follows.
    pub fn blind_spots(&self) -> Vec<String> {
        let inner = self.lock();
        let each = inner.indexes.iter();
        each.flat_map(|(live_uid, figures)| {
            let spots = figures.blind_spots.iter();
            spots.map(move |spot| format!("{live_uid}: {spot}"))
        })
        .collect()
    }

    /// Changes the figures of one index.
    pub fn count(&self, live_uid: &str, change: impl FnOnce(&mut Figures)) {
        change(self.lock().indexes.entry(live_uid.to_owned()).or_default());
    }

    /// Why it cannot follow.
    pub fn why_not_ready(&self) -> Option<String> {
        let inner = self.lock();
        inner.why_not_ready()
    }

    /// Why no search should be sent to this server: it does not answer, or is not followed.
    fn why_not_to_ask(&self, name: &str, silent: &Silent) -> Option<String> {
        let silent = silent.get(name).cloned();
        silent.or_else(|| self.why_not_ready())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Figures are whole after each change; a panic elsewhere takes nothing from them.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The servers that do not answer, or were away since the last round there, by their names and with why.
pub type Silent = HashMap<String, String>;

/// The followers of a process: one for each server, by its name.
#[derive(Clone, Debug)]
pub struct States(Arc<[(String, State)]>);

/// Whether searches may be sent to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It is followed. What cannot be detected although it is, a line each.
    Ready(Vec<String>),
    /// It is not, for this reason, and neither is any other: left out, it would leave nobody to answer.
    NoneIsBetter(String),
    /// It is not, for this reason.
    NotReady(String),
    /// There is no such server.
    Unknown,
}

impl States {
    /// One for each of these servers.
    pub fn of<'n>(names: impl Iterator<Item = &'n str>) -> States {
        States(
            names
                .map(|name| (name.to_owned(), State::default()))
                .collect(),
        )
    }

    /// Each of them, in the order of the servers.
    pub fn each(&self) -> impl Iterator<Item = &State> {
        self.0.iter().map(|(_, state)| state)
    }

    /// Whether all servers are followed. `silent` are those that do not answer, with why.
    pub fn readiness(&self, silent: &Silent) -> Readiness {
        let (mut spots, mut reasons) = (Vec::new(), Vec::new());
        for (name, state) in self.0.iter() {
            let told = |text: String| match self.0.len() {
                1 => text,
                _ => format!("{name}: {text}"),
            };
            match state.why_not_to_ask(name, silent) {
                Some(reason) => reasons.push(told(reason)),
                None => spots.extend(state.blind_spots().into_iter().map(told)),
            }
        }
        match reasons.is_empty() {
            true => Readiness::Ready(spots),
            false => Readiness::NotReady(reasons.join("\n")),
        }
    }

    /// Whether searches may be sent to this one, as a balancer asks. `silent` are the servers that do not answer, with why.
    pub fn readiness_of(&self, server: &str, silent: &Silent) -> Readiness {
        let Some((name, state)) = self.0.iter().find(|(name, _)| name == server) else {
            return Readiness::Unknown;
        };
        let why_not =
            |name: &str, state: &State| silent.get(name).cloned().or_else(|| state.why_not_ready());
        let Some(reason) = why_not(name, state) else {
            return Readiness::Ready(state.blind_spots());
        };
        let mut all = self.0.iter();
        let any_is = all.any(|(name, state)| state.why_not_to_ask(name, silent).is_none());
        match any_is || self.0.len() == 1 {
            true => Readiness::NotReady(reason),
            false => Readiness::NoneIsBetter(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_of_state_is_news() {
        let state = State::default();
        assert!(state.why_not_ready().unwrap().contains("first round"));
        assert!(state.follows());
        assert!(!state.follows());
        assert_eq!(state.why_not_ready(), None);
        assert!(state.trouble("down"));
        assert!(!state.trouble("down"));
        assert!(state.trouble("locked"));
        assert_eq!(state.why_not_ready().unwrap(), "locked");
        assert!(state.follows());
    }

    #[test]
    fn a_server_is_left_out_only_where_another_is_better() {
        let states = States::of(["a", "b"].into_iter());
        let [a, b] = [0, 1].map(|i| states.each().nth(i).unwrap().clone());
        let of = |server: &str| states.readiness_of(server, &Silent::new());
        a.trouble("the database is locked");
        b.trouble("the database is locked");
        assert!(matches!(of("a"), Readiness::NoneIsBetter(_)));
        a.follows();
        assert_eq!(of("a"), Readiness::Ready(Vec::new()));
        assert!(matches!(of("b"), Readiness::NotReady(_)));
        assert_eq!(of("c"), Readiness::Unknown);
        let why = "b: the database is locked".to_owned();
        assert_eq!(states.readiness(&Silent::new()), Readiness::NotReady(why));
        b.follows();
        assert_eq!(
            states.readiness(&Silent::new()),
            Readiness::Ready(Vec::new())
        );
        // One that does not answer is left out at once, unless no other answers either.
        let mut silent = Silent::from([("a".to_owned(), "nothing answers".to_owned())]);
        let not_ready = Readiness::NotReady("nothing answers".to_owned());
        assert_eq!(states.readiness_of("a", &silent), not_ready);
        assert_eq!(
            states.readiness_of("b", &silent),
            Readiness::Ready(Vec::new())
        );
        silent.insert("b".to_owned(), "nothing answers".to_owned());
        assert!(matches!(
            states.readiness_of("a", &silent),
            Readiness::NoneIsBetter(_)
        ));
    }
}
