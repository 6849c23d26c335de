use super::*;

const MASTER: &str = "a master key of the tests";

fn old() -> Like {
    "1.5".parse().unwrap()
}

fn store(like: Like) -> (tempfile::TempDir, KeyStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = KeyStore::open(dir.path(), Some(MASTER.to_owned()), like).unwrap();
    (dir, store)
}

fn key(actions: &[&str], indexes: &[&str]) -> Key {
    let now = OffsetDateTime::now_utc();
    Key {
        name: Some("للاختبار".to_owned()),
        description: None,
        uid: Uuid::new_v4(),
        actions: actions.iter().map(|text| (*text).to_owned()).collect(),
        indexes: indexes.iter().map(|text| (*text).to_owned()).collect(),
        expires_at: None,
        created_at: now,
        updated_at: now,
    }
}

fn created(store: &KeyStore, key: Key) -> String {
    let key = store.create(key).unwrap();
    store.value_of(&key)
}

fn code(result: Result<Allowed, ApiError>) -> &'static str {
    result.unwrap_err().code
}

#[test]
fn without_a_master_key_only_the_keys_are_closed() {
    let dir = tempfile::tempdir().unwrap();
    let store = KeyStore::open(dir.path(), None, Like::NEWEST).unwrap();
    assert!(
        store
            .authorize(None, Action::IndexesDelete, Some("a"))
            .is_ok()
    );
    assert!(
        store
            .authorize(Some("anything"), Action::Version, None)
            .is_ok()
    );
    assert_eq!(
        code(store.authorize(None, Action::KeysGet, None)),
        "missing_master_key"
    );
}

#[test]
fn no_key_and_a_wrong_key_are_told_apart() {
    let (_dir, store) = store(Like::NEWEST);
    let none = store
        .authorize(None, Action::Search, Some("a"))
        .unwrap_err();
    assert_eq!(
        (none.status.as_u16(), none.code),
        (401, "missing_authorization_header")
    );
    let wrong = store
        .authorize(Some("x"), Action::Search, Some("a"))
        .unwrap_err();
    assert_eq!(
        (wrong.status.as_u16(), wrong.code, wrong.kind),
        (403, "invalid_api_key", "auth")
    );
}

#[test]
fn the_default_keys_are_made_once_and_stay() {
    let (dir, store) = store(Like::NEWEST);
    let names = |store: &KeyStore| -> Vec<String> {
        store
            .list()
            .into_iter()
            .filter_map(|key| key.name)
            .collect()
    };
    assert_eq!(
        names(&store),
        [
            "Default Search API Key",
            "Default Admin API Key",
            "Default Read-Only Admin API Key",
            "Default Chat API Key"
        ]
    );
    let before = store.list();
    drop(store);
    let again = KeyStore::open(dir.path(), Some(MASTER.to_owned()), Like::NEWEST).unwrap();
    assert_eq!(again.list(), before);
    let (_dir, old) = self::store(old());
    assert_eq!(
        names(&old),
        ["Default Search API Key", "Default Admin API Key"]
    );
}

#[test]
fn a_key_limited_to_patterns_sees_only_them() {
    let (_dir, store) = store(Like::NEWEST);
    let value = created(&store, key(&["documents.*", "indexes.get"], &["articles*"]));
    let allowed = store
        .authorize(Some(&value), Action::DocumentsAdd, Some("articles_new"))
        .unwrap();
    assert!(allowed.is_restricted());
    assert!(allowed.index("articles"));
    assert!(!allowed.index("authors"));
    assert!(
        !allowed.may_create("articles"),
        "the key lacks indexes.create"
    );
    let error = store
        .authorize(Some(&value), Action::IndexesGet, Some("authors"))
        .unwrap_err();
    assert_eq!(
        error.message,
        "The API key cannot acces the index `authors`, authorized indexes are [\"articles*\"]."
    );
    assert!(
        store
            .authorize(Some(&value), Action::IndexesGet, None)
            .is_ok()
    );
    assert_eq!(
        code(store.authorize(Some(&value), Action::IndexesDelete, Some("articles"))),
        "invalid_api_key"
    );
}

#[test]
fn an_old_server_does_not_tell_which_patterns_a_key_has() {
    let (_dir, store) = store(old());
    let value = created(&store, key(&["*"], &["articles*"]));
    let error = store
        .authorize(Some(&value), Action::IndexesGet, Some("authors"))
        .unwrap_err();
    assert_eq!(error.message, "The provided API key is invalid.");
}

#[test]
fn a_limited_key_reads_the_version_on_old_servers_only() {
    let (_dir, store) = store(old());
    let value = created(&store, key(&["version"], &["articles*"]));
    assert!(store.authorize(Some(&value), Action::Version, None).is_ok());

    let (_dir, store) = self::store(Like::NEWEST);
    let error = store.create(key(&["version"], &["articles*"])).unwrap_err();
    assert_eq!(error.code, "index_scoped_api_key_with_global_action");
    let value = created(&store, key(&["*"], &["articles*"]));
    assert_eq!(
        code(store.authorize(Some(&value), Action::Version, None)),
        "invalid_api_key"
    );
    let value = created(&store, key(&["version"], &["*"]));
    assert!(store.authorize(Some(&value), Action::Version, None).is_ok());
}

#[test]
fn an_expired_key_is_an_invalid_key() {
    let (_dir, store) = store(Like::NEWEST);
    let mut past = key(&["*"], &["*"]);
    past.expires_at = Some(OffsetDateTime::now_utc() - time::Duration::seconds(1));
    let value = created(&store, past);
    assert_eq!(
        code(store.authorize(Some(&value), Action::Search, Some("a"))),
        "invalid_api_key"
    );
}

#[test]
fn a_deleted_key_lets_nobody_in_even_after_a_restart() {
    let (dir, store) = store(Like::NEWEST);
    let value = created(&store, key(&["*"], &["*"]));
    assert!(store.authorize(Some(&value), Action::Search, None).is_ok());
    store.delete(&value).unwrap();
    assert_eq!(store.delete(&value).unwrap_err().code, "api_key_not_found");
    drop(store);
    let again = KeyStore::open(dir.path(), Some(MASTER.to_owned()), Like::NEWEST).unwrap();
    assert_eq!(
        code(again.authorize(Some(&value), Action::Search, None)),
        "invalid_api_key"
    );
}

#[test]
fn the_same_uid_twice_is_refused() {
    let (_dir, store) = store(Like::NEWEST);
    let key = key(&["*"], &["*"]);
    store.create(key.clone()).unwrap();
    let error = store.create(key).unwrap_err();
    assert_eq!(
        (error.status.as_u16(), error.code),
        (409, "api_key_already_exists")
    );
}

#[test]
fn no_value_is_printed_or_stored() {
    let (dir, store) = store(Like::NEWEST);
    let value = created(&store, key(&["*"], &["*"]));
    let printed = format!("{store:?} {:?}", store.list());
    let stored = std::fs::read_to_string(dir.path().join("keys.json")).unwrap();
    for text in [printed, stored] {
        assert!(!text.contains(MASTER), "{text}");
        assert!(!text.contains(&value), "{text}");
    }
}

#[test]
fn the_bearer_is_read_as_the_real_server_reads_it() {
    let with = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, text.parse().unwrap());
        bearer(&headers)
            .map(|token| token.map(str::to_owned))
            .map_err(|error| error.code)
    };
    assert_eq!(bearer(&HeaderMap::new()).unwrap(), None);
    assert_eq!(with("Bearer abc"), Ok(Some("abc".to_owned())));
    assert_eq!(with("Bearer"), Err("invalid_api_key"));
    assert_eq!(with("Basic abc"), Err("missing_authorization_header"));
}
