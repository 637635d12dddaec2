import { describe, expect, test } from "vitest";

import { telephone } from "./telephone";

describe("the number that a link brings", () => {
  test.each([
    ["tel%3A%2B79165550001", "+79165550001"],
    ["tel:+7-916-555-00-01", "+7-916-555-00-01"],
    ["web%2Btel%3A8%20916%20555%2000%2001", "8 916 555 00 01"],
    ["tel:+79165550001;ext=12", "+79165550001"],
    ["+7 (916) 555.00.01", "+7 (916) 555 00 01"],
  ])("%s", (text, number) => {
    expect(telephone(text)).toBe(number);
  });

  test.each(["", "javascript:alert(1)", "tel:<b>1</b>", "%E0%A4%A", "mailto:a@b.example", "1".repeat(60)])(
    "is none in %s",
    (text) => {
      expect(telephone(text)).toBe("");
    },
  );
});
