//! Names of indexes and fields: what Meilisearch takes, as near as can be to what the database calls them.

/// A uid for a table, that is not taken. Letters of other scripts are written in Latin ones; a name of which nothing
/// remains is `table_1`.
pub(super) fn index(table: &str, taken: &[&str]) -> String {
    let is_taken = |name: &str| taken.iter().any(|other| other.eq_ignore_ascii_case(name));
    let latin = match table.is_ascii() {
        true => table.to_owned(),
        false => any_ascii::any_ascii(table).to_lowercase(),
    };
    let kept = |c: char| {
        if c.is_ascii_alphanumeric() || "-_".contains(c) {
            c
        } else {
            '_'
        }
    };
    // A soft sign is written as an apostrophe.
    let letters = latin.trim().chars().filter(|c| !"'`".contains(*c));
    let plain: String = letters.map(kept).take(300).collect();
    let plain = match table.is_ascii() {
        true => plain.as_str(),
        false => plain.trim_matches('_'),
    };
    if plain.contains(|c: char| c.is_ascii_alphanumeric()) {
        numbered(plain, is_taken)
    } else {
        let first = "table_1".to_owned();
        match is_taken(&first) {
            false => first,
            true => numbered("table", |name| name == "table" || is_taken(name)),
        }
    }
}

/// A field for a column, that is not taken, whatever the case: no leading `_`, no dot, no colon.
pub(super) fn field(column: &str, taken: &[String]) -> String {
    let plain = column.trim_start_matches('_').replace(['.', ':'], "_");
    let plain = if plain.is_empty() {
        "field"
    } else {
        plain.as_str()
    };
    numbered(plain, |name| {
        taken.iter().any(|other| other.eq_ignore_ascii_case(name))
    })
}

fn numbered(plain: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = plain.to_owned();
    let mut number = 2;
    while is_taken(&name) {
        name = format!("{plain}_{number}");
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_can_be_read_whatever_script_the_table_is_named_in() {
        assert_eq!(index("blog_post", &[]), "blog_post");
        assert_eq!(index("order details", &[]), "order_details");
        assert_eq!(index("Track", &["track"]), "Track_2");
        assert_eq!(index("статьи", &[]), "stati");
        assert_eq!(index("straße", &[]), "strasse");
        let arabic = index("مقالات", &[]);
        assert!(
            arabic.len() > 3 && arabic.chars().all(|c| c.is_ascii_alphanumeric()),
            "{arabic}"
        );
        assert_eq!(
            index("♫♪", &[])
                .chars()
                .next()
                .map(|c| c.is_ascii_alphanumeric()),
            Some(true)
        );
        assert_eq!(index("!?", &[]), "table_1");
        assert_eq!(index("??", &["table_1"]), "table_2");
    }

    #[test]
    fn a_field_is_the_column_and_differs_from_others_by_more_than_case() {
        let taken = ["id".to_owned()];
        assert_eq!(field("Title", &taken), "Title");
        assert_eq!(field("ID", &taken), "ID_2");
        assert_eq!(field("_private", &taken), "private");
        assert_eq!(field("a.b", &taken), "a_b");
        assert_eq!(field("__", &taken), "field");
    }
}
