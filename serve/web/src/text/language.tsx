/** The language in use: Portuguese unless the user chose English; the choice alone is kept in the browser. */

import { createContext, type ReactNode, use, useEffect, useMemo, useState } from "react";
import { type Format, makeFormat } from "../format";
import { en } from "./en";
import { pt, type Texts } from "./pt";

export type Language = "pt" | "en";

const TEXTS: Record<Language, Texts> = { pt, en };
export const TAGS: Record<Language, string> = { pt: "pt-BR", en: "en" };
const KEPT = "escore.idioma";

interface Said {
  language: Language;
  texts: Texts;
  format: Format;
  choose(language: Language): void;
}

const Context = createContext<Said | null>(null);

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(readChoice);
  useEffect(() => {
    document.documentElement.lang = TAGS[language];
    keepChoice(language);
  }, [language]);
  const said = useMemo(
    () => ({ language, texts: TEXTS[language], format: makeFormat(language), choose: setLanguage }),
    [language],
  );
  return <Context value={said}>{children}</Context>;
}

/** Returns texts and formats in the language in use. */
export function useSaid(): Said {
  const said = use(Context);
  if (said === null) {
    throw new Error("no LanguageProvider");
  }
  return said;
}

/** A browser may refuse to keep anything: then the page opens in Portuguese each time. */
function readChoice(): Language {
  try {
    return localStorage.getItem(KEPT) === "en" ? "en" : "pt";
  } catch {
    return "pt";
  }
}

function keepChoice(language: Language): void {
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // The choice then lasts as long as the page.
  }
}
