import { expect, test } from "vitest";

import { failedStage } from "../api/templates";
import { followed } from "./texts";

const found = [{ name: "centre.yaml", text: "new" }];

test("a text that nobody has touched follows the server", () => {
  expect(followed(found, {}, {}).texts).toEqual({ "centre.yaml": "new" });
  expect(followed(found, { "centre.yaml": "old" }, { "centre.yaml": "old" })).toEqual({
    texts: { "centre.yaml": "new" },
    bases: { "centre.yaml": "new" },
  });
});

test("what is being written stays, to be saved against what was read", () => {
  expect(followed(found, { "centre.yaml": "mine" }, { "centre.yaml": "old" })).toEqual({
    texts: { "centre.yaml": "mine" },
    bases: { "centre.yaml": "old" },
  });
});

test("a text is never missing between two reads", () => {
  const texts = { "centre.yaml": "mine" };
  const after = followed(found, texts, { ...texts });
  expect(texts["centre.yaml"]).toBe("mine");
  expect(after.texts["centre.yaml"]).toBe("new");
});

test("an apply broke off at the first step that was not done", () => {
  expect(failedStage([])).toBe("rendered");
  expect(failedStage([{ stage: "rendered" }, { stage: "refused" }])).toBe("linted");
  expect(failedStage([{ stage: "rendered" }, { stage: "linted" }, { stage: "loaded" }, { stage: "rolled_back" }])).toBe("reloaded");
});
