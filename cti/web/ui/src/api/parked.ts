// Parked calls: the mirror of cti/web/park_messages.py.
import { request } from "./client";

export interface ParkedView {
  contact_id: string;
  slot: number;
  name: string;
  address: string;
  queue: string;
  /** Who parked the caller. */
  by: string;
  since_ms: number;
  until_ms: number;
}

export const parking = {
  list: () => request<ParkedView[]>("GET", "/parked"),
  park: (assignmentId: string) => request<{ slot: number }>("POST", `/assignments/${encodeURIComponent(assignmentId)}/park`),
  fetch: (contactId: string) => request<unknown>("POST", `/parked/${encodeURIComponent(contactId)}/fetch`),
};
