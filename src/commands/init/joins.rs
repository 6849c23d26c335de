//! What other tables give to a document: the name of the row that a foreign key leads to, and the names of the rows that
//! a link table joins, as an array.

use super::look::Look;
use super::role::Role;
use super::schema::ForeignKey;
use super::sql::name;
use super::tables::is_link;
use super::vocabulary as known;
use super::words::{Words, plural};
use crate::sqlite::queries::quoted;
use crate::sqlite::{DatabaseError, Snapshot};

/// How far labels are looked for: an album's name for a track, and its artist's.
const FAR: usize = 2;
/// Labels of one table.
const MOST: usize = 8;
/// Names in one array: on average, and in the longest. The tracks of a playlist are too many, an article's tags are not.
const ON_AVERAGE: f64 = 20.0;
const IN_ONE: f64 = 500.0;

/// A table that is joined, for the name of its row.
pub(super) struct Join<'l> {
    pub look: &'l Look<'l>,
    pub alias: String,
    pub on: String,
    /// The join that leads here, by its place; none where the table itself does.
    pub through: Option<usize>,
    /// What the field is called.
    pub field: String,
    pub expression: String,
}

/// Rows that a link table joins to a row.
pub(super) struct Gathered<'l> {
    pub link: &'l Look<'l>,
    pub look: &'l Look<'l>,
    pub field: String,
    pub expression: String,
    /// The conditions by which the link's rows belong to the table, and the others to the link's.
    pub to_table: String,
    pub to_link: String,
    pub link_alias: String,
    pub alias: String,
}

pub(super) fn find<'l>(looks: &'l [Look<'l>], table: &str) -> Option<&'l Look<'l>> {
    looks
        .iter()
        .find(|look| look.table.name.eq_ignore_ascii_case(table))
}

/// The labels of a table, nearest first.
pub(super) fn labels<'l>(looks: &'l [Look<'l>], look: &'l Look<'l>) -> Vec<Join<'l>> {
    let mut joins: Vec<Join<'l>> = Vec::new();
    let mut aliases = vec![look.table.name.clone()];
    let mut open: Vec<(&'l Look<'l>, Option<usize>)> = vec![(look, None)];
    for depth in 0..FAR {
        let mut next = Vec::new();
        for (from, through) in std::mem::take(&mut open) {
            for key in &from.keys {
                // The parent of a parent of one's own kind, and who wrote the parent, are too far away.
                let is_far = depth > 0
                    && (known_accounts(looks, key)
                        || key.table.eq_ignore_ascii_case(&look.table.name));
                let is_back = key.table.eq_ignore_ascii_case(&from.table.name) && depth > 0;
                let is_joined = depth > 0
                    && joins
                        .iter()
                        .any(|join| join.look.table.name.eq_ignore_ascii_case(&key.table));
                if joins.len() >= MOST || is_far || is_back || is_joined || is_copied(from, key) {
                    continue;
                }
                let Some(join) = label(
                    looks,
                    from,
                    through.map(|place| &joins[place]),
                    through,
                    key,
                    &mut aliases,
                ) else {
                    continue;
                };
                let is_own = join.look.table.name == from.table.name;
                joins.push(join);
                if !is_own {
                    next.push((joins[joins.len() - 1].look, Some(joins.len() - 1)));
                }
            }
        }
        open = next;
    }
    joins
}

/// Whether a row has the name already, beside the key: `region` beside `region_id`.
fn is_copied(from: &Look<'_>, key: &ForeignKey) -> bool {
    let what = Words::of(&what(&key.column));
    from.columns.iter().any(|one| {
        one.column.words == what
            && one.seen.is_text()
            && !one.column.name.eq_ignore_ascii_case(&key.column)
    })
}

fn known_accounts(looks: &[Look<'_>], key: &ForeignKey) -> bool {
    find(looks, &key.table).is_some_and(|look| {
        look.table
            .columns
            .iter()
            .any(|column| known::is_of_accounts(&column.words))
    })
}

fn label<'l>(
    looks: &'l [Look<'l>],
    from: &Look<'_>,
    before: Option<&Join<'_>>,
    through: Option<usize>,
    key: &ForeignKey,
    aliases: &mut Vec<String>,
) -> Option<Join<'l>> {
    let parent = find(looks, &key.table)?;
    let target = parent.target(key)?;
    let what = what(&key.column);
    let is_taken = |alias: &str| {
        aliases
            .iter()
            .any(|other| other.eq_ignore_ascii_case(alias))
    };
    let mut alias = what.to_lowercase();
    if is_taken(&alias) {
        alias = format!(
            "{}_{alias}",
            before.map_or("its", |join| join.alias.as_str())
        );
    }
    while is_taken(&alias) {
        alias.push('_');
    }
    let expression = parent.name_of(&name(&alias))?;
    aliases.push(alias.clone());
    let from_alias = before.map_or(from.table.name.as_str(), |join| join.alias.as_str());
    Some(Join {
        look: parent,
        on: format!(
            "{}.{} = {}.{}",
            name(&alias),
            name(&target.name),
            name(from_alias),
            name(&key.column)
        ),
        through,
        field: named(&key.column, &what),
        expression,
        alias,
    })
}

/// What a foreign key is the key of: `author` for `author_id`, `SupportRep` for `SupportRepId`.
fn what(column: &str) -> String {
    let words = Words::of(column);
    let Some(without) = words.without_last(known::KEY_ENDINGS) else {
        return column.trim_start_matches('_').to_owned();
    };
    let ending = words.joined().len() - without.joined().len();
    let kept = column.len().saturating_sub(ending);
    let kept = column
        .get(..kept)
        .unwrap_or(column)
        .trim_matches(['_', '-', ' ']);
    if kept.is_empty() {
        column.to_owned()
    } else {
        kept.to_owned()
    }
}

/// `author_name`, `AlbumName`, `ALBUM_NAME`: in the spelling of the key.
fn named(column: &str, what: &str) -> String {
    let has_small = what.contains(|c: char| c.is_lowercase());
    let has_capitals = what.contains(|c: char| c.is_uppercase());
    let is_camel = has_small
        && (has_capitals || column.ends_with("Id") || column.ends_with("ID"))
        && !column.contains('_');
    match (is_camel, has_small || !has_capitals) {
        (true, _) => format!("{what}Name"),
        (false, true) => format!("{what}_name"),
        (false, false) => format!("{what}_NAME"),
    }
}

/// The arrays of a table, through its link tables.
pub(super) async fn gathered<'l>(
    snapshot: &mut Snapshot<'_>,
    looks: &'l [Look<'l>],
    look: &'l Look<'l>,
) -> Result<Vec<Gathered<'l>>, DatabaseError> {
    let mut all: Vec<Gathered<'l>> = Vec::new();
    let links = looks.iter().filter(|link| is_link(link) && link.rows > 0);
    for link in links {
        let [one, other] = link.keys.as_slice() else {
            continue;
        };
        for (near, far) in [(one, other), (other, one)] {
            let is_of_table = near.table.eq_ignore_ascii_case(&look.table.name);
            let is_of_itself = far.table.eq_ignore_ascii_case(&look.table.name);
            let (true, false, Some(target)) = (is_of_table, is_of_itself, look.target(near)) else {
                continue;
            };
            let Some((theirs, key)) =
                find(looks, &far.table).and_then(|theirs| Some((theirs, theirs.target(far)?)))
            else {
                continue;
            };
            if !is_short(snapshot, link, near).await? {
                continue;
            }
            let taken = |alias: &str| alias.eq_ignore_ascii_case(&look.table.name);
            let alias = if taken(&theirs.table.name) {
                "theirs".to_owned()
            } else {
                theirs.table.name.clone()
            };
            let link_alias = link.table.name.clone();
            let Some(called) = theirs.name_of(&name(&alias)) else {
                continue;
            };
            let to_table = format!(
                "{}.{} = {}.{}",
                name(&link_alias),
                name(&near.column),
                name(&look.table.name),
                name(&target.name)
            );
            let to_link = format!(
                "{}.{} = {}.{}",
                name(&alias),
                name(&key.name),
                name(&link_alias),
                name(&far.column)
            );
            // In an order of its own: whichever way SQLite reads them, the array is the same.
            let expression = format!(
                "(SELECT json_group_array({called} ORDER BY {called}) FROM {} JOIN {} ON {to_link} WHERE {to_table})",
                name(&link.table.name),
                name(&theirs.table.name),
            );
            all.push(Gathered {
                field: array_name(look, theirs),
                link,
                look: theirs,
                expression,
                to_table,
                to_link,
                link_alias,
                alias,
            });
        }
    }
    Ok(all)
}

async fn is_short(
    snapshot: &mut Snapshot<'_>,
    link: &Look<'_>,
    near: &ForeignKey,
) -> Result<bool, DatabaseError> {
    let sql = format!(
        "SELECT COALESCE(AVG(n), 0), COALESCE(MAX(n), 0) FROM (SELECT COUNT(*) AS n FROM {} GROUP BY {})",
        quoted(&link.table.name),
        quoted(&near.column)
    );
    let row = snapshot.first_texts(&sql).await?;
    let at = |place: usize| -> f64 {
        row.get(place)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    };
    Ok(at(0) <= ON_AVERAGE && at(1) <= IN_ONE)
}

/// `tags` for the table `blog_tag` of a table `blog_post`.
fn array_name(look: &Look<'_>, theirs: &Look<'_>) -> String {
    let own = look.table.words.iter().next().map(Words::of);
    let is_of_one_application = look.table.name.contains('_')
        && own
            .as_ref()
            .is_some_and(|own| theirs.table.words.after(own).is_some());
    let bare = match is_of_one_application {
        true => theirs
            .table
            .name
            .split_once('_')
            .map_or(theirs.table.name.as_str(), |(_, rest)| rest),
        false => theirs.table.name.as_str(),
    };
    // In a schema of camelCase the fields begin small, the tables with a capital.
    let is_small = look
        .columns
        .iter()
        .all(|one| one.column.name.starts_with(|c: char| !c.is_uppercase()));
    let mut plural = plural(bare);
    if is_small && let Some(first) = plural.chars().next() {
        plural = first.to_lowercase().collect::<String>() + &plural[first.len_utf8()..];
    }
    plural
}

/// A label is searched as a name is, and a place of few is filtered by.
pub(super) fn is_searched(join: &Join<'_>) -> bool {
    join.look
        .name()
        .iter()
        .all(|one| one.role.is_name() || matches!(one.role, Role::Words | Role::Text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_called_after_its_key_and_in_its_spelling() {
        for (column, field) in [
            ("author_id", "author_name"),
            ("AlbumId", "AlbumName"),
            ("SupportRepId", "SupportRepName"),
            ("CustomerID", "CustomerName"),
            ("authorId", "authorName"),
            ("ALBUM_ID", "ALBUM_NAME"),
            ("owner", "owner_name"),
            ("ReportsTo", "ReportsToName"),
            ("category", "category_name"),
        ] {
            assert_eq!(named(column, &what(column)), field);
        }
    }
}
