//! The same as JUnit XML, which CI services show query by query. The form is the one that they agree on
//! (<https://github.com/testmoapp/junitxml>): an index is a suite, a query is a case.

use std::fmt::Write as _;

use super::SmokeReport;

/// The whole document.
pub fn xml(report: &SmokeReport) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = report.indexes.iter().flat_map(|index| &index.queries);
    let _ = writeln!(
        xml,
        "<testsuites name=\"bisan-indexer smoke\" tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"{}\">",
        report.asked,
        report.failed,
        seconds(all.map(|query| query.milliseconds).sum()),
    );
    for index in &report.indexes {
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{}\">",
            escaped(&index.uid),
            index.queries.len(),
            index
                .queries
                .iter()
                .filter(|query| index.counts(query))
                .count(),
            index
                .queries
                .iter()
                .filter(|query| !query.passed && !index.counts(query))
                .count(),
            seconds(index.queries.iter().map(|query| query.milliseconds).sum()),
        );
        for query in &index.queries {
            let _ = write!(
                xml,
                "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
                escaped(&index.index),
                escaped(&query.name()),
                seconds(query.milliseconds),
            );
            let _ = match &query.failure {
                None => writeln!(xml, "/>"),
                // One of a set that has enough right ones.
                Some(why) if !index.counts(query) => writeln!(
                    xml,
                    ">\n      <skipped message=\"{}\"/>\n    </testcase>",
                    escaped(why)
                ),
                Some(why) => writeln!(
                    xml,
                    ">\n      <failure type=\"smoke\" message=\"{why}\">{why}</failure>\n    </testcase>",
                    why = escaped(why)
                ),
            };
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// For an attribute or a text. A character that XML 1.0 has no way to write becomes U+FFFD: one of them, from a text of
/// the server's, makes a whole document unreadable. Line ends and tabs are written out, since a parser makes spaces of
/// them in an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::documented;

    #[test]
    fn every_text_is_escaped() {
        assert_eq!(
            escaped("<a b=\"c\"> & 'd'"),
            "&lt;a b=&quot;c&quot;&gt; &amp; &apos;d&apos;"
        );
        assert_eq!(escaped("a\nb\tc"), "a&#10;b&#9;c");
        assert_eq!(
            escaped("غ\0\x1b\u{ffff}ز\u{1f54c}"),
            "غ\u{fffd}\u{fffd}\u{fffd}ز\u{1f54c}"
        );
    }

    #[test]
    fn an_index_is_a_suite_and_a_query_a_case() {
        let xml = xml(&documented("smoke"));
        for line in [
            "<testsuites name=\"bisan-indexer smoke\" tests=\"3\" failures=\"1\" errors=\"0\" time=\"0.006\">",
            "  <testsuite name=\"articles\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"0.006\">",
            "    <testcase classname=\"articles\" name=\"&quot;غزة&quot;\" time=\"0.001\">",
            "      <failure type=\"smoke\" message=\"4 hits, and at least 10 are wanted\">4 hits, and at least 10 are wanted</failure>",
        ] {
            assert!(xml.lines().any(|found| found == line), "{line}\n{xml}");
        }
    }
}
