/** Sums and days of debts; money in whole cents, days in São Paulo. */

import type { Debt } from "./api/payloads";

const DAY = 86_400_000;

/** Returns what debts come to, in cents; those of unknown amount are left out. */
export function totalCents(debts: readonly Debt[]): number {
  return debts.reduce((sum, debt) => sum + (debt.valor === null ? 0 : Math.round(debt.valor * 100)), 0);
}

/** Returns how many days a debt is past due on a day, never fewer than none; both `AAAA-MM-DD`. */
export function daysOverdue(due: string, today: string): number {
  return Math.max(0, Math.round((Date.parse(today) - Date.parse(due)) / DAY));
}

/** Returns the day of an instant in São Paulo, `AAAA-MM-DD`. */
export function todayInSaoPaulo(now: Date): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: "America/Sao_Paulo" }).format(now);
}
