//! Words and codes as a server writes them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Languages by two letters are answered by three.
pub(crate) fn three_letters(code: &str) -> &str {
    const CODES: &str = "af afr ak aka am amh ar ara az aze be bel bn ben bg bul ca cat cs ces da dan de deu el ell en eng \
        eo epo et est fi fin fr fra gu guj he heb hi hin hr hrv hu hun hy hye id ind it ita jv jav ja jpn kn kan ka kat \
        km khm ko kor la lat lv lav lt lit ml mal mr mar mk mkd my mya ne nep nl nld nb nob or ori pa pan fa pes pl pol \
        pt por ro ron ru rus si sin sk slk sl slv sn sna es spa sr srp sv swe ta tam te tel tl tgl th tha tk tuk tr tur \
        uk ukr ur urd uz uzb vi vie yi yid zh zho zu zul";
    let mut words = CODES.split_whitespace();
    while let (Some(two), Some(three)) = (words.next(), words.next()) {
        if two == code {
            return three;
        }
    }
    code
}

/// A stop word as servers keep it: decomposed and, from 1.21 on, with Arabic letters written the Persian way (في as فی).
pub(crate) fn stop_word(word: &str) -> String {
    word.nfkd()
        .filter(|letter| !letter.is_control() || letter.is_whitespace())
        .filter_map(persian)
        .collect()
}

fn persian(letter: char) -> Option<char> {
    Some(match letter {
        'ي' | 'ى' | 'ۀ' => 'ی',
        'ك' => 'ک',
        '۰'..='۹' => char::from(b'0' + (letter as u32 - '۰' as u32) as u8),
        '،' => ',',
        '؟' => '?',
        '\u{200C}' => return None,
        other => other,
    })
}

/// A word without typos is kept as a document's words are: in small letters and without marks, too.
pub(super) fn exact_word(word: &str) -> String {
    let word: String = stop_word(word)
        .chars()
        .filter(|letter| !is_combining_mark(*letter) && *letter != 'ـ')
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'ٱ' => 'ا',
            'ة' => 'ه',
            '’' | '‘' | '‛' => '\'',
            other => other,
        })
        .collect();
    word.replace('œ', "oe").replace('æ', "ae")
}
