// What goes over /chat/v1/{key}, and the connection: one WebSocket at a time, opened again with growing pauses after
// each loss. The records are those of `cti.web.chat_messages`. Knows nothing of what the page looks like.

export interface Site {
  title: string;
  greeting: string;
  consent: string;
  language: "en" | "ru";
  colour: string;
  open: boolean;
  takes_messages: boolean;
  ask_name: Asking;
  ask_email: Asking;
  rating: boolean;
  text_limit: number;
}

export type Asking = "never" | "optional" | "required";
export type Phase = "new" | "waiting" | "active" | "ended";

export interface Line {
  id: number;
  at_ms: number;
  side: "visitor" | "agent" | "note";
  text: string;
  who: string | null;
  client_id: string | null;
}

export interface Standing {
  phase: Phase;
  position: number | null;
  expected_wait_ms: number | null;
  agent: string | null;
  rating: number | null;
}

export type Told =
  | { type: "welcome"; now_ms: number; token: string; site: Site; standing: Standing; lines: Line[] }
  | { type: "line"; line: Line }
  | { type: "standing"; standing: Standing }
  | { type: "typing" }
  | { type: "message_taken"; client_id: string }
  | { type: "refused"; client_id: string | null; code: string; sentence: string; again: boolean }
  | { type: "beat" };

export type Says =
  | { type: "hello"; token: string | null; language: string }
  | { type: "say"; client_id: string; text: string; name: string; email: string; page: string }
  | { type: "leave_message"; client_id: string; text: string; name: string; email: string; page: string }
  | { type: "typing" }
  | { type: "got"; id: number }
  | { type: "leave" }
  | { type: "rate"; rating: number };

export interface WireHandler {
  /** The first word of a new connection. */
  hello(): Says;
  told(message: Told): void;
  /** The connection is gone; another try follows unless `final`. */
  lost(final: boolean): void;
}

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 15_000;
/** The server says something every 20 s at least: silence for longer means that the network is gone. */
const SILENCE_MS = 45_000;
const CHECK_MS = 5_000;
/** `Policy Violation`: this page may not chat here, or was too loud. */
const POLICY = 1008;

export class Wire {
  #url: string;
  #handler: WireHandler;
  #socket: WebSocket | null = null;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #heardAt = 0;
  #started = false;

  constructor(url: string, handler: WireHandler) {
    this.#url = url;
    this.#handler = handler;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#failures = 0;
    this.#watch = setInterval(() => this.#check(), CHECK_MS);
    window.addEventListener("online", this.#hurry);
    window.addEventListener("offline", this.#cut);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#open();
  }

  stop(): void {
    this.#started = false;
    clearTimeout(this.#retry);
    clearInterval(this.#watch);
    window.removeEventListener("online", this.#hurry);
    window.removeEventListener("offline", this.#cut);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#drop();
  }

  /** Close and open again: what was said got no answer. */
  again(): void {
    if (!this.#started) return;
    this.#drop();
    this.#handler.lost(false);
    this.#later();
  }

  /** False: there is no connection to say it over. */
  say(message: Says): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #open(): void {
    clearTimeout(this.#retry);
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.#url);
    } catch {
      // The site's Content-Security-Policy forbids it, say.
      this.#handler.lost(true);
      return;
    }
    this.#socket = socket;
    this.#heardAt = performance.now();
    socket.onopen = () => this.say(this.#handler.hello());
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (socket !== this.#socket || typeof event.data !== "string") return;
      this.#heardAt = performance.now();
      this.#failures = 0;
      this.#handler.told(JSON.parse(event.data) as Told);
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      const final = event.code === POLICY;
      this.#handler.lost(final);
      if (final) this.stop();
      else this.#later();
    };
  }

  #later(): void {
    if (!this.#started) return;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
    this.#failures += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), pause * (0.75 + Math.random() / 2));
  }

  #hurry = (): void => {
    if (!this.#started || this.#socket !== null || document.visibilityState === "hidden") return;
    this.#open();
  };

  #cut = (): void => this.again();

  #check(): void {
    if (this.#socket !== null && performance.now() - this.#heardAt > SILENCE_MS) this.again();
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }
}
