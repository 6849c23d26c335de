//! Any text as a statement of a definition: what SQLite takes as one SELECT goes on being one inside of the statements that
//! are made around it.
#![no_main]

use std::cell::RefCell;

use bisan_indexer::sample::Sample;
use bisan_indexer::sqlite::queries::{self, End};
use bisan_indexer::sqlite::{Connection, Database};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

/// A database like Bisan's, and what asks it.
struct Desk {
    runtime: Runtime,
    connection: Connection,
    _folder: tempfile::TempDir,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::new(open());
}

fn open() -> Desk {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bisan.sqlite3");
    let connection = runtime.block_on(async {
        Sample::tiny(3).write(&path).await.expect("a database");
        let address = path.to_str().expect("a path").parse().expect("an address");
        Database::open(&address)
            .expect("a database")
            .connect()
            .await
            .expect("a connection")
    });
    Desk {
        runtime,
        connection,
        _folder: folder,
    }
}

fuzz_target!(|sql: &str| {
    DESK.with_borrow_mut(|desk| {
        let Desk {
            runtime,
            connection,
            ..
        } = desk;
        runtime.block_on(look(connection, sql));
    });
});

async fn look(connection: &mut Connection, sql: &str) {
    let Ok(statement) = connection.inspect(sql).await else {
        return;
    };
    let has = |name: &str| statement.columns.iter().any(|column| column == name);
    let mut around = vec![queries::count(sql)];
    if has("id") {
        around.push(queries::ids_only(sql));
        around.push(queries::by_ids(sql, ["1", "2"].into_iter()).0);
        if has("changed_at") {
            around.push(queries::changes(sql));
            around.push(queries::change_at(End::Last, sql));
            around.push(queries::without_timestamp(sql));
        }
    }
    for wrapped in around {
        if let Err(error) = connection.inspect(&wrapped).await {
            panic!("{error}\n--- in\n{wrapped}\n--- made of\n{sql}");
        }
    }
}
