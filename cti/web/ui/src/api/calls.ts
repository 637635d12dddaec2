// Calls that the person asks for, and who is not to be called: the mirror of cti/web/call_messages.py.
import { request } from "./client";
import type { Choice } from "./types";

export type LegCause =
  | "normal"
  | "busy"
  | "no_answer"
  | "rejected"
  | "unreachable"
  | "no_such_number"
  | "congestion"
  | "lost";

export interface NewCall {
  number: string;
  customer_id?: number | null;
  project_id?: string | null;
  origin?: string | null;
}

export interface CallStarted {
  contact_id: string;
  assignment_id: string;
  number: string;
}

export interface NumberRead {
  /** "" while it is none. */
  number: string;
  /** As it is written abroad. */
  full: string;
  /** What was typed, put in groups. */
  shown: string;
  may_be_called: boolean;
  code: string;
  sentence: string;
}

export interface CallFigures {
  asked: number;
  dialled: number;
  reached: number;
  to_dial_p50_ms: number | null;
  click_to_ring_p50_ms: number | null;
  click_to_ring_p99_ms: number | null;
  saved_ms: number;
}

export interface BarredView {
  number: string;
  shown: string;
  project_id: string | null;
  added_ms: number;
  actor: string;
  reason: string;
}

const BARRED = "/do-not-call";

export const calls = {
  place: (call: NewCall) => request<CallStarted>("POST", "/calls", call),
  /** `whole`: nothing more is typed, so that what is no number is said to be none. */
  check: (number: string, project_id: string | null, whole = false) =>
    request<NumberRead>("POST", "/calls/check", { number, project_id, whole }),
  projects: () => request<Choice[]>("GET", "/calls/projects"),
  figures: () => request<CallFigures>("GET", "/calls/figures"),
};

export const barred = {
  read: (begins: string) => request<BarredView[]>("GET", `${BARRED}?begins=${encodeURIComponent(begins)}`),
  add: (number: string, project_id: string | null, reason: string) =>
    request<unknown>("POST", BARRED, { number, project_id, reason }),
  remove: (number: string, project_id: string | null) =>
    request<unknown>("POST", `${BARRED}/remove`, { number, project_id }),
};
