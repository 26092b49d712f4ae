//! A small writer of PDF files.

use std::fmt::Write as _;

/// A PDF whose pages have these lines; an empty line leaves room between paragraphs.
pub fn pdf(title: &str, pages: &[Vec<&str>]) -> Vec<u8> {
    let mut writer = Writer::default();
    let kids = (0..pages.len()).fold(String::new(), |mut kids, index| {
        let _ = write!(kids, "{} 0 R ", 5 + index * 2);
        kids
    });
    writer.object("<< /Type /Catalog /Pages 2 0 R >>");
    writer.object(&format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()));
    writer.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    writer.object(&format!("<< /Title ({title}) >>"));
    for (index, lines) in pages.iter().enumerate() {
        writer.object(&format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            6 + index * 2
        ));
        let mut content = "BT /F1 11 Tf 60 780 Td 14 TL\n".to_owned();
        for line in lines {
            let _ = writeln!(content, "({line}) Tj T*");
        }
        content.push_str("ET");
        writer.object(&format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    writer.finish("/Info 4 0 R")
}

/// One page with each of these texts at its place: from the left, from the bottom, in a size, all in points.
pub fn placed(texts: &[(f32, f32, f32, &str)]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.object("<< /Type /Catalog /Pages 2 0 R >>");
    writer.object("<< /Type /Pages /Count 1 /Kids [3 0 R] >>");
    writer.object(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>",
    );
    let mut content = String::new();
    for (left, bottom, size, text) in texts {
        let _ = writeln!(content, "BT /F1 {size} Tf {left} {bottom} Td ({text}) Tj ET");
    }
    writer.object(&format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    writer.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    writer.finish("")
}

/// As [`pdf`], but its encryption dictionary asks for a password that is not the empty one.
pub fn encrypted() -> Vec<u8> {
    let plain = pdf("Secret", &[vec!["hidden"]]);
    let key = "A".repeat(64);
    let encrypt = format!(
        "/Encrypt << /Filter /Standard /V 1 /R 2 /O <{key}> /U <{key}> /P -4 >> /ID [<00112233445566778899AABBCCDDEEFF> \
         <00112233445566778899AABBCCDDEEFF>] /Info 4 0 R"
    );
    String::from_utf8(plain).unwrap().replace("/Info 4 0 R", &encrypt).into_bytes()
}

/// One page with plain words, and Japanese ones in a font that is not in the file: its characters are known to those who
/// have the character maps of Adobe-Japan1 only.
pub fn japanese() -> Vec<u8> {
    let mut writer = Writer::default();
    writer.object("<< /Type /Catalog /Pages 2 0 R >>");
    writer.object("<< /Type /Pages /Count 1 /Kids [3 0 R] >>");
    writer.object(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R /F2 7 0 R >> >> \
         /Contents 4 0 R >>",
    );
    // "日本語の文書" in Shift JIS.
    let words = "93fa967b8cea82cc95b68f91";
    let content = format!("BT /F2 12 Tf 50 750 Td (Plain words) Tj ET BT /F1 20 Tf 50 700 Td <{words}> Tj ET");
    writer.object(&format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    writer.object(
        "<< /Type /Font /Subtype /Type0 /BaseFont /Ryumin-Light /Encoding /90ms-RKSJ-H /DescendantFonts [6 0 R] >>",
    );
    writer.object(
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Ryumin-Light \
         /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> /DW 1000 >>",
    );
    writer.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    writer.finish("")
}

/// One page with a word in Arabic, drawn from left to right, of which one glyph is two letters.
pub fn arabic() -> Vec<u8> {
    let mut writer = Writer::default();
    let stream = |content: &str| format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
    writer.object("<< /Type /Catalog /Pages 2 0 R >>");
    writer.object("<< /Type /Pages /Count 1 /Kids [3 0 R] >>");
    writer.object(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>",
    );
    writer.object(&stream("BT /F1 20 Tf 50 200 Td (CBA) Tj ET"));
    writer.object(
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 65 \
         /LastChar 67 /Widths [600 600 600] /Encoding << /Type /Encoding /Differences [65 /a /b /c] >> \
         /CharProcs << /a 6 0 R /b 6 0 R /c 6 0 R >> /ToUnicode 7 0 R /Resources << >> >>",
    );
    writer.object(&stream("600 0 d0 50 0 500 700 re f"));
    // Ba, lam-alef, dal.
    writer.object(&stream(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def 1 begincodespacerange <00> <ff> \
         endcodespacerange 3 beginbfchar <41> <0628> <42> <06440627> <43> <062F> endbfchar endcmap end end",
    ));
    writer.finish("")
}

/// One page, and two files attached to it.
pub fn with_attachments() -> Vec<u8> {
    let mut writer = Writer::default();
    writer.object("<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(a) 6 0 R (b) 6 0 R] >> >> >>");
    writer.object("<< /Type /Pages /Count 1 /Kids [3 0 R] >>");
    writer.object(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>",
    );
    let content = "BT /F1 20 Tf 50 200 Td (See what is attached.) Tj ET";
    writer.object(&format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    writer.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    writer.object("<< /Type /Filespec /F (a.txt) /EF << /F 7 0 R >> >>");
    writer.object("<< /Type /EmbeddedFile /Length 5 >>\nstream\nhello\nendstream");
    writer.finish("")
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl Writer {
    fn object(&mut self, body: &str) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(b"%PDF-1.4\n");
        }
        self.offsets.push(self.bytes.len());
        self.bytes.extend_from_slice(format!("{} 0 obj\n{body}\nendobj\n", self.offsets.len()).as_bytes());
    }

    fn finish(mut self, trailer: &str) -> Vec<u8> {
        let start = self.bytes.len();
        let mut xref = format!("xref\n0 {}\n0000000000 65535 f \n", self.offsets.len() + 1);
        for offset in &self.offsets {
            let _ = writeln!(xref, "{offset:010} 00000 n ");
        }
        let size = self.offsets.len() + 1;
        let _ = write!(xref, "trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n");
        self.bytes.extend_from_slice(xref.as_bytes());
        self.bytes
    }
}
