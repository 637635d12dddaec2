// The chat of a contact centre on a customer's page, by one tag:
//   <script src="https://centre.example/widget.js" data-triune="KEY" async></script>
// Optional: data-lang (else the page's own lang), data-side="left", data-theme="light|dark|auto", data-open (at once).
// A page may open and close it itself: window.triuneChat.open(), .close().
import { Chat } from "./chat";
import { Kept } from "./kept";
import { unlockSound } from "./sound";
import { View, type Looks } from "./view";
import type { Site } from "./wire";

declare global {
  interface Window {
    triuneChat?: { open(): void; close(): void };
  }
}

const LIMIT_MS = 15_000;
const tag = document.currentScript as HTMLScriptElement | null;

function language(): string {
  return tag?.dataset["lang"] || document.documentElement.lang || navigator.language;
}

function looks(): Looks {
  const theme = tag?.dataset["theme"];
  return {
    side: tag?.dataset["side"] === "left" ? "left" : "right",
    theme: theme === "dark" || theme === "light" ? theme : "auto",
  };
}

async function begin(): Promise<void> {
  const key = tag?.dataset["triune"];
  if (!tag || !key || window.triuneChat) return;
  const address = new URL(`/chat/v1/${encodeURIComponent(key)}`, tag.src);
  const question = `${address.href}?lang=${encodeURIComponent(language().slice(0, 35))}`;
  const answer = await fetch(question, { credentials: "omit", signal: AbortSignal.timeout(LIMIT_MS) });
  if (!answer.ok) {
    console.warn(`Triune chat: the centre answers ${answer.status}. Is this page's origin among those of "${key}"?`);
    return;
  }
  const site = (await answer.json()) as Site;
  const kept = new Kept(key);
  const host = document.createElement("triune-chat");
  document.body.append(host);
  const url = address.href.replace(/^http/, "ws");
  const chat = (changed: () => void): Chat => new Chat({ url, site, kept, language, changed });
  let made: Chat | undefined;
  const view = new View(host, { chat: (changed) => (made = chat(changed)), kept, looks: looks() });
  for (const kind of ["pointerdown", "keydown"]) host.addEventListener(kind, unlockSound, { once: true });
  window.triuneChat = { open: () => view.open(), close: () => view.close() };
  if (kept.open || "open" in tag.dataset) view.open();
  // A chat that goes on is followed with the panel closed too.
  else if (kept.token !== null) made?.connect();
}

function start(): void {
  begin().catch((error: unknown) => console.warn("Triune chat is not available:", error));
}

if (document.body) start();
else document.addEventListener("DOMContentLoaded", start);
