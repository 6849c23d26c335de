use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn reads(value: Value<'_>, instant: &str) {
    let expected: Timestamp = instant.parse().unwrap();
    assert_eq!(parse(value), Ok(expected), "{value:?}");
}

#[test]
fn every_spelling_of_an_instant_is_the_same_instant() {
    for text in [
        "2025-09-01 11:06:28",
        "2025-09-01 11:06:28.000",
        "2025-09-01 11:06:28.000000",
        "2025-09-01T11:06:28",
        "2025-09-01T11:06:28Z",
        "2025-09-01 11:06:28Z",
        "2025-09-01T11:06:28.000000000Z",
        "2025-09-01T13:06:28+02:00",
        "2025-09-01 13:06:28+0200",
        "2025-09-01 13:06:28 +0200",
        "2025-09-01 04:06:28 -07:00",
        "2025-09-02T00:06:28+13:00",
        "2025-09-01 11:06:28 UTC",
        "2025-09-01 11:06:28.000 UTC",
    ] {
        reads(Value::Text(text), "2025-09-01T11:06:28Z");
    }
    for number in [
        1_756_724_788,
        1_756_724_788_000,
        1_756_724_788_000_000,
        1_756_724_788_000_000_000,
    ] {
        reads(Value::Integer(number), "2025-09-01T11:06:28Z");
        reads(Value::Real(number as f64), "2025-09-01T11:06:28Z");
    }
    // SELECT julianday('2025-09-01 11:06:28.123'), and of noon, which is a whole number.
    reads(
        Value::Real(2_460_919.962_825_497_6),
        "2025-09-01T11:06:28.123Z",
    );
    reads(Value::Real(2_460_920.0), "2025-09-01T12:00:00Z");
    reads(Value::Integer(2_460_920), "2025-09-01T12:00:00Z");
    reads(Value::Text("2025-09-01 11:06"), "2025-09-01T11:06:00Z");
    reads(Value::Text("2025-09-01"), "2025-09-01T00:00:00Z");
    reads(
        Value::Text("2025-09-01 11:06:28.123"),
        "2025-09-01T11:06:28.123Z",
    );
    reads(
        Value::Text("2025-09-01 11:06:28.123456"),
        "2025-09-01T11:06:28.123456Z",
    );
    reads(Value::Text("0000-01-01"), "0000-01-01T00:00:00Z");
    reads(Value::Integer(0), "1970-01-01T00:00:00Z");
    reads(Value::Integer(-1), "1969-12-31T23:59:59Z");
    reads(Value::Real(0.5), "1970-01-01T00:00:00.5Z");
    reads(Value::Real(-0.25), "1969-12-31T23:59:59.75Z");
}

#[test]
fn what_is_no_time_is_not_guessed_at() {
    for text in [
        "",
        " ",
        "now",
        "0000-00-00 00:00:00",
        "2025-02-30",
        "2025-13-01",
        "2025-9-1",
        "2025-09-01 24:00:00",
        "2025-09-01 11:60",
        " 2025-09-01",
        "2025-09-01 ",
        "20250901",
        "20250901T110628Z",
        "+002025-09-01",
        "-000001-01-01",
        "01.09.2025",
        "1756724788",
        "1756724788.5",
        "2025-09-01 UTC",
        "2025-09-01 11:06:28 CET",
        "2025-09-01 11:06:28Z UTC",
        "2025-09-01T11:06:28[Asia/Gaza]",
        "2025-09-01T11:06:28+02:00[Asia/Gaza]",
        "2025-09-01T11:06:28+24:00",
        "2025-09-01T11:06:28-25:00",
        "٢٠٢٥-٠٩-٠١",
        "2025-09-01\0",
        "2025-",
    ] {
        let error = parse(Value::Text(text)).unwrap_err();
        assert!(error.to_string().contains("2025-09-01 11:06:28"), "{text}");
    }
    for value in [
        Value::Null,
        Value::Blob(b"2025-09-01"),
        Value::NotUtf8(b"\xff"),
        Value::Integer(i64::MAX),
        Value::Integer(i64::MIN),
        Value::Real(f64::INFINITY),
        Value::Real(f64::NEG_INFINITY),
        Value::Real(f64::NAN),
        Value::Real(1e300),
    ] {
        assert!(parse(value).is_err(), "{value:?}");
    }
}

#[test]
fn a_bad_value_is_shown_and_cut_short() {
    let error = parse(Value::Text("yesterday")).unwrap_err().to_string();
    assert!(error.starts_with("\"yesterday\" is no time"), "{error}");
    assert!(
        parse(Value::Text(&"x".repeat(1_000_000)))
            .unwrap_err()
            .to_string()
            .len()
            < 500
    );
}

#[test]
fn a_columns_form_is_told_by_a_value() {
    let form = |value| form(value).unwrap();
    assert_eq!(form(Value::Text("2025-09-01")), TimestampForm::Text);
    assert_eq!(form(Value::Integer(1_756_724_788)), TimestampForm::Seconds);
    assert_eq!(
        form(Value::Real(1_756_724_788_123.0)),
        TimestampForm::Milliseconds
    );
    assert_eq!(
        form(Value::Integer(1_756_724_788_123_456)),
        TimestampForm::Microseconds
    );
    assert_eq!(
        form(Value::Integer(1_756_724_788_123_456_789)),
        TimestampForm::Nanoseconds
    );
    assert_eq!(form(Value::Integer(2_460_920)), TimestampForm::JulianDays);
    assert!(super::form(Value::Null).is_err());
}

#[test]
fn an_instant_is_as_exact_as_its_digits() {
    for (instant, nanoseconds) in [
        ("2025-09-01T00:00:00Z", 86_400_000_000_000),
        ("2025-09-01T11:06:00Z", 60_000_000_000),
        ("2025-09-01T11:06:28Z", 1_000_000_000),
        ("2025-09-01T11:06:28.120Z", 1_000_000),
        ("2025-09-01T11:06:28.123456Z", 1_000),
        ("2025-09-01T11:06:28.123456789Z", 1),
        ("1969-12-31T23:59:59.5Z", 1_000_000),
    ] {
        let found = resolution(instant.parse().unwrap());
        assert_eq!(found.as_nanos(), nanoseconds, "{instant}");
    }
}

#[test]
fn a_bound_is_rounded_down() {
    let since: Timestamp = "2025-09-01T00:00:00.9999999Z".parse().unwrap();
    let early: Timestamp = "1969-12-31T23:59:59.5Z".parse().unwrap();
    for (form, since, bound) in [
        (TimestampForm::Seconds, since, 1_756_684_800),
        (TimestampForm::Milliseconds, since, 1_756_684_800_999),
        (TimestampForm::Microseconds, since, 1_756_684_800_999_999),
        (TimestampForm::Seconds, early, -1),
    ] {
        assert_eq!(lower_bound(form, since), Argument::Integer(bound));
    }
    let year_0: Timestamp = "0000-01-01T00:00:00Z".parse().unwrap();
    for (since, bound) in [
        (since, "2025-08-31"),
        (Timestamp::MIN, ""),
        (year_0, ""),
        (year_0 + SignedDuration::from_hours(24), "0000-01-01"),
    ] {
        let bound = Argument::Text(bound.into());
        assert_eq!(lower_bound(TimestampForm::Text, since), bound);
    }
}

/// A bound that stands for a value that the database stores.
fn value(stored: &Argument) -> Value<'_> {
    match stored {
        Argument::Null => Value::Null,
        Argument::Integer(number) => Value::Integer(*number),
        Argument::Real(number) => Value::Real(*number),
        Argument::Text(text) => Value::Text(text),
    }
}

/// `stored >= bound` as SQLite compares: numbers as numbers and before texts, texts by their bytes.
fn is_at_least(stored: &Argument, bound: &Argument) -> bool {
    use Argument::{Integer, Null, Real, Text};
    match (stored, bound) {
        (Integer(stored), Integer(bound)) => stored >= bound,
        (Real(stored), Integer(bound)) => stored.floor() as i128 >= i128::from(*bound),
        (Integer(stored), Real(bound)) => *stored as f64 >= *bound,
        (Real(stored), Real(bound)) => stored >= bound,
        (Text(stored), Text(bound)) => stored.as_bytes() >= bound.as_bytes(),
        (Text(_), Integer(_) | Real(_)) => true,
        (Integer(_) | Real(_), Text(_)) | (Null, _) | (_, Null) => false,
    }
}

/// An instant of the years 0001 to 9998, and a second one that is often near it.
fn two_instants() -> impl Strategy<Value = (Timestamp, Timestamp)> {
    let seconds = -62_000_000_000i64..253_000_000_000;
    let near = prop_oneof![
        Just(0i64),
        -3i64..3,
        -2_000_000_000i64..2_000_000_000,
        -100_000_000_000_000i64..100_000_000_000_000
    ];
    (seconds, 0i32..1_000_000_000, near).prop_map(|(second, nanosecond, apart)| {
        let one = Timestamp::new(second, nanosecond).unwrap();
        (one, one + SignedDuration::from_nanos(apart))
    })
}

/// A spelling of an instant, together with the instant that is left after its digits are cut.
fn spelling(instant: Timestamp, kind: usize, digits: usize, offset_minutes: i32) -> Argument {
    let offset = Offset::from_seconds(offset_minutes * 60).unwrap();
    let local = offset.to_datetime(instant);
    let utc = TimeZone::UTC.to_datetime(instant);
    let text = |time: DateTime, separator: char| {
        let fraction = format!("{:09}", time.subsec_nanosecond());
        let fraction = if digits == 0 {
            String::new()
        } else {
            format!(".{}", &fraction[..digits])
        };
        let date = format!("{:04}-{:02}-{:02}", time.year(), time.month(), time.day());
        format!(
            "{date}{separator}{:02}:{:02}:{:02}{fraction}",
            time.hour(),
            time.minute(),
            time.second()
        )
    };
    let sign = if offset_minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset_minutes.abs() / 60, offset_minutes.abs() % 60);
    match kind {
        0 => Argument::Text(text(utc, ' ')),
        1 => Argument::Text(text(utc, 'T')),
        2 => Argument::Text(format!("{}Z", text(utc, 'T'))),
        3 => Argument::Text(format!("{}{sign}{hours:02}:{minutes:02}", text(local, 'T'))),
        4 => Argument::Text(format!("{}{sign}{hours:02}{minutes:02}", text(local, ' '))),
        5 => Argument::Text(format!("{} {sign}{hours:02}{minutes:02}", text(local, ' '))),
        6 => Argument::Text(format!("{} UTC", text(utc, ' '))),
        7 => Argument::Text(format!(
            "{:04}-{:02}-{:02}",
            utc.year(),
            utc.month(),
            utc.day()
        )),
        8 => Argument::Integer(instant.as_nanosecond().div_euclid(1_000_000_000) as i64),
        9 => Argument::Integer(instant.as_nanosecond().div_euclid(1_000_000) as i64),
        10 => Argument::Integer(instant.as_nanosecond().div_euclid(1_000) as i64),
        11 => Argument::Real(instant.as_nanosecond() as f64 / 1e9),
        12 => Argument::Real(instant.as_nanosecond() as f64 / 1e6),
        13 => Argument::Real(instant.as_nanosecond() as f64 / 1e3),
        14 => Argument::Integer(instant.as_nanosecond().try_into().unwrap_or(i64::MAX)),
        15 => Argument::Real(instant.as_nanosecond() as f64),
        // As `julianday()` does, which counts milliseconds.
        _ => {
            Argument::Real((instant.as_millisecond() as f64 + 210_866_760_000_000.0) / 86_400_000.0)
        }
    }
}

proptest! {
    #[test]
    fn texts_are_read_to_the_digit(
        (instant, _) in two_instants(), kind in 0usize..7, digits in 0usize..10, offset in -1439i32..1440,
    ) {
        let stored = spelling(instant, kind, digits, offset);
        let unit = 10i128.pow(9 - digits as u32);
        let cut = instant.as_nanosecond().div_euclid(unit) * unit;
        let read = parse(value(&stored)).unwrap();
        // Years before 1 can come of an offset and are spelt otherwise; none is in range here.
        prop_assert_eq!(read.as_nanosecond(), cut, "{:?}", stored);
    }

    #[test]
    fn numbers_are_read_within_their_unit((instant, _) in two_instants(), kind in 8usize..17) {
        let stored = spelling(instant, kind, 0, 0);
        // A number of microseconds after the year 5138 is no time any more.
        let Ok((read, form)) = read(value(&stored)) else { return Ok(()) };
        let unit: i128 = match form {
            TimestampForm::Text => unreachable!(),
            TimestampForm::Seconds => 1_000_000_000,
            TimestampForm::Milliseconds => 1_000_000,
            TimestampForm::Microseconds => 1_000,
            TimestampForm::Nanoseconds => 1,
            TimestampForm::JulianDays => {
                // One step of a number of that size is 40 microseconds, which rounds to the same millisecond.
                prop_assert_eq!(read.as_millisecond(), instant.as_millisecond(), "{:?}", stored);
                return Ok(());
            }
        };
        let whole = match stored {
            Argument::Integer(number) => number.into(),
            Argument::Real(number) => number.floor() as i128,
            Argument::Text(_) | Argument::Null => unreachable!(),
        };
        let exact = whole * unit;
        prop_assert!((exact..exact + unit).contains(&read.as_nanosecond()), "{:?}", stored);
    }

    /// The promise of `lower_bound`: whatever is really new is never hidden by SQLite's own comparison.
    #[test]
    fn a_bound_hides_no_spelling_of_a_later_instant(
        (since, later) in two_instants(), kind in 0usize..17, digits in 0usize..10, offset in -1439i32..1440,
    ) {
        let stored = spelling(later, kind, digits, offset);
        if let Ok((instant, form)) = read(value(&stored)) && instant >= since {
            let bound = lower_bound(form, since);
            prop_assert!(is_at_least(&stored, &bound), "{:?} against {:?}", stored, bound);
        }
    }

    #[test]
    fn no_text_is_read_that_a_bound_could_hide(text in any::<String>(), years in -19_998i64..19_998) {
        let since = Timestamp::UNIX_EPOCH.checked_add((years * 8_766).hours()).unwrap_or(Timestamp::MAX);
        let stored = Argument::Text(text);
        if let Ok((instant, form)) = read(value(&stored)) && instant >= since {
            prop_assert!(is_at_least(&stored, &lower_bound(form, since)));
        }
    }

    #[test]
    fn no_text_near_a_time_makes_it_panic(text in "[0-9]{4}-[0-9]{2}-[0-9T:. +Z-]{0,24}(UTC)?") {
        let since = Timestamp::UNIX_EPOCH;
        let stored = Argument::Text(text);
        if let Ok((instant, form)) = read(value(&stored)) && instant >= since {
            prop_assert!(is_at_least(&stored, &lower_bound(form, since)));
        }
    }
}
