//! How large the program is, and how soon it has something to say.

use crate::Outcome;
use crate::process::{bisan_indexer, indexer, run};
use crate::table::{Table, size, time};

/// A start takes a millisecond: the middle of many.
const STARTS: usize = 50;

pub async fn measure(times: usize) -> Outcome<String> {
    let mut starts = Vec::new();
    for _ in 0..STARTS * times.max(1) {
        let mut command = bisan_indexer(["--version"]);
        command.stdout(std::process::Stdio::null());
        starts.push(run(command).await?.wall);
    }
    starts.sort();
    let mut table = Table::new(&["what", "figure", "limit"]);
    let bytes = std::fs::metadata(indexer())?.len();
    table.row(vec![
        "the program, one file, stripped".into(),
        size(bytes),
        "15 MB".into(),
    ]);
    table.row(vec![
        format!("`--version`, the median of {} starts", starts.len()),
        time(starts[starts.len() / 2]),
        "10 ms".into(),
    ]);
    Ok(table.to_string())
}
