//! One reader per format. They run in the extraction child only.

mod archive;
mod chart;
mod comments;
mod csv;
mod csv_quotes;
mod docx;
mod docx_body;
mod docx_commented;
mod docx_controls;
mod docx_eq;
mod docx_field;
mod docx_fields;
mod docx_links;
mod docx_math;
mod docx_notes;
mod docx_numbering;
mod docx_parts;
mod docx_styles;
mod docx_table;
mod dos;
mod dos_languages;
mod drawing;
mod encodings;
mod html;
mod html_content;
mod html_embedded;
mod html_fields;
mod html_furniture;
mod html_lists;
mod html_notes;
mod html_roles;
mod html_table;
mod html_tags;
mod html_text;
mod html_tree;
mod html_xml;
mod johab;
mod list_numbers;
mod markdown;
mod markdown_plain;
mod number_words;
mod pdf;
mod pdf_annotations;
mod pdf_columns;
mod pdf_direction;
mod pdf_heads;
mod pdf_initials;
mod pdf_labels;
mod pdf_layout;
mod pdf_ligatures;
mod pdf_page;
mod pdf_pictures;
mod pdf_scripts;
mod pdf_spaced;
mod pdf_tables;
mod pdf_terms;
mod pdf_tools;
mod pdf_words;
mod pptx;
mod scripts;
mod symbols;
mod table;
mod table_columns;
mod table_header;
mod table_names;
mod table_sides;
mod table_values;
mod text;
mod xlsx;
mod xlsx_charted;
mod xlsx_extras;
mod xlsx_format;
mod xlsx_plain;
mod xlsx_rows;
mod xlsx_section;
mod xlsx_special;
mod xml;

use std::path::Path;

use collabry_shared::sources::{FailureCode, Format};

pub(crate) use self::table_header::{Row as TableRow, find as find_header};
pub(crate) use self::table_values::is_typed;
use super::builder::DocumentBuilder;
use super::document::Document;

/// A file to be read.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    pub path: &'a Path,
    pub max_pages: u32,
    pub max_text_bytes: usize,
}

impl Input<'_> {
    fn builder(&self) -> DocumentBuilder {
        DocumentBuilder::new(self.max_text_bytes)
    }

    fn check_pages(&self, pages: usize) -> Result<(), FailureCode> {
        if u32::try_from(pages).is_ok_and(|pages| pages <= self.max_pages) {
            Ok(())
        } else {
            Err(FailureCode::TooManyPages)
        }
    }
}

/// The failure for an error while reading the file or a part of it: `otherwise`, unless memory ran out.
fn io_code(error: &std::io::Error, otherwise: FailureCode) -> FailureCode {
    match error.kind() {
        std::io::ErrorKind::OutOfMemory => FailureCode::ExtractMemory,
        _ => otherwise,
    }
}

/// Reads a file in the given format.
pub fn read(format: Format, input: &Input<'_>) -> Result<Document, FailureCode> {
    match format {
        Format::Pdf => pdf::read(input),
        Format::Docx => docx::read(input),
        Format::Pptx => pptx::read(input),
        Format::Xlsx => xlsx::read(input),
        Format::Csv => csv::read(input),
        Format::Html => html::read(input),
        Format::Markdown => markdown::read(input),
        Format::Text => text::read(input),
        Format::Web => Err(FailureCode::UnsupportedFormat),
    }
}
