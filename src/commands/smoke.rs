//! `smoke`: runs the smoke queries on the live index or on another generation, and prints a table.

use std::path::PathBuf;

use crate::catalog::{IndexDefinition, SmokeSet};
use crate::cli::{Output, Smoke};
use crate::commands::side_by_side;
use crate::commands::sync::CannotFollow;
use crate::error::{Error, REFUSED, UsageError};
use crate::generation::generations::{Generations, is_meant};
use crate::generation::smoke::{self, SetAnswer};
use crate::interrupt::or_interrupted;
use crate::meilisearch::{IndexInfo, Server};
use crate::report::Answer;
use crate::report::smoke::{IndexSmoked, Outcome, SmokeReport, xml};
use crate::{servers, session};

/// Runs it.
///
/// # Errors
/// Where there is nothing to ask, or where an index is not there. A query that fails is an answer: exit code 3.
pub async fn run(options: &Smoke, output: Output) -> Result<Answer, Error> {
    let mut definitions = session::definitions(&options.selection)?;
    take_queries(&mut definitions, &options.smoke)?;
    let servers = servers::open(&options.server)?;
    side_by_side::run(servers, async |at| {
        let report = or_interrupted(ask(options, &at.server, &definitions)).await?;
        let answer = match output {
            Output::Junit => Answer::product(&report, xml(&report)),
            _ => Answer::new(&report, report.summary()),
        };
        for failed in report.failures() {
            tracing::error!("{failed}");
        }
        Ok(match report.outcome {
            Outcome::Passed => answer,
            Outcome::Failed => answer.with_exit_code(REFUSED),
        })
    })
    .await
}

async fn ask(
    options: &Smoke,
    server: &Server,
    definitions: &[IndexDefinition],
) -> Result<SmokeReport, Error> {
    server.health().await?;
    let (definitions, other) = match &options.compare {
        Some(by) => {
            let (definition, other) = generation(server, definitions, by).await?;
            (std::slice::from_ref(definition), Some(other))
        }
        None => (definitions, None),
    };
    let targets = match &options.generation {
        Some(by) => vec![generation(server, definitions, by).await?],
        None => {
            let mut targets = Vec::with_capacity(definitions.len());
            for definition in definitions {
                targets.push((definition, live(server, definition).await?));
            }
            targets
        }
    };
    if targets
        .iter()
        .all(|(definition, _)| definition.smoke.is_empty())
    {
        let names: Vec<&str> = targets
            .iter()
            .map(|(definition, _)| definition.name.as_str())
            .collect();
        return Err(UsageError::error(format!(
            "there is no smoke query for {}: write some into smoke.json, or give --smoke FILE",
            names.join(", ")
        )));
    }
    let mut indexes = Vec::with_capacity(targets.len());
    for (definition, target) in targets {
        let found = ask_all(server, &target.uid, definition).await?;
        let mut smoked = IndexSmoked::new(definition, target, &found);
        if let Some(other) = other.clone() {
            let found = ask_all(server, &other.uid, definition).await?;
            smoked = smoked.compared_with(other, &found);
        }
        indexes.push(smoked);
    }
    Ok(SmokeReport::new(indexes))
}

async fn ask_all(
    server: &Server,
    uid: &str,
    definition: &IndexDefinition,
) -> Result<Vec<SetAnswer>, Error> {
    let mut found = Vec::with_capacity(definition.smoke.len());
    for set in &definition.smoke {
        found.push(smoke::ask(server, uid, set).await?);
    }
    Ok(found)
}

async fn live(server: &Server, definition: &IndexDefinition) -> Result<IndexInfo, Error> {
    let live_uid = &definition.live_uid;
    let live = server.index(live_uid).await?;
    Ok(live.ok_or_else(|| CannotFollow::NoIndex {
        live_uid: live_uid.clone(),
    })?)
}

/// The generation that is meant, and the definition that it belongs to.
async fn generation<'d>(
    server: &Server,
    definitions: &'d [IndexDefinition],
    by: &str,
) -> Result<(&'d IndexDefinition, IndexInfo), Error> {
    let indexes = server.indexes().await?;
    let records = server.records().await?;
    for definition in definitions {
        let Generations {
            live,
            retained,
            leftovers,
            ..
        } = Generations::of(&definition.live_uid, &indexes, &records);
        let complete = live.into_iter().map(|(info, _)| info);
        let others = retained
            .into_iter()
            .chain(leftovers)
            .map(|generation| generation.index);
        if let Some(found) = complete.chain(others).find(|info| is_meant(by, info)) {
            return Ok((definition, found));
        }
    }
    Err(UsageError::error(format!(
        "no generation of the selected indexes has the uid or createdAt `{by}`; `bisan-indexer rollback --list` shows \
         them"
    )))
}

/// Puts queries from files in the place of the definitions' own. Only indexes that got some are asked then.
fn take_queries(definitions: &mut Vec<IndexDefinition>, files: &[String]) -> Result<(), Error> {
    if files.is_empty() {
        return Ok(());
    }
    let mut taken: Vec<(String, Vec<SmokeSet>)> = Vec::new();
    for file in files {
        let named = file.split_once('=').filter(|(name, _)| {
            definitions
                .iter()
                .any(|definition| definition.name == *name)
        });
        let (name, path) = match (named, definitions.as_slice()) {
            (Some((name, path)), _) => (name.to_owned(), path),
            (None, [only]) => (only.name.clone(), file.as_str()),
            (None, several) => {
                let names: Vec<&str> = several
                    .iter()
                    .map(|definition| definition.name.as_str())
                    .collect();
                return Err(UsageError::error(format!(
                    "which index are the queries of `{file}` for? Say --index NAME, or --smoke NAME={file}, with one of {}",
                    names.join(", ")
                )));
            }
        };
        taken.push((name, SmokeSet::load(&PathBuf::from(path))?));
    }
    definitions.retain_mut(|definition| {
        let mut its = taken
            .iter()
            .filter(|(name, _)| *name == definition.name)
            .peekable();
        let got_some = its.peek().is_some();
        definition.smoke = its.flat_map(|(_, sets)| sets.clone()).collect();
        got_some
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions() -> Vec<IndexDefinition> {
        crate::catalog::built_in().unwrap()
    }

    #[test]
    fn a_file_is_for_the_one_index_or_for_the_one_it_names() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"[{"q": "a"}, {"q": "b"}]"#).unwrap();
        let path = file.path().to_str().unwrap().to_owned();

        let mut one = definitions();
        one.retain(|definition| definition.name == "authors");
        take_queries(&mut one, std::slice::from_ref(&path)).unwrap();
        assert_eq!(one[0].smoke.len(), 2);

        let mut named = definitions();
        take_queries(&mut named, &[format!("articles={path}")]).unwrap();
        assert_eq!(
            (named.len(), named[0].name.as_str(), named[0].smoke.len()),
            (1, "articles", 2)
        );

        let error = take_queries(&mut definitions(), &[path]).unwrap_err();
        assert!(
            error.is::<UsageError>() && error.to_string().contains("articles, authors"),
            "{error}"
        );
    }
}
