// Short sentences at the edge of the page: what failed, what was done and can be undone. Each leaves by itself.
import { ApiError, UNREACHABLE } from "../api/client";
import { t, type Key } from "../i18n/i18n.svelte";

export type Tone = "info" | "good" | "bad";

export interface Notice {
  id: number;
  tone: Tone;
  text: string;
  act: { title: string; run: () => void } | null;
}

const STAY_MS = 8_000;

class Notices {
  list = $state<Notice[]>([]);
  #last = 0;

  say(text: string, tone: Tone = "info", act: Notice["act"] = null): number {
    const id = ++this.#last;
    // The same sentence twice is once, later.
    this.list = [...this.list.filter((each) => each.text !== text), { id, tone, text, act }].slice(-4);
    setTimeout(() => this.close(id), STAY_MS);
    return id;
  }

  close(id: number): void {
    this.list = this.list.filter((each) => each.id !== id);
  }

  failed(error: unknown): void {
    this.say(sentenceOf(error), "bad");
  }
}

export const notices = new Notices();

/** What to tell the person: the server's own sentence when there is one. */
export function sentenceOf(error: unknown, otherwise: Key = "error.unknown"): string {
  if (error instanceof ApiError) {
    if (error.sentence) return error.sentence;
    if (error.code === UNREACHABLE) return t("error.unreachable");
  }
  return t(otherwise);
}
