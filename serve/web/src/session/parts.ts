/** Which parts of a consumer's data a token opens, by its scopes. */

import type { Claims } from "./claims";

export const PARTS = [
  { name: "score", scope: "score:ler" },
  { name: "history", scope: "historico:ler" },
  { name: "debts", scope: "clientes:ler" },
  { name: "income", scope: "score-data:ler" },
  { name: "events", scope: "eventos:ler" },
  { name: "accesses", scope: "acessos:ler" },
  { name: "reviews", scope: "revisoes:pedir" },
] as const;

export type Part = (typeof PARTS)[number]["name"];

export function openParts(claims: Claims): Part[] {
  return PARTS.filter((part) => claims.scopes.has(part.scope)).map((part) => part.name);
}

export function closedParts(claims: Claims): Part[] {
  return PARTS.filter((part) => !claims.scopes.has(part.scope)).map((part) => part.name);
}

export function mayOpenAnything(claims: Claims): boolean {
  return openParts(claims).length > 0;
}

/** By what a token may look for a consumer. */
export function searchableBy(claims: Claims): { cpf: boolean; name: boolean } {
  const name = claims.scopes.has("clientes:ler");
  return { name, cpf: name || claims.scopes.has("score:ler") };
}
