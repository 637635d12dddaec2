// Which page is shown: the part of the address after #, except for the one-time link, which is a path of its own.
import { telephone } from "./live/telephone";

export type Page = "work" | "team" | "why" | "campaigns" | "admin" | "templates";

const PAGES: readonly Page[] = ["work", "team", "why", "campaigns", "admin", "templates"];

class Router {
  /** null: none was asked for. */
  page = $state<Page | null>(null);
  /** What follows the page's name: the tab within it, or the contact. */
  tab = $state("");
  /** What a link wants to be called, until the dial box has taken it. */
  number = $state<string | null>(null);

  constructor() {
    this.#read();
    window.addEventListener("hashchange", () => this.#read());
  }

  go(page: Page, tab = ""): void {
    location.hash = tab ? `/${page}/${tab}` : `/${page}`;
  }

  /** A number to call, as `#/call?number=…` brings it: taken once, and the address forgets it. */
  #call(): void {
    const found = /^#\/?call[?/](?:number=)?(.*)$/.exec(location.hash);
    if (found === null) return;
    history.replaceState(null, "", "#/work");
    const number = telephone(found[1] ?? "");
    if (number !== "") this.number = number;
  }

  #read(): void {
    this.#call();
    const [page = "", tab = ""] = location.hash.replace(/^#\/?/, "").split("/");
    this.page = PAGES.find((each) => each === page) ?? null;
    this.tab = tab;
  }
}

export const router = new Router();

/** The token of /link/<token>, or null. */
export function linkToken(): string | null {
  return /^\/link\/([^/]+)\/?$/.exec(location.pathname)?.[1] ?? null;
}
