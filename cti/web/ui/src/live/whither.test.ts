import { describe, expect, test } from "vitest";

import type { Colleague, PartyState, PartyView } from "../api/transfers";
import { entered, fitting, looksLikeNumber, others, outside, rowsOf, type Row } from "./whither";

function colleague(name: string, extension: string, standing: Colleague["standing"]): Colleague {
  return { agent_id: `u${extension}`, name, extension, standing, reason: null, since_ms: 0 };
}

const party = (state: PartyState): PartyView => ({ leg_id: "p-1", agent_id: "u1", name: "Boris", state, since_ms: 0, until_ms: null, supervisor: false });

const anna = colleague("Anna", "101", "busy");
const boris = colleague("Boris", "102", "ready");
const clara = colleague("Clara", "103", "not_ready");
const dmitry = colleague("Дмитрий", "203", "off_duty");
const eve = colleague("Eve", "104", "unreachable");
const frank = colleague("Frank", "105", "busy");
const everybody = [anna, eve, frank, dmitry, clara, boris];
const places = { queues: [{ id: "sales", title: "Sales" }], destinations: [{ id: "voicemail", title: "voicemail" }] };

const rows = (typed: string, parties: PartyView[] = []): Row[] =>
  rowsOf(typed, { colleagues: everybody, me: anna.agent_id, places, parties });
const row = (typed: string, key: string, parties: PartyView[] = []): Row => {
  const found = rows(typed, parties).find((each) => each.key === key);
  if (found === undefined) throw new Error(`no row ${key}`);
  return found;
};

describe("whom a talk can be given to", () => {
  test("the person himself is left out, and those who can be asked come first", () => {
    expect(others(everybody, anna.agent_id).map((each) => each.name)).toEqual(["Boris", "Clara", "Дмитрий", "Frank", "Eve"]);
  });

  test("a part of the name fits in either alphabet, an extension from its beginning", () => {
    expect(fitting(everybody, "митр").map((each) => each.name)).toEqual(["Дмитрий"]);
    expect(fitting(everybody, "20").map((each) => each.name)).toEqual(["Дмитрий"]);
    expect(fitting(everybody, " BOR ").map((each) => each.name)).toEqual(["Boris"]);
  });

  test.each([
    ["+7 916 123-45-67", true],
    ["8 (916) 1", true],
    ["112233", true],
    ["102", false],
    ["Boris 12345", false],
    ["", false],
  ])("%s is meant as a number: %s", (typed, is) => {
    expect(looksLikeNumber(typed)).toBe(is);
  });

  test("nothing typed shows everybody and every place; a number typed is a row of its own", () => {
    expect(rows("").map((each) => each.kind)).toEqual(["agent", "agent", "agent", "agent", "agent", "queue", "destination"]);
    expect(rows("89161234567").map((each) => [each.kind, each.to])).toEqual([["number", { kind: "number", number: "89161234567" }]]);
    expect(rows("sal").map((each) => each.to)).toEqual([{ kind: "queue", queue_id: "sales" }]);
  });

  test("Enter asks a person first, Shift+Enter hands over; to a place there is only handing over", () => {
    expect(entered(row("", "agent u102"), false)).toEqual({ act: "ask" });
    expect(entered(row("", "agent u102"), true)).toEqual({ act: "hand_over" });
    expect(entered(row("", "queue sales"), false)).toEqual({ act: "hand_over" });
    expect(entered(row("89161234567", "number"), false)).toEqual({ act: "ask" });
  });

  test("who is not ready can be asked, but not be given the talk unseen", () => {
    expect(entered(row("", "agent u103"), false)).toEqual({ act: "ask" });
    expect(entered(row("", "agent u103"), true)).toEqual({ act: null, why: "not_ready" });
  });

  test("who talks, or has no phone, stands there with the reason", () => {
    expect(entered(row("", "agent u105"), false)).toEqual({ act: null, why: "busy" });
    expect(entered(row("", "agent u104"), true)).toEqual({ act: null, why: "unreachable" });
  });

  test("in a conference one more can be asked, and nothing is handed over unseen", () => {
    const conference = [party("together")];
    expect(entered(row("", "agent u102", conference), false)).toEqual({ act: "ask" });
    expect(entered(row("", "agent u102", conference), true)).toEqual({ act: null, why: "party_there" });
    expect(entered(row("", "queue sales", conference), false)).toEqual({ act: null, why: "party_there" });
  });

  test.each(["ringing", "aside", "left"] as const)("one who is %s is outside: nobody else is asked meanwhile", (state) => {
    expect(outside([party("together"), party(state)])?.state).toBe(state);
    expect(entered(row("", "agent u102", [party(state)]), false)).toEqual({ act: null, why: "party_there" });
  });

  test("those in the talk are not outside it", () => {
    expect(outside([party("together"), party("leading")])).toBeNull();
  });
});
