import { describe, expect, test } from "vitest";

import { en } from "./en";
import { ru } from "./ru";
import { filled, type Key, type Word } from "./word";

const english: Record<Key, Word> = en;
const keys = Object.keys(en) as Key[];

const texts = (word: Word): string[] => (typeof word === "string" ? [word] : Object.values(word));
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? "").sort();

describe("the words", () => {
  test("both languages have the same keys", () => {
    expect(Object.keys(ru).sort()).toEqual([...keys].sort());
  });

  test.each(keys)("%s has text in both languages with the same values", (key) => {
    const expected = places(texts(english[key])[0] ?? "");
    for (const text of [...texts(english[key]), ...texts(ru[key])]) {
      expect(text.trim()).not.toBe("");
      expect(places(text)).toEqual(expected);
    }
  });

  test("a word with plural forms has all of its language's", () => {
    for (const key of keys) {
      if (typeof english[key] === "string" && typeof ru[key] === "string") continue;
      expect(Object.keys(english[key]).sort()).toEqual(["one", "other"]);
      expect(Object.keys(ru[key]).sort()).toEqual(["few", "many", "one", "other"]);
    }
  });

  test("Russian plurals follow the number", () => {
    const say = (n: number): string => filled(ru["work.waiting"], { n }, "ru");
    expect([1, 2, 5, 11, 21].map(say)).toEqual([
      "Ждёт 1 клиент",
      "Ждут 2 клиента",
      "Ждут 5 клиентов",
      "Ждут 11 клиентов",
      "Ждёт 21 клиент",
    ]);
  });

  test("what stands in a value is text, never a pattern", () => {
    expect(filled("{name}!", { name: "{n} $& <b>" }, "en")).toBe("{n} $& <b>!");
  });
});
