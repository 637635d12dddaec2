// The public API's records as the pages see them: the mirror of cti/web/messages.py, in its order and with its names.
// All instants are Unix milliseconds by the server's clock. Nothing else in the pages describes the wire.

import type { RecordingChange } from "./recordings";
import type { ListenerView, MonitorEnded, MonitorView } from "./monitors";
import type { CampaignContact, CampaignView, LineState } from "./campaigns";
import type { LegCause } from "./calls";
import type { AskedView, Colleague, PartyMissed, PartyView } from "./transfers";

export type Medium = "voice" | "callback" | "email" | "chat" | "sms" | "fax" | "social" | "task" | "voicemail";
/** Media on which the agent talks: an offer rings his phone. All others are accepted on the page. */
export const isCall = (medium: Medium): boolean => medium === "voice" || medium === "callback";
export type Device = "sip" | "web" | "desk";
export type Readiness = "offline" | "not_ready" | "ready";
export type Role = "agent" | "supervisor" | "admin";

// -- who --------------------------------------------------------------------------------------------------------------

export interface Credentials {
  login: string;
  password: string;
}

export interface Softphone {
  ws_url: string;
  uri: string;
  auth_user: string;
  password: string;
}

export interface Choice {
  id: string;
  title: string;
}

export interface Me {
  agent_id: string;
  login: string;
  name: string;
  role: Role;
  language: string;
  project_ids: string[];
  extension: string | null;
  softphone: Softphone | null;
  reasons: Choice[];
  dispositions: Record<string, Choice[]>;
}

// -- what is going on -------------------------------------------------------------------------------------------------

export interface MyState {
  readiness: Readiness;
  reason: string | null;
  since_ms: number;
  device: Device;
  phones: Device[];
  leaving: boolean;
  /** Of his phone, when he stays connected between calls. */
  line: LineState;
  line_wanted: boolean;
  /** Why the line that he wants does not stand. */
  line_lost: LegCause | null;
  /** A colleague asks him into a talk, or he is in it. */
  asked: AskedView | null;
  /** Of a supervisor: the talk of somebody else that he is at. */
  monitoring: MonitorView | null;
}

export interface PathStep {
  menu: string;
  key: string;
  title: string;
}

export interface ContractView {
  number: string;
  kind: string;
  status: string;
  balance: string;
  ends_on: string | null;
}

export interface PastContactView {
  contact_id: string;
  medium: Medium;
  queue: string;
  arrived_ms: number;
  agent: string | null;
  disposition: string | null;
  note: string;
}

export interface DetailView {
  name: string;
  value: string;
  link: string;
  source: string;
}

export interface CardSource {
  source: string;
  name: string;
  state: CardState;
}

export interface CardView {
  customer_id: number;
  name: string;
  tier: string;
  language: string;
  phones: string[];
  emails: string[];
  contracts: ContractView[];
  past: PastContactView[];
  source: string;
  details: DetailView[];
  /** The source of what is not from `source`, by `name`, `phones.0` and so on. */
  origins: Record<string, string>;
}

export interface ContactView {
  contact_id: string;
  medium: Medium;
  project_id: string;
  project: string;
  queue_id: string;
  queue: string;
  arrived_ms: number;
  address: string;
  name: string;
  dialled: string;
  language: string;
  path: PathStep[];
  account: string;
  subject: string;
  /** An agent asked for the call: his own phone rings first. */
  outbound: boolean;
}

export type AssignmentState =
  | "offered"
  | "ringing"
  | "dialling"
  | "active"
  | "held"
  | "paused"
  | "rejoining"
  | "wrap_up";
export type CardState = "loading" | "found" | "unknown" | "unavailable";

export interface AssignmentView {
  assignment_id: string;
  state: AssignmentState;
  contact: ContactView;
  card: CardView | null;
  card_state: CardState;
  /** The centre's own base first. */
  card_sources: CardSource[];
  device: Device | null;
  muted: boolean;
  offered_ms: number;
  started_ms: number | null;
  held_since_ms: number | null;
  until_ms: number | null;
  wait_ms: number;
  /** Why the customer was not reached. */
  missed: LegCause | null;
  /** The project's disposition for that. */
  suggested: string | null;
  /** A campaign's lead to be looked at until `until_ms`: accepted it is called, rejected it is skipped. */
  preview: boolean;
  campaign: CampaignContact | null;
  /** Who was asked into the talk. */
  parties: PartyView[];
  /** Supervisors who listen or coach, as far as the agent is told. */
  monitored: ListenerView[];
  /** In wrap-up, and the talk goes on with somebody else. */
  handed_over: boolean;
}

export interface QueueView {
  queue_id: string;
  queue: string;
  project_id: string;
  waiting: number;
  waiting_by_medium: Partial<Record<Medium, number>>;
  oldest_arrived_ms: number | null;
  ready: number;
  service_level_ms: number;
  /** How long somebody would wait who came now; null while it cannot be told well enough. */
  expected_wait_ms: number | null;
}

export type Activity = "idle" | "offered" | "talking" | "held" | "rejoining" | "wrap_up";

export interface AgentView {
  agent_id: string;
  name: string;
  extension: string | null;
  project_ids: string[];
  readiness: Readiness;
  reason: string | null;
  since_ms: number;
  activity: Activity | null;
  queue: string | null;
  activity_since_ms: number | null;
  device: Device | null;
  line: LineState;
  /** The contact to whose talk one can listen there. */
  talk: string | null;
  /** Supervisors who are at it, or are rung for it. */
  listeners: ListenerView[];
}

// -- WebSocket --------------------------------------------------------------------------------------------------------

/** A desk phone, and who has logged in there; nobody, or somebody of other projects: null. */
export interface DeskView {
  desk: string;
  name: string;
  reached: boolean;
  agent_id: string | null;
  person: string | null;
  since_ms: number | null;
}

export interface Refusing {
  since_ms: number;
  reason: string;
}

export interface Snapshot {
  type: "snapshot";
  now_ms: number;
  me: Me;
  state: MyState | null;
  assignments: AssignmentView[];
  queues: QueueView[];
  agents: AgentView[];
  /** Everybody with a phone in his projects, he too. */
  colleagues: Colleague[];
  switch_up: boolean;
  /** New calls are refused at the entry; null or missing when they are taken. */
  refusing?: Refusing | null;
  campaigns: CampaignView[];
}

export type Change =
  | { kind: "state"; state: MyState }
  | { kind: "assignment"; assignment: AssignmentView }
  | { kind: "assignment_gone"; assignment_id: string; outcome: string }
  | { kind: "queues"; queues: QueueView[] }
  | { kind: "agents"; agents: AgentView[] }
  | { kind: "campaigns"; campaigns: CampaignView[] }
  | { kind: "colleagues"; colleagues: Colleague[] }
  | PartyMissed
  | MonitorEnded
  | { kind: "me"; me: Me }
  | { kind: "switch"; up: boolean }
  | { kind: "refusing"; refusing: Refusing | null }
  | { kind: "mail"; contact_id: string }
  | { kind: "parked" }
  | RecordingChange
  | ChatChange;

export interface Delta {
  type: "delta";
  n: number;
  now_ms: number;
  change: Change;
}

export type ServerMessage = Snapshot | Delta;

export interface Shown {
  type: "shown";
  assignment_id: string;
}

export interface ChatTypes {
  type: "chat_typing";
  contact_id: string;
}

export interface ChatWatch {
  type: "chat_watch";
  contact_id: string | null;
}

export type Said = Shown | ChatTypes | ChatWatch;

// -- chats ------------------------------------------------------------------------------------------------------------

export type ChatPhase = "waiting" | "active" | "ended";
/** away: his page is closed or cut off, and he may come back */
export type ChatPresence = "here" | "away" | "left";

export interface ChatLine {
  /** Grows within a chat. */
  id: number;
  at_ms: number;
  side: "visitor" | "agent" | "note";
  /** Plain text; of a note its code. */
  text: string;
  agent: string | null;
  client_id: string | null;
  delivered: boolean;
}

export interface ChatAnswer {
  id: string;
  title: string;
  text: string;
}

export interface ChatView {
  contact_id: string;
  phase: ChatPhase;
  presence: ChatPresence;
  lines: ChatLine[];
  page: string;
  first_response_ms: number | null;
  rating: number | null;
  may_write: boolean;
  answers: ChatAnswer[];
}

export type ChatChange =
  | { kind: "chat_line"; contact_id: string; line: ChatLine }
  | {
      kind: "chat_stands";
      contact_id: string;
      phase: ChatPhase;
      presence: ChatPresence;
      first_response_ms: number | null;
      rating: number | null;
    }
  | { kind: "chat_typing"; contact_id: string; side: "visitor" | "agent" };

// -- acts -------------------------------------------------------------------------------------------------------------

export interface Finish {
  disposition: string;
  note: string;
}

export interface NewContact {
  medium: Medium;
  queue_id: string;
  address: string;
  name: string;
  language: string;
  subject: string;
}

export interface ContactCreated {
  contact_id: string;
}

export interface HistoryRow {
  contact_id: string;
  medium: Medium;
  project_id: string;
  queue: string;
  arrived_ms: number;
  answered_ms: number | null;
  ended_ms: number | null;
  closed_ms: number | null;
  wait_ms: number | null;
  talk_ms: number | null;
  hold_ms: number | null;
  wrap_up_ms: number | null;
  agent: string | null;
  customer: string | null;
  address: string;
  disposition: string | null;
  disposition_title: string | null;
  note: string;
  outbound: boolean;
  missed: LegCause | null;
  dialled_ms: number | null;
}

export interface ContactRow extends HistoryRow {
  priority: number | null;
  can_take_back: boolean;
}

export interface Problem {
  code: string;
  sentence: string;
}

// -- further acts and answers -----------------------------------------------------------------------------------------

export interface NewPassword {
  old: string;
  new: string;
}

export interface SignedOut {
  left: boolean;
}

export interface NotReadyWish {
  reason: string | null;
}

export interface ContactStory {
  row: HistoryRow;
  contact: ContactView | null;
  card: CardView | null;
}

// -- administration ---------------------------------------------------------------------------------------------------

export interface SkillView {
  skill_id: string;
  level: number;
}

export interface PersonView {
  agent_id: string;
  login: string;
  name: string;
  role: Role;
  project_ids: string[];
  extension: string | null;
  language: string;
  skills: SkillView[];
  active: boolean;
  site_id: string | null;
  /** null: the centre's default. */
  capacity: string | null;
}

export interface NewPerson {
  login: string;
  password: string;
  name: string;
  role: Role;
  project_ids: string[];
  extension: string | null;
  language: string;
  skills: SkillView[];
  site_id: string | null;
  capacity: string | null;
}

export interface PersonChange {
  name?: string;
  role?: Role;
  project_ids?: string[];
  extension?: string | null;
  language?: string;
  skills?: SkillView[];
  active?: boolean;
  site_id?: string | null;
  capacity?: string | null;
}

export interface CodeView {
  id: string;
  title_en: string;
  title_ru: string;
  active: boolean;
}

export interface CodeChange {
  title_en?: string;
  title_ru?: string;
  active?: boolean;
}

export interface ProjectView {
  id: string;
  title: string;
}

export interface DeedView {
  at_ms: number;
  actor: string;
  action: string;
  /** The action in the reader's language. */
  title: string;
  subject: string;
  detail: string;
  /** The detail in the reader's language. */
  told: string;
}

// -- why: the mirror of cti/web/why_messages.py -----------------------------------------------------------------------

export interface TermView {
  key: string;
  title: string;
  ms: number;
}

export interface CandidateView {
  agent_id: string;
  name: string;
  chosen: boolean;
  preferred: boolean;
  obstacle: string | null;
  obstacle_title: string;
  ring: number | null;
  fit: number | null;
  load_percent: number;
  idle_ms: number | null;
}

export interface OfferView {
  number: number;
  at_ms: number;
  agent: string;
  waited_ms: number;
  answered: boolean;
  outcome: string | null;
  sentences: string[];
  changes: string[];
  terms: TermView[];
  score_ms: number;
  strict: boolean;
  candidates: CandidateView[];
  members: number;
}

export interface WhyStory {
  contact_id: string;
  title: string;
  medium: Medium;
  arrived_ms: number;
  offers: OfferView[];
  passed_by: string;
  missed: string[];
  waits: string[];
}
