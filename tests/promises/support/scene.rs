//! One test's world: a server, a database, definitions, and the program between them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use bisan_indexer::sample::Sample;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::api::Api;
use super::busy::Busy;
use super::database::Database;
use super::definitions::Definitions;
use super::needs;
use super::program::Program;
use super::proxy::FaultProxy;
use super::server::{Server, ServerOptions};

/// The index in which the program keeps its records.
pub const CHECKPOINTS: &str = "bisan_indexer_checkpoints";

pub struct Scene {
    pub server: Server,
    pub database: Database,
    pub api: Api,
    /// On a server that others use too, every live uid begins with this.
    prefix: String,
    definitions: Option<PathBuf>,
    names: Vec<String>,
    folder: TempDir,
}

/// What readers of the application can find, and in which generation.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// By live uid: `createdAt`, documents, settings. None: there is no such index.
    indexes: Map<String, Value>,
}

/// Few and short: an engine without optimisation needs 10 ms for a task.
const FEW: Sample = Sample {
    articles: 12,
    authors: 4,
    mean_words: 25,
};

impl Scene {
    /// Bisan's schema with 12 articles and 4 authors, the built-in definitions, an empty server.
    pub async fn new() -> Scene {
        Scene::with(FEW, ServerOptions::default()).await
    }

    pub async fn sized(articles: u32, authors: u32) -> Scene {
        Scene::with(
            Sample {
                articles,
                authors,
                mean_words: 25,
            },
            ServerOptions::default(),
        )
        .await
    }

    pub async fn on(options: ServerOptions) -> Scene {
        Scene::with(FEW, options).await
    }

    /// None, and a word of why, where the server is not this test's own: some promises are about servers that die, or
    /// need one to themselves.
    pub async fn on_own_server(options: ServerOptions) -> Option<Scene> {
        let scene = Scene::on(options).await;
        scene.has_own_server().then_some(scene)
    }

    /// Whether no other test uses the server; says so where one may.
    pub fn has_own_server(&self) -> bool {
        if !self.server.is_ours() {
            needs::missing(
                needs::OWN_SERVER,
                "MEILISEARCH_HOST names one that is shared",
            );
        }
        self.server.is_ours()
    }

    /// Somebody else's work, behind which every task waits from now on.
    pub async fn busy(&self) -> Busy {
        Busy::on(&self.server).await
    }

    pub async fn with(sample: Sample, options: ServerOptions) -> Scene {
        let folder = folder();
        let database =
            Database::bisan(&folder.path().join("rails/production.sqlite3"), sample).await;
        let server = Server::start(&folder.path().join("meilisearch"), options).await;
        static SCENES: AtomicUsize = AtomicUsize::new(0);
        let prefix = match server.is_ours() {
            true => String::new(),
            false => format!(
                "t{}-{}-",
                std::process::id(),
                SCENES.fetch_add(1, Ordering::Relaxed)
            ),
        };
        let names = vec!["articles".to_owned(), "authors".to_owned()];
        let api = server.api();
        Scene {
            server,
            database,
            api,
            prefix,
            definitions: None,
            names,
            folder,
        }
    }

    /// A database of one's own, which does not exist yet, on a server that others use at the same time.
    pub fn beside_others(server: &Server, prefix: &str) -> Scene {
        let folder = folder();
        let path = folder.path().join("rails/production.sqlite3");
        Scene {
            server: server.shared(),
            database: Database { path },
            api: server.api(),
            prefix: prefix.to_owned(),
            definitions: None,
            names: Vec::new(),
            folder,
        }
    }

    /// Other definitions than the built-in ones, made by `describe` in a folder of the scene's.
    pub fn define(&mut self, describe: impl FnOnce(Definitions) -> Definitions) {
        let folder = self.folder.path().join("index-settings");
        let _ = std::fs::remove_dir_all(&folder);
        let definitions = describe(Definitions::empty(&folder));
        self.names = std::fs::read_dir(&definitions.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        self.names.sort();
        self.definitions = Some(definitions.folder);
    }

    /// A definition of one small index, `articles`, with nothing but an id and a title; quick, and without smoke queries.
    pub fn define_titles(&mut self) {
        self.define_titles_with(|definitions| definitions);
    }

    /// The same with something else in its place, or more.
    pub fn define_titles_with(&mut self, otherwise: impl FnOnce(Definitions) -> Definitions) {
        self.define(|definitions| {
            let titles = definitions
                .index("articles", "SELECT id, title FROM articles")
                .settings("articles", json!({"searchableAttributes": ["title"]}))
                .changes(
                    "articles",
                    "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since",
                );
            otherwise(titles)
        });
    }

    /// A path in the scene's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn database_url(&self) -> String {
        self.database.path.to_str().unwrap().to_owned()
    }

    /// The names of the definitions.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The live uid of a definition.
    pub fn uid(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The program with nothing but a clean environment; what it prints may not hold the key.
    pub fn program(&self) -> Program {
        let program = Program::new(&self.path("home"));
        match &self.server.key {
            Some(key) => program.env("MEILISEARCH_API_KEY", key).secret(key),
            None => program,
        }
    }

    /// `reindex` of this scene's database into this scene's server, reporting in JSON.
    pub fn reindex(&self) -> Program {
        self.reindex_at(&self.server.url)
    }

    pub fn reindex_through(&self, proxy: &FaultProxy) -> Program {
        self.reindex_at(&proxy.url())
    }

    /// The same, speaking to people instead of programs.
    pub fn reindex_for_people(&self) -> Program {
        self.reindex_speaking("human", &self.server.url)
    }

    pub fn reindex_for_people_through(&self, proxy: &FaultProxy) -> Program {
        self.reindex_speaking("human", &proxy.url())
    }

    pub fn reindex_at(&self, url: &str) -> Program {
        self.reindex_speaking("json", url)
    }

    fn reindex_speaking(&self, form: &str, url: &str) -> Program {
        let database = self.database_url();
        let mut program = self.program().args([
            "reindex",
            "--output",
            form,
            "--database",
            &database,
            "--meilisearch",
            url,
        ]);
        if let Some(folder) = &self.definitions {
            program = program.arg("--index-settings").arg(folder);
        }
        for name in self.names.iter().filter(|_| !self.prefix.is_empty()) {
            program = program
                .arg("--uid")
                .arg(format!("{name}={}", self.uid(name)));
        }
        program
    }

    /// Any command on this scene. What the scene is comes by the environment, which every option has a name in.
    pub fn command(&self, command: &str) -> Program {
        let mut program = self
            .program()
            .arg(command)
            .env("DATABASE_URL", &self.database.path)
            .env("MEILISEARCH_HOST", &self.server.url);
        if let Some(folder) = &self.definitions {
            program = program.env("BISAN_INDEXER_INDEX_SETTINGS", folder);
        }
        if !self.prefix.is_empty() {
            let uids = self
                .names
                .iter()
                .map(|name| format!("{name}={}", self.uid(name)));
            program = program.env("BISAN_INDEXER_UID", uids.collect::<Vec<_>>().join(","));
        }
        program
    }

    pub async fn proxy(&self) -> FaultProxy {
        FaultProxy::before(&self.server.url).await
    }

    /// What is live now. Two of these are equal when nothing at all has happened to the live indexes.
    pub async fn live(&self) -> Live {
        let mut indexes = Map::new();
        for name in &self.names {
            let uid = self.uid(name);
            let state = match self.api.index(&uid).await {
                None => Value::Null,
                Some(index) => json!({
                    "createdAt": index["createdAt"],
                    "documents": self.api.documents(&uid).await,
                    "settings": self.api.settings(&uid).await,
                }),
            };
            indexes.insert(uid, state);
        }
        Live { indexes }
    }

    /// Indexes of this scene that lie under a timestamped uid: builds and retained generations.
    pub async fn generations(&self, name: &str) -> Vec<String> {
        let all = self.api.indexes().await.into_iter().map(|(uid, _)| uid);
        all.filter(|uid| self.is_generation(name, uid)).collect()
    }

    /// Whether it is the timestamped uid of such a one.
    pub fn is_generation(&self, name: &str, uid: &str) -> bool {
        let live = self.uid(name);
        uid.strip_prefix(&live).is_some_and(is_timestamp)
    }

    /// No index lies around that a person would have to delete: nothing but what is live, `retained` generations of
    /// each, the program's records, and what was there before (`others`).
    #[track_caller]
    pub fn expect_nothing_left_over(
        &self,
        retained: usize,
        others: &[&str],
    ) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let mut left: Vec<String> = self
                .api
                .indexes()
                .await
                .into_iter()
                .map(|(uid, _)| uid)
                .collect();
            left.retain(|uid| {
                uid.starts_with(&self.prefix)
                    && uid != CHECKPOINTS
                    && !others.contains(&uid.as_str())
            });
            for name in &self.names {
                let live = self.uid(name);
                let kept = self.generations(name).await;
                assert_eq!(
                    kept.len(),
                    retained,
                    "retained generations of {live} ({place}): {kept:?}"
                );
                left.retain(|uid| *uid != live && !kept.contains(uid));
            }
            assert!(left.is_empty(), "left over ({place}): {left:?}");
        }
    }

    /// Articles and authors in the database and in the live indexes: the same ids, titles and names.
    #[track_caller]
    pub fn expect_in_step(&self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            for (name, field) in [("articles", "title"), ("authors", "name")] {
                if !self.names.iter().any(|known| known == name) {
                    continue;
                }
                let sql = format!("SELECT id || ' ' || COALESCE({field}, '') FROM {name}");
                let mut rows = self.database.column(&sql).await;
                let documents = self.api.documents(&self.uid(name)).await;
                let mut found: Vec<String> = documents
                    .iter()
                    .map(|document| {
                        format!(
                            "{} {}",
                            document["id"],
                            document[field].as_str().unwrap_or_default()
                        )
                    })
                    .collect();
                rows.sort();
                found.sort();
                assert_eq!(
                    rows, found,
                    "{name}: the database and the live index differ ({place})"
                );
            }
        }
    }

    /// Whether a live index holds these documents and no others: `rows` returns each as a text of JSON.
    pub async fn holds(&self, name: &str, rows: &str) -> bool {
        let rows = self.database.column(rows).await;
        let read = |row: &String| serde_json::from_str(row).unwrap();
        let mut expected: Vec<Value> = rows.iter().map(read).collect();
        let mut found = self.api.documents(&self.uid(name)).await;
        for documents in [&mut expected, &mut found] {
            documents.sort_by_key(|document| document["id"].to_string());
        }
        expected == found
    }

    /// A first good run, so that there is something live that can be kept or lost.
    pub async fn already_live(&self) -> Live {
        self.reindex().run().await.expect(0);
        self.expect_in_step().await;
        self.live().await
    }
}

fn folder() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("bisan-indexer-promise-")
        .tempdir()
        .unwrap();
    for name in ["rails", "home"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    folder
}

impl Live {
    /// `createdAt` of what lies under this uid.
    pub fn created_at(&self, uid: &str) -> &str {
        self.indexes[uid]["createdAt"].as_str().unwrap_or_default()
    }

    pub fn is_empty(&self) -> bool {
        self.indexes.values().all(Value::is_null)
    }
}

/// `_20261124T143000Z`.
fn is_timestamp(rest: &str) -> bool {
    let bytes = rest.as_bytes();
    let digits = |from: usize, to: usize| {
        bytes
            .get(from..to)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    bytes.len() == 17
        && bytes.first() == Some(&b'_')
        && digits(1, 9)
        && bytes.get(9) == Some(&b'T')
        && digits(10, 16)
        && bytes.get(16) == Some(&b'Z')
}
