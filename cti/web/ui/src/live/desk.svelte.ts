// The one desk of this page: who is signed in, what the server says is going on, and the browser's phone. Folds the
// server's messages, confirms pops, joins the phone's call with its assignment, and carries out the person's acts.
// The parts of the page read from here and call its acts; nothing here knows how they look.
import { flushSync } from "svelte";

import { campaigns } from "../api/campaigns";
import { ApiError, UNREACHABLE, agent, assignment as acts, session } from "../api/client";
import { Events } from "../api/events";
import { monitors, type MonitorMode } from "../api/monitors";
import { parking } from "../api/parked";
import { transfers, type Asked, type Whither } from "../api/transfers";
import { isCall, type AssignmentView, type Device, type Finish, type Me, type Said, type ServerMessage } from "../api/types";
import { locale, t, type Language } from "../i18n/i18n.svelte";
import { Ring } from "../phone/ring";
import { Softphone } from "../phone/softphone.svelte";
import { Attention } from "./attention";
import { isChat } from "./chat";
import { chats } from "./chats.svelte";
import { clock } from "./clock.svelte";
import { forgetDraft } from "./drafts";
import { fold, type Live } from "./fold";
import { mails } from "./mails.svelte";
import { parked } from "./parked.svelte";
import { strangerWord } from "./naming";
import { notices } from "./notices.svelte";
import { recordings } from "./recordings.svelte";

/** off: nobody is signed in · connecting: no snapshot yet · live · lost: what is shown may be old */
export type Link = "off" | "connecting" | "live" | "lost";

const SIGNED_OUT = 4401;
/** The tab may be hidden while it waits for its frame. */
const FRAME_LIMIT_MS = 80;

class Desk {
  /** undefined: not known yet; null: nobody is signed in. */
  me = $state.raw<Me | null | undefined>(undefined);
  live = $state.raw<Live | null>(null);
  link = $state<Link>("off");
  soundBlocked = $state(false);
  /** The assignment whose call is to be answered as soon as it rings here. */
  answering = $state<string | null>(null);
  /** Acts under way, as `<assignment id>:<act>`. */
  busy = $state<string[]>([]);
  /** Grows when a contact was closed: the history reads itself again. */
  closed = $state(0);

  phone = new Softphone(() => this.#attend());
  #ring = new Ring((blocked) => (this.soundBlocked = blocked));
  #attention = new Attention();
  #events = new Events({
    received: (message) => this.#received(message),
    lost: (code, wasOpen) => void this.#lost(code, wasOpen),
  });
  #shown = new Set<string>();
  #leaving = false;

  // -- signing in and out ---------------------------------------------------------------------------------------------

  /** Is someone signed in already? To be called once, at the start of the page. */
  async begin(): Promise<void> {
    for (const kind of ["pointerdown", "keydown"]) {
      document.addEventListener(kind, () => this.#ring.unlock(), { capture: true });
    }
    chats.heard = () => this.ping();
    window.addEventListener("pagehide", () => this.phone.leave());
    try {
      this.enter(await session.read());
    } catch (error) {
      this.me = null;
      if (!(error instanceof ApiError && error.status === 401)) notices.failed(error);
    }
  }

  enter(me: Me): void {
    this.me = me;
    this.#spoken = me.language;
    locale.suggest(me.language);
    this.#speak();
    this.connect();
  }

  /** The words of the pages at once; those of the server, its queues and results, follow. */
  chooseLanguage(language: Language): void {
    locale.choose(language);
    this.#speak();
  }

  /** What the server was last asked to speak: it is heard of in `me` only when the page has connected again. */
  #spoken: string | null = null;

  #speak(): void {
    const language = locale.chosen;
    if (!this.me || language === null || language === this.#spoken) return;
    this.#spoken = language;
    session.setLanguage(language).catch((error: unknown) => {
      this.#spoken = null;
      notices.failed(error);
    });
  }

  connect(): void {
    this.link = "connecting";
    this.#events.start();
  }

  /** With a contact in hand the server lets him finish it first; then this page signs out by itself. */
  async signOut(): Promise<void> {
    try {
      const { left } = await session.signOut();
      if (!left) {
        this.#leaving = true;
        return;
      }
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) {
        notices.failed(error);
        return;
      }
    }
    this.#leave();
  }

  #leave(): void {
    this.#leaving = false;
    this.#events.stop();
    this.phone.stop();
    this.me = null;
    this.live = null;
    this.link = "off";
    this.answering = null;
    this.#attend();
  }

  // -- what the server says -------------------------------------------------------------------------------------------

  #received(message: ServerMessage): void {
    const next = fold(this.live, message);
    if (next === "hole") {
      this.#events.again();
      return;
    }
    const before = this.live;
    clock.align(message.now_ms);
    this.live = next;
    this.me = next.me;
    this.link = "live";
    if (message.type === "snapshot") {
      this.#shown.clear();
      if (next.me.softphone) void this.phone.start(next.me.softphone);
    }
    if (message.type === "snapshot") {
      chats.meet(next.assignments);
      mails.noteAll();
      void parked.read();
      recordings.noteAll();
    } else if (isChat(message.change)) chats.take(message.change);
    else if (message.change.kind === "parked") void parked.read();
    else if (message.change.kind === "recording") recordings.take(message.change);
    else if (message.change.kind === "mail") mails.note(message.change.contact_id);
    else if (message.change.kind === "assignment") chats.meet([message.change.assignment]);
    if (next.gone !== null && next.gone !== before?.gone) this.#went(next.gone);
    if (next.missed !== null && next.missed !== before?.missed) notices.say(t("party.missed", { name: next.missed.name, why: next.missed.sentence }), "bad");
    if (next.monitorEnded !== null && next.monitorEnded !== before?.monitorEnded) notices.say(next.monitorEnded.sentence, "bad");
    this.#putThrough(before, next);
    this.#attend();
    void this.#confirm(next.assignments);
    if (this.#leaving && next.assignments.length === 0) void this.signOut();
  }

  /** A campaign's callee is on the line without a ring: a short sound and his name, since he is speaking already. */
  #putThrough(before: Live | null, now: Live): void {
    const known = new Set(before?.assignments.map((each) => each.assignment_id));
    const fresh = now.assignments.find(
      (each) => each.campaign !== null && each.state === "active" && !known.has(each.assignment_id),
    );
    if (before === null || fresh === undefined) return;
    this.#ring.ping();
    notices.say(t("campaign.put_through", { name: nameOf(fresh) }), "good");
  }

  async #lost(code: number, wasOpen: boolean): Promise<void> {
    if (this.link === "off") return;
    this.link = "lost";
    if (code !== SIGNED_OUT && wasOpen) return;
    // The socket was refused: a browser does not say why, so ask whether we are still signed in.
    try {
      await session.read();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.#leave();
        notices.say(t("session.ended"), "bad");
      }
    }
  }

  #went(gone: { assignmentId: string; outcome: string; contactName: string; outbound: boolean }): void {
    const name = gone.contactName;
    if (this.answering === gone.assignmentId) this.answering = null;
    if (gone.outcome === "closed") {
      this.closed += 1;
      forgetDraft(gone.assignmentId);
      chats.tidy(this.live?.assignments ?? []);
    } else if (gone.outbound && ["timed_out", "failed", "rejected"].includes(gone.outcome)) {
      notices.say(t("gone.not_picked_up", { name }), "bad");
    } else if (gone.outbound && gone.outcome === "rescinded") {
      notices.say(t("gone.withdrawn", { name }));
    } else if (gone.outcome === "timed_out") notices.say(t("gone.timed_out", { name }), "bad");
    else if (gone.outcome === "rescinded") notices.say(t("gone.rescinded", { name }));
    else if (gone.outcome === "failed") notices.say(t("gone.failed", { name }), "bad");
    else if (gone.outcome === "agent_lost") notices.say(t("gone.agent_lost", { name }), "bad");
    else if (gone.outcome === "not_reached") notices.say(t("gone.not_reached", { name }));
    else if (gone.outcome === "taken_back") notices.say(t("gone.taken_back", { name }), "bad");
  }

  /** Tell the server which cards have been painted: the ring waits for it. */
  async #confirm(assignments: readonly AssignmentView[]): Promise<void> {
    // A card that is still looked up is no card yet; the server lets the ring go in time when the look-up is slow. A
    // CRM outside is waited for by nobody: what it knows is filled in.
    const fresh = assignments.filter(
      (each) => each.state === "offered" && isDrawable(each) && !this.#shown.has(each.assignment_id),
    );
    if (fresh.length === 0) return;
    for (const each of fresh) this.#shown.add(each.assignment_id);
    flushSync();
    // A hidden tab paints nothing and gets no frames: there the card stands in the page, and that must do.
    if (document.visibilityState === "visible") {
      await new Promise((painted) => {
        requestAnimationFrame(painted);
        setTimeout(painted, FRAME_LIMIT_MS);
      });
    }
    for (const { assignment_id } of fresh) {
      if (!this.#events.send({ type: "shown", assignment_id })) {
        acts.shown(assignment_id).catch(() => undefined);
      }
    }
  }

  // -- the phone and its assignment -----------------------------------------------------------------------------------

  /** The voice assignment that the browser's phone belongs to, if any. */
  get call(): AssignmentView | null {
    return (
      this.live?.assignments.find(
        (each) => isCall(each.contact.medium) && each.device !== "sip" && each.state !== "wrap_up",
      ) ?? null
    );
  }

  /** Bring phone, sound and the title of the page in line with what is going on; called after every change of it. */
  #attend(): void {
    const call = this.call;
    const line = this.live?.state;
    const wished = line?.line === "ringing" || line?.monitoring?.state === "ringing";
    if (this.phone.call?.state === "ringing" && call === null && wished && line?.device === "web") {
      // He asked for it a moment ago: picked up by itself.
      if (this.phone.microphone === null) void this.phone.answer();
    } else if (this.phone.call?.state === "ringing") {
      const wanted = call !== null && (call.state === "rejoining" || call.assignment_id === this.answering);
      if (wanted && this.phone.microphone === null) {
        if (call.state === "rejoining") this.phone.muted = call.muted;
        void this.phone.answer();
      }
    }
    if (this.phone.call?.state === "talking" || this.phone.microphone !== null) this.answering = null;
    const offers =
      this.live?.assignments.filter(
        (each) => (each.state === "offered" || each.state === "ringing") && (!each.contact.outbound || each.preview),
      ) ?? [];
    const other = offers.some((each) => !isCall(each.contact.medium) || each.preview);
    const own = (call !== null && call.contact.outbound && call.assignment_id === this.answering) || line?.monitoring?.state === "ringing";
    this.#ring.play(this.phone.call?.state === "ringing" && !own ? "ring" : other ? "chime" : null);
    const first = offers[0];
    const asked = line?.asked?.state === "ringing" || line?.asked?.state === "called" ? line.asked : null;
    this.#attention.call(
      first
        ? { id: first.assignment_id, who: nameOf(first), what: t("attention.body", { queue: first.contact.queue }) }
        : asked
          ? { id: asked.leg_id, who: asked.by || asked.name || asked.address, what: t("attention.asked", { queue: asked.queue }) }
          : null,
    );
  }

  // -- acts -----------------------------------------------------------------------------------------------------------

  /** Why nothing can be done now, as a sentence; null when all can. */
  get stopped(): string | null {
    return this.link === "live" ? null : t("connection.acts_wait");
  }

  async setReady(): Promise<void> {
    this.#attention.askPermission();
    if (this.live?.state?.device === "web") void this.phone.askForMicrophone();
    await this.#act("me:ready", () => agent.setReadiness(true, null));
  }

  async setNotReady(reason: string | null): Promise<void> {
    await this.#act("me:ready", () => agent.setReadiness(false, reason));
  }

  /** Have the phone rung once and kept up between calls, or no longer. */
  async stayConnected(wanted: boolean): Promise<void> {
    this.#attention.askPermission();
    if (wanted && this.live?.state?.device === "web") void this.phone.askForMicrophone();
    await this.#act("me:line", () => campaigns.stayConnected(wanted));
  }

  /** Be rung at this desk phone; null: leave the one where he sits. Whether it was done. */
  async sit(key: string | null): Promise<boolean> {
    return this.#act("me:device", () => (key === null ? agent.getUp() : agent.sitDown(key)));
  }

  async setDevice(device: Device): Promise<void> {
    if (device === "web") void this.phone.askForMicrophone();
    await this.#act("me:device", () => agent.setDevice(device));
  }

  /** A call on the browser's phone: pick up, now or as soon as it rings. Anything without a phone: accept. */
  async answer(view: AssignmentView): Promise<void> {
    if (!isCall(view.contact.medium) || view.preview) {
      await this.#act(`${view.assignment_id}:answer`, () => acts.accept(view.assignment_id));
      return;
    }
    this.phone.microphone = null;
    this.answering = view.assignment_id;
    this.#attend();
  }

  /** The person asked for this call himself: his own phone on this page is picked up as soon as it rings. */
  pickUp(assignmentId: string): void {
    if (this.live?.state?.device !== "web") return;
    this.phone.microphone = null;
    this.answering = assignmentId;
    this.#attend();
  }

  /** The microphone is plugged in or permitted now: pick up what rings, else ask the browser again. */
  async tryMicrophone(): Promise<void> {
    const call = this.call;
    if (this.phone.call?.state === "ringing" && call !== null) await this.answer(call);
    else if (this.phone.call?.state === "ringing" && this.live?.state?.asked) await this.phone.answer();
    else await this.phone.askForMicrophone();
  }

  /** A talk on the browser's phone whose sound another page holds, or none: this one was opened anew, and knows. */
  get lacksSound(): boolean {
    const call = this.call;
    const talking = call !== null && call.device === "web" && (call.state === "active" || call.state === "held");
    return talking && this.link === "live" && this.phone.call === null;
  }

  async reject(view: AssignmentView): Promise<void> {
    if (this.answering === view.assignment_id) this.answering = null;
    await this.#act(`${view.assignment_id}:reject`, () => acts.reject(view.assignment_id));
  }

  async hold(view: AssignmentView): Promise<void> {
    const id = view.assignment_id;
    await this.#act(`${id}:hold`, () => (view.state === "held" ? acts.resume(id) : acts.hold(id)));
  }

  isMuted(view: AssignmentView): boolean {
    return view.muted || (view.device === "web" && this.phone.muted);
  }

  async mute(view: AssignmentView): Promise<void> {
    const muted = !this.isMuted(view);
    // The own microphone at once, whatever the network does; the server too, so that it outlives a refresh.
    if (view.device === "web") this.phone.setMuted(muted);
    await this.#act(`${view.assignment_id}:mute`, () => acts.mute(view.assignment_id, muted));
  }

  /** This page has no sound of the talk: be rung for it here, while the customer hears music. */
  async rejoin(view: AssignmentView): Promise<void> {
    await this.#act(`${view.assignment_id}:rejoin`, () => acts.rejoin(view.assignment_id));
  }

  async hangUp(view: AssignmentView): Promise<void> {
    const done = await this.#act(`${view.assignment_id}:hangup`, () => acts.hangUp(view.assignment_id));
    if (!done && this.link !== "live" && view.device === "web") this.phone.hangUp();
  }

  async digits(view: AssignmentView, digits: string): Promise<void> {
    await this.#act(`${view.assignment_id}:digits`, () => acts.digits(view.assignment_id, digits));
  }

  /** The call in which he talks, and into which he can ask others. */
  get talk(): AssignmentView | null {
    return this.live?.assignments.find((each) => isCall(each.contact.medium) && (each.state === "active" || each.state === "held")) ?? null;
  }

  /** Hand the talk over unseen. */
  async transfer(view: AssignmentView, to: Whither): Promise<boolean> {
    return this.#act(`${view.assignment_id}:transfer`, () => transfers.transfer(view.assignment_id, to));
  }

  /** Put the caller aside, for any colleague to fetch. */
  async park(view: AssignmentView): Promise<void> {
    await this.#act(`${view.assignment_id}:transfer`, async () => {
      const { slot } = await parking.park(view.assignment_id);
      notices.say(t("park.at", { n: slot }), "good");
    });
  }

  async fetchParked(contactId: string): Promise<void> {
    await this.#act(`${contactId}:fetch`, () => parking.fetch(contactId));
  }

  /** Ask somebody first. */
  async invite(view: AssignmentView, to: Asked): Promise<boolean> {
    return this.#act(`${view.assignment_id}:transfer`, () => transfers.invite(view.assignment_id, to));
  }

  /** From whom one asked to the customer, or back. */
  async swap(view: AssignmentView): Promise<void> {
    await this.#act(`${view.assignment_id}:party`, () => transfers.swap(view.assignment_id));
  }

  async conference(view: AssignmentView): Promise<void> {
    await this.#act(`${view.assignment_id}:party`, () => transfers.conference(view.assignment_id));
  }

  /** Leave the customer to whom one asked. */
  async handOver(view: AssignmentView): Promise<void> {
    await this.#act(`${view.assignment_id}:party`, () => transfers.handOver(view.assignment_id));
  }

  async part(view: AssignmentView, legId: string): Promise<void> {
    await this.#act(`${view.assignment_id}:party`, () => transfers.part(view.assignment_id, legId));
  }

  /** Be at somebody else's talk, or at it another way. Whoever takes over with work of his own on this page goes there. */
  async monitor(contactId: string, mode: MonitorMode): Promise<void> {
    if (this.live?.state?.device === "web") void this.phone.askForMicrophone();
    const done = await this.#act(`monitor:${mode}`, () => monitors.be(contactId, mode));
    if (done && mode === "take_over" && this.live?.state?.readiness !== "offline") location.hash = "#/work";
  }

  async stopMonitoring(): Promise<void> {
    await this.#act("monitor:leave", () => monitors.leave());
  }

  async finish(view: AssignmentView, result: Finish): Promise<boolean> {
    return this.#act(`${view.assignment_id}:finish`, () => acts.finish(view.assignment_id, result));
  }

  /** Somebody wrote in a chat that is not looked at. */
  ping(): void {
    this.#ring.ping();
  }

  /** Tell the server something that no one waits for. */
  tell(message: Said): boolean {
    return this.#events.send(message);
  }

  hear(): void {
    this.#ring.unlock();
    this.phone.hear();
  }

  isBusy(view: AssignmentView, act: string): boolean {
    return this.busy.includes(`${view.assignment_id}:${act}`);
  }

  async #act(name: string, run: () => Promise<unknown>): Promise<boolean> {
    if (this.busy.includes(name)) return false;
    this.busy = [...this.busy, name];
    try {
      await run();
      return true;
    } catch (error) {
      notices.failed(error);
      if (error instanceof ApiError && error.code === UNREACHABLE) this.#events.again();
      return false;
    } finally {
      this.busy = this.busy.filter((each) => each !== name);
    }
  }
}

export const desk = new Desk();

/** Whether the own base has answered: what else is asked fills the card in later. */
function isDrawable(view: AssignmentView): boolean {
  return view.card_state !== "loading" || view.card_sources.some((each) => each.name === "" && each.state !== "loading");
}

/** The best name there is for whoever this contact is with. */
export function nameOf(view: AssignmentView): string {
  const given = view.card?.name || view.contact.name || view.contact.address;
  return given || t(...strangerWord(view.contact.medium, view.contact.contact_id));
}

