//! Fields that Word computes when it shows them. Formulas and symbols have no result in the file.

use super::docx_eq;
use super::docx_math::Formula;
use super::symbols::symbol;

/// An open field: first its code, then, unless it ends before, its result.
#[derive(Debug, Default)]
struct Open {
    code: String,
    has_result: bool,
    in_result: bool,
}

/// The fields that are open, outermost first.
#[derive(Debug, Default)]
pub struct Fields(Vec<Open>);

impl Fields {
    /// `kind` is that of a `fldChar`. What a field shows that ends here without a result.
    pub fn mark(&mut self, kind: &str) -> Option<Formula> {
        match kind {
            "begin" => self.0.push(Open::default()),
            "separate" => {
                if let Some(field) = self.0.last_mut() {
                    field.in_result = true;
                }
            }
            "end" => {
                let field = self.0.pop().filter(|field| !field.has_result)?;
                return docx_eq::formula(&field.code).or_else(|| sign(&field.code));
            }
            _ => {}
        }
        None
    }

    pub fn code(&mut self, text: &str) {
        if let Some(field) = self.0.last_mut() {
            field.code.push_str(text);
        }
    }

    /// Whether text is visible here. The result of a field within the code of another one is part of that code.
    pub fn show(&mut self, text: &str) -> bool {
        for field in self.0.iter_mut().filter(|field| field.in_result) {
            field.has_result = true;
        }
        match self.0.iter_mut().rfind(|field| !field.in_result) {
            Some(field) => {
                field.code.push_str(text);
                false
            }
            None => true,
        }
    }

    /// The same for what the innermost field shows besides its code and its result: a checkbox.
    pub fn show_by_itself(&mut self, text: &str) -> bool {
        let own = self.0.pop();
        let is_seen = self.show(text);
        self.0.extend(own);
        is_seen
    }

    /// A code ends in its own paragraph. One that does not is broken, and must not hide the rest of the document.
    pub fn end_codes(&mut self) {
        for field in &mut self.0 {
            field.in_result = true;
        }
    }
}

/// The character that `SYMBOL 177 \f "Symbol"` stands for.
fn sign(code: &str) -> Option<Formula> {
    let mut words = code.split_whitespace();
    words.next().filter(|name| name.eq_ignore_ascii_case("symbol"))?;
    let number = words.next()?;
    let hex = number.strip_prefix("0x").or_else(|| number.strip_prefix("0X"));
    let number = hex.map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())?;
    // A font name may have several words.
    let font = code.split_once("\\f").map_or("", |(_, font)| font.trim_start());
    let font = font.strip_prefix('"').and_then(|font| font.split('"').next()).unwrap_or(font);
    // Windows code pages have other characters here than Unicode.
    let is_of_windows = (0x80..0xA0).contains(&number) && !code.contains("\\u");
    let sign = match u8::try_from(number) {
        Ok(byte) if is_of_windows => encoding_rs::WINDOWS_1252.decode(&[byte]).0.chars().next(),
        _ => symbol(font, number),
    };
    sign.filter(|sign| !sign.is_control()).map(|sign| Formula::new(sign.to_string(), false, false))
}
