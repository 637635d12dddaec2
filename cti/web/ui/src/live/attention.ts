// What calls a person who looks elsewhere: the title of the page, and a notification of the system when it is hidden
// and he has permitted them. Each offer notifies once.
import { t } from "../i18n/i18n.svelte";

const TITLE = "Triune";
const BLINK_MS = 1_000;

export interface Call {
  id: string;
  who: string;
  what: string;
}

export class Attention {
  #current: Call | null = null;
  #blink: ReturnType<typeof setInterval> | undefined;
  #notification: Notification | null = null;

  call(call: Call | null): void {
    if (call?.id === this.#current?.id && call?.who === this.#current?.who) return;
    const isNew = call !== null && call.id !== this.#current?.id;
    this.#current = call;
    clearInterval(this.#blink);
    if (call === null) {
      document.title = TITLE;
      this.#notification?.close();
      this.#notification = null;
      return;
    }
    const loud = `☎ ${call.who}`;
    document.title = loud;
    this.#blink = setInterval(() => {
      document.title = document.title === loud ? t("attention.title") : loud;
    }, BLINK_MS);
    if (isNew) this.#notify(call);
  }

  /** From a click only: browsers ask the person once. */
  askPermission(): void {
    if (typeof Notification !== "undefined" && Notification.permission === "default") {
      void Notification.requestPermission();
    }
  }

  #notify(call: Call): void {
    if (document.visibilityState === "visible") return;
    if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
    try {
      this.#notification = new Notification(call.who, { body: call.what, tag: call.id, icon: "/icon.svg" });
      this.#notification.onclick = () => window.focus();
    } catch {
      // Some mobile browsers have the interface and refuse to build it; the title has to do.
      this.#notification = null;
    }
  }
}
