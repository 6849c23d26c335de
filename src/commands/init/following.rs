//! How changes are followed: changes.sql by the columns that tell when a row changed, or what is left where none does.

use std::collections::HashMap;

use super::identity::Identity;
use super::joins::{Gathered, Join};
use super::look::{Look, Looked};
use super::prove::{Must, prove};
use super::role::Role;
use super::sql::name;
use super::vocabulary as known;
use crate::document::timestamp::TimestampForm;
use crate::report::init::COMPARING;
use crate::sqlite::{DatabaseError, Snapshot};

/// What tells when a row changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changed {
    pub column: String,
    /// The column to go by where that one is NULL.
    or: Option<String>,
    form: TimestampForm,
    /// Rows of which nothing tells it.
    silent: u64,
}

impl Changed {
    fn of(&self, alias: &str) -> String {
        let alias = name(alias);
        match &self.or {
            Some(or) => format!(
                "COALESCE({alias}.{}, {alias}.{})",
                name(&self.column),
                name(or)
            ),
            None => format!("{alias}.{}", name(&self.column)),
        }
    }
}

/// What tells when rows changed, of each table that was asked about: a table is read once, whoever asks.
#[derive(Default)]
pub(super) struct Known {
    changed: HashMap<String, Option<Changed>>,
    made: HashMap<String, Option<Changed>>,
}

impl Known {
    async fn changed(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        look: &Look<'_>,
    ) -> Result<Option<Changed>, DatabaseError> {
        let table = &look.table.name;
        if let Some(known) = self.changed.get(table) {
            return Ok(known.clone());
        }
        let found = changed(snapshot, look).await?;
        self.changed.insert(table.clone(), found.clone());
        Ok(found)
    }

    /// A row of a link table is made and deleted, and rarely changed: when it was made tells enough.
    async fn changed_or_made(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        link: &Look<'_>,
    ) -> Result<Option<Changed>, DatabaseError> {
        if let Some(changed) = self.changed(snapshot, link).await? {
            return Ok(Some(changed));
        }
        let table = &link.table.name;
        if let Some(known) = self.made.get(table) {
            return Ok(known.clone());
        }
        let found = made(snapshot, link).await?;
        self.made.insert(table.clone(), found.clone());
        Ok(found)
    }
}

/// The best column of a table that tells it, proven in every row.
async fn changed(
    snapshot: &mut Snapshot<'_>,
    look: &Look<'_>,
) -> Result<Option<Changed>, DatabaseError> {
    let ranked = |one: &&Looked<'_>| {
        known::changed_rank(&one.column.words).filter(|_| one.role == Role::Time)
    };
    let mut candidates: Vec<&Looked<'_>> = look
        .columns
        .iter()
        .filter(|one| ranked(one).is_some())
        .collect();
    candidates.sort_by_key(ranked);
    let made = look
        .columns
        .iter()
        .find(|one| one.role == Role::Time && known::is_made(&one.column.words));
    for one in candidates {
        let mut wanted = vec![(one.column.name.as_str(), Must::Time)];
        wanted.extend(made.map(|made| (made.column.name.as_str(), Must::Time)));
        let proofs = prove(snapshot, look.table, &wanted).await?;
        let Some(form) = proofs[0].form() else {
            continue;
        };
        let silent = proofs[0].nulls;
        let falls_back = silent > 0
            && proofs
                .get(1)
                .is_some_and(|made| made.form() == Some(form) && made.nulls == 0);
        return Ok(Some(Changed {
            column: one.column.name.clone(),
            or: made
                .filter(|_| falls_back)
                .map(|made| made.column.name.clone()),
            form,
            silent: if falls_back {
                0
            } else {
                silent + proofs[0].zero_dates + proofs[0].empty
            },
        }));
    }
    Ok(None)
}

/// changes.sql, and in a word what it follows.
pub(super) struct Following {
    pub changes: Option<String>,
    pub by: String,
    pub notes: Vec<String>,
}

pub(super) async fn of(
    snapshot: &mut Snapshot<'_>,
    known: &mut Known,
    look: &Look<'_>,
    identity: &Identity,
    joins: &[Join<'_>],
    gathered: &[Gathered<'_>],
) -> Result<Following, DatabaseError> {
    let mut notes = Vec::new();
    let Some(own) = known.changed(snapshot, look).await? else {
        return Ok(Following {
            changes: None,
            by: COMPARING.to_owned(),
            notes: vec![format!(
                "no column tells when a row changed: sync compares all {} documents; `bisan-indexer triggers` prints a change \
                 log that finds each change",
                crate::figures::grouped(look.rows)
            )],
        });
    };
    if own.silent > 0 {
        notes.push(format!(
            "{} without {} are found by comparing only",
            crate::figures::counted(own.silent, "row", "rows"),
            own.column
        ));
    }
    let table = &look.table.name;
    let t = name(table);
    let id = &identity.expression;
    let having = |at: &str| match &identity.condition {
        Some(condition) => format!("WHERE {at} >= :since AND {condition}"),
        None => format!("WHERE {at} >= :since"),
    };
    let at = own.of(table);
    let mut parts = vec![format!(
        "SELECT {id} AS id, {at} AS changed_at\nFROM {t}\n{}",
        having(&at)
    )];
    let mut unseen = Vec::new();
    for (place, join) in joins.iter().enumerate() {
        let theirs = known.changed(snapshot, join.look).await?;
        let Some(theirs) = theirs.filter(|theirs| theirs.form == own.form) else {
            unseen.push(join.look.table.name.clone());
            continue;
        };
        let at = theirs.of(&join.alias);
        let mut sql = format!(
            "SELECT {id} AS id, {at} AS changed_at\nFROM {}\n",
            aliased(&join.look.table.name, &join.alias)
        );
        let mut here = Some(place);
        while let Some(place) = here {
            let join = &joins[place];
            here = join.through;
            let next = match here {
                Some(next) => aliased(&joins[next].look.table.name, &joins[next].alias),
                None => t.clone(),
            };
            sql.push_str(&format!("JOIN {next} ON {}\n", join.on));
        }
        parts.push(format!("{sql}{}", having(&at)));
    }
    for one in gathered {
        let link = name(&one.link.table.name);
        match known
            .changed_or_made(snapshot, one.link)
            .await?
            .filter(|link| link.form == own.form)
        {
            Some(changed) => {
                let at = changed.of(&one.link_alias);
                parts.push(format!(
                    "SELECT {id} AS id, {at} AS changed_at\nFROM {link}\nJOIN {t} ON {}\n{}",
                    one.to_table,
                    having(&at)
                ));
            }
            None => unseen.push(one.link.table.name.clone()),
        }
        match known
            .changed(snapshot, one.look)
            .await?
            .filter(|theirs| theirs.form == own.form)
        {
            Some(theirs) => {
                let at = theirs.of(&one.alias);
                parts.push(format!(
                    "SELECT {id} AS id, {at} AS changed_at\nFROM {}\nJOIN {link} ON {}\nJOIN {t} ON {}\n{}",
                    aliased(&one.look.table.name, &one.alias),
                    one.to_link,
                    one.to_table,
                    having(&at)
                ));
            }
            None => unseen.push(one.look.table.name.clone()),
        }
    }
    unseen.dedup();
    if !unseen.is_empty() {
        notes.push(format!(
            "a change in {} alone is found by comparing only: nothing there tells when",
            crate::figures::listed(&unseen)
        ));
    }
    Ok(Following {
        changes: Some(format!("{}\n", parts.join("\nUNION ALL\n"))),
        by: own.column.clone(),
        notes,
    })
}

async fn made(
    snapshot: &mut Snapshot<'_>,
    link: &Look<'_>,
) -> Result<Option<Changed>, DatabaseError> {
    let made = link
        .columns
        .iter()
        .find(|one| one.role == Role::Time && known::is_made(&one.column.words));
    let Some(made) = made else {
        return Ok(None);
    };
    let proofs = prove(
        snapshot,
        link.table,
        &[(made.column.name.as_str(), Must::Time)],
    )
    .await?;
    Ok(proofs[0].form().map(|form| Changed {
        column: made.column.name.clone(),
        or: None,
        form,
        silent: proofs[0].nulls,
    }))
}

fn aliased(table: &str, alias: &str) -> String {
    match table == alias {
        true => name(table),
        false => format!("{} AS {}", name(table), name(alias)),
    }
}
