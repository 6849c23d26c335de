use std::time::Instant;

use proptest::prelude::*;

use super::*;

#[track_caller]
fn reads(html: &str, text: &str) {
    assert_eq!(to_text(html), text, "{html}");
}

#[test]
fn blocks_part_words_and_inline_tags_do_not() {
    reads("<p>غزة</p><p>القدس</p>", "غزة\nالقدس");
    reads("<b>ك</b>تاب", "كتاب");
    reads("<p>و<strong>القدس</strong>،</p>", "والقدس،");
    reads("one<br>two<br/>three", "one\ntwo\nthree");
    reads("<ul><li>a<li>b</ul>c", "a\nb\nc");
    reads(
        "<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>d",
        "a b\nc\nd",
    );
    reads("<DIV>A</DIV>b<H2>c</H2>d", "A\nb\nc\nd");
    reads("a<img src=x alt='y'>b", "a b");
    reads("long<wbr>word", "longword");
    reads("<figure><figcaption>x</figcaption></figure>y", "x\ny");
    reads("<select><option>a<option>b</select>", "a\nb");
}

#[test]
fn entities_are_decoded_once() {
    reads(
        "السعر &lt;50 دينار &amp;amp; أكثر",
        "السعر <50 دينار &amp; أكثر",
    );
    reads(
        "&laquo;x&raquo; &#8211; &#x2014; &copy 2024",
        "«x» – — © 2024",
    );
    reads("&#128;&#0;", "€\u{fffd}");
    reads("a&nbsp;b&nbsp;&nbsp;c", "a b c");
    reads("&nbsp;", "");
    reads("a & b &nosuch; &", "a & b &nosuch; &");
    reads("&lt;script&gt;x&lt;/script&gt;", "<script>x</script>");
    reads("a < b, 1 <2, a<3 & b", "a < b, 1 <2, a<3 & b");
}

#[test]
fn what_no_reader_sees_is_left_out() {
    reads("a<script>var s = '</p>';</script>b", "ab");
    reads("a<SCRIPT type=x>evil()</SCRIPT >b", "ab");
    reads("<script><!-- <script> </script> evil --></script>b", "b");
    reads("<style>p{}</style><p>b", "b");
    reads("a<!-- no > no -->b<!--> c --> d", "ab c --> d");
    reads("<noscript><img src=x>pixel</noscript>b", "b");
    reads("a<iframe>x<p></iframe>b", "a b");
    reads(
        "a<template><p>x</p><template>y</template>z</template>b",
        "ab",
    );
    reads("<![CDATA[x]]>b<!DOCTYPE html>c<?xml version='1'?>d", "bcd");
    reads("a<p title='x > y' data-x=\"</p>\">b", "a\nb");
    reads("a<a href=\"https://example.org/?a=1&amp;b=2\">b</a>", "ab");
    reads("<script>never ends", "");
    reads("text <a href='never ends", "text");
}

#[test]
fn what_holds_no_markup_is_text() {
    reads("<title>a <b> &amp; c</title>d", "a <b> & c\nd");
    reads("<textarea>a\nb</textarea>c", "a\nb\nc");
    reads("<xmp><b>x</b></xmp>c", "<b>x</b>\nc");
}

#[test]
fn a_drawing_does_not_swallow_what_follows_it() {
    reads("a<svg><script/><title/><path/></svg><p>b</p>", "a\nb");
    reads("a<svg><title>t</title><style>s</style></svg>b", "a\nt\nb");
    reads("<svg/><script/>evil</script>b", "b");
    reads("<svg><p><script/>evil</script>b", "b");
}

#[test]
fn lines_are_kept_in_pre_and_nowhere_else() {
    reads("<pre>a\n  b\r\nc</pre>d\ne", "a\nb\nc\nd e");
    reads("a\n\n b\t c", "a b c");
    reads("plain\ntext", "plain text");
}

#[test]
fn control_characters_and_every_kind_of_space_part_words() {
    reads("قبل\0بعد", "قبل بعد");
    reads("<p>قبل\0بعد</p>", "قبل بعد");
    reads("<title>قبل\0بعد</title><p\0x>و", "قبل بعد\nو");
    reads("a\u{1}b\u{7f}c\u{85}d\u{9b}e", "a b c d e");
    reads(
        "a\u{a0}b\u{2003}c\u{2028}d\u{202f}e\u{3000}f\u{1680}g",
        "a b c d e f g",
    );
    reads("  <p>  a  </p>  ", "a");
}

#[test]
fn invisible_marks_do_not_split_words_and_the_non_joiner_stays() {
    reads("غ\u{200f}زة", "غزة");
    let marks = "\u{200e}\u{200f}\u{61c}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
    reads(
        &format!("{marks}غ{marks}زة{marks} <b>x{marks}</b>"),
        "غزة x",
    );
    reads("&rlm;a&shy;b\u{feff}c\u{2060}", "abc");
    reads("می\u{200c}خواهم", "می\u{200c}خواهم");
    reads("مُقَاوَمَةٌ العـــودة ؜", "مُقَاوَمَةٌ العـــودة");
    reads("؀ ء ؛ ؟ ط “x” … ﷺ ﻻ", "؀ ء ؛ ؟ ط “x” … ﷺ ﻻ");
}

#[test]
fn nothing_comes_of_nothing() {
    reads("", "");
    reads(" \n", "");
    reads("<p></p>", "");
    reads("<", "<");
    reads("</", "</");
    reads("&", "&");
    reads("<!", "");
}

/// A chunk may end anywhere: in a tag, an entity, a character.
#[test]
fn pages_longer_than_a_chunk_are_read_alike() {
    let part = "<p class=\"x\">القدس &laquo;غزة&raquo; <b>ك</b>تاب<!-- x --></p><script>s</script>";
    let count = 4 * CHUNK_BYTES / part.len();
    for shift in 0..part.chars().count() {
        let html = format!("{}{}", "غ".repeat(shift), part.repeat(count));
        let line = "القدس «غزة» كتاب";
        let expected = [&"غ".repeat(shift), &vec![line; count].join("\n")]
            .map(String::as_str)
            .join(if shift == 0 { "" } else { "\n" });
        assert_eq!(to_text(&html), expected);
    }
}

#[test]
fn a_long_tag_or_comment_ends_where_it_ends() {
    let long = "x".repeat(5 * CHUNK_BYTES);
    reads(&format!("a<img src=\"data:{long}\" alt=\"1 > 0\">b"), "a b");
    reads(&format!("a<!-- {long} > <b> -- {long} -->b"), "ab");
    reads(&format!("a<!-- {long} --!>b"), "ab");
    reads(&format!("a<img alt='{}'>b", "غ".repeat(CHUNK_BYTES)), "a b");
    reads(&format!("a<!-- {long}"), "a");
    reads(&format!("a<script>{long}</script>b"), "ab");
}

fn seconds(html: &str) -> f64 {
    let begun = Instant::now();
    to_text(html);
    begun.elapsed().as_secs_f64()
}

#[test]
fn no_page_takes_more_than_linear_time() {
    let attributes: String = (0..100_000).map(|n| format!("a{n} ")).collect();
    let quoted: String = (0..100_000).map(|n| format!("a{n}=\">\" ")).collect();
    let pages = [
        "<div>".repeat(100_000),
        format!("<p {attributes}>x"),
        format!("<p {quoted}>x"),
        format!("<p {}>x", attributes.replace(' ', "/")),
        "<".repeat(400_000),
        "&".repeat(400_000),
        "&a".repeat(50_000),
        format!("&{}", "a".repeat(400_000)),
        "<!--".repeat(100_000),
        "<!-- >".repeat(60_000),
        "</".repeat(50_000),
        "<script>".repeat(60_000),
        "<script><!--".repeat(50_000),
        "<a title='".repeat(50_000),
        "<title></".repeat(50_000),
        "<template>".repeat(50_000),
        "\r\n\0".repeat(50_000),
        "&#99999999999".repeat(50_000),
    ];
    for page in pages {
        let took = seconds(&page);
        let start: String = page.chars().take(40).collect();
        assert!(took < 8.0, "{start}...: {took} s for {} bytes", page.len());
    }
}

/// Pieces of pages, whole and broken.
fn any_page() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<p>"),
        Just("</p>"),
        Just("<b>"),
        Just("<br/>"),
        Just("<pre>"),
        Just("</pre>"),
        Just("<script>"),
        Just("</script>"),
        Just("<script"),
        Just("<style>"),
        Just("</style>"),
        Just("<title>"),
        Just("</title>"),
        Just("<textarea>"),
        Just("<svg>"),
        Just("</svg>"),
        Just("<template>"),
        Just("</template>"),
        Just("<!--"),
        Just("-->"),
        Just("--!>"),
        Just("<![CDATA["),
        Just("]]>"),
        Just("<"),
        Just(">"),
        Just("</"),
        Just("/>"),
        Just("\""),
        Just("'"),
        Just("="),
        Just("&"),
        Just("&amp;"),
        Just("&lt"),
        Just("&#x"),
        Just("&#1234;"),
        Just(";"),
        Just("\0"),
        Just("\r"),
        Just("\n"),
        Just(" "),
        Just("غزة"),
        Just("\u{200f}"),
        Just("\u{feff}"),
        Just("word"),
        Just("<a href='x"),
        Just("<img alt=\""),
        Just("<!DOCTYPE"),
        Just("<?"),
        Just("<xmp>"),
    ];
    let wild = prop_oneof![4 => piece.prop_map(str::to_owned), 1 => any::<String>()];
    proptest::collection::vec(wild, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_page_makes_it_panic_and_text_is_always_tidy(page in any_page()) {
        let text = to_text(&page);
        for line in text.split('\n') {
            prop_assert_eq!(line.trim(), line);
            prop_assert!(!line.contains("  "));
            prop_assert!(!line.is_empty() || text.is_empty());
            let untidy = |c: char| c.is_control() || "\u{200f}\u{a0}".contains(c);
            prop_assert!(!line.contains(untidy));
        }
    }

    #[test]
    fn a_scripts_text_is_never_seen(
        before in any_page(),
        name in prop_oneof![Just("script"), Just("style"), Just("noscript"), Just("iframe")],
        inside in "[a-z<>/ !=\"'&;-]{0,40}",
        after in "[a-z ]{0,10}",
    ) {
        // Whatever stands before, a page in which an element begins and ends has its content nowhere in the text.
        let text = to_text(&format!("<{name}>SECRET{inside}</{name}>{after}"));
        prop_assert!(!text.contains("SECRET"));
        // And where something stands before, either it swallows the element whole or it has ended.
        let closed = format!("{before}--></script></style></title></textarea></xmp></template>'\">");
        let text = to_text(&format!("{closed}<{name}>SECRET{inside}</{name}>"));
        let quoted = to_text(&format!("{closed}SECRET"));
        prop_assert!(!text.contains("SECRET") || !quoted.contains("SECRET"));
    }

    #[test]
    fn escaped_text_comes_back(text in "[a-zء-ي<>&\"';# ]{0,60}") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
        let words: Vec<_> = text.split_whitespace().collect();
        prop_assert_eq!(to_text(&escaped), words.join(" "));
    }

    #[test]
    fn plain_text_is_read_alike_with_and_without_the_tokenizer(text in "[^<&]{0,80}") {
        let plain = to_text(&text);
        prop_assert_eq!(to_text(&format!("<b></b>{text}")), plain);
    }
}
