// What of the templates' texts is shown after they were read: the server's, but where something is being written. Pure.

export type Texts = Record<string, string>;

/** The texts to show and what they are to be saved against. One that is as it was read follows the server. */
export function followed(found: readonly { name: string; text: string }[], texts: Texts, bases: Texts): { texts: Texts; bases: Texts } {
  const next = { texts: { ...texts }, bases: { ...bases } };
  for (const { name, text } of found) {
    const untouched = texts[name] === undefined || texts[name] === bases[name];
    if (untouched) next.texts[name] = text;
    next.bases[name] = untouched ? text : (bases[name] ?? text);
  }
  return next;
}
