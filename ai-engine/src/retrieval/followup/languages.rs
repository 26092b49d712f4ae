//! The function words of questions, in the languages that people ask in.

use std::collections::HashSet;
use std::sync::LazyLock;

use collabry_shared::text::fold;

/// Function words of English questions. The lists of other languages come from `stop-words`, whose English list would
/// remove "computer" and "million".
const ENGLISH: &[&str] = &[
    "a", "about", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "else", "example", "examples", "explain", "for", "from", "give", "had", "has",
    "have", "he", "her", "him", "his", "how", "i", "if", "in", "is", "it", "its", "me", "more", "my", "no", "not",
    "of", "on", "one", "ones", "or", "our", "please", "say", "says", "she", "should", "so", "some", "tell", "than",
    "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "us", "was", "we",
    "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will", "with", "would", "yes", "you",
    "your",
];

/// How follow-up questions refer to the previous one.
struct Habits {
    /// ISO 639-1.
    code: &'static str,
    /// Function words that are missing from the list of stop words.
    empty: &'static [&'static str],
    /// Words that refer back. Articles are not included: nearly every question has one.
    pointers: &'static [&'static str],
    /// Openings of follow-up questions.
    openings: &'static [&'static str],
    /// Words that refer back only at the end; elsewhere they are articles or particles.
    endings: &'static [&'static str],
}

/// The supported languages, in no particular order.
const HABITS: &[Habits] = &[
    Habits {
        code: "en",
        empty: &[],
        pointers: &[
            "it", "its", "he", "him", "his", "she", "her", "they", "them", "their", "that", "this", "these", "those",
        ],
        openings: &["and", "but", "what about", "how about", "what else"],
        endings: &[],
    },
    Habits {
        code: "de",
        empty: &[
            "bitte",
            "erklär",
            "erkläre",
            "erzähl",
            "erzähle",
            "genau",
            "genauer",
            "nochmal",
            "Beispiel",
            "Beispiele",
        ],
        pointers: &[
            "er", "es", "ihn", "ihm", "ihnen", "davon", "dazu", "dafür", "damit", "darüber", "dabei", "dies", "diese",
            "diesen", "dieser", "dieses",
        ],
        openings: &["und", "aber", "was ist mit", "wie ist es mit", "wie steht es mit", "was noch"],
        endings: &["das", "sie", "die", "der"],
    },
    Habits {
        code: "fr",
        empty: &["explique", "expliquez", "exemple", "exemples", "svp"],
        pointers: &["lui", "leur", "ça", "cela", "ceci", "celui", "celle"],
        openings: &["et", "mais", "qu'en est-il", "quoi d'autre"],
        endings: &["il", "elle", "ils", "elles"],
    },
    Habits {
        code: "es",
        empty: &["explica", "explícame", "explique", "ejemplo", "ejemplos", "favor"],
        pointers: &["él", "ella", "ellos", "ellas", "eso", "esto", "ello", "ese", "esa", "este"],
        openings: &["y", "pero", "qué hay de", "qué más"],
        endings: &[],
    },
    Habits {
        code: "it",
        empty: &["spiega", "spiegami", "esempio", "esempi", "favore"],
        pointers: &["lui", "lei", "esso", "essa", "loro", "ciò", "questo", "questa", "quello", "quella"],
        openings: &["e", "ma", "che altro"],
        endings: &[],
    },
    Habits {
        code: "pt",
        empty: &["explica", "explique", "exemplo", "exemplos", "favor"],
        pointers: &["ele", "ela", "eles", "elas", "isso", "isto", "esse", "essa", "este"],
        openings: &["e", "mas", "que mais"],
        endings: &[],
    },
    Habits {
        code: "ro",
        empty: &["explică", "explicați", "exemplu", "exemple", "rog"],
        pointers: &["el", "ea", "ei", "ele", "lui", "acesta", "aceasta", "acestea", "acela", "aceea", "asta"],
        openings: &["și", "dar", "ce zici de", "ce altceva"],
        endings: &[],
    },
    Habits {
        code: "nl",
        empty: &["leg", "uit", "voorbeeld", "voorbeelden", "alsjeblieft"],
        pointers: &["hij", "zij", "hem", "haar", "hun", "hen", "dit", "dat", "deze", "die", "ervan", "daarvan"],
        openings: &["en", "maar", "hoe zit het met", "wat nog"],
        endings: &["het"],
    },
    Habits {
        code: "sv",
        empty: &["förklara", "exempel", "snälla"],
        pointers: &["han", "hon", "honom", "henne", "dem", "detta", "denna"],
        openings: &["och", "men", "hur är det med"],
        endings: &["det", "den"],
    },
    Habits {
        code: "da",
        empty: &["forklar", "eksempel", "eksempler"],
        pointers: &["han", "hun", "ham", "hende", "dem", "dette", "denne"],
        openings: &["og", "men", "hvad med"],
        endings: &["det", "den"],
    },
    Habits {
        code: "no",
        empty: &["forklar", "eksempel", "eksempler"],
        pointers: &["han", "hun", "ham", "henne", "dem", "dette", "denne"],
        openings: &["og", "men", "hva med"],
        endings: &["det", "den"],
    },
    Habits {
        code: "pl",
        empty: &["wyjaśnij", "przykład", "przykłady", "proszę", "więcej"],
        pointers: &["on", "ona", "ono", "oni", "one", "jego", "jej", "ich", "to", "tego", "tym"],
        openings: &["a", "i", "ale", "co z"],
        endings: &[],
    },
    Habits {
        code: "cs",
        empty: &["vysvětli", "příklad", "příklady", "prosím"],
        pointers: &["on", "ona", "ono", "oni", "jeho", "její", "jejich", "to", "toho", "tom"],
        openings: &["a", "ale", "co třeba"],
        endings: &[],
    },
    Habits {
        code: "ru",
        empty: &["объясни", "объясните", "подробнее", "пример", "примеры", "пожалуйста", "расскажи"],
        pointers: &["он", "она", "оно", "они", "его", "её", "их", "им", "ему", "это", "этого", "этом", "этот", "эта"],
        openings: &["а", "и", "но", "как насчёт", "что насчёт"],
        endings: &[],
    },
    Habits {
        code: "uk",
        empty: &[
            "чому",
            "навіщо",
            "як",
            "що",
            "поясни",
            "поясніть",
            "докладніше",
            "детальніше",
            "приклад",
            "приклади",
            "коли",
            "де",
            "хто",
        ],
        pointers: &["він", "вона", "воно", "вони", "його", "її", "їх", "це", "цього", "цей"],
        openings: &["а", "і", "й", "але", "як щодо"],
        endings: &[],
    },
    Habits {
        code: "tr",
        empty: &["açıkla", "anlat", "örnek", "lütfen"],
        pointers: &["o", "onu", "onun", "bu", "bunu", "bunun", "onlar", "bunlar"],
        openings: &["ve", "peki", "ama", "ya"],
        endings: &[],
    },
    Habits {
        code: "ar",
        empty: &["لماذا", "كيف", "متى", "اشرح", "أكثر", "المزيد", "مثال", "أمثلة"],
        pointers: &["هو", "هي", "هم", "هذا", "هذه", "ذلك", "تلك", "عنه", "عنها"],
        openings: &["و", "وماذا عن", "ماذا عن", "لكن"],
        endings: &[],
    },
    Habits {
        code: "fa",
        empty: &["چرا", "چگونه", "چطور", "بیشتر", "توضیح", "بده", "مثال"],
        pointers: &["او", "آن", "این", "انها", "اینها"],
        openings: &["و", "اما", "پس"],
        endings: &[],
    },
    Habits {
        code: "he",
        empty: &["למה", "מדוע", "איך", "הסבר", "עוד", "דוגמה"],
        pointers: &["הוא", "היא", "הם", "הן", "זה", "זאת", "אותו", "אותה"],
        openings: &["ו", "ומה", "אבל", "מה לגבי"],
        endings: &[],
    },
    Habits {
        code: "hi",
        empty: &["क्यों", "कैसे", "और", "उदाहरण", "समझाओ"],
        pointers: &["यह", "वह", "वे", "इसे", "उसे", "इसका", "उसका"],
        openings: &["और", "लेकिन"],
        endings: &[],
    },
    Habits {
        code: "el",
        empty: &["γιατί", "πώς", "εξήγησε", "παράδειγμα", "περισσότερα"],
        pointers: &["αυτός", "αυτή", "αυτό", "αυτά", "εκείνο"],
        openings: &["και", "αλλά", "τι γίνεται με"],
        endings: &[],
    },
    Habits {
        code: "zh",
        empty: &[
            "为什么",
            "為什麼",
            "为何",
            "怎么",
            "怎麼",
            "请",
            "請",
            "解释",
            "解釋",
            "详细",
            "詳細",
            "例子",
            "举例",
            "说明",
            "再",
            "一下",
            "更多",
            "呢",
            "吗",
        ],
        pointers: &["它", "他", "她", "它们", "他们", "这个", "那个", "這個", "那個", "其"],
        openings: &["那", "那么", "那麼", "而", "还有"],
        endings: &["呢"],
    },
    Habits {
        code: "ja",
        empty: &[
            "なぜ",
            "何故",
            "どうして",
            "もっと",
            "詳しく",
            "教えて",
            "説明",
            "してください",
            "ください",
            "例",
            "いつ",
            "どこ",
            "誰",
            "何",
            "です",
            "か",
            "ですか",
            "は",
        ],
        pointers: &["それ", "これ", "あれ", "彼", "彼女", "その", "この"],
        openings: &["では", "じゃあ", "それで", "でも", "そして"],
        endings: &["は"],
    },
    Habits {
        code: "ko",
        empty: &[
            "왜",
            "어떻게",
            "더",
            "자세히",
            "설명해",
            "설명해줘",
            "설명해주세요",
            "예",
            "예를",
            "알려줘",
            "알려주세요",
            "언제",
            "어디",
            "누구",
        ],
        pointers: &["그것", "그것은", "그것이", "그것을", "이것", "이것은", "그는", "그녀는", "그", "그건", "이건"],
        openings: &["그리고", "그럼", "그러면", "하지만"],
        endings: &["은요", "는요"],
    },
    Habits {
        code: "vi",
        empty: &["tại", "sao", "giải", "thích", "ví", "dụ", "thêm"],
        pointers: &["nó", "họ", "ông", "bà", "này", "đó", "điều"],
        openings: &["và", "còn", "nhưng", "thế còn"],
        endings: &[],
    },
    Habits {
        code: "id",
        empty: &["mengapa", "kenapa", "jelaskan", "contoh", "tolong"],
        pointers: &["dia", "ia", "mereka", "itu", "ini", "nya"],
        openings: &["dan", "tapi", "tetapi", "bagaimana dengan"],
        endings: &[],
    },
];

/// The folded words of a language, for lookups.
#[derive(Debug)]
pub(super) struct Language {
    pub code: &'static str,
    pub empty: HashSet<String>,
    pub pointers: HashSet<String>,
    pub openings: Vec<String>,
    pub endings: Vec<String>,
}

/// All languages, loaded once for the process: about 15,000 words.
pub(super) static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| HABITS.iter().map(language).collect());

fn language(habits: &Habits) -> Language {
    let listed = match habits.code {
        "en" => ENGLISH,
        code => stop_words::lookup(code).unwrap_or_default(),
    };
    Language {
        code: habits.code,
        empty: [listed, habits.empty, habits.pointers].into_iter().flatten().map(|word| fold(word)).collect(),
        pointers: habits.pointers.iter().map(|word| fold(word)).collect(),
        openings: habits.openings.iter().map(|opening| fold(opening)).collect(),
        endings: habits.endings.iter().map(|ending| fold(ending)).collect(),
    }
}

/// Whether a folded word is an English function word.
pub(super) fn is_empty_in_english(word: &str) -> bool {
    ENGLISH.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::LANGUAGES;

    #[test]
    fn each_language_has_a_list_of_stop_words() {
        for language in LANGUAGES.iter() {
            assert!(language.empty.len() > 50, "{}", language.code);
        }
    }
}
