//! The definitions that are compiled in, against a database with Bisan's schema.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use serde_json::{Map, Value as Json};

use super::*;
use crate::catalog::{IndexDefinition, built_in};
use crate::document::timestamp::{self, TimestampForm};
use crate::sqlite::testing::Scene;
use crate::sqlite::{Connection, queries};

/// Bisan's tables, with rows as its importers write them.
const BISAN: &str = r#"
CREATE TABLE authors (id integer PRIMARY KEY AUTOINCREMENT NOT NULL, name varchar NOT NULL, bio text,
  avatar_url varchar, social_links json DEFAULT '{}' NOT NULL, created_at datetime(6) NOT NULL,
  updated_at datetime(6) NOT NULL, articles_count integer DEFAULT 0 NOT NULL);
CREATE TABLE articles (id integer PRIMARY KEY AUTOINCREMENT NOT NULL, title varchar, article_image varchar,
  excerpt text, category varchar, publish_date date, created_at datetime(6) NOT NULL,
  updated_at datetime(6) NOT NULL, body text, source_url varchar, tags varchar, author_id integer NOT NULL,
  source_id varchar, ingested_at datetime(6), content_hash varchar);
INSERT INTO authors (id, name, bio, social_links, created_at, updated_at) VALUES
  (1, 'Unknown', NULL, '{}', '2025-08-25 09:00:00.000000', '2025-08-25 09:00:00.000000'),
  (2, 'غسان كنفاني', 'كاتب', '{"x": "https://example.org/@2"}', '2025-09-01 11:06:28.123', '2025-09-01 11:06:28.123');
INSERT INTO articles (id, title, article_image, excerpt, category, publish_date, created_at, updated_at, body,
  source_url, tags, author_id, source_id) VALUES
  (1, 'عنوان <b>أول</b>', 'https://example.org/1.jpg', '<p>مقتطف</p>', 'أدب', '2018-01-08', '2025-09-01 11:06:28.123',
   '2025-09-01 11:06:28.123', '<p>غزة &laquo;و&raquo;</p><p>القدس&nbsp;و<b>ال</b>خليل</p><script>x</script>',
   'https://example.org/1', 'غزة, القدس', 2, 'metras'),
  (2, NULL, NULL, NULL, NULL, NULL, '2025-09-01 11:06:28.123456', '2025-09-01 11:06:28.123456', NULL,
   'https://example.org/2', NULL, 1, 'babelwad'),
  (3, 'عنوان ثالث', NULL, NULL, 'رأي', '2020-02-29', '2025-09-01 11:06:28', '2025-09-01 11:06:28', 'نص',
   'https://example.org/3', '', 2, 'metras');
"#;

/// A small Bisan in a folder that goes away with the test.
struct Bisan {
    scene: Scene,
}

impl Bisan {
    fn new() -> Bisan {
        Bisan {
            scene: Scene::new(BISAN),
        }
    }

    async fn connect(&self) -> Connection {
        self.scene.database().connect().await.unwrap()
    }

    /// All documents of a definition, by id.
    async fn documents(&self, name: &str) -> BTreeMap<DocumentId, Map<String, Json>> {
        let definition = definition(name);
        let mut connection = self.connect().await;
        let columns = connection
            .inspect(&definition.documents_sql)
            .await
            .unwrap()
            .columns;
        let shape = DocumentShape::new(&columns).unwrap();
        let mut snapshot = connection.snapshot().await.unwrap();
        let mut rows = snapshot.rows(&definition.documents_sql, Vec::new());
        let mut documents = BTreeMap::new();
        let mut notes = Anomalies::new();
        while let Some(row) = rows.try_next().await.unwrap() {
            let mut line = Vec::new();
            let id = shape.write(&row.values(), &mut line, &mut notes).unwrap();
            documents.insert(id, serde_json::from_slice(&line).unwrap());
        }
        assert!(notes.entries().is_empty(), "{notes:?}");
        documents
    }

    /// The ids that changes.sql names since a moment.
    async fn changed(&self, name: &str, since: &str) -> Vec<String> {
        let since = timestamp::lower_bound(TimestampForm::Text, since.parse().unwrap());
        let sql = queries::changes(&definition(name).changes_sql.unwrap());
        let mut connection = self.connect().await;
        let mut snapshot = connection.snapshot().await.unwrap();
        let mut rows = snapshot.rows(&sql, vec![since]);
        let mut ids = Vec::new();
        while let Some(row) = rows.try_next().await.unwrap() {
            timestamp::parse(row.value(1)).unwrap();
            ids.push(DocumentId::from_value(row.value(0)).unwrap().to_string());
        }
        ids.sort();
        ids
    }
}

fn definition(name: &str) -> IndexDefinition {
    built_in()
        .unwrap()
        .into_iter()
        .find(|d| d.name == name)
        .unwrap()
}

fn names<'a>(definition: &'a IndexDefinition, key: &str) -> Vec<&'a str> {
    let list = definition.settings[key].as_array().unwrap();
    list.iter().map(|name| name.as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_row_becomes_a_document() {
    let bisan = Bisan::new();
    let articles = bisan.documents("articles").await;
    assert_eq!(articles.len(), 3);
    let first = json!({
        "id": 1,
        "title": "عنوان <b>أول</b>",
        "excerpt": "<p>مقتطف</p>",
        "body": "غزة «و»\nالقدس والخليل. خليل",
        "author_id": 2,
        "author_name": "غسان كنفاني",
        "category": "أدب",
        "tags": ["غزة", "القدس"],
        "source_id": "metras",
        "source_url": "https://example.org/1",
        "article_image": "https://example.org/1.jpg",
        "published_at": 1_515_369_600,
        "created_at": 1_756_724_788,
        "updated_at": 1_756_724_788,
    });
    assert_eq!(Json::from(articles[&DocumentId::from(1)].clone()), first);
    let second = &articles[&DocumentId::from(2)];
    for field in [
        "title",
        "excerpt",
        "body",
        "category",
        "tags",
        "published_at",
    ] {
        assert_eq!(second.get(field), Some(&Json::Null), "{field}");
    }
    let authors = bisan.documents("authors").await;
    let author = &authors[&DocumentId::from(2)];
    assert_eq!(author["social_links"]["x"], "https://example.org/@2");
    assert!(!author.contains_key("articles_count"));
}

#[tokio::test]
async fn settings_name_only_fields_that_documents_have() {
    let bisan = Bisan::new();
    for definition in built_in().unwrap() {
        let documents = bisan.documents(&definition.name).await;
        let document = &documents[&DocumentId::from(1)];
        for key in [
            "searchableAttributes",
            "filterableAttributes",
            "sortableAttributes",
        ] {
            for name in names(&definition, key) {
                assert!(
                    document.contains_key(name),
                    "{} {key}: {name}",
                    definition.name
                );
            }
        }
    }
}

/// A definition whose searchable attributes differ from the model's is fought over at every search.
#[test]
fn searchable_attributes_are_those_of_the_applications_models() {
    assert_eq!(
        names(&definition("articles"), "searchableAttributes"),
        ["title", "excerpt", "body"]
    );
    assert_eq!(
        names(&definition("authors"), "searchableAttributes"),
        ["name", "bio"]
    );
    for definition in built_in().unwrap() {
        assert_eq!(definition.settings["pagination"]["maxTotalHits"], 10_000);
        assert_eq!(names(&definition, "stopWords"), ["ال"]);
    }
}

#[tokio::test]
async fn changes_are_asked_for_by_one_parameter() {
    let bisan = Bisan::new();
    let mut connection = bisan.connect().await;
    for definition in built_in().unwrap() {
        let statement = connection
            .inspect(&definition.changes_sql.unwrap())
            .await
            .unwrap();
        assert_eq!(statement.columns, ["id", "changed_at"]);
        assert_eq!(statement.parameters, [":since"]);
    }
}

#[tokio::test]
async fn an_author_renamed_changes_the_authors_articles() {
    let bisan = Bisan::new();
    let since = "2026-01-10T00:00:00Z";
    assert!(bisan.changed("articles", since).await.is_empty());
    bisan.scene.write(
        "UPDATE authors SET name = 'اسم جديد', updated_at = '2026-01-11 08:00:00.123' WHERE id = 2",
    );
    assert_eq!(bisan.changed("articles", since).await, ["1", "3"]);
    assert_eq!(bisan.changed("authors", since).await, ["2"]);
    let articles = bisan.documents("articles").await;
    assert_eq!(articles[&DocumentId::from(3)]["author_name"], "اسم جديد");
}

#[tokio::test]
async fn an_article_without_its_author_is_still_an_article() {
    let bisan = Bisan::new();
    bisan.scene.write("DELETE FROM authors");
    let articles = bisan.documents("articles").await;
    assert_eq!(articles.len(), 3);
    assert!(
        articles
            .values()
            .all(|article| article["author_name"] == "Unknown")
    );
}
