//! Parts of a Word document besides its body, which are read in the same way: comments, headers and footers.

use std::collections::HashMap;

use collabry_shared::sources::FailureCode;

use super::docx_body::BodyReader;
use super::docx_numbering::Numbering;
use super::docx_styles::Styles;
use crate::sources::builder::DocumentBuilder;
use crate::sources::document::Document;

pub struct PartReader<'a> {
    pub styles: &'a Styles,
    pub numbering: Numbering,
    pub max_text_bytes: usize,
}

impl PartReader<'_> {
    /// The text of a part; empty if it has none.
    pub fn text(&self, xml: &str) -> Result<String, FailureCode> {
        self.read(xml).map(|document| document.text)
    }

    /// The text of each comment, in order.
    pub fn comments(&self, xml: &str) -> Result<Vec<String>, FailureCode> {
        let document = self.read(xml)?;
        // Each is a page of its own.
        let starts = || document.pages.iter().map(|page| page.start);
        let ends = starts().skip(1).chain([document.text.len()]);
        Ok(starts().zip(ends).map(|(start, end)| document.text[start..end].to_owned()).collect())
    }

    fn read(&self, xml: &str) -> Result<Document, FailureCode> {
        let mut builder = DocumentBuilder::new(self.max_text_bytes);
        BodyReader::new(self.styles, self.numbering.clone(), HashMap::new(), &mut builder).beside_body().read(xml)?;
        match builder.finish() {
            Err(FailureCode::NoText) => Ok(Document::default()),
            document => document,
        }
    }
}
