/** Numbers, amounts and dates as each language writes them; days and instants are São Paulo's. */

import type { Language } from "./text/language";

const ZONE = "America/Sao_Paulo";
const LOCALES: Record<Language, string> = { pt: "pt-BR", en: "en-GB" };

export interface Format {
  number(value: number): string;
  signed(value: number): string;
  money(value: number): string;
  /** A part of one, in percent. */
  percent(value: number): string;
  /** A day, `AAAA-MM-DD`. */
  day(text: string): string;
  /** A day with its month in short, for the axis of a plot. */
  month(text: string): string;
  /** The day of an instant in ISO 8601. */
  date(text: string): string;
  /** An instant in ISO 8601. */
  instant(text: string): string;
}

export function makeFormat(language: Language): Format {
  const locale = LOCALES[language];
  const number = new Intl.NumberFormat(locale);
  const signed = new Intl.NumberFormat(locale, { signDisplay: "exceptZero" });
  const money = new Intl.NumberFormat(locale, { style: "currency", currency: "BRL" });
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumSignificantDigits: 3 });
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" });
  const month = new Intl.DateTimeFormat(locale, { month: "short", year: "2-digit", timeZone: "UTC" });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: ZONE });
  const instant = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone: ZONE });
  return {
    number: (value) => number.format(value),
    signed: (value) => signed.format(value),
    money: (value) => money.format(value),
    percent: (value) => percent.format(value),
    day: (text) => day.format(new Date(`${text}T00:00:00Z`)),
    month: (text) => month.format(new Date(`${text}T00:00:00Z`)),
    date: (text) => date.format(new Date(text)),
    instant: (text) => instant.format(new Date(text)),
  };
}
