// Whom a talk can be given to, as rows of one list: people, places, a number typed. Pure; `parts/Transfer.svelte` shows it.
import type { Asked, Colleague, PartyView, Places, Standing, Whither } from "../api/transfers";

/** Why an act is not to be had: a person's standing, or somebody who is in the talk already. */
export type Obstacle = Exclude<Standing, "ready" | "off_duty"> | "party_there";

export interface Row {
  key: string;
  kind: Whither["kind"];
  title: string;
  colleague: Colleague | null;
  /** null: nobody who could be asked. */
  ask: Asked | null;
  to: Whither;
  noAsk: Obstacle | null;
  noHandOver: Obstacle | null;
}

const FEWEST_DIGITS = 5;
const NAMES = new Intl.Collator();
const ORDER: Record<Standing, number> = { ready: 0, not_ready: 1, off_duty: 2, busy: 3, unreachable: 4 };

/** Whether what was typed can be meant as a number to ring; the server judges which it may be. */
export function looksLikeNumber(typed: string): boolean {
  return /^\+?[0-9 ()./-]+$/.test(typed.trim()) && typed.replace(/\D/g, "").length >= FEWEST_DIGITS;
}

/** Colleagues without the person himself, those who can be asked first. */
export function others(colleagues: readonly Colleague[], me: string): Colleague[] {
  return colleagues
    .filter((each) => each.agent_id !== me)
    .sort((a, b) => ORDER[a.standing] - ORDER[b.standing] || NAMES.compare(a.name, b.name));
}

/** Those whose name, or extension from its beginning, fits what was typed. */
export function fitting(colleagues: readonly Colleague[], typed: string): Colleague[] {
  const words = typed.trim().toLowerCase();
  return colleagues.filter((each) => each.name.toLowerCase().includes(words) || each.extension.startsWith(words));
}

/** Why this colleague cannot be rung now; null when he can. */
export function obstacle(colleague: Colleague): Obstacle | null {
  return colleague.standing === "busy" || colleague.standing === "unreachable" ? colleague.standing : null;
}

/** Somebody asked who is not in the talk (yet): one at a time. */
export function outside(parties: readonly PartyView[]): PartyView | null {
  return parties.find((each) => each.state === "ringing" || each.state === "aside" || each.state === "left") ?? null;
}

export function rowsOf(
  typed: string,
  given: { colleagues: readonly Colleague[]; me: string; places: Places | null; parties: readonly PartyView[] },
): Row[] {
  const words = typed.trim().toLowerCase();
  const there = given.parties.length > 0 ? "party_there" : null;
  const aside = outside(given.parties) !== null ? "party_there" : null;
  const rows: Row[] = [];
  if (looksLikeNumber(typed)) {
    const to = { kind: "number", number: typed.trim() } as const;
    rows.push({ key: "number", kind: "number", title: typed.trim(), colleague: null, ask: to, to, noAsk: aside, noHandOver: there });
  }
  for (const each of others(fitting(given.colleagues, typed), given.me)) {
    const to = { kind: "agent", agent_id: each.agent_id } as const;
    const no = obstacle(each);
    rows.push({
      key: `agent ${each.agent_id}`,
      kind: "agent",
      title: each.name,
      colleague: each,
      ask: to,
      to,
      noAsk: no ?? aside,
      noHandOver: no ?? there ?? (each.standing === "not_ready" ? "not_ready" : null),
    });
  }
  for (const each of given.places?.queues ?? []) {
    if (!each.title.toLowerCase().includes(words)) continue;
    const to = { kind: "queue", queue_id: each.id } as const;
    rows.push({ key: `queue ${each.id}`, kind: "queue", title: each.title, colleague: null, ask: null, to, noAsk: null, noHandOver: there });
  }
  for (const each of given.places?.destinations ?? []) {
    if (!each.title.toLowerCase().includes(words)) continue;
    const to = { kind: "destination", destination: each.id } as const;
    rows.push({ key: `destination ${each.id}`, kind: "destination", title: each.title, colleague: null, ask: null, to, noAsk: null, noHandOver: there });
  }
  return rows;
}

/** What Enter does on this row, with or without Shift; null: nothing, and why. */
export function entered(row: Row, shift: boolean): { act: "ask" | "hand_over" } | { act: null; why: Obstacle | null } {
  const asks = row.ask !== null && !shift;
  const why = asks ? row.noAsk : row.noHandOver;
  return why === null ? { act: asks ? "ask" : "hand_over" } : { act: null, why };
}
