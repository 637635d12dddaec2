// Templates and centre file: drafts, findings, what would change, versions. The records are those of
// cti/web/template_messages.py.
import { request } from "./client";

export interface DraftView {
  name: string;
  text: string;
  own: boolean;
  changed: boolean;
}

export interface FlawView {
  rule: string;
  severity: "error" | "warning";
  file: string;
  line: number;
  where: string;
  problem: string;
  why: string;
  mend: string;
}

export interface CheckView {
  ok: boolean;
  flaws: FlawView[];
}

export interface LaterView {
  needs: "asterisk" | "engine";
  name: string;
}

export interface PendingView {
  in_force: number;
  differences: { name: string; text: string }[];
  later: LaterView[];
}

export const STAGES = ["rendered", "linted", "loaded", "reloaded", "probed", "kept"] as const;
export type Stage = (typeof STAGES)[number] | "rolled_back" | "refused";

/** The step at which it broke off: the first that was not done. */
export const failedStage = (done: readonly { stage: Stage }[]): Stage | null =>
  STAGES.find((stage) => !done.some((each) => each.stage === stage)) ?? null;

export interface StageView {
  stage: Stage;
  at_ms: number;
  words: string;
}

export interface OutcomeView {
  kept: boolean;
  version: number;
  stages: StageView[];
  reason: string;
  code: string;
  flaws: FlawView[];
  later: LaterView[];
}

export interface EntryView {
  number: number;
  at_ms: number;
  action: string;
  version: number;
  author: string;
  reason: string;
  words: string;
  kept: boolean;
  in_force: boolean;
}

/** Rendering and linting take a second or two; an apply a few more on a busy machine. */
const LOOK_MS = 60_000;
const ACT_MS = 120_000;

export const CENTRE = "centre.yaml";

const of = (name: string): string => `/templates/${encodeURIComponent(name)}`;

export const templates = {
  drafts: () => request<{ drafts: DraftView[] }>("GET", "/templates"),
  save: (name: string, text: string, base: string) => request<unknown>("PUT", of(name), { text, base }),
  reset: (name: string) => request<unknown>("DELETE", of(name)),
  check: () => request<CheckView>("GET", "/conf/check", undefined, LOOK_MS),
  diff: () => request<PendingView>("GET", "/conf/diff", undefined, LOOK_MS),
  history: () => request<EntryView[]>("GET", "/conf/history"),
  version: (number: number) =>
    request<{ version: number; texts: Record<string, string> }>("GET", `/conf/versions/${number}`),
  progress: () => request<{ running: boolean; stages: StageView[] }>("GET", "/conf/progress"),
  apply: (reason: string, later: boolean) =>
    request<OutcomeView>("POST", "/conf/apply", { reason, later }, ACT_MS),
  rollback: (version: number, reason: string) =>
    request<OutcomeView>("POST", "/conf/rollback", { version, reason }, ACT_MS),
};
