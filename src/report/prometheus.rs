//! Figures as Prometheus reads them (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

/// One metric of a kind (`gauge`, `counter`) with its lines, each its [`labels`] and its value.
pub fn family(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    lines: impl IntoIterator<Item = (String, f64)>,
) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in lines {
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
    fn what_is_no_number_is_written_as_prometheus_reads_it() {
        let mut text = String::new();
        let values = [1.5, 3.0, f64::INFINITY, f64::NAN];
        let lines = values.map(|value| (String::new(), value));
        family(&mut text, "a", "counter", "A.", lines);
        assert_eq!(
            text,
            "# HELP a A.\n# TYPE a counter\na 1.5\na 3\na +Inf\na NaN\n"
        );
    }
}
