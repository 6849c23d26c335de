//! What an index may be called.

/// Longer names are refused; the message says 512, as the real server's does.
const MAX_BYTES: usize = 400;

/// Checks the uid of an index; the error is a sentence.
pub fn check(uid: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if uid.is_empty() || uid.len() > MAX_BYTES || !uid.bytes().all(allowed) {
        return Err(format!(
            "`{uid}` is not a valid index uid. Index uid can be an integer or a string containing only alphanumeric \
             characters, hyphens (-) and underscores (_), and can not be more than 512 bytes."
        ));
    }
    Ok(uid.to_owned())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_are_ascii_and_short() {
        assert!(check("articles_20261124T143000Z").is_ok());
        for bad in ["", "a b", "مقالات", "a.b", &"a".repeat(401)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
