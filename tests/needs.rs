//! What a test needs that is not everywhere. A test that ends without it says so, is counted, and fails where somebody asked
//! for it: nobody takes what was not tried for something that holds.
//!
//! `BISAN_REQUIRE=browser,root,own-server` names what must be there. `BISAN_SKIPPED` names a file that gets a line for each
//! test that ended early, so that a script can print their number at the end (`.ci/run`).

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A node, playwright-core and a Chromium.
pub const BROWSER: &str = "browser";
/// The right to give a file to another user.
pub const ROOT: &str = "root";
/// A server that no other test uses.
pub const OWN_SERVER: &str = "own-server";
/// The throw-away server, which can be told to hold its tasks or to die; or one that answers as an old version does.
pub const THROW_AWAY_SERVER: &str = "throw-away-server";
/// A Meilisearch with embedders, which the throw-away server has not.
pub const EMBEDDERS: &str = "embedders";
/// `/proc`.
pub const LINUX: &str = "linux";

/// Says that the test ends here, because of `why`.
///
/// # Panics
/// Where `BISAN_REQUIRE` names the need.
pub fn missing(need: &str, why: &str) {
    static SKIPPED: AtomicUsize = AtomicUsize::new(0);
    let required = std::env::var("BISAN_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|required| required.trim() == need),
        "BISAN_REQUIRE names {need}: {why}"
    );
    let number = 1 + SKIPPED.fetch_add(1, Ordering::Relaxed);
    let thread = std::thread::current();
    let line = format!(
        "{}: needs {need}: {why}\n",
        thread.name().unwrap_or("a test")
    );
    // Not by a macro: what those print is shown of tests that fail only.
    let _ = std::io::stderr().write_all(format!("skipped, number {number}: {line}").as_bytes());
    if let Some(file) = std::env::var_os("BISAN_SKIPPED").filter(|file| !file.is_empty()) {
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(file);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}
