// Sources to ask about.

export const PHOTOSYNTHESIS = `# Photosynthesis

Photosynthesis is the process by which green plants turn light into chemical energy. Chlorophyll in the chloroplasts
absorbs mostly blue and red light, which is why leaves look green — naïve eyes see what is left over 🌿.

## Light reactions

The light-dependent reactions take place in the thylakoid membranes. They split water, release oxygen and make ATP and
NADPH.

## Calvin cycle

The Calvin cycle takes place in the stroma. The enzyme RuBisCO fixes carbon dioxide to ribulose bisphosphate.
`;

/** Pages of the PDF: what only the second one says can be cited only from there. */
export const MITOSIS_PAGES = [
  ["Cell division", "Mitosis separates the chromosomes of one cell into two identical sets."],
  ["Phases of mitosis", "During anaphase the spindle fibres pull the sister chromatids to opposite poles of the cell."],
];

/**
 * A PDF with the given lines of text on each page.
 * @param {string[][]} pages
 */
export function pdf(pages) {
  const first = 4;
  const kids = pages.map((_, index) => `${first + 2 * index} 0 R`).join(" ");
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
  ];
  pages.forEach((lines, index) => {
    const text = lines.map((line) => `(${line.replace(/[\\()]/g, "\\$&")}) Tj T*`).join("\n");
    const content = `BT /F1 12 Tf 14 TL 72 720 Td\n${text}\nET`;
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>` +
        ` /Contents ${first + 2 * index + 1} 0 R >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    );
  });
  let file = "%PDF-1.4\n";
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  file += `xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<< /Size ${size} /Root 1 0 R >>\n`;
  file += `startxref\n${file.lastIndexOf("xref\n0 ")}\n%%EOF\n`;
  return file;
}

/**
 * Markdown of `sections` sections, each with a word of its own (`marker1`, `marker2` …), long enough to be read in many
 * steps.
 * @param {number} sections
 */
export function handbook(sections) {
  const section = (n) =>
    `## Section ${n}\n\nThe entry marker${n} explains procedure ${n} of the handbook. ` +
    `Operators check gauge ${n * 7} before valve ${n * 3} is opened, and write the result into the log of the day. `.repeat(6);
  return `# Handbook\n\n${Array.from({ length: sections }, (_, index) => section(index + 1)).join("\n\n")}\n`;
}
