// The pages' words in the person's language, and dates, numbers and durations written its way. The words themselves
// are in en.ts and ru.ts; titles of queues, reasons and dispositions come from the server.
import { en } from "./en";
import { ru } from "./ru";
import { filled, type Key, type Language, type Values, type Words } from "./word";

export type { Key, Language } from "./word";

export const WORDS: Record<Language, Words> = { en, ru };
export const LANGUAGES: readonly Language[] = ["en", "ru"];
const STORED = "triune.language";

export function isLanguage(value: unknown): value is Language {
  return value === "en" || value === "ru";
}

function first(): Language {
  const stored = localStorage.getItem(STORED);
  if (isLanguage(stored)) return stored;
  return navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en";
}

class Locale {
  language = $state<Language>(first());

  /** The person's own choice, kept in this browser. */
  choose(language: Language): void {
    localStorage.setItem(STORED, language);
    this.#use(language);
  }

  /** What he chose in this browser, if he did. */
  get chosen(): Language | null {
    const stored = localStorage.getItem(STORED);
    return isLanguage(stored) ? stored : null;
  }

  /** What the directory says of the person; his own choice on this browser goes before it. */
  suggest(language: string): void {
    if (this.chosen === null && isLanguage(language)) this.#use(language);
  }

  #use(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
  }
}

export const locale = new Locale();
document.documentElement.lang = locale.language;

export function t(key: Key, values: Values = {}): string {
  return filled(WORDS[locale.language][key], values, locale.language);
}

// -- dates and durations ----------------------------------------------------------------------------------------------

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;

export function time(atMs: number): string {
  return new Intl.DateTimeFormat(locale.language, CLOCK).format(atMs);
}

/** Today: the time; else the day too. */
export function moment(atMs: number, nowMs: number): string {
  if (new Date(atMs).toDateString() === new Date(nowMs).toDateString()) return time(atMs);
  const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return new Intl.DateTimeFormat(locale.language, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
    ...CLOCK,
  }).format(atMs);
}

export function fullMoment(atMs: number): string {
  return new Intl.DateTimeFormat(locale.language, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" }).format(atMs);
}

/** An ISO date as a date; anything else as it stands. */
export function day(isoDate: string): string {
  const at = Date.parse(`${isoDate.slice(0, 10)}T12:00:00`);
  if (Number.isNaN(at)) return isoDate;
  return new Intl.DateTimeFormat(locale.language, { dateStyle: "medium" }).format(at);
}

/** A span as a clock: 0:07, 12:30, 1:02:03. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function number(value: number): string {
  return new Intl.NumberFormat(locale.language).format(value);
}

/** A share from 0 to 1, with so many digits behind the point. */
export function percent(value: number, digits = 1): string {
  return new Intl.NumberFormat(locale.language, {
    style: "percent",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

export function languageName(code: string): string {
  try {
    return new Intl.DisplayNames(locale.language, { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
