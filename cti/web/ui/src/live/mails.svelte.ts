// Which mail contacts have news: the panel of one reads it again when its number grows.
class Mails {
  #news = $state<Record<string, number>>({});
  #all = $state(0);

  /** Something was said on this contact, or sent. */
  note(contactId: string): void {
    this.#news[contactId] = (this.#news[contactId] ?? 0) + 1;
  }

  /** The connection was away: anything may be new. */
  noteAll(): void {
    this.#all += 1;
  }

  news(contactId: string): number {
    return this.#all + (this.#news[contactId] ?? 0);
  }
}

export const mails = new Mails();
