//! The fields of a document: each column that may be read, as what it is, and what other tables give.

use super::condition::Condition;
use super::field::{Field, Group, HTML};
use super::forms;
use super::geo;
use super::identity::Identity;
use super::joins::{self, Gathered, Join};
use super::language::Letters;
use super::look::{Look, Looked};
use super::prove::{Must, Proof, prove, with_bytes};
use super::role::{Role, Use};
use super::sql::name;
use super::tables;
use super::uid;
use super::vocabulary as known;
use crate::figures::counted;
use crate::sqlite::{DatabaseError, Snapshot};

/// The fields, and what a person should know.
pub(super) struct Fields {
    pub fields: Vec<Field>,
    /// Columns that are in no document, and why.
    pub left_out: Vec<(String, String)>,
    pub notes: Vec<String>,
}

pub(super) async fn of(
    snapshot: &mut Snapshot<'_>,
    looks: &[Look<'_>],
    look: &Look<'_>,
    identity: &Identity,
    conditions: &[Condition],
    joins: &[Join<'_>],
    gathered: &[Gathered<'_>],
) -> Result<Fields, DatabaseError> {
    let mut made = Fields {
        fields: Vec::new(),
        left_out: Vec::new(),
        notes: Vec::new(),
    };
    let mut taken = vec!["id".to_owned()];
    let place = geo::place(look);
    let proofs = proofs(snapshot, look, place).await?;
    let plain: Vec<&str> = look
        .columns
        .iter()
        .map(|one| one.column.name.as_str())
        .collect();
    let with_bytes = with_bytes(snapshot, look.table, &plain).await?;
    let place = place.filter(|place| {
        [place.0, place.1]
            .iter()
            .all(|at| proofs[*at].as_ref().is_some_and(Proof::is_good))
    });
    let called: Vec<&str> = look
        .name()
        .iter()
        .map(|one| one.column.name.as_str())
        .collect();
    for (at, one) in look.columns.iter().enumerate() {
        let column = &one.column.name;
        let is_id = identity.column.as_ref() == Some(column);
        let is_constant = conditions
            .iter()
            .any(|condition| condition.column.as_ref() == Some(column));
        let is_of_place =
            place.is_some_and(|(latitude, longitude)| at == latitude || at == longitude);
        let hidden = match one.role {
            Role::Secret(why) => Some(why),
            _ if one.role == Role::Bytes || with_bytes.contains(&column.as_str()) => Some("bytes"),
            _ => None,
        };
        if let Some(why) = hidden {
            made.left_out.push((column.clone(), why.to_owned()));
        } else if is_of_place
            && place.is_some_and(|(latitude, _)| at == latitude)
            && !taken.contains(&"_geo".to_owned())
        {
            taken.push("_geo".to_owned());
            made.fields
                .extend(place.map(|place| geo::field(look, place)));
        } else if !is_id && !is_constant && !is_of_place {
            let proof = proofs[at].as_ref();
            let field = field(look, one, proof, &called, &mut taken, &mut made.notes);
            made.fields.push(field);
        }
    }
    for join in joins {
        let few = tables::is_lookup(join.look, looks);
        made.fields.push(label(join, few, &mut taken));
    }
    for one in gathered {
        made.fields.push(array(one, &mut taken));
    }
    made.fields.extend(forms::of(&made.fields, &taken));
    Ok(made)
}

/// What all rows say of each column that is converted.
async fn proofs(
    snapshot: &mut Snapshot<'_>,
    look: &Look<'_>,
    place: Option<(usize, usize)>,
) -> Result<Vec<Option<Proof>>, DatabaseError> {
    let must = |at: usize, one: &Looked<'_>| match one.role {
        _ if place.is_some_and(|(latitude, longitude)| at == latitude || at == longitude) => {
            Some(Must::Coordinate)
        }
        Role::Time => Some(Must::Time),
        Role::Truth => Some(Must::Truth),
        Role::JsonList | Role::JsonObject => Some(Must::Json),
        _ => None,
    };
    let wanted: Vec<(usize, &str, Must)> = look
        .columns
        .iter()
        .enumerate()
        .filter_map(|(at, one)| Some((at, one.column.name.as_str(), must(at, one)?)))
        .collect();
    let columns: Vec<(&str, Must)> = wanted
        .iter()
        .map(|(_, column, must)| (*column, *must))
        .collect();
    let found = prove(snapshot, look.table, &columns).await?;
    let mut proofs: Vec<Option<Proof>> = vec![None; look.columns.len()];
    for ((at, _, _), proof) in wanted.into_iter().zip(found) {
        proofs[at] = Some(proof);
    }
    Ok(proofs)
}

fn field(
    look: &Look<'_>,
    one: &Looked<'_>,
    proof: Option<&Proof>,
    called: &[&str],
    taken: &mut Vec<String>,
    notes: &mut Vec<String>,
) -> Field {
    let column = &one.column.name;
    let mut expression = format!("{}.{}", name(&look.table.name), name(column));
    let is_geo = column == "_geo" && one.role == Role::JsonObject;
    let field = if is_geo {
        column.clone()
    } else {
        uid::field(column, taken)
    };
    taken.push(field.clone());
    let mut conversion = match one.role {
        Role::Time => Some("unix"),
        Role::Truth => Some("bool"),
        Role::JsonList | Role::JsonObject => Some("json"),
        Role::List => Some("list"),
        Role::Text | Role::Name(_) | Role::Words if one.seen.of_texts(one.seen.html) >= 20 => {
            Some(HTML)
        }
        _ => None,
    };
    let Use {
        mut searched,
        mut filtered,
        mut sorted,
        why,
    } = one.role.used();
    let mut why = why.to_owned();
    if let Some(proof) = proof {
        let is_time_of_no_form = one.role == Role::Time && proof.form().is_none();
        if !proof.is_good() || is_time_of_no_form {
            notes.push(match proof.is_good() {
                false => format!(
                    "{column} stays as it is: {} no {} in it, the first is {}",
                    counted(proof.bad, "row has", "rows have"),
                    converted(one.role),
                    proof.example
                ),
                true => {
                    format!("{column} stays as it is: its times are written in more than one way")
                }
            });
            (conversion, searched, filtered, sorted) = (None, false, false, false);
            why = "not what it seemed".to_owned();
        }
        if conversion == Some("unix") && proof.zero_dates > 0 {
            expression =
                format!("CASE WHEN {expression} NOT LIKE '0000-00-00%' THEN {expression} END");
        }
    }
    if one.role == Role::Numeric {
        expression = format!("CAST(NULLIF({expression}, '') AS REAL)");
    }
    let is_in_full_text = look
        .table
        .full_text
        .iter()
        .any(|other| other.eq_ignore_ascii_case(column));
    if is_in_full_text && one.seen.is_text() && !searched {
        searched = true;
        why.push_str(", in the full-text index of the application");
    }
    if one.role == Role::Code {
        filtered = one.seen.has_few_values();
    }
    if one.role == Role::JsonList && known::is_code(&one.column.words) {
        searched = false;
    }
    searched &= one.seen.values == 0 || one.seen.letters.any() > 0;
    let is_called = called.contains(&column.as_str());
    let (group, place) = match one.role {
        Role::Name(rank) => (Group::Name, rank as u64),
        _ if is_called => (Group::Name, u64::MAX),
        Role::List | Role::JsonList => (Group::List, 1),
        Role::Place => (Group::Place, 0),
        Role::Text => (Group::Text, one.seen.mean_length()),
        _ => (Group::Words, one.seen.mean_length()),
    };
    if is_called && called.first() == Some(&column.as_str()) {
        why = "what a row is called".to_owned();
    }
    Field {
        rank: searched.then_some((group, if is_called { 0 } else { place + 1 })),
        filtered: filtered || is_geo,
        sorted: sorted || is_called || is_geo,
        name: field,
        expression,
        conversion,
        why,
        letters: one.seen.letters.clone(),
    }
}

fn converted(role: Role) -> &'static str {
    match role {
        Role::Time => "time",
        Role::Truth => "true or false",
        _ => "JSON",
    }
}

/// `few` if the rows are few, and others are sorted by them.
fn label(join: &Join<'_>, few: bool, taken: &mut Vec<String>) -> Field {
    let field = uid::field(&join.field, taken);
    taken.push(field.clone());
    let mut letters = Letters::default();
    for one in join.look.name() {
        letters.add_all(&one.seen.letters);
    }
    Field {
        rank: joins::is_searched(join)
            .then_some((if few { Group::Lookup } else { Group::Label }, 0)),
        filtered: true,
        sorted: false,
        why: format!("the name of a row of {}", join.look.table.name),
        expression: join.expression.clone(),
        conversion: None,
        name: field,
        letters,
    }
}

fn array(one: &Gathered<'_>, taken: &mut Vec<String>) -> Field {
    let field = uid::field(&one.field, taken);
    taken.push(field.clone());
    let mut letters = Letters::default();
    for column in one.look.name() {
        letters.add_all(&column.seen.letters);
    }
    Field {
        rank: Some((Group::List, 0)),
        filtered: true,
        sorted: false,
        why: format!(
            "the names of all rows of {} that {} joins",
            one.look.table.name, one.link.table.name
        ),
        expression: one.expression.clone(),
        conversion: Some("json"),
        name: field,
        letters,
    }
}
