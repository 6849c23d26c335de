//! Reads a folder of definitions.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{CatalogError, Files, IndexDefinition, smoke, uid};

const SETTINGS: &str = "settings.json";
const DOCUMENTS: &str = "documents.sql";
const CHANGES: &str = "changes.sql";
const SMOKE: &str = "smoke.json";

const ABOUT_SETTINGS: &str =
    "it holds Meilisearch's settings of the index; `{}` is right for all defaults";
const ABOUT_DOCUMENTS: &str =
    "it holds one SELECT; each row is a document, the column `id` its primary key";
const ABOUT_CHANGES: &str = "it holds one SELECT of `id` and `changed_at`; remove the file if nothing tells when a row changed";

/// All definitions of a folder, in the order of their names. Files beside the folders, and folders that hold none of a
/// definition's files, are passed over.
pub fn load(folder: &Path) -> Result<Vec<IndexDefinition>, CatalogError> {
    let definitions: Result<Vec<_>, _> = load_each(folder)?
        .into_iter()
        .map(|(_, definition)| definition)
        .collect();
    let definitions = definitions?;
    uid::check(&definitions)?;
    Ok(definitions)
}

/// A definition by its name, or why it cannot be read.
pub type Named = (String, Result<IndexDefinition, CatalogError>);

/// The same, where one that cannot be read hides none of the others.
pub fn load_each(folder: &Path) -> Result<Vec<Named>, CatalogError> {
    let unreadable = |error| CatalogError::Unreadable {
        path: folder.to_owned(),
        error,
    };
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(unreadable)?.collect();
    let mut folders: Vec<PathBuf> = entries
        .map_err(unreadable)?
        .into_iter()
        .map(|entry| entry.path())
        .collect();
    folders.retain(|path| is_definition(path));
    folders.sort();
    if folders.is_empty() {
        return Err(match is_definition(folder) {
            true => {
                let parent = std::path::absolute(folder)
                    .ok()
                    .and_then(|path| path.parent().map(Path::to_owned));
                CatalogError::OneDefinition {
                    path: folder.to_owned(),
                    parent: parent.unwrap_or_default(),
                }
            }
            false => CatalogError::Empty(folder.to_owned()),
        });
    }
    let one = |folder: &PathBuf| {
        let name = folder.file_name().unwrap_or_default();
        (name.to_string_lossy().into_owned(), load_one(folder))
    };
    Ok(folders.iter().map(one).collect())
}

fn is_definition(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden
        && path.is_dir()
        && [DOCUMENTS, SETTINGS]
            .iter()
            .any(|name| path.join(name).is_file())
}

fn load_one(folder: &Path) -> Result<IndexDefinition, CatalogError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let documents = read(&folder.join(DOCUMENTS), Some(ABOUT_DOCUMENTS))?;
    let settings = read(&folder.join(SETTINGS), Some(ABOUT_SETTINGS))?;
    let changes = read(&folder.join(CHANGES), None)?;
    let smoke = read(&folder.join(SMOKE), None)?;
    let files = Files {
        settings: settings.as_deref().unwrap_or_default(),
        documents: documents.as_deref().unwrap_or_default(),
        changes: changes.as_deref(),
        smoke: smoke.as_deref(),
    };
    IndexDefinition::parse(&name, folder, files)
}

/// A file's text. One that may be missing has no `needed`.
fn read(path: &Path, needed: Option<&'static str>) -> Result<Option<String>, CatalogError> {
    let bytes = match (fs::read(path), needed) {
        (Ok(bytes), _) => bytes,
        (Err(error), None) if error.kind() == ErrorKind::NotFound => return Ok(None),
        (Err(error), Some(what)) if error.kind() == ErrorKind::NotFound => {
            return Err(CatalogError::Missing {
                path: path.to_owned(),
                what,
            });
        }
        (Err(error), _) => {
            return Err(CatalogError::Unreadable {
                path: path.to_owned(),
                error,
            });
        }
    };
    let text = String::from_utf8(bytes).map_err(|_| CatalogError::NotUtf8(path.to_owned()))?;
    Ok(Some(text))
}

impl IndexDefinition {
    /// A definition from its files' texts; `folder` is where they are, for errors.
    pub(super) fn parse(
        name: &str,
        folder: &Path,
        files: Files<'_>,
    ) -> Result<IndexDefinition, CatalogError> {
        // Some editors begin a file with a byte order mark, which is no JSON.
        let plain = |text: &str| text.trim_start_matches('\u{feff}').to_owned();
        Ok(IndexDefinition {
            name: name.to_owned(),
            live_uid: name.to_owned(),
            settings: settings(&folder.join(SETTINGS), &plain(files.settings))?,
            documents_sql: statement(
                &folder.join(DOCUMENTS),
                plain(files.documents),
                ABOUT_DOCUMENTS,
            )?,
            changes_sql: files
                .changes
                .map(|text| statement(&folder.join(CHANGES), plain(text), ABOUT_CHANGES))
                .transpose()?,
            smoke: match files.smoke {
                Some(text) => smoke::parse(&folder.join(SMOKE), &plain(text))?,
                None => Vec::new(),
            },
            is_compiled_in: false,
        })
    }
}

fn settings(path: &Path, text: &str) -> Result<Map<String, Value>, CatalogError> {
    let json = |error| CatalogError::Json {
        path: path.to_owned(),
        error,
    };
    match serde_json::from_str(text).map_err(json)? {
        Value::Object(settings) => Ok(settings),
        other => {
            let kind = match other {
                Value::Array(_) => "a list",
                Value::Null => "null",
                _ => "a single value",
            };
            let problem =
                format!("Meilisearch's settings object was expected, not {kind}; {ABOUT_SETTINGS}");
            Err(CatalogError::Form {
                path: path.to_owned(),
                problem,
            })
        }
    }
}

/// Checks only that the text is not empty; the database checks that it is one SELECT.
fn statement(path: &Path, text: String, what: &'static str) -> Result<String, CatalogError> {
    if text.trim().is_empty() {
        return Err(CatalogError::Blank {
            path: path.to_owned(),
            what,
        });
    }
    Ok(text)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A definition that says no more than it must.
    pub(in crate::catalog) fn definition(name: &str) -> IndexDefinition {
        let files = Files {
            settings: "{}",
            documents: "SELECT 1 AS id",
            changes: None,
            smoke: None,
        };
        IndexDefinition::parse(name, Path::new(name), files).unwrap()
    }

    /// A folder with these files in it.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn refused(files: &[(&str, &str)]) -> String {
        load(folder(files).path()).unwrap_err().to_string()
    }

    const GOOD: [(&str, &str); 2] = [
        ("b/settings.json", "{\"x\": 1}"),
        ("b/documents.sql", "SELECT 1 AS id"),
    ];

    #[test]
    fn a_folder_is_read_in_the_order_of_names_and_strays_are_passed_over() {
        let folder = folder(&[
            ("b/settings.json", "\u{feff}{\"stopWords\": [\"ال\"]}"),
            ("b/documents.sql", "SELECT 1 AS id;\n"),
            ("b/changes.sql", "SELECT 1 AS id, 2 AS changed_at"),
            ("b/smoke.json", "[{\"q\": \"غزة\"}]"),
            ("a/settings.json", "{}"),
            ("a/documents.sql", "SELECT 2 AS id"),
            ("README.md", "notes"),
            (".git/documents.sql", "no"),
            ("drafts/old.sql", "no"),
        ]);
        let definitions = load(folder.path()).unwrap();
        let names: Vec<_> = definitions
            .iter()
            .map(|definition| definition.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(
            (&definitions[0].changes_sql, definitions[0].smoke.len()),
            (&None, 0)
        );
        assert_eq!(definitions[1].settings["stopWords"][0], "ال");
        assert_eq!(definitions[1].live_uid, "b");
        assert_eq!(definitions[1].smoke[0].queries[0].q, "غزة");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_by_its_file() {
        for (files, expected) in [
            (
                vec![("a/settings.json", "{}")],
                "a/documents.sql is missing: it holds one SELECT",
            ),
            (
                vec![("a/documents.sql", "SELECT 1")],
                "a/settings.json is missing: it holds Meilisearch's settings",
            ),
            (
                vec![GOOD[0], ("b/documents.sql", " \n")],
                "b/documents.sql is empty",
            ),
            (
                vec![GOOD[0], GOOD[1], ("b/changes.sql", "")],
                "b/changes.sql is empty",
            ),
            (
                vec![GOOD[1], ("b/settings.json", "{\"a\": 1,\n  }")],
                "b/settings.json:2:3: not valid JSON",
            ),
            (
                vec![GOOD[1], ("b/settings.json", "[]")],
                "b/settings.json: Meilisearch's settings object was expected, not a list",
            ),
            (
                vec![GOOD[0], GOOD[1], ("b/smoke.json", "{}")],
                "b/smoke.json: a list of questions",
            ),
            (
                vec![
                    ("a b/documents.sql", "SELECT 1"),
                    ("a b/settings.json", "{}"),
                ],
                "`a b` can't be the uid of index `a b`",
            ),
            (vec![("notes.txt", "x")], "holds no index definition"),
        ] {
            let error = refused(&files);
            assert!(error.contains(expected), "{files:?}: {error}");
        }
    }

    #[test]
    fn the_wrong_folder_is_answered_with_the_right_one() {
        let folder = folder(&GOOD);
        let error = load(&folder.path().join("b")).unwrap_err().to_string();
        assert!(
            error.contains("is the folder of one definition")
                && error.contains(&folder.path().display().to_string()),
            "{error}"
        );
        let error = load(&folder.path().join("nowhere/at/all"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("of that path {} exists", folder.path().display())),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_is_no_text_is_named() {
        let folder = folder(&GOOD);
        fs::write(folder.path().join("b/documents.sql"), b"SELECT '\xff'").unwrap();
        assert!(
            matches!(load(folder.path()), Err(CatalogError::NotUtf8(path)) if path.ends_with("b/documents.sql"))
        );
    }
}
