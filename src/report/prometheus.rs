//! Figures as Prometheus reads them (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

/// One metric of a kind (`gauge`, `counter`) with its lines, each its [`labels`] and its value. A figure that is not known
/// has no line, and a metric without one is left out.
pub fn family(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    lines: impl IntoIterator<Item = (String, Option<f64>)>,
) {
    let lines = lines.into_iter();
    let mut known = lines
        .filter_map(|(labels, value)| Some((labels, value?)))
        .peekable();
    if known.peek().is_some() {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }
    for (labels, value) in known {
        let _ = match value {
            f64::INFINITY => writeln!(text, "{name}{labels} +Inf"),
            value => writeln!(text, "{name}{labels} {value}"),
        };
    }
}

/// What a line is about.
pub fn labels(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| {
            let value = value
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            format!("{name}=\"{value}\"")
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_may_hold_anything() {
        assert_eq!(
            labels(&[("a", "x\"y\\z\nw"), ("b", "غ")]),
            r#"{a="x\"y\\z\nw",b="غ"}"#
        );
    }

    #[test]
    fn what_is_no_number_is_written_as_prometheus_reads_it_and_what_is_unknown_is_not() {
        let mut text = String::new();
        let values = [
            Some(1.5),
            Some(3.0),
            Some(f64::INFINITY),
            None,
            Some(f64::NAN),
        ];
        let lines = values.map(|value| (String::new(), value));
        family(&mut text, "a", "counter", "A.", lines);
        family(&mut text, "b", "gauge", "B.", [(String::new(), None)]);
        assert_eq!(
            text,
            "# HELP a A.\n# TYPE a counter\na 1.5\na 3\na +Inf\na NaN\n"
        );
    }
}
