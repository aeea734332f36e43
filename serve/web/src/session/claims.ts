/** What a token says of itself, read to choose what to show; whether it holds is the API's to judge, each time. */

export interface Claims {
  scopes: ReadonlySet<string>;
  /** The consumer that the token speaks for, and nobody else; null for a company's token. */
  titular: string | null;
  hasPurpose: boolean;
  /** When it ends, in milliseconds since 1970. */
  expires: number;
}

const KNOWN = /^[a-z-]+:[a-z]+$/;

/** Returns a token's claims; null for what is not a token. */
export function readClaims(token: string): Claims | null {
  const payload = payloadOf(token);
  if (payload === null || typeof payload.exp !== "number") {
    return null;
  }
  const scope = typeof payload.scope === "string" ? payload.scope : "";
  const names = scope.split(" ").map((name) => name.slice(name.lastIndexOf("/") + 1));
  const titular = typeof payload.titular === "string" ? payload.titular : null;
  return {
    scopes: new Set(names.filter((name) => KNOWN.test(name))),
    titular,
    hasPurpose: titular !== null || typeof payload.finalidade === "string",
    expires: payload.exp * 1000,
  };
}

/** Returns the token that was pasted, without what often comes along: blanks, line ends, the word Bearer, quotes. */
export function cleanToken(pasted: string): string {
  return pasted
    .trim()
    .replace(/^["']|["']$/g, "")
    .replace(/^bearer\s+/i, "")
    .replace(/\s+/g, "");
}

function payloadOf(token: string): Record<string, unknown> | null {
  const parts = token.split(".");
  if (parts.length !== 3) {
    return null;
  }
  try {
    const bytes = Uint8Array.from(atob((parts[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    const payload: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof payload === "object" && payload !== null ? (payload as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

const PURPOSE = /^\p{L}[\p{L}_]*(?:[ -][\p{L}_]+)*$/u;

/** Returns whether a purpose is words of letters, as the API wants it: no digit, hence no document's number. */
export function isPurpose(text: string): boolean {
  return text.length <= 80 && PURPOSE.test(text) && text.toLocaleLowerCase("pt-BR") !== "titular";
}
