// What a visitor sees and does: the button, the panel, the conversation. Draws a `Chat` and calls it.
import { Chat } from "./chat";
import { h, icon, ICONS, readableOn } from "./dom";
import type { Kept } from "./kept";
import { pieces } from "./links";
import { chime } from "./sound";
import { STYLE } from "./style";
import { isNote, said, type Key } from "./words";
import type { Asking, Line } from "./wire";

export interface Looks {
  side: "left" | "right";
  theme: "light" | "dark" | "auto";
}

const CLOSED_CODES = ["chat_closed", "chat_busy"];
const MINUTE_MS = 60_000;

export class View {
  #chat: Chat;
  #kept: Kept;
  #root: HTMLDivElement;
  #launcher: HTMLButtonElement;
  #count = h("span", { class: "count", hidden: true });
  #panel: HTMLElement;
  #title = h("h2", { id: "title" });
  #status = h("p", {});
  #notice = h("div", { class: "notice", role: "status", hidden: true });
  #log: HTMLDivElement;
  #lines = h("ul", { class: "lines", role: "log" });
  #typing = h("div", { class: "typing" });
  #foot = h("div", {});
  #endButton: HTMLButtonElement;
  #saveButton: HTMLButtonElement;
  #drawn = new Map<string, HTMLLIElement>();
  #shape = "";
  #text: HTMLTextAreaElement | null = null;
  #newest = 0;

  constructor(host: HTMLElement, options: { chat: (changed: () => void) => Chat; kept: Kept; looks: Looks }) {
    this.#kept = options.kept;
    const shadow = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
    this.#launcher = h("button", { class: "launcher", type: "button", "aria-haspopup": "dialog", click: () => this.toggle() });
    this.#launcher.append(icon(ICONS.chat, 28), this.#count);
    this.#saveButton = h("button", { type: "button", click: () => this.#save() }, icon(ICONS.save));
    this.#endButton = h("button", { type: "button", click: () => this.#askEnd() }, icon(ICONS.close));
    const minimise = h("button", { type: "button", class: "minimise", click: () => this.close() }, icon(ICONS.down));
    this.#log = h("div", { class: "log", tabindex: "0" }, this.#lines);
    this.#panel = h(
      "section",
      { class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, keydown: (event: KeyboardEvent) => this.#keys(event) },
      h("header", {}, h("div", {}, this.#title, this.#status), this.#saveButton, minimise, this.#endButton),
      this.#notice,
      this.#log,
      this.#typing,
      this.#foot,
    );
    this.#root = h("div", { class: options.looks.side === "left" ? "root left" : "root" }, this.#panel, this.#launcher);
    shadow.append(this.#root);
    this.#chat = options.chat(() => this.draw());
    this.#theme(options.looks.theme);
    minimise.setAttribute("aria-label", this.#say("minimise"));
    minimise.title = this.#say("minimise");
    this.draw();
  }

  get isOpen(): boolean {
    return !this.#panel.hidden;
  }

  open(): void {
    this.#panel.hidden = false;
    this.#root.classList.add("is-open");
    this.#kept.open = true;
    this.#chat.connect();
    this.draw();
    this.#toEnd();
    (this.#foot.querySelector<HTMLElement>("input, textarea") ?? this.#log).focus();
  }

  close(): void {
    this.#panel.hidden = true;
    this.#root.classList.remove("is-open");
    this.#kept.open = false;
    this.#launcher.focus();
    this.draw();
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
  }

  // -- drawing --------------------------------------------------------------------------------------------------------

  draw(): void {
    const { site, standing } = this.#chat;
    this.#root.lang = site.language;
    this.#root.style.setProperty("--colour", site.colour);
    this.#root.style.setProperty("--on", readableOn(site.colour));
    this.#title.textContent = site.title;
    this.#status.textContent = this.#statusWords();
    this.#status.hidden = this.#status.textContent === "";
    this.#drawNotice();
    this.#drawLines();
    this.#drawTyping();
    this.#drawFoot();
    this.#drawUnread();
    const begun = standing.phase !== "new";
    label(this.#endButton, this.#say("end"));
    label(this.#saveButton, this.#say("download"));
    this.#endButton.hidden = !begun || standing.phase === "ended" || this.#chat.link !== "live";
    this.#saveButton.hidden = this.#chat.lines.size === 0;
  }

  #statusWords(): string {
    const { standing } = this.#chat;
    if (standing.phase === "active") return this.#say("with", { who: standing.agent ?? this.#say("somebody") });
    if (standing.phase === "ended") return this.#say("ended");
    return "";
  }

  #drawNotice(): void {
    const { link, standing, refused } = this.#chat;
    let words = "";
    let bad = false;
    if (link === "lost") words = this.#say("lost");
    else if (link === "refused") [words, bad] = [this.#say("unavailable"), true];
    else if (link === "connecting") words = this.#say("connecting");
    else if (refused !== null && !CLOSED_CODES.includes(refused.code)) [words, bad] = [refused.sentence, true];
    else if (standing.phase === "waiting") words = this.#waitingWords();
    this.#notice.classList.toggle("bad", bad);
    this.#notice.hidden = words === "";
    if (this.#notice.textContent !== words) this.#notice.textContent = words;
  }

  #waitingWords(): string {
    const { position, expected_wait_ms } = this.#chat.standing;
    const place = position === null || position <= 1 ? this.#say("waiting_first") : this.#say("waiting", { n: position });
    if (expected_wait_ms === null || (position ?? 1) <= 1) return place;
    const minutes = Math.ceil(expected_wait_ms / MINUTE_MS);
    const time = minutes <= 1 ? this.#say("minute") : this.#say("minutes", { n: minutes });
    return `${place} ${this.#say("expected", { time })}`;
  }

  #drawLines(): void {
    const atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 60;
    const wanted: [string, () => HTMLLIElement][] = [];
    const { site } = this.#chat;
    if (site.greeting) wanted.push(["greeting", () => this.#bubble("agent greeting", site.greeting, "")]);
    for (const line of this.#chat.sorted) {
      if (line.side === "note" && !isNote(line.text)) continue;
      wanted.push([`line-${line.id}`, () => this.#line(line)]);
    }
    for (const one of this.#chat.failed) wanted.push([`failed-${one.client_id}`, () => this.#bubble("visitor failed", one.text, this.#say("failed"), true)]);
    for (const one of this.#chat.pending) wanted.push([`pending-${one.client_id}`, () => this.#bubble("visitor pending", one.text, this.#say("pending"))]);
    this.#place(wanted);
    if (atEnd) this.#toEnd();
  }

  /** The list as wanted: what stands already stays as it is, so that a reader is told of additions only. */
  #place(wanted: [string, () => HTMLLIElement][]): void {
    const keys = new Set(wanted.map(([key]) => key));
    for (const [key, item] of this.#drawn) {
      if (keys.has(key)) continue;
      item.remove();
      this.#drawn.delete(key);
    }
    let before: Element | null = this.#lines.firstElementChild;
    for (const [key, make] of wanted) {
      let item = this.#drawn.get(key);
      if (item === undefined) {
        item = make();
        this.#drawn.set(key, item);
      }
      if (item === before) before = before.nextElementSibling;
      else this.#lines.insertBefore(item, before);
    }
  }

  #line(line: Line): HTMLLIElement {
    const at = new Intl.DateTimeFormat(this.#chat.site.language, { hour: "2-digit", minute: "2-digit" }).format(line.at_ms);
    if (line.side === "note") {
      const words = this.#say(line.text as Key, { who: line.who ?? this.#say("somebody") });
      return h("li", { class: "line note" }, `${words} · ${at}`);
    }
    const mine = line.side === "visitor";
    const meta = mine ? `${at} ✓` : `${line.who ?? this.#say("somebody")} · ${at}`;
    const item = this.#bubble(mine ? "visitor" : "agent", line.text, meta);
    item.dataset["id"] = String(line.id);
    if (mine) item.append(h("span", { class: "unseen" }, this.#say("kept")));
    return item;
  }

  #bubble(kind: string, text: string, meta: string, bad = false): HTMLLIElement {
    const bubble = h("div", { class: "bubble" });
    for (const piece of pieces(text)) {
      if (piece.href === undefined) bubble.append(piece.text);
      else bubble.append(h("a", { href: piece.href, target: "_blank", rel: "noopener noreferrer nofollow" }, piece.text));
    }
    const item = h("li", { class: `line ${kind}` }, bubble);
    if (meta !== "") item.append(h("span", { class: bad ? "meta bad" : "meta" }, meta));
    return item;
  }

  #drawTyping(): void {
    const types = this.#chat.agentTypes && this.#chat.standing.phase === "active";
    if (types === this.#typing.hasChildNodes()) return;
    this.#typing.replaceChildren();
    if (!types) return;
    const who = this.#chat.standing.agent ?? this.#say("somebody");
    this.#typing.append(h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), this.#say("typing", { who }));
  }

  #drawUnread(): void {
    const agents = this.#chat.sorted.filter((line) => line.side === "agent");
    const newest = agents.at(-1)?.id ?? 0;
    const first = this.#newest === 0 && this.#chat.link !== "live";
    if (newest > this.#newest && !first && (!this.isOpen || document.visibilityState === "hidden") && newest > this.#kept.seen) chime();
    this.#newest = Math.max(newest, this.#newest);
    if (this.isOpen && document.visibilityState === "visible" && newest > this.#kept.seen) this.#kept.seen = newest;
    const unread = this.isOpen ? 0 : agents.filter((line) => line.id > this.#kept.seen).length;
    this.#count.hidden = unread === 0;
    this.#count.textContent = String(unread);
    const words = this.#say(this.isOpen ? "minimise" : "open");
    this.#launcher.setAttribute("aria-label", unread > 0 ? `${words}, ${this.#say("unread", { n: unread })}` : words);
    this.#launcher.setAttribute("aria-expanded", String(this.isOpen));
  }

  // -- the foot: what can be done now ---------------------------------------------------------------------------------

  #drawFoot(): void {
    const { standing, site, messageTaken, refused, link } = this.#chat;
    const refusedNow = refused !== null && CLOSED_CODES.includes(refused.code);
    const closed = standing.phase === "new" && (refusedNow || (!site.open && this.#chat.pending.length === 0));
    let shape: string = standing.phase;
    if (link === "refused") shape = "refused";
    else if (closed) shape = messageTaken ? "taken" : site.takes_messages ? "message" : "closed";
    else if (standing.phase === "new" && this.#chat.pending.length > 0) shape = "waiting";
    else if (standing.phase === "waiting" || standing.phase === "active") shape = "talk";
    if (shape === "waiting") shape = "talk";
    if (shape === "ended") shape = `ended-${standing.rating ?? 0}`;
    if (shape === this.#shape) return;
    const hadFocus = this.#foot.contains(this.#active());
    this.#shape = shape;
    this.#text = null;
    this.#foot.replaceChildren(this.#footOf(shape));
    if (hadFocus || (this.isOpen && shape.startsWith("ended"))) {
      (this.#foot.querySelector<HTMLElement>("textarea, .end") ?? this.#log).focus();
    }
  }

  #footOf(shape: string): Node {
    if (shape === "refused") {
      return h("div", { class: "end" }, h("button", { type: "button", class: "button", click: () => this.#chat.connect() }, this.#say("retry")));
    }
    if (shape === "closed") return h("div", { class: "end" }, h("p", {}, this.#say("closed")));
    if (shape === "taken") return h("div", { class: "end" }, h("p", { role: "status" }, this.#say("message_taken")));
    if (shape === "message") return this.#messageForm();
    if (shape.startsWith("ended")) return this.#ended();
    return this.#writeForm(shape === "new");
  }

  #writeForm(first: boolean): HTMLFormElement {
    const { site } = this.#chat;
    const who = this.#kept.who;
    const name = first ? this.#field("name", site.ask_name, who.name) : null;
    const email = first ? this.#field("email", site.ask_email, who.email) : null;
    const send = h("button", { class: "send", type: "submit", disabled: true, title: this.#say("send"), "aria-label": this.#say("send") }, icon(ICONS.send));
    const tooLong = h("p", { class: "consent", role: "status", hidden: true });
    const text = this.#textarea((length) => {
      const over = length - site.text_limit;
      tooLong.hidden = over <= 0;
      tooLong.textContent = over > 0 ? this.#say("too_long", { n: over }) : "";
      send.disabled = length === 0 || over > 0;
    });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    const form = h("form", {
      submit: (event: SubmitEvent) => {
        event.preventDefault();
        const words = text.value.trim();
        if (words === "" || words.length > site.text_limit) return;
        if (first) this.#kept.who = { name: name?.input.value.trim() ?? "", email: email?.input.value.trim() ?? "" };
        text.value = "";
        text.dispatchEvent(new Event("input"));
        this.#chat.say(words);
        this.#toEnd();
        this.#text?.focus();
      },
    });
    const asked = [name, email].filter((each) => each !== null).map((each) => each.label);
    if (asked.length > 0) form.append(h("div", { class: "pair" }, ...asked));
    if (first && site.consent) form.append(h("p", { class: "consent" }, ...this.#linked(site.consent)));
    form.append(h("div", { class: "write" }, h("label", {}, h("span", { class: "unseen" }, this.#say("write")), text), send), tooLong);
    const failed = this.#chat.failed.at(-1);
    if (first && failed !== undefined) text.value = failed.text;
    return form;
  }

  #messageForm(): HTMLFormElement {
    const { site } = this.#chat;
    const who = this.#kept.who;
    const name = this.#field("name", site.ask_name === "never" ? "optional" : site.ask_name, who.name);
    const email = this.#field("email", "required", who.email);
    const text = this.#textarea(() => undefined);
    text.required = true;
    text.maxLength = site.text_limit;
    text.value = this.#chat.failed.at(-1)?.text ?? "";
    const form = h(
      "form",
      {
        submit: (event: SubmitEvent) => {
          event.preventDefault();
          if (text.value.trim() === "") return;
          const written = { name: name?.input.value.trim() ?? "", email: email?.input.value.trim() ?? "" };
          this.#kept.who = written;
          this.#chat.leaveMessage({ ...written, text: text.value.trim() });
        },
      },
      h("p", { class: "consent" }, `${this.#chat.refused?.sentence ?? this.#say("closed")} ${this.#say("leave_message")}`),
      h("div", { class: "pair" }, ...[name, email].filter((each) => each !== null).map((each) => each.label)),
    );
    if (site.consent) form.append(h("p", { class: "consent" }, ...this.#linked(site.consent)));
    form.append(h("label", {}, this.#say("write"), text), h("button", { class: "button", type: "submit" }, this.#say("message_send")));
    return form;
  }

  #field(kind: "name" | "email", asking: Asking, value: string): { label: HTMLLabelElement; input: HTMLInputElement } | null {
    if (asking === "never") return null;
    const input = h("input", {
      type: kind === "email" ? "email" : "text",
      name: kind,
      autocomplete: kind,
      maxlength: kind === "email" ? 200 : 100,
      required: asking === "required",
    });
    input.value = value;
    const words = asking === "optional" ? `${this.#say(kind)} (${this.#say("optional")})` : this.#say(kind);
    return { label: h("label", {}, words, input), input };
  }

  #textarea(changed: (length: number) => void): HTMLTextAreaElement {
    const text = h("textarea", { rows: 1, name: "text", placeholder: `${this.#say("write")} …` });
    text.addEventListener("input", () => {
      text.style.height = "auto";
      text.style.height = `${Math.min(132, text.scrollHeight + 2)}px`;
      changed(text.value.trim().length);
      if (text.value !== "") this.#chat.types();
    });
    this.#text = text;
    return text;
  }

  #ended(): HTMLDivElement {
    const { site, standing } = this.#chat;
    const end = h("div", { class: "end", tabindex: "-1" });
    if (site.rating && standing.rating === null) end.append(this.#stars());
    else if (standing.rating !== null) end.append(h("p", { role: "status" }, this.#say("rated")));
    end.append(h("div", { class: "row" }, h("button", { type: "button", class: "button", click: () => this.#chat.renew() }, this.#say("fresh"))));
    return end;
  }

  #stars(): HTMLFieldSetElement {
    const labels: HTMLLabelElement[] = [];
    const show = (upTo: number): void => labels.forEach((each, index) => each.classList.toggle("on", index < upTo));
    const stars = h("fieldset", { class: "stars", mouseleave: () => show(0) }, h("legend", {}, this.#say("rate")));
    for (let rating = 1; rating <= 5; rating += 1) {
      // An arrow key moves on to the next star: only Enter, Space or a click means it.
      const input = h("input", { type: "radio", name: "rating", value: rating, "aria-label": this.#say("rate_one", { n: rating }), focus: () => show(rating) });
      const means = (): void => this.#chat.rate(rating);
      input.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        means();
      });
      const star = h("label", { mouseenter: () => show(rating), click: means }, input, icon(ICONS.star, 28));
      labels.push(star);
      stars.append(star);
    }
    return stars;
  }

  #askEnd(): void {
    const before = this.#shape;
    const back = (): void => {
      this.#shape = "";
      this.#drawFoot();
      this.#text?.focus();
    };
    if (before === "sure") return back();
    const end = (): void => {
      this.#chat.leave();
      back();
    };
    const yes = h("button", { type: "button", class: "button", click: end }, this.#say("yes"));
    const no = h("button", { type: "button", class: "button plain", click: back }, this.#say("no"));
    this.#foot.replaceChildren(h("div", { class: "end", role: "alertdialog", "aria-label": this.#say("end_sure") }, h("p", {}, this.#say("end_sure")), h("div", { class: "row" }, yes, no)));
    yes.focus();
  }

  // -- the rest -------------------------------------------------------------------------------------------------------

  #keys(event: KeyboardEvent): void {
    // The site's own shortcuts are not to hear what is written here.
    event.stopPropagation();
    if (event.key === "Escape") this.close();
  }

  #save(): void {
    const { language, title } = this.#chat.site;
    const format = new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "short" });
    const text = this.#chat.sorted
      .map((line) => {
        const at = format.format(line.at_ms);
        if (line.side === "note") return isNote(line.text) ? `[${at}] — ${this.#say(line.text, { who: line.who ?? "" })}` : "";
        return `[${at}] ${line.side === "visitor" ? this.#say("you") : (line.who ?? this.#say("somebody"))}: ${line.text}`;
      })
      .filter((each) => each !== "")
      .join("\n");
    const url = URL.createObjectURL(new Blob([`${title}\n\n${text}\n`], { type: "text/plain" }));
    h("a", { href: url, download: "chat.txt" }).click();
    setTimeout(() => URL.revokeObjectURL(url), MINUTE_MS);
  }

  #linked(text: string): Node[] {
    return pieces(text).map((piece) =>
      piece.href === undefined
        ? document.createTextNode(piece.text)
        : h("a", { href: piece.href, target: "_blank", rel: "noopener noreferrer" }, piece.text),
    );
  }

  #say(key: Key, values: Record<string, string | number> = {}): string {
    return said(this.#chat.site.language, key, values);
  }

  #toEnd(): void {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #active(): Element | null {
    return (this.#root.getRootNode() as ShadowRoot).activeElement;
  }

  #theme(theme: Looks["theme"]): void {
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const dress = (): void => {
      this.#root.classList.toggle("dark", theme === "dark" || (theme === "auto" && siteIsDark(system.matches)));
    };
    system.addEventListener("change", dress);
    dress();
  }
}

/** By the site's own `color-scheme`; one that knows only light stays light whatever the system prefers. */
function siteIsDark(preferred: boolean): boolean {
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  return scheme.includes("dark") && (preferred || !scheme.includes("light"));
}

function label(button: HTMLButtonElement, words: string): void {
  button.title = words;
  button.setAttribute("aria-label", words);
}
