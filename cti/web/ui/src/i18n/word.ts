// What a word is: text with {values}, or its plural forms. Pure; used by the catalogues and by i18n.svelte.ts.
import type { en } from "./en";

export type Forms = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;
export type Word = string | Forms;
export type Key = keyof typeof en;
export type Words = Record<Key, Word>;
export type Language = "en" | "ru";
export type Values = Record<string, string | number>;

/** The word with its {values}; the plural form is chosen by `n`. */
export function filled(word: Word, values: Values, language: Language): string {
  const text =
    typeof word === "string"
      ? word
      : (word[new Intl.PluralRules(language).select(Number(values["n"] ?? 0))] ?? word.other);
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}
