//! Finds the numbers of a JSON text that Meilisearch returns changed: it keeps integers of 64 bits and stores all
//! others as the nearest 64-bit float.

/// Any decimal of so many digits is what its nearest float is written as.
const ALWAYS_KEPT: usize = 15;

/// More digits than these no float has.
const NEVER_KEPT: usize = 800;

/// Whether a number in JSON comes back with other digits. One that a float was written as, with all the 17 digits that tell it
/// from its neighbours, is the same float again, and comes back.
pub(super) fn is_rounded(number: &[u8]) -> bool {
    let has_exponent = number.iter().any(|byte| matches!(byte, b'e' | b'E'));
    if number.len() <= ALWAYS_KEPT && !has_exponent {
        return false;
    }
    let Ok(number) = std::str::from_utf8(number) else {
        return false;
    };
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return false;
    }
    let Ok(float) = number.parse::<f64>() else {
        return false;
    };
    let digits = significant(number);
    if digits.is_empty() {
        return false;
    }
    if digits.len() > NEVER_KEPT {
        return true;
    }
    let kept = format!("{:.*e}", digits.len() - 1, float.abs());
    significant(&kept) != digits
}

/// The digits of a number without its sign, point and exponent, and without zeros before and after.
fn significant(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or(number);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_that_comes_back_is_told_from_one_that_does_not() {
        for kept in [
            "0",
            "-0",
            "0.0",
            "-1.5",
            "1e21",
            "100000000000000000000",
            "0.1",
            "0.10000000000000001",
            "0.30000000000000004",
            "18446744073709551615",
            "-9223372036854775808",
            "9007199254740993",
            "0.0009765625",
            "9.31322574615478515625e-10",
            "1.7976931348623157e308",
            "5e-324",
            "2.50000000000000000000000",
        ] {
            assert!(!is_rounded(kept.as_bytes()), "{kept}");
        }
        for rounded in [
            "18446744073709551616123",
            "18446744073709551617",
            "-9223372036854775809",
            "3.14159265358979323846",
            "9007199254740993.0",
            "123456789012345678.9",
            "1e-400",
            "0.1000000000000000000001",
        ] {
            assert!(is_rounded(rounded.as_bytes()), "{rounded}");
        }
        assert!(is_rounded("1".repeat(5000).as_bytes()));
    }

    proptest! {
        #[test]
        fn what_a_float_is_written_as_comes_back(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            let shortest = serde_json::to_string(&number).unwrap();
            prop_assert!(!is_rounded(shortest.as_bytes()), "{}", shortest);
            let with_17_digits = format!("{number:.16e}");
            prop_assert!(!is_rounded(with_17_digits.as_bytes()), "{}", with_17_digits);
        }
    }
}
