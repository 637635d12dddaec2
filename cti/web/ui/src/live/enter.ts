// What Enter in the dial box comes to: the number is judged to its end, however fast the fingers were. Pure.

interface Judged {
  number: string;
  may_be_called: boolean;
}

/** Of a number without what is only there to be read. */
export const bare = (text: string): string => text.replace(/[ ()-]/g, "");

/**
 * What is to be called, once the judgement is there; else what was found, to be said. null when something else has been
 * typed meanwhile: that is to be entered by itself. Raises what `check` raises.
 */
export async function entered<T extends Judged>(
  typed: () => string,
  check: (text: string) => Promise<T>,
): Promise<{ call: string; found: T } | { call: null; found: T } | null> {
  const text = typed().trim();
  const found = await check(text);
  if (bare(typed().trim()) !== bare(text)) return null;
  return found.may_be_called ? { call: found.number, found } : { call: null, found };
}
