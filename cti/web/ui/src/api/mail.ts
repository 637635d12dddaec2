// Mail on a contact: its thread, and the answer that is being written. Records of cti/web/mail_messages.py.
import { ApiError, UNREACHABLE, request } from "./client";

const ROOT = "/api/v1";
/** A file of some megabytes over a slow line. */
const FILE_LIMIT_MS = 120_000;
const SEND_LIMIT_MS = 30_000;

export interface MailFile {
  file_id: number;
  name: string;
  size: number;
}

export interface MailMessage {
  message_id: number;
  contact_id: string;
  direction: "in" | "out" | "system";
  at_ms: number;
  agent: string | null;
  address: string;
  subject: string;
  text: string;
  /** Cleaned by the server: safe to show as it is. */
  html: string;
  sending: "queued" | "sent" | "failed" | null;
  problem: string;
  files: MailFile[];
}

export type MailLanguage = "en" | "ru";

export interface MailDesk {
  account: string;
  recipients: string[];
  subject: string;
  language: string;
  answers: { id: string; title: string; text: Record<string, string> }[];
  signature: Record<string, string>;
  files: MailFile[];
}

export interface NewAnswer {
  key: string;
  to: string;
  subject: string;
  text: string;
  language: MailLanguage;
  quote: boolean;
}

const id = encodeURIComponent;
const answerOf = (assignmentId: string): string => `/assignments/${id(assignmentId)}/answer`;

export const mail = {
  thread: (contactId: string) => request<MailMessage[]>("GET", `/contacts/${id(contactId)}/messages`),
  desk: (assignmentId: string) => request<MailDesk>("GET", answerOf(assignmentId)),
  send: (assignmentId: string, answer: NewAnswer) =>
    request<MailMessage>("POST", answerOf(assignmentId), answer, SEND_LIMIT_MS),
  dropFile: (assignmentId: string, fileId: number) =>
    request<unknown>("DELETE", `${answerOf(assignmentId)}/files/${fileId}`),
  fileUrl: (contactId: string, fileId: number) => `${ROOT}/contacts/${id(contactId)}/files/${fileId}`,
  putFile,
};

async function putFile(assignmentId: string, file: File): Promise<MailFile> {
  let response: Response;
  try {
    response = await fetch(`${ROOT}${answerOf(assignmentId)}/files?name=${id(file.name.replace(/[\\/]/g, "_").slice(0, 200))}`, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Accept-Language": document.documentElement.lang, "Content-Type": file.type || "application/octet-stream" },
      body: file,
      signal: AbortSignal.timeout(FILE_LIMIT_MS),
    });
  } catch {
    throw new ApiError(0, UNREACHABLE, "");
  }
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    const problem = answer as { code?: string; sentence?: string } | null;
    throw new ApiError(response.status, problem?.code ?? `http_${response.status}`, problem?.sentence ?? "");
  }
  return answer as MailFile;
}
