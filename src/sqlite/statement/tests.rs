use super::*;
use crate::sqlite::testing::{Scene, listing, rows};
use crate::sqlite::{Argument, DatabaseError};

const SCHEMA: &str = "CREATE TABLE articles(id INTEGER PRIMARY KEY, title varchar, at datetime(6));
    CREATE VIEW titles AS SELECT id, title AS t, \"no column\" AS quoted FROM articles;
    INSERT INTO articles VALUES (1, 'a', '2025-01-01')";

async fn inspect(sql: &str) -> Result<Statement, DatabaseError> {
    let scene = Scene::new(SCHEMA);
    let mut connection = scene.database().connect().await.unwrap();
    let inspected = connection.inspect(sql).await;
    connection.close().await.unwrap();
    scene.database();
    inspected
}

async fn refused(sql: &str) -> StatementError {
    match inspect(sql).await.unwrap_err() {
        DatabaseError::Statement(error) => error,
        other => panic!("{sql}: {other:?}"),
    }
}

#[tokio::test]
async fn a_select_tells_its_columns_and_parameters() {
    let sql = "-- documents\nSELECT id, title AS \"body:html\", at, id + 1 AS n FROM articles WHERE at >= :since \
               AND :since < ?; -- end";
    let statement = inspect(sql).await.unwrap();
    assert_eq!(statement.columns, ["id", "body:html", "at", "n"]);
    assert_eq!(statement.parameters, [":since", "?"]);
    let declared: Vec<_> = statement
        .origins
        .iter()
        .map(|origin| origin.declared_type.as_deref())
        .collect();
    assert_eq!(
        declared,
        [Some("INTEGER"), Some("varchar"), Some("datetime(6)"), None]
    );
    assert_eq!(statement.origins[1].table.as_deref(), Some("articles"));
    assert_eq!(statement.origins[1].column.as_deref(), Some("title"));
    assert_eq!(statement.origins[3], Origin::default());
}

#[tokio::test]
async fn every_reading_form_is_accepted() {
    for sql in [
        "SELECT 1",
        " /* c */ select 1 ; ; -- x",
        "WITH a AS (SELECT 1 AS id) SELECT * FROM a",
        "VALUES (1, 2)",
        "SELECT ';' UNION ALL SELECT '--'",
        "SELECT 'load_extension(1)' -- load_extension(2)",
        "SELECT name FROM pragma_table_info('articles')",
        "SELECT t FROM titles;\n\n/* closed */\n;",
    ] {
        assert!(inspect(sql).await.is_ok(), "{sql}");
    }
}

#[tokio::test]
async fn what_is_not_one_reading_statement_is_refused() {
    for sql in ["", "  \n", "-- only a comment", ";", "/* open"] {
        assert_eq!(refused(sql).await, StatementError::Nothing, "{sql:?}");
    }
    for sql in [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE articles",
        "SELECT 1; nonsense",
        "SELECT 1; -- x\n; DELETE FROM articles",
    ] {
        assert!(
            matches!(refused(sql).await, StatementError::Several { .. }),
            "{sql}"
        );
    }
    for (sql, word) in [
        ("DELETE FROM articles", "DELETE"),
        ("pragma query_only = OFF", "PRAGMA"),
        ("ATTACH 'x' AS y", "ATTACH"),
        ("BEGIN", "BEGIN"),
        ("VACUUM INTO 'x'", "VACUUM"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("(SELECT 1)", "("),
    ] {
        assert_eq!(
            refused(sql).await,
            StatementError::NotASelect {
                first: word.to_owned()
            },
            "{sql}"
        );
    }
    let delete = "WITH a AS (SELECT 1) DELETE FROM articles WHERE id IN a RETURNING id";
    assert_eq!(refused(delete).await, StatementError::Writes);
    assert_eq!(
        refused("SELECT load_extension('x')").await,
        StatementError::LoadsExtension
    );
    assert_eq!(refused("SELECT 1 \0 FROM x").await, StatementError::Nul);
}

#[tokio::test]
async fn sqlites_own_message_and_the_place_are_shown() {
    let StatementError::Sql { message, at } =
        refused("SELECT id,\n  'غزة', titel FROM articles").await
    else {
        panic!("a misspelt column");
    };
    assert_eq!(message, "no such column: titel");
    assert_eq!(at, Some((2, 10)));
    let error = refused("SELEC 1").await;
    assert_eq!(
        error,
        StatementError::NotASelect {
            first: "SELEC".into()
        }
    );
    let error = refused("SELECT id FROM article").await;
    assert!(
        error.to_string().contains("no such table: article"),
        "{error}"
    );
    let error = refused("SELECT id FROM articles WHERE").await;
    assert!(error.to_string().contains("incomplete input"), "{error}");
}

#[tokio::test]
async fn a_misspelt_column_in_double_quotes_is_no_text() {
    let error = refused("SELECT \"titel\" FROM articles").await;
    assert!(error.to_string().contains("no such column"), "{error}");
    // A view that was made with the old habit goes on working: it is the application's, not the definition's.
    let scene = Scene::new(SCHEMA);
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    assert_eq!(
        rows(&mut snapshot, "SELECT quoted FROM titles", vec![])
            .await
            .unwrap(),
        [["'no column'"]]
    );
}

#[tokio::test]
async fn looking_runs_nothing() {
    let scene = Scene::new(SCHEMA);
    let mut connection = scene.database().connect().await.unwrap();
    let before = listing(scene.folder());
    let endless =
        "WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM x) SELECT count(*) FROM x";
    assert!(connection.inspect(endless).await.is_ok());
    let _ = connection
        .inspect("SELECT 1; INSERT INTO articles(id) VALUES (2)")
        .await;
    assert_eq!(listing(scene.folder()), before);
    let mut snapshot = connection.snapshot().await.unwrap();
    assert_eq!(snapshot.count("SELECT * FROM articles").await.unwrap(), 1);
}

#[tokio::test]
async fn extensions_cannot_be_loaded_past_the_check_either() {
    let scene = Scene::new(SCHEMA);
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    let loaded = rows(
        &mut snapshot,
        "SELECT load_extension(?)",
        vec![Argument::Text("x".into())],
    )
    .await;
    assert!(loaded.unwrap_err().to_string().contains("not authorized"));
}
