//! Text of DOS, whose code pages the detector does not know: read as anything else, it has signs and capitals within
//! its words.

use super::dos_languages;

/// Code page 850.
const WESTERN: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
/// Code page 852.
const CENTRAL: &str = "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}";
/// Code page 857.
const TURKISH: &str = "ÇüéâäàåçêëèïîıÄÅÉæÆôöòûùİÖÜø£ØŞşáíóúñÑĞğ¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ºªÊËÈ\u{fffd}ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµ\u{fffd}×ÚÛÙìÿ¯´\u{ad}±\u{fffd}¾¶§÷¸°¨·¹³²■\u{a0}";
/// Code page 737.
const GREEK: &str = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρσςτυφχψ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀ωάέήϊίόύϋώΆΈΉΊΌΎΏ±≥≤ΪΫ÷≈°∙·√ⁿ²■\u{a0}";
/// Code page 862.
const HEBREW: &str = "אבגדהוזחטיךכלםמןנסעףפץצקרשת¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// Code page 860.
const PORTUGUESE: &str = "ÇüéâãàÁçêÊèÍÔìÃÂÉÀÈôõòÚùÌÕÜ¢£Ù₧ÓáíóúñÑªº¿Ò¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// Code page 861.
const ICELANDIC: &str = "ÇüéâäàåçêëèÐðÞÄÅÉæÆôöþûÝýÖÜø£Ø₧ƒáíóúÁÍÓÚ¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// Code page 863.
const CANADIAN: &str = "ÇüéâÂà¶çêëèïî‗À§ÉÈÊôËÏûù¤ÔÜ¢£ÙÛƒ¦´óú¨¸³¯Î⌐¬½¼¾«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// Code page 865.
const NORDIC: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø₧ƒáíóúñÑªº¿⌐¬½¼¡«¤░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// Code page 869.
const GREEK_869: &str = "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}Ά\u{fffd}·¬¦‘’Έ―ΉΊΪΌ\u{fffd}\u{fffd}ΎΫ©Ώ²³ά£έήίϊΐόύΑΒΓΔΕΖΗ½ΘΙ«»░▒▓│┤ΚΛΜΝ╣║╗╝ΞΟ┐└┴┬├─┼ΠΡ╚╔╩╦╠═╬ΣΤΥΦΧΨΩαβγ┘┌█▄δε▀ζηθικλμνξοπρσςτ΄\u{ad}±υφχ§ψ΅°¨ωϋΰώ■\u{a0}";

/// The most characters that are examined.
const SAMPLE_CHARS: usize = 20_000;

/// The least number of letters that distinguish Hebrew, which has no capitals, from capitals.
const MIN_LETTERS: usize = 12;

/// The text, if it reads far better as DOS text than `taken` does.
pub fn decoded(bytes: &[u8], taken: &str) -> Option<String> {
    let own = Fit::of(taken);
    let hebrew = page(bytes, HEBREW);
    let fit = Fit::of(&hebrew);
    let has_small = taken.chars().any(|c| !c.is_ascii() && c.is_lowercase());
    if !has_small && fit.bad == 0 && fit.good >= MIN_LETTERS && has_final_letters(&hebrew) {
        return Some(hebrew);
    }
    if is_broken_thai(taken) {
        let greek = page(bytes, GREEK_869);
        let fit = Fit::of(&greek);
        let has_boxes = greek.contains(|c| ('\u{2500}'..='\u{25ff}').contains(&c));
        return (fit.bad == 0 && fit.good >= MIN_LETTERS && !has_boxes).then_some(greek);
    }
    if own.bad * 4 <= own.good {
        return None;
    }
    let language = dos_languages::of(bytes, |word| page(word, PORTUGUESE));
    let mut best: Option<(i64, String)> = None;
    for table in [WESTERN, CENTRAL, TURKISH, GREEK, PORTUGUESE, CANADIAN, NORDIC, ICELANDIC, GREEK_869] {
        let page = page(bytes, table);
        let fit = Fit::of(&page);
        let strange = language.map_or(0, |language| language.strange_letters(&page));
        let score = count(fit.good) - count(fit.bad) * 3 - count(strange) * 2;
        // The more common ones come first.
        if fit.bad * 10 <= fit.good && best.as_ref().is_none_or(|(best, _)| score > best + best.abs() / 12) {
            best = Some((score, page));
        }
    }
    best.filter(|(score, _)| *score > count(own.good) - count(own.bad)).map(|(_, text)| text)
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Whether the Thai letters form words as short as those of other languages: Thai has no spaces between words.
fn is_broken_thai(taken: &str) -> bool {
    let is_thai = |c: char| ('\u{e01}'..='\u{e4e}').contains(&c);
    let runs: Vec<usize> =
        taken.split(|c| !is_thai(c)).map(|run| run.chars().count()).filter(|letters| *letters > 0).collect();
    runs.len() >= 3 && runs.iter().sum::<usize>() < runs.len() * 9
}

fn page(bytes: &[u8], table: &str) -> String {
    let table: Vec<char> = table.chars().collect();
    let decoded = |byte: &u8| match byte {
        0x80.. => table.get(usize::from(byte - 0x80)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
        byte => char::from(*byte),
    };
    bytes.iter().map(decoded).collect()
}

/// The number of characters beyond ASCII that fit into their words, and the number of those that do not.
#[derive(Debug, Default)]
struct Fit {
    good: usize,
    bad: usize,
}

impl Fit {
    fn of(text: &str) -> Self {
        let chars: Vec<char> = text.chars().take(SAMPLE_CHARS).collect();
        let at = |place: usize| chars.get(place).copied().unwrap_or(' ');
        let mut fit = Self::default();
        for (place, c) in chars.iter().copied().enumerate().filter(|(_, c)| !c.is_ascii()) {
            let (before, after) = (place.checked_sub(1).map_or(' ', at), at(place + 1));
            match stand(before, c, after) {
                Some(true) => fit.good += 1,
                Some(false) => fit.bad += 1,
                None => {}
            }
        }
        fit
    }
}

/// Whether the character fits between the others; `None`: it tells nothing.
fn stand(before: char, c: char, after: char) -> Option<bool> {
    let touches = |other: char| other.is_alphabetic() || !other.is_ascii() && !is_mark(other) && !other.is_whitespace();
    match c {
        '\u{fffd}' => Some(false),
        _ if c.is_control() => Some(false),
        '‚' | '“'..='„' | '†'..='•' | '‰' | '‹' | '›' if before.is_alphabetic() && after.is_alphabetic() => {
            Some(false)
        }
        '¿' | '¡' if !before.is_alphabetic() => None,
        _ if is_mark(c) => None,
        // `20°C`, and below `£5`, read as windows-1252.
        'ø' if before.is_ascii_digit() && matches!(after, 'C' | 'F' | ' ' | '.' | ',') => Some(false),
        // Letters that are rare everywhere, and signs that pass for letters.
        'ï' | 'ÿ' | 'þ' | 'ð' | 'µ' | 'ª' | 'º' => None,
        _ if c.is_alphabetic() && c.is_lowercase() && !before.is_alphabetic() && after.is_ascii_digit() => Some(false),
        'ƒ' | '\u{2b0}'..='\u{2ff}' => (touches(before) || touches(after)).then_some(false),
        _ if c.is_alphabetic() => {
            let is_strange = |other: char| {
                other.is_alphabetic() && script(other).zip(script(c)).is_some_and(|(other, own)| other != own)
            };
            let is_capital_within = c.is_uppercase() && before.is_lowercase()
                || c.is_lowercase() && c != 'ß' && before.is_uppercase() && after.is_uppercase();
            let is_last = !after.is_alphabetic();
            let is_out_of_place = matches!(c, 'ך' | 'ם' | 'ן' | 'ף' | 'ץ') && !is_last
                || matches!(c, 'כ' | 'מ' | 'נ' | 'פ' | 'צ') && is_last && before.is_alphabetic();
            Some(!is_strange(before) && !is_strange(after) && !is_capital_within && !is_out_of_place)
        }
        _ => (touches(before) || touches(after)).then_some(false),
    }
}

/// Characters next to words in real text: quotation marks, dashes, box drawing.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{ad}' | '«' | '»' | '\u{2010}'..='\u{203a}' | '\u{2500}'..='\u{25ff}' | '²' | '³' | '°' | '®' | '™')
}

fn has_final_letters(hebrew: &str) -> bool {
    hebrew.contains(['ך', 'ם', 'ן', 'ף', 'ץ'])
}

/// The script of a letter; `None` for letters that occur next to any script.
fn script(c: char) -> Option<u8> {
    match u32::from(c) {
        ..0x250 | 0x1E00..0x1F00 => Some(0),
        0x370..0x400 | 0x1F00..0x2000 => Some(1),
        0x400..0x530 => Some(2),
        0x590..0x600 => Some(3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, table: &str) -> Vec<u8> {
        let byte = |c: char| match table.chars().position(|other| other == c) {
            Some(place) => 0x80 + u8::try_from(place).unwrap(),
            None => u8::try_from(c).unwrap(),
        };
        text.chars().map(byte).collect()
    }

    #[test]
    fn text_of_dos_is_read() {
        let samples = [
            ("Datenträger in Laufwerk C: ist System, verfügbar für Größe", WESTERN),
            ("Straße und Brücke: geöffnet für Fußgänger, täglich ab 7 Uhr. Ä Ö Ü.", WESTERN),
            ("Zażółć gęślą jaźń. Most jest otwarty od poniedziałku, powiedział burmistrz.", CENTRAL),
            ("Příliš žluťoučký kůň úpěl ďábelské ódy", CENTRAL),
            ("Η γέφυρα άνοιξε τη Δευτέρα, είπε ο δήμαρχος της πόλης.", GREEK),
            ("Η γέφυρα άνοιξε τη Δευτέρα, είπε ο δήμαρχος της πόλης.", GREEK_869),
            ("Köprü pazartesi günü açıldı, dedi şehrin belediye başkanı; çocuklar geldiğinde", TURKISH),
        ];
        for (text, table) in samples {
            let bytes = encoded(text, table);
            for other in [encoding_rs::WINDOWS_1252, encoding_rs::MACINTOSH] {
                let taken = other.decode_without_bom_handling(&bytes).0;
                assert_eq!(decoded(&bytes, &taken).as_deref(), Some(text), "{taken}");
            }
        }
        let capitals = "Η ΓΕΦΥΡΑ ΑΝΟΙΞΕ ΤΗ ΔΕΥΤΕΡΑ, ΕΙΠΕ Ο ΔΗΜΑΡΧΟΣ ΤΗΣ ΠΟΛΗΣ.";
        let bytes = encoded(capitals, GREEK_869);
        let taken = encoding_rs::WINDOWS_874.decode_without_bom_handling(&bytes).0;
        assert_eq!(decoded(&bytes, &taken).as_deref(), Some(capitals));
        let hebrew = "שלום עולם, הגשר נפתח ביום שני אחר";
        let bytes = encoded(hebrew, HEBREW);
        let taken = encoding_rs::IBM866.decode_without_bom_handling(&bytes).0;
        assert_eq!(decoded(&bytes, &taken).as_deref(), Some(hebrew));
    }

    #[test]
    fn pages_that_differ_in_few_letters_are_told_apart_by_the_language() {
        let samples = [
            ("A construção da ponte não começou porque o município não tem orçamento.", PORTUGUESE),
            ("Instruções de operação: não há informação.", PORTUGUESE),
            ("ATENÇÃO: É PROIBIDO ESTACIONAR. NÃO HÁ SAÍDA. A DIREÇÃO. SÃO PAULO", PORTUGUESE),
            ("À l'école, les élèves étaient très fâchés; où êtes-vous allés ? Noël approche et ça va.", CANADIAN),
            ("MONTRÉAL ET QUÉBEC: L'ÉTÉ À LA CAMPAGNE. ÊTRE OU NE PAS ÊTRE DANS LES FORÊTS.", CANADIAN),
            ("Broen ble åpnet på mandag av ordføreren. Været på Østfold var dårlig. ÅPENT FOR SØKNADER", NORDIC),
            ("Prisen er 5 kr. på øen Ærø, sagde borgmesteren for første gang.", NORDIC),
            ("Brúin var opnuð á mánudaginn. Þetta er gott veður, sagði hann. Það er ekki hægt.", ICELANDIC),
            // The older pages have the same letters where the language is the same.
            ("A construção da ponte não começou porque o município não tem orçamento.", WESTERN),
            ("À l'école, les élèves étaient très fâchés; où êtes-vous allés ? Noël approche et ça va.", WESTERN),
            ("El puente se abrió el lunes, dijo el señor alcalde. ¿Dónde está el niño?", WESTERN),
            ("Vädret var dåligt, men både barn och vuxna måste gå hem före kvällen.", WESTERN),
            ("Þetta er gott veður, sagði hann. Það er ekki hægt að fara heim.", WESTERN),
            ("The price is £5, about ½ of it, and it was 20°C.", WESTERN),
        ];
        for (text, table) in samples {
            let bytes = encoded(text, table);
            let taken = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&bytes).0;
            assert_eq!(decoded(&bytes, &taken).as_deref(), Some(text), "{taken}");
        }
    }

    #[test]
    fn other_text_stays_what_it_is() {
        let texts = [
            ("Größe über Straße: „gut“ – 5 m², Word® und 20 °C, Œuvre, l’été", encoding_rs::WINDOWS_1252),
            ("Café à la crème – “déjà vu” naïve", encoding_rs::MACINTOSH),
            ("Žluťoučký kůň, łódź", encoding_rs::WINDOWS_1250),
            ("МОСТ ОТКРЫТ С ПОНЕДЕЛЬНИКА, СКАЗАЛ МЭР ГОРОДА", encoding_rs::IBM866),
            ("МОСТ ОТКРОЕТ МЭР", encoding_rs::IBM866),
            ("橋は月曜日から通れます。ABCの会議", encoding_rs::SHIFT_JIS),
            ("Η γέφυρα άνοιξε", encoding_rs::WINDOWS_1253),
            ("ชื่อ, อายุ, ที่อยู่, เมือง, สะพาน เปิดแล้ว", encoding_rs::WINDOWS_874),
            ("Sœur, 20 œuvres, 3ème, ø 20 mm", encoding_rs::WINDOWS_1252),
        ];
        for (text, encoding) in texts {
            let bytes = encoding.encode(text).0;
            assert_eq!(decoded(&bytes, text), None, "{text}");
        }
    }
}
