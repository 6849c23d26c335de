//! `triggers`: prints the SQL of a change log, and checks whether a database has it. Executes nothing.

use std::fs;

use crate::catalog::IndexDefinition;
use crate::cli::Triggers;
use crate::error::{DIFFERENT, Error, UsageError, WriteError};
use crate::interrupt::or_interrupted;
use crate::report::Answer;
use crate::report::triggers::{self as report, Outcome, TriggersReport};
use crate::session;
use crate::triggers::{Missing, Wanted, log, wanted};

/// Runs it.
///
/// # Errors
/// Where a definition cannot be followed by triggers, where the database cannot be read, or where changes.sql cannot be written.
pub async fn run(options: &Triggers) -> Result<Answer, Error> {
    let definitions = session::definitions(&options.selection)?;
    let database = session::database(&options.database)?;
    or_interrupted(async {
        let mut connection = database.connect().await?;
        let wanted = wanted(&mut connection, &definitions, &options.log_table).await?;
        let answer = if options.check {
            Ok(check(options, &wanted, &definitions))
        } else {
            print(options, &wanted)
        };
        connection.close().await?;
        answer
    })
    .await
}

/// The SQL that was asked for.
fn print(options: &Triggers, wanted: &Wanted) -> Result<Answer, Error> {
    for changes in &wanted.changes {
        for warning in &changes.warnings {
            tracing::warn!("{}: {warning}", changes.index);
        }
    }
    let mut report = TriggersReport::new(wanted, create(options, wanted));
    if let Some(name) = &options.changes {
        let found = wanted.changes.iter().find(|one| one.index == *name);
        let found = found.ok_or_else(|| {
            let known: Vec<&str> = wanted
                .changes
                .iter()
                .map(|one| one.index.as_str())
                .collect();
            UsageError::error(format!(
                "there is no index `{name}`; there are: {}",
                known.join(", ")
            ))
        })?;
        let text = found.sql.clone();
        return Ok(Answer::product(&report, text));
    }
    if options.write_changes {
        write_changes(options, wanted)?;
        report.outcome = Outcome::Written;
    }
    let drop = drop(options, wanted);
    let text = if options.rails {
        report::migration(&options.log_table, &report.statements, &drop)
    } else if options.drop {
        report.statements = drop;
        report::script(&report.statements)
    } else {
        report.introduction() + &report::script(&report.statements)
    };
    Ok(Answer::product(&report, text))
}

fn create(options: &Triggers, wanted: &Wanted) -> Vec<String> {
    let mut statements = log::create(&options.log_table).to_vec();
    statements.push(log::prune(&options.log_table, options.keep).to_string());
    statements.extend(wanted.triggers.iter().map(ToString::to_string));
    statements
}

fn drop(options: &Triggers, wanted: &Wanted) -> Vec<String> {
    let mut triggers = wanted.triggers.clone();
    triggers.push(log::prune(&options.log_table, options.keep));
    log::drop(&options.log_table, &triggers)
}

/// Writes each changes.sql beside its documents.sql.
fn write_changes(options: &Triggers, wanted: &Wanted) -> Result<(), Error> {
    let Some(folder) = &options.selection.index_settings else {
        return Err(UsageError::error("--write-changes needs --index-settings"));
    };
    for changes in &wanted.changes {
        let path = folder.join(&changes.index).join("changes.sql");
        fs::write(&path, &changes.sql).map_err(|error| WriteError {
            path: path.clone(),
            error,
        })?;
        tracing::info!("wrote {}", path.display());
    }
    Ok(())
}

/// Compares with what the database has.
fn check(options: &Triggers, wanted: &Wanted, definitions: &[IndexDefinition]) -> Answer {
    let present = wanted.present();
    let mut missing = wanted.missing_from(&present);
    let log = &options.log_table;
    let prune = log::prune(log, options.keep);
    let is_pruned = present.iter().any(|one| {
        one.table.eq_ignore_ascii_case(log)
            && one.statements.iter().any(|sql| sql.starts_with("DELETE"))
    });
    if !is_pruned {
        missing.push(Missing {
            name: prune.name.clone(),
            table: log.clone(),
            why: "it is not there, so the log grows without end".to_owned(),
        });
    }
    missing.extend(wanted.unread_by(definitions));
    let is_missing = |name: &str| missing.iter().any(|one| one.name == name);
    let mut mend = Vec::new();
    if is_missing(log) {
        mend.extend(log::create(log));
    }
    for trigger in [&prune].into_iter().chain(&wanted.triggers) {
        if !is_missing(&trigger.name) {
            continue;
        }
        let is_other = present
            .iter()
            .any(|one| one.name.eq_ignore_ascii_case(&trigger.name));
        if is_other {
            mend.push(log::drop_trigger(&trigger.name));
        }
        mend.push(trigger.to_string());
    }
    let mut report = TriggersReport::new(wanted, mend);
    // With some of the definitions only, those of the others are no surprise.
    if options.selection.index.is_empty() {
        let unneeded = wanted.unneeded_among(&present);
        report.unneeded = unneeded.iter().map(|one| one.name.clone()).collect();
    }
    report.outcome = if missing.is_empty() {
        Outcome::Complete
    } else {
        Outcome::Different
    };
    report.missing = missing;
    let code = if report.outcome == Outcome::Complete {
        0
    } else {
        DIFFERENT
    };
    Answer::new(&report, report.summary()).with_exit_code(code)
}
