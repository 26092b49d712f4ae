//! The built-in answerer's own sentences, in the language of the question.

/// The sentences of one language.
#[derive(Debug)]
pub(super) struct Phrases {
    /// ISO 639-1.
    code: &'static str,
    pub no_sources: &'static str,
    pub none_ready: &'static str,
    pub nothing: &'static str,
    /// Shown when no passage is near enough: all that is left is to rephrase.
    pub other_words: &'static str,
    /// After `nothing`, before a quote.
    pub closest: &'static str,
    pub quotes: &'static str,
    /// Before the number of a page.
    pub page: &'static str,
}

impl Phrases {
    /// The phrases of a language, or English if it has none.
    pub(super) fn of(code: &str) -> &'static Self {
        PHRASES.iter().find(|phrases| phrases.code == code).unwrap_or(&PHRASES[0])
    }
}

const PHRASES: [Phrases; 14] = [
    Phrases {
        code: "en",
        no_sources: "There are no sources to answer from yet. Add a file or a web page to this notebook, or select at least \
                     one source, and ask again.",
        none_ready: "The sources are not ready yet. Ask again once at least one of them has been read; the list of sources \
                     shows how far each is, and what to do about those that failed.",
        nothing: "I couldn't find anything about that in the selected sources.",
        other_words: "Try different words.",
        closest: "The closest passage is:",
        quotes: "Your sources say:",
        page: "page",
    },
    Phrases {
        code: "de",
        no_sources: "Es gibt noch keine Quellen, aus denen ich antworten kann. Füge diesem Notizbuch eine Datei oder eine \
                     Webseite hinzu oder wähle mindestens eine Quelle aus und frage noch einmal.",
        none_ready: "Die Quellen sind noch nicht fertig. Frage noch einmal, sobald mindestens eine davon gelesen ist; die \
                     Liste der Quellen zeigt, wie weit jede ist und was bei Fehlern zu tun ist.",
        nothing: "Dazu habe ich in den ausgewählten Quellen nichts gefunden.",
        other_words: "Versuche es mit anderen Worten.",
        closest: "Am nächsten kommt diese Stelle:",
        quotes: "In deinen Quellen steht:",
        page: "Seite",
    },
    Phrases {
        code: "fr",
        no_sources: "Il n'y a pas encore de source pour vous répondre. Ajoutez un fichier ou une page web à ce carnet, ou \
                     sélectionnez au moins une source, puis reposez votre question.",
        none_ready: "Les sources ne sont pas encore prêtes. Reposez votre question dès que l'une d'elles aura été lue ; la \
                     liste des sources indique où en est chacune et que faire en cas d'échec.",
        nothing: "Je n'ai rien trouvé à ce sujet dans les sources sélectionnées.",
        other_words: "Essayez avec d'autres mots.",
        closest: "Le passage le plus proche est :",
        quotes: "Vos sources disent :",
        page: "page",
    },
    Phrases {
        code: "es",
        no_sources: "Todavía no hay fuentes con las que responder. Añade un archivo o una página web a este cuaderno, o \
                     selecciona al menos una fuente, y vuelve a preguntar.",
        none_ready: "Las fuentes aún no están listas. Vuelve a preguntar cuando se haya leído al menos una; la lista de \
                     fuentes muestra cómo va cada una y qué hacer con las que fallaron.",
        nothing: "No he encontrado nada sobre eso en las fuentes seleccionadas.",
        other_words: "Prueba con otras palabras.",
        closest: "El pasaje más cercano es:",
        quotes: "Tus fuentes dicen:",
        page: "página",
    },
    Phrases {
        code: "pt",
        no_sources: "Ainda não há fontes para responder. Adicione um arquivo ou uma página da web a este caderno, ou \
                     selecione pelo menos uma fonte, e pergunte de novo.",
        none_ready: "As fontes ainda não estão prontas. Pergunte de novo quando pelo menos uma tiver sido lida; a lista de \
                     fontes mostra o andamento de cada uma e o que fazer com as que falharam.",
        nothing: "Não encontrei nada sobre isso nas fontes selecionadas.",
        other_words: "Tente outras palavras.",
        closest: "O trecho mais próximo é:",
        quotes: "Suas fontes dizem:",
        page: "página",
    },
    Phrases {
        code: "it",
        no_sources: "Non ci sono ancora fonti da cui rispondere. Aggiungi un file o una pagina web a questo taccuino, oppure \
                     seleziona almeno una fonte, e chiedi di nuovo.",
        none_ready: "Le fonti non sono ancora pronte. Chiedi di nuovo quando almeno una sarà stata letta; l'elenco delle \
                     fonti mostra a che punto è ciascuna e cosa fare con quelle non riuscite.",
        nothing: "Non ho trovato nulla al riguardo nelle fonti selezionate.",
        other_words: "Prova con altre parole.",
        closest: "Il passaggio più vicino è:",
        quotes: "Le tue fonti dicono:",
        page: "pagina",
    },
    Phrases {
        code: "ro",
        no_sources: "Nu există încă surse din care să răspund. Adaugă un fișier sau o pagină web în acest caiet sau \
                     selectează cel puțin o sursă și întreabă din nou.",
        none_ready: "Sursele nu sunt încă gata. Întreabă din nou după ce cel puțin una a fost citită; lista surselor arată \
                     unde a ajuns fiecare și ce e de făcut cu cele care au eșuat.",
        nothing: "Nu am găsit nimic despre asta în sursele selectate.",
        other_words: "Încearcă alte cuvinte.",
        closest: "Cel mai apropiat pasaj este:",
        quotes: "Sursele tale spun:",
        page: "pagina",
    },
    Phrases {
        code: "pl",
        no_sources: "Nie ma jeszcze źródeł, na podstawie których można odpowiedzieć. Dodaj do tego notatnika plik lub stronę \
                     internetową albo zaznacz co najmniej jedno źródło i zapytaj ponownie.",
        none_ready: "Źródła nie są jeszcze gotowe. Zapytaj ponownie, gdy co najmniej jedno zostanie przeczytane; lista źródeł \
                     pokazuje postęp każdego z nich i co zrobić z tymi, których nie udało się przeczytać.",
        nothing: "Nie znalazłem nic na ten temat w wybranych źródłach.",
        other_words: "Spróbuj innych słów.",
        closest: "Najbliższy fragment to:",
        quotes: "W twoich źródłach jest napisane:",
        page: "strona",
    },
    Phrases {
        code: "uk",
        no_sources: "Ще немає джерел для відповіді. Додайте до цього записника файл або вебсторінку чи виберіть принаймні \
                     одне джерело й запитайте ще раз.",
        none_ready: "Джерела ще не готові. Запитайте ще раз, коли принаймні одне з них буде прочитано; у списку джерел видно \
                     стан кожного і що робити з тими, які не вдалося прочитати.",
        nothing: "У вибраних джерелах про це нічого не знайдено.",
        other_words: "Спробуйте іншими словами.",
        closest: "Найближчий уривок:",
        quotes: "У ваших джерелах сказано:",
        page: "сторінка",
    },
    Phrases {
        code: "ru",
        no_sources: "Пока нет источников для ответа. Добавьте в этот блокнот файл или веб-страницу либо выберите хотя бы один \
                     источник и спросите ещё раз.",
        none_ready: "Источники ещё не готовы. Спросите ещё раз, когда хотя бы один из них будет прочитан; в списке источников \
                     видно состояние каждого и что делать с теми, которые не удалось прочитать.",
        nothing: "В выбранных источниках об этом ничего не найдено.",
        other_words: "Попробуйте другими словами.",
        closest: "Самый близкий фрагмент:",
        quotes: "В ваших источниках сказано:",
        page: "страница",
    },
    Phrases {
        code: "tr",
        no_sources: "Yanıt verilecek kaynak henüz yok. Bu not defterine bir dosya ya da web sayfası ekleyin veya en az bir \
                     kaynak seçip yeniden sorun.",
        none_ready: "Kaynaklar henüz hazır değil. En az biri okunduğunda yeniden sorun; kaynak listesi her birinin durumunu \
                     ve başarısız olanlar için ne yapılacağını gösterir.",
        nothing: "Seçili kaynaklarda bununla ilgili bir şey bulamadım.",
        other_words: "Başka sözcüklerle deneyin.",
        closest: "En yakın bölüm:",
        quotes: "Kaynaklarınızda şöyle yazıyor:",
        page: "sayfa",
    },
    Phrases {
        code: "ar",
        no_sources: "لا توجد مصادر للإجابة منها بعد. أضف ملفًا أو صفحة ويب إلى هذا الدفتر، أو حدّد مصدرًا واحدًا على الأقل، ثم \
                     اسأل مرة أخرى.",
        none_ready: "المصادر ليست جاهزة بعد. اسأل مرة أخرى عند اكتمال قراءة أحدها على الأقل؛ تعرض قائمة المصادر حالة كل منها وما \
                     يمكن فعله حيال ما تعذّرت قراءته.",
        nothing: "لم أجد شيئًا عن ذلك في المصادر المحددة.",
        other_words: "جرّب كلمات أخرى.",
        closest: "أقرب مقطع هو:",
        quotes: "جاء في مصادرك:",
        page: "صفحة",
    },
    Phrases {
        code: "zh",
        no_sources: "还没有可供回答的来源。请向此笔记本添加文件或网页，或至少选择一个来源，然后再次提问。",
        none_ready: "来源尚未就绪。请在至少读完一个来源后再次提问；来源列表会显示每个来源的进度，以及读取失败时的处理办法。",
        nothing: "在所选来源中没有找到相关内容。",
        other_words: "请换一种说法试试。",
        closest: "最接近的段落是：",
        quotes: "您的来源中写道：",
        page: "页码",
    },
    Phrases {
        code: "ja",
        no_sources: "回答に使えるソースがまだありません。このノートブックにファイルかウェブページを追加するか、ソースを 1 つ以上選択してから、もう一度質問してください。",
        none_ready: "ソースの準備がまだできていません。1 つ以上の読み込みが終わってから、もう一度質問してください。進み具合と、失敗したときの対処はソースの一覧に表示されます。",
        nothing: "選択したソースには、それに関する記述が見つかりませんでした。",
        other_words: "別の言葉で試してください。",
        closest: "最も近い箇所は次のとおりです。",
        quotes: "ソースには次のように書かれています。",
        page: "ページ",
    },
];

#[cfg(test)]
mod tests {
    use super::{PHRASES, Phrases};

    #[test]
    fn each_language_has_its_own_sentences_and_others_have_the_english_ones() {
        for phrases in &PHRASES {
            let Phrases { code, no_sources, none_ready, nothing, other_words, closest, quotes, page } = phrases;
            for text in [no_sources, none_ready, nothing, other_words, closest, quotes, page] {
                assert!(!text.is_empty() && !text.contains("  "), "{code}: {text}");
            }
            assert_eq!(Phrases::of(code).nothing, *nothing);
        }
        assert_eq!(Phrases::of("hi").nothing, PHRASES[0].nothing);
    }
}
