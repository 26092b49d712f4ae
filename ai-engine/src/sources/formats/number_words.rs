//! Numbers in words and in the characters of many scripts, as lists use them.

const ONES: [&str; 20] = [
    "",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// `Twenty-one`; larger numbers than any list has are left alone.
pub fn cardinal(number: i64) -> Option<String> {
    let number = usize::try_from(number).ok().filter(|number| (1..10_000).contains(number))?;
    let mut words = Vec::new();
    for (size, name) in [(1000, "thousand"), (100, "hundred")] {
        let count = number / size % 10;
        if count > 0 {
            words.push(format!("{} {name}", ONES[count]));
        }
    }
    words.extend(Some(below_hundred(number % 100)).filter(|word| !word.is_empty()));
    Some(capitalised(&words.join(" ")))
}

/// `Twenty-first`.
pub fn ordinal(number: i64) -> Option<String> {
    const ODD: [(&str, &str); 7] = [
        ("one", "first"),
        ("two", "second"),
        ("three", "third"),
        ("five", "fifth"),
        ("eight", "eighth"),
        ("nine", "ninth"),
        ("twelve", "twelfth"),
    ];
    let cardinal = cardinal(number)?.to_lowercase();
    let start = cardinal.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (before, last) = cardinal.split_at(start);
    let odd = ODD.iter().find(|(word, _)| *word == last).map(|(_, ordinal)| (*ordinal).to_owned());
    let ordinal = odd.unwrap_or_else(|| match last.strip_suffix('y') {
        Some(stem) => format!("{stem}ieth"),
        None => format!("{last}th"),
    });
    Some(capitalised(&format!("{before}{ordinal}")))
}

fn below_hundred(number: usize) -> String {
    match (number / 10, number % 10) {
        (0 | 1, _) => ONES[number].to_owned(),
        (tens, 0) => TENS[tens].to_owned(),
        (tens, ones) => format!("{}-{}", TENS[tens], ONES[ones]),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The number system of a script.
struct Counting {
    /// Zero to nine.
    digits: &'static str,
    /// Ten, hundred, thousand.
    units: [char; 3],
    /// Whether one is written before a unit within a number: 一百, and before ten at its start: 一十.
    says_one: bool,
    says_one_ten: bool,
    /// Whether zero is written where a unit is missing: 一百零五.
    says_nought: bool,
}

/// The number in the characters of Chinese, Japanese or Korean as it is counted; `None` for other formats.
pub fn counted(number: i64, format: &str) -> Option<String> {
    let plain = Counting {
        digits: "〇一二三四五六七八九",
        units: ['十', '百', '千'],
        says_one: false,
        says_one_ten: false,
        says_nought: false,
    };
    let counting = match format {
        "japaneseCounting" | "chineseCounting" | "taiwaneseCounting" => plain,
        "koreanCounting" => {
            Counting { digits: "영일이삼사오육칠팔구", units: ['십', '백', '천'], ..plain }
        }
        "chineseCountingThousand" | "taiwaneseCountingThousand" => {
            Counting { digits: "零一二三四五六七八九", says_one: true, says_nought: true, ..plain }
        }
        "japaneseLegal" => Counting {
            digits: "零壱弐参四五六七八九",
            units: ['拾', '百', '阡'],
            says_one: true,
            says_one_ten: true,
            ..plain
        },
        "chineseLegalSimplified" => Counting {
            digits: "零壹贰叁肆伍陆柒捌玖",
            units: ['拾', '佰', '仟'],
            says_one: true,
            says_one_ten: true,
            says_nought: true,
        },
        "ideographLegalTraditional" => Counting {
            digits: "零壹貳參肆伍陸柒捌玖",
            units: ['拾', '佰', '仟'],
            says_one: true,
            says_one_ten: true,
            says_nought: true,
        },
        _ => return None,
    };
    let digits: Vec<char> = counting.digits.chars().collect();
    let number = usize::try_from(number).ok().filter(|number| (1..10_000).contains(number))?;
    let (mut text, mut was_missing) = (String::new(), false);
    for (place, size) in [(3, 1000), (2, 100), (1, 10), (0, 1)] {
        let count = number / size % 10;
        if count == 0 {
            was_missing = !text.is_empty();
            continue;
        }
        if std::mem::take(&mut was_missing) && counting.says_nought {
            text.push(digits[0]);
        }
        let is_ten_first = place == 1 && text.is_empty();
        let says_one = if is_ten_first { counting.says_one_ten } else { counting.says_one };
        if place == 0 || count > 1 || says_one {
            text.push(digits[count]);
        }
        if place > 0 {
            text.push(counting.units[place - 1]);
        }
    }
    Some(text)
}

/// The signs that lists of a script are numbered with, in order; `None` for other formats.
pub fn signs(format: &str) -> Option<&'static str> {
    Some(match format {
        "aiueo" => "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝ",
        "aiueoFullWidth" => {
            "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
        }
        "iroha" => "ｲﾛﾊﾆﾎﾍﾄﾁﾘﾇﾙｦﾜｶﾖﾀﾚｿﾂﾈﾅﾗﾑｳヰﾉｵｸﾔﾏｹﾌｺｴﾃｱｻｷﾕﾒﾐｼヱﾋﾓｾｽﾝ",
        "irohaFullWidth" => {
            "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン"
        }
        "ganada" => "가나다라마바사아자차카타파하",
        "chosung" => "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ",
        "russianLower" => "абвгдежзиклмнопрстуфхцчшщыэюя",
        "russianUpper" => "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЫЭЮЯ",
        "arabicAlpha" => "أبتثجحخدذرزسشصضطظعغفقكلمنهوي",
        "arabicAbjad" => "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ",
        "hebrew2" => "אבגדהוזחטיכלמנסעפצקרשת",
        "ideographTraditional" => "甲乙丙丁戊己庚辛壬癸",
        "ideographZodiac" => "子丑寅卯辰巳午未申酉戌亥",
        "ideographEnclosedCircle" => "㊀㊁㊂㊃㊄㊅㊆㊇㊈㊉",
        "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" => "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
        "decimalEnclosedParen" => "⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇",
        "decimalEnclosedFullstop" => "⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛",
        _ => return None,
    })
}

/// Digits of a script, one for each of the number.
pub fn digits(number: i64, format: &str) -> Option<String> {
    let digits: Vec<char> = match format {
        "ideographDigital" | "japaneseDigitalTenThousand" | "taiwaneseDigital" | "koreanDigital2" => {
            "〇一二三四五六七八九"
        }
        "koreanDigital" => "영일이삼사오육칠팔구",
        "decimalFullWidth" | "decimalFullWidth2" => "０１２３４５６７８９",
        "hindiNumbers" => "०१२३४५६७८९",
        "thaiNumbers" => "๐๑๒๓๔๕๖๗๘๙",
        _ => return None,
    }
    .chars()
    .collect();
    number.to_string().chars().map(|c| c.to_digit(10).and_then(|digit| digits.get(digit as usize).copied())).collect()
}

/// Hebrew letters as numbers; 15 and 16 avoid the letters of a holy name.
pub fn hebrew(number: i64) -> Option<String> {
    const LETTERS: [(i64, &str); 24] = [
        (400, "ת"),
        (300, "ש"),
        (200, "ר"),
        (100, "ק"),
        (90, "צ"),
        (80, "פ"),
        (70, "ע"),
        (60, "ס"),
        (50, "נ"),
        (40, "מ"),
        (30, "ל"),
        (20, "כ"),
        (16, "טז"),
        (15, "טו"),
        (10, "י"),
        (9, "ט"),
        (8, "ח"),
        (7, "ז"),
        (6, "ו"),
        (5, "ה"),
        (4, "ד"),
        (3, "ג"),
        (2, "ב"),
        (1, "א"),
    ];
    let mut rest = (1..1000).contains(&number).then_some(number)?;
    let mut text = String::new();
    for (value, letters) in LETTERS {
        while rest >= value && (rest == value || !matches!(value, 15 | 16)) {
            text.push_str(letters);
            rest -= value;
        }
    }
    Some(text)
}
