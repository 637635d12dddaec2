// One chat as the page knows it, folded from the server's messages and from what this page says itself. Pure.
// `live/chats.svelte.ts` keeps them.
import type { Change, ChatChange, ChatLine, ChatPhase, ChatPresence, ChatView, ChatAnswer } from "../api/types";

/** What this page said and the server has not confirmed. */
export interface Unsent {
  clientId: string;
  text: string;
  failed: boolean;
}

export interface ChatLog {
  contactId: string;
  /** By id, oldest first; each once. */
  lines: readonly ChatLine[];
  unsent: readonly Unsent[];
  phase: ChatPhase;
  presence: ChatPresence;
  page: string;
  answers: readonly ChatAnswer[];
  firstResponseMs: number | null;
  rating: number | null;
  mayWrite: boolean;
  /** Until when, by the server's clock, the other side is shown as typing; 0: it is not. */
  visitorTypesUntilMs: number;
  agentTypesUntilMs: number;
  /** The newest line that was looked at. */
  seen: number;
  /** The transcript has come; before that only what was said since. */
  whole: boolean;
}

export const TYPING_MS = 6_000;

export function newLog(contactId: string): ChatLog {
  return {
    contactId,
    lines: [],
    unsent: [],
    phase: "active",
    presence: "here",
    page: "",
    answers: [],
    firstResponseMs: null,
    rating: null,
    mayWrite: false,
    visitorTypesUntilMs: 0,
    agentTypesUntilMs: 0,
    seen: 0,
    whole: false,
  };
}

export function isChat(change: Change): change is ChatChange {
  return change.kind === "chat_line" || change.kind === "chat_stands" || change.kind === "chat_typing";
}

export function changed(log: ChatLog, change: ChatChange, nowMs: number): ChatLog {
  switch (change.kind) {
    case "chat_line":
      return withLines(log, [change.line]);
    case "chat_stands":
      return {
        ...log,
        phase: change.phase,
        presence: change.presence,
        rating: change.rating,
        firstResponseMs: change.first_response_ms,
        visitorTypesUntilMs: change.presence === "here" ? log.visitorTypesUntilMs : 0,
      };
    case "chat_typing":
      return change.side === "visitor"
        ? { ...log, visitorTypesUntilMs: nowMs + TYPING_MS }
        : { ...log, agentTypesUntilMs: nowMs + TYPING_MS };
  }
}

/** The transcript as the server has it; what came meanwhile stays. */
export function read(log: ChatLog, view: ChatView): ChatLog {
  const merged = withLines(log, view.lines);
  return {
    ...merged,
    phase: view.phase,
    presence: view.presence,
    page: view.page,
    answers: view.answers,
    firstResponseMs: view.first_response_ms,
    rating: view.rating,
    mayWrite: view.may_write,
    whole: true,
  };
}

export function withLines(log: ChatLog, fresh: readonly ChatLine[]): ChatLog {
  const byId = new Map(log.lines.map((line) => [line.id, line]));
  for (const line of fresh) byId.set(line.id, line);
  const confirmed = new Set(fresh.map((line) => line.client_id));
  const visitor = fresh.some((line) => line.side === "visitor");
  const agent = fresh.some((line) => line.side === "agent");
  return {
    ...log,
    lines: [...byId.values()].sort((one, other) => one.id - other.id),
    unsent: log.unsent.filter((each) => !confirmed.has(each.clientId)),
    visitorTypesUntilMs: visitor ? 0 : log.visitorTypesUntilMs,
    agentTypesUntilMs: agent ? 0 : log.agentTypesUntilMs,
  };
}

export function said(log: ChatLog, unsent: Unsent): ChatLog {
  const others = log.unsent.filter((each) => each.clientId !== unsent.clientId);
  return { ...log, unsent: [...others, unsent] };
}

export function looked(log: ChatLog): ChatLog {
  const newest = log.lines.at(-1)?.id ?? 0;
  return newest > log.seen ? { ...log, seen: newest } : log;
}

export function unread(log: ChatLog): number {
  return log.lines.filter((line) => line.side === "visitor" && line.id > log.seen).length;
}

/** Since when the visitor waits for an answer; null: he does not. */
export function waitingSince(log: ChatLog): number | null {
  if (log.phase !== "active" || log.presence === "left" || log.unsent.length > 0) return null;
  let since: number | null = null;
  for (const line of log.lines) {
    if (line.side === "agent") since = null;
    else if (line.side === "visitor") since ??= line.at_ms;
  }
  return since;
}
