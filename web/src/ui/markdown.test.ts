import { describe, expect, test } from "vitest";
import { renderBlocks } from "./markdown";

const html = (text: string, ...numbers: number[]) =>
  renderBlocks(text, new Map(numbers.map((number) => [number, `Open citation ${number}: cells.pdf, page 2`]))).map((block) => block.html).join("");

describe("Markdown", () => {
  test("known citations become chips, others stay text", () => {
    expect(html("So it is [1].", 1)).toContain('data-cite="1"');
    expect(html("So it is [1, 2].", 1, 2).match(/data-cite/g)).toHaveLength(2);
    expect(html("So it is [1][2].", 1, 2).match(/data-cite/g)).toHaveLength(2);
    expect(html("So it is [3].", 1)).toBe('<p dir="auto">So it is [3].</p>\n');
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
    const [first] = renderBlocks("One.\n\nTw", new Map());
    const [again, second] = renderBlocks("One.\n\nTwo three", new Map());
    expect(again?.html).toBe(first?.html);
    expect(second?.html).toContain("Two three");
  });

  const cited = (text: string, ...numbers: number[]) => [...html(text, ...numbers).matchAll(/data-cite="(\d+)"/g)].map(([, number]) => Number(number));

  test.each([
    ["as follows [1]:", [1]], ["so [1-3].", [1, 2, 3]], ["so [1–3].", [1, 2, 3]], ["so 【1】.", [1]], ["so 【2†cells.pdf】.", [2]],
    ["so [^1].", [1]], ["so [1; 2].", [1, 2]], ["so [1, 9].", [1]], ["so [2-900].", [2]], ["[1]: cells.pdf", [1]], ["[^2]: cells.pdf", [2]],
    ["So [1].\n\n[1]: https://example.org", [1, 1]], ["| a |\n|---|\n| b [3] |", [3]],
  ])("%s has its chips", (text, numbers) => {
    expect(cited(text, 1, 2, 3)).toEqual(numbers);
  });

  test("what has no citation is not lost", () => {
    expect(html("so [1, 9].", 1)).toContain("[9]");
    expect(html("Sources:\n\n[1]: https://example.org/a\n[2]: https://example.org/b")).toContain("https://example.org/b");
    expect(html("[^1]: A note.\n\n[name]: nowhere")).toMatch(/A note[^]*nowhere/);
    expect(html("So it is[^3], or not[^why].\n\n[^3]: A note.", 1)).toMatch(/is<sup>3<\/sup>, or not<sup>why<\/sup>[^]*<sup>3<\/sup>: A note/);
    expect(html("[here][1]\n\n[1]: https://example.org")).toContain('<a href="https://example.org"');
  });

  test("a chip says where it leads", () => {
    expect(html("[1]", 1)).toContain('aria-label="Open citation 1: cells.pdf, page 2"');
  });

  test.each([
    String.raw`\[ \frac{a}{b} \, dx \\ y \]`, String.raw`\( a_1 * b_2 * c \)`, String.raw`$$\sum_{i} x_i$$`, String.raw`$x_1 * y_1$`,
    "\\[\n= a\n- b \\\\\n\\]", String.raw`\begin{cases} 1 \\ x_1 * y * z \end{cases}`,
    "\\begin{align*}\na_1 = b \\\\[2pt]\n- c * d * e\n\\end{align*}",
  ])("%s keeps every character of its formula", (formula) => {
    if (!formula.includes("\n")) expect(html(`Thus ${formula} holds.`)).toContain(`>${formula}<`);
    expect(html(`Thus\n${formula}\nholds.`)).toContain(`>${formula}<`);
  });

  test.each(["\\[\n\na * b * c \\\\\n\nd\n\n\\]", "$$\n\na * b * c \\\\\n\n$$"])("a formula between lines of its own may have empty ones", (formula) => {
    expect(html(`Thus\n\n${formula}\n\nholds.`)).toContain(`>${formula}<`);
  });

  test.each(["- ", "1. ", "> ", "| a |\n|---|\n| "])("a formula after %j keeps every character", (before) => {
    for (const formula of [String.raw`\( a_1 \, b \)`, String.raw`\[ a_1 \\ b \]`, String.raw`\begin{matrix} a \\ b \end{matrix}`]) {
      expect(html(before + formula)).toContain(`>${formula}<`);
    }
  });

  test("code keeps its backslashes and dollars", () => {
    const code = String.raw`\[ a \\ \] $x_1$ \begin{a}\end{a}`;
    expect(html(`\`${code}\``)).toContain(`<code>${code}</code>`);
    expect(html(`\`\`\`latex\n${code}\n\`\`\``)).toContain(`${code}\n</code>`);
  });

  test("money is no formula, and a backslash still keeps Markdown away", () => {
    expect(html("from $5 to $10_000 and $x")).not.toContain("math");
    expect(html(String.raw`\*plain\*`)).toContain(">*plain*<");
  });

  test("line breaks, raised and lowered text and keys are shown, with nothing else to them", () => {
    expect(html("H<sub>2</sub>O<br>10<sup>3</sup> <kbd>Ctrl</kbd>")).toContain("H<sub>2</sub>O<br>10<sup>3</sup> <kbd>Ctrl</kbd>");
    expect(html("| a |\n|---|\n| one<br/>two |")).toContain("one<br>two");
    expect(html('<sub onclick="x()">2</sub>')).not.toContain("<sub ");
    expect(html("<details><summary>**More**</summary>\n\n- one\n\n</details>")).toMatch(/<details><summary><strong>More<\/strong><\/summary><ul[^]*one[^]*<\/details>/);
    expect(html("<details><script>x()</script></details>")).not.toContain("<script");
  });

  test("what unfolds may stand within a line, and text may go on behind it", () => {
    const within = html("Before <details><summary>More</summary>\nHidden **text**\n</details> and after.");
    expect(within).toMatch(/<p[^>]*>Before <\/p>[^]*<details><summary>More<\/summary><p[^>]*>Hidden <strong>text<\/strong><\/p>[^]*<\/details><p[^>]*>and after\.<\/p>/);
    expect(html("Para\n<details><summary>A</summary>B</details> C")).not.toContain("&lt;");
    expect(html("Write `<details>x</details>` for that.")).toContain("<code>&lt;details&gt;x&lt;/details&gt;</code> for that.");
    expect(html("Begins <details> and never ends")).toContain("Begins &lt;details&gt; and never ends");
  });

  test("headings stand below the one that the text stands under", () => {
    const levels = (under?: number) => renderBlocks("# A\n\n## B", new Map(), under).map((block) => block.html.slice(0, 3));
    expect(levels(2)).toEqual(["<h3", "<h4"]);
    expect(levels()).toEqual(["<h4", "<h5"]);
  });

  test("one bracket of a formula alone takes nothing in, and keeps its backslash", () => {
    expect(html("The set \\( of **all** in \\(d\\) here")).toBe('<p dir="auto">The set \\( of <strong>all</strong> in <span class="math">\\(d\\)</span> here</p>\n');
    expect(html("call \\(x\n\nnext \\) here")).toBe('<p dir="auto">call \\(x</p>\n<p dir="auto">next \\) here</p>\n');
    expect(html("\\[ a \\\\[2pt] b \\]")).toContain("\\[ a \\\\[2pt] b \\]");
  });

  test("each block has the direction of its writing, and headings stand below the message's own", () => {
    expect(html("# שלום\n\nمرحبا\n\n- א\n\n> ب").match(/dir="auto"/g)?.length).toBeGreaterThanOrEqual(4);
    expect(html("| عمود |\n|---|\n| نعم |")).toMatch(/<div class="table" dir="auto"/);
    expect(html("# One\n\n#### Four")).toMatch(/<h4[^]*<h6/);
  });

  test("a task has a box and no bullet beside it; what scrolls can be scrolled by keyboard", () => {
    expect(html("- [x] done")).toContain('<li class="task">');
    expect(html("```js\na\n```")).toContain('<pre tabindex="0" role="region" aria-label="Code in js">');
    expect(html("| a |\n|---|\n| b |")).toContain('<div class="table" dir="auto" tabindex="0" role="region"');
  });
});
