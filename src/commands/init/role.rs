//! What a column is, by its name and by what it holds, and what follows from that for searching: the rules, in one place.

use super::sample::Seen;
use super::schema::{Column, Table};
use super::vocabulary as known;
use super::words::Words;

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Nobody may read it who can search: why.
    Secret(&'static str),
    Bytes,
    /// It is NULL in every row, and nothing tells what it will be.
    Empty,
    /// The number or code that a row is known by.
    Key,
    /// The key of a row of another table.
    Reference,
    Time,
    Truth,
    Number,
    /// Numbers that are stored as texts: an amount of money, mostly.
    Numeric,
    /// What a row is called; the least rank is the best.
    Name(usize),
    /// Written to be read.
    Text,
    /// Some words of many different ones.
    Words,
    /// Few different words.
    Choice,
    Place,
    /// A text with commas between its parts.
    List,
    JsonList,
    JsonObject,
    /// Found as a whole, or not at all: an address, a phone, a file, a hash.
    Code,
    /// Something that none of this fits.
    Other,
}

/// What is done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub searched: bool,
    pub filtered: bool,
    pub sorted: bool,
    pub why: &'static str,
}

impl Role {
    /// What a column of this role is good for.
    pub fn used(self) -> Use {
        let (searched, filtered, sorted, why) = match self {
            Role::Secret(why) => (false, false, false, why),
            Role::Bytes => (false, false, false, "bytes"),
            Role::Empty => (false, false, false, "empty so far"),
            Role::Key => (false, false, false, "the key"),
            Role::Reference => (false, true, false, "a row of another table"),
            Role::Time => (false, true, true, "a time"),
            Role::Truth => (false, true, false, "true or false"),
            Role::Number | Role::Numeric => (false, true, true, "a number"),
            Role::Name(_) => (true, false, false, "what a row is called"),
            Role::Text => (true, false, false, "a text"),
            Role::Words => (true, false, false, "words, mostly different ones"),
            Role::Choice => (false, true, false, "few different values"),
            Role::Place => (true, true, false, "a place"),
            Role::List | Role::JsonList => (true, true, false, "a list"),
            Role::JsonObject => (false, false, false, "JSON"),
            Role::Code => (
                false,
                false,
                false,
                "found as a whole: an address, a number, a code",
            ),
            Role::Other => (false, false, false, "neither words nor numbers"),
        };
        Use {
            searched,
            filtered,
            sorted,
            why,
        }
    }

    pub fn is_name(self) -> bool {
        matches!(self, Role::Name(_))
    }

    /// Whether a table with such a column has something to be searched by its words.
    pub fn is_worth_a_table(self) -> bool {
        matches!(self, Role::Name(_) | Role::Text | Role::Words)
    }
}

/// The role of a column; `is_reference` if its values are keys of another table, `is_brought` if somebody wants it
/// whatever it hides.
pub(super) fn of(
    table: &Table,
    column: &Column,
    seen: &Seen,
    is_reference: bool,
    is_brought: bool,
) -> Role {
    let words = &column.words;
    let declared = |part: &str| column.declared.contains(part);
    if let Some(why) = known::secret(words).filter(|_| !is_brought) {
        return Role::Secret(why);
    }
    if seen.blobs > 0 || (declared("BLOB") && seen.values == 0) {
        return Role::Bytes;
    }
    if is_reference {
        return Role::Reference;
    }
    if column.key.is_some() && (seen.is_number() || seen.share(seen.uuids) > 90) {
        return Role::Key;
    }
    if seen.values == 0 {
        return by_name_alone(table, column);
    }
    if is_time(column, seen) {
        return Role::Time;
    }
    if is_truth(column, seen) {
        return Role::Truth;
    }
    if seen.is_number() {
        let is_an_identifier = words.len() > 1 && words.end_with(&["id", "no", "number", "uuid"]);
        return match is_an_identifier || known::is_code(words) {
            true => Role::Code,
            false => Role::Number,
        };
    }
    if !seen.is_text() {
        return Role::Other;
    }
    of_texts(table, words, seen)
}

fn of_texts(table: &Table, words: &Words, seen: &Seen) -> Role {
    let some = |part: u64, percent: u64| seen.of_texts(part) >= percent;
    if some(seen.json_lists, 90) {
        return Role::JsonList;
    }
    if some(seen.json_lists + seen.json_objects, 90) {
        return Role::JsonObject;
    }
    if [seen.addresses, seen.emails, seen.phones, seen.uuids]
        .into_iter()
        .any(|part| some(part, 80))
    {
        return Role::Code;
    }
    if some(seen.numeric_texts, 95) && !words.end_with(&["name", "title"]) {
        // A zero in front is a part of a code, and of no number.
        let has_zeroes = seen
            .kept
            .keys()
            .any(|text| text.len() > 1 && text.starts_with('0') && !text.starts_with("0."));
        return match has_zeroes || known::is_code(words) || words.end_with(&["id", "no", "number"])
        {
            true => Role::Code,
            false => Role::Numeric,
        };
    }
    if known::is_list(words) && seen.commas > 0 {
        return Role::List;
    }
    // What is written in sentences is a text, whatever it is called.
    let is_prose = seen.mean_words() >= 60 || some(seen.html, 20);
    let is_short = seen.mean_words() < 35;
    // A title may be a sentence.
    let is_long = |rank: usize| is_prose && (rank >= known::OTHER_NAME || seen.mean_words() >= 250);
    if let Some(rank) = known::name_rank(words, &table.words).filter(|rank| !is_long(*rank)) {
        let is_other = rank >= known::OTHER_NAME;
        return match is_other && is_short && seen.has_few_values() {
            true => Role::Choice,
            false => Role::Name(rank),
        };
    }
    // Where somebody lives is no text to be read.
    if words.has(&["address", "street"]) && seen.mean_words() < 120 {
        return Role::Code;
    }
    if is_prose || known::is_text(words) {
        return Role::Text;
    }
    if known::is_code(words) && is_short {
        return Role::Code;
    }
    if known::is_place(words) && is_short {
        return Role::Place;
    }
    if is_short && (known::is_choice(words) || (seen.has_few_values() && seen.mean_length() <= 40))
    {
        return Role::Choice;
    }
    if words.end_with(&["id", "uuid", "key"]) || some(seen.codes, 70) {
        return Role::Code;
    }
    match is_short {
        true => Role::Words,
        false => Role::Text,
    }
}

fn by_name_alone(table: &Table, column: &Column) -> Role {
    let is_declared_text = column.declared.contains("CHAR") || column.declared.contains("TEXT");
    if !is_declared_text || known::is_code(&column.words) || known::is_time(&column.words) {
        return Role::Empty;
    }
    if let Some(rank) = known::name_rank(&column.words, &table.words) {
        return Role::Name(rank);
    }
    match known::is_text(&column.words) {
        true => Role::Text,
        false => Role::Empty,
    }
}

/// All values are times, or all but a few of no meaning (`0000-00-00`, an empty text), and the name or the type says so.
fn is_time(column: &Column, seen: &Seen) -> bool {
    let is_declared = ["DATE", "TIME"]
        .iter()
        .any(|part| column.declared.contains(part));
    let is_meant = is_declared || known::is_time(&column.words);
    let blank = seen.empty + zeroes(seen);
    let is_numeric = seen.integers + seen.reals > 0;
    // A year alone, or a count of days, is a number; seconds from before SQLite existed are rarely meant.
    let is_believed = !is_numeric || seen.late_numbers * 10 >= (seen.integers + seen.reals) * 8;
    is_meant && is_believed && seen.times > 0 && (seen.times + blank) * 100 >= seen.values * 98
}

fn zeroes(seen: &Seen) -> u64 {
    let zeroes = seen.kept.iter().filter(|(value, _)| is_zero_date(value));
    zeroes.map(|(_, count)| count).sum()
}

/// MySQL's way to write that there is no time.
pub(super) fn is_zero_date(text: &str) -> bool {
    text.starts_with("0000-00-00")
}

fn is_truth(column: &Column, seen: &Seen) -> bool {
    let is_spelt = seen.booleans == seen.values;
    let is_declared = column.declared.contains("BOOL")
        || column.declared == "TINYINT(1)"
        || column.declared == "BIT";
    let is_number = seen.zero_or_one == seen.values;
    is_spelt && (is_declared || known::is_truth(&column.words) && (is_number || seen.is_text()))
}

#[cfg(test)]
mod tests;
