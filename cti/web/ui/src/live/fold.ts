// What this person's desk looks like, folded from the server's messages. Pure: no socket, no clock, no page.
// `live/desk.svelte.ts` feeds it; tests feed it by hand.
import type { CampaignView } from "../api/campaigns";
import type { MonitorEnded } from "../api/monitors";
import type { Colleague, PartyMissed } from "../api/transfers";
import type {
  AgentView,
  AssignmentView,
  Change,
  Me,
  MyState,
  QueueView,
  Refusing,
  ServerMessage,
} from "../api/types";

export interface Live {
  /** Number of the last delta taken; 0 right after a snapshot. */
  n: number;
  nowMs: number;
  me: Me;
  state: MyState | null;
  assignments: readonly AssignmentView[];
  queues: readonly QueueView[];
  agents: readonly AgentView[];
  /** He himself is one of them. */
  colleagues: readonly Colleague[];
  switchUp: boolean;
  /** New calls are refused at the entry. */
  refusing: Refusing | null;
  /** Supervisors' only. */
  campaigns: readonly CampaignView[];
  /** The last assignment that left, with the reason, to be told to the person. */
  gone: { assignmentId: string; outcome: string; contactName: string; outbound: boolean } | null;
  /** Whoever was asked into a talk, and is not there (any more): the last one, to be told to the person. */
  missed: PartyMissed | null;
  /** Why this supervisor is at a talk no more: the last time, to be told to him. */
  monitorEnded: MonitorEnded | null;
}

/** The desk after this message; "hole" when a delta is missing before it, and nothing may be trusted any more. */
export function fold(live: Live | null, message: ServerMessage): Live | "hole" {
  if (message.type === "snapshot") {
    return {
      n: 0,
      nowMs: message.now_ms,
      me: message.me,
      state: message.state,
      assignments: message.assignments,
      queues: message.queues,
      agents: message.agents,
      colleagues: message.colleagues,
      switchUp: message.switch_up,
      refusing: message.refusing ?? null,
      campaigns: message.campaigns,
      gone: null,
      missed: null,
      monitorEnded: null,
    };
  }
  if (live === null || message.n !== live.n + 1) return "hole";
  return { ...changed(live, message.change), n: message.n, nowMs: message.now_ms };
}

function changed(live: Live, change: Change): Live {
  switch (change.kind) {
    case "state":
      return { ...live, state: change.state };
    case "assignment":
      return { ...live, assignments: replaced(live.assignments, [change.assignment], (each) => each.assignment_id) };
    case "assignment_gone": {
      const left = live.assignments.find((each) => each.assignment_id === change.assignment_id);
      return {
        ...live,
        assignments: live.assignments.filter((each) => each.assignment_id !== change.assignment_id),
        gone: {
          assignmentId: change.assignment_id,
          outcome: change.outcome,
          outbound: left?.contact.outbound ?? false,
          contactName: left?.card?.name || left?.contact.name || left?.contact.address || "",
        },
      };
    }
    case "queues":
      return { ...live, queues: replaced(live.queues, change.queues, (each) => each.queue_id) };
    case "agents":
      return { ...live, agents: replaced(live.agents, change.agents, (each) => each.agent_id) };
    case "campaigns":
      return { ...live, campaigns: replaced(live.campaigns, change.campaigns, (each) => each.campaign_id) };
    case "colleagues":
      return { ...live, colleagues: replaced(live.colleagues, change.colleagues, (each) => each.agent_id) };
    case "party_ended":
      return { ...live, missed: change };
    case "monitor_ended":
      return { ...live, monitorEnded: change };
    case "me":
      return { ...live, me: change.me };
    case "switch":
      return { ...live, switchUp: change.up };
    case "refusing":
      return { ...live, refusing: change.refusing };
    case "parked":
      // Read anew: `live/parked.svelte.ts`.
      return live;
    case "mail":
      // Its panel reads the thread: `live/mails.svelte.ts`.
      return live;
    case "recording":
      // Kept by itself: `live/recordings.svelte.ts`.
      return live;
    case "chat_line":
    case "chat_stands":
    case "chat_typing":
      // Chats are folded by themselves: `live/chat.ts`.
      return live;
    default:
      // A kind of a newer server: its number counts, its content waits for the next load of the page.
      change satisfies never;
      return live;
  }
}

/** `old` with the `fresh` ones in their places, new ones at the end. */
function replaced<T>(old: readonly T[], fresh: readonly T[], key: (each: T) => string): T[] {
  const byKey = new Map(fresh.map((each) => [key(each), each]));
  const kept = old.map((each) => {
    const found = byKey.get(key(each));
    byKey.delete(key(each));
    return found ?? each;
  });
  return [...kept, ...byKey.values()];
}
