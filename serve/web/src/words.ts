/** Small things said in words. */

/** How many of a hundred people a probability speaks of, whole; too few to count, or all but too few, is said so. */
export type OfAHundred = number | "few" | "most";

export function ofAHundred(probability: number): OfAHundred {
  if (probability < 0.005) {
    return "few";
  }
  return probability >= 0.995 ? "most" : Math.round(probability * 100);
}

/** Returns a name that the stores write in lower case with underscores, as a sentence begins: `uniao_estavel`. */
export function plainName(text: string): string {
  const words = text.replaceAll("_", " ").trim();
  return words === "" ? words : words[0]?.toLocaleUpperCase("pt-BR") + words.slice(1);
}
