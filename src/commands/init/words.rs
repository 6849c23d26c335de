//! A name as words, whatever its spelling: `lastModified`, `last_modified` and `LAST-MODIFIED` are all last, modified.

/// The words of a name, in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words(Vec<String>);

impl Words {
    pub fn of(name: &str) -> Words {
        let characters: Vec<char> = name.chars().collect();
        let mut words = Vec::new();
        let mut word = String::new();
        for (at, &this) in characters.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| characters[at]);
            let after = characters.get(at + 1);
            // `createdAt` ends a word before the A, `HTTPServer` before the S.
            let begins = this.is_uppercase()
                && before.is_some_and(|before| {
                    before.is_lowercase()
                        || before.is_ascii_digit()
                        || (before.is_uppercase()
                            && after.is_some_and(|after| after.is_lowercase()))
                });
            if begins || !this.is_alphanumeric() {
                words.push(std::mem::take(&mut word));
            }
            if this.is_alphanumeric() {
                word.extend(this.to_lowercase());
            }
        }
        words.push(word);
        words.retain(|word| !word.is_empty());
        Words(words)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// All of them as one: `updatedat`, which some write without a seam.
    pub fn joined(&self) -> String {
        self.0.concat()
    }

    /// Without numbers at the end of a word: `phone2` is a phone.
    fn plain(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.iter().map(plain)
    }

    /// Whether one of these words is among them.
    pub fn has(&self, known: &[&str]) -> bool {
        self.plain().any(|word| known.contains(&word))
            || self.iter().any(|word| known.contains(&word))
    }

    /// Whether it ends with one of these words.
    pub fn end_with(&self, known: &[&str]) -> bool {
        let last = self.0.last().map(String::as_str).unwrap_or_default();
        known.contains(&last) || known.contains(&plain(last))
    }

    /// Whether it is one of these, each in words apart: `last modified`. A spelling without a seam counts, too.
    pub fn are(&self, known: &str) -> bool {
        self.0.join(" ") == known || self.joined() == known.replace(' ', "")
    }

    /// Whether these words, apart, stand anywhere in it.
    pub fn contain(&self, known: &str) -> bool {
        let all = format!(" {} ", self.0.join(" "));
        all.contains(&format!(" {known} "))
    }

    /// The words without the last, where that is one of these.
    pub fn without_last(&self, known: &[&str]) -> Option<Words> {
        let (last, rest) = self.0.split_last()?;
        (known.contains(&last.as_str()) && !rest.is_empty()).then(|| Words(rest.to_vec()))
    }

    /// The same without the language at an end, which some name columns by: `titleAr`, `name_en`.
    pub fn without_language(&self) -> Words {
        const LANGUAGES: [&str; 34] = [
            "ar", "de", "en", "es", "fa", "fr", "he", "hi", "it", "ja", "ko", "nl", "pl", "pt",
            "ru", "tr", "uk", "ur", "zh", "arabic", "german", "english", "spanish", "persian",
            "french", "hebrew", "italian", "japanese", "korean", "russian", "turkish", "chinese",
            "native", "local",
        ];
        match self.0.as_slice() {
            [rest @ .., last] if !rest.is_empty() && LANGUAGES.contains(&last.as_str()) => {
                Words(rest.to_vec())
            }
            [first, rest @ ..] if !rest.is_empty() && LANGUAGES.contains(&first.as_str()) => {
                Words(rest.to_vec())
            }
            _ => self.clone(),
        }
    }

    /// Whether two names are of one thing, be it one or several: `author` and `authors`.
    pub fn same_thing(&self, other: &Words) -> bool {
        let singulars =
            |words: &Words| -> String { words.0.iter().map(|word| singular(word)).collect() };
        singulars(self) == singulars(other)
    }

    /// The words that come after those of another name, where it begins with them.
    pub fn after(&self, first: &Words) -> Option<Words> {
        let rest = self.0.strip_prefix(first.0.as_slice())?;
        (!rest.is_empty()).then(|| Words(rest.to_vec()))
    }
}

fn plain(word: &str) -> &str {
    word.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// One of what an English word names several of.
pub(super) fn singular(word: &str) -> String {
    if word == "people" {
        return "person".to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for ending in ["ses", "xes", "ches", "shes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    let is_plural = word.len() > 2
        && word.ends_with('s')
        && !["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    match is_plural {
        true => word[..word.len() - 1].to_owned(),
        false => word.to_owned(),
    }
}

/// Several of what a name names one of.
pub(super) fn plural(name: &str) -> String {
    let lower = name.to_lowercase();
    if !lower.ends_with(|c: char| c.is_ascii_lowercase()) || singular(&lower) != lower {
        return name.to_owned();
    }
    if let Some(stem) = name
        .strip_suffix('y')
        .filter(|_| !lower.ends_with("ay") && !lower.ends_with("ey"))
    {
        return format!("{stem}ies");
    }
    match ["s", "x", "ch", "sh"]
        .iter()
        .any(|end| lower.ends_with(end))
    {
        true => format!("{name}es"),
        false => format!("{name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_words_in_every_spelling() {
        for name in [
            "lastModified",
            "last_modified",
            "LAST-MODIFIED",
            "LastModified",
            "last modified",
            "_last__modified",
        ] {
            assert_eq!(
                Words::of(name).iter().collect::<Vec<_>>(),
                ["last", "modified"],
                "{name}"
            );
        }
        assert_eq!(
            Words::of("HTTPServerID").iter().collect::<Vec<_>>(),
            ["http", "server", "id"]
        );
        assert_eq!(
            Words::of("اسم_الكاتب").iter().collect::<Vec<_>>(),
            ["اسم", "الكاتب"]
        );
        assert!(Words::of("phone2").has(&["phone"]) && Words::of("md5").has(&["md5"]));
        assert!(Words::of("updatedat").are("updated at"));
        assert!(Words::of("user_api_key").contain("api key"));
    }

    #[test]
    fn one_and_several_are_one_thing() {
        for (one, several) in [
            ("author", "authors"),
            ("category", "categories"),
            ("Box", "boxes"),
            ("status", "status"),
            ("person", "people"),
        ] {
            assert!(Words::of(one).same_thing(&Words::of(several)), "{one}");
        }
        assert!(!Words::of("author").same_thing(&Words::of("author_books")));
        for (one, several) in [
            ("tag", "tags"),
            ("category", "categories"),
            ("Genre", "Genres"),
            ("tags", "tags"),
            ("وسم", "وسم"),
            ("box", "boxes"),
        ] {
            assert_eq!(plural(one), several);
        }
    }
}
