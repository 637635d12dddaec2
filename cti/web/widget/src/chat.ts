// One visitor's chat: what was said, what is on its way, and how it stands. Says one thing at a time and the next when
// that is confirmed, so that nothing is lost, doubled or turned round by a cut: what is not confirmed is said again
// under the same id. Knows nothing of what it looks like.
import type { Kept, Pending } from "./kept";
import { Wire, type Line, type Site, type Standing, type Told } from "./wire";

export type Link = "off" | "connecting" | "live" | "lost" | "refused";

const NEW: Standing = { phase: "new", position: null, expected_wait_ms: null, agent: null, rating: null };
const UNCONFIRMED_MS = 10_000;
const AGAIN_MS = 2_000;
const TYPING_EVERY_MS = 3_000;
const TYPING_SHOWN_MS = 6_000;
const GOT_AFTER_MS = 400;

export class Chat {
  lines = new Map<number, Line>();
  standing: Standing = NEW;
  link: Link = "off";
  agentTypes = false;
  /** Why the last thing was not taken, as a sentence. */
  refused: { code: string; sentence: string } | null = null;
  failed: Pending[] = [];
  messageTaken = false;

  #wire: Wire;
  #kept: Kept;
  #changed: () => void;
  #language: () => string;
  #unconfirmed: ReturnType<typeof setTimeout> | undefined;
  #typingEnds: ReturnType<typeof setTimeout> | undefined;
  #getting: ReturnType<typeof setTimeout> | undefined;
  #typedAt = 0;
  #message: { client_id: string; text: string; name: string; email: string } | null = null;
  site: Site;

  constructor(options: { url: string; site: Site; kept: Kept; language: () => string; changed: () => void }) {
    this.site = options.site;
    this.#kept = options.kept;
    this.#changed = options.changed;
    this.#language = options.language;
    this.#wire = new Wire(options.url, {
      hello: () => ({ type: "hello", token: this.#kept.token, language: this.#language() }),
      told: (message) => this.#told(message),
      lost: (final) => this.#lost(final),
    });
    // Another tab of the site has begun a chat: this one joins it.
    window.addEventListener("storage", (event) => {
      if (event.key === this.#kept.tokenKey && this.link === "live" && this.standing.phase === "new") this.#wire.again();
    });
  }

  get pending(): readonly Pending[] {
    return this.#kept.pending;
  }

  get sorted(): Line[] {
    return [...this.lines.values()].sort((one, other) => one.id - other.id);
  }

  connect(): void {
    if (this.link !== "off" && this.link !== "refused") return;
    this.link = "connecting";
    this.#wire.start();
    this.#changed();
  }

  // -- what the visitor does ------------------------------------------------------------------------------------------

  say(text: string): void {
    this.refused = null;
    this.#kept.pending = [...this.#kept.pending, { client_id: newId(), text }];
    this.connect();
    this.#sayNext();
    this.#changed();
  }

  types(): void {
    const now = performance.now();
    if (this.standing.phase === "new" || this.standing.phase === "ended" || now - this.#typedAt < TYPING_EVERY_MS) return;
    if (this.#wire.say({ type: "typing" })) this.#typedAt = now;
  }

  leave(): void {
    this.#wire.say({ type: "leave" });
  }

  rate(rating: number): void {
    if (this.#wire.say({ type: "rate", rating })) {
      this.standing = { ...this.standing, rating };
      this.#changed();
    }
  }

  leaveMessage(message: { text: string; name: string; email: string }): void {
    this.refused = null;
    this.#message = { client_id: newId(), ...message };
    this.connect();
    this.#sayMessage();
  }

  /** The chat is over: forget it and begin anew with the next word. */
  renew(): void {
    this.#kept.token = null;
    this.#kept.pending = [];
    this.lines.clear();
    this.failed = [];
    this.standing = NEW;
    this.refused = null;
    this.messageTaken = false;
    this.#wire.again();
    this.#changed();
  }

  // -- what the server says -------------------------------------------------------------------------------------------

  #told(message: Told): void {
    switch (message.type) {
      case "welcome":
        this.link = "live";
        this.site = message.site;
        this.#kept.token = message.token;
        this.standing = message.standing;
        this.lines = new Map(message.lines.map((line) => [line.id, line]));
        for (const line of message.lines) this.#confirmed(line.client_id);
        this.#get();
        this.#sayNext();
        this.#sayMessage();
        break;
      case "line":
        this.lines.set(message.line.id, message.line);
        if (message.line.side === "agent") this.#stopTyping();
        this.#confirmed(message.line.client_id);
        this.#get();
        this.#sayNext();
        break;
      case "standing":
        this.standing = message.standing;
        if (message.standing.phase !== "active") this.#stopTyping();
        break;
      case "typing":
        this.agentTypes = true;
        clearTimeout(this.#typingEnds);
        this.#typingEnds = setTimeout(() => {
          this.agentTypes = false;
          this.#changed();
        }, TYPING_SHOWN_MS);
        break;
      case "message_taken":
        this.#message = null;
        this.messageTaken = true;
        break;
      case "refused":
        this.#refused(message);
        break;
      case "beat":
        return;
    }
    this.#changed();
  }

  #lost(final: boolean): void {
    this.link = final ? "refused" : "lost";
    clearTimeout(this.#unconfirmed);
    this.#stopTyping();
    this.#changed();
  }

  #refused(told: { client_id: string | null; code: string; sentence: string; again: boolean }): void {
    if (told.again) {
      clearTimeout(this.#unconfirmed);
      this.#unconfirmed = setTimeout(() => {
        this.#sayNext();
        this.#sayMessage();
      }, AGAIN_MS);
      return;
    }
    this.refused = { code: told.code, sentence: told.sentence };
    if (this.#message?.client_id === told.client_id) this.#message = null;
    const head = this.#kept.pending.find((each) => each.client_id === told.client_id);
    if (head === undefined) return;
    this.#confirmed(head.client_id);
    this.failed = [...this.failed, head];
    this.#sayNext();
  }

  // -- saying ---------------------------------------------------------------------------------------------------------

  #sayNext(): void {
    clearTimeout(this.#unconfirmed);
    const head = this.#kept.pending[0];
    if (head === undefined || this.link !== "live") return;
    const { name, email } = this.#kept.who;
    this.#wire.say({ type: "say", ...head, name, email, page: pageAddress() });
    this.#unconfirmed = setTimeout(() => this.#wire.again(), UNCONFIRMED_MS);
  }

  #sayMessage(): void {
    if (this.#message !== null && this.link === "live") {
      this.#wire.say({ type: "leave_message", ...this.#message, page: pageAddress() });
    }
  }

  #confirmed(clientId: string | null): void {
    if (clientId === null) return;
    const left = this.#kept.pending.filter((each) => each.client_id !== clientId);
    if (left.length < this.#kept.pending.length) this.#kept.pending = left;
    this.failed = this.failed.filter((each) => each.client_id !== clientId);
  }

  /** Tell the server how far this page has come: the agent sees it. */
  #get(): void {
    const newest = Math.max(0, ...[...this.lines.values()].filter((line) => line.side === "agent").map((line) => line.id));
    if (newest === 0 || this.#getting !== undefined) return;
    this.#getting = setTimeout(() => {
      this.#getting = undefined;
      this.#wire.say({ type: "got", id: Math.max(...this.lines.keys()) });
    }, GOT_AFTER_MS);
  }

  #stopTyping(): void {
    clearTimeout(this.#typingEnds);
    this.agentTypes = false;
  }
}

/** Without what may be private in it: neither query nor fragment. */
function pageAddress(): string {
  return `${location.origin}${location.pathname}`.slice(0, 500);
}

function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
