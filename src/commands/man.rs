//! `man`: the manual pages.

use std::fs;
use std::path::{Path, PathBuf};

use clap_mangen::Man as Page;

use crate::cli::Man;
use crate::cli::help::arranged;
use crate::error::{Error, WriteError};
use crate::report::Answer;
use crate::report::man::ManReport;

/// Runs it.
///
/// # Errors
/// Where the folder or a file in it cannot be written.
pub fn run(options: &Man) -> Result<Answer, Error> {
    let Some(folder) = &options.output_dir else {
        let page = print();
        let report = ManReport {
            files: Vec::new(),
            page: Some(page.clone()),
        };
        return Ok(Answer::product(&report, page));
    };
    let files = write_into(folder).map_err(|error| WriteError {
        path: folder.clone(),
        error,
    })?;
    let summary = format!(
        "{} manual pages in {}; read one with: man -l {}\n",
        files.len(),
        folder.display(),
        folder.join("bisan-indexer.1").display()
    );
    let report = ManReport { files, page: None };
    Ok(Answer::new(&report, summary))
}

fn print() -> String {
    let mut page = Vec::new();
    // Memory takes everything that is written to it.
    let written = Page::new(arranged()).render(&mut page);
    debug_assert!(written.is_ok());
    String::from_utf8_lossy(&page).into_owned()
}

fn write_into(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    // The program itself has no page on `help`: it says what `--help` says.
    let command = arranged().disable_help_subcommand(true);
    clap_mangen::generate_to(command, folder)?;
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let mut files: Vec<PathBuf> = entries
        .into_iter()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("bisan-indexer") && name.ends_with(".1")
        })
        .collect();
    files.sort();
    Ok(files)
}
