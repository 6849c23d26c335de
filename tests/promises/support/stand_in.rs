//! A stand-in for Meilisearch without an engine: it takes documents, counts them and throws them away (or keeps them as they
//! came, to list them), so that a run of real size takes seconds. For promises about the program's own memory and pace,
//! never about what a server does.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::wire::{Body, Canned, Head, Stream, stream_over};

pub struct StandIn {
    pub url: String,
    state: Arc<State>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct State {
    indexes: Mutex<BTreeMap<String, Index>>,
    tasks: Mutex<u64>,
    uploads: Uploads,
    /// Whether documents are kept, to be listed.
    keeps: bool,
}

/// Whether uploads are read at all, and how many stand at the gate.
struct Uploads {
    open: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Default for Uploads {
    fn default() -> Uploads {
        Uploads {
            open: watch::Sender::new(true),
            waiting: watch::Sender::new(0),
        }
    }
}

#[derive(Default, Clone)]
struct Index {
    created_at: String,
    ids: HashSet<String>,
    bytes: u64,
    largest_upload: u64,
    settings: Map<String, Value>,
    /// Only of indexes whose documents are read back: the program's own records.
    documents: HashMap<String, Value>,
    kept: Kept,
}

/// Documents as they were sent, in the order in which they were met first.
#[derive(Default, Clone)]
struct Kept {
    lines: Vec<String>,
    places: HashMap<String, usize>,
}

impl Kept {
    fn put(&mut self, id: String, line: String) {
        match self.places.get(&id) {
            Some(place) => self.lines[*place] = line,
            None => {
                self.places.insert(id, self.lines.len());
                self.lines.push(line);
            }
        }
    }

    fn remove(&mut self, id: &str) {
        let Some(place) = self.places.remove(id) else {
            return;
        };
        self.lines.swap_remove(place);
        if let Some(moved) = self.lines.get(place) {
            self.places.insert(id_of(moved.as_bytes()), place);
        }
    }

    /// As the documents routes answer: those with these ids, or a page, perhaps of ids alone.
    fn page(&self, asked: &Value) -> Canned {
        let number =
            |name: &str, otherwise: u64| asked[name].as_u64().unwrap_or(otherwise) as usize;
        let (offset, limit) = (number("offset", 0), number("limit", 20));
        let lines: Vec<&str> = match asked["ids"].as_array() {
            Some(ids) => {
                let places = ids.iter().filter_map(|id| self.places.get(id.as_str()?));
                places.map(|place| self.lines[*place].as_str()).collect()
            }
            None => {
                let page = self.lines.iter().skip(offset).take(limit);
                page.map(String::as_str).collect()
            }
        };
        let results = match asked["fields"].is_array() {
            false => lines.join(","),
            true => {
                let id = |line: &&str| json!({"id": id_of(line.as_bytes())}).to_string();
                lines.iter().map(id).collect::<Vec<_>>().join(",")
            }
        };
        let total = self.lines.len();
        Canned {
            body: format!(
                "{{\"results\":[{results}],\"offset\":{offset},\"limit\":{limit},\"total\":{total}}}"
            ),
            ..Canned::json(200, &Value::Null)
        }
    }
}

impl StandIn {
    pub async fn start() -> StandIn {
        StandIn::with(State::default()).await
    }

    /// One that lists what it was sent.
    pub async fn that_keeps() -> StandIn {
        StandIn::with(State {
            keeps: true,
            ..State::default()
        })
        .await
    }

    async fn with(state: State) -> StandIn {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(state);
        let shared = state.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move { serve(&state, stream_over(client)).await });
            }
        });
        StandIn {
            url,
            state,
            accepting,
        }
    }

    /// From now on no byte of an upload's body is read, as by a server that is busy for minutes.
    pub fn stop_reading(&self) {
        self.state.uploads.open.send_replace(false);
    }

    pub fn read_on(&self) {
        self.state.uploads.open.send_replace(true);
    }

    /// Returns once an upload stands at the closed gate.
    pub async fn upload_waits(&self) {
        let mut waiting = self.state.uploads.waiting.subscribe();
        super::within("an upload begins", waiting.wait_for(|count| *count > 0))
            .await
            .unwrap();
    }

    /// Documents, bytes of all uploads, bytes of the largest.
    pub fn received(&self, uid: &str) -> (u64, u64, u64) {
        let indexes = self.state.indexes.lock().unwrap();
        let index = indexes.get(uid).unwrap_or_else(|| panic!("no index {uid}"));
        (index.ids.len() as u64, index.bytes, index.largest_upload)
    }

    /// Documents in all indexes but the program's records.
    pub fn received_of_all(&self) -> u64 {
        let indexes = self.state.indexes.lock().unwrap();
        let others = indexes
            .iter()
            .filter(|(uid, _)| *uid != super::scene::CHECKPOINTS);
        others.map(|(_, index)| index.ids.len() as u64).sum()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(state: &State, mut client: Stream) {
    while let Ok(Some(head)) = Head::read(&mut client).await {
        let Ok(answer) = answer(state, &mut client, &head).await else {
            return;
        };
        if answer.send(&mut client).await.is_err() {
            return;
        }
    }
}

async fn answer(state: &State, client: &mut Stream, head: &Head) -> io::Result<Canned> {
    let path = head.path().trim_matches('/').to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    if let ("POST" | "PUT", ["indexes", uid, "documents"]) = (head.method(), parts.as_slice()) {
        take(state, client, head, uid).await?;
        return Ok(state.task());
    }
    let body = Body::of_request(head).collect(client).await?;
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    Ok(match (head.method(), parts.as_slice()) {
        ("GET", ["health"]) => Canned::json(200, &json!({"status": "available"})),
        ("GET", ["version"]) => {
            Canned::json(200, &json!({"pkgVersion": "1.50.0", "commitSha": "stand-in", "commitDate": "unknown"}))
        }
        ("GET", ["indexes"]) => state.list(),
        ("POST", ["indexes"]) => state.create(body["uid"].as_str().unwrap_or_default()),
        ("GET", ["indexes", uid]) => state.with(uid, |index| index_json(uid, index)),
        ("DELETE", ["indexes", uid]) => {
            state.indexes.lock().unwrap().remove(*uid);
            state.task()
        }
        ("GET", ["indexes", uid, "settings"]) => state.with(uid, |index| Value::Object(index.settings.clone())),
        ("PATCH", ["indexes", uid, "settings"]) => {
            if let (Some(index), Value::Object(patch)) = (state.indexes.lock().unwrap().get_mut(*uid), body) {
                index.settings.extend(patch);
            }
            state.task()
        }
        ("POST", ["indexes", uid, "documents", "fetch"]) if state.keeps && *uid != super::scene::CHECKPOINTS => {
            match state.indexes.lock().unwrap().get(*uid) {
                Some(index) => index.kept.page(&body),
                None => not_found("index_not_found"),
            }
        }
        ("GET", ["indexes", uid, "documents"]) | ("POST", ["indexes", uid, "documents", "fetch"]) => {
            state.with(uid, |index| {
                let results: Vec<&Value> = index.documents.values().collect();
                json!({"results": results, "offset": 0, "limit": 1000, "total": index.ids.len()})
            })
        }
        ("GET", ["indexes", uid, "documents", id]) => {
            let indexes = state.indexes.lock().unwrap();
            match indexes.get(*uid).and_then(|index| index.documents.get(*id)) {
                Some(document) => Canned::json(200, document),
                None => not_found("document_not_found"),
            }
        }
        ("POST", ["indexes", uid, "documents", "delete-batch"]) => {
            if let Some(index) = state.indexes.lock().unwrap().get_mut(*uid) {
                for id in body.as_array().into_iter().flatten() {
                    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
                    index.ids.remove(&id);
                    index.documents.remove(&id);
                    index.kept.remove(&id);
                }
            }
            state.task()
        }
        ("POST", ["indexes", _, "search"]) => {
            Canned::json(200, &json!({"hits": [{"id": 1}], "estimatedTotalHits": 1, "query": "", "limit": 20, "offset": 0}))
        }
        ("GET", ["indexes", uid, "stats"]) => state.with(uid, |index| {
            json!({"numberOfDocuments": index.ids.len(), "isIndexing": false, "fieldDistribution": {"id": index.ids.len()}})
        }),
        ("GET", ["stats"]) => Canned::json(200, &json!({"databaseSize": 0, "lastUpdate": null, "indexes": {}})),
        ("GET", ["tasks"]) => {
            let uids = query(head, "uids").unwrap_or_default();
            let tasks: Vec<Value> = uids.split("%2C").flat_map(|part| part.split(',')).filter_map(|uid| uid.parse().ok()).map(ended).collect();
            Canned::json(200, &json!({"results": tasks, "total": tasks.len(), "limit": 1000, "from": null, "next": null}))
        }
        ("GET", ["tasks", uid]) => Canned::json(200, &ended(uid.parse().unwrap_or_default())),
        ("POST", ["tasks", "cancel"]) => state.task(),
        ("GET", ["batches"]) => {
            Canned::json(200, &json!({"results": [], "total": 0, "limit": 20, "from": null, "next": null}))
        }
        ("POST", ["swap-indexes"]) => {
            let mut indexes = state.indexes.lock().unwrap();
            for pair in body.as_array().into_iter().flatten() {
                let (Some(a), Some(b)) = (pair["indexes"][0].as_str(), pair["indexes"][1].as_str()) else { continue };
                let (left, right) = (indexes.remove(a), indexes.remove(b));
                indexes.extend(right.map(|index| (a.to_owned(), index)));
                indexes.extend(left.map(|index| (b.to_owned(), index)));
            }
            drop(indexes);
            state.task()
        }
        (method, _) => {
            let message = format!("the stand-in has no {method} /{path}");
            Canned::json(404, &json!({"message": message, "code": "not_found", "type": "invalid_request", "link": ""}))
        }
    })
}

/// Reads an upload to its end, and keeps no more of it than its ids.
async fn take(state: &State, client: &mut Stream, head: &Head, uid: &str) -> io::Result<()> {
    let keep = uid == super::scene::CHECKPOINTS;
    if !keep {
        state.uploads.waiting.send_modify(|count| *count += 1);
        let _ = state.uploads.open.subscribe().wait_for(|open| *open).await;
        state.uploads.waiting.send_modify(|count| *count -= 1);
    }
    let mut body = Body::of_request(head);
    let mut ids = Vec::new();
    let mut lines = Vec::new();
    let mut documents = HashMap::new();
    let mut bytes = 0;
    let mut line = Vec::new();
    while let Some(piece) = body.next(client).await? {
        bytes += piece.len() as u64;
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                ids.push(note(&line, keep, &mut documents));
                if state.keeps {
                    lines.push(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
                }
                line.clear();
            }
        }
    }
    if !line.is_empty() {
        match serde_json::from_slice(&line) {
            Ok(Value::Array(array)) => {
                for document in array {
                    let document = document.to_string();
                    ids.push(note(document.as_bytes(), keep, &mut documents));
                }
            }
            _ => ids.push(note(&line, keep, &mut documents)),
        }
    }
    let mut indexes = state.indexes.lock().unwrap();
    let index = indexes.entry(uid.to_owned()).or_default();
    for (id, line) in ids.iter().zip(lines) {
        index.kept.put(id.clone(), line);
    }
    index.ids.extend(ids);
    for (id, document) in documents {
        // Merged, as a PUT is; what is kept comes by no other way.
        match (index.documents.get_mut(&id), document) {
            (Some(Value::Object(kept)), Value::Object(part)) => kept.extend(part),
            (_, document) => {
                index.documents.insert(id, document);
            }
        }
    }
    index.bytes += bytes;
    index.largest_upload = index.largest_upload.max(bytes);
    Ok(())
}

fn id_of(line: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Identified {
        id: Value,
    }
    let document: Identified =
        serde_json::from_slice(line).unwrap_or(Identified { id: Value::Null });
    let id = document.id.as_str();
    id.map_or_else(|| document.id.to_string(), str::to_owned)
}

fn note(line: &[u8], keep: bool, documents: &mut HashMap<String, Value>) -> String {
    let id = id_of(line);
    if keep && let Ok(whole) = serde_json::from_slice(line) {
        documents.insert(id.clone(), whole);
    }
    id
}

fn query(head: &Head, name: &str) -> Option<String> {
    let (_, query) = head.target().split_once('?')?;
    query
        .split('&')
        .find_map(|part| part.strip_prefix(&format!("{name}=")))
        .map(str::to_owned)
}

fn not_found(code: &str) -> Canned {
    Canned::json(
        404,
        &json!({"message": "not found", "code": code, "type": "invalid_request", "link": ""}),
    )
}

fn ended(uid: u64) -> Value {
    json!({
        "uid": uid, "batchUid": uid, "indexUid": null, "status": "succeeded", "type": "documentAdditionOrUpdate",
        "canceledBy": null, "details": {}, "error": null, "duration": "PT0S", "enqueuedAt": "2026-01-01T00:00:00Z",
        "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:00Z",
    })
}

fn index_json(uid: &str, index: &Index) -> Value {
    json!({"uid": uid, "createdAt": index.created_at, "updatedAt": index.created_at, "primaryKey": "id"})
}

impl State {
    fn task(&self) -> Canned {
        let mut tasks = self.tasks.lock().unwrap();
        *tasks += 1;
        let uid = *tasks;
        Canned::json(
            202,
            &json!({"taskUid": uid, "indexUid": null, "status": "enqueued", "type": "documentAdditionOrUpdate", "enqueuedAt": "2026-01-01T00:00:00Z"}),
        )
    }

    fn create(&self, uid: &str) -> Canned {
        let mut indexes = self.indexes.lock().unwrap();
        let created_at = format!("2026-01-01T00:00:00.{:09}Z", *self.tasks.lock().unwrap());
        let settings = default_settings();
        indexes.entry(uid.to_owned()).or_insert(Index {
            created_at,
            settings,
            ..Index::default()
        });
        drop(indexes);
        self.task()
    }

    fn list(&self) -> Canned {
        let indexes = self.indexes.lock().unwrap();
        let results: Vec<Value> = indexes
            .iter()
            .map(|(uid, index)| index_json(uid, index))
            .collect();
        Canned::json(
            200,
            &json!({"results": results, "offset": 0, "limit": 1000, "total": results.len()}),
        )
    }

    fn with(&self, uid: &str, say: impl FnOnce(&Index) -> Value) -> Canned {
        match self.indexes.lock().unwrap().get(uid) {
            Some(index) => Canned::json(200, &say(index)),
            None => not_found("index_not_found"),
        }
    }
}

fn default_settings() -> Map<String, Value> {
    let settings = json!({
        "displayedAttributes": ["*"], "searchableAttributes": ["*"], "filterableAttributes": [], "sortableAttributes": [],
        "rankingRules": ["words", "typo", "proximity", "attribute", "sort", "exactness"], "stopWords": [],
        "nonSeparatorTokens": [], "separatorTokens": [], "dictionary": [], "synonyms": {}, "distinctAttribute": null,
        "proximityPrecision": "byWord", "faceting": {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}},
        "pagination": {"maxTotalHits": 1000}, "embedders": {}, "searchCutoffMs": null, "localizedAttributes": null,
        "facetSearch": true, "prefixSearch": "indexingTime",
        "typoTolerance": {"enabled": true, "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9}, "disableOnWords": [],
                          "disableOnAttributes": [], "disableOnNumbers": false},
    });
    settings.as_object().unwrap().clone()
}
