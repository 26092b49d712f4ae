import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { type Block, layout, type Row, type Span } from "./layout";
import type { Parts } from "./passage";

interface Props {
  parts: Parts;
  /** Each page begins with its name. */
  titled: boolean;
}

/** A page of extracted text as headings, paragraphs, lists and tables, with the passage marked in them. */
export function LaidOut({ parts, titled }: Props) {
  const { before, passage, after } = parts;
  const text = before + (passage === null ? "" : passage.before + passage.focus + passage.after) + after;
  const blocks = useMemo(() => layout(text, titled), [text, titled]);
  const show = marker(text, parts);
  return <div class="markdown laid-out">{blocks.map((block, index) => <div key={index}><BlockView block={block} show={show} /></div>)}</div>;
}

type Show = (span: Span) => ComponentChildren;

function BlockView({ block, show }: { block: Block; show: Show }) {
  switch (block.kind) {
    case "heading":
      return <h3 class="h2" dir="auto">{show(block.span)}</h3>;
    case "paragraph":
      return <p dir="auto">{show(block.span)}</p>;
    case "list":
      return <ul dir="auto">{block.items.map(({ span, depth }, index) => <li key={index} data-depth={depth === 0 ? undefined : depth}>{show(span)}</li>)}</ul>;
    case "table":
      return <Table rows={block.rows} show={show} />;
  }
}

function Table({ rows, show }: { rows: readonly Row[]; show: Show }) {
  const columns = Math.max(...rows.map(({ cells }) => cells.length));
  return (
    <div class="table" dir="auto" tabIndex={0} role="region" aria-label="Table">
      <table>
        <tbody>
          {rows.map(({ cells, names }, index) => (
            <tr key={index}>
              {cells.map((cell, column) => {
                const span = column === cells.length - 1 && cells.length < columns ? columns - column : undefined;
                return names ? <th key={column} scope="col" colSpan={span}>{show(cell)}</th> : <td key={column} colSpan={span}>{show(cell)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Shows pieces of the text; what of them is in the passage is marked. */
function marker(text: string, { before, passage }: Parts): Show {
  if (passage === null) return ({ start, end }) => text.slice(start, end);
  const from = before.length;
  const begin = from + passage.before.length;
  const finish = begin + passage.focus.length;
  const to = finish + passage.after.length;
  return (span) => {
    const cut = (start: number, end: number) => text.slice(Math.max(span.start, start), Math.max(span.start, start, Math.min(span.end, end)));
    const [weak, strong, rest] = [cut(from, begin), cut(begin, finish), cut(finish, to)];
    return (
      <>
        {cut(span.start, from)}
        {weak + strong + rest !== "" && (
          <mark data-testid="passage" class={passage.focus === "" ? "" : "weak"}>
            {weak}
            {strong !== "" && <span class="focus" data-testid="focus">{strong}</span>}
            {rest}
          </mark>
        )}
        {cut(to, span.end)}
      </>
    );
  };
}
