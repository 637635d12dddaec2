// Text of mail for the eye: what a customer wrote himself apart from what he quotes; drafts that outlive a refresh.
import type { MailLanguage } from "../api/mail";

/** The new words, and the older ones under them that are quoted; quotes between the new words stay where they are. */
export function unquoted(text: string): { fresh: string; quoted: string } {
  const lines = text.replace(/\s+$/, "").split("\n");
  let from = lines.length;
  while (from > 0 && (lines[from - 1]!.startsWith(">") || lines[from - 1]!.trim() === "")) from -= 1;
  if (!lines.slice(from).some((line) => line.startsWith(">"))) return { fresh: lines.join("\n"), quoted: "" };
  return divided(lines, introduced(lines, from));
}

/** Where the quote begins that stands from line `from` on, its introduction counted in: one line or two, with a colon. */
function introduced(lines: readonly string[], from: number): number {
  if (!lines[from - 1]?.trim().endsWith(":")) return from;
  return from >= 2 && lines[from - 2]!.trim() !== "" && (from < 3 || lines[from - 3]!.trim() === "") ? from - 2 : from - 1;
}

function divided(lines: readonly string[], from: number): { fresh: string; quoted: string } {
  return { fresh: lines.slice(0, from).join("\n").replace(/\s+$/, ""), quoted: lines.slice(from).join("\n") };
}

/** Whole numbers below ten, else rounded: 512 B, 1.4 KB, 12 MB. */
export function fileSize(bytes: number, format: (value: number) => string): string {
  const units = ["B", "KB", "MB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${format(value < 10 && unit > 0 ? Math.round(value * 10) / 10 : Math.round(value))} ${units[unit]}`;
}

export interface MailDraft {
  /** Sent with the answer: told twice, it goes out once. */
  key: string;
  to: string;
  subject: string;
  text: string;
  language: MailLanguage | "";
  quote: boolean;
}

const place = (contactId: string): string => `triune.mail.${contactId}`;

export function newDraft(): MailDraft {
  const key = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { key, to: "", subject: "", text: "", language: "", quote: true };
}

/** In this tab only, as long as it is open. */
export function readMailDraft(contactId: string): MailDraft {
  try {
    const stored = JSON.parse(sessionStorage.getItem(place(contactId)) ?? "null") as Partial<MailDraft> | null;
    if (stored !== null && typeof stored.key === "string") return { ...newDraft(), ...stored };
  } catch {
    // Not ours, or storage is off: an empty draft.
  }
  return newDraft();
}

export function keepMailDraft(contactId: string, draft: MailDraft): void {
  try {
    sessionStorage.setItem(place(contactId), JSON.stringify(draft));
  } catch {
    // Storage is off or full: the draft lives as long as the page.
  }
}

export function forgetMailDraft(contactId: string): void {
  sessionStorage.removeItem(place(contactId));
}
