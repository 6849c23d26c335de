//! Any text as the HTML of a column: no panic, no script, nothing that a reader would not see.
#![no_main]

use bisan_indexer::document::{DocumentShape, Anomalies};
use bisan_indexer::sqlite::Value;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &str| {
    let text = readable(html);
    // A few entities are shorter than the two letters that they stand for.
    assert!(text.len() <= 2 * html.len(), "it grew: {text:?}");
    let unseen =
        |c: char| c.is_control() && c != '\n' || matches!(c, '\u{ad}' | '\u{202a}'..='\u{202e}');
    assert!(!text.contains(unseen), "what nobody sees: {text:?}");
    assert_eq!(text, text.trim(), "blanks around it");
    for two in ["  ", " \n", "\n ", "\n\n"] {
        assert!(!text.contains(two), "words are parted twice: {text:?}");
    }

    // As the text of an element that holds no markup, and so cannot end it or begin a comment in it.
    let inside = html.replace(['<', '\0'], "");
    for element in ["script", "style", "iframe", "noscript", "template"] {
        let page = format!("<p>قبل</p><{element}>{inside}</{element}><p>بعد</p>");
        assert_eq!(readable(&page), "قبل\nبعد", "the text of <{element}>");
    }
});

/// What a document has in the place of a column `body:html`.
fn readable(html: &str) -> String {
    let shape =
        DocumentShape::new(&["id".to_owned(), "body:html".to_owned()]).expect("two columns");
    let mut line = Vec::new();
    let values = [Value::Integer(1), Value::Text(html)];
    shape
        .write(&values, &mut line, &mut Anomalies::new())
        .expect("any text is a document");
    assert_eq!(
        line.iter().filter(|byte| **byte == b'\n').count(),
        1,
        "one line"
    );
    let document: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
    document["body"].as_str().expect("a text").to_owned()
}
