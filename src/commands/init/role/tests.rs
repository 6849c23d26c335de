use super::super::sample::Seen;
use super::super::schema::Kind;
use super::*;
use crate::sqlite::Value;

fn role(name: &str, declared: &str, values: &[Value<'_>]) -> Role {
    let mut seen = Seen::default();
    for value in values {
        seen.add(*value);
    }
    let column = Column {
        name: name.to_owned(),
        words: Words::of(name),
        declared: declared.to_owned(),
        not_null: false,
        key: None,
    };
    let table = Table {
        name: "products".to_owned(),
        words: Words::of("products"),
        kind: Kind::Table,
        rowid: Some("rowid"),
        columns: Vec::new(),
        foreign_keys: Vec::new(),
        uniques: Vec::new(),
        sql: String::new(),
        full_text: Vec::new(),
    };
    of(&table, &column, &seen, false, false)
}

fn texts(name: &str, values: &[&str]) -> Role {
    let values: Vec<Value<'_>> = values.iter().map(|text| Value::Text(text)).collect();
    role(name, "TEXT", &values)
}

#[test]
fn names_are_searched_and_phones_addresses_and_codes_are_not() {
    assert!(matches!(
        texts("CompanyName", &["Olives and Sons"]),
        Role::Name(_)
    ));
    assert!(matches!(
        texts("productName", &["Olive oil"]),
        Role::Name(1)
    ));
    assert_eq!(texts("Phone", &["+49 30 1234567"]), Role::Code);
    assert_eq!(texts("homepage", &["https://example.com"]), Role::Code);
    assert_eq!(texts("anything", &["https://example.com/a"]), Role::Code);
    assert_eq!(texts("PostalCode", &["WX3 6FW"]), Role::Code);
    assert_eq!(texts("contact", &["a@example.com"]), Role::Code);
    assert_eq!(
        texts("Composer", &["Layla Haddad", "Omar Nasser"]),
        Role::Words
    );
    assert_eq!(texts("City", &["Haifa"]), Role::Place);
    assert_eq!(texts("status", &["open"]), Role::Choice);
    assert_eq!(texts("tags", &["oil, trees"]), Role::List);
    assert_eq!(texts("extra", &["[\"a\", \"b\"]"]), Role::JsonList);
    assert_eq!(texts("extra", &["{\"a\": 1}"]), Role::JsonObject);
    let sentence = "The olive trees of the north are harvested late in the autumn of the year";
    assert_eq!(
        texts("photo", &[sentence]),
        Role::Text,
        "prose is a text, whatever it is called"
    );
    assert_eq!(
        texts("secret_story", &[sentence]),
        Role::Secret("a secret"),
        "but not where it hides something"
    );
}

#[test]
fn numbers_dates_and_truths_are_filtered() {
    use Value::{Integer, Null, Real, Text};
    assert_eq!(
        role("price", "REAL", &[Real(1.5), Integer(2), Null]),
        Role::Number
    );
    assert_eq!(role("year", "INTEGER", &[Integer(1999)]), Role::Number);
    assert_eq!(
        role("created_at", "DATETIME", &[Text("2026-01-02 03:04:05")]),
        Role::Time
    );
    assert_eq!(
        role("createdAt", "INTEGER", &[Integer(1_767_323_045_000)]),
        Role::Time
    );
    assert_eq!(
        role("release_date", "INTEGER", &[Integer(1999)]),
        Role::Number
    );
    assert_eq!(role("is_public", "bool", &[Integer(1)]), Role::Truth);
    assert_eq!(role("Discontinued", "INTEGER", &[Integer(0)]), Role::Truth);
    assert_eq!(role("stock", "INTEGER", &[Integer(0)]), Role::Number);
    assert_eq!(role("photo", "BLOB", &[]), Role::Bytes);
    assert_eq!(role("external_id", "INTEGER", &[Integer(7)]), Role::Code);
    let with_zero_dates = [vec![Text("2026-01-02"); 60], vec![Text("0000-00-00")]].concat();
    assert_eq!(role("published_on", "TEXT", &with_zero_dates), Role::Time);
}
