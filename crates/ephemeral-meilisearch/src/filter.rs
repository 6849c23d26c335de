//! Which tasks (or batches) a request is about.

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

use crate::error::ApiError;
use crate::like::{Feature, Like};
use crate::strict::Query;
use crate::tasks::{self, Status, Task, Uid};
use crate::uids;

/// A filter over tasks; what is `None` filters nothing.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    pub uids: Option<Vec<Uid>>,
    pub batch_uids: Option<Vec<Uid>>,
    pub canceled_by: Option<Vec<Uid>>,
    pub types: Option<Vec<String>>,
    pub statuses: Option<Vec<Status>>,
    pub index_uids: Option<Vec<String>>,
    after_enqueued_at: Option<OffsetDateTime>,
    before_enqueued_at: Option<OffsetDateTime>,
    after_started_at: Option<OffsetDateTime>,
    before_started_at: Option<OffsetDateTime>,
    after_finished_at: Option<OffsetDateTime>,
    before_finished_at: Option<OffsetDateTime>,
}

/// Which part of the filtered list to show.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub limit: usize,
    pub from: Option<Uid>,
    pub reverse: bool,
}

const DATES: [&str; 6] = [
    "afterEnqueuedAt",
    "beforeEnqueuedAt",
    "afterStartedAt",
    "beforeStartedAt",
    "afterFinishedAt",
    "beforeFinishedAt",
];

/// Reads the query of a list of tasks or batches.
pub fn read_list(query: Option<&str>, like: Like) -> Result<(TaskFilter, Page), ApiError> {
    let mut known = vec!["limit", "from"];
    if like.has(Feature::Reverse) {
        known.push("reverse");
    }
    known.extend(filter_names(like));
    let mut query = Query::read(query, &known)?;
    let page = Page {
        limit: query.number("limit", "invalid_task_limit")?.unwrap_or(20),
        from: query.number("from", "invalid_task_from")?,
        reverse: query
            .boolean("reverse", "invalid_task_reverse")?
            .unwrap_or(false),
    };
    Ok((read_filter(&mut query, like)?, page))
}

/// Reads the query of a cancelation or deletion, where naming no filter is a mistake and not "all".
pub fn read_selection(query: Option<&str>, verb: &str, like: Like) -> Result<TaskFilter, ApiError> {
    let mut parameters = Query::read(query, &filter_names(like))?;
    if query.unwrap_or_default().is_empty() {
        return Err(ApiError::new(
            "missing_task_filters",
            format!(
                "Query parameters to filter the tasks to {verb} are missing. Available query parameters are: `uids`, \
                 `indexUids`, `statuses`, `types`, `canceledBy`, `beforeEnqueuedAt`, `afterEnqueuedAt`, \
                 `beforeStartedAt`, `afterStartedAt`, `beforeFinishedAt`, `afterFinishedAt`."
            ),
        ));
    }
    read_filter(&mut parameters, like)
}

fn filter_names(like: Like) -> Vec<&'static str> {
    let mut names = Vec::new();
    if like.has(Feature::Batches) {
        names.push("batchUids");
    }
    names.extend(["uids", "canceledBy", "types", "statuses", "indexUids"]);
    names.extend(DATES);
    names
}

fn read_filter(query: &mut Query, like: Like) -> Result<TaskFilter, ApiError> {
    let types = tasks::types(like);
    let uid = |text: &str| {
        text.parse::<Uid>()
            .map_err(|_| format!("could not parse `{text}` as a positive integer"))
    };
    let [
        after_enqueued_at,
        before_enqueued_at,
        after_started_at,
        before_started_at,
        after_finished_at,
        before_finished_at,
    ] = read_dates(query)?;
    Ok(TaskFilter {
        uids: query.list("uids", "invalid_task_uids", uid)?,
        batch_uids: query.list("batchUids", "invalid_batch_uids", uid)?,
        canceled_by: query.list("canceledBy", "invalid_task_canceled_by", uid)?,
        types: query.list("types", "invalid_task_types", |text| {
            let known = types.iter().find(|known| known.eq_ignore_ascii_case(text));
            known
                .map(|known| (*known).to_owned())
                .ok_or_else(|| unknown(text, "type", "types", &types))
        })?,
        statuses: query.list("statuses", "invalid_task_statuses", |text| {
            let known = Status::ALL
                .into_iter()
                .find(|status| status.name().eq_ignore_ascii_case(text));
            known.ok_or_else(|| unknown(text, "status", "statuses", &Status::ALL.map(Status::name)))
        })?,
        index_uids: query.list("indexUids", "invalid_index_uid", uids::check)?,
        after_enqueued_at,
        before_enqueued_at,
        after_started_at,
        before_started_at,
        after_finished_at,
        before_finished_at,
    })
}

fn unknown(text: &str, what: &str, plural: &str, known: &[&str]) -> String {
    let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "`{text}` is not a valid task {what}. Available {plural} are {}.",
        known.join(", ")
    )
}

fn read_dates(query: &mut Query) -> Result<[Option<OffsetDateTime>; 6], ApiError> {
    const CODES: [&str; 6] = [
        "invalid_task_after_enqueued_at",
        "invalid_task_before_enqueued_at",
        "invalid_task_after_started_at",
        "invalid_task_before_started_at",
        "invalid_task_after_finished_at",
        "invalid_task_before_finished_at",
    ];
    let mut dates = [None; 6];
    for (slot, (name, code)) in dates.iter_mut().zip(DATES.into_iter().zip(CODES)) {
        let after = name.starts_with("after");
        *slot = query
            .parsed(name, code, |text| parse_date(text, after))?
            .flatten();
    }
    Ok(dates)
}

/// A moment, or a day. After a day means after its end, before a day means before its beginning.
fn parse_date(text: &str, after: bool) -> Result<Option<OffsetDateTime>, String> {
    if text == "*" {
        return Ok(None);
    }
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc3339) {
        return Ok(Some(moment));
    }
    match Date::parse(text, format_description!("[year]-[month]-[day]")) {
        Ok(day) => {
            let midnight = day.midnight().assume_utc();
            Ok(Some(if after {
                midnight + Duration::days(1)
            } else {
                midnight
            }))
        }
        Err(_) => Err(format!(
            "`{text}` is an invalid date-time. It should follow the YYYY-MM-DD or RFC 3339 date-time format."
        )),
    }
}

impl TaskFilter {
    /// Whether it asks for anything in particular.
    pub fn is_selective(&self) -> bool {
        self.uids.is_some()
            || self.canceled_by.is_some()
            || self.types.is_some()
            || self.statuses.is_some()
            || self.index_uids.is_some()
    }

    /// Whether the task, as it is now, is one of those that were asked for.
    pub fn matches(&self, task: &Task) -> bool {
        let has = |wanted: &Option<Vec<Uid>>, uid: Option<Uid>| match wanted {
            None => true,
            Some(wanted) => uid.is_some_and(|uid| wanted.contains(&uid)),
        };
        has(&self.uids, Some(task.uid))
            && has(&self.batch_uids, task.batch)
            && has(&self.canceled_by, task.canceled_by)
            && self
                .types
                .as_ref()
                .is_none_or(|types| types.iter().any(|name| name == task.kind.type_name()))
            && self
                .statuses
                .as_ref()
                .is_none_or(|statuses| statuses.contains(&task.status))
            && self.index_uids.as_ref().is_none_or(|uids| {
                task.kind
                    .indexes()
                    .iter()
                    .any(|index| uids.iter().any(|uid| uid == index))
            })
            && within(
                Some(task.enqueued_at),
                self.after_enqueued_at,
                self.before_enqueued_at,
            )
            && within(
                task.started_at,
                self.after_started_at,
                self.before_started_at,
            )
            && within(
                task.finished_at,
                self.after_finished_at,
                self.before_finished_at,
            )
    }
}

/// Both bounds are exclusive; what has not happened yet is within no bounds.
fn within(
    at: Option<OffsetDateTime>,
    after: Option<OffsetDateTime>,
    before: Option<OffsetDateTime>,
) -> bool {
    after.is_none_or(|after| at.is_some_and(|at| at > after))
        && before.is_none_or(|before| at.is_some_and(|at| at < before))
}

/// Cuts a page out of matches that come in the page's own order, and says where the next one begins.
pub fn paged(matches: Vec<Uid>, page: Page) -> Vec<Uid> {
    let in_range = |uid: &Uid| match page.from {
        None => true,
        Some(from) if page.reverse => *uid >= from,
        Some(from) => *uid <= from,
    };
    let mut uids: Vec<Uid> = matches.into_iter().filter(in_range).collect();
    uids.sort_unstable();
    if !page.reverse {
        uids.reverse();
    }
    // One more than asked for: it tells whether there is a next page.
    uids.truncate(page.limit.saturating_add(1));
    uids
}

/// The JSON of a page of tasks or batches.
pub fn page_view(mut shown: Vec<(Uid, Value)>, total: usize, page: Page) -> Value {
    let next = if shown.len() > page.limit {
        shown.pop().map(|(uid, _)| uid)
    } else {
        None
    };
    let from = shown.first().map(|(uid, _)| *uid);
    let results: Vec<Value> = shown.into_iter().map(|(_, view)| view).collect();
    serde_json::json!({ "results": results, "total": total, "limit": page.limit, "from": from, "next": next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naming_no_filter_cancels_nothing() {
        assert_eq!(
            read_selection(None, "cancel", Like::NEWEST)
                .unwrap_err()
                .code,
            "missing_task_filters"
        );
        assert!(read_selection(Some("uids=*"), "cancel", Like::NEWEST).is_ok());
    }

    #[test]
    fn an_old_server_knows_no_reverse() {
        let error = read_list(Some("reverse=true"), Like::OLDEST).unwrap_err();
        assert_eq!(
            error.message,
            "Unknown parameter `reverse`: expected one of `limit`, `from`, `uids`, `canceledBy`, `types`, `statuses`, \
             `indexUids`, `afterEnqueuedAt`, `beforeEnqueuedAt`, `afterStartedAt`, `beforeStartedAt`, \
             `afterFinishedAt`, `beforeFinishedAt`"
        );
    }

    #[test]
    fn pages_run_from_new_to_old_unless_reversed() {
        let page = Page {
            limit: 2,
            from: Some(3),
            reverse: false,
        };
        assert_eq!(paged(vec![0, 1, 2, 3, 4], page), [3, 2, 1]);
        assert_eq!(
            paged(
                vec![0, 1, 2, 3, 4],
                Page {
                    reverse: true,
                    from: None,
                    ..page
                }
            ),
            [0, 1, 2]
        );
    }
}
