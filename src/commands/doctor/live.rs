//! Checks of one index on the server: does the application use it, does it match the definition, and which other
//! program writes to it?
//!
//! They are in one file, because all of them use what was requested from the server once.

use futures::TryStreamExt as _;

use crate::catalog::IndexDefinition;
use crate::document::ids::{Differences, DocumentId, IdList, Side};
use crate::error::Error;
use crate::figures::{counted, documents, grouped};
use crate::generation::generations::Generations;
use crate::generation::records::Record;
use crate::meilisearch::{Features, IndexInfo, Server, settings, settings_keys};
use crate::prepared::Prepared;
use crate::report::doctor::Checks;
use crate::sqlite::{Connection, queries};

/// Up to so many documents every id is compared; listing them takes a tenth of a second for every five thousand.
const COMPARED_IDS: u64 = 200_000;
const IDS_A_PAGE: u64 = 10_000;

/// The indexes and records on the server, requested once for all definitions.
pub struct There<'a> {
    server: &'a Server,
    features: &'a Features,
    indexes: Vec<IndexInfo>,
    records: Vec<Record>,
}

impl<'a> There<'a> {
    /// Asks.
    ///
    /// # Errors
    /// Where the server cannot be asked, or a newer program's records are met.
    pub async fn look(server: &'a Server, features: &'a Features) -> Result<There<'a>, Error> {
        Ok(There {
            server,
            features,
            indexes: server.indexes().await?,
            records: server.records().await?,
        })
    }

    /// Everything about one index.
    ///
    /// # Errors
    /// Where the server or the database cannot be asked any more.
    pub async fn examine(
        &self,
        definition: &IndexDefinition,
        prepared: Option<&Prepared>,
        connection: Option<&mut Connection>,
        checks: &mut Checks,
    ) -> Result<(), Error> {
        let name = &definition.name;
        self.fitted_settings(definition, checks);
        self.class_names(definition, checks);
        let generations = Generations::of(&definition.live_uid, &self.indexes, &self.records);
        leftovers(definition, &generations, checks);
        let Some((index, record)) = &generations.live else {
            checks.at(name, "live.index").warn(
                format!(
                    "there is no index {} yet: a search finds nothing",
                    definition.live_uid
                ),
                "`bisan-indexer reindex` makes it",
            );
            return Ok(());
        };
        if let Some(key) = index.primary_key.as_ref().filter(|key| *key != "id") {
            checks.at(name, "live.primary_key").fail(
                format!("the live index has the primary key `{key}`, and documents.sql gives `id`"),
                format!(
                    "an application that looks hits up by `{key}` would find none: rename the column, or delete that index"
                ),
            );
        }
        if let Some(built_for) = generations.built_for_another(&definition.live_uid) {
            checks.at(name, "live.definition").fail(
                format!(
                    "what lies under {} was built for `{built_for}`: the two were swapped or renamed by hand",
                    definition.live_uid
                ),
                "swap them back (POST /swap-indexes), or `bisan-indexer apply` builds it anew",
            );
        } else {
            built_by(definition, prepared, record.as_ref(), checks);
        }
        self.live_settings(definition, index, record.as_ref(), checks)
            .await?;
        if let Some(prepared) = prepared {
            self.other_documents(prepared, checks).await?;
        }
        if let Some(connection) = connection.filter(|_| prepared.is_some()) {
            self.ids(definition, connection, checks).await?;
        }
        Ok(())
    }

    fn fitted_settings(&self, definition: &IndexDefinition, checks: &mut Checks) {
        let (_, left_out) = settings_keys::for_server(&definition.settings, self.features);
        for key in left_out {
            checks
                .at(&definition.name, "definition.settings_left_out")
                .ok(format!("settings.json: {key} is left out for this server"));
        }
        if let Some(sizes) = settings_keys::word_sizes(&definition.settings, self.features) {
            checks
                .at(&definition.name, "definition.word_sizes")
                .ok(format!("settings.json: {sizes}"));
        }
    }

    /// Rails' gem names an index as its class, `Article`, unless told otherwise.
    fn class_names(&self, definition: &IndexDefinition, checks: &mut Checks) {
        let live_uid = &definition.live_uid;
        let plain = |uid: &str| {
            let uid = uid.to_lowercase().replace(['_', '-'], "");
            uid.strip_suffix('s').map_or(uid.clone(), str::to_owned)
        };
        let alike: Vec<&str> = self
            .indexes
            .iter()
            .map(|index| index.uid.as_str())
            .filter(|uid| uid != live_uid && plain(uid) == plain(live_uid))
            .collect();
        for uid in alike {
            checks.at(&definition.name, "live.class_name").warn(
                format!(
                    "there is an index {uid} as well, the name that meilisearch-rails gives to a class by itself"
                ),
                format!(
                    "if it is what the application searches, say --uid {}={uid}; if not, nobody needs it",
                    definition.name
                ),
            );
        }
    }

    /// Settings that are not the definition's, and who sends others.
    async fn live_settings(
        &self,
        definition: &IndexDefinition,
        index: &IndexInfo,
        record: Option<&Record>,
        checks: &mut Checks,
    ) -> Result<(), Error> {
        let name = &definition.name;
        let found = self.server.settings(&index.uid).await?;
        let (wanted, _) = settings_keys::for_server(&definition.settings, self.features);
        let differences = settings::differences(&wanted, &found);
        let others = match record {
            Some(record) => {
                let (since, ours) = (record.completed_at, record.settings_task);
                self.server
                    .settings_tasks_of_others(&index.uid, since, ours)
                    .await?
            }
            None => Vec::new(),
        };
        if let Some(newest) = others.first() {
            let keys = newest
                .details
                .as_object()
                .map(|details| details.keys().cloned().collect::<Vec<_>>().join(", "));
            checks.at(name, "live.other_settings").warn(
                format!(
                    "since it went live {} sent to it, the last with {} (task {}, {})",
                    counted(others.len() as u64, "settings task was", "settings tasks were"),
                    keys.filter(|keys| !keys.is_empty()).unwrap_or_else(|| "nothing".to_owned()),
                    newest.uid,
                    newest.enqueued_at.as_deref().unwrap_or("at an unknown time")
                ),
                "if that was not a person: meilisearch-rails sends its own at searches where its \
                 model declares others; let the model declare the same, or say `meilisearch check_settings: false` there",
            );
        }
        if differences.is_empty() {
            checks
                .at(name, "live.settings")
                .ok("the live index has the settings of the definition");
        } else {
            let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
            checks.at(name, "live.settings").warn(
                format!(
                    "settings of the live index are not the definition's: {}",
                    list.join("; ")
                ),
                "`bisan-indexer apply` makes them so",
            );
        }
        let unmentioned = settings::unmentioned(&definition.settings, &found);
        if !unmentioned.is_empty() {
            checks.at(name, "live.unmentioned_settings").warn(
                format!(
                    "the live index has settings that the definition does not mention: {}",
                    unmentioned.join(", ")
                ),
                format!(
                    "a reindex does not carry them over: add them to {name}/settings.json to keep them"
                ),
            );
        }
        Ok(())
    }

    /// Every document of ours has every field, be it null. One that lacks some was written by another program.
    async fn other_documents(&self, prepared: &Prepared, checks: &mut Checks) -> Result<(), Error> {
        let live_uid = &prepared.definition.live_uid;
        let stats = self.server.index_stats(live_uid).await?;
        let all = stats.number_of_documents;
        let lacking: Vec<(&str, u64)> = prepared
            .shape
            .fields()
            .map(|field| {
                (
                    field,
                    all.saturating_sub(stats.field_distribution.get(field).copied().unwrap_or(0)),
                )
            })
            .filter(|(_, lacking)| *lacking > 0)
            .collect();
        if let Some((field, most)) = lacking.iter().max_by_key(|(_, lacking)| *lacking) {
            let fields: Vec<&str> = lacking.iter().map(|(field, _)| *field).collect();
            checks.at(&prepared.definition.name, "live.other_documents").warn(
                format!(
                    "{} in {live_uid} lack fields that documents.sql gives ({}; {field} most often): another program \
                     writes there, or the definition was another one",
                    documents(*most),
                    fields.join(", ")
                ),
                "meilisearch-rails sends a record when it is saved, in its own form; `sync` sets it right at its next round, \
                 `meilisearch auto_index: false` in the model ends it",
            );
        }
        Ok(())
    }

    async fn ids(
        &self,
        definition: &IndexDefinition,
        connection: &mut Connection,
        checks: &mut Checks,
    ) -> Result<(), Error> {
        const CHECK: &str = "live.ids";
        let (name, live_uid) = (&definition.name, &definition.live_uid);
        let live = self.server.count_documents(live_uid).await?;
        let mut snapshot = connection.snapshot().await?;
        let selected = snapshot.count(&definition.documents_sql).await?;
        if live.max(selected) > COMPARED_IDS {
            snapshot.end().await?;
            checks.at(name, CHECK).ok(format!(
                "{} live, {} in the database; too many to compare here, `sync --dry-run` does it",
                grouped(live),
                grouped(selected)
            ));
            return Ok(());
        }
        let mut known = IdList::new();
        let mut rows = snapshot.rows(&queries::ids_only(&definition.documents_sql), Vec::new());
        while let Some(row) = rows.try_next().await? {
            if let Ok(id) = DocumentId::from_value(row.value(0)) {
                known.push(&id)?;
            }
        }
        drop(rows);
        snapshot.end().await?;
        let mut found = IdList::new();
        let mut offset = 0;
        loop {
            let page = self.server.ids(live_uid, offset, IDS_A_PAGE).await?;
            offset += page.ids.len() as u64;
            let ended = page.ids.is_empty() || offset >= page.total;
            for id in &page.ids {
                found.push(id)?;
            }
            if ended {
                break;
            }
        }
        let (mut missing, mut unknown, mut first) = (0, 0, String::new());
        known.settle_uncounted()?;
        found.settle_uncounted()?;
        for side in Differences::of(&known, &found)? {
            match side? {
                Side::Both => {}
                Side::Left(_) => missing += 1,
                Side::Right(id) => {
                    unknown += 1;
                    if unknown == 1 {
                        first = format!(" (first id {id})");
                    }
                }
            }
        }
        if missing == 0 && unknown == 0 {
            checks.at(name, CHECK).ok(format!(
                "the same {} live and in the database",
                documents(live)
            ));
            return Ok(());
        }
        let advice = match unknown * 5 > live {
            true => {
                "if another source fills this index as well, one documents.sql must make all of its documents (UNION ALL); \
                     else `bisan-indexer sync` deletes them"
            }
            false => "`bisan-indexer sync` sets both right",
        };
        let found = format!(
            "{} in the database and not live; {} live that documents.sql does not return{first}",
            counted(missing, "document is", "documents are"),
            counted(unknown, "is", "are"),
        );
        checks.at(name, CHECK).warn(found, advice);
        Ok(())
    }
}

fn leftovers(definition: &IndexDefinition, generations: &Generations, checks: &mut Checks) {
    let left: Vec<&str> = generations
        .leftovers
        .iter()
        .map(|one| one.index.uid.as_str())
        .collect();
    if !left.is_empty() {
        checks.at(&definition.name, "live.leftovers").warn(
            format!("builds are under way or left over: {}", left.join(", ")),
            "`bisan-indexer clean` says which may go; the next reindex deletes those, too",
        );
    }
}

fn built_by(
    definition: &IndexDefinition,
    prepared: Option<&Prepared>,
    record: Option<&Record>,
    checks: &mut Checks,
) {
    const CHECK: &str = "live.definition";
    let name = &definition.name;
    let Some(record) = record.filter(|record| !record.adopted) else {
        return checks.at(name, CHECK).warn(
            format!(
                "{} was not built by this program, or its record is lost: `sync` cannot follow it",
                definition.live_uid
            ),
            "`bisan-indexer reindex` builds it anew, without downtime; what is there now can be rolled back to",
        );
    };
    match prepared {
        Some(prepared) if prepared.fingerprint != record.fingerprint => checks.at(name, CHECK).warn(
            "the definition has changed since the live index was built: `sync` refuses to follow it",
            "`bisan-indexer reindex` builds it by the new one",
        ),
        Some(_) => checks.at(name, CHECK).ok("the live index was built by this definition"),
        None => {}
    }
}
