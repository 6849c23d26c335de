//! The program. All of it is in the library: what an `async fn` does is compiled by whoever runs it, and a library is compiled
//! in parts side by side, while other crates are.

fn main() -> std::process::ExitCode {
    bisan_indexer::main()
}
