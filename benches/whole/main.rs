//! What the program costs as a whole, in Markdown: processes of its own, a server, databases of real size.
//!
//! `just bench` runs everything, `just bench reindex sync` some of it. The server is `MEILISEARCH_HOST` (which must
//! hold no index), or one started afresh for each measurement: the program that `MEILISEARCH_BIN` names, else
//! `ephemeral-meilisearch` beside the program that is measured. Only of a server of its own can it tell what the server took.
//!
//! It links nothing of the program, so that what it measures is what ships, without the feature `ephemeral`.

mod cases;
mod data;
mod machine;
mod process;
mod searcher;
mod server;
mod table;

// The generator of the demo, which the program that ships does not contain.
#[path = "../../src/sample.rs"]
#[allow(dead_code)]
mod sample;

use clap::Parser;

use cases::Case;

/// Whatever goes wrong ends the measurement; there is nobody to handle it.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures bisan-indexer as a whole and prints a table for each case.
#[derive(Debug, Parser)]
struct Options {
    /// What to measure; everything without it
    #[arg(value_enum)]
    cases: Vec<Case>,
    /// How often what is compared is repeated; the median of the ratios is told
    #[arg(long, default_value_t = 1)]
    times: usize,
    /// Given by `cargo bench` to everything that it runs
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Outcome<()> {
    let options = Options::parse();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(measure(&options))
}

async fn measure(options: &Options) -> Outcome<()> {
    let data = data::Data::new()?;
    println!("{}", machine::describe().await?);
    for case in Case::chosen(&options.cases) {
        eprintln!("measuring {case:?}");
        let load = machine::load();
        let tables = case.measure(&data, options.times).await?;
        println!(
            "### {}\n\n{tables}\nLoad of the machine (one minute): {load} before, {} after.\n",
            case.title(),
            machine::load()
        );
    }
    Ok(())
}
