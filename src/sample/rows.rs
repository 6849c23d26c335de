//! The rows of a sample, as Bisan's importers write them.

use std::fmt::Write;

use jiff::civil::{DateTime, date};
use jiff::{Span, ToSpan};
use sha2::{Digest, Sha256};

use super::Sample;
use super::stories::{self, Story};
use super::words::{Chance, REAL, Vocabulary};

const SEED: u64 = 20_261_125;
const CATEGORIES: [Option<&str>; 8] = [
    Some("ثقافة"),
    Some("سياسة"),
    Some("تاريخ"),
    Some("اقتصاد"),
    Some("أدب"),
    Some("رأي"),
    Some("تقارير"),
    None,
];
/// So many articles came in one import, and share one timestamp, as `insert_all` writes them.
const IMPORT: u32 = 250;

pub struct Author {
    pub id: u32,
    pub name: String,
    pub bio: Option<String>,
    pub social_links: String,
    pub stamp: String,
}

pub struct Article {
    pub id: u32,
    pub title: String,
    pub article_image: String,
    pub excerpt: Option<String>,
    pub category: Option<&'static str>,
    pub publish_date: Option<String>,
    pub stamp: String,
    pub body: String,
    pub source_url: String,
    pub tags: Option<String>,
    pub author_id: u32,
    pub source_id: &'static str,
    pub content_hash: String,
}

/// Invents rows one after the other; each draws on the same chance, so the order of the calls belongs to the result.
pub struct Rows {
    sample: Sample,
    chance: Chance,
    vocabulary: Vocabulary,
    /// Articles that can be read, instead of texts with the frequencies of real ones.
    are_stories: bool,
}

impl Rows {
    pub fn new(sample: Sample, are_stories: bool) -> Rows {
        let mut chance = Chance::seeded(SEED);
        let vocabulary = Vocabulary::invented(&mut chance);
        Rows {
            sample,
            chance,
            vocabulary,
            are_stories,
        }
    }

    /// The same article as a story.
    fn told(&mut self, id: u32, article: Article) -> Article {
        let chance = &mut self.chance;
        let story = Story::of(chance, id);
        let mut body = String::new();
        for paragraph in 0..5 {
            if paragraph == 3 {
                let _ = write!(body, "<h2>{}</h2>", story.title(chance));
            }
            let words = self.sample.mean_words as usize / 5;
            let _ = write!(body, "<p>{}</p>", story.text(chance, words));
        }
        Article {
            title: story.title(chance),
            excerpt: article.excerpt.map(|_| story.text(chance, 20)),
            content_hash: hex(&Sha256::digest(body.as_bytes())),
            body,
            ..article
        }
    }

    pub fn author(&mut self, id: u32) -> Author {
        let Rows {
            chance,
            vocabulary,
            are_stories,
            ..
        } = self;
        let name = match id {
            1 => "Unknown".to_owned(), // an article without an author belongs to this one
            _ if *are_stories => format!("{} {id}", stories::name(chance)),
            _ => format!(
                "{} {} {id}",
                vocabulary.name(chance),
                vocabulary.name(chance)
            ),
        };
        let microseconds = i64::from(id) * 997 % 1_000_000;
        Author {
            id,
            name,
            bio: (!id.is_multiple_of(2)).then(|| match are_stories {
                true => Story::of(chance, id).text(chance, 20),
                false => vocabulary.text(chance, 30),
            }),
            social_links: match id % 3 {
                0 => format!(r#"{{"x": "https://example.org/@{id}"}}"#),
                _ => "{}".to_owned(),
            },
            stamp: stamp(i64::from(id / 50).seconds().microseconds(microseconds)),
        }
    }

    pub fn article(&mut self, id: u32) -> Article {
        let body = self.body(id);
        let Rows {
            chance,
            vocabulary,
            sample,
            are_stories,
        } = self;
        let are_stories = *are_stories;
        let published = date(2018, 1, 1).saturating_add((i64::from(id) * 7 % 2900).days());
        let article = Article {
            id,
            title: vocabulary.text(chance, 9),
            article_image: format!("https://example.org/i/{id}.jpg"),
            excerpt: (!id.is_multiple_of(5)).then(|| vocabulary.text(chance, 35) + "..."),
            category: *chance.pick(&CATEGORIES),
            publish_date: (!id.is_multiple_of(11)).then(|| published.to_string()),
            stamp: stamp((12 * i64::from(id / IMPORT)).hours()),
            source_url: format!("https://example.org/articles/{id}"),
            tags: (!id.is_multiple_of(4)).then(|| tags(chance)),
            author_id: 1 + chance.below(sample.authors as usize) as u32,
            source_id: if id.is_multiple_of(2) {
                "babelwad"
            } else {
                "metras"
            },
            content_hash: hex(&Sha256::digest(body.as_bytes())),
            body,
        };
        match are_stories {
            true => self.told(id, article),
            false => article,
        }
    }

    /// HTML as the sources write it: entities of each kind, links, a figure, a heading, a list, vowel signs, tatweel.
    fn body(&mut self, id: u32) -> String {
        let Rows {
            chance,
            vocabulary,
            sample,
            ..
        } = self;
        let mean = f64::from(sample.mean_words);
        let words = (mean + chance.bell() * mean / 3.0).max(25.0) as usize;
        let mut out = String::with_capacity(words * 14);
        for paragraph in 0..5 {
            if paragraph == 2 {
                let (alt, caption) = (vocabulary.text(chance, 3), vocabulary.text(chance, 6));
                let _ = write!(
                    out,
                    r#"<figure><img src="https://example.org/i/{id}.jpg" alt="{alt}"><figcaption>{caption}</figcaption></figure>"#
                );
            }
            if paragraph == 3 {
                let heading = vocabulary.text(chance, 4);
                let (first, second) = (vocabulary.text(chance, 8), vocabulary.text(chance, 8));
                let _ = write!(
                    out,
                    "<h2>{heading}</h2><ul><li>{first}</li><li>{second}</li></ul>"
                );
            }
            out.push_str("<p>");
            vocabulary.text_into(&mut out, chance, words / 5);
            if paragraph == 1 {
                let (quoted, link) = (vocabulary.text(chance, 4), vocabulary.text(chance, 2));
                let _ = write!(
                    out,
                    r#" &laquo;{quoted}&raquo;&nbsp;<a href="https://example.org/{id}?a=1&amp;b=2">{link}</a>"#
                );
            }
            if paragraph == 2 {
                out.push_str(" مُقَاوَمَةٌ و العـــودة &#8211; 1948 ١٩٤٨");
            }
            out.push_str("</p>");
        }
        out
    }
}

/// Three different ones, as Bisan stores them: one text with commas.
fn tags(chance: &mut Chance) -> String {
    let mut words = REAL;
    for position in 0..3 {
        let other = position + chance.below(words.len() - position);
        words.swap(position, other);
    }
    words[..3].join(",")
}

/// So long after the application's first import, as Active Record writes a `datetime(6)` into SQLite.
fn stamp(after: Span) -> String {
    let first: DateTime = date(2025, 9, 1).at(11, 6, 28, 0);
    first
        .saturating_add(after)
        .strftime("%Y-%m-%d %H:%M:%S.%6f")
        .to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
