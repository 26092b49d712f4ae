import type { Source, SourceVersion } from "../realtime/types";
import { bytes } from "../ui/time";

const NAMES: Record<SourceVersion["format"], string> = {
  pdf: "PDF", docx: "Word", pptx: "PowerPoint", xlsx: "Excel", csv: "CSV", html: "HTML", markdown: "Markdown", text: "Text", web: "Web page",
};
const PARTS: Partial<Record<SourceVersion["format"], string>> = { xlsx: "sheet", pptx: "slide" };

/** What a source is, in a line. */
export function factsOf({ latest, origin }: Pick<Source, "latest" | "origin">): string {
  const { format, pageCount, size, version } = latest;
  const part = PARTS[format] ?? "page";
  const pages = pageCount === null ? null : `${pageCount} ${pageCount === 1 ? part : `${part}s`}`;
  const kind = origin.kind === "url" ? NAMES.web : NAMES[format] ?? format;
  return [kind, pages, size > 0 ? bytes(size) : null, version === 1 ? null : `version ${version}`].filter((fact) => fact !== null).join(" · ");
}
