import { describe, expect, test } from "vitest";

import type { Colleague, PartyMissed } from "../api/transfers";
import type { AssignmentView, Change, Delta, QueueView, Snapshot } from "../api/types";
import { fold, type Live } from "./fold";

const snapshot: Snapshot = {
  type: "snapshot",
  now_ms: 1_000,
  me: {
    agent_id: "u1",
    login: "anna",
    name: "Anna",
    role: "agent",
    language: "en",
    project_ids: ["telecom"],
    extension: "101",
    softphone: null,
    reasons: [],
    dispositions: {},
  },
  state: { readiness: "ready", reason: null, since_ms: 0, device: "web", phones: ["web"], leaving: false, line: "off", line_wanted: false, line_lost: null, asked: null, monitoring: null },
  assignments: [],
  queues: [],
  agents: [],
  colleagues: [],
  switch_up: true,
  campaigns: [],
};

function queue(queueId: string, waiting: number): QueueView {
  return {
    queue_id: queueId,
    queue: queueId,
    project_id: "telecom",
    waiting,
    waiting_by_medium: {},
    oldest_arrived_ms: null,
    ready: 0,
    service_level_ms: 20_000,
    expected_wait_ms: null,
  };
}

function offer(assignmentId: string, state: AssignmentView["state"] = "offered"): AssignmentView {
  return {
    assignment_id: assignmentId,
    state,
    contact: {
      contact_id: "c1",
      medium: "voice",
      project_id: "telecom",
      project: "Telecom",
      queue_id: "support",
      queue: "Support",
      arrived_ms: 500,
      address: "+7 912 000-00-01",
      name: "",
      dialled: "",
      language: "ru",
      path: [],
      account: "",
      subject: "",
      outbound: false,
    },
    card: null,
    card_state: "loading",
    card_sources: [{ source: "triune", name: "", state: "loading" }],
    device: null,
    muted: false,
    offered_ms: 900,
    started_ms: null,
    held_since_ms: null,
    until_ms: null,
    wait_ms: 400,
    missed: null,
    suggested: null,
    preview: false,
    campaign: null,
    parties: [],
    monitored: [],
    handed_over: false,
  };
}

const colleague = (agentId: string, standing: Colleague["standing"]): Colleague => ({
  agent_id: agentId,
  name: agentId,
  extension: "",
  standing,
  reason: null,
  since_ms: 0,
});

const delta = (n: number, change: Change): Delta => ({ type: "delta", n, now_ms: 1_000 + n, change });

function after(...changes: Change[]): Live {
  let live = fold(null, snapshot);
  changes.forEach((change, index) => {
    if (live === "hole") throw new Error("a hole before the last change");
    live = fold(live, delta(index + 1, change));
  });
  if (live === "hole") throw new Error("a hole");
  return live;
}

describe("the desk folded from messages", () => {
  test("a snapshot is everything, and replaces what was there", () => {
    const before = after({ kind: "assignment", assignment: offer("a1") });
    const live = fold(before, { ...snapshot, now_ms: 9_000 });
    expect(live).toMatchObject({ n: 0, nowMs: 9_000, assignments: [] });
  });

  test("a call that one asked for oneself is told from one that came", () => {
    const call = offer("a1", "ringing");
    const live = after(
      { kind: "assignment", assignment: { ...call, contact: { ...call.contact, outbound: true } } },
      { kind: "assignment_gone", assignment_id: "a1", outcome: "timed_out" },
    );
    expect(live.gone).toMatchObject({ outcome: "timed_out", outbound: true });
  });

  test("an offer appears, changes in its place, and goes with its outcome and the name it had", () => {
    const live = after(
      { kind: "assignment", assignment: offer("a1") },
      { kind: "assignment", assignment: offer("a2") },
      { kind: "assignment", assignment: offer("a1", "active") },
    );
    expect(live.assignments.map((each) => [each.assignment_id, each.state])).toEqual([
      ["a1", "active"],
      ["a2", "offered"],
    ]);
    const left = fold(live, delta(4, { kind: "assignment_gone", assignment_id: "a1", outcome: "closed" }));
    expect(left).toMatchObject({
      n: 4,
      assignments: [{ assignment_id: "a2" }],
      gone: { assignmentId: "a1", outcome: "closed", contactName: "+7 912 000-00-01", outbound: false },
    });
  });

  test("changed queues replace themselves only, new ones come last", () => {
    const live = after(
      { kind: "queues", queues: [queue("sales", 1), queue("support", 2)] },
      { kind: "queues", queues: [queue("support", 5), queue("vip", 1)] },
    );
    expect(live.queues.map((each) => [each.queue_id, each.waiting])).toEqual([
      ["sales", 1],
      ["support", 5],
      ["vip", 1],
    ]);
  });

  test("colleagues come whole in the snapshot, and only the changed ones after", () => {
    const live = fold(null, { ...snapshot, colleagues: [colleague("u1", "ready"), colleague("u2", "off_duty")] });
    if (live === "hole") throw new Error("a hole");
    const next = fold(live, delta(1, { kind: "colleagues", colleagues: [colleague("u3", "ready"), colleague("u2", "busy")] }));
    if (next === "hole") throw new Error("a hole");
    expect(next.colleagues.map((each) => [each.agent_id, each.standing])).toEqual([
      ["u1", "ready"],
      ["u2", "busy"],
      ["u3", "ready"],
    ]);
  });

  test("whoever was asked and did not come is told, each of them anew, and nothing else changes", () => {
    const missed: PartyMissed = { kind: "party_ended", assignment_id: "a1", name: "Boris", cause: "no_answer", sentence: "Nobody answered." };
    const before = after({ kind: "assignment", assignment: offer("a1", "active") });
    const once = fold(before, delta(2, missed));
    expect(once).toMatchObject({ n: 2, missed: { name: "Boris", sentence: "Nobody answered." } });
    if (once === "hole") throw new Error("a hole");
    expect(once.assignments).toBe(before.assignments);
    const twice = fold(once, delta(3, { ...missed }));
    expect(twice === "hole" || twice.missed === once.missed).toBe(false);
    expect(fold(once, snapshot)).toMatchObject({ missed: null });
  });

  test("who is asked into a talk, and that it was handed over, come with the assignment", () => {
    const ringing = { leg_id: "p-1", agent_id: "u2", name: "Boris", state: "ringing" as const, since_ms: 5, until_ms: 30_005, supervisor: false };
    const live = after(
      { kind: "assignment", assignment: { ...offer("a1", "held"), parties: [ringing] } },
      { kind: "assignment", assignment: { ...offer("a1", "wrap_up"), handed_over: true } },
    );
    expect(live.assignments).toMatchObject([{ parties: [], handed_over: true }]);
  });

  test("that calls are refused is taken whole, and goes again", () => {
    const refusing = { since_ms: 5, reason: "rate" };
    expect(after({ kind: "refusing", refusing })).toMatchObject({ refusing });
    expect(after({ kind: "refusing", refusing }, { kind: "refusing", refusing: null })).toMatchObject({ refusing: null });
  });

  test("state and switch are taken whole", () => {
    const state = { ...snapshot.state!, readiness: "not_ready" as const, reason: "lunch" };
    expect(after({ kind: "state", state }, { kind: "switch", up: false })).toMatchObject({ state, switchUp: false });
  });

  test("new choices replace the old ones", () => {
    const me = { ...snapshot.me, reasons: [{ id: "lunch", title: "Lunch" }] };
    expect(after({ kind: "me", me }).me.reasons).toEqual([{ id: "lunch", title: "Lunch" }]);
  });

  test("a missing number is a hole", () => {
    const live = after({ kind: "switch", up: false });
    expect(fold(live, delta(3, { kind: "switch", up: true }))).toBe("hole");
  });

  test("a repeated number is a hole", () => {
    const live = after({ kind: "switch", up: false });
    expect(fold(live, delta(1, { kind: "switch", up: true }))).toBe("hole");
  });

  test("a delta before any snapshot is a hole", () => {
    expect(fold(null, delta(1, { kind: "switch", up: true }))).toBe("hole");
  });

  test("a kind of a newer server is counted and passed over", () => {
    const live = after({ kind: "switch", up: false });
    const next = fold(live, delta(2, { kind: "weather" } as unknown as Change));
    expect(next).toMatchObject({ n: 2, switchUp: false });
  });

  test("folding never changes what was there before", () => {
    const live = after({ kind: "queues", queues: [queue("sales", 1)] });
    const frozen = structuredClone(live);
    fold(live, delta(2, { kind: "queues", queues: [queue("sales", 7)] }));
    expect(live).toEqual(frozen);
  });
});
