//! What the documentation says: each command line of it is one that the program takes, each message one that it says.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use bisan_indexer::cli::Cli;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

/// Files that a user copies from.
fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![
        root.join("README.md"),
        root.join("Dockerfile"),
        root.join("docker-compose.yml"),
    ];
    for folder in ["docs", "contrib", ".github"] {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = std::fs::read_to_string(&file).unwrap();
            let name = file.strip_prefix(root).unwrap().to_owned();
            (name, text)
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if !["png", "svg"]
            .map(OsStr::new)
            .contains(&path.extension().unwrap_or_default())
        {
            files.push(path);
        }
    }
}

/// The pieces of a file that are code: all of it, or what stands in fences and between backticks.
fn code(file: &Path, text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    if file.extension().is_none_or(|extension| extension != "md") {
        return joined.lines().map(str::to_owned).collect();
    }
    let mut pieces = Vec::new();
    let mut fenced = false;
    for line in joined.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            pieces.push(line.to_owned());
        } else {
            pieces.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    pieces
}

/// The words behind the program's name, wherever it stands in a line, up to what ends a command in a shell.
fn command_lines(piece: &str) -> Vec<Vec<String>> {
    const NAME: &str = "bisan-indexer ";
    let mut found = Vec::new();
    let piece = piece.replace("docker compose run --rm indexer ", NAME);
    for (at, _) in piece.match_indices(NAME) {
        let before = piece[..at].chars().next_back();
        if before.is_some_and(|c| !c.is_whitespace() && !"/\"'(`".contains(c)) {
            continue;
        }
        let words = words(&piece[at + NAME.len()..]);
        // `bisan-indexer COMMAND`, `bisan-indexer …` and sentences that begin with the name are no command lines.
        if words.first().is_some_and(|word| {
            word.starts_with('-') || word.chars().all(|c| c.is_ascii_lowercase())
        }) {
            found.push(words);
        }
    }
    found
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.push(c),
            // A quote at a word's end closes what was opened before the program's name.
            None if "\"'".contains(c) && word.is_empty() => quote = Some(c),
            None if c == '>' && word.chars().all(|c| c.is_ascii_digit()) => {
                word.clear(); // as in 2>&1
                break;
            }
            None if "|&;>)#\"'`…".contains(c) => break,
            // Two spaces part a command from what it does.
            None if c.is_whitespace() && word.is_empty() => break,
            None if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            None => word.push(c),
        }
    }
    words.push(word);
    // What a variable of the shell holds is not known here.
    words.retain(|word| !word.is_empty() && !word.starts_with("${"));
    words
}

#[test]
fn the_gate_runs_the_test_command_of_the_readme() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let commands: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("cargo test"))
        .collect();
    assert_eq!(commands, ["cargo test --workspace --features ephemeral"]);

    // The line that takes it out of the README, by the shell that runs it.
    let gate = std::fs::read_to_string(root.join(".ci/run")).unwrap();
    let read = gate
        .lines()
        .find(|line| line.starts_with("command=$(sed"))
        .unwrap();
    let output = std::process::Command::new("sh")
        .current_dir(root)
        .args(["-c", &format!("{read}; printf %s \"$command\"")])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), commands[0]);
}

#[test]
fn every_command_line_of_the_documentation_is_one() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (file, text) in documents() {
        for piece in code(&file, &text) {
            for words in command_lines(&piece) {
                // Built only with the feature that brings the demo.
                if words[0] == "demo" && cfg!(not(feature = "ephemeral")) {
                    continue;
                }
                seen += 1;
                let line = ["bisan-indexer"].into_iter().map(str::to_owned);
                let parsed = Cli::try_parse_from(line.chain(words.clone()));
                if let Err(error) = parsed
                    && !matches!(
                        error.kind(),
                        // The database's address comes from the environment.
                        ErrorKind::MissingRequiredArgument
                            | ErrorKind::DisplayHelp
                            | ErrorKind::DisplayVersion
                    )
                {
                    wrong.push(format!("{}: {}\n{error}", file.display(), words.join(" ")));
                }
            }
        }
    }
    assert!(seen > 10, "only {seen} command lines were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_line_is_found_wherever_it_stands() {
    let found = |piece: &str| -> Vec<String> {
        let lines = command_lines(piece);
        lines.into_iter().map(|words| words.join(" ")).collect()
    };
    assert_eq!(
        found("$ bisan-indexer sync --watch  # from now on"),
        ["sync --watch"]
    );
    assert_eq!(found("kamal app exec \"bisan-indexer sync\" -p"), ["sync"]);
    assert_eq!(
        found("bisan-indexer status -q || bisan-indexer sync --index 'a b' > x"),
        ["status -q", "sync --index a b"]
    );
    assert_eq!(
        found("docker compose run --rm indexer key --create"),
        ["key --create"]
    );
    assert!(found("bisan-indexer COMMAND --help, bisan-indexer … ").is_empty());
    assert!(found("image: my-bisan-indexer sync").is_empty());
}

/// Environment variables that the documentation tells of are ones that an option has.
#[test]
fn every_variable_of_the_documentation_is_one() {
    let mut known = vec!["BISAN_INDEXER_VERSION".to_owned()];
    let command = Cli::command();
    for command in std::iter::once(&command).chain(command.get_subcommands()) {
        for argument in command.get_arguments() {
            known.extend(
                argument
                    .get_env()
                    .map(|name| name.to_string_lossy().into_owned()),
            );
        }
    }
    for (file, text) in documents() {
        for (at, _) in text.match_indices("BISAN_INDEXER_") {
            let name: String = text[at..]
                .chars()
                .take_while(|c| c.is_ascii_uppercase() || *c == '_')
                .collect();
            if name.starts_with("BISAN_INDEXER_DEMO_") && cfg!(not(feature = "ephemeral")) {
                continue;
            }
            assert!(
                known.contains(&name) || name == "BISAN_INDEXER_",
                "{}: no option has {name}",
                file.display()
            );
        }
    }
}

/// docs/environment.md has each of them, with its option and the commands that take it.
#[test]
fn every_variable_is_in_the_index_of_variables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/environment.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut rows = String::new();
    for variable in bisan_indexer::cli::help::variables() {
        if variable.commands() == ["demo"] {
            continue;
        }
        let mut commands: Vec<&str> = variable.commands();
        commands.retain(|command| *command != "demo");
        let option = match variable.option() {
            "" => String::new(),
            option => format!("`{option}`"),
        };
        let commands = match commands.len() {
            0 => "all".to_owned(),
            _ => commands.join(", "),
        };
        rows.push_str(&format!(
            "| `{}` | {option} | {commands} | {} |\n",
            variable.name,
            variable.help.replace('|', "or")
        ));
    }
    assert!(
        text.contains(&rows),
        "docs/environment.md has to have\n{rows}"
    );
}

/// Links between files of the repository lead somewhere.
#[test]
fn every_link_of_the_documentation_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, text) in documents() {
        for (at, _) in text.match_indices("](") {
            let target: String = text[at + 2..].chars().take_while(|c| *c != ')').collect();
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            let from = root.join(&file);
            assert!(
                from.parent().unwrap().join(path).exists(),
                "{}: {target} is not there",
                file.display()
            );
        }
    }
}

/// All source files as one text, with literals that go over several lines joined.
fn sources() -> String {
    let mut files = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let mut all = String::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let mut parts = text.split("\\\n");
        all.push_str(parts.next().unwrap_or_default());
        for part in parts {
            all.push_str(part.trim_start());
        }
    }
    all
}

/// `docs/troubleshooting.md` goes by messages: its headings are what the program says.
#[test]
fn every_message_that_is_explained_is_one_that_the_program_says() {
    let sources = sources();
    let (_, text) = documents()
        .into_iter()
        .find(|(file, _)| file.ends_with("docs/troubleshooting.md"))
        .unwrap();
    let mut seen = 0;
    for heading in text.lines().filter(|line| line.starts_with("### ")) {
        seen += 1;
        for part in heading["### ".len()..].split('…').map(str::trim) {
            assert!(sources.contains(part), "nothing says {part:?} ({heading})");
        }
    }
    assert!(seen > 10);
}

/// The metrics of the documentation and of the alerts are ones that are written.
#[test]
fn every_metric_of_the_documentation_is_one() {
    const NAME: &str = "bisan_indexer_";
    let sources = sources();
    for (file, text) in documents() {
        for (at, _) in text.match_indices(NAME) {
            let rest = &text[at + NAME.len()..];
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            let name = &rest[..end.unwrap_or(rest.len())];
            // The index of records, and a file's name.
            if ["", "checkpoints"].contains(&name) || rest[name.len()..].starts_with(".prom") {
                continue;
            }
            assert!(
                sources.contains(&format!("\"{name}\""))
                    || sources.contains(&format!("{NAME}{name}")),
                "{}: nobody writes {NAME}{name}",
                file.display()
            );
        }
    }
}
