import { describe, expect, test } from "vitest";
import { renderBlocks } from "./markdown";

const html = (text: string, ...numbers: number[]) =>
  renderBlocks(text, new Set(numbers)).map((block) => block.html).join("");

describe("Markdown", () => {
  test("known citations become chips, others stay text", () => {
    expect(html("So it is [1].", 1)).toContain('data-cite="1"');
    expect(html("So it is [1, 2].", 1, 2).match(/data-cite/g)).toHaveLength(2);
    expect(html("So it is [1][2].", 1, 2).match(/data-cite/g)).toHaveLength(2);
    expect(html("So it is [3].", 1)).toBe("<p>So it is [3].</p>\n");
  });

  test("links and code keep their brackets", () => {
    expect(html("[1](https://example.org)", 1)).toContain('href="https://example.org"');
    expect(html("`a[1]`", 1)).not.toContain("data-cite");
  });

  test("raw HTML is text, scripts are no links, pictures are not loaded", () => {
    expect(html("<img src=x onerror=alert(1)>")).not.toContain("<img");
    expect(html("Hi <b onclick=x>you</b>")).not.toContain("<b");
    expect(html("[x](javascript:alert(1))")).not.toContain("href");
    expect(html("![cat](https://example.org/c.png)")).toContain('<a href="https://example.org/c.png"');
  });

  test("finished blocks of a growing text stay the same", () => {
    const [first] = renderBlocks("One.\n\nTw", new Set());
    const [again, second] = renderBlocks("One.\n\nTwo three", new Set());
    expect(again?.html).toBe(first?.html);
    expect(second?.html).toContain("Two three");
  });
});
