/** The little Markdown that the model's description is written in: headings, paragraphs, lists and tables. */

export type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "paragraph"; text: string }
  | { kind: "list"; items: string[] }
  | { kind: "table"; header: string[]; rows: string[][] };

/** Returns the blocks of a text; what is none of these kinds is a paragraph, so that nothing is left out. */
export function blocksOf(markdown: string): Block[] {
  return markdown
    .replaceAll("\r\n", "\n")
    .split(/\n{2,}/)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(blockOf);
}

function blockOf(part: string): Block {
  const lines = part.split("\n");
  const heading = /^(#{1,6}) (.+)$/.exec(part);
  if (heading !== null) {
    return { kind: "heading", level: heading[1]?.length ?? 1, text: heading[2] ?? "" };
  }
  if (lines.every((line) => line.startsWith("- "))) {
    return { kind: "list", items: lines.map((line) => line.slice(2)) };
  }
  if (lines.length > 1 && lines.every((line) => /^\|.*\|$/.test(line)) && /^[|\- :]+$/.test(lines[1] ?? "")) {
    return { kind: "table", header: cellsOf(lines[0] ?? ""), rows: lines.slice(2).map(cellsOf) };
  }
  return { kind: "paragraph", text: lines.join(" ") };
}

/** Returns the cells of a table's line; a vertical bar after a backslash belongs to its cell. */
function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}
