//! Change timestamps: when a row last changed, with every spelling of a time as one instant.

use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use crate::sqlite::{Argument, Value};

#[cfg(test)]
mod tests;

/// Beyond this a unix number is no longer read as seconds (that would be the year 5138) but as milliseconds.
const FIRST_MILLISECOND: f64 = 1e11;
/// And beyond this as microseconds. A column with milliseconds from before March 1973 has to be divided in SQL.
const FIRST_MICROSECOND: f64 = 1e14;
/// And beyond this as nanoseconds.
const FIRST_NANOSECOND: f64 = 1e17;
/// A number from here on is no time: nanoseconds of the year 2261, just below the greatest integer of 64 bits, which
/// stands for "never" in some tables.
const FIRST_BEYOND: f64 = 9.2e18;

/// The Julian days that SQLite's date functions take: the years 0 to 9999
/// (<https://sqlite.org/lang_datefunc.html>). As unix seconds these numbers would all lie in the first nine weeks of 1970.
const JULIAN_DAYS: std::ops::Range<f64> = 1_721_059.5..5_373_484.5;
/// The Julian day of 1970-01-01T00:00:00Z, in milliseconds.
const JULIAN_EPOCH_MS: i64 = 210_866_760_000_000;
const DAY_MS: f64 = 86_400_000.0;
/// More than SQLite rounds a Julian day by (half a millisecond), in days.
const JULIAN_SLACK: f64 = 2e-8;

static PARSER: DateTimeParser = DateTimeParser::new();

/// How a column spells its times; [`form`] tells it from a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampForm {
    Text,
    JulianDays,
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

/// The instant that a value spells.
///
/// Texts as Rails writes them (`2025-09-01 11:06:28.123456`, with 3 digits by SQL, with none), as ISO 8601 does (a `T`,
/// a `Z`, an offset), as Ruby prints them (` UTC`, ` +0200`), and bare dates. A text without an offset is UTC, for that is
/// what Rails stores; local time would shift by hours and the follower would skip what lies between.
/// Numbers are Julian days, or seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size.
///
/// Strict, since a spelling that is guessed wrongly hides a change: each text begins with a year of four digits and a
/// `-`, which [`lower_bound`] relies on.
pub fn parse(value: Value<'_>) -> Result<Timestamp, NotATimestamp> {
    read(value).map(|(instant, _)| instant)
}

/// The form of a value that is a time. A column that mixes forms can't be compared with one bound.
pub fn form(value: Value<'_>) -> Result<TimestampForm, NotATimestamp> {
    read(value).map(|(_, form)| form)
}

/// A value for `:since` at or below every spelling of every instant from `since` on, in the order of the database.
///
/// It is deliberately low. Texts are compared as texts, so `10:00:00` sorts before `10:00:00.000` and an
/// offset of 14 hours makes another date of the same instant; date functions round to milliseconds, also upwards.
/// The date one day before sorts before all of them; what is really new is decided by instants, afterwards.
pub fn lower_bound(form: TimestampForm, since: Timestamp) -> Argument {
    let nanoseconds = since.as_nanosecond();
    match form {
        TimestampForm::Text => Argument::Text(day_before(since)),
        TimestampForm::Seconds => rounded_down(nanoseconds, 1_000_000_000),
        TimestampForm::Milliseconds => rounded_down(nanoseconds, 1_000_000),
        TimestampForm::Microseconds => rounded_down(nanoseconds, 1_000),
        TimestampForm::Nanoseconds => rounded_down(nanoseconds, 1),
        TimestampForm::JulianDays => Argument::Real(julian_day(since) - JULIAN_SLACK),
    }
}

fn julian_day(instant: Timestamp) -> f64 {
    (instant.as_millisecond() + JULIAN_EPOCH_MS) as f64 / DAY_MS
}

/// Whether something that is stamped with `instant` may have happened after `moment`, by what its digits leave open.
pub fn may_be_after(instant: Timestamp, moment: Timestamp) -> bool {
    ends_after(instant, resolution(instant), moment)
}

/// The same, for counting what waits: with a resolution of more than a second, for example a date alone, a row that was
/// already followed would be counted all day.
pub fn is_after(instant: Timestamp, moment: Timestamp) -> bool {
    let open = resolution(instant).min(SignedDuration::from_secs(1));
    ends_after(instant, open, moment)
}

/// Whether the time that an instant leaves open ends after `moment`; that of the last instant that there is does.
fn ends_after(instant: Timestamp, open: SignedDuration, moment: Timestamp) -> bool {
    let end = instant.checked_add(open);
    end.map_or(true, |end| end > moment)
}

/// How exactly an instant says when something happened, as far as its digits tell: 12:00:00 may be a whole second or
/// 12:00:00.000000, so it is taken for the coarser. A second change within this time may carry the very same timestamp.
pub fn resolution(instant: Timestamp) -> SignedDuration {
    let nanoseconds = instant.as_nanosecond();
    [
        SignedDuration::from_hours(24),
        SignedDuration::from_mins(1),
        SignedDuration::from_secs(1),
        SignedDuration::from_millis(1),
        SignedDuration::from_micros(1),
    ]
    .into_iter()
    .find(|unit| nanoseconds % unit.as_nanos() == 0)
    .unwrap_or(SignedDuration::from_nanos(1))
}

fn rounded_down(nanoseconds: i128, unit: i128) -> Argument {
    // An integer of 64 bits holds nanoseconds up to the year 2262; a bound beyond is as good as the last that there is.
    let bound = nanoseconds.div_euclid(unit);
    Argument::Integer(bound.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}

fn day_before(since: Timestamp) -> String {
    let date = Offset::UTC.to_datetime(since).date();
    match date.yesterday() {
        Ok(date) if date.year() >= 0 => {
            format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
        }
        _ => String::new(),
    }
}

/// The whole seconds since the epoch at an instant, rounded down also before 1970.
pub(crate) fn unix_seconds(instant: Timestamp) -> i64 {
    instant.as_nanosecond().div_euclid(1_000_000_000) as i64
}

fn read(value: Value<'_>) -> Result<(Timestamp, TimestampForm), NotATimestamp> {
    let read = match value {
        Value::Integer(number) => read_integer(number),
        Value::Real(number) => read_real(number),
        Value::Text(text) => read_text(text).map(|instant| (instant, TimestampForm::Text)),
        Value::Null | Value::NotUtf8(_) | Value::Blob(_) => None,
    };
    read.ok_or_else(|| NotATimestamp {
        value: value.excerpt(),
    })
}

fn read_integer(number: i64) -> Option<(Timestamp, TimestampForm)> {
    let form = form_of_size(number as f64)?;
    let instant = match form {
        TimestampForm::Text => return None,
        TimestampForm::JulianDays => return Some((from_julian_day(number as f64)?, form)),
        TimestampForm::Seconds => Timestamp::from_second(number),
        TimestampForm::Milliseconds => Timestamp::from_millisecond(number),
        TimestampForm::Microseconds => Timestamp::from_microsecond(number),
        TimestampForm::Nanoseconds => Timestamp::from_nanosecond(number.into()),
    };
    Some((instant.ok()?, form))
}

/// A number with a fraction, as `unixepoch('subsec')` gives it. Rounded down to the nanosecond: an instant later than
/// the number itself could lie above a bound that the number lies below.
fn read_real(number: f64) -> Option<(Timestamp, TimestampForm)> {
    let form = form_of_size(number)?;
    let nanoseconds = match form {
        TimestampForm::Text => return None,
        TimestampForm::JulianDays => return Some((from_julian_day(number)?, form)),
        TimestampForm::Seconds => 1e9,
        TimestampForm::Milliseconds => 1e6,
        TimestampForm::Microseconds => 1e3,
        TimestampForm::Nanoseconds => 1.0,
    };
    let whole = number.floor();
    let fraction = ((number - whole) * nanoseconds)
        .floor()
        .min(nanoseconds - 1.0);
    let instant = whole as i128 * nanoseconds as i128 + fraction as i128;
    Some((Timestamp::from_nanosecond(instant).ok()?, form))
}

/// To the nearest millisecond, as SQLite's own date functions read it.
fn from_julian_day(day: f64) -> Option<Timestamp> {
    let milliseconds = (day * DAY_MS + 0.5) as i64 - JULIAN_EPOCH_MS;
    Timestamp::from_millisecond(milliseconds).ok()
}

fn form_of_size(number: f64) -> Option<TimestampForm> {
    if JULIAN_DAYS.contains(&number) {
        return Some(TimestampForm::JulianDays);
    }
    match number.abs() {
        size if size < FIRST_MILLISECOND => Some(TimestampForm::Seconds),
        size if size < FIRST_MICROSECOND => Some(TimestampForm::Milliseconds),
        size if size < FIRST_NANOSECOND => Some(TimestampForm::Microseconds),
        size if size < FIRST_BEYOND => Some(TimestampForm::Nanoseconds),
        _ => None,
    }
}

fn read_text(text: &str) -> Option<Timestamp> {
    let year_and_dash = text.as_bytes().get(..5)?;
    if !(year_and_dash[..4].iter().all(u8::is_ascii_digit) && year_and_dash[4] == b'-') {
        return None;
    }
    if let Some(utc) = text.strip_suffix(" UTC") {
        let pieces = PARSER.parse_pieces(utc).ok()?;
        let without_offset = pieces.offset().is_none() && pieces.time().is_some();
        return without_offset.then(|| instant(&pieces)).flatten();
    }
    // Ruby prints a space before the offset.
    if let Some((time, offset)) = text.rsplit_once(' ')
        && offset.starts_with(['+', '-'])
    {
        return instant(&PARSER.parse_pieces(&format!("{time}{offset}")).ok()?);
    }
    instant(&PARSER.parse_pieces(text).ok()?)
}

fn instant(pieces: &jiff::fmt::temporal::Pieces<'_>) -> Option<Timestamp> {
    if pieces.time_zone_annotation().is_some() {
        return None;
    }
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    // Farther than any place on earth, and than the day that the lower bound allows for.
    if offset.seconds().abs() >= 24 * 60 * 60 {
        return None;
    }
    let time = pieces.time().unwrap_or(Time::midnight());
    offset
        .to_timestamp(DateTime::from_parts(pieces.date(), time))
        .ok()
}

/// A value that spells no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{value} is no time: neither a text like 2025-09-01 11:06:28 (with a fraction, T, Z or offset if need be) \
     nor seconds, milliseconds, microseconds or nanoseconds since 1970, nor a Julian day, as a number; set it right, or \
     convert it in the SQL"
)]
pub struct NotATimestamp {
    value: String,
}
