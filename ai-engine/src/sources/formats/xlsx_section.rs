//! Chooses the section of a number format for a number, and decides whether the number keeps its sign there.

/// A section of a format without its colours and conditions.
#[derive(Debug)]
pub struct Section {
    pub pattern: String,
    condition: Option<Condition>,
    /// The text besides the digits.
    literal: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Condition {
    sign: Comparison,
    limit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

/// The section's pattern and its number: without a sign if the section writes it in its own way.
pub fn choose(number: f64, code: &str) -> Option<(String, f64)> {
    let sections: Vec<Section> = split(code).iter().map(|section| Section::parse(section)).collect::<Option<_>>()?;
    let at = place(number, &sections)?;
    let section = sections.get(at)?;
    let shown = if is_of_negatives(&sections, at) && (section.says_more_than(&sections, at) || !section.has_figures()) {
        number.abs()
    } else {
        number
    };
    Some((section.pattern.clone(), shown))
}

/// The fourth section is for text.
fn place(number: f64, sections: &[Section]) -> Option<usize> {
    let sections = &sections[..sections.len().min(3)];
    let condition = |at: usize| sections.get(at).and_then(|section: &Section| section.condition);
    if condition(0).is_none() && condition(1).is_none() {
        return Some(match sections.len() {
            0 => return None,
            2.. if number < 0.0 => 1,
            3 if number == 0.0 => 2,
            _ => 0,
        });
    }
    let is_met = |at: usize| condition(at).is_some_and(|condition| condition.holds(number));
    match (is_met(0), is_met(1)) {
        (true, _) => Some(0),
        (false, true) => Some(1),
        // Otherwise: zero in the third section, if the second one is for negative numbers.
        (false, false) if sections.len() == 3 && condition(1).is_none() && number >= 0.0 => Some(2),
        (false, false) => (0..sections.len()).find(|at| condition(*at).is_none()),
    }
}

fn is_of_negatives(sections: &[Section], at: usize) -> bool {
    match sections[at].condition {
        Some(Condition { sign: Comparison::Less, limit }) => limit <= 0.0,
        Some(Condition { sign: Comparison::LessOrEqual | Comparison::Equal, limit }) => limit < 0.0,
        None if at == 1 => sections[0].condition.is_none_or(|first| {
            let is_of_others = matches!(first.sign, Comparison::Greater | Comparison::GreaterOrEqual);
            is_of_others && first.limit == 0.0 && (sections.len() > 2 || first.holds(0.0))
        }),
        _ => false,
    }
}

impl Condition {
    fn parse(inside: &str) -> Option<Self> {
        const SIGNS: [(&str, Comparison); 6] = [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<>", Comparison::NotEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("=", Comparison::Equal),
        ];
        let (sign, limit) =
            SIGNS.iter().find_map(|(text, sign)| inside.strip_prefix(text).map(|limit| (*sign, limit)))?;
        Some(Self { sign, limit: limit.trim().parse().ok()? })
    }

    #[expect(clippy::float_cmp, reason = "as the program compares")]
    fn holds(self, number: f64) -> bool {
        match self.sign {
            Comparison::Less => number < self.limit,
            Comparison::LessOrEqual => number <= self.limit,
            Comparison::Equal => number == self.limit,
            Comparison::NotEqual => number != self.limit,
            Comparison::GreaterOrEqual => number >= self.limit,
            Comparison::Greater => number > self.limit,
        }
    }
}

impl Section {
    fn parse(section: &str) -> Option<Self> {
        let mut parsed = Self { pattern: String::new(), condition: None, literal: String::new() };
        let mut chars = section.chars();
        while let Some(c) = chars.next() {
            if c == '[' {
                let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                parsed.bracket(&inside)?;
                continue;
            }
            parsed.pattern.push(c);
            match c {
                '"' => {
                    let quoted: String = chars.by_ref().take_while(|c| *c != '"').collect();
                    parsed.literal.push_str(&quoted);
                    parsed.pattern.push_str(&quoted);
                    parsed.pattern.push('"');
                }
                '\\' => {
                    let escaped = chars.next()?;
                    parsed.pattern.push(escaped);
                    parsed.literal.push(escaped);
                }
                '_' | '*' => parsed.pattern.extend(chars.next()),
                '0' | '#' | '?' | '.' | ',' | '%' => {}
                c => parsed.literal.push(c),
            }
        }
        parsed.literal.retain(|c| !c.is_whitespace());
        Some(parsed)
    }

    /// Currencies and durations are part of the pattern; colours are ignored.
    fn bracket(&mut self, inside: &str) -> Option<()> {
        let is_time = |unit: char| inside.chars().all(|c| c.eq_ignore_ascii_case(&unit)) && !inside.is_empty();
        if inside.starts_with(['<', '>', '=']) {
            self.condition = Some(Condition::parse(inside)?);
        } else if let Some(currency) = inside.strip_prefix('$') {
            self.literal.push_str(currency.split('-').next().unwrap_or_default());
            self.pattern.extend(["[", inside, "]"]);
        } else if ['h', 'm', 's'].into_iter().any(is_time) {
            self.pattern.extend(["[", inside, "]"]);
        }
        Some(())
    }

    fn has_figures(&self) -> bool {
        self.pattern.contains(['0', '#', '?']) || self.pattern.to_lowercase().contains("general")
    }

    /// Whether it has a word or a sign that the section of other numbers has not: `-`, brackets, `minus`. Where only
    /// its colour tells that a number is below zero, text does not.
    fn says_more_than(&self, sections: &[Self], at: usize) -> bool {
        let other = if at == 0 { sections.get(1) } else { sections.first() };
        other.is_none_or(|other| other.literal != self.literal)
    }
}

/// The sections, divided by semicolons.
fn split(code: &str) -> Vec<String> {
    let (mut sections, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for c in code.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                sections.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(section) = sections.last_mut() {
            section.push(c);
        }
    }
    sections
}
