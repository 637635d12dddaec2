// Handing talks over, and asking others into them: the mirror of cti/web/transfer_messages.py.
import type { LegCause } from "./calls";
import { request } from "./client";

/** off_duty: the phone is there, and the person has not signed in; unreachable: the phone is not. */
export type Standing = "ready" | "not_ready" | "busy" | "off_duty" | "unreachable";
export type PartyState = "ringing" | "called" | "aside" | "left" | "together" | "leading";

export interface Colleague {
  agent_id: string;
  name: string;
  extension: string;
  standing: Standing;
  /** Why not ready. */
  reason: string | null;
  /** Of the readiness. */
  since_ms: number;
}

export interface PartyView {
  leg_id: string;
  /** null: a number outside. */
  agent_id: string | null;
  /** Or the number, as it is written. */
  name: string;
  state: PartyState;
  since_ms: number;
  /** While the phone rings. */
  until_ms: number | null;
  /** He came in of his own accord: one does not part from him. */
  supervisor: boolean;
}

export interface AskedView {
  leg_id: string;
  state: PartyState;
  /** The colleague who asks; "" once he is done with it. */
  by: string;
  queue: string;
  name: string;
  address: string;
  since_ms: number;
}

export type Asked = { kind: "agent"; agent_id: string } | { kind: "number"; number: string };
export type Whither = Asked | { kind: "queue"; queue_id: string } | { kind: "destination"; destination: string };

export interface Place {
  id: string;
  title: string;
}

export interface Places {
  queues: Place[];
  destinations: Place[];
}

export interface PartyMissed {
  kind: "party_ended";
  assignment_id: string;
  name: string;
  /** null: hung up. */
  cause: LegCause | null;
  sentence: string;
}

/** He has a customer on the line while he waits for the list. */
const PLACES_LIMIT_MS = 4_000;

const of = (assignmentId: string): string => `/assignments/${encodeURIComponent(assignmentId)}`;

export const transfers = {
  places: (assignmentId: string) => request<Places>("GET", `${of(assignmentId)}/places`, undefined, PLACES_LIMIT_MS),
  transfer: (assignmentId: string, to: Whither) => request<unknown>("POST", `${of(assignmentId)}/transfer`, { to }),
  invite: (assignmentId: string, to: Asked) => request<unknown>("POST", `${of(assignmentId)}/invite`, { to }),
  swap: (assignmentId: string) => request<unknown>("POST", `${of(assignmentId)}/swap`),
  conference: (assignmentId: string) => request<unknown>("POST", `${of(assignmentId)}/conference`),
  handOver: (assignmentId: string) => request<unknown>("POST", `${of(assignmentId)}/hand-over`),
  part: (assignmentId: string, legId: string) =>
    request<unknown>("DELETE", `${of(assignmentId)}/parties/${encodeURIComponent(legId)}`),
};
