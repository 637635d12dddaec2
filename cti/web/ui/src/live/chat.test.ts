import { expect, test } from "vitest";

import type { ChatLine, ChatView } from "../api/types";
import { changed, looked, newLog, read, said, TYPING_MS, unread, waitingSince, withLines } from "./chat";

const line = (id: number, side: ChatLine["side"] = "visitor", more: Partial<ChatLine> = {}): ChatLine => ({
  id,
  at_ms: id * 1000,
  side,
  text: `text ${id}`,
  agent: side === "agent" ? "Ann" : null,
  client_id: null,
  delivered: false,
  ...more,
});

const view = (...lines: ChatLine[]): ChatView => ({
  contact_id: "c1",
  phase: "active",
  presence: "here",
  lines,
  page: "",
  first_response_ms: null,
  rating: null,
  may_write: true,
  answers: [],
});

test("a line told twice stands once, and late ones stand in their place", () => {
  let log = read(newLog("c1"), view(line(1), line(3)));
  log = changed(log, { kind: "chat_line", contact_id: "c1", line: line(3) }, 0);
  log = changed(log, { kind: "chat_line", contact_id: "c1", line: line(2, "agent") }, 0);
  expect(log.lines.map((each) => each.id)).toEqual([1, 2, 3]);
});

test("what was said before the transcript came stays in it", () => {
  const log = read(withLines(newLog("c1"), [line(9)]), view(line(1)));
  expect(log.lines.map((each) => each.id)).toEqual([1, 9]);
});

test("what is confirmed is no longer on its way", () => {
  let log = said(newLog("c1"), { clientId: "x", text: "hello", failed: false });
  log = withLines(log, [line(1, "agent", { client_id: "y" })]);
  expect(log.unsent).toHaveLength(1);
  log = withLines(log, [line(2, "agent", { client_id: "x" })]);
  expect(log.unsent).toHaveLength(0);
});

test("only a visitor's lines since the last look are unread", () => {
  let log = looked(withLines(newLog("c1"), [line(1)]));
  log = withLines(log, [line(2), line(3, "agent"), line(4, "note")]);
  expect(unread(log)).toBe(1);
  expect(unread(looked(log))).toBe(0);
});

test("a visitor waits since his first line that has no answer", () => {
  let log = withLines(newLog("c1"), [line(1), line(2, "agent"), line(3), line(4)]);
  expect(waitingSince(log)).toBe(3000);
  log = withLines(log, [line(5, "agent")]);
  expect(waitingSince(log)).toBeNull();
  expect(waitingSince({ ...withLines(newLog("c1"), [line(1)]), presence: "left" })).toBeNull();
});

test("typing is shown for a while, and ends with the words", () => {
  let log = changed(newLog("c1"), { kind: "chat_typing", contact_id: "c1", side: "visitor" }, 1000);
  expect(log.visitorTypesUntilMs).toBe(1000 + TYPING_MS);
  log = changed(log, { kind: "chat_line", contact_id: "c1", line: line(1) }, 1500);
  expect(log.visitorTypesUntilMs).toBe(0);
});
