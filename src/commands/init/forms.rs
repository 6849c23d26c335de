//! A field for searches alone, where texts are Arabic: the forms of their words.

use super::field::{Field, Group, HTML};
use super::language::{Language, Letters};
use super::uid;

/// The conversions that make forms, of a text and of HTML.
const FORMS: &str = "arabic_forms";
const HTML_FORMS: &str = "html_arabic_forms";

/// The forms of the Arabic words of all that is searched: readers ask for a word without what is written in front of it.
pub(super) fn of(fields: &[Field], taken: &[String]) -> Option<Field> {
    let is_text = |field: &&Field| matches!(field.conversion, None | Some(HTML));
    let is_arabic = |field: &&Field| field.letters.languages().contains(&Language::Arabic);
    let searched = fields.iter().filter(|field| field.rank.is_some());
    let arabic: Vec<&Field> = searched.filter(is_text).filter(is_arabic).collect();
    let (first, others) = arabic.split_first()?;
    let is_html = arabic.iter().any(|field| field.conversion == Some(HTML));
    let between = if is_html { "<p>" } else { " " };
    let expression = match others {
        [] => first.expression.clone(),
        _ => {
            let texts = arabic.iter().map(|field| &field.expression);
            let texts: Vec<String> = texts.map(|text| format!("COALESCE({text}, '')")).collect();
            texts.join(&format!(" || '{between}' || "))
        }
    };
    let mut letters = Letters::default();
    for field in arabic {
        letters.add_all(&field.letters);
    }
    Some(Field {
        name: uid::field("forms", taken),
        expression,
        conversion: Some(if is_html { HTML_FORMS } else { FORMS }),
        rank: Some((Group::Forms, 0)),
        filtered: false,
        sorted: false,
        why: "the forms of Arabic words that readers ask for".to_owned(),
        letters,
    })
}

impl Field {
    /// Whether it serves searches alone, and is shown to nobody.
    pub(super) fn is_hidden(&self) -> bool {
        matches!(self.conversion, Some(FORMS | HTML_FORMS))
    }
}
