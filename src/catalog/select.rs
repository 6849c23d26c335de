//! Selects definitions by name, and gives them their uids.

use super::{CatalogError, IndexDefinition, uid};

/// The definitions called `names` (all, where none is named), in their own order, each with the uid that `uids` has
/// for it as (name, uid).
pub fn select(
    mut definitions: Vec<IndexDefinition>,
    names: &[String],
    uids: &[(String, String)],
) -> Result<Vec<IndexDefinition>, CatalogError> {
    for name in names.iter().chain(uids.iter().map(|(name, _)| name)) {
        if !definitions
            .iter()
            .any(|definition| definition.name == *name)
        {
            return Err(unknown(name, &definitions));
        }
    }
    for (place, (name, uid)) in uids.iter().enumerate() {
        if let Some((_, first)) = uids[..place]
            .iter()
            .find(|(other, first)| other == name && first != uid)
        {
            let (name, first, second) = (name.clone(), first.clone(), uid.clone());
            return Err(CatalogError::TwoUids {
                name,
                first,
                second,
            });
        }
        for definition in definitions
            .iter_mut()
            .filter(|definition| definition.name == *name)
        {
            definition.live_uid.clone_from(uid);
        }
    }
    // Of all of them, so that `reindex articles` does not take a uid that `reindex authors` would take back.
    uid::check(&definitions)?;
    definitions.retain(|definition| names.is_empty() || names.contains(&definition.name));
    Ok(definitions)
}

fn unknown(name: &str, definitions: &[IndexDefinition]) -> CatalogError {
    /// Below it, two names have nothing in common.
    const ALIKE: f64 = 0.8;
    let known: Vec<String> = definitions
        .iter()
        .map(|definition| definition.name.clone())
        .collect();
    let by_uid = definitions
        .iter()
        .find(|definition| definition.live_uid == name)
        .map(|it| it.name.clone());
    let scored = known.iter().map(|other| {
        (
            strsim::jaro_winkler(&other.to_lowercase(), &name.to_lowercase()),
            other,
        )
    });
    let similar = scored
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let nearest = by_uid.or_else(|| similar.map(|(_, name)| name.clone()));
    CatalogError::Unknown {
        name: name.to_owned(),
        nearest,
        known,
        origin: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::load::tests::definition;

    fn chosen(
        names: &[&str],
        uids: &[(&str, &str)],
    ) -> Result<Vec<(String, String)>, CatalogError> {
        let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        let uids: Vec<_> = uids
            .iter()
            .map(|(name, uid)| (name.to_string(), uid.to_string()))
            .collect();
        let selected = select(
            vec![definition("articles"), definition("authors")],
            &names,
            &uids,
        )?;
        Ok(selected
            .into_iter()
            .map(|definition| (definition.name, definition.live_uid))
            .collect())
    }

    fn pair(name: &str, uid: &str) -> (String, String) {
        (name.to_owned(), uid.to_owned())
    }

    #[test]
    fn none_named_is_all_and_uids_are_as_the_application_has_them() {
        assert_eq!(
            chosen(&[], &[]).unwrap(),
            [pair("articles", "articles"), pair("authors", "authors")]
        );
        let uids = [("articles", "Article"), ("authors", "Author")];
        assert_eq!(
            chosen(&["authors", "authors"], &uids).unwrap(),
            [pair("authors", "Author")]
        );
        assert_eq!(chosen(&["authors", "articles"], &[]).unwrap().len(), 2);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let text =
            |names: &[&str], uids: &[(&str, &str)]| chosen(names, uids).unwrap_err().to_string();
        let error = text(&["article"], &[]);
        assert!(
            error.contains("did you mean `articles`?") && error.contains("articles, authors"),
            "{error}"
        );
        let error = text(&[], &[("Authors", "Author")]);
        assert!(error.contains("did you mean `authors`?"), "{error}");
        assert!(!text(&["zebra"], &[]).contains("did you mean"));
    }

    #[test]
    fn uids_that_cannot_be_are_refused() {
        assert!(matches!(
            chosen(&[], &[("articles", "a b")]),
            Err(CatalogError::Uid { .. })
        ));
        assert!(matches!(
            chosen(&["articles"], &[("articles", "authors")]),
            Err(CatalogError::SameUid { .. })
        ));
        let twice = [("articles", "A"), ("articles", "B")];
        assert!(matches!(
            chosen(&[], &twice),
            Err(CatalogError::TwoUids { .. })
        ));
        assert!(chosen(&[], &[("articles", "authors"), ("authors", "articles")]).is_ok());
    }
}
