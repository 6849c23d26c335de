//! Articles that can be read, for the demo: sentences that make sense, Arabic and English, each article about its own few
//! people, places and deeds. So a query finds some articles and not all, as it does in a real library.

use super::words::Chance;

/// What articles of one language are put together of.
struct Words {
    people: [&'static str; 12],
    /// What somebody did, as a verb and what it was done to.
    deeds: [(&'static str, &'static str); 16],
    places: [&'static str; 12],
    times: [&'static str; 8],
    /// What people say, in a whole sentence.
    sayings: [&'static str; 10],
    /// Around a person's name: what he says, and what is told of him.
    says: &'static str,
    tale: &'static str,
    /// The verb comes first.
    verb_first: bool,
}

const ARABIC: Words = Words {
    people: [
        "المعلّم",
        "النجّار",
        "الصيّاد",
        "البستاني",
        "الخبّاز",
        "الطبيب",
        "المصوّر",
        "الراوي",
        "الحدّاد",
        "الخيّاط",
        "الراعي",
        "الفلّاح",
    ],
    deeds: [
        ("زرع", "شجرة زيتون"),
        ("خبز", "رغيفا كبيرا"),
        ("كتب", "رسالة طويلة"),
        ("رمّم", "بيتا قديما"),
        ("جمع", "أغاني الحصاد"),
        ("رسم", "خريطة للطريق"),
        ("أصلح", "قاربا صغيرا"),
        ("فتح", "مكتبة للأطفال"),
        ("حفر", "بئرا عميقة"),
        ("صوّر", "سوق السمك"),
        ("علّم", "جيرانه القراءة"),
        ("وجد", "مفتاحا قديما"),
        ("نظم", "قصيدة عن البحر"),
        ("طبخ", "عدسا للضيوف"),
        ("بنى", "جدارا من الحجر"),
        ("باع", "آخر ثوب مطرّز"),
    ],
    places: [
        "في القدس",
        "في يافا",
        "في حيفا",
        "في نابلس",
        "في غزة",
        "في الخليل",
        "في عكا",
        "في جنين",
        "قرب البحر",
        "على سفح الجبل",
        "في سوق المدينة",
        "في قرية صغيرة",
    ],
    times: [
        "في أول الربيع",
        "قبل موسم الزيتون",
        "بعد المطر",
        "في ليلة باردة",
        "كلّ صباح",
        "قبل عشرين عاما",
        "في يوم العيد",
        "مع طلوع الفجر",
    ],
    sayings: [
        "إنّ الشجرة تعرف من زرعها",
        "إنّ البحر لا ينسى أصحابه",
        "إنّ الطريق أقصر مع رفيق",
        "إنّ الخبز لا يطيب إلا إذا قُسم",
        "إنّ البيت القديم يحفظ أصوات أهله",
        "إنّ الصبر نصف الصنعة",
        "إنّ المقاومة تبدأ بكلمة صادقة",
        "إنّ الكتاب جار لا يغيب",
        "إنّ المطر يأتي لمن ينتظره",
        "إنّ فلسطين في رائحة الزعتر",
    ],
    says: "يقول {}",
    tale: "حكاية {}",
    verb_first: true,
};

const ENGLISH: Words = Words {
    people: [
        "teacher",
        "carpenter",
        "fisherman",
        "gardener",
        "baker",
        "doctor",
        "photographer",
        "storyteller",
        "blacksmith",
        "tailor",
        "shepherd",
        "farmer",
    ],
    deeds: [
        ("planted", "an olive tree"),
        ("baked", "a great loaf of bread"),
        ("wrote", "a long letter"),
        ("repaired", "an old house"),
        ("collected", "harvest songs"),
        ("drew", "a map of the road"),
        ("mended", "a small boat"),
        ("opened", "a library for children"),
        ("dug", "a deep well"),
        ("photographed", "the fish market"),
        ("taught", "the neighbours to read"),
        ("found", "an old key"),
        ("composed", "a poem about the sea"),
        ("cooked", "lentils for the guests"),
        ("built", "a wall of stone"),
        ("sold", "the last embroidered dress"),
    ],
    places: [
        "in Jerusalem",
        "in Jaffa",
        "in Haifa",
        "in Nablus",
        "in Gaza",
        "in Hebron",
        "in Acre",
        "in Jenin",
        "by the sea",
        "on the slope of the hill",
        "in the city market",
        "in a small village",
    ],
    times: [
        "in early spring",
        "before the olive harvest",
        "after the rain",
        "on a cold night",
        "every morning",
        "twenty years ago",
        "on the day of the feast",
        "at daybreak",
    ],
    sayings: [
        "that a tree knows who planted it",
        "that the sea never forgets its own",
        "that a road is shorter with a friend",
        "that bread tastes best when it is shared",
        "that an old house keeps its voices",
        "that patience is half of any craft",
        "that a book is a neighbour who never leaves",
        "that rain comes to those who wait",
        "that a good key outlives its door",
        "that thyme smells of home",
    ],
    says: "The {} says",
    tale: "The tale of the {}",
    verb_first: false,
};

/// What one article is about.
pub struct Story {
    words: &'static Words,
    people: [&'static str; 2],
    places: [&'static str; 2],
    deeds: [(&'static str, &'static str); 3],
}

impl Story {
    /// Every third one is in English.
    pub fn of(chance: &mut Chance, number: u32) -> Story {
        let words = if number.is_multiple_of(3) {
            &ENGLISH
        } else {
            &ARABIC
        };
        Story {
            words,
            people: [*chance.pick(&words.people), *chance.pick(&words.people)],
            places: [*chance.pick(&words.places), *chance.pick(&words.places)],
            deeds: [
                *chance.pick(&words.deeds),
                *chance.pick(&words.deeds),
                *chance.pick(&words.deeds),
            ],
        }
    }

    /// A heading, without a full stop.
    pub fn title(&self, chance: &mut Chance) -> String {
        let (_, what) = self.deeds[0];
        let place = self.places[0];
        let title = match chance.below(3) {
            0 => format!("{what} {place}"),
            1 => format!("{} {place}", self.words.tale.replace("{}", self.people[0])),
            _ => format!("{what} {}", chance.pick(&self.words.times)),
        };
        let mut letters = title.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    }

    /// So many words, or a few more: whole sentences.
    pub fn text(&self, chance: &mut Chance, words: usize) -> String {
        let mut out = String::new();
        let mut count = 0;
        while count < words {
            let sentence = self.sentence(chance);
            count += sentence.split(' ').count();
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&sentence);
        }
        out
    }

    fn sentence(&self, chance: &mut Chance) -> String {
        let who = *chance.pick(&self.people);
        let (verb, what) = *chance.pick(&self.deeds);
        let place = *chance.pick(&self.places);
        let when = *chance.pick(&self.words.times);
        if chance.below(4) == 0 {
            let says = self.words.says.replace("{}", who);
            return format!("{says} {}.", chance.pick(&self.words.sayings));
        }
        match self.words.verb_first {
            true => format!("{verb} {who} {what} {place} {when}."),
            false => format!("The {who} {verb} {what} {place} {when}."),
        }
    }
}

const FIRST: [&str; 16] = [
    "ليلى",
    "عمر",
    "مريم",
    "يوسف",
    "سلمى",
    "إلياس",
    "نور",
    "طارق",
    "هدى",
    "كريم",
    "Clara",
    "Jonas",
    "Mira",
    "Elias",
    "Ida",
    "Tariq",
];
const LAST: [&str; 16] = [
    "حداد",
    "ناصر",
    "خوري",
    "صباغ",
    "منصور",
    "عودة",
    "زيدان",
    "شاهين",
    "حلبي",
    "قاسم",
    "Lindqvist",
    "Moreau",
    "Baker",
    "Okafor",
    "Rossi",
    "Kaya",
];

/// A person's name, in one script.
pub fn name(chance: &mut Chance) -> String {
    const ARABIC: usize = 10;
    let range = if chance.below(3) == 0 {
        ARABIC..FIRST.len()
    } else {
        0..ARABIC
    };
    let first = FIRST[range.start + chance.below(range.len())];
    format!("{first} {}", LAST[range.start + chance.below(range.len())])
}
