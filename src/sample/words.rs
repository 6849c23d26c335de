//! Generated Arabic words, and random numbers that are the same on every machine.

const LETTERS: &str = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي";
const PREFIXES: [&str; 9] = ["", "", "", "ال", "وال", "بال", "لل", "و", "ف"];
const SUFFIXES: [&str; 10] = ["", "", "", "ة", "ات", "ون", "ين", "ها", "هم", "ية"];

/// Words that readers of Bisan search for. They come first, so they are the frequent ones.
pub const REAL: [&str; 28] = [
    "فلسطين",
    "القدس",
    "غزة",
    "الضفة",
    "المقاومة",
    "الاحتلال",
    "الأسرى",
    "المسجد",
    "الأقصى",
    "حيفا",
    "يافا",
    "عكا",
    "نابلس",
    "الخليل",
    "جنين",
    "اللاجئين",
    "العودة",
    "النكبة",
    "الشعب",
    "الأرض",
    "الحرية",
    "التاريخ",
    "الثقافة",
    "الأدب",
    "الشعر",
    "الرواية",
    "الصحافة",
    "الإعلام",
];

/// Chance with a seed: SplitMix64. Written out here, because a crate's generator may change with its version, and then
/// every row would.
pub struct Chance(u64);

impl Chance {
    pub fn seeded(seed: u64) -> Chance {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, not including, `end`.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// A number from 0.0 up to, not including, 1.0.
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normally distributed: mean 0, deviation 1. A sum of twelve needs no logarithm, whose last digit differs
    /// between machines.
    pub fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.fraction()).sum::<f64>() - 6.0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// A vocabulary of 36,028 words, in which the word of rank r comes up about 1/r times as often as the first: the shape
/// (Zipf's) that makes an index of invented texts as large, and as slow to build, as one of real texts.
pub struct Vocabulary {
    words: Vec<String>,
    /// For each word, the sum of the weights up to it.
    weights: Vec<u64>,
}

impl Vocabulary {
    pub fn invented(chance: &mut Chance) -> Vocabulary {
        let letters: Vec<char> = LETTERS.chars().collect();
        let mut words: Vec<String> = REAL.iter().map(|word| (*word).to_owned()).collect();
        for _ in 0..9000 {
            let length = *chance.pick(&[3, 3, 3, 4]);
            let root: String = (0..length).map(|_| *chance.pick(&letters)).collect();
            for _ in 0..4 {
                words.push(format!(
                    "{}{root}{}",
                    chance.pick(&PREFIXES),
                    chance.pick(&SUFFIXES)
                ));
            }
        }
        let mut sum = 0;
        let weights = (0..words.len() as u64)
            .map(|rank| {
                sum += 1_000_000_000 / (rank + 2);
                sum
            })
            .collect();
        Vocabulary { words, weights }
    }

    pub fn word(&self, chance: &mut Chance) -> &str {
        let total = self.weights[self.weights.len() - 1];
        let drawn = chance.below(total as usize) as u64;
        &self.words[self.weights.partition_point(|sum| *sum <= drawn)]
    }

    /// One of the 4,000 most frequent words, each as likely as the next: names.
    pub fn name(&self, chance: &mut Chance) -> &str {
        &self.words[chance.below(4000)]
    }

    /// Adds `count` words with a space between them.
    pub fn text_into(&self, out: &mut String, chance: &mut Chance, count: usize) {
        for position in 0..count {
            if position > 0 {
                out.push(' ');
            }
            out.push_str(self.word(chance));
        }
    }

    pub fn text(&self, chance: &mut Chance, count: usize) -> String {
        let mut out = String::with_capacity(count * 14);
        self.text_into(&mut out, chance, count);
        out
    }
}
