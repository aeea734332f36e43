/** What the API says in the stores' own words or in Portuguese sentences, in the language in use as far as it is known. */

import { plainName } from "../words";
import { useSaid } from "./language";
import { REASONS } from "./reasons-en";

/** Returns how to say the stores' word for a kind or a frequency, and whether the language in use has a word for it. */
export function useWords(): (text: string) => { text: string; isKnown: boolean } {
  const { texts } = useSaid();
  const words: Readonly<Record<string, string>> = texts.words;
  return (text) => {
    const known = words[text.trim().toLocaleLowerCase("pt-BR")];
    return { text: known ?? plainName(text), isKnown: known !== undefined };
  };
}

/** Shows the stores' word for a kind or a frequency. */
export function Word({ children }: { children: string }) {
  const said = useWords()(children);
  return said.isKnown ? said.text : <span lang="pt-BR">{said.text}</span>;
}

/** Shows a reason's sentence, in English where that is the language and the sentence is known. */
export function Sentence({ children }: { children: string }) {
  const { language } = useSaid();
  const known = language === "en" ? REASONS[children] : undefined;
  return known === undefined ? <span lang="pt-BR">{children}</span> : <span>{known}</span>;
}
