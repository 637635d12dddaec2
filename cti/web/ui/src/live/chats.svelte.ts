// The chats of this page: read when they come into the agent's hands or onto a supervisor's page, kept true by the
// server's messages, and what the agent says in them. Nothing here knows how they look.
import { ApiError, chats as api, UNREACHABLE } from "../api/client";
import type { AssignmentView, ChatChange } from "../api/types";
import { changed, looked, newLog, read, said, unread, waitingSince, withLines, type ChatLog, type Unsent } from "./chat";
import { clock } from "./clock.svelte";
import { notices } from "./notices.svelte";

const AGAIN_MS = 2_000;
const TYPING_EVERY_MS = 3_000;

class Chats {
  #logs = $state.raw<Readonly<Record<string, ChatLog>>>({});
  /** The contact whose chat is before the person's eyes. */
  #looked: string | null = null;
  #sending = new Set<string>();
  #typedAt = new Map<string, number>();
  /** Called when a visitor wrote in a chat that is not looked at. */
  heard: () => void = () => undefined;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#look());
  }

  of(contactId: string): ChatLog | null {
    return this.#logs[contactId] ?? null;
  }

  unread(contactId: string): number {
    const log = this.#logs[contactId];
    return log ? unread(log) : 0;
  }

  waitingSince(contactId: string): number | null {
    const log = this.#logs[contactId];
    return log ? waitingSince(log) : null;
  }

  // -- reading --------------------------------------------------------------------------------------------------------

  /** Assignments have come or changed: their chats are read, again after each loss of the connection. */
  meet(assignments: readonly AssignmentView[]): void {
    for (const each of assignments) {
      if (each.contact.medium === "chat") void this.read(each.contact.contact_id);
    }
  }

  async read(contactId: string): Promise<void> {
    const log = this.#logs[contactId] ?? { ...newLog(contactId), unsent: keptUnsent(contactId) };
    this.#put(log);
    try {
      const view = await api.read(contactId);
      this.#change(contactId, (now) => read(now, view));
      this.#look();
      void this.#send(contactId);
    } catch (error) {
      // A contact without a visitor's page has no chat; what cannot be reached is read with the next snapshot.
      if (!(error instanceof ApiError && (error.status === 404 || error.code === UNREACHABLE))) notices.failed(error);
    }
  }

  take(change: ChatChange): void {
    const known = this.#logs[change.contact_id];
    if (known === undefined) return;
    const fresh = change.kind === "chat_line" && change.line.side === "visitor" && !known.lines.some((line) => line.id === change.line.id);
    this.#change(change.contact_id, (log) => changed(log, change, clock.nowMs));
    this.#look();
    if (fresh && this.unread(change.contact_id) > 0) this.heard();
  }

  /** Forget the chats of which nothing is in hand any more. */
  tidy(assignments: readonly AssignmentView[]): void {
    const held = new Set(assignments.map((each) => each.contact.contact_id));
    this.#logs = Object.fromEntries(Object.entries(this.#logs).filter(([id]) => held.has(id) || id === this.#looked));
  }

  /** This chat is before his eyes now; null: none is. */
  look(contactId: string | null): void {
    this.#looked = contactId;
    this.#look();
  }

  #look(): void {
    if (this.#looked !== null && document.visibilityState === "visible") this.#change(this.#looked, looked);
  }

  // -- saying ---------------------------------------------------------------------------------------------------------

  say(contactId: string, text: string): void {
    const unsent: Unsent = { clientId: crypto.randomUUID(), text, failed: false };
    this.#change(contactId, (log) => said(log, unsent));
    void this.#send(contactId);
  }

  again(contactId: string, unsent: Unsent): void {
    this.#change(contactId, (log) => said(log, { ...unsent, failed: false }));
    void this.#send(contactId);
  }

  /** Whether it is time to tell the visitor that somebody types. */
  mayTellTyping(contactId: string): boolean {
    const now = performance.now();
    if (now - (this.#typedAt.get(contactId) ?? -TYPING_EVERY_MS) < TYPING_EVERY_MS) return false;
    this.#typedAt.set(contactId, now);
    return true;
  }

  /** One after the other, so that nothing is turned round; what the network swallowed is said again under its id. */
  async #send(contactId: string): Promise<void> {
    if (this.#sending.has(contactId)) return;
    this.#sending.add(contactId);
    try {
      for (;;) {
        const next = this.#logs[contactId]?.unsent.find((each) => !each.failed);
        if (next === undefined) return;
        try {
          const line = await api.say(contactId, next.clientId, next.text);
          this.#change(contactId, (log) => withLines(log, [line]));
        } catch (error) {
          if (error instanceof ApiError && (error.code === UNREACHABLE || error.status === 503 || error.status === 429)) {
            await new Promise((wake) => setTimeout(wake, AGAIN_MS));
            continue;
          }
          this.#change(contactId, (log) => said(log, { ...next, failed: true }));
          notices.failed(error);
        }
      }
    } finally {
      this.#sending.delete(contactId);
    }
  }

  #change(contactId: string, change: (log: ChatLog) => ChatLog): void {
    const log = this.#logs[contactId];
    if (log === undefined) return;
    const next = change(log);
    if (next !== log) this.#put(next);
  }

  #put(log: ChatLog): void {
    if (this.#logs[log.contactId]?.unsent !== log.unsent) keepUnsent(log);
    this.#logs = { ...this.#logs, [log.contactId]: log };
  }
}

const key = (contactId: string): string => `triune.chat.${contactId}`;

/** What was said and not confirmed outlives a reload of the page, in this tab. */
function keepUnsent(log: ChatLog): void {
  try {
    if (log.unsent.length > 0) sessionStorage.setItem(key(log.contactId), JSON.stringify(log.unsent));
    else sessionStorage.removeItem(key(log.contactId));
  } catch {
    // Storage is off or full: it lives as long as the page.
  }
}

function keptUnsent(contactId: string): Unsent[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(key(contactId)) ?? "[]");
    return Array.isArray(found) ? (found as Unsent[]) : [];
  } catch {
    return [];
  }
}

export const chats = new Chats();
