import { expect, test } from "vitest";

import { strangerWord } from "./naming";

test("a chat's nameless visitor has the number of his chat, everywhere the same", () => {
  expect(strangerWord("chat", "c71")).toEqual(["chat.visitor_number", { n: "71" }]);
});

test("only who came by telephone has a number that can be withheld", () => {
  for (const medium of ["voice", "callback", "sms", "fax"] as const) expect(strangerWord(medium, "c1")[0]).toBe("pop.withheld");
  for (const medium of ["email", "task", "social"] as const) expect(strangerWord(medium, "c1")[0]).not.toBe("pop.withheld");
});
