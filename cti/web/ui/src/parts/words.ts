// Codes of the API as words and colours, in one place for every part of the page.
import type { CampaignMode, CampaignView, DialResult, LeadView } from "../api/campaigns";
import {
  isCall,
  type Activity,
  type AgentView,
  type AssignmentState,
  type Medium,
  type QueueView,
  type Readiness,
} from "../api/types";
import type { LegCause } from "../api/calls";
import type { Colleague, Standing } from "../api/transfers";
import { moment, span, t, type Key } from "../i18n/i18n.svelte";
import { desk } from "../live/desk.svelte";
import { obstacle, type Obstacle } from "../live/whither";
import type { IconName } from "./Icon.svelte";

export type Colour = "good" | "warn" | "bad" | "accent" | "calm" | "";

const MEDIUM: Record<Medium, [Key, IconName]> = {
  voice: ["medium.voice", "phone"],
  callback: ["medium.callback", "phone"],
  email: ["medium.email", "mail"],
  chat: ["medium.chat", "chat"],
  sms: ["medium.sms", "chat"],
  fax: ["medium.fax", "mail"],
  social: ["medium.social", "chat"],
  task: ["medium.task", "task"],
  voicemail: ["medium.voicemail", "sound"],
};

export const mediumWord = (medium: Medium): string => t(MEDIUM[medium]?.[0] ?? "medium.task");
export const mediumIcon = (medium: Medium): IconName => MEDIUM[medium]?.[1] ?? "task";

const READINESS: Record<Readiness, [Key, Colour]> = {
  ready: ["ready", "good"],
  not_ready: ["not_ready", "warn"],
  offline: ["offline", ""],
};

export const readinessWord = (readiness: Readiness): string => t(READINESS[readiness][0]);
export const readinessColour = (readiness: Readiness): Colour => READINESS[readiness][1];

const ACTIVITY: Record<Exclude<Activity, "idle">, [Key, Colour]> = {
  offered: ["activity.offered", "accent"],
  talking: ["activity.talking", "calm"],
  held: ["activity.held", "warn"],
  rejoining: ["activity.rejoining", "bad"],
  wrap_up: ["activity.wrap_up", "accent"],
};

/** What one agent is doing: his contact goes before his readiness. */
export function doing(agent: AgentView): { word: string; colour: Colour; sinceMs: number } {
  if (agent.activity !== null && agent.activity !== "idle") {
    const [key, colour] = ACTIVITY[agent.activity];
    return { word: t(key), colour, sinceMs: agent.activity_since_ms ?? agent.since_ms };
  }
  return {
    word: readinessWord(agent.readiness),
    colour: readinessColour(agent.readiness),
    sinceMs: agent.since_ms,
  };
}

const ASSIGNMENT: Record<AssignmentState, [Key, Colour]> = {
  offered: ["assignment.offered", "accent"],
  ringing: ["assignment.ringing", "accent"],
  dialling: ["assignment.dialling", "accent"],
  active: ["assignment.active", "good"],
  held: ["assignment.held", "warn"],
  paused: ["assignment.paused", "warn"],
  rejoining: ["assignment.rejoining", "bad"],
  wrap_up: ["assignment.wrap_up", "calm"],
};

/** Work without a call has words of its own, and so has the ring of a call that one asked for oneself. */
export const assignmentWord = (state: AssignmentState, medium: Medium, outbound = false): string =>
  outbound && (state === "offered" || state === "ringing") ? t("dial.own_phone") : t(state === "active" && !isCall(medium) ? "assignment.at_work" : ASSIGNMENT[state][0]);
export const assignmentColour = (state: AssignmentState): Colour => ASSIGNMENT[state][1];

const MISSED: Record<LegCause, Key> = {
  busy: "missed.busy",
  no_answer: "missed.no_answer",
  no_such_number: "missed.no_such_number",
  congestion: "missed.congestion",
  rejected: "missed.rejected",
  unreachable: "missed.unreachable",
  lost: "missed.lost",
  normal: "missed.normal",
};

/** Why somebody who was called was not reached. */
export const missedWord = (cause: LegCause): string => t(MISSED[cause] ?? "missed.unreachable");

const RESULT: Record<DialResult, Key> = {
  connected: "result.connected",
  abandoned: "result.abandoned",
  no_answer: "result.no_answer",
  busy: "result.busy",
  rejected: "result.rejected",
  no_such_number: "result.no_such_number",
  congestion: "result.congestion",
  machine: "result.machine",
  lost: "result.lost",
  given_up: "result.given_up",
  skipped: "result.skipped",
};

/** What came of an attempt of a campaign. */
export const resultWord = (result: DialResult): string => t(RESULT[result] ?? "result.lost");

const NOT_COUNTED: readonly DialResult[] = ["lost", "given_up", "skipped"];

/** The same where it stands beside a count of attempts: some leave that as it is. */
export const attemptWord = (result: DialResult): string =>
  NOT_COUNTED.includes(result) ? t("lead.not_counted", { result: resultWord(result) }) : resultWord(result);

export const leadWord = (lead: LeadView): string => t(lead.withdrawn ? "lead.withdrawn" : `lead.${lead.state}`);
export function leadColour(lead: LeadView): Colour {
  if (lead.withdrawn) return "calm";
  if (lead.state === "done") return lead.result === "connected" ? "good" : lead.result === "abandoned" ? "bad" : "";
  return lead.state === "trying" ? "accent" : lead.state === "retry" ? "warn" : "";
}

export const modeWord = (mode: CampaignMode): string => t(`mode.${mode}`);
export const campaignWord = (campaign: CampaignView): string =>
  t(!campaign.running ? "campaign.paused" : campaign.idle === null ? "campaign.dials" : "campaign.waits");
export const campaignColour = (campaign: CampaignView): Colour =>
  !campaign.running ? "" : campaign.idle === null ? "good" : "warn";

const DAY_MS = 86_400_000;

const STANDING: Record<Standing, [Key, Colour]> = {
  ready: ["ready", "good"],
  not_ready: ["not_ready", "warn"],
  busy: ["standing.busy", "bad"],
  off_duty: ["standing.off_duty", "calm"],
  unreachable: ["standing.unreachable", ""],
};

/** Whether a colleague can be asked now, in words. */
const standingWord = (standing: Standing): string => t((STANDING[standing] ?? STANDING.unreachable)[0]);
export const standingColour = (standing: Standing): Colour => (STANDING[standing] ?? STANDING.unreachable)[1];

/** How a colleague stands, why, and for how long where that is known: of talks and lost phones it is not. */
export function standing(colleague: Colleague, nowMs: number): string {
  const words = [standingWord(colleague.standing)];
  if (colleague.standing === "not_ready" && colleague.reason) words.push(reasonWord(colleague.reason));
  if (obstacle(colleague) === null && colleague.since_ms > 0) {
    const ms = nowMs - colleague.since_ms;
    words.push(ms < DAY_MS ? span(ms) : moment(colleague.since_ms, nowMs));
  }
  return words.join(" · ");
}

const OBSTACLE: Record<Obstacle, Key> = {
  busy: "obstacle.busy",
  unreachable: "obstacle.unreachable",
  not_ready: "obstacle.not_ready",
  party_there: "obstacle.party_there",
};

/** Why somebody cannot be asked, or be given the talk. */
export const obstacleWord = (obstacle: Obstacle): string => t(OBSTACLE[obstacle]);

const SYSTEM_REASONS: Record<string, Key> = {
  no_answer: "reason.no_answer",
  rejected: "reason.rejected",
  phone_lost: "reason.phone_lost",
  desktop_lost: "reason.desktop_lost",
  signed_in: "reason.signed_in",
  removed: "reason.removed",
  supervisor: "reason.supervisor",
  taken_back: "reason.taken_back",
};

/** What somebody who came now would wait; "" while that cannot be told well enough. */
export function expectedWait(queue: QueueView): string {
  if (queue.expected_wait_ms === null) return "";
  return queue.expected_wait_ms === 0
    ? t("queues.expected_none")
    : t("queues.expected", { time: span(queue.expected_wait_ms) });
}

/** The reason's title: the system's, the person's own projects', else the code as it stands. */
export function reasonWord(reason: string | null): string {
  if (reason === null) return "";
  const system = SYSTEM_REASONS[reason];
  if (system !== undefined) return t(system);
  return desk.me?.reasons.find((each) => each.id === reason)?.title ?? reason;
}
