//! Builds readable text piece by piece.

/// Text in which words are separated by one space, or by one line end at the end of a block.
///
/// White space of any kind and control characters part words; invisible marks (bidirectional controls, soft hyphens) are left
/// out, since a word with one inside cannot be found by typing it. Zero-width non-joiners stay: they are spelling.
#[derive(Default)]
pub(super) struct Text {
    out: String,
    gap: Gap,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
}

/// What a character does to the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Gap,
    Invisible,
    /// Of a byte: begins a character that may be a gap or invisible.
    Unclear,
}

/// The kind of the character that begins with a byte: the one look that nearly every byte of a text gets.
const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Letter; 256];
    let mut byte = 0;
    while byte <= b' ' {
        kinds[byte as usize] = Kind::Gap;
        byte += 1;
    }
    kinds[0x7f] = Kind::Gap;
    // U+0080 to U+00BF, U+0600 to U+063F, U+1000 to U+3FFF and U+F000 to U+FFFF.
    let unclear = [0xc2, 0xd8, 0xe1, 0xe2, 0xe3, 0xef];
    let mut index = 0;
    while index < unclear.len() {
        kinds[unclear[index]] = Kind::Unclear;
        index += 1;
    }
    kinds
};

/// The second byte of U+061C, the only character behind 0xd8 that is no letter or sign; half of all Arabic letters
/// begin with that byte.
const ARABIC_LETTER_MARK: u8 = 0x9c;

impl Text {
    pub(super) fn with_capacity(bytes: usize) -> Text {
        Text {
            out: String::with_capacity(bytes),
            gap: Gap::None,
        }
    }

    /// Separates the words here, at least by a space.
    pub(super) fn part(&mut self) {
        self.gap = self.gap.max(Gap::Space);
    }

    /// A block began or ended.
    pub(super) fn end_line(&mut self) {
        self.gap = Gap::Line;
    }

    /// Adds text; its line ends are kept only where they are meant to be seen.
    pub(super) fn push(&mut self, text: &str, keep_lines: bool) {
        let bytes = text.as_bytes();
        let mut start = 0;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let (kind, length) = match KINDS[byte as usize] {
                Kind::Letter => {
                    at += 1;
                    continue;
                }
                Kind::Gap if byte == b' ' && at > start && is_letter(bytes.get(at + 1)) => {
                    at += 1;
                    continue;
                }
                Kind::Gap => (Kind::Gap, 1),
                _ if byte == 0xd8 && bytes.get(at + 1) != Some(&ARABIC_LETTER_MARK) => {
                    at += 2;
                    continue;
                }
                _ => kind_of_character(text, at),
            };
            if kind != Kind::Letter {
                self.push_words(&text[start..at]);
                start = at + length;
            }
            if kind == Kind::Gap {
                self.part();
                if byte == b'\n' && keep_lines {
                    self.end_line();
                }
            }
            at += length;
        }
        self.push_words(&text[start..]);
    }

    fn push_words(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        if !self.out.is_empty() {
            match self.gap {
                Gap::None => {}
                Gap::Space => self.out.push(' '),
                Gap::Line => self.out.push('\n'),
            }
        }
        self.gap = Gap::None;
        self.out.push_str(words);
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

fn is_letter(byte: Option<&u8>) -> bool {
    byte.is_some_and(|&byte| KINDS[byte as usize] == Kind::Letter)
}

fn kind_of_character(text: &str, at: usize) -> (Kind, usize) {
    let Some(character) = text[at..].chars().next() else {
        return (Kind::Letter, 1);
    };
    let kind = match character {
        c if c.is_whitespace() || c.is_control() => Kind::Gap,
        '\u{ad}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}' => Kind::Invisible,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Kind::Invisible,
        _ => Kind::Letter,
    };
    (kind, character.len_utf8())
}
