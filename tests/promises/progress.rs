//! What a person sees meanwhile: bars on a terminal, with the log lines above them undisturbed; plain lines elsewhere.

use crate::support::Scene;
use crate::support::terminal::{Terminal, shown};

#[tokio::test]
async fn bars_move_on_a_terminal_and_log_lines_stand_above_them() {
    let scene = Scene::sized(60, 4).await;
    let terminal = Terminal::open();
    let proxy = scene.proxy().await;
    let hold = proxy.hold("POST", "/indexes/*authors_*/documents");
    let run = scene
        .reindex_for_people_through(&proxy)
        .env("TERM", "xterm-256color")
        .args(["-v", "--batch-size", "4kB"])
        .on_terminal(&terminal);
    let running = run.start();
    hold.reached("the authors' upload").await;
    hold.release();
    running.ended().await.expect(0);
    let written = terminal.closed().await;

    // The bars were drawn more than once, in place.
    assert!(written.matches("\u{1b}[").count() > 10, "{written:?}");
    for word in ["rows", "64", "kB"] {
        assert!(written.contains(word), "`{word}` is missing in {written:?}");
    }
    let lines = shown(&written);
    let batches: Vec<&String> = lines
        .iter()
        .filter(|line| line.contains("batch taken"))
        .collect();
    assert!(batches.len() > 5, "each batch has its line: {lines:#?}");
    for line in &batches {
        let end = line.rsplit_once("task=").map_or("", |(_, task)| task);
        assert!(end.parse::<u64>().is_ok(), "a line was disturbed: {line}");
    }
    // At the end the bars are gone, and the summary stands there.
    let last: Vec<&String> = lines
        .iter()
        .rev()
        .filter(|line| !line.is_empty())
        .take(8)
        .collect();
    assert!(
        last.iter().any(|line| line.contains("60 documents")),
        "{last:#?}"
    );
    assert!(
        !last
            .iter()
            .any(|line| line.contains('█') || line.contains('━')),
        "{last:#?}"
    );
}

#[tokio::test]
async fn a_file_gets_plain_lines_and_the_summary_only_once() {
    let scene = Scene::sized(60, 4).await;
    let ended = scene.reindex_for_people().arg("-v").run().await.expect(0);
    assert!(
        !ended.err.contains('\u{1b}') && !ended.err.contains('\r'),
        "{}",
        ended.err
    );
    assert_eq!(
        ended.out.matches("60 documents").count(),
        1,
        "{}",
        ended.out
    );
}
