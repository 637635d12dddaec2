// Every request to /api/v1. Errors come back as `ApiError` with the server's own sentence; a request that reached no
// server has the code `unreachable`. Knows nothing of pages.
import type {
  ChatLine,
  ChatView,
  Choice,
  CodeChange,
  CodeView,
  ContactCreated,
  ContactRow,
  ContactStory,
  Credentials,
  DeskView,
  DeedView,
  Device,
  Finish,
  HistoryRow,
  Me,
  NewContact,
  NewPerson,
  PersonChange,
  PersonView,
  Problem,
  ProjectView,
  SignedOut,
  WhyStory,
} from "./types";

const ROOT = "/api/v1";
const LIMIT_MS = 10_000;
/** A long journal takes a while to read. */
const WHY_LIMIT_MS = 20_000;

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly sentence: string,
  ) {
    super(sentence);
  }
}

/** No server answered: the network or the engine is away. */
export const UNREACHABLE = "unreachable";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export async function request<T>(method: Method, path: string, body?: unknown, limitMs = LIMIT_MS): Promise<T> {
  let response: Response;
  try {
    response = await fetch(ROOT + path, {
      method,
      credentials: "same-origin",
      headers: {
        "Accept-Language": document.documentElement.lang,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(limitMs),
    });
  } catch {
    throw new ApiError(0, UNREACHABLE, "");
  }
  const text = await response.text().catch(() => "");
  const answer = parsed(text);
  if (!response.ok) {
    const problem = isProblem(answer) ? answer : { code: `http_${response.status}`, sentence: "" };
    throw new ApiError(response.status, problem.code, problem.sentence);
  }
  return answer as T;
}

function parsed(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isProblem(answer: unknown): answer is Problem {
  return (
    typeof answer === "object" && answer !== null && typeof (answer as Partial<Problem>).sentence === "string"
  );
}

const id = encodeURIComponent;
const of = (assignmentId: string): string => `/assignments/${id(assignmentId)}`;

export const session = {
  read: () => request<Me>("GET", "/session"),
  signIn: (credentials: Credentials) => request<Me>("POST", "/session", credentials),
  signOut: () => request<SignedOut>("DELETE", "/session"),
  byLink: (token: string) => request<Me>("POST", "/session/link", { token }),
  setLanguage: (language: string) => request<unknown>("POST", "/session/language", { language }),
  setPassword: (old: string, fresh: string) => request<unknown>("POST", "/session/password", { old, new: fresh }),
};

export const agent = {
  setReadiness: (ready: boolean, reason: string | null) =>
    request<unknown>("POST", "/agent/readiness", { ready, reason }),
  desks: () => request<DeskView[]>("GET", "/desks"),
  sitDown: (desk: string) => request<unknown>("POST", "/agent/desk", { desk }),
  getUp: () => request<unknown>("DELETE", "/agent/desk"),
  choosePin: (pin: string) => request<unknown>("PUT", "/agent/pin", { pin }),
  setDevice: (device: Device) => request<unknown>("POST", "/agent/device", { device }),
};

export const assignment = {
  shown: (assignmentId: string) => request<unknown>("POST", `${of(assignmentId)}/shown`),
  accept: (assignmentId: string) => request<unknown>("POST", `${of(assignmentId)}/accept`),
  reject: (assignmentId: string) => request<unknown>("POST", `${of(assignmentId)}/reject`),
  hold: (assignmentId: string) => request<unknown>("POST", `${of(assignmentId)}/hold`),
  resume: (assignmentId: string) => request<unknown>("POST", `${of(assignmentId)}/resume`),
  rejoin: (assignmentId: string) => request<unknown>("POST", `${of(assignmentId)}/rejoin`),
  hangUp: (assignmentId: string) => request<unknown>("POST", `${of(assignmentId)}/hangup`),
  mute: (assignmentId: string, muted: boolean) => request<unknown>("POST", `${of(assignmentId)}/mute`, { muted }),
  digits: (assignmentId: string, digits: string) =>
    request<unknown>("POST", `${of(assignmentId)}/digits`, { digits }),
  finish: (assignmentId: string, result: Finish) => request<unknown>("POST", `${of(assignmentId)}/finish`, result),
};

export const contacts = {
  history: (limit: number) => request<HistoryRow[]>("GET", `/history?limit=${limit}`),
  read: (contactId: string) => request<ContactStory>("GET", `/contacts/${id(contactId)}`),
  newest: (limit: number) => request<ContactRow[]>("GET", `/contacts?limit=${limit}`),
  setPriority: (contactId: string, priority: number) =>
    request<unknown>("POST", `/contacts/${id(contactId)}/priority`, { priority }),
  move: (contactId: string, queueId: string) =>
    request<unknown>("POST", `/contacts/${id(contactId)}/queue`, { queue_id: queueId }),
  takeBack: (contactId: string) => request<unknown>("POST", `/contacts/${id(contactId)}/take-back`),
  why: (contactId: string) => request<WhyStory>("GET", `/contacts/${id(contactId)}/why`, undefined, WHY_LIMIT_MS),
  create: (contact: NewContact) => request<ContactCreated>("POST", "/contacts", contact),
};

export const chats = {
  read: (contactId: string) => request<ChatView>("GET", `/chats/${id(contactId)}`),
  say: (contactId: string, clientId: string, text: string) =>
    request<ChatLine>("POST", `/chats/${id(contactId)}/messages`, { client_id: clientId, text }),
};

export const team = {
  setNotReady: (agentId: string) => request<unknown>("POST", `/agents/${id(agentId)}/not-ready`, { reason: null }),
  setReady: (agentId: string) => request<unknown>("POST", `/agents/${id(agentId)}/ready`),
  signOut: (agentId: string) => request<unknown>("POST", `/agents/${id(agentId)}/sign-out`),
};

/** Of a project: "dispositions", or "reasons" not to be ready. */
export type CodeKind = "dispositions" | "reasons";

const codesOf = (projectId: string, kind: CodeKind): string => `/projects/${id(projectId)}/${kind}`;

export const admin = {
  people: () => request<PersonView[]>("GET", "/people"),
  addPerson: (person: NewPerson) => request<PersonView>("POST", "/people", person),
  changePerson: (agentId: string, change: PersonChange) =>
    request<PersonView>("PATCH", `/people/${id(agentId)}`, change),
  resetPassword: (agentId: string, password: string) =>
    request<unknown>("POST", `/people/${id(agentId)}/password`, { password }),
  givePin: (agentId: string, pin: string) => request<unknown>("PUT", `/people/${id(agentId)}/pin`, { pin }),
  projects: () => request<ProjectView[]>("GET", "/projects"),
  skills: () => request<Choice[]>("GET", "/skills"),
  sites: () => request<Choice[]>("GET", "/sites"),
  capacities: () => request<Choice[]>("GET", "/capacities"),
  codes: (projectId: string, kind: CodeKind) => request<CodeView[]>("GET", codesOf(projectId, kind)),
  addCode: (projectId: string, kind: CodeKind, code: CodeView) =>
    request<CodeView>("POST", codesOf(projectId, kind), code),
  changeCode: (projectId: string, kind: CodeKind, codeId: string, change: CodeChange) =>
    request<CodeView>("PATCH", `${codesOf(projectId, kind)}/${id(codeId)}`, change),
  deleteCode: (projectId: string, kind: CodeKind, codeId: string) =>
    request<unknown>("DELETE", `${codesOf(projectId, kind)}/${id(codeId)}`),
  audit: () => request<DeedView[]>("GET", "/audit"),
};
