// Which page is shown: the part of the address after #, except for the one-time link, which is a path of its own.
export type Page = "work" | "team" | "why" | "admin" | "templates";

const PAGES: readonly Page[] = ["work", "team", "why", "admin", "templates"];

class Router {
  page = $state<Page>("work");
  /** What follows the page's name: the tab within it, or the contact. */
  tab = $state("");

  constructor() {
    this.#read();
    window.addEventListener("hashchange", () => this.#read());
  }

  go(page: Page, tab = ""): void {
    location.hash = tab ? `/${page}/${tab}` : `/${page}`;
  }

  #read(): void {
    const [page = "", tab = ""] = location.hash.replace(/^#\/?/, "").split("/");
    this.page = PAGES.find((each) => each === page) ?? "work";
    this.tab = tab;
  }
}

export const router = new Router();

/** The token of /link/<token>, or null. */
export function linkToken(): string | null {
  return /^\/link\/([^/]+)\/?$/.exec(location.pathname)?.[1] ?? null;
}
