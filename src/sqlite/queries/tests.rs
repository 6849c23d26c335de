use super::*;
use crate::sqlite::testing::{Scene, rows};
use crate::sqlite::{Argument, DatabaseError};
use proptest::prelude::*;

/// The shape of Bisan's documents.sql.
const BISAN: &str =
    "SELECT a.id, a.title, a.body AS \"body:html\", n.name AS author_name, a.updated_at
    FROM articles AS a LEFT JOIN authors AS n ON n.id = a.author_id";

fn scene() -> Scene {
    Scene::new(
        "CREATE TABLE authors(id INTEGER PRIMARY KEY AUTOINCREMENT, name varchar, updated_at datetime(6));
         CREATE TABLE articles(id INTEGER PRIMARY KEY AUTOINCREMENT, title varchar, body text, author_id integer,
                               updated_at datetime(6));
         CREATE TABLE tags(article_id INTEGER, tag TEXT); CREATE INDEX by_article ON tags(article_id);
         CREATE TABLE keyed(id varchar PRIMARY KEY, v TEXT);
         CREATE TABLE loose(id, v);
         INSERT INTO authors VALUES (1, 'Unknown', '2025-01-01 00:00:00');
         INSERT INTO articles VALUES (1, 'a', '<p>', 1, '2025-01-01'), (2, 'b', '', 1, '2025-01-02'),
                                     (7, 'c', '', NULL, '2025-01-03'), (-5, 'd', '', 9, '2025-01-04');
         INSERT INTO tags VALUES (1, 'x'), (1, 'y'), (7, 'z');
         INSERT INTO keyed VALUES ('7', 'text'), ('07', 'other'), ('غ', 'word');
         INSERT INTO loose VALUES (7, 'number'), ('8', 'text'), (9, 'number');",
    )
}

async fn read(sql: &str, arguments: Vec<Argument>) -> Result<Vec<Vec<String>>, DatabaseError> {
    let scene = scene();
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    rows(&mut snapshot, sql, arguments).await
}

/// SQLite's plan for a statement with these indexes, a line for each step.
async fn plan_with(indexes: &str, sql: &str, arguments: Vec<Argument>) -> String {
    let scene = scene();
    scene.write(indexes);
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    let explain = format!("EXPLAIN QUERY PLAN {sql}");
    let steps = rows(&mut snapshot, &explain, arguments).await.unwrap();
    let steps: Vec<&str> = steps.iter().map(|step| step[3].as_str()).collect();
    steps.join("\n")
}

async fn ids(sql: &str, wanted: &[&str]) -> Vec<String> {
    let (sql, arguments) = ids_among(sql, wanted.iter().copied());
    let mut found: Vec<String> = read(&sql, arguments)
        .await
        .unwrap()
        .into_iter()
        .flatten()
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn a_statement_survives_being_wrapped() {
    for sql in [
        "SELECT id, title FROM articles",
        "SELECT id, title FROM articles;",
        "SELECT id, title FROM articles -- no line end",
        "SELECT id, title FROM articles; -- ;",
        "/* a */ SELECT id, ';--' AS title /* b */ FROM articles /* c; */ ; ;",
        "WITH x AS (SELECT * FROM articles) SELECT id, title FROM x ORDER BY title DESC;",
        "SELECT id, title FROM articles WHERE id > 1 UNION ALL SELECT id, title FROM articles WHERE id <= 1",
        "SELECT id, title FROM articles ORDER BY title LIMIT 100",
        "VALUES (1, 'a')",
        "SELECT id, title FROM articles GROUP BY id HAVING id <> 0 -- x\n;\n",
    ] {
        let sql = sql.replace(
            "VALUES (1, 'a')",
            "SELECT column1 AS id, column2 AS title FROM (VALUES (1, 'a'))",
        );
        let all = read(&sql, vec![]).await.unwrap();
        let ids = read(&ids_only(&sql), vec![]).await.unwrap();
        assert_eq!(ids.len(), all.len(), "{sql}");
        let counted = read(&count(&sql), vec![]).await.unwrap();
        assert_eq!(counted, [[all.len().to_string()]], "{sql}");
        let (one, arguments) = by_ids(&sql, ["1", "3", "nothing"]);
        let expected: Vec<_> = all.into_iter().filter(|row| row[0] == "1").collect();
        assert_eq!(read(&one, arguments).await.unwrap(), expected, "{sql}");
    }
}

#[tokio::test]
async fn columns_keep_their_names() {
    let scene = scene();
    let mut connection = scene.database().connect().await.unwrap();
    let plain = connection.inspect(BISAN).await.unwrap();
    let (sql, _) = by_ids(BISAN, ["1"]);
    assert_eq!(
        connection.inspect(&sql).await.unwrap().columns,
        plain.columns
    );
}

#[tokio::test]
async fn an_id_is_found_in_whatever_spelling_the_column_holds_it() {
    for (sql, wanted, found) in [
        ("id FROM articles", &["7", "-5", "3"][..], &["-5", "7"][..]),
        ("CAST(id AS TEXT) AS id FROM articles", &["7"], &["'7'"]),
        ("'a-' || id AS id FROM articles", &["a-7"], &["'a-7'"]),
        ("id || '' AS id FROM articles", &["7"], &["'7'"]),
        ("id + 0 AS id FROM articles", &["7"], &["7"]),
        ("id FROM keyed", &["7", "غ"], &["'7'", "'غ'"]),
        ("id FROM keyed", &["07"], &["'07'"]),
        ("id FROM loose", &["7", "8", "9", "10"], &["'8'", "7", "9"]),
    ] {
        assert_eq!(ids(&format!("SELECT {sql}"), wanted).await, found, "{sql}");
    }
}

#[tokio::test]
async fn no_ids_and_many_ids_are_asked_for_alike() {
    assert_eq!(ids(BISAN, &[]).await, Vec::<String>::new());
    let many: Vec<String> = (0..IDS_PER_READ).map(|id| id.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(ids(BISAN, &many).await, ["1", "2", "7"]);
}

#[tokio::test]
async fn reads_by_id_are_driven_by_the_ids() {
    let grouped = "SELECT a.id, group_concat(t.tag) AS tags FROM articles a
                   LEFT JOIN tags t ON t.article_id = a.id GROUP BY a.id";
    let with = "WITH n AS (SELECT * FROM authors) SELECT a.id, n.name FROM articles a LEFT JOIN n ON n.id = a.author_id";
    let union = "SELECT id, title FROM articles UNION ALL SELECT id, name FROM authors;";
    let ordered = "SELECT DISTINCT id, title FROM articles ORDER BY updated_at -- newest last";
    for sql in [BISAN, grouped, with, union, ordered] {
        for wanted in [vec!["1"], vec!["7"; IDS_PER_READ]] {
            let (sql, arguments) = by_ids(sql, wanted);
            let plan = read(&format!("EXPLAIN QUERY PLAN {sql}"), arguments)
                .await
                .unwrap();
            let plan: Vec<&str> = plan.iter().map(|row| row[3].as_str()).collect();
            let searched = plan
                .iter()
                .any(|step| step.contains("SEARCH") && step.contains("INTEGER PRIMARY KEY"));
            let scanned = plan.iter().any(|step| {
                ["SCAN a", "SCAN articles", "SCAN authors", "SCAN n"]
                    .iter()
                    .any(|scan| step.trim_matches('\'') == *scan)
            });
            assert!(searched && !scanned, "{plan:?}");
        }
    }
}

#[tokio::test]
async fn the_shipped_definitions_are_read_by_id_and_followed() {
    let scene = Scene::new(
        "CREATE TABLE authors(id INTEGER PRIMARY KEY AUTOINCREMENT, name, bio, avatar_url, social_links,
                              created_at, updated_at datetime(6), articles_count);
         CREATE TABLE articles(id INTEGER PRIMARY KEY AUTOINCREMENT, title, article_image, excerpt, category,
             publish_date, created_at, updated_at datetime(6), body, source_url, tags, author_id, source_id);
         CREATE INDEX by_author ON articles(author_id);
         INSERT INTO authors(id, name, updated_at) VALUES (1, 'a', '2025-02-01 00:00:00.000000');
         INSERT INTO articles(id, author_id, updated_at) VALUES (5, 1, '2025-01-01 00:00:00.000');",
    );
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    for definition in crate::catalog::built_in().unwrap() {
        for (sql, arguments) in [
            by_ids(&definition.documents_sql, ["5", "6"]),
            ids_among(&definition.documents_sql, ["5"]),
        ] {
            let explain = format!("EXPLAIN QUERY PLAN {sql}");
            let plan = rows(&mut snapshot, &explain, arguments).await.unwrap();
            let is_searched =
                ["SEARCH", "INTEGER PRIMARY KEY"].map(|word| plan[0][3].contains(word));
            assert_eq!(is_searched, [true, true], "{plan:?}");
            let is_scanned = plan.iter().any(|step| step[3].contains("SCAN"));
            assert!(!is_scanned, "{plan:?}");
        }
        let changes = changes(definition.changes_sql.as_deref().unwrap());
        let since = vec![Argument::Text("2025-01-15".into())];
        let changed = rows(&mut snapshot, &changes, since).await.unwrap();
        let id = if definition.name == "articles" {
            "5"
        } else {
            "1"
        };
        assert_eq!(
            changed,
            [[id, "'2025-02-01 00:00:00.000000'"]],
            "an author's change is the articles', too"
        );
    }
}

#[tokio::test]
async fn changes_are_read_by_name_with_the_bound_in_its_place() {
    let sql = "SELECT updated_at AS changed_at, 'x' AS other, id FROM articles WHERE updated_at >= :since
               UNION SELECT n.updated_at, '', a.id FROM authors n JOIN articles a ON a.author_id = n.id
               WHERE n.updated_at >= :since; -- both";
    let since = vec![Argument::Text("2025-01-03".into())];
    let mut found = read(&changes(sql), since).await.unwrap();
    found.sort();
    assert_eq!(found, [["-5", "'2025-01-04'"], ["7", "'2025-01-03'"]]);
    let error = read(&changes("SELECT id FROM articles"), vec![])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("changed_at"), "{error}");
}

#[tokio::test]
async fn a_column_that_mixes_numbers_and_texts_shows_a_row_of_each_at_its_ends() {
    let sql = "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since
               UNION ALL SELECT 40 + id, 1735689600 + id FROM articles WHERE id > :since; -- numbers";
    for (end, expected) in [
        (End::First, ["35", "1735689595"]),
        (End::Last, ["-5", "'2025-01-04'"]),
    ] {
        let everything = vec![Argument::Integer(i64::MIN)];
        let found = read(&change_at(end, sql), everything).await.unwrap();
        assert_eq!(found, [expected], "{end:?}");
    }
    let none = "SELECT id, NULL AS changed_at FROM articles UNION ALL SELECT 1, 2";
    let found = read(&without_timestamp(none), vec![]).await.unwrap();
    assert_eq!(found.len(), 4);
}

/// With an index, finding the ends of a million rows must not cost a pass over them.
#[tokio::test]
async fn the_ends_of_an_indexed_column_are_found_without_sorting_or_reading_it() {
    let sql = "SELECT id, updated_at AS changed_at FROM articles WHERE updated_at >= :since
               UNION ALL
               SELECT a.id, n.updated_at FROM authors n JOIN articles a ON a.author_id = n.id
               WHERE n.updated_at >= :since";
    for end in [End::First, End::Last] {
        let plan = plan_with(
            "CREATE INDEX changed_articles ON articles(updated_at);
             CREATE INDEX changed_authors ON authors(updated_at);
             CREATE INDEX of_author ON articles(author_id)",
            &change_at(end, sql),
            vec![Argument::Integer(i64::MIN)],
        )
        .await;
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        assert!(
            plan.contains("changed_articles") && plan.contains("changed_authors"),
            "{plan}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn comments_and_strings_anywhere_change_nothing(
        before in "( |\n|/\\* ;'\" \\*/|-- ;'\n){0,3}",
        text in "[a;'\"غ/*\n-]{0,8}",
        after in "( |\n|;|/\\* ;' \\*/|-- ;'\"\n){0,4}",
        end in "(|-- '|/\\* ;|;)",
    ) {
        let quoted = text.replace('\'', "''");
        let sql = format!("{before}SELECT id, '{quoted}' AS t FROM articles{after}{end}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (one, arguments) = by_ids(&sql, ["7"]);
        let found = runtime.block_on(read(&one, arguments)).unwrap();
        prop_assert_eq!(found, [["7".to_owned(), format!("'{text}'")]]);
    }
}
