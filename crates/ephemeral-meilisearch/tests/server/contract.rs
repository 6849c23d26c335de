//! Everything that was recorded from real servers, asked again of this one.
//!
//! Each line of a recording in `contract/` is sent in its order. Status, error code, task status and type, and the names
//! and types of all fields must be equal; so must values, but for those that differ between any two runs. What is known to
//! differ is in [`DIFFERENCES`], each with its reason, and a difference that has gone is an error too.

use std::collections::{BTreeMap, BTreeSet};

use crate::exchange::{Asker, name, recorded};
use crate::support::Client;
use ephemeral_meilisearch::{Config, Like, Server};
use serde_json::Value;

const MASTER_KEY: &str = "a master key for the contract";

/// An exchange that is known to differ, and why.
struct Difference {
    /// Which recording; `None` is all.
    version: Option<&'static str>,
    /// The exchange's name.
    name: &'static str,
    /// Where in the answer.
    at: &'static str,
    /// What holds there all the same.
    instead: Instead,
    reason: &'static str,
}

/// What is compared in the place of what is known to differ.
enum Instead {
    /// Nothing: these are words for people.
    Nothing,
    /// Both are lists of the same things, in another order.
    SameSet,
    /// Both are lists of as many things.
    SameLength,
    /// Both are words, the answer's in the form in which they are searched for.
    SameWords,
    /// This server answers with these values, at these places below.
    These(&'static [(&'static str, &'static str)]),
}

impl Instead {
    /// Why it does not hold.
    fn broken(&self, recorded: &Value, answer: &Value) -> Option<String> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let sorted = |value: &Value| {
            let mut all: Vec<String> = list(value).iter().map(Value::to_string).collect();
            all.sort();
            all
        };
        let holds = match self {
            Instead::Nothing => recorded.is_string() && answer.is_string(),
            Instead::SameSet => sorted(recorded) == sorted(answer),
            Instead::SameLength => list(recorded).len() == list(answer).len(),
            Instead::SameWords => {
                let strings = |value: &Value| list(value).iter().all(Value::is_string);
                strings(answer) && list(recorded).len() == list(answer).len()
            }
            Instead::These(values) => values.iter().all(|(place, expected)| {
                answer.pointer(place).map(Value::to_string).as_deref() == Some(*expected)
            }),
        };
        (!holds).then(|| format!("{recorded} became {answer}, which is not even what was expected"))
    }
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        version: Some("v1.50.0"),
        name: "search, a filter on an attribute that is not filterable",
        at: "message",
        instead: Instead::Nothing,
        reason: "the newest engine says where in the filter in other words",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "settings afterwards",
        at: "stopWords",
        instead: Instead::SameWords,
        reason: "newer engines keep stop words as they are searched for, old ones as they were sent",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "settings came along",
        at: "stopWords",
        instead: Instead::SameWords,
        reason: "the same",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "documents, page",
        at: "results",
        instead: Instead::SameLength,
        reason: "in 1.5's engine a document that changes moves to the end of the list; in the newer engine it stays",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "documents, ids only",
        at: "results",
        instead: Instead::SameSet,
        reason: "the same",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "documents, fetch with filter",
        at: "results",
        instead: Instead::SameSet,
        reason: "the same",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "delete documents / its task",
        at: "details.deletedDocuments",
        instead: Instead::These(&[("", "1")]),
        reason: "1.5 counts an id that does not exist, if documents were deleted before",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "an id of 512 bytes / its task",
        at: "",
        instead: Instead::These(&[
            ("/status", "\"failed\""),
            ("/error/code", "\"invalid_document_id\""),
            ("/details/indexedDocuments", "0"),
        ]),
        reason: "the newer engine refuses ids of more than 511 bytes, 1.5 takes them",
    },
    Difference {
        version: Some("v1.5.1"),
        name: "delete all documents / its task",
        at: "details.deletedDocuments",
        instead: Instead::These(&[("", "6")]),
        reason: "that document is not there to be deleted",
    },
    Difference {
        version: Some("v1.50.0-more"),
        name: "search: sort by two",
        at: "message",
        instead: Instead::Nothing,
        reason: "the newest server names the index in front",
    },
    Difference {
        version: Some("v1.50.0-more"),
        name: "search: sort by what is not sortable",
        at: "message",
        instead: Instead::Nothing,
        reason: "the same",
    },
    Difference {
        version: Some("v1.50.0-more"),
        name: "search: a facet that is none",
        at: "message",
        instead: Instead::Nothing,
        reason: "the newest engine says it in other words",
    },
    Difference {
        version: Some("v1.50.0-more"),
        name: "search: in an attribute that is not searched",
        at: "message",
        instead: Instead::Nothing,
        reason: "the newest server names the index in front",
    },
    Difference {
        version: Some("v1.50.0-more"),
        name: "search: an unknown parameter",
        at: "message",
        instead: Instead::Nothing,
        reason: "the newest server lists its parameters in another order",
    },
    Difference {
        version: Some("v1.50.0-more"),
        name: "a key with an action that is none",
        at: "message",
        instead: Instead::Nothing,
        reason: "the newest server proposes the nearest action",
    },
    Difference {
        version: Some("v1.50.0-more"),
        name: "with that key, which may look: version",
        at: "commitSha",
        instead: Instead::These(&[("", "\"unknown\"")]),
        reason: "a build of the real server knows its commit",
    },
    Difference {
        version: Some("v1.50.0-more"),
        name: "with that key, which may look: version",
        at: "commitDate",
        instead: Instead::These(&[("", "\"unknown\"")]),
        reason: "a build of the real server knows its commit",
    },
    Difference {
        version: Some("v1.15.2"),
        name: "version",
        at: "commitSha",
        instead: Instead::These(&[("", "\"unknown\"")]),
        reason: "a build of the real server knows its commit",
    },
    Difference {
        version: Some("v1.15.2"),
        name: "version",
        at: "commitDate",
        instead: Instead::These(&[("", "\"unknown\"")]),
        reason: "a build of the real server knows its commit",
    },
    Difference {
        version: Some("v1.15.2"),
        name: "settings afterwards",
        at: "stopWords",
        instead: Instead::SameWords,
        reason: "newer engines keep stop words as they are searched for, old ones as they were sent",
    },
    Difference {
        version: Some("v1.15.2"),
        name: "settings came along",
        at: "stopWords",
        instead: Instead::SameWords,
        reason: "the same",
    },
    Difference {
        version: Some("v1.15.2-more"),
        name: "search: where it matches",
        at: "hits.0._matchesPosition.title",
        instead: Instead::These(&[("", "null")]),
        reason: "this engine guesses that so short a text is Persian, as 1.21 is the first to do",
    },
    Difference {
        version: Some("v1.15.2-more"),
        name: "search: in one attribute",
        at: "hits",
        instead: Instead::These(&[("", "[]")]),
        reason: "the same",
    },
    Difference {
        version: Some("v1.15.2-more"),
        name: "search: in one attribute",
        at: "estimatedTotalHits",
        instead: Instead::These(&[("", "0")]),
        reason: "the same",
    },
    Difference {
        version: Some("v1.15.2-more"),
        name: "with that key, which may look: version",
        at: "commitSha",
        instead: Instead::These(&[("", "\"unknown\"")]),
        reason: "a build of the real server knows its commit",
    },
    Difference {
        version: Some("v1.15.2-more"),
        name: "with that key, which may look: version",
        at: "commitDate",
        instead: Instead::These(&[("", "\"unknown\"")]),
        reason: "a build of the real server knows its commit",
    },
    Difference {
        version: Some("v1.5.1-more"),
        name: "search: a word that is excluded",
        at: "hits",
        instead: Instead::These(&[("/0/id", "6"), ("/1/id", "2")]),
        reason: "1.5 knows no words that are excluded",
    },
    Difference {
        version: Some("v1.5.1-more"),
        name: "search: a word that is excluded",
        at: "estimatedTotalHits",
        instead: Instead::These(&[("", "2")]),
        reason: "the same",
    },
    Difference {
        version: Some("v1.5.1-more"),
        name: "search: facets",
        at: "facetDistribution",
        instead: Instead::These(&[("/author/Ghassan", "2"), ("/year/1958", "1")]),
        reason: "1.5 stops counting when it has seen as many texts as are shown, and shows all numbers",
    },
    Difference {
        version: Some("v1.5.1-more"),
        name: "search: all facets",
        at: "facetDistribution",
        instead: Instead::These(&[("/author/Ghassan", "2"), ("/tags/city", "1")]),
        reason: "the same",
    },
    Difference {
        version: Some("v1.5.1-more"),
        name: "search by GET: filter, sort and facets",
        at: "facetDistribution",
        instead: Instead::These(&[("/author/محمود", "2")]),
        reason: "the same",
    },
    Difference {
        version: Some("v1.5.1-more"),
        name: "search: where it matches",
        at: "hits.0._matchesPosition",
        instead: Instead::These(&[("/title/0/length", "8"), ("/body/0/length", "8")]),
        reason: "1.5 counts letters where newer engines count bytes",
    },
    Difference {
        version: Some("v1.5.1-more"),
        name: "with that key, which may look: version",
        at: "commitSha",
        instead: Instead::These(&[("", "\"unknown\"")]),
        reason: "a build of the real server knows its commit",
    },
    Difference {
        version: Some("v1.5.1-more"),
        name: "with that key, which may look: version",
        at: "commitDate",
        instead: Instead::These(&[("", "\"unknown\"")]),
        reason: "a build of the real server knows its commit",
    },
];

/// Values that no two runs have in common. Their types are compared all the same.
const VOLATILE: [&str; 14] = [
    "avgDocumentSize",
    "enqueuedAt",
    "startedAt",
    "finishedAt",
    "duration",
    "createdAt",
    "updatedAt",
    "lastUpdate",
    "databaseSize",
    "usedDatabaseSize",
    "processingTimeMs",
    "requestUid",
    "key",
    "progressTrace",
];

#[test]
fn a_real_1_50_is_answered_like() {
    replay("v1.50.0", Like::NEWEST);
}

#[test]
fn searches_and_keys_of_a_real_1_50_are_answered_like() {
    replay("v1.50.0-more", Like::NEWEST);
}

#[test]
fn a_real_1_15_is_answered_like() {
    replay("v1.15.2", "1.15".parse().expect("a version"));
}

#[test]
fn searches_and_keys_of_a_real_1_15_are_answered_like() {
    replay("v1.15.2-more", "1.15".parse().expect("a version"));
}

#[test]
fn a_real_1_5_is_answered_like() {
    replay("v1.5.1", Like::OLDEST);
}

#[test]
fn searches_and_keys_of_a_real_1_5_are_answered_like() {
    replay("v1.5.1-more", Like::OLDEST);
}

fn replay(version: &str, like: Like) {
    let path = format!("{}/contract/{version}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let recording = std::fs::read_to_string(path).expect("the recording is there");
    let config = Config {
        master_key: Some(MASTER_KEY.into()),
        payload_limit: 2 << 20,
        like,
        ..Config::default()
    };
    let server = Server::start(config).expect("the server starts");
    let mut asker = Asker::new(Client::new(server.address()).with_key(MASTER_KEY));

    let mut failures = Vec::new();
    let mut names = BTreeSet::new();
    let mut used = BTreeSet::new();
    let mut equal = 0;
    for line in recording.lines() {
        let exchange: Value = serde_json::from_str(line).expect("a line of JSON");
        let name = name(&exchange);
        names.insert(name.to_owned());
        // The real server was slow enough for tasks to pile up; this one is asked to be.
        match name {
            "one of several in a row" => server.hold_tasks(),
            "cancel what is enqueued / its task" => server.release_tasks(),
            _ => {}
        }
        let answer = asker.ask(&exchange);

        let known: Vec<(usize, &Difference)> = DIFFERENCES
            .iter()
            .enumerate()
            .filter(|(_, known)| {
                known.name == name && known.version.is_none_or(|only| only == version)
            })
            .collect();
        let mut differences = Vec::new();
        let recorded = &exchange["response"];
        if recorded["status"] != answer.status {
            differences.push((
                "status".to_owned(),
                format!("{} became {}", recorded["status"], answer.status),
            ));
        }
        compare(&recorded["body"], &answer.body, "", &mut differences);
        let before = failures.len();
        let mut expected = false;
        for (at, what) in differences {
            // Codes are what programs read. The words of the newest version are kept, those of old ones are not.
            if like != Like::NEWEST && at.ends_with("message") {
                continue;
            }
            match known.iter().find(|(_, known)| at.starts_with(known.at)) {
                Some((index, known)) => {
                    expected = true;
                    if used.insert(*index) {
                        let place = known.at.split('.').filter(|part| !part.is_empty());
                        let place: String = place.map(|part| format!("/{part}")).collect();
                        let there =
                            |body: &Value| body.pointer(&place).cloned().unwrap_or_default();
                        let broken = known
                            .instead
                            .broken(&there(&recorded["body"]), &there(&answer.body));
                        failures.extend(broken.map(|what| format!("{name}: at `{at}`, {what}")));
                    }
                }
                None => failures.push(format!("{name}: at `{at}`, {what}")),
            }
        }
        if failures.len() == before && !expected {
            equal += 1;
        }
    }
    for (index, known) in DIFFERENCES.iter().enumerate() {
        let is_asked =
            known.version.is_none_or(|only| only == version) && names.contains(known.name);
        if is_asked && !used.contains(&index) {
            failures.push(format!(
                "{}: differs no more at `{}` ({})",
                known.name, known.at, known.reason
            ));
        }
    }
    println!(
        "{version}: {equal} of {} exchanges are equal",
        recording.lines().count()
    );
    assert!(
        failures.is_empty(),
        "{version}, {equal} equal:\n{}",
        failures.join("\n")
    );
}

/// How a date, a duration, a uid or a key is written, whatever it is: a digit is a digit, and how many there are matters but
/// for the parts of a second, of which as many are written as are needed.
fn form(text: &str) -> String {
    let mut form = String::new();
    let is_duration = text.starts_with("PT");
    let mut after_the_point = false;
    for letter in text.chars() {
        let letter = match letter {
            '0'..='9' => '0',
            'a'..='f' if text.len() > 30 => '0', // hexadecimal
            other => other,
        };
        let repeated = letter == '0' && form.ends_with('0');
        if !(repeated && (is_duration || after_the_point)) {
            form.push(letter);
        }
        after_the_point = letter == '.' || (after_the_point && letter == '0');
    }
    form
}

/// Lists where two answers differ.
fn compare(recorded: &Value, answer: &Value, at: &str, differences: &mut Vec<(String, String)>) {
    let last = at.rsplit('.').next().unwrap_or_default();
    match (recorded, answer) {
        // How long each step took, under names that change with every version.
        (Value::Object(_), Value::Object(_)) if last == "progressTrace" => {}
        (Value::Object(recorded), Value::Object(answer)) => {
            let names: BTreeSet<&String> = recorded.keys().chain(answer.keys()).collect();
            for name in names {
                let at = if at.is_empty() {
                    name.clone()
                } else {
                    format!("{at}.{name}")
                };
                match (recorded.get(name), answer.get(name)) {
                    (Some(recorded), Some(answer)) => compare(recorded, answer, &at, differences),
                    (Some(_), None) => differences.push((at, "the field is missing".into())),
                    (None, _) => differences.push((at, "the field is new".into())),
                }
            }
        }
        (Value::Array(_), Value::Array(_)) if VOLATILE.contains(&last) => {}
        (Value::Array(recorded), Value::Array(answer)) => {
            if recorded.len() != answer.len() {
                differences.push((
                    at.to_owned(),
                    format!("{} items became {}", recorded.len(), answer.len()),
                ));
            }
            for (index, (recorded, answer)) in recorded.iter().zip(answer).enumerate() {
                compare(recorded, answer, &format!("{at}.{index}"), differences);
            }
        }
        (Value::String(recorded), Value::String(answer)) if VOLATILE.contains(&last) => {
            if form(recorded) != form(answer) {
                let what = format!("{recorded} became {answer}, which is written in another form");
                differences.push((at.to_owned(), what));
            }
        }
        (Value::Number(_), Value::Number(_)) if VOLATILE.contains(&last) => {}
        (recorded, answer) if recorded == answer => {}
        (recorded, answer) => {
            differences.push((at.to_owned(), format!("{recorded} became {answer}")))
        }
    }
}

/// Makes a recording of a server that is running, which must be a fresh one with this master key:
///
/// ```console
/// $ meilisearch --master-key "$KEY" --http-payload-size-limit 2MiB --http-addr 127.0.0.1:7700 &
/// $ RECORD_HOST=127.0.0.1:7700 RECORD_KEY=$KEY RECORD_REQUESTS=contract/more-requests.jsonl RECORD_TO=contract/v1.60.0-more.jsonl \
///       cargo test -p ephemeral-meilisearch --test server -- --ignored records_a_running_server
/// ```
///
/// The requests are lines of a recording; their answers, if they have any, are replaced. A task is asked for under the uid that
/// this server has given it, and not at all where it has made none.
#[test]
#[ignore = "asks a real server"]
fn records_a_running_server() {
    let set = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let address = set("RECORD_HOST")
        .parse()
        .expect("an address like 127.0.0.1:7700");
    let mut asker = Asker::new(Client::new(address).with_key(&set("RECORD_KEY")));
    let requests = std::fs::read_to_string(set("RECORD_REQUESTS")).expect("a file of requests");
    let mut recording = String::new();
    // By the uid of each task at the server that the requests were recorded from.
    let mut tasks: BTreeMap<u64, Option<u64>> = BTreeMap::new();
    for line in requests.lines() {
        let mut exchange: Value = serde_json::from_str(line).expect("a line of JSON");
        let path = exchange["request"]["path"].as_str().expect("a path");
        let asked = path
            .strip_prefix("/tasks/")
            .and_then(|task| task.parse().ok());
        match asked.and_then(|task: u64| tasks.get(&task)) {
            Some(Some(task)) => exchange["request"]["path"] = format!("/tasks/{task}").into(),
            Some(None) => continue,
            None => {}
        }
        let answer = asker.ask(&exchange);
        if let Some(task) = exchange["response"]["body"]["taskUid"].as_u64() {
            tasks.insert(task, answer.body["taskUid"].as_u64());
        }
        recording += &recorded(&exchange, &answer).to_string();
        recording.push('\n');
    }
    std::fs::write(set("RECORD_TO"), recording).expect("the recording is written");
}
