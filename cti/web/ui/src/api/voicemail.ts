// Messages that callers left: the mirror of cti/web/voicemail_routes.py.
import { request } from "./client";

export interface VoicemailView {
  received_ms: number;
  /** null: its sound was deleted. */
  seconds: number | null;
}

const of = (contactId: string): string => `/contacts/${encodeURIComponent(contactId)}/voicemail`;

export const voicemail = {
  read: (contactId: string) => request<VoicemailView>("GET", of(contactId)),
  /** Where a player finds the sound. */
  sound: (contactId: string): string => `/api/v1${of(contactId)}/sound`,
};
