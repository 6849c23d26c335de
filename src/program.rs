//! Parses, starts the log, dispatches, and ends with the exit code.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::{Cli, Color, Command, LogFormat, Output, Speech};
use crate::error::{Error, FAILED, RuntimeError, UsageError};
use crate::progress::{Progress, Show};
use crate::report::{self, Answer};
use crate::servers::ServersError;
use crate::terminal::{self, Form, OutputError};
use crate::{commands, interrupt};

/// One thread reads and converts while the other sends; more would only cost memory.
const THREADS: usize = 2;

/// What the program does, from its command line to its exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(answer) => return answered(&answer),
    };
    let progress = Progress::new(if cli.speech.quiet {
        Show::Nothing
    } else {
        Show::Auto
    });
    colours(cli.speech.color);
    start_log(&cli.speech, &progress);
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|error| RuntimeError(error).into())
        .and_then(|runtime| {
            let outcome = runtime.block_on(run(&cli, &progress));
            // A statement that SQLite is still computing must not hold up the end of an interrupted run.
            runtime.shutdown_background();
            outcome
        });
    progress.finish();
    finish(&cli.speech, outcome)
}

async fn run(cli: &Cli, progress: &Progress) -> Result<Answer, Error> {
    interrupt::listen().map_err(RuntimeError)?;
    if let Some(why) = cli.unfit_output() {
        return Err(UsageError::error(why.to_owned()));
    }
    if let Some((servers, command)) = cli.too_many_servers() {
        let command = command.to_owned();
        return Err(ServersError::OneAtATime { servers, command }.into());
    }
    match &cli.command {
        Command::Reindex(options) => commands::reindex::run(options, progress).await,
        Command::Sync(options) if options.watching.watch => commands::sync::watch(options).await,
        Command::Sync(options) => commands::sync::run(options).await,
        Command::Apply(options) => commands::apply::run(options, progress).await,
        Command::Verify(options) => commands::verify::run(options).await,
        Command::Explain(options) => commands::explain::run(options).await,
        Command::Health(options) => {
            let health = commands::sync::ask(options).await?;
            let code = if health.ready { 0 } else { FAILED };
            let said = format!("{}\n", health.answer);
            Ok(Answer::new(&health, said).with_exit_code(code))
        }
        Command::Status(options) => commands::status::run(options, cli.speech.output).await,
        Command::Rollback(options) => commands::rollback::run(options).await,
        Command::Smoke(options) => commands::smoke::run(options, cli.speech.output).await,
        Command::Doctor(options) => commands::doctor::run(options, &cli.speech).await,
        Command::Clean(options) => commands::clean::run(options).await,
        Command::Init(options) => commands::init::run(options, progress).await,
        Command::Triggers(options) => commands::triggers::run(options).await,
        Command::Key(options) => commands::key::run(options).await,
        Command::Environment => Ok(commands::environment::run()),
        Command::Completions(options) => Ok(commands::completions::run(options)),
        Command::Man(options) => commands::man::run(options),
        #[cfg(feature = "ephemeral")]
        Command::Demo(options) => commands::demo::run(options, progress).await,
    }
}

/// What the words alone are answered with: help, the version, or what is wrong with them.
fn answered(answer: &clap::Error) -> ExitCode {
    let code = u8::try_from(answer.exit_code()).unwrap_or(FAILED);
    match terminal::answer(answer) {
        Err(error) if is_lost(&error) => {
            let _ = writeln!(io::stderr(), "error: {}", OutputError(error));
            ExitCode::from(FAILED)
        }
        _ => ExitCode::from(code),
    }
}

/// Prints the result: the summary or the report on standard output, an error on standard error.
fn finish(speech: &Speech, outcome: Result<Answer, Error>) -> ExitCode {
    let code = match &outcome {
        Ok(answer) => answer.exit_code,
        Err(error) => error.exit_code(),
    };
    let (form, text) = match (speech.output, &outcome) {
        (Output::Json, _) => (Form::Json, report::json(&outcome, code)),
        (Output::Human, Ok(answer)) if !speech.quiet || answer.is_product => {
            (Form::Text, answer.summary.clone())
        }
        (Output::Prometheus, Ok(answer)) => (Form::Prometheus, answer.summary.clone()),
        (Output::Junit, Ok(answer)) => (Form::Xml, answer.summary.clone()),
        (_, _) => (Form::Text, String::new()),
    };
    if let Err(error) = &outcome {
        match error.downcast_ref() {
            Some(OutputError(error)) if !is_lost(error) => return ExitCode::SUCCESS,
            _ => tracing::error!("{error}"),
        }
    }
    match terminal::print(form, &text) {
        Err(error) if is_lost(&error) => {
            tracing::error!("{}", OutputError(error));
            ExitCode::from(if outcome.is_ok() { FAILED } else { code })
        }
        _ => ExitCode::from(code),
    }
}

/// A reader that closes the pipe, as `head` does, has read enough: this is not a failure.
fn is_lost(error: &io::Error) -> bool {
    error.kind() != io::ErrorKind::BrokenPipe
}

fn colours(color: Color) {
    let (out, err) = match color {
        Color::Always => (true, true),
        Color::Never => (false, false),
        Color::Auto => {
            let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            (
                wanted && std::io::stdout().is_terminal(),
                wanted && std::io::stderr().is_terminal(),
            )
        }
    };
    terminal::set_colours(out, err);
}

fn start_log(speech: &Speech, progress: &Progress) {
    let level = match (speech.quiet, speech.verbose) {
        (true, _) => LevelFilter::WARN,
        (false, 0) => LevelFilter::INFO,
        (false, 1) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    // Only what this program says: the libraries below it log addresses and headers as they please.
    let ours = tracing_subscriber::filter::Targets::new().with_target("bisan_indexer", level);
    let progress = progress.clone();
    let form = speech.log_format;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || progress.log_writer(form))
        .with_ansi(console::colors_enabled_stderr())
        .with_target(false);
    let registry = tracing_subscriber::registry().with(ours);
    match form {
        LogFormat::Text => {
            let lines = lines.fmt_fields(terminal::log_fields());
            let lines = lines.without_time().compact();
            registry
                .with(lines.map_event_format(terminal::LogLines))
                .init();
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).init(),
    }
}
