//! Chance that can be had again: the same seed throws the same numbers.

/// SplitMix64, which is good enough to choose by, and ten lines long.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn seeded(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A seed from the environment; where it says nothing, another one each time.
    pub fn seed_from(variable: &str) -> u64 {
        match std::env::var(variable) {
            Ok(seed) if !seed.is_empty() => seed
                .parse()
                .unwrap_or_else(|_| panic!("{variable} is a number")),
            _ => {
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                // Short enough to be typed.
                Dice(now.unwrap().as_nanos() as u64).next() % 1_000_000
            }
        }
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to one below `sides`.
    pub fn below(&mut self, sides: usize) -> usize {
        (self.next() % sides.max(1) as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}
