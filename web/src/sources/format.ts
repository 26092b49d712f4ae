import type { Format } from "../realtime/types";

const among = (...formats: Format[]) => (format: Format | undefined) => format !== undefined && formats.includes(format);

/** Whether its text is Markdown. */
export const isMarkdown = among("markdown", "html", "web");

/** Whether its text was laid out for reading when it was extracted. */
export const isLaidOut = among("pdf", "docx", "pptx", "xlsx", "csv");

/** Whether its pages begin with their names. */
export const isTitled = among("pptx", "xlsx");
