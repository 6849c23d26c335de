//! Why a statement can't be used.

/// Why a statement of a definition can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Empty, or only comments.
    #[error("there is no statement in it; write one SELECT")]
    Nothing,
    /// A NUL, at which SQLite would end the text.
    #[error("it holds a NUL character, at which SQLite would stop reading; remove it")]
    Nul,
    /// `SELECT 1; DROP TABLE t`.
    #[error(
        "there is more than one statement: after the first `;` comes `{second}`; write one SELECT (join several with UNION ALL)"
    )]
    Several {
        /// The beginning of the second.
        second: String,
    },
    /// PRAGMA, ATTACH, BEGIN, EXPLAIN, UPDATE ...
    #[error(
        "it begins with `{first}`; only one SELECT (or WITH ... SELECT, or VALUES) is allowed, which reads rows and does nothing else"
    )]
    NotASelect {
        /// The first word.
        first: String,
    },
    /// `WITH x AS (...) DELETE ...`.
    #[error("it would write to the database, which is only ever read; write a SELECT")]
    Writes,
    /// Code from outside would run inside this process.
    #[error("it calls load_extension(), which is never allowed; remove the call")]
    LoadsExtension,
    /// A function, a table or a tokenizer that an application or an extension registers.
    #[error(
        "it needs the {kind} `{name}`{}, which is not in SQLite itself: an application, an extension or the sqlite3 shell \
         registers it. {}", position(*at), .kind.way_round()
    )]
    Extension {
        /// What is not there.
        kind: Extension,
        /// Its name.
        name: String,
        /// Line and column, as below.
        at: Option<(usize, usize)>,
    },
    /// SQLite does not understand it.
    #[error("SQLite says: {message}{}", position(*at))]
    Sql {
        /// SQLite's text.
        message: String,
        /// Line and column (in characters), from 1, where SQLite knows the place.
        at: Option<(usize, usize)>,
    },
}

/// What can be added to a SQLite, and was to the application's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// `unaccent(title)`.
    Function,
    /// `CREATE VIRTUAL TABLE … USING vec0`.
    Module,
    /// `tokenize = 'jieba'` of a full-text table.
    Tokenizer,
}

impl Extension {
    /// How SQLite says that it is not there: what stands before the name.
    const SAID: [(Extension, &'static str); 5] = [
        (Extension::Function, "no such function: "),
        (Extension::Function, "unknown function: "),
        (Extension::Module, "no such module: "),
        (Extension::Tokenizer, "no such tokenizer: "),
        (Extension::Tokenizer, "unknown tokenizer: "),
    ];

    /// What SQLite's message says is not there.
    pub(super) fn said_by(message: &str) -> Option<(Extension, String)> {
        Extension::SAID.iter().find_map(|(kind, said)| {
            let (_, rest) = message.split_once(said)?;
            let name = rest.trim().trim_end_matches("()");
            Some((*kind, name.to_owned()))
        })
    }

    fn way_round(self) -> &'static str {
        match self {
            Extension::Function => {
                "If a view or a generated column calls it, read the table's other columns instead; or write it with SQLite's own \
                 functions, or let the application keep its result in a column"
            }
            Extension::Module => "Read the values from the ordinary table that it was filled from",
            Extension::Tokenizer => {
                "Read the texts from the ordinary table that the full-text table is about"
            }
        }
    }
}

impl std::fmt::Display for Extension {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Extension::Function => "function",
            Extension::Module => "module",
            Extension::Tokenizer => "tokenizer",
        })
    }
}

fn position(at: Option<(usize, usize)>) -> String {
    at.map(|(line, column)| format!(" (line {line}, column {column})"))
        .unwrap_or_default()
}
