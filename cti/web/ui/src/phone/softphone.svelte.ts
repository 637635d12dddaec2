// The browser's phone: registered over SIP on WebSocket for as long as the person is signed in; one call at a time.
// It rings, answers, mutes and hangs up; whose call it is, and whether it answers by itself, `live/desk.svelte.ts`
// decides. JsSIP is loaded only when a person has such a phone.
import type { RTCSession } from "jssip/lib/RTCSession";
import type { UA } from "jssip/lib/UA";

import type { Softphone as Account } from "../api/types";
import { MicRefused, closeStream, openMicrophone, tryMicrophone, type MicProblem } from "./microphone";

export type Registration = "off" | "connecting" | "registered" | "refused" | "lost";
export type CallState = "ringing" | "answering" | "talking";

export interface PhoneCall {
  state: CallState;
  /** Who calls, as the switch says: shown only when no card came. */
  from: string;
}

/** A path is meant on the page's own host, where the session's cookie is shown. */
function absolute(url: string): string {
  return new URL(url, location.href).href.replace(/^http/, "ws");
}

const AGAIN_MS = 3000;
const BUSY_HERE = 486;
const DECLINED = 603;
const REGISTER_FOR_S = 300;
/** Candidates of this computer's own addresses come at once; a slow interface must not hold the answer back. */
const GATHER_MS = 500;

export class Softphone {
  registration = $state<Registration>("off");
  call = $state<PhoneCall | null>(null);
  muted = $state(false);
  microphone = $state<MicProblem | null>(null);
  /** The browser does not let the caller's voice be heard before a click. */
  voiceBlocked = $state(false);

  #ua: UA | null = null;
  #account = "";
  #session: RTCSession | null = null;
  #stream: MediaStream | null = null;
  #voice = new Audio();
  #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
    this.#voice.autoplay = true;
  }

  /** Register with this account; the same one again changes nothing. */
  async start(account: Account): Promise<void> {
    const mark = JSON.stringify(account);
    if (mark === this.#account) return;
    this.stop();
    this.#account = mark;
    this.registration = "connecting";
    const jssip = await import("jssip");
    if (mark !== this.#account) return;
    const ua = new jssip.UA({
      sockets: [new jssip.WebSocketInterface(absolute(account.ws_url))],
      uri: account.uri,
      authorization_user: account.auth_user,
      password: account.password,
      register: true,
      register_expires: REGISTER_FOR_S,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
      user_agent: "Triune desktop",
    });
    ua.on("connecting", () => this.#became("connecting"));
    ua.on("registered", () => this.#became("registered"));
    ua.on("unregistered", () => this.#became("lost"));
    ua.on("registrationFailed", () => {
      this.#became("refused");
      // A switch started anew does not know its phones in its first seconds.
      setTimeout(() => this.#ua === ua && ua.isConnected() && ua.register(), AGAIN_MS);
    });
    ua.on("disconnected", () => this.#became("lost"));
    ua.on("newRTCSession", (event: { originator: string; session: RTCSession }) => {
      if (event.originator === "remote") this.#rung(event.session);
    });
    this.#ua = ua;
    ua.start();
  }

  /** Unregister; a call that is up ends. */
  stop(): void {
    this.#account = "";
    this.#ua?.stop();
    this.#ua = null;
    this.#over();
    this.registration = "off";
  }

  /** Pick up the ringing call; twice is once. The microphone's refusal is told in `microphone`, and the call rings on. */
  async answer(): Promise<void> {
    const session = this.#session;
    if (session === null || this.call?.state !== "ringing") return;
    this.#is({ ...this.call, state: "answering" });
    try {
      const stream = await openMicrophone();
      this.microphone = null;
      if (session !== this.#session || session.isEnded()) {
        closeStream(stream);
        return;
      }
      this.#stream = stream;
      session.answer({ mediaStream: stream, pcConfig: { iceServers: [] } });
    } catch (error) {
      this.microphone = error instanceof MicRefused ? error.problem : "busy";
      if (session === this.#session && this.call) this.#is({ ...this.call, state: "ringing" });
    }
  }

  /** End or refuse the call from here, when the engine cannot be asked to. */
  hangUp(): void {
    const session = this.#session;
    if (session === null || session.isEnded()) return;
    session.terminate(session.isEstablished() ? {} : { status_code: DECLINED });
  }

  /**
   * The page goes away: end our leg, so that the switch knows at once and the next page is rung. The talk goes on; it
   * is the engine that ends talks. A call that only rings is left alone: refusing it would be the person's act.
   */
  leave(): void {
    if (this.#session?.isEstablished()) this.#session.terminate();
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    if (muted) this.#session?.mute({ audio: true });
    else this.#session?.unmute({ audio: true });
  }

  async askForMicrophone(): Promise<void> {
    if (this.call === null) this.microphone = await tryMicrophone();
  }

  /** To be called from a click, after `voiceBlocked`. */
  hear(): void {
    if (this.#voice.srcObject === null) return;
    this.#voice.play().then(
      () => (this.voiceBlocked = false),
      () => (this.voiceBlocked = true),
    );
  }

  #became(registration: Registration): void {
    this.registration = registration;
    this.#changed();
  }

  #rung(session: RTCSession): void {
    if (this.#session !== null && !this.#session.isEnded()) {
      session.terminate({ status_code: BUSY_HERE });
      return;
    }
    this.#session = session;
    session.on("peerconnection", ({ peerconnection }) => this.#listen(peerconnection));
    session.on("icecandidate", ({ ready }) => void setTimeout(ready, GATHER_MS));
    session.on("confirmed", () => session === this.#session && this.#talks());
    session.on("ended", () => session === this.#session && this.#over());
    session.on("failed", () => session === this.#session && this.#over());
    const identity = session.remote_identity;
    this.#is({ state: "ringing", from: identity.display_name || identity.uri.user || "" });
  }

  #listen(connection: RTCPeerConnection): void {
    connection.addEventListener("track", (event) => {
      this.#voice.srcObject = event.streams[0] ?? new MediaStream([event.track]);
      this.hear();
    });
  }

  #talks(): void {
    if (this.muted) this.#session?.mute({ audio: true });
    if (this.call) this.#is({ ...this.call, state: "talking" });
  }

  #over(): void {
    closeStream(this.#stream);
    this.#stream = null;
    this.#session = null;
    this.#voice.srcObject = null;
    this.voiceBlocked = false;
    this.muted = false;
    this.#is(null);
  }

  #is(call: PhoneCall | null): void {
    this.call = call;
    this.#changed();
  }
}
