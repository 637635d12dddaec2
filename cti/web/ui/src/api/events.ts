// The WebSocket to /api/v1/events: one connection at a time, opened again with growing pauses after each loss. The
// server pings and the browser answers by itself, so nothing here needs a timer to stay alive (a hidden tab's timers
// sleep). What the messages mean is `live/fold.ts`; who asks for them is `live/desk.svelte.ts`.
import type { Said, ServerMessage } from "./types";

export interface EventsHandler {
  received(message: ServerMessage): void;
  /** The connection is gone, `code` as the server closed it (1006: the network did). Another try follows. */
  lost(code: number, wasOpen: boolean): void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;

export class Events {
  #socket: WebSocket | null = null;
  #handler: EventsHandler;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #stopped = true;

  constructor(handler: EventsHandler) {
    this.#handler = handler;
  }

  start(): void {
    this.#stopped = false;
    this.#failures = 0;
    window.addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    window.removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#drop();
  }

  /** Close and connect again for a fresh snapshot: a message was missed, or a request reached no server. */
  again(): void {
    if (this.#stopped || this.#socket === null) return;
    this.#drop();
    this.#handler.lost(1006, true);
    this.#later();
  }

  send(message: Said): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #open(): void {
    clearTimeout(this.#retry);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/api/v1/events`);
    let opened = false;
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (socket !== this.#socket || typeof event.data !== "string") return;
      opened = true;
      this.#failures = 0;
      this.#handler.received(JSON.parse(event.data) as ServerMessage);
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#handler.lost(event.code, opened);
      this.#later();
    };
    this.#socket = socket;
  }

  #later(): void {
    if (this.#stopped) return;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
    this.#failures += 1;
    clearTimeout(this.#retry);
    // Spread, so that a hundred desktops do not return in the same instant.
    this.#retry = setTimeout(() => this.#open(), pause * (0.75 + Math.random() / 2));
  }

  #hurry = (): void => {
    if (this.#stopped || this.#socket !== null || document.visibilityState === "hidden") return;
    this.#open();
  };

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }
}
