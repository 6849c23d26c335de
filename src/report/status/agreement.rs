//! Whether several servers answer with the same generation of each index.
//!
//! `createdAt` differs from server to server; when a run began, and the uid under which it has built, are the same on all of
//! them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::StatusReport;
use crate::error::Error;
use crate::figures::listed;
use crate::report::page::{Mark, Page};
use crate::servers::NamedServer;
use crate::terminal::line;

/// Which generation of an index each server answers with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Agreement {
    /// The definition's name.
    pub index: String,
    /// The uid that the application searches.
    pub live_uid: String,
    /// Whether every server that was asked answered, and with the same generation.
    pub same: bool,
    /// By the server's name, the uid under which what is live there was built; null where nothing is live, or where another
    /// program built it.
    pub built_as: BTreeMap<String, Option<String>>,
    /// Servers that answer with another generation than the newest, or with none.
    pub behind: Vec<String>,
    /// Those among them whose generation was built by the same definition: `sync` keeps them as true as the others.
    pub same_definition: Vec<String>,
    /// Servers that could not be asked.
    pub unknown: Vec<String>,
}

impl Agreement {
    /// Of each index that any of these servers told of.
    pub fn among(looks: &[(NamedServer, Result<StatusReport, Error>)]) -> Vec<Agreement> {
        let told = looks.iter().find_map(|(_, look)| look.as_ref().ok());
        let indexes = told.map_or(0, |report| report.indexes.len());
        (0..indexes)
            .filter_map(|i| Agreement::of(i, looks))
            .collect()
    }

    fn of(i: usize, looks: &[(NamedServer, Result<StatusReport, Error>)]) -> Option<Agreement> {
        let mut found = Vec::new();
        let mut unknown = Vec::new();
        let mut about = None;
        for (at, look) in looks {
            match look {
                Ok(report) => {
                    let index = report.indexes.get(i)?;
                    about = Some(index);
                    found.push((&at.name, index.live.as_ref()));
                }
                Err(_) => unknown.push(at.name.clone()),
            }
        }
        let about = about?;
        let lives = found.iter().filter_map(|(_, live)| *live);
        let newest = lives.max_by_key(|live| &live.built);
        let newest_built = newest.and_then(|live| live.built.as_ref());
        let mut agreement = Agreement {
            index: about.index.clone(),
            live_uid: about.live_uid.clone(),
            same: false,
            built_as: BTreeMap::new(),
            behind: Vec::new(),
            same_definition: Vec::new(),
            unknown,
        };
        for (name, live) in found {
            let built = live.and_then(|live| live.built.as_ref());
            if live.is_none() || built != newest_built {
                agreement.behind.push(name.clone());
                let fingerprint = live.and_then(|live| live.fingerprint.as_ref());
                let newest = newest.and_then(|live| live.fingerprint.as_ref());
                if fingerprint.is_some() && fingerprint == newest {
                    agreement.same_definition.push(name.clone());
                }
            }
            let built_as = built.map(|(_, uid)| uid.clone());
            agreement.built_as.insert(name.clone(), built_as);
        }
        agreement.same = agreement.behind.is_empty() && agreement.unknown.is_empty();
        Some(agreement)
    }

    fn words(&self) -> String {
        let with = self.built_as.iter().map(|(name, built_as)| {
            let built_as = built_as.as_deref().unwrap_or("none of this program's");
            format!("{} with {built_as}", line(name))
        });
        let mut words = match self.behind.is_empty() {
            true => {
                let one = self.built_as.values().flatten().next();
                let one = one.map_or("none of this program's", String::as_str);
                let all = match self.unknown.is_empty() {
                    true => "all answer",
                    false => "all that could be asked answer",
                };
                format!("{all} with the same generation, {one}")
            }
            false => format!(
                "{} behind: answered {}",
                names_are(&self.behind),
                listed(with)
            ),
        };
        let others: Vec<&String> = self
            .behind
            .iter()
            .filter(|name| !self.same_definition.contains(name))
            .collect();
        match (self.behind.is_empty(), others.is_empty()) {
            (true, _) => {}
            (false, true) => words.push_str("; of the same definition, so `sync` keeps them equal"),
            (false, false) => words.push_str("; `apply` brings them forward"),
        }
        if !self.unknown.is_empty() {
            words.push_str(&format!("; not asked: {}", listed(&self.unknown)));
        }
        format!("{}: {words}", line(&self.live_uid))
    }
}

fn names_are(names: &[String]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", listed(names.iter().map(|name| line(name))))
}

/// For programs.
pub fn report(agreements: &[Agreement]) -> Map<String, Value> {
    Map::from_iter([("generations".to_owned(), json!(agreements))])
}

/// For people.
pub fn summary(agreements: &[Agreement]) -> String {
    let mut page = Page::default();
    for agreement in agreements {
        let mark = match (agreement.same, agreement.behind.is_empty()) {
            (true, _) => Mark::Good,
            (false, true) => Mark::Unknown,
            (false, false) => Mark::Warning,
        };
        page.wrapped(0, &format!("{mark} {}", agreement.words()));
    }
    page.text()
}
