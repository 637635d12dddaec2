// What the person has written of a contact but not sent: it outlives a refresh of the page, in this tab only, and is
// forgotten when the contact is closed.
export interface Draft {
  disposition: string;
  note: string;
}

const key = (assignmentId: string): string => `triune.draft.${assignmentId}`;

export function readDraft(assignmentId: string): Draft {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(key(assignmentId)) ?? "null");
    if (typeof stored === "object" && stored !== null) {
      const { disposition, note } = stored as Partial<Draft>;
      return { disposition: disposition ?? "", note: note ?? "" };
    }
  } catch {
    // Not ours, or storage is off: an empty draft.
  }
  return { disposition: "", note: "" };
}

export function keepDraft(assignmentId: string, draft: Draft): void {
  try {
    sessionStorage.setItem(key(assignmentId), JSON.stringify(draft));
  } catch {
    // Storage is off or full: the draft lives as long as the page.
  }
}

export function forgetDraft(assignmentId: string): void {
  sessionStorage.removeItem(key(assignmentId));
}
