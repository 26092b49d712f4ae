import DOMPurify from "dompurify";

/** What Markdown can become, and nothing else. */
const ALLOWED_TAGS = [
  "p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5",
  "h6", "a", "div", "span", "table", "thead", "tbody", "tr", "th", "td", "button", "sub", "sup", "kbd", "details", "summary",
];
const ALLOWED_ATTR = ["href", "target", "rel", "class", "type", "start", "data-cite", "aria-label", "dir", "role", "tabindex"];

export function sanitise(html: string): string {
  return DOMPurify.sanitize(html, { ALLOWED_TAGS, ALLOWED_ATTR, ALLOW_DATA_ATTR: false });
}
