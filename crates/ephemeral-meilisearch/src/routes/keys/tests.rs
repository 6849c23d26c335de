use super::*;

fn new(body: Value) -> Result<Key, ApiError> {
    read_new(body, Like::NEWEST, OffsetDateTime::now_utc())
}

fn code(body: Value) -> &'static str {
    new(body).unwrap_err().code
}

/// A key that is right but for one field.
fn with(field: &str, value: Value) -> Value {
    let mut body = json!({"actions": ["search"], "indexes": ["articles*"], "expiresAt": null});
    body[field] = value;
    body
}

fn without(field: &str) -> Value {
    let mut body = with("name", json!("مفتاح"));
    body.as_object_mut().unwrap().remove(field);
    body
}

#[test]
fn a_key_is_read_whole() {
    let uid = "6062abda-a5aa-4414-ac91-ecd7944c0f8d";
    let key = new(with("uid", json!(uid))).unwrap();
    assert_eq!(key.uid.to_string(), uid);
    assert_eq!(
        (key.actions, key.indexes),
        (vec!["search".into()], vec!["articles*".into()])
    );
    assert_eq!(key.expires_at, None);
    assert_eq!(new(without("uid")).unwrap().name.as_deref(), Some("مفتاح"));
}

#[test]
fn each_missing_or_wrong_field_has_its_own_code() {
    assert_eq!(code(without("actions")), "missing_api_key_actions");
    assert_eq!(code(without("indexes")), "missing_api_key_indexes");
    assert_eq!(code(without("expiresAt")), "missing_api_key_expires_at");
    assert_eq!(
        code(with("actions", json!(["documents.steal"]))),
        "invalid_api_key_actions"
    );
    assert_eq!(
        code(with("actions", json!("search"))),
        "invalid_api_key_actions"
    );
    assert_eq!(
        code(with("indexes", json!(["مقالات"]))),
        "invalid_api_key_indexes"
    );
    assert_eq!(code(with("uid", json!("x"))), "invalid_api_key_uid");
    assert_eq!(code(with("name", json!(1))), "invalid_api_key_name");
    assert_eq!(
        code(with("description", json!(1))),
        "invalid_api_key_description"
    );
    assert_eq!(code(with("key", json!("x"))), "bad_request");
    let error = new(with("indexes", json!(["a", "b c"]))).unwrap_err();
    assert!(
        error
            .message
            .starts_with("Invalid value at `.indexes[1]`: "),
        "{}",
        error.message
    );
}

#[test]
fn an_end_must_lie_in_the_future() {
    for good in [
        "2999-01-01",
        "2999-01-01T10:00:00Z",
        "2999-01-01 10:00:00",
        "2999-01-01T10:00:00+02:00",
    ] {
        assert!(
            new(with("expiresAt", json!(good)))
                .unwrap()
                .expires_at
                .is_some(),
            "{good}"
        );
    }
    for bad in ["1999-01-01", "soon", ""] {
        assert_eq!(
            code(with("expiresAt", json!(bad))),
            "invalid_api_key_expires_at",
            "{bad}"
        );
    }
}

#[test]
fn an_old_server_knows_fewer_actions() {
    let body = with("actions", json!(["*.get"]));
    assert!(new(body.clone()).is_ok());
    let old = read_new(body, "1.5".parse().unwrap(), OffsetDateTime::now_utc());
    assert_eq!(old.unwrap_err().code, "invalid_api_key_actions");
}

#[test]
fn only_what_people_read_can_change() {
    let change = read_change(json!({"name": null, "description": "وصف"})).unwrap();
    assert_eq!(
        change,
        Change {
            name: Some(None),
            description: Some(Some("وصف".into()))
        }
    );
    assert_eq!(
        read_change(json!({})).unwrap(),
        Change {
            name: None,
            description: None
        }
    );
    let code = |body| read_change(body).unwrap_err().code;
    assert_eq!(code(json!({"actions": ["*"]})), "immutable_api_key_actions");
    assert_eq!(code(json!({"key": "x"})), "bad_request");
    assert_eq!(code(json!({"name": 1})), "invalid_api_key_name");
}

#[test]
fn a_key_is_shown_with_the_value_that_opens() {
    let dir = tempfile::tempdir().unwrap();
    let keys = KeyStore::open(dir.path(), Some("master".into()), Like::NEWEST).unwrap();
    let key = keys
        .create(new(with("name", Value::Null)).unwrap())
        .unwrap();
    let shown = view(&keys, &key);
    let value = shown["key"].as_str().unwrap();
    assert!(
        keys.authorize(Some(value), Action::Search, Some("articles"))
            .is_ok()
    );
    let fields: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "name",
            "description",
            "key",
            "uid",
            "actions",
            "indexes",
            "expiresAt",
            "createdAt",
            "updatedAt"
        ]
    );
}
