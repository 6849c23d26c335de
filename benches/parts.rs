//! What a row costs on its way to a line of NDJSON: `cargo bench --bench parts`, or `just bench-parts`.

use std::hint::black_box;

use bisan_indexer::document::{Anomalies, DocumentShape, timestamp};
use bisan_indexer::sqlite::Value;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// A paragraph as Bisan's bodies have it; a body has some thirty of them.
const PARAGRAPH: &str = "<p>قال الكاتب إن <strong>الأرض</strong> لا تُنسى، وإن العـــودة حقٌّ &laquo;لا يسقط&raquo;&nbsp;بالتقادم \
    <a href=\"https://example.org/7?a=1&amp;b=2\">المصدر</a> &#8211; 1948 ١٩٤٨.<br>ثم أضاف أن المدينة كانت مفتوحة على البحر.</p>";

const COLUMNS: [&str; 6] = [
    "id",
    "title",
    "body",
    "category",
    "tags:list",
    "updated_at:unix",
];

fn body() -> String {
    PARAGRAPH.repeat(30)
}

fn row(body: &str) -> [Value<'_>; 6] {
    [
        Value::Integer(5208),
        Value::Text("عن المدينة والبحر \"كما كانت\""),
        Value::Text(body),
        Value::Text("ثقافة"),
        Value::Text("أدب، شعر, تاريخ"),
        Value::Text("2025-09-01 11:06:28.123456"),
    ]
}

/// Invented words with prefixes and endings, nearly all of them different, so that every one has to be looked at: a text
/// that repeats its words, as all do, costs less.
fn different_words() -> String {
    const LETTERS: [&str; 16] = [
        "س", "ر", "م", "ع", "د", "ق", "ن", "ح", "ت", "ج", "ب", "ط", "ش", "ف", "ل", "ه",
    ];
    const PREFIXES: [&str; 8] = ["", "ال", "", "و", "وال", "ب", "لل", "بال"];
    const ENDINGS: [&str; 8] = ["", "ة", "", "ات", "ها", "ين", "", "هم"];
    let mut random = 27_u32;
    let mut choice = |count: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 16) as usize % count
    };
    (0..1_500)
        .map(|_| {
            let stem: String = (0..3 + choice(2)).map(|_| LETTERS[choice(16)]).collect();
            format!("{}{stem}{} ", PREFIXES[choice(8)], ENDINGS[choice(8)])
        })
        .collect()
}

/// Encodes one row again and again; the shape differs by the body's alias alone.
fn encode(criterion: &mut Criterion, name: &str, body_alias: &str, body: &str) {
    let columns = COLUMNS.map(|column| match column {
        "body" => body_alias.to_owned(),
        other => other.to_owned(),
    });
    let shape = DocumentShape::new(&columns).expect("the columns make documents");
    let row = row(body);
    let mut group = criterion.benchmark_group("document");
    group.throughput(Throughput::Bytes(body.len() as u64));
    let mut line = Vec::new();
    let mut notes = Anomalies::default();
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            line.clear();
            shape
                .write(black_box(&row), &mut line, &mut notes)
                .expect("the row makes a document")
        });
    });
    group.finish();
}

fn encoding(criterion: &mut Criterion) {
    encode(criterion, "text as it is", "body", &body());
}

fn html(criterion: &mut Criterion) {
    encode(criterion, "HTML as readable text", "body:html", &body());
}

fn arabic(criterion: &mut Criterion) {
    let body = different_words();
    encode(criterion, "text and its Arabic forms", "body:arabic", &body);
    encode(criterion, "Arabic forms", "body:arabic_forms", &body);
}

fn timestamps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("timestamp");
    for (name, value) in [
        (
            "Rails, six digits",
            Value::Text("2025-09-01 11:06:28.123456"),
        ),
        (
            "ISO 8601 with an offset",
            Value::Text("2025-09-01T11:06:28+02:00"),
        ),
        ("a date", Value::Text("2025-09-01")),
        ("milliseconds", Value::Integer(1_756_724_788_123)),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| timestamp::parse(black_box(value)))
        });
    }
    group.finish();
}

criterion_group!(parts, encoding, html, arabic, timestamps);
criterion_main!(parts);
