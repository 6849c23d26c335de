use crate::sqlite::testing::{Scene, rows};

/// One value, as the program reads it.
async fn values(expressions: &[&str]) -> Vec<String> {
    let scene = Scene::new("CREATE TABLE t (x)");
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    let sql = format!("SELECT {}", expressions.join(", "));
    rows(&mut snapshot, &sql, vec![]).await.unwrap().remove(0)
}

/// Expected is what SQLite's shell answers, which has its own.
#[tokio::test]
async fn each_function_answers_as_sqlite_does() {
    for (expression, expected) in [
        ("ceil(2.1)", "3.0"),
        ("ceiling(-2.1)", "-2.0"),
        ("ceil(9007199254740993)", "9007199254740993"),
        ("floor('-7')", "-7"),
        ("floor('2.5')", "2.0"),
        ("floor('2 apples')", "NULL"),
        ("floor(x'31')", "NULL"),
        ("trunc(-2.9)", "-2.0"),
        ("ln(0)", "NULL"),
        ("ln(2)", "0.6931471805599453"),
        ("log(1000)", "3.0"),
        ("log10(0.001)", "-3.0"),
        ("log2(8)", "3.0"),
        ("log(2, 64)", "6.0"),
        ("log(1, 64)", "NULL"),
        ("log(0.5, 64)", "NULL"),
        ("log('2', '64 apples')", "6.0"),
        ("log(2, 'apples')", "NULL"),
        ("log(2, NULL)", "NULL"),
        ("exp(1)", "2.718281828459045"),
        ("exp(1000)", "inf"),
        ("pow(2, 10)", "1024.0"),
        ("power(-1, 0.5)", "NULL"),
        ("pow(NULL, 2)", "NULL"),
        ("mod(-7, 3)", "-1.0"),
        ("mod(7, 0)", "NULL"),
        ("sqrt(-1)", "NULL"),
        ("sqrt(2)", "1.4142135623730951"),
        ("acos(2)", "NULL"),
        ("asinh(1)", "0.881373587019543"),
        ("acosh(2)", "1.3169578969248166"),
        ("atanh(0.5)", "0.5493061443340548"),
        ("atan2(1, -1)", "2.356194490192345"),
        ("degrees(pi())", "180.0"),
        ("radians(180)", "3.141592653589793"),
        ("sin(1) + cos(1) + tan(1)", "2.939181015330939"),
    ] {
        assert_eq!(values(&[expression]).await, [expected], "{expression}");
    }
}

/// A generated column and an index may hold them, and a schema that is not trusted may call them.
#[tokio::test]
async fn they_are_deterministic_and_innocent() {
    let scene = Scene::new(
        "CREATE TABLE t (x); CREATE VIEW v AS SELECT sqrt(x) AS root FROM t; INSERT INTO t VALUES (16)",
    );
    let mut connection = scene.database().connect().await.unwrap();
    let mut snapshot = connection.snapshot().await.unwrap();
    let flags = "SELECT count(*), count(DISTINCT name), sum(flags & 0x800 <> 0), sum(flags & 0x200000 <> 0) FROM pragma_function_list \
                 WHERE name IN ('sqrt', 'log', 'pi', 'ceil', 'atan2')";
    assert_eq!(
        rows(&mut snapshot, flags, vec![]).await.unwrap(),
        [["6", "5", "6", "6"]]
    );
    assert_eq!(
        rows(&mut snapshot, "SELECT root FROM v", vec![])
            .await
            .unwrap(),
        [["4.0"]]
    );
}
