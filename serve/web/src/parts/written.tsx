/** A text in Markdown, below a page's own heading; a table too wide for a phone is a list that opens. */

import { type Block, blocksOf } from "../markdown";
import { TAGS, useSaid } from "../text/language";

const WIDEST = 3;
/** The column that names a line of a wide table; the first is its code. */
const NAME = 1;

/** Shows the text without its first heading, which the page has said, and every other as it stands. */
export function Written({ markdown }: { markdown: string }) {
  const blocks = blocksOf(markdown).filter((block) => block.kind !== "heading" || block.level > 1);
  return blocks.map((block, place) => <Shown key={`${place}-${block.kind}`} block={block} />);
}

function Shown({ block }: { block: Block }) {
  switch (block.kind) {
    case "heading":
      return block.level === 2 ? <h2 className="apart">{block.text}</h2> : <h3>{block.text}</h3>;
    case "paragraph":
      return <p>{block.text}</p>;
    case "list":
      return (
        <ul>
          {block.items.map((item) => (
            <li key={item}>{item}</li>
          ))}
        </ul>
      );
    case "table":
      return block.header.length > WIDEST ? <Lines table={block} /> : <Table table={block} />;
  }
}

type TableBlock = Extract<Block, { kind: "table" }>;

function Table({ table }: { table: TableBlock }) {
  return (
    <table>
      <thead>
        <tr>
          {table.header.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row) => (
          <tr key={row.join()}>
            {table.header.map((name, place) => (
              <td key={name}>{row[place]}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Lines({ table }: { table: TableBlock }) {
  const { language, texts, format } = useSaid();
  return (
    <details>
      <summary lang={TAGS[language]}>{texts.model.show(format.number(table.rows.length))}</summary>
      <ul className="lines">
        {table.rows.map((row) => (
          <li key={row.join()}>
            <span className="name">{row[NAME]}</span>
            <dl className="facts">
              {table.header.map(
                (name, place) =>
                  place !== NAME && (
                    <div key={name}>
                      <dt>{name}</dt>
                      <dd>{row[place]}</dd>
                    </div>
                  ),
              )}
            </dl>
          </li>
        ))}
      </ul>
    </details>
  );
}
