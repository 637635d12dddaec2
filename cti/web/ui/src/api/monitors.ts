// Supervisors at others' talks: the mirror of cti/web/monitor_messages.py.
import { request } from "./client";

export type MonitorMode = "listen" | "coach" | "barge" | "take_over";
export type MonitorState = "ringing" | "listening" | "coaching" | "together" | "leading";

/** The talk that this supervisor is at. */
export interface MonitorView {
  contact_id: string;
  agent_id: string;
  agent: string;
  queue: string;
  name: string;
  address: string;
  state: MonitorState;
  /** While the phone rings: what is wanted as soon as it is answered. */
  mode: MonitorMode;
  since_ms: number;
  until_ms: number | null;
}

export interface ListenerView {
  agent_id: string;
  name: string;
  state: MonitorState;
}

export interface MonitorEnded {
  kind: "monitor_ended";
  sentence: string;
}

export const monitors = {
  be: (contactId: string, mode: MonitorMode) =>
    request<unknown>("POST", `/contacts/${encodeURIComponent(contactId)}/monitor`, { mode }),
  leave: () => request<unknown>("DELETE", "/monitor"),
};
