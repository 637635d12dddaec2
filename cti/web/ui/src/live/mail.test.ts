import { expect, test } from "vitest";

import { fileSize, unquoted } from "./mail";

test("what is quoted at the end stands apart from what is new", () => {
  expect(unquoted("It is still dead.\n\nOn Monday, Anna wrote:\n> My line\n> is dead\n")).toEqual({
    fresh: "It is still dead.",
    quoted: "On Monday, Anna wrote:\n> My line\n> is dead",
  });
});

test("an introduction on two lines belongs to the quote", () => {
  expect(unquoted("Yes.\n\nOn Monday, Anna <a@b.c>\nwrote:\n> x").fresh).toBe("Yes.");
});

test("answers between quotes stay in their places", () => {
  const text = "> Does it ring?\nNo.\n> Since when?\nSince Monday.";
  expect(unquoted(text)).toEqual({ fresh: text, quoted: "" });
});

test("a mail without quotes is new as a whole", () => {
  expect(unquoted("Hello,\n\nno sound.\n\n")).toEqual({ fresh: "Hello,\n\nno sound.", quoted: "" });
});

test("sizes are short", () => {
  const plain = String;
  expect([0, 999, 1400, 25_400, 12_345_678].map((bytes) => fileSize(bytes, plain))).toEqual(["0 B", "999 B", "1.4 KB", "25 KB", "12 MB"]);
});
