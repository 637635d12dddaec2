// Recorded talks: the mirror of cti/web/recording_messages.py.
import { request } from "./client";

export interface RecordingState {
  state: "off" | "on" | "paused";
  /** When a pause ends by itself. */
  resumes_ms: number | null;
}

export interface RecordingChange extends RecordingState {
  kind: "recording";
  contact_id: string;
}

export interface RecordingView {
  recording_id: string;
  contact_id: string;
  began_ms: number;
  length_ms: number;
  /** Names, in the order in which they had the talk. */
  agents: string[];
  pauses: { from_ms: number; until_ms: number }[];
  sha256: string;
  keep_until_ms: number;
  /** There is nothing to play any more. */
  erased_ms: number | null;
}

export interface Play {
  url: string;
  until_ms: number;
}

const id = encodeURIComponent;

export const recordings = {
  state: (assignmentId: string) => request<RecordingState>("GET", `/assignments/${id(assignmentId)}/recording`),
  pause: (assignmentId: string) => request<RecordingState>("POST", `/assignments/${id(assignmentId)}/recording/pause`),
  resume: (assignmentId: string) => request<RecordingState>("POST", `/assignments/${id(assignmentId)}/recording/resume`),
  ofContact: (contactId: string) => request<RecordingView[]>("GET", `/contacts/${id(contactId)}/recordings`),
  play: (recordingId: string, download: boolean) =>
    request<Play>("POST", `/recordings/${id(recordingId)}/plays`, { download }),
  standing: () => request<{ full: boolean }>("GET", "/recordings/standing"),
};
