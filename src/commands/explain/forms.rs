//! By which form of a word a query finds a document.
//!
//! The forms of Arabic words are made of the row again: the index holds them, and not the words that they are of.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::document::convert::arabic;
use crate::report::explain::ByForm;

/// The words of a document, and the forms that its texts have, or could have.
pub struct Forms<'t> {
    /// Every word, as the engine compares it.
    words: HashSet<String>,
    /// The forms by the field that has them.
    forms: Vec<(&'t str, arabic::Form<'t>)>,
    /// Whether the definition asks for forms.
    pub are_indexed: bool,
}

impl<'t> Forms<'t> {
    /// Of a document and of those of its texts whose column asks for forms. Where none does, the forms are those that the
    /// document's texts would have.
    pub fn new(texts: &'t [(String, String)], document: &'t Map<String, Value>) -> Forms<'t> {
        let is_of_column = |field: &str| texts.iter().any(|(name, _)| name == field);
        let mut others = Vec::new();
        for (field, value) in document.iter().filter(|(field, _)| !is_of_column(field)) {
            texts_in(field, value, &mut others);
        }
        let texts: Vec<(&str, &str)> = texts
            .iter()
            .map(|(field, text)| (field.as_str(), text.as_str()))
            .collect();
        let words = texts.iter().chain(&others);
        let words = words.flat_map(|(_, text)| arabic::tokens(text));
        let are_indexed = !texts.is_empty();
        let with_forms = if are_indexed { &texts } else { &others };
        let forms = with_forms.iter().flat_map(|(field, text)| {
            let forms = arabic::forms(text);
            forms.into_iter().map(|form| (*field, form))
        });
        Forms {
            words: words.map(arabic::compared).collect(),
            forms: forms.collect(),
            are_indexed,
        }
    }

    /// The form that a word of a query finds, if no word of the document is found by it. The last word of a query is
    /// searched as the beginning of a word, too.
    pub fn of(&self, word: &str, is_last: bool) -> Option<ByForm> {
        let asked = arabic::compared(arabic::tokens(word).next()?);
        let is_found = |found: &str| match is_last {
            true => found.starts_with(&asked),
            false => found == asked,
        };
        if self.words.iter().any(|own| is_found(own)) {
            return None;
        }
        let (field, form) = self
            .forms
            .iter()
            .find(|(_, form)| is_found(&arabic::compared(&form.form)))?;
        Some(ByForm {
            word: word.to_owned(),
            form: form.form.clone(),
            of: form.word.to_owned(),
            field: (*field).to_owned(),
        })
    }

    /// The same for each word of a query.
    pub fn of_query(&self, q: &str) -> Vec<ByForm> {
        let is_open = !q.ends_with(char::is_whitespace);
        let words: Vec<&str> = q.split_whitespace().collect();
        let last = words.len().saturating_sub(1);
        let words = words.into_iter().enumerate();
        words
            .filter_map(|(place, word)| self.of(word, is_open && place == last))
            .collect()
    }
}

/// Every text of a value with the field that it is in.
pub fn texts_in<'v>(field: &'v str, value: &'v Value, texts: &mut Vec<(&'v str, &'v str)>) {
    match value {
        Value::String(text) => texts.push((field, text)),
        Value::Array(values) => values
            .iter()
            .for_each(|value| texts_in(field, value, texts)),
        Value::Object(fields) => fields
            .values()
            .for_each(|value| texts_in(field, value, texts)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn by(form: &ByForm) -> [&str; 4] {
        [&form.word, &form.form, &form.of, &form.field]
    }

    #[test]
    fn a_word_that_stands_there_needs_no_form() {
        let document = json!({"id": 1, "title": "رحلة", "body": "زرنا وبالقدس ومصر. قدس. مصر"});
        let document = document.as_object().unwrap();
        let texts = [("body".to_owned(), "زرنا وبالقدس ومصر".to_owned())];
        let forms = Forms::new(&texts, document);
        let found = forms.of_query("رحلة القدس مصر");
        let found: Vec<_> = found.iter().map(by).collect();
        assert_eq!(
            found,
            [
                ["القدس", "قدس", "وبالقدس", "body"],
                ["مصر", "مصر", "ومصر", "body"]
            ]
        );
        assert!(forms.of_query("زرنا وبالقدس").is_empty());
        assert_eq!(
            by(&forms.of_query("القد")[0])[1],
            "قدس",
            "the beginning of one"
        );
        assert!(forms.of_query("القد ").is_empty(), "it is a whole word");
        assert!(forms.are_indexed);
    }

    #[test]
    fn without_a_conversion_the_forms_are_those_that_there_could_be() {
        let document = json!({"id": 1, "tags": ["للقدس"]});
        let forms = Forms::new(&[], document.as_object().unwrap());
        assert!(!forms.are_indexed);
        assert_eq!(
            by(&forms.of("القدس", true).unwrap()),
            ["القدس", "قدس", "للقدس", "tags"]
        );
    }
}
