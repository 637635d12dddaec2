// What the widget keeps in the browser: the session's token and whether the panel is open for all tabs of the site; what
// is written but not confirmed for this tab alone. Where storage is forbidden it lives as long as the page.

export interface Pending {
  client_id: string;
  text: string;
}

const memory = new Map<string, string>();

function read(storage: () => Storage, key: string): string | null {
  try {
    return storage().getItem(key);
  } catch {
    return memory.get(key) ?? null;
  }
}

function write(storage: () => Storage, key: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, value);
  } catch {
    if (value === null) memory.delete(key);
    else memory.set(key, value);
  }
}

const local = (): Storage => window.localStorage;
const tab = (): Storage => window.sessionStorage;

export class Kept {
  #key: string;

  constructor(site: string) {
    this.#key = `triune.chat.${site}`;
  }

  get tokenKey(): string {
    return `${this.#key}.token`;
  }

  get token(): string | null {
    return read(local, this.tokenKey);
  }

  set token(token: string | null) {
    write(local, this.tokenKey, token);
  }

  get open(): boolean {
    return read(tab, `${this.#key}.open`) === "1";
  }

  set open(open: boolean) {
    write(tab, `${this.#key}.open`, open ? "1" : null);
  }

  /** The newest line that was seen with the panel open. */
  get seen(): number {
    return Number(read(local, `${this.#key}.seen`) ?? 0) || 0;
  }

  set seen(id: number) {
    write(local, `${this.#key}.seen`, String(id));
  }

  get pending(): Pending[] {
    try {
      const found: unknown = JSON.parse(read(tab, `${this.#key}.pending`) ?? "[]");
      return Array.isArray(found) ? found.filter(isPending) : [];
    } catch {
      return [];
    }
  }

  set pending(pending: readonly Pending[]) {
    write(tab, `${this.#key}.pending`, pending.length > 0 ? JSON.stringify(pending) : null);
  }

  get who(): { name: string; email: string } {
    try {
      const found = JSON.parse(read(tab, `${this.#key}.who`) ?? "{}") as { name?: string; email?: string };
      return { name: String(found.name ?? ""), email: String(found.email ?? "") };
    } catch {
      return { name: "", email: "" };
    }
  }

  set who(who: { name: string; email: string }) {
    write(tab, `${this.#key}.who`, JSON.stringify(who));
  }
}

function isPending(found: unknown): found is Pending {
  const one = found as Partial<Pending> | null;
  return typeof one === "object" && one !== null && typeof one.client_id === "string" && typeof one.text === "string";
}
