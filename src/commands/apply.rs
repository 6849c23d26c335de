//! `apply`: makes live what definitions and database say, by the cheapest way that gives the same result, and says why.
//!
//! The command of a deployment's hook: it reindexes where a definition changed or a live index cannot be followed, syncs
//! where documents differ, and does nothing where nothing does.

use serde::Serialize;

use super::reindex::ReindexReport;
use super::sync::SyncReport;
use crate::cli::{Apply, Compare, Reindex, Sync};
use crate::confirm;
use crate::error::{DIFFERENT, Error};
use crate::interrupt::or_interrupted;
use crate::preflight::Prepared;
use crate::progress::Progress;
use crate::report::Answer;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Nothing: every live index is what its definition says.
    Nothing,
    /// Documents differ.
    Sync,
    /// A definition changed, or a live index cannot be followed.
    Reindex,
}

/// What `apply` found and did. Fields are only ever added.
#[derive(Debug, Serialize)]
pub struct ApplyReport {
    /// The way that was chosen.
    pub way: Way,
    /// Why, one sentence an index that has a reason.
    pub reasons: Vec<String>,
    /// Whether it was done; false for `--dry-run`, and where nothing was to be done.
    pub done: bool,
    /// What a sync sends and deletes, or has sent and deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<SyncReport>,
    /// What a reindex did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reindex: Option<ReindexReport>,
}

/// Runs it.
///
/// # Errors
/// Whatever keeps the way that was chosen from its end.
pub async fn run(options: &Apply, progress: &Progress) -> Result<Answer, Error> {
    let (mut report, exit_code) = or_interrupted(plan(options)).await?;
    if exit_code != 0 {
        // A round that is refused (--max-loss, say) is no plan: its entry says why.
        let summary = report.sync.as_ref().map(SyncReport::summary);
        return Ok(Answer::new(&report, summary.unwrap_or_default()).with_exit_code(exit_code));
    }
    if report.way == Way::Nothing {
        return Ok(Answer::new(&report, "nothing to do\n".to_owned()));
    }
    let plan = describe(&report);
    if options.dry_run {
        let code = if options.exit_code { DIFFERENT } else { 0 };
        return Ok(Answer::new(&report, plan).with_exit_code(code));
    }
    confirm::ask(&options.consent, &plan, "Apply this?").await?;
    report.done = true;
    let (mut summary, mut exit_code) = (plan, 0);
    if report.way == Way::Reindex {
        let done = super::reindex::run(&reindex(options), progress).await?;
        summary.push_str(&done.summary());
        report.reindex = Some(done);
    } else {
        let (done, code) = super::sync::run(&sync(options, false)).await?;
        summary.push_str(&done.summary());
        (report.sync, exit_code) = (Some(done), code);
    }
    Ok(Answer::new(&report, summary).with_exit_code(exit_code))
}

/// What is to be done, and why. The exit code is another than 0 where a round would be refused.
async fn plan(options: &Apply) -> Result<(ApplyReport, u8), Error> {
    let definitions = super::definitions(&options.selection)?;
    let database = super::database(&options.connections.database)?;
    let server = super::server(&options.connections.server)?;
    let preflight = super::preflight(&database, &server, definitions).await?;
    let reasons: Vec<String> = preflight.indexes.iter().filter_map(why_anew).collect();
    let mut report = ApplyReport {
        way: Way::Reindex,
        reasons,
        done: false,
        sync: None,
        reindex: None,
    };
    if !report.reasons.is_empty() {
        return Ok((report, 0));
    }
    let (found, exit_code) = super::sync::run(&sync(options, true)).await?;
    let done = || found.indexes.iter().filter_map(|index| index.done.as_ref());
    report.way = if done().all(|done| done.is_empty()) {
        Way::Nothing
    } else {
        Way::Sync
    };
    for index in &found.indexes {
        if let Some(done) = index.done.as_ref().filter(|done| !done.is_empty()) {
            let reason = format!("{}: {}", index.live_uid, done.words());
            report.reasons.push(reason);
        }
    }
    report.sync = Some(found);
    Ok((report, exit_code))
}

/// Why an index has to be built anew; `None` where it can be followed.
fn why_anew(index: &Prepared) -> Option<String> {
    let live_uid = &index.definition.live_uid;
    let Some(live) = &index.live else {
        return Some(format!("{live_uid}: there is no live index yet"));
    };
    let record = live
        .record
        .as_ref()
        .filter(|record| record.checkpoint.is_some());
    match record {
        None => Some(format!(
            "{live_uid}: the live index was not built by this program, or its checkpoint is lost"
        )),
        Some(record) if record.fingerprint != index.fingerprint => Some(format!(
            "{live_uid}: its definition changed (documents.sql, changes.sql, settings.json, or how a conversion \
             converts)"
        )),
        Some(_) => None,
    }
}

fn describe(report: &ApplyReport) -> String {
    let what = match report.way {
        Way::Nothing => "nothing to do",
        Way::Sync => "sync",
        Way::Reindex => "reindex",
    };
    let mut text = format!("{}\n", console::style(what).bold());
    for reason in &report.reasons {
        text.push_str(&format!("  {reason}\n"));
    }
    text
}

fn reindex(options: &Apply) -> Reindex {
    Reindex {
        connections: options.connections.clone(),
        selection: options.selection.clone(),
        batch_size: options.batch_size,
        retain: options.retain,
        max_loss: options.max_loss,
        dry_run: false,
    }
}

fn sync(options: &Apply, dry_run: bool) -> Sync {
    Sync {
        connections: options.connections.clone(),
        selection: options.selection.clone(),
        // A deployment's migrations write without timestamps: only a look at every document finds all that they did.
        compare: Compare::All,
        compare_limit: 0,
        overlap: options.overlap,
        max_loss: options.max_loss,
        batch_size: options.batch_size,
        dry_run,
        watch: false,
        interval: options.overlap,
        compare_every: options.overlap,
        listen: None,
    }
}
