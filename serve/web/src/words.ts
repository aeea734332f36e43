/** Small things said in words. */

/** Returns how many of a hundred people a probability speaks of: whole, and never nobody or everybody. */
export function ofAHundred(probability: number): number {
  return Math.min(99, Math.max(1, Math.round(probability * 100)));
}

/** Returns a name that the stores write in lower case with underscores, as a sentence begins: `uniao_estavel`. */
export function plainName(text: string): string {
  const words = text.replaceAll("_", " ").trim();
  return words === "" ? words : words[0]?.toLocaleUpperCase("pt-BR") + words.slice(1);
}
