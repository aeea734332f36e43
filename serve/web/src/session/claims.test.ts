import { describe, expect, it } from "vitest";
import { cleanToken, isPurpose, readClaims } from "./claims";
import { closedParts, openParts, searchableBy } from "./parts";

function tokenOf(payload: unknown): string {
  const part = (value: unknown) =>
    btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value)))).replace(/=+$/, "");
  return `${part({ alg: "none" })}.${part(payload)}.assinatura`;
}

describe("a token", () => {
  it("tells its scopes, with or without the audience before them, and when it ends", () => {
    const claims = readClaims(tokenOf({ scope: "score:ler escore-api/clientes:ler profile", exp: 1_800_000_000 }));
    expect(claims?.scopes).toEqual(new Set(["score:ler", "clientes:ler"]));
    expect(claims?.expires).toBe(1_800_000_000_000);
    expect(claims?.hasPurpose).toBe(false);
  });

  it("has a purpose of its own if it names one, or a titular", () => {
    expect(readClaims(tokenOf({ exp: 1, finalidade: "crédito" }))?.hasPurpose).toBe(true);
    const own = readClaims(tokenOf({ exp: 1, titular: "c-1" }));
    expect([own?.hasPurpose, own?.titular]).toEqual([true, "c-1"]);
  });

  it("is none without three parts, JSON and an end", () => {
    for (const text of ["", "a.b", "a.b.c", "a.!!.c", tokenOf(null), tokenOf([1]), tokenOf({ scope: "score:ler" })]) {
      expect(readClaims(text)).toBeNull();
    }
  });

  it("is cleaned of what comes along when it is pasted", () => {
    expect(cleanToken('  "Bearer a.b\n.c" ')).toBe("a.b.c");
  });
});

describe("a purpose", () => {
  it("is words of letters, as the API wants it", () => {
    expect(["análise de crédito", "concessao_de_credito", "auto-consulta"].map(isPurpose)).toEqual([true, true, true]);
    expect(["", "cpf 52998224725", "a  b", "Titular", "x".repeat(81), "a!"].map(isPurpose)).toEqual(
      Array(6).fill(false),
    );
  });
});

describe("the parts of a page", () => {
  it("are those that the scopes open", () => {
    const claims = readClaims(tokenOf({ exp: 1, scope: "score:ler acessos:ler" }));
    if (claims === null) {
      throw new Error("no claims");
    }
    expect(openParts(claims)).toEqual(["score", "accesses"]);
    expect(closedParts(claims)).toEqual(["history", "debts", "income", "events", "reviews"]);
    expect(searchableBy(claims)).toEqual({ cpf: true, name: false });
  });
});
