//! A place on earth: two columns of numbers as the one field by which Meilisearch finds what is near.

use super::field::Field;
use super::language::Letters;
use super::look::Look;
use super::sql::name;
use super::vocabulary as known;

/// The columns of a place on earth: a latitude and a longitude whose names begin alike.
pub(super) fn place(look: &Look<'_>) -> Option<(usize, usize)> {
    let at = |is: fn(&str) -> bool| -> Vec<(usize, Vec<String>)> {
        let columns = look.columns.iter().enumerate();
        let those = columns.filter_map(|(at, one)| {
            let words: Vec<&str> = one.column.words.iter().collect();
            let place = words.iter().position(|word| is(word))?;
            let is_numeric = one.seen.is_number()
                || one.seen.values > 0 && one.seen.of_texts(one.seen.numeric_texts) == 100;
            let mut rest: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            rest.remove(place);
            is_numeric.then_some((at, rest))
        });
        those.collect()
    };
    let longitudes = at(known::is_longitude);
    at(known::is_latitude)
        .into_iter()
        .find_map(|(latitude, rest)| {
            Some((
                latitude,
                longitudes.iter().find(|(_, other)| *other == rest)?.0,
            ))
        })
}

pub(super) fn field(look: &Look<'_>, (latitude, longitude): (usize, usize)) -> Field {
    let c = |at: usize| {
        format!(
            "{}.{}",
            name(&look.table.name),
            name(&look.columns[at].column.name)
        )
    };
    let (latitude, longitude) = (c(latitude), c(longitude));
    Field {
        name: "_geo".to_owned(),
        expression: format!(
            "CASE WHEN {latitude} IS NOT NULL AND {longitude} IS NOT NULL THEN json_object('lat', {latitude}, 'lng', {longitude}) END"
        ),
        conversion: Some("json"),
        rank: None,
        filtered: true,
        sorted: true,
        why: "a place on earth".to_owned(),
        letters: Letters::default(),
    }
}
