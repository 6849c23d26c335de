//! What `init` chooses for schemas as people have them, and that it is what they would have written: each is indexed and
//! followed, and nothing secret is in it. `docs/init.md` compares the choices with a person's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::init::{definitions, init, scene_of};
use crate::support::Scene;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A database of the repository, and what `init` wrote for it, by index.
struct Chosen {
    scene: Scene,
    report: Value,
}

impl Chosen {
    async fn of(sql: &str) -> Chosen {
        let sql = std::fs::read_to_string(root().join(sql)).unwrap();
        let scene = scene_of(&sql).await;
        let report = init(&scene, &[], 0).await;
        Chosen { scene, report }
    }

    fn indexes(&self) -> Vec<&str> {
        let indexes = self.report["indexes"].as_array().unwrap().iter();
        indexes
            .map(|index| index["index"].as_str().unwrap())
            .collect()
    }

    fn index(&self, name: &str) -> &Value {
        let mut indexes = self.report["indexes"].as_array().unwrap().iter();
        indexes
            .find(|index| index["index"] == name)
            .unwrap_or_else(|| panic!("{name}: {}", self.report))
    }

    fn names(&self, index: &str, what: &str) -> Vec<&str> {
        let names = self.index(index)[what].as_array().unwrap().iter();
        names.map(|name| name.as_str().unwrap()).collect()
    }

    fn expect(&self, index: &str, what: &str, all: &[&str]) {
        assert_eq!(self.names(index, what), all, "{index} {what}");
    }

    /// Each of these is among them.
    fn expect_some(&self, index: &str, what: &str, some: &[&str]) {
        let names = self.names(index, what);
        for name in some {
            assert!(
                names.contains(name),
                "{index} {what}: {name} is not in {names:?}"
            );
        }
    }

    fn settings(&self, index: &str) -> Value {
        let path = definitions(&self.scene).join(index).join("settings.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// Indexed, changed, followed, and equal to the database, field by field.
    async fn is_used(&self, change: &str) {
        let run = async |command: &str| {
            let program = self.scene.command(command);
            program
                .env("BISAN_INDEXER_INDEX_SETTINGS", definitions(&self.scene))
                .run()
                .await
                .expect(0)
        };
        run("reindex").await;
        run("verify").await;
        self.scene.database.execute(change).await;
        run("sync").await;
        run("verify").await;
    }

    /// None of these texts is in a document.
    async fn expect_nowhere(&self, secrets: &[&str]) {
        for index in self.indexes() {
            let documents = json!(self.scene.api.documents(index).await).to_string();
            for secret in secrets {
                assert!(
                    !documents.contains(secret),
                    "{secret} is in a document of {index}"
                );
            }
        }
    }
}

/// The definitions of an example are those that `init` writes for its database.
fn expect_committed(chosen: &Chosen, folder: &str) {
    let read = |folder: PathBuf| -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for index in chosen.indexes() {
            for name in [
                "documents.sql",
                "changes.sql",
                "settings.json",
                "smoke.json",
            ] {
                let text = std::fs::read_to_string(folder.join(index).join(name));
                files.extend(text.ok().map(|text| (format!("{index}/{name}"), text)));
            }
        }
        files
    };
    let (committed, written) = (read(root().join(folder)), read(definitions(&chosen.scene)));
    for (name, text) in &written {
        assert_eq!(
            committed.get(name),
            Some(text),
            "{folder}/{name} should be\n{text}"
        );
    }
    assert_eq!(committed.len(), written.len());
}

#[tokio::test]
async fn a_shop_for_music() {
    let chosen = Chosen::of("examples/music/database.sql").await;
    if !chosen.scene.server.is_ours() {
        return;
    }
    assert_eq!(
        chosen.indexes(),
        ["Album", "Artist", "Customer", "Employee", "Track"]
    );
    expect_committed(&chosen, "examples/music/index-settings");
    chosen.expect(
        "Track",
        "searched",
        &[
            "Name",
            "AlbumName",
            "ArtistName",
            "Playlists",
            "Composer",
            "MediaTypeName",
            "GenreName",
        ],
    );
    chosen.expect_some(
        "Track",
        "filtered",
        &[
            "GenreName",
            "MediaTypeName",
            "AlbumId",
            "UnitPrice",
            "Milliseconds",
            "Playlists",
        ],
    );
    chosen.expect(
        "Track",
        "sorted",
        &["Name", "Milliseconds", "Bytes", "UnitPrice"],
    );
    chosen.expect("Album", "searched", &["Title", "ArtistName"]);
    chosen.expect_some(
        "Customer",
        "searched",
        &["FirstName", "LastName", "Company", "City"],
    );
    chosen.expect_some("Customer", "filtered", &["Country", "City", "SupportRepId"]);
    for never in ["Email", "Phone", "Fax", "PostalCode", "Address"] {
        assert!(
            !chosen.names("Customer", "searched").contains(&never),
            "{never} is searched"
        );
    }
    chosen
        .is_used("UPDATE Artist SET Name = 'The New Names' WHERE ArtistId = 1")
        .await;
}

#[tokio::test]
async fn a_trader_in_food() {
    let chosen = Chosen::of("tests/schemas/trade.sql").await;
    if !chosen.scene.server.is_ours() {
        return;
    }
    assert_eq!(
        chosen.indexes(),
        ["Customers", "Employees", "Products", "Suppliers"]
    );
    chosen.expect(
        "Products",
        "searched",
        &[
            "ProductName",
            "SupplierName",
            "CategoryName",
            "QuantityPerUnit",
        ],
    );
    chosen.expect_some(
        "Products",
        "filtered",
        &[
            "CategoryName",
            "SupplierName",
            "UnitPrice",
            "UnitsInStock",
            "Discontinued",
        ],
    );
    chosen.expect_some("Products", "sorted", &["ProductName", "UnitPrice"]);
    chosen.expect(
        "Customers",
        "searched",
        &["CompanyName", "ContactName", "City", "Country"],
    );
    chosen.expect_some(
        "Customers",
        "filtered",
        &["Country", "City", "ContactTitle"],
    );
    let documents = chosen.index("Customers")["files"]["documents.sql"].to_string();
    assert!(
        documents.contains("Customers.CustomerID AS id"),
        "codes of one length are ids as they are: {documents}"
    );
    chosen
        .is_used("UPDATE Suppliers SET CompanyName = 'Renamed' WHERE SupplierID = 1")
        .await;
}

#[tokio::test]
async fn a_shop_that_lends_films() {
    let chosen = Chosen::of("tests/schemas/films.sql").await;
    if !chosen.scene.server.is_ours() {
        return;
    }
    assert_eq!(chosen.indexes(), ["actor", "customer", "film"]);
    chosen.expect_some(
        "film",
        "searched",
        &["title", "actors", "categories", "description"],
    );
    assert_eq!(chosen.names("film", "searched")[0], "title");
    chosen.expect_some(
        "film",
        "filtered",
        &[
            "rating",
            "categories",
            "language_name",
            "release_year",
            "length",
            "rental_rate",
            "special_features",
        ],
    );
    chosen.expect_some(
        "film",
        "sorted",
        &["title", "release_year", "length", "rental_rate"],
    );
    assert_eq!(chosen.index("film")["follows"], "last_update");
    chosen
        .is_used("UPDATE category SET name = 'Comedies', last_update = '2026-03-01 00:00:00' WHERE category_id = 2")
        .await;
    let film = chosen.scene.api.document("film", "1").await.unwrap();
    assert_eq!(film["categories"], json!(["Comedies"]), "{film}");
}

#[tokio::test]
async fn a_blog_of_djangos() {
    let chosen = Chosen::of("examples/blog/database.sql").await;
    if !chosen.scene.server.is_ours() {
        return;
    }
    assert_eq!(chosen.indexes(), ["blog_comment", "blog_post"]);
    expect_committed(&chosen, "examples/blog/index-settings");
    chosen.expect(
        "blog_post",
        "searched",
        &[
            "title",
            "author_name",
            "tags",
            "category_name",
            "summary",
            "body",
        ],
    );
    chosen.expect_some(
        "blog_post",
        "filtered",
        &[
            "category_name",
            "author_name",
            "tags",
            "published_at",
            "reading_minutes",
        ],
    );
    chosen.expect_some("blog_post", "sorted", &["title", "published_at"]);
    chosen.expect("blog_post", "only", &["blog_post.status = 'published'"]);
    assert_eq!(chosen.index("blog_post")["follows"], "modified");
    chosen
        .is_used("UPDATE blog_post SET status = 'draft', modified = '2026-08-01 10:00:00.000001' WHERE id = 1")
        .await;
    assert!(
        chosen.scene.api.document("blog_post", "1").await.is_none(),
        "a draft is found"
    );
    chosen
        .expect_nowhere(&["pbkdf2", "f00d", "192.0.2.", "eyJ1c2VyIjogMX0"])
        .await;
}

#[tokio::test]
async fn a_shop_of_laravels() {
    let chosen = Chosen::of("tests/schemas/shop.sql").await;
    if !chosen.scene.server.is_ours() {
        return;
    }
    assert_eq!(chosen.indexes(), ["products", "reviews"]);
    chosen.expect(
        "products",
        "searched",
        &["name", "categories", "brand_name", "description"],
    );
    chosen.expect_some(
        "products",
        "filtered",
        &["price", "stock", "brand_name", "categories", "created_at"],
    );
    chosen.expect_some("products", "sorted", &["name", "price", "created_at"]);
    chosen.expect(
        "products",
        "only",
        &["products.is_active = 1", "products.deleted_at IS NULL"],
    );
    chosen
        .is_used("UPDATE products SET deleted_at = '2026-06-01 08:00:00', updated_at = '2026-06-01 08:00:00' WHERE id = 1")
        .await;
    assert!(
        chosen.scene.api.document("products", "1").await.is_none(),
        "what was deleted is found"
    );
    chosen
        .expect_nowhere(&["$2y$12$", "r3m3mb3r", "s3cr3t", "PS92PALS", "secret-key"])
        .await;
    // And is brought where somebody says so.
    let options = [
        "--table",
        "products",
        "--column",
        "products.supplier_iban",
        "--dry-run",
        "--force",
    ];
    let brought = init(&chosen.scene, &options, 0).await;
    assert!(
        brought["indexes"][0]["files"]["documents.sql"]
            .to_string()
            .contains("supplier_iban")
    );
}

#[tokio::test]
async fn notes_in_two_languages() {
    let chosen = Chosen::of("examples/notes/database.sql").await;
    if !chosen.scene.server.is_ours() {
        return;
    }
    assert_eq!(chosen.indexes(), ["Note"]);
    expect_committed(&chosen, "examples/notes/index-settings");
    chosen.expect(
        "Note",
        "searched",
        &[
            "titleAr",
            "titleEn",
            "tags",
            "notebookName",
            "content",
            "forms",
        ],
    );
    chosen.expect_some(
        "Note",
        "filtered",
        &[
            "isPinned",
            "tags",
            "notebookName",
            "createdAt",
            "updatedAt",
            "_geo",
        ],
    );
    chosen.expect_some(
        "Note",
        "sorted",
        &["titleAr", "createdAt", "updatedAt", "_geo"],
    );
    chosen.expect("Note", "only", &["Note.deletedAt IS NULL"]);
    assert_eq!(chosen.index("Note")["follows"], "updatedAt");
    let settings = chosen.settings("Note");
    assert_eq!(settings["stopWords"], json!(["ال"]));
    assert_eq!(
        settings["localizedAttributes"][0],
        json!({ "attributePatterns": ["titleAr"], "locales": ["ara"] })
    );
    chosen
        .is_used(
            "UPDATE Note SET deletedAt = 1790000000000, updatedAt = 1790000000000 WHERE rowid = 1",
        )
        .await;
    chosen
        .expect_nowhere(&["share-", "$2b$10$", "e7a1c0ffee"])
        .await;
}
