// Campaigns, their lists and attempts, and agents who stay connected: the mirror of cti/web/campaign_messages.py.
import { ApiError, request, UNREACHABLE } from "./client";
import type { Problem } from "./types";

export type LineState = "off" | "ringing" | "up";
export type DialResult =
  | "connected"
  | "abandoned"
  | "no_answer"
  | "busy"
  | "rejected"
  | "no_such_number"
  | "congestion"
  | "machine"
  | "lost"
  | "given_up"
  | "skipped";
export type LeadState = "new" | "trying" | "retry" | "done";
export type CampaignMode = "preview" | "progressive" | "predictive";

export interface ColumnView {
  title: string;
  value: string;
}

export interface CampaignContact {
  campaign_id: string;
  campaign: string;
  lead_id: string;
  attempts: number;
  columns: ColumnView[];
}

export interface FiguresView {
  ringing: number;
  waiting: number;
  looked_at: number;
  in_line: number;
  agents: number;
  connected: number;
  reserved: number;
  talking: number;
  wrapping_up: number;
  idle_ms: number;
  live: number;
  abandoned: number;
  rate: number;
  window_from_ms: number;
  dials_a_minute: number;
  answer_rate: number | null;
  ends_ms: number | null;
}

export interface RollingView {
  answered: number;
  abandoned: number;
  rate: number | null;
  machines: number;
  humans: number;
  human_rate: number | null;
}

export interface ProgressView {
  total: number;
  new: number;
  trying: number;
  retry: number;
  withdrawn: number;
  barred: number;
  outside_hours: number;
  done: Partial<Record<DialResult, number>>;
  next_ms: number | null;
}

export interface RowErrorView {
  line: number;
  code: string;
  sentence: string;
}

export interface ImportView {
  import_id: string;
  dry_run: boolean;
  state: "running" | "done" | "failed";
  rows: number;
  total: number;
  added: number;
  known: number;
  errors: number;
  barred: number;
  encoding: string;
  columns: string[];
  first_errors: RowErrorView[];
  problem: string;
}

export interface CampaignView {
  campaign_id: string;
  name: string;
  project_id: string;
  project: string;
  queue: string;
  mode: CampaignMode;
  law: string | null;
  caller_id: string;
  cap: number;
  window: "day" | "all";
  lines: number;
  running: boolean;
  idle: string | null;
  idle_sentence: string;
  figures: FiguresView;
  rolling: RollingView;
  progress: ProgressView;
  reading: ImportView | null;
}

export interface LeadView {
  lead_id: string;
  row: number;
  number: string;
  name: string;
  language: string;
  tier: number;
  zones: string[];
  columns: ColumnView[];
  state: LeadState;
  withdrawn: boolean;
  attempts: number;
  result: DialResult | null;
  disposition: string | null;
  disposition_title: string | null;
  next_ms: number | null;
  tried_ms: number | null;
}

export interface AttemptView {
  dial_id: string;
  dialled_ms: number;
  answered_ms: number | null;
  ended_ms: number | null;
  result: DialResult | null;
  contact_id: string | null;
  agent: string | null;
  talk_ms: number | null;
  disposition_title: string | null;
  next_ms: number | null;
}

export interface LeadStory {
  lead: LeadView;
  attempts: AttemptView[];
}

const UPLOAD_LIMIT_MS = 60_000;
const of = (campaignId: string): string => `/campaigns/${encodeURIComponent(campaignId)}`;

export const campaigns = {
  start: (campaignId: string) => request<CampaignView>("POST", `${of(campaignId)}/start`),
  pause: (campaignId: string) => request<CampaignView>("POST", `${of(campaignId)}/pause`),
  leads: (campaignId: string, search: string, state: LeadState | "", after: number, limit: number) => {
    const asked = new URLSearchParams({ limit: String(limit), after: String(after) });
    if (search) asked.set("search", search);
    if (state) asked.set("state", state);
    return request<LeadView[]>("GET", `${of(campaignId)}/leads?${asked.toString()}`);
  },
  lead: (campaignId: string, leadId: string) =>
    request<LeadStory>("GET", `${of(campaignId)}/leads/${encodeURIComponent(leadId)}`),
  withdraw: (campaignId: string, leadId: string) =>
    request<unknown>("POST", `${of(campaignId)}/leads/${encodeURIComponent(leadId)}/withdraw`),
  inHand: (assignmentId: string) => request<LeadStory>("GET", `/assignments/${encodeURIComponent(assignmentId)}/lead`),
  stayConnected: (wanted: boolean) => request<unknown>("POST", "/agent/line", { wanted }),
  resultsUrl: (campaignId: string) => `/api/v1${of(campaignId)}/results`,
  /** A file as it is: no JSON, and it may take a while to get there. */
  async read(campaignId: string, file: Blob, dryRun: boolean): Promise<ImportView> {
    let response: Response;
    try {
      response = await fetch(`/api/v1${of(campaignId)}/lists?dry_run=${dryRun}`, {
        method: "POST",
        credentials: "same-origin",
        headers: { "Accept-Language": document.documentElement.lang, "Content-Type": "text/csv" },
        body: file,
        signal: AbortSignal.timeout(UPLOAD_LIMIT_MS),
      });
    } catch {
      throw new ApiError(0, UNREACHABLE, "");
    }
    const answer = (await response.json().catch(() => null)) as ImportView | Problem | null;
    if (response.ok && answer !== null && "import_id" in answer) return answer;
    const problem = answer !== null && "sentence" in answer ? answer : { code: `http_${response.status}`, sentence: "" };
    throw new ApiError(response.status, problem.code, problem.sentence);
  },
};
