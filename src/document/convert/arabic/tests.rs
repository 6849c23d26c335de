use std::collections::HashSet;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

fn forms_of(text: &str) -> Vec<String> {
    forms(text).into_iter().map(|form| form.form).collect()
}

#[track_caller]
fn has(text: &str, expected: &[&str]) {
    assert_eq!(forms_of(text), expected, "{text}");
}

/// Words and what was in front of them and behind, rule by rule.
#[test]
fn each_rule_makes_its_forms() {
    // Marks and presentation forms, which hide the article; letters of other keyboards.
    has("اَلْقُدْس", &["قدس"]);
    has("ﺍﻟﻘﺪﺱ", &["قدس"]);
    has("شیراز پاریس", &["شيراز", "باريس"]);
    // Digits.
    has("2026", &["٢٠٢٦"]);
    has("٢٠٢٦", &["2026"]);
    has("۲۰۲۶", &["2026", "٢٠٢٦"]);
    // The article behind and, in, to and like; a hamza behind them.
    has("وبالقدس كالطائر", &["قدس", "طائر"]);
    has("للغة", &["غة", "لغة"]);
    has("وأحمد لإسراء", &["أحمد", "إسراء"]);
    // And; in, to, like, so.
    has("ورحلة", &["رحلة"]);
    has("وبمدرسة", &["بمدرسة", "مدرسة"]);
    has("بغزة", &["غزة"]);
    // Pronouns, plurals, duals.
    has("مدينتهم", &["مدينت", "مدينة"]);
    has("معلمون", &["معلم"]);
    has("مدينتان", &["مدينت", "مدينة"]);
    has("شجرات", &["شجرة", "شجر"]);
    // One behind the other.
    has(
        "وبمدينتهم",
        &[
            "بمدينتهم",
            "مدينتهم",
            "وبمدينت",
            "وبمدينة",
            "بمدينت",
            "بمدينة",
            "مدينت",
            "مدينة",
        ],
    );
}

#[test]
fn a_letter_that_is_a_words_own_stays() {
    for word in [
        "وزير",
        "بلاد",
        "كتاب",
        "فريق",
        "قانون",
        "فلسطين",
        "بيت",
        "القدس",
        "Gaza",
        "و",
    ] {
        has(word, &[]);
    }
    has("بفلسطين", &["فلسطين"]);
}

#[test]
fn what_the_text_has_already_is_no_form() {
    has("القدس والقدس", &[]);
    has("قدس وبالقدس والقُدس", &[]);
    has("مدرسه ومدرسة", &["مدرس"]);
    has("والقدس فالقدس وبالقدس", &["قدس"]);
}

#[test]
fn each_form_names_the_word_that_it_is_made_of() {
    let text = "كتب للقدس وبالقُدس";
    let found = forms(text);
    assert_eq!(
        found[0],
        Form {
            form: "قدس".into(),
            word: "للقدس"
        }
    );
    assert_eq!(found.len(), 2, "{found:?}");
}

#[derive(Deserialize)]
struct Reference {
    text: String,
    forms: Vec<String>,
}

/// Invented words in every shape that the rules tell apart, with the forms that a second implementation of the rules made of
/// them, in another language.
#[test]
fn the_forms_are_those_of_the_reference() {
    let all: Vec<Reference> = serde_json::from_str(include_str!("reference.json")).unwrap();
    assert!(all.len() > 100);
    for Reference { text, forms } in all {
        assert_eq!(forms_of(&text), forms, "{text}");
    }
}

#[test]
fn a_text_has_its_forms_behind_it_and_an_array_has_them_alone() {
    let write = |is_text: bool, is_html: bool, value: &str| {
        let mut out = Vec::new();
        let value = Value::Text(value);
        let mut nothing = |anomaly| panic!("{anomaly:?}");
        match is_text {
            true => write_text(value, is_html, &mut out, &mut nothing),
            false => write_forms(value, is_html, &mut out, &mut nothing),
        }
        .unwrap();
        String::from_utf8(out).unwrap()
    };
    let page = "<p>زرنا <b>وبال</b>قدس</p><p>٢٠٢٦";
    assert_eq!(
        write(true, true, page),
        r#""زرنا وبالقدس\n٢٠٢٦. قدس. 2026""#
    );
    assert_eq!(write(false, true, page), r#"["قدس","2026"]"#);
    assert_eq!(write(true, false, "وبالقدس"), r#""وبالقدس. قدس""#);
    assert_eq!(write(true, false, "<b>"), r#""<b>""#);
    assert_eq!(write(false, false, "<b>"), "[]");
}

#[test]
fn forms_beyond_the_engines_last_position_are_remarked() {
    let words = |count: usize| -> String {
        let letters: Vec<char> = "سشصضطظعغفقكلمنهتثجحخدذرز".chars().collect();
        let letter = |at: usize| letters[at % letters.len()];
        (0..count)
            .map(|n| format!("والم{}{}{}ر ", letter(n), letter(n / 24), letter(n / 576)))
            .collect()
    };
    let remarks = |text: &str| {
        let mut remarks = Vec::new();
        write_forms(Value::Text(text), false, &mut Vec::new(), &mut |anomaly| {
            remarks.push(anomaly);
        })
        .unwrap();
        remarks
    };
    assert_eq!(remarks(&words(8_000)), []);
    assert_eq!(remarks(&words(9_000)), [Anomaly::LongText]);
}

#[test]
fn a_text_is_arabic_if_most_of_its_letters_are() {
    assert!(is_arabic("في 2026 قال الكاتب (BBC)"));
    for text in ["", "2026", "Read القدس in the original", "Ελλάδα"] {
        assert!(!is_arabic(text), "{text}");
    }
}

fn wild_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ابتجدرسعفقكلمنهويةىأإآئؤء]{1,9}",
        "(و|ف)?(ب|ك|ل)?(ال|لل)?[بتدرسعقمن]{2,5}(ات|ون|ين|ان|ها|هم|ته|ة)?",
        "[\u{600}-\u{6ff}\u{fb50}-\u{fdff}\u{fe70}-\u{fefc}]{1,6}",
        "[0-9٠-٩۰-۹a-zA-Z .،\n]{1,4}",
        ".{0,3}",
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    /// Each form is one that the engine would not make, once, of a word that is there, and no longer than that word.
    #[test]
    fn forms_of_any_text_are_new_and_each_once(text in wild_text()) {
        let words: HashSet<&str> = tokens(&text).collect();
        let mut seen: HashSet<Normal> = words
            .iter()
            .filter(|word| !word.starts_with(char::is_numeric))
            .map(|word| Normal::without_article(word))
            .collect();
        for Form { form, word } in forms(&text) {
            prop_assert!(words.contains(word), "{form} of {word}");
            prop_assert!(seen.insert(Normal::of(form.chars())), "{form} of {word}");
            if !word.chars().any(|letter| matches!(letter, '\u{fb50}'..='\u{fefc}')) {
                prop_assert!(form.chars().count() <= word.chars().count(), "{form} of {word}");
            }
        }
    }

    /// A text and its forms have the same forms as the text in any order of its words.
    #[test]
    fn the_order_of_words_changes_no_form(text in wild_text()) {
        let set = |text: &str| -> HashSet<Normal> {
            forms_of(text).iter().map(|form| Normal::of(form.chars())).collect()
        };
        let mut words: Vec<&str> = tokens(&text).collect();
        let forwards = words.join(" ");
        words.reverse();
        prop_assert_eq!(set(&forwards), set(&words.join(" ")));
    }
}
