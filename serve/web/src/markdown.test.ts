import { expect, test } from "vitest";
import { blocksOf } from "./markdown";

test("headings, paragraphs, lists and tables are told apart", () => {
  const text = [
    "# Título",
    "Uma frase\nem duas linhas.",
    "- um\n- dois",
    "| a | b |\n| --- | --- |\n| x\\|y | |",
    "Outra.",
  ].join("\n\n");
  expect(blocksOf(`${text}\n`)).toEqual([
    { kind: "heading", level: 1, text: "Título" },
    { kind: "paragraph", text: "Uma frase em duas linhas." },
    { kind: "list", items: ["um", "dois"] },
    { kind: "table", header: ["a", "b"], rows: [["x|y", ""]] },
    { kind: "paragraph", text: "Outra." },
  ]);
});

test("what is none of them is shown as it is written", () => {
  for (const text of ["| sem | fim", "* outra lista", "<b>x</b>", "####### sete", "-menos"]) {
    expect(blocksOf(text)).toEqual([{ kind: "paragraph", text }]);
  }
  expect(blocksOf("")).toEqual([]);
});
